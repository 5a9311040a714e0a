package evaluate

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/metric"
)

// TestScores holds every figure of a part and of the baselines beside it.
func TestScores(t *testing.T) {
	in := input()
	in.Level = 0.9
	e := run(t, in)
	if e.Level != 0.9 || run(t, input()).Level != Level {
		t.Errorf("level %v", e.Level)
	}
	truth, predicted, groups := columns(in.Samples, partsOf(in)[Test])
	s := e.Result().Scores
	if s.MedianAE != metric.MedianAE(truth, predicted) || s.Bias != metric.Bias(truth, predicted) || s.Spearman == nil || s.MAPE != nil {
		t.Errorf("scores %+v", s.Errors)
	}
	if i := s.Intervals; i == nil || *e.Result().Interval != i.RMSE || !(i.R2.Low < s.R2 && s.R2 < i.R2.High) || !(i.MAE.Low <= s.MAE+1e-12) {
		t.Errorf("intervals %+v", i)
	}
	if wide := run(t, input()).Result().Scores.Intervals.R2; wide.High-wide.Low <= s.Intervals.R2.High-s.Intervals.R2.Low {
		t.Errorf("%v of 95 %% is no wider than %v of 90 %%", wide, s.Intervals.R2)
	}
	for _, b := range e.Baselines {
		if b.Test.Intervals == nil || b.Test.Above == nil || math.Abs(b.Test.Above.RMSE-(b.Test.RMSE-s.RMSE)) > 1e-12 || b.Test.Above.Interval == nil {
			t.Errorf("%s: %+v", b.Name, b.Test.Errors)
		}
	}
	if mean := e.Baseline("mean").Test; mean.Spearman != nil {
		t.Errorf("a constant has the rank correlation %v", *mean.Spearman)
	}
	if ridge := e.Baseline("ridge").Test.Above; !(ridge.Interval.High < 0) {
		t.Errorf("ridge regression, which knows the target, is above by %+v", ridge)
	}
	for i := range groups {
		groups[i] = "one"
	}
	if got := score(in, Test, truth, predicted, groups); got.Intervals != nil || above(in, Test, truth, predicted, predicted, groups).Interval != nil {
		t.Errorf("one individual has %+v", got.Intervals)
	}
	for i := range truth {
		truth[i], predicted[i] = truth[i]+100, predicted[i]+100
	}
	if got := score(in, Test, truth, predicted, groups); got.MAPE == nil || math.Abs(*got.MAPE-0.1/100.5) > 1e-4 {
		t.Errorf("MAPE %v", got.MAPE)
	}
}

func partsOf(in Input) map[string][]int {
	parts, err := divide(in.Samples)
	if err != nil {
		panic(err)
	}
	return parts
}

// made returns an evaluation of test photos with these values, two photos a plant.
func made(truth, errors []float64) Input {
	in := input()
	for i := range truth {
		in.Samples = append(in.Samples, Sample{
			Line: 1000 + i, Image: fmt.Sprint("made ", i), Group: fmt.Sprint("made ", i/2), Part: Test, True: truth[i], Predicted: truth[i] + errors[i],
		})
	}
	kept := in.Samples[:0]
	for _, s := range in.Samples {
		if s.Part != Test || strings.HasPrefix(s.Group, "made") {
			kept = append(kept, s)
		}
	}
	in.Samples = kept
	in.Pixels = func(int) ([]uint8, error) { return make([]uint8, size*size*3), nil }
	return in
}

func TestQuarters(t *testing.T) {
	// The quartiles of 1 to 8 are 2.75, 4.5 and 6.25.
	r := run(t, made([]float64{8, 7, 6, 5, 4, 3, 2, 1}, []float64{-1, 3, 0, 0, 1, 1, 2, 2})).Regression
	want := []Slice{
		{Low: 1, High: 2, Photos: 2, Individuals: 1, RMSE: 2, MAE: 2, Bias: 2},
		{Low: 3, High: 4, Photos: 2, Individuals: 1, RMSE: 1, MAE: 1, Bias: 1},
		{Low: 5, High: 6, Photos: 2, Individuals: 1},
		{Low: 7, High: 8, Photos: 2, Individuals: 1, RMSE: math.Sqrt(5), MAE: 2, Bias: 1},
	}
	if !reflect.DeepEqual(r.Quarters, want) {
		t.Errorf("got %+v", r.Quarters)
	}
	for name, c := range map[string]struct {
		truth  []float64
		photos []int
	}{
		"constant":   {[]float64{3, 3, 3, 3, 3}, []int{5}},
		"two values": {[]float64{1, 1, 1, 2, 2, 2}, []int{3, 3}},
		"many ties":  {[]float64{1, 1, 1, 1, 1, 1, 2, 9}, []int{6, 2}},
		"one":        {[]float64{7}, []int{1}},
	} {
		var photos []int
		for _, s := range run(t, made(c.truth, make([]float64, len(c.truth)))).Regression.Quarters {
			photos = append(photos, s.Photos)
		}
		if !reflect.DeepEqual(photos, c.photos) {
			t.Errorf("%s: quarters of %v photos, want %v", name, photos, c.photos)
		}
	}
}

