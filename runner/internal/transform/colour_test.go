package transform

import (
	"bytes"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// TestColoursEqualTorchvision compares with digests of the bytes that
// torchvision 0.14's adjust_brightness, adjust_contrast, adjust_saturation and
// adjust_hue make of a tensor of the same picture.
func TestColoursEqualTorchvision(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]uint8, int, float64)
		want   map[float64]string
	}{
		{"brightness", brighten, map[float64]string{0: "bf496be33370", 0.8: "e841c8749f54", 1: "4cdcc5f6c00d", 1.25: "c6f62f4f6467", 2.7: "1d2d05aba37b"}},
		{"contrast", stretch, map[float64]string{0: "e260433f986a", 0.8: "ac509075d208", 1: "4cdcc5f6c00d", 1.25: "8657f70488a2", 2.7: "32ad96260dba"}},
		{"saturation", saturate, map[float64]string{0: "5e87bdd45316", 0.8: "211571a54ba8", 1: "4cdcc5f6c00d", 1.25: "0da5fcf20de5", 2.7: "e2a3a2d4aa4f"}},
		{"hue", shiftHue, map[float64]string{-0.5: "80ec85a8dd10", -0.05: "9538d4eacac9", 0: "c394abb0a136", 0.05: "19ff7aea8c72", 0.3: "9c383c391645", 0.5: "5a630d3a3562"}},
	} {
		for by, want := range c.want {
			pix := formula(33)
			c.change(pix, 3, by)
			if got := digest.Of(pix).Short(); got != want {
				t.Errorf("%s by %v: %s, want %s", c.name, by, got, want)
			}
		}
	}
	gray := make([]uint8, 33*33)
	for i := range gray {
		gray[i] = formula(33)[3*i]
	}
	before := bytes.Clone(gray)
	saturate(gray, 1, 0.3)
	shiftHue(gray, 1, 0.3)
	if !bytes.Equal(gray, before) {
		t.Error("a gray picture has another saturation or hue")
	}
	stretch(gray, 1, 1.25)
	if got, want := digest.Of(gray).Short(), "ba253fe2418b"; got != want {
		t.Errorf("contrast of gray: %s, want %s", got, want)
	}
}

// TestJitter: what is 0 stays, what is not is drawn from the whole range, and the
// order of the changes is drawn too.
func TestJitter(t *testing.T) {
	low, high := uint8(255), uint8(0)
	for sample := range uint64(500) {
		pix := []uint8{100, 100, 100}
		jitter(pix, 3, recipe.ColorJitter{Brightness: 0.4}, rng.New(sample, colorJitter))
		low, high = min(low, pix[0]), max(high, pix[0])
		if pix[0] != pix[1] || pix[1] != pix[2] {
			t.Fatalf("gray became %v", pix)
		}
	}
	if low < 59 || low > 62 || high < 138 || high > 140 {
		t.Errorf("a factor from 0.6 to 1.4 makes of 100 values from %d to %d", low, high)
	}
	all := recipe.ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.2}
	a, b := formula(9), formula(9)
	jitter(a, 3, all, rng.New(1, colorJitter))
	jitter(b, 3, all, rng.New(1, colorJitter))
	if !bytes.Equal(a, b) || bytes.Equal(a, formula(9)) {
		t.Error("the changes do not follow from the stream alone")
	}
}
