package transform

import (
	"math"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// pair returns two pictures of (size, size, channels) whose values tell their places.
func pair(size, channels int) (a, b []float32) {
	for i := range size * size * channels {
		a, b = append(a, float32(i)*0.37), append(b, -float32(i*i%91))
	}
	return a, b
}

func TestMixup(t *testing.T) {
	a, b := pair(6, 3)
	for n := range uint64(20) {
		m := Mix(recipe.Mix{Kind: "mixup", Alpha: 0.4}, 6, rng.New(1, "mix", n))
		if want := float32(rng.New(1, "mix", n).Beta(0.4)); m.Share != want {
			t.Fatalf("share %v, want %v", m.Share, want)
		}
		x := make([]float32, len(a))
		m.Pixels(x, a, b, 6)
		for i := range x {
			if want := float64(m.Share)*float64(a[i]) + (1-float64(m.Share))*float64(b[i]); math.Abs(float64(x[i])-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("pixel %d is %v, want %v", i, x[i], want)
			}
		}
		if got, want := m.Target(3, -1), 4*m.Share-1; math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("target %v, want %v", got, want)
		}
	}
}

// TestCutmix looks at every pixel: it lies within half a side of the middle and is the
// other's, or it does not and is the picture's own.
func TestCutmix(t *testing.T) {
	const size, channels = 9, 3
	a, b := pair(size, channels)
	cut := 0
	for n := range uint64(200) {
		m := Mix(recipe.Mix{Kind: "cutmix", Alpha: 1}, size, rng.New(2, "mix", n))
		s := rng.New(2, "mix", n)
		share := s.Beta(1)
		x, y := s.IntN(size), s.IntN(size)
		half := int(math.Sqrt(1-share) / 2 * size)
		got := make([]float32, len(a))
		m.Pixels(got, a, b, size)
		own := 0
		for row := range size {
			for column := range size {
				inside := row >= y-half && row < y+half && column >= x-half && column < x+half
				if !inside {
					own++
				}
				for c := range channels {
					i := (row*size+column)*channels + c
					want := a[i]
					if inside {
						want = b[i]
					}
					if got[i] != want {
						t.Fatalf("draw %d: pixel (%d, %d) is %v, want %v", n, row, column, got[i], want)
					}
				}
			}
		}
		if want := float64(own) / (size * size); math.Abs(float64(m.Share)-want) > 1e-6 {
			t.Errorf("draw %d: share %v, want %v", n, m.Share, want)
		}
		if own < size*size {
			cut++
		}
	}
	if cut < 150 {
		t.Errorf("%d of 200 draws paste a patch", cut)
	}
}

func TestMixedClasses(t *testing.T) {
	m := Mixture{Share: 0.75}
	shares := []float32{9, 9, 9}
	m.Classes(shares, 2, 0)
	if shares[0] != 0.25 || shares[1] != 0 || shares[2] != 0.75 {
		t.Errorf("shares %v", shares)
	}
	if m.Classes(shares, 1, 1); shares[1] != 1 || shares[0] != 0 {
		t.Errorf("shares of one class %v", shares)
	}
}
