package rng

import (
	"math"
	"slices"
	"testing"
)

// betaShares returns the distribution function of Beta(alpha, alpha) at 1/cells, 2/cells,
// ..., by the midpoint rule on the substitution x = sin(t)^2, under which nothing is
// infinite for alpha of 1/2 or more, and by symmetry.
func betaShares(alpha float64, cells int) []float64 {
	const steps = 400_000
	density := func(t float64) float64 {
		sin, cos := math.Sincos(t)
		return math.Pow(sin*cos, 2*alpha-1)
	}
	out, sum, next := make([]float64, 0, cells), 0.0, 1
	for i := range steps {
		t := (float64(i) + 0.5) * math.Pi / 2 / steps
		for next < cells && math.Sin(t)*math.Sin(t) >= float64(next)/float64(cells) {
			out, next = append(out, sum), next+1
		}
		sum += density(t)
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// TestBeta compares the shares of many draws with the integral of the density.
func TestBeta(t *testing.T) {
	const n, cells = 40_000, 20
	for _, alpha := range []float64{0.2, 0.5, 1, 2.5, 30} {
		s := New(7, "beta", uint64(alpha*10))
		draws := make([]float64, n)
		var mean, square float64
		for i := range draws {
			draws[i] = s.Beta(alpha)
			mean += draws[i] / n
			square += draws[i] * draws[i] / n
		}
		slices.Sort(draws)
		if draws[0] < 0 || draws[n-1] > 1 {
			t.Errorf("alpha %v: from %v to %v", alpha, draws[0], draws[n-1])
		}
		deviation := math.Sqrt(1 / (4 * (2*alpha + 1)))
		if got := math.Sqrt(square - mean*mean); math.Abs(mean-0.5) > 0.01 || math.Abs(got/deviation-1) > 0.02 {
			t.Errorf("alpha %v: mean %v, standard deviation %v, want 0.5, %v", alpha, mean, got, deviation)
		}
		if alpha < 0.5 {
			continue
		}
		for i, want := range betaShares(alpha, cells) {
			below, _ := slices.BinarySearch(draws, float64(i+1)/cells)
			if got := float64(below) / n; math.Abs(got-want) > 0.011 { // 4 times the standard error
				t.Errorf("alpha %v: %v of the draws are below %d/%d, want %v", alpha, got, i+1, cells, want)
			}
		}
	}
}

// TestBetaExtremes: a tiny alpha gives nearly always 0 or 1, and never NaN.
func TestBetaExtremes(t *testing.T) {
	s, ends := New(7, "beta"), 0
	for range 1000 {
		switch v := s.Beta(1e-4); {
		case v != v:
			t.Fatal("a beta number is NaN")
		case v < 1e-6 || v > 1-1e-6:
			ends++
		}
	}
	if ends < 990 {
		t.Errorf("%d of 1000 numbers are 0 or 1", ends)
	}
}

// TestBetaIsFixed holds the first draws, which locks depend on.
func TestBetaIsFixed(t *testing.T) {
	s := New(1, "mix", 1, 0)
	got := [3]float64{s.Beta(0.2), s.Beta(1), s.Beta(4)}
	want := [3]float64{0.015998533421640964, 0.05951746449720756, 0.4354695785560606}
	if got != want {
		t.Errorf("%#v, want %#v", got, want)
	}
}
