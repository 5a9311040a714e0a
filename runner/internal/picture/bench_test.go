package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

// BenchmarkPhoto is what one photo of 1000 x 1000 pixels costs a processor.
func BenchmarkPhoto(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 1000, 1000))
	for i := range m.Pix {
		x, y := i/4%1000, i/4000
		m.Pix[i] = uint8(x*x/300 + y*(i%4) + (x*y)>>7)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	format, _, err := probe(file.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	photo, err := decode(file.Bytes(), format, 3)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			decode(file.Bytes(), format, 3)
		}
	})
	b.Run("resize", func(b *testing.B) {
		for b.Loop() {
			resize(photo, 224, 224)
		}
	})
	b.Run("both", func(b *testing.B) {
		for b.Loop() {
			photo, _ := decode(file.Bytes(), format, 3)
			resize(photo, 224, 224)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "photos/s")
	})
}
