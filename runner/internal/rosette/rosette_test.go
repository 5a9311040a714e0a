package rosette

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"testing"
)

func decode(t testing.TB, data []byte) image.Image {
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSheet(t *testing.T) {
	path := os.Getenv("ROSETTE_SHEET")
	if path == "" {
		t.Skip()
	}
	s := New(Options{Plants: 500, Seed: 7})
	names := s.Photos()
	const n = 5
	out := image.NewRGBA(image.Rect(0, 0, n*side, n*side))
	for i := range n * n {
		data, err := s.Photo(names[i*53%len(names)])
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil { continue }
		draw.Draw(out, image.Rect(i%n*side, i/n*side, i%n*side+side, i/n*side+side), m, image.Point{}, draw.Src)
	}
	f, _ := os.Create(path)
	png.Encode(f, out)
	f.Close()
}

func BenchmarkPhoto(b *testing.B) {
	s := New(Options{Plants: 100, Seed: 7})
	names := s.Photos()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Photo(names[i%len(names)]); err != nil {
			b.Fatal(err)
		}
	}
}

func TestStats(t *testing.T) {
	for _, seed := range []uint64{7, 1, 2} {
	s := New(Options{Plants: 500, Seed: seed})
	var w, age, lv []float64
	empty, lost := 0, 0
	rows := s.Rows()
	for _, r := range rows {
		if x, ok := r[12].(float64); ok {
			w = append(w, x)
			age = append(age, float64(r[16].(int)))
			lv = append(lv, float64(r[23].(int)))
		} else {
			empty++
		}
	}
	for _, k := range s.shots {
		if k.lost {
			lost++
		}
	}
	t.Logf("seed %d rows %d empty %.3f lost %d photos %d", seed, len(rows), float64(empty)/float64(len(rows)), lost, len(s.Photos()))
	t.Logf("weight %v; corr age %.3f leaves %.3f", summary(w), corr(w, age), corr(w, lv))
	t.Logf("%v", rows[3])
	}
}
func corr(a, b []float64) float64 {
	var sa, sb, aa, bb, ab float64
	n := float64(len(a))
	for i := range a {
		sa += a[i]; sb += b[i]
	}
	sa /= n; sb /= n
	for i := range a {
		aa += (a[i]-sa)*(a[i]-sa); bb += (b[i]-sb)*(b[i]-sb); ab += (a[i]-sa)*(b[i]-sb)
	}
	return ab / math.Sqrt(aa*bb)
}
