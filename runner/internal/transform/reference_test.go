package transform

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"biomass/runner/internal/picture"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// TestPixelsEqualTorchvision takes a photo the whole way, from the file to what
// the network sees, and compares bits with Resize, ToTensor and Normalize.
func TestPixelsEqualTorchvision(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: there are no tensors of torchvision to compare with")
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(shared, "peer", "fixtures", "resize", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	const width, height, size = 400, 300, 16
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i, v := range read("img_300x400.rgb") {
		m.Pix[i/3*4+i%3] = v
		m.Pix[i/3*4+3] = 255
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	quiet := progress.Silent.Start("", 0, "")
	c, err := picture.Hash(t.Context(), dir, []string{"a.png"}, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := picture.Decode(t.Context(), c, dir, recipe.Picture{Size: size, Resize: "bilinear"}, st, quiet); err != nil {
		t.Fatal(err)
	}
	pix, err := picture.Load(c, "a.png", st)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(pix))
	fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: none}, []float64{1}).Pixels(got, pix)
	want := read("totensor_normalize_16.f32") // (3, 16, 16)
	for i, v := range got {
		if bits := binary.LittleEndian.Uint32(want[4*(i%3*size*size+i/3):]); math.Float32bits(v) != bits {
			t.Fatalf("value %d: %v, want %v", i, v, math.Float32frombits(bits))
		}
	}
}
