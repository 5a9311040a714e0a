package metric

import (
	"testing"

	"biomass/runner/internal/rng"
)

func TestConformalMargin(t *testing.T) {
	alone := make([]string, 40)
	rising := make([]float64, 40)
	for i := range rising {
		rising[i] = float64(i + 1)
	}
	pairs := []string{"a", "a", "b", "b", "c", "c", "d", "d"}
	for _, c := range []struct {
		name      string
		distances []float64
		groups    []string
		level     float64
		margin    float64
		needed    int
		ok        bool
	}{
		{"the 19th of 19", rising[:19], alone[:19], 0.95, 19, 19, true},
		{"18 are too few", rising[:18], alone[:18], 0.95, 0, 19, false},
		{"the 39th of 40: 41 x 0.95 = 38.95", rising, alone, 0.95, 39, 19, true},
		{"the 9th of 9", rising[:9], alone[:9], 0.9, 9, 9, true},
		{"order plays no role", []float64{3, 1, 2}, alone[:3], 0.5, 2, 1, true},
		// 5 individuals' worth, 0.8 of it: all four of them, so the largest.
		{"eight photos of four", rising[:8], pairs, 0.8, 8, 4, true},
		// 0.6 of 5 are 3 individuals, which 6 halves are.
		{"shares of an individual", rising[:8], pairs, 0.6, 6, 2, true},
		// One individual with many bad photos counts as one.
		{"a busy individual", []float64{1, 2, 3, 9, 9, 9}, []string{"a", "b", "c", "d", "d", "d"}, 0.6, 3, 2, true},
		// Three thirds are one.
		{"thirds", []float64{1, 2, 3}, []string{"a", "a", "a"}, 0.5, 3, 1, true},
		{"nothing", nil, nil, 0.5, 0, 1, false},
	} {
		margin, needed, ok := ConformalMargin(c.distances, c.groups, c.level)
		if margin != c.margin || needed != c.needed || ok != c.ok {
			t.Errorf("%s: %v, %d, %v; want %v, %d, %v", c.name, margin, needed, ok, c.margin, c.needed, c.ok)
		}
	}
}

// TestConformalCoverage draws individuals of 1 to 5 photos that err alike and
// holds that the photos of new ones lie within the margin as often as is said.
func TestConformalCoverage(t *testing.T) {
	stream := rng.New(7, "coverage")
	const trials, individuals, level = 4000, 29, 0.9
	covered := 0.0
	for range trials {
		var distances []float64
		var groups []string
		var margin float64
		for k := range individuals + 1 {
			own, photos := stream.Float64(), 1+stream.IntN(5)
			if own > 0.7 {
				photos = 5 // what errs more is photographed more
			}
			if k == individuals {
				var ok bool
				if margin, _, ok = ConformalMargin(distances, groups, level); !ok {
					t.Fatal("no margin")
				}
				within := 0
				for range photos {
					if own+float64(0.1*stream.Float64()) <= margin {
						within++
					}
				}
				covered += float64(within) / float64(photos)
				continue
			}
			for range photos {
				distances = append(distances, own+float64(0.1*stream.Float64()))
				groups = append(groups, string(rune('A'+k)))
			}
		}
	}
	if share := covered / trials; share < level-0.015 || share > level+0.045 {
		t.Errorf("%.3f of new photos lie within, want about %v", share, level)
	}
}
