package transform

import (
	"errors"
	"testing"

	"biomass/runner/internal/recipe"
)

func TestClip(t *testing.T) {
	values := []float64{5, 1, 2, 3, 4}
	for _, test := range []struct{ from, to, low, high float64 }{{0, 1, 1, 5}, {0, 0.5, 1, 3}, {0.125, 0.875, 1.5, 4.5}} {
		if low, high := FitClip(recipe.Clip{Low: test.from, High: test.to}, values); low != test.low || high != test.high {
			t.Errorf("%v: %v to %v", test, low, high)
		}
	}
	for _, kind := range []string{none, log1p, standardize} {
		f := &Fitted{Kind: kind, TargetMean: 1, TargetStd: 2}
		want := [3]float32{f.Target(2), f.Target(3), f.Target(4)}
		low, high := 2.0, 4.0
		f.TargetLow, f.TargetHigh = &low, &high
		if got := [3]float32{f.Target(-7), f.Target(3), f.Target(1e9)}; got != want {
			t.Errorf("%s: got %v, want %v", kind, got, want)
		}
		if got := f.Inverse(f.Target(3)); got < 2.999 || got > 3.001 {
			t.Errorf("%s: 3 becomes %v", kind, got)
		}
	}
}

// TestClipFeatures holds that a feature's outliers count as its quantiles, in what is
// fitted and in every row.
func TestClipFeatures(t *testing.T) {
	cell := func(x float64) Cell { return Cell{Text: "x", Number: x, Numeric: true} }
	rows := [][]Cell{{cell(1)}, {cell(2)}, {cell(3)}, {cell(4)}, {cell(1000)}, {{}}}
	spec := recipe.Transform{Features: none, Clip: recipe.Clips{{Column: "age", Low: 0.25, High: 0.75}}, Fill: recipe.Fills{{Column: "age", Rule: "mean"}}}
	features, err := FitFeatures(spec, []recipe.Feature{{Column: "age"}}, rows)
	if err != nil {
		t.Fatal(err)
	}
	f := &Fitted{Features: features}
	for x, want := range map[float64]float32{-5: 2, 2.5: 2.5, 900: 4} {
		if got, err := f.Encode([]Cell{cell(x)}); err != nil || got[0] != want {
			t.Errorf("%v becomes %v (%v), not %v", x, got, err, want)
		}
	}
	if got, err := f.Encode([]Cell{{}}); err != nil || got[0] != 3 { // the mean of 2, 2, 3, 4, 4
		t.Errorf("an empty cell becomes %v (%v)", got, err)
	}

	var wrong *KeyError
	_, err = FitFeatures(spec, []recipe.Feature{{Column: "age", Kind: recipe.Categorical}}, [][]Cell{{{Text: "a"}}, {{Text: "b"}}})
	if !errors.As(err, &wrong) || wrong.Key != "transform.clip.age" {
		t.Errorf("got %v", err)
	}
}
