package metric

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestDistributions compares with what scipy says: testdata/make_story.py.
func TestDistributions(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "story.json"))
	if err != nil {
		t.Fatal(err)
	}
	type fixture struct {
		Values, X, Y, A, B []float64
		Want               float64
	}
	var all struct {
		Skewness, Pearson map[string]fixture
		KolmogorovSmirnov map[string]fixture `json:"kolmogorov_smirnov"`
		Limit             map[string]float64
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	same := func(name string, got, want float64) {
		if !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
			t.Errorf("%s is %.17g, want %.17g", name, got, want)
		}
	}
	for name, f := range all.Skewness {
		got, ok := Skewness(f.Values)
		same("skewness of "+name, got, f.Want)
		if !ok {
			t.Errorf("%s has no skewness", name)
		}
	}
	for name, f := range all.Pearson {
		got, ok := Pearson(f.X, f.Y)
		same("correlation of "+name, got, f.Want)
		back, _ := Pearson(f.Y, f.X)
		if !ok || back != got {
			t.Errorf("correlation of %s is %v one way, %v the other", name, got, back)
		}
	}
	for name, f := range all.KolmogorovSmirnov {
		a, b := Sorted(f.A), Sorted(f.B)
		same("distance of "+name, KolmogorovSmirnov(a, b), f.Want)
		same("distance of "+name+", turned", KolmogorovSmirnov(b, a), f.Want)
	}
	same("limit", KolmogorovSmirnovLimit(308, 64), all.Limit["308 64"])
	same("limit of little", KolmogorovSmirnovLimit(1, 1), 1)
}

// TestNoDistribution holds what has no skewness, or correlation, and that no finite
// value gives one that is not.
func TestNoDistribution(t *testing.T) {
	for _, values := range [][]float64{nil, {1}, {1, 2}, {0.1, 0.1, 0.1, 0.1}} {
		if got, ok := Skewness(values); ok {
			t.Errorf("skewness of %v is %v", values, got)
		}
	}
	for _, pair := range [][2][]float64{{nil, nil}, {{1}, {2}}, {{0.1, 0.1, 0.1}, {1, 2, 3}}, {{1, 2, 3}, {5, 5, 5}}} {
		if got, ok := Pearson(pair[0], pair[1]); ok {
			t.Errorf("correlation of %v and %v is %v", pair[0], pair[1], got)
		}
	}
	extreme := []float64{-math.MaxFloat64, math.MaxFloat64, math.SmallestNonzeroFloat64, 0, 1}
	tiny := []float64{0, math.SmallestNonzeroFloat64, 3 * math.SmallestNonzeroFloat64, 0, 0}
	for _, x := range [][]float64{extreme, tiny} {
		skew, _ := Skewness(x)
		r, _ := Pearson(x, []float64{5, 4, 3, 2, 7})
		if math.IsNaN(skew) || math.IsInf(skew, 0) || !(r >= -1 && r <= 1) {
			t.Errorf("%v has skewness %v and correlation %v", x, skew, r)
		}
	}
}