// TestGrouping holds which columns are shown, and in which order their values are.
func TestGrouping(t *testing.T) {
	for name, c := range map[string]struct {
		value func(i int) string
		want  string
	}{
		"numbers":      {func(i int) string { return fmt.Sprint(2 + i%3*4) }, "2:10 6:10 10:10"},
		"texts":        {func(i int) string { return []string{"b", "a", "ä", ""}[i%4] }, "a:8 b:8 ä:7"},
		"a few small":  {func(i int) string { return fmt.Sprint(max(i-26, 0)) }, ""},
		"one value":    {func(int) string { return "x" }, ""},
		"many values":  {func(i int) string { return fmt.Sprint(i % 15) }, ""},
		"no value":     {func(int) string { return "" }, ""},
		"mixed":        {func(i int) string { return []string{"10", "9", "x"}[i%3] }, "10:10 9:10 x:10"},
		"same numbers": {func(i int) string { return []string{"1.0", "1", "0"}[i%3] }, "0:10 1:10 1.0:10"},
	} {
		in := input()
		in.Labels = []Labels{{Column: "bed", Values: make([]string, len(in.Samples))}}
		for k, i := range partsOf(in)[Test] {
			in.Labels[0].Values[i] = c.value(k)
		}
		var got []string
		for _, g := range run(t, in).Regression.By {
			for _, s := range g.Slices {
				got = append(got, fmt.Sprintf("%s:%d", s.Value, s.Photos))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestErrorBins(t *testing.T) {
	for _, c := range []struct{ errors []float64 }{{[]float64{0.2, 0.3, 0.25}}, {[]float64{-3, 1, 1}}, {[]float64{0, 0, 0}}, {[]float64{1e-9, 0, 0}}} {
		b := run(t, made([]float64{1, 2, 3}, c.errors)).Regression.Errors
		zero, photos := false, 0
		for _, edge := range b.Edges {
			zero = zero || edge == 0
		}
		for _, n := range b.Counts {
			photos += n
		}
		if !zero || photos != 3 || len(b.Counts) != len(b.Edges)-1 {
			t.Errorf("%v: %+v", c.errors, b)
		}
	}
}

// TestWorst holds that the largest errors come first, of equal ones the first row, and
// that a photo may be among the samples too.
func TestWorst(t *testing.T) {
	e := run(t, made([]float64{1, 2, 3, 4}, []float64{0.5, -2, 0.25, 2}))
	var lines []int
	for _, p := range e.Regression.Worst {
		lines = append(lines, p.Line)
		if p.Size != size || len(p.Pixels) != size*size*3 {
			t.Errorf("row %d has no pixels", p.Line)
		}
	}
	if !reflect.DeepEqual(lines, []int{1001, 1003, 1000, 1002}) || len(e.Photos) == 0 || len(e.Photos[0].Pixels) == 0 {
		t.Errorf("rows %v, samples %d", lines, len(e.Photos))
	}
	if many := run(t, input()).Regression.Worst; len(many) != mostWorst {
		t.Errorf("%d worst photos", len(many))
	}
}

// TestAgainst holds which columns errors are shown against: those that the network sees,
// then those that go most with the target, last one that is as good as the target.
func TestAgainst(t *testing.T) {
	in := input()
	add := func(name string, value func(i int, truth float64) float64) {
		c := Column{Name: name}
		for i, s := range in.Samples {
			c.Values = append(c.Values, value(i, s.True))
		}
		in.Columns = append(in.Columns, c)
	}
	noisy := func(share float64) func(int, float64) float64 {
		return func(i int, truth float64) float64 { return truth + share*math.Mod(float64(i)*0.618, 1) }
	}
	add("weak", noisy(1.2))
	add("dry weight", func(_ int, truth float64) float64 { return truth * 0.1 })
	add("constant", func(int, float64) float64 { return 4 })
	add("strong", noisy(0.6))
	add("empty", func(i int, truth float64) float64 { return math.NaN() })
	add("seen", noisy(100))
	add("middle", func(i int, truth float64) float64 {
		if i%2 == 0 {
			return math.NaN()
		}
		return -truth - 1.2*math.Mod(float64(i)*0.618, 1)
	})
	add("weakest", func(i int, _ float64) float64 { return float64(i % 2) })
	in.Features = []string{"seen"}
	for i := range in.Samples {
		in.Samples[i].Features = []float64{float64(i)}
	}
	e := run(t, in)
	var names []string
	for _, a := range e.Regression.Against {
		names = append(names, a.Column)
		filled := 0
		for i, p := range e.Of(Test) {
			if a.Values[i] != nil {
				filled++
				if want := in.Columns[slices.IndexFunc(in.Columns, func(c Column) bool { return c.Name == a.Column })].Values[p.Line-2]; *a.Values[i] != want {
					t.Errorf("%s of row %d is %v, not %v", a.Column, p.Line, *a.Values[i], want)
				}
			}
		}
		if (filled == 30) == (a.Column == "middle") || a.Same != (a.Column == "dry weight") || a.Target == nil || a.Errors == nil {
			t.Errorf("%s: %d values: %+v", a.Column, filled, a)
		}
	}
	if strings.Join(names, ", ") != "seen, strong, weak, middle, weakest, dry weight" {
		t.Errorf("errors are shown against %q", names)
	}
}

// TestSameThing holds that a column is the target in other words from SameThing on.
func TestSameThing(t *testing.T) {
	in := Input{Columns: []Column{{Name: "swapped", Values: []float64{2, 1, 3, 4, 5}}, {Name: "more", Values: []float64{2, 1, 4, 3, 5}}}}
	var index []int
	for i := range 5 {
		in.Samples, index = append(in.Samples, Sample{True: float64(i), Predicted: float64(i % 2)}), append(index, i)
	}
	all := against(in, index)
	if len(all) != 2 || all[0].Column != "more" || all[0].Same || *all[1].Target != SameThing || !all[1].Same {
		t.Errorf("got %+v", all)
	}
}
