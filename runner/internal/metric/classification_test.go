package metric

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"biomass/runner/internal/rng"
)

// The first two examples are those of scikit-learn's documentation of
// precision_recall_fscore_support and balanced_accuracy_score; the others are by hand.
func TestConfusion(t *testing.T) {
	for name, c := range map[string]struct {
		truth, predicted                        []int
		classes                                 int
		accuracy, balanced, macroF1, weightedF1 float64
	}{
		"three classes":         {[]int{0, 1, 2, 0, 1, 2}, []int{0, 2, 1, 0, 0, 1}, 3, 2. / 6, 1. / 3, 0.8 / 3, 0.8 / 3},
		"two of unequal size":   {[]int{0, 1, 0, 0, 1, 0}, []int{0, 1, 0, 0, 0, 1}, 2, 4. / 6, 0.625, 0.625, (0.75*4 + 0.5*2) / 6},
		"perfect":               {[]int{0, 1, 1}, []int{0, 1, 1}, 2, 1, 1, 1, 1},
		"all wrong":             {[]int{0, 1}, []int{1, 0}, 2, 0, 0, 0, 0},
		"a class without rows":  {[]int{0, 0, 1}, []int{0, 0, 1}, 3, 1, 1, 1, 1},
		"a class only guessed":  {[]int{0, 0, 1}, []int{0, 2, 1}, 3, 2. / 3, 0.75, (2./3 + 1 + 0) / 3, (2./3*2 + 1) / 3},
		"a class never guessed": {[]int{0, 1}, []int{0, 0}, 2, 0.5, 0.5, (2. / 3) / 2, (2. / 3) / 2},
		"nothing":               {nil, nil, 2, 0, 0, 0, 0},
	} {
		m := NewConfusion(c.truth, c.predicted, c.classes)
		near(t, name+": accuracy", m.Accuracy(), c.accuracy)
		near(t, name+": balanced accuracy", m.BalancedAccuracy(), c.balanced)
		near(t, name+": macro F1", m.MacroF1(), c.macroF1)
		near(t, name+": weighted F1", m.WeightedF1(), c.weightedF1)
	}
	m := NewConfusion([]int{0, 0, 0, 1, 1, 2}, []int{0, 0, 1, 1, 0, 1}, 4)
	if want := (Confusion{{2, 1, 0, 0}, {1, 1, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}}); !reflect.DeepEqual(m, want) {
		t.Fatalf("counted %v", m)
	}
	want := []ClassScore{{2. / 3, 2. / 3, 2. / 3, 3}, {1. / 3, 0.5, 0.4, 2}, {0, 0, 0, 1}, {0, 0, 0, 0}}
	for i, got := range m.Classes() {
		near(t, fmt.Sprint("precision ", i), got.Precision, want[i].Precision)
		near(t, fmt.Sprint("recall ", i), got.Recall, want[i].Recall)
		near(t, fmt.Sprint("F1 ", i), got.F1, want[i].F1)
		if got.Support != want[i].Support {
			t.Errorf("support %d: %d", i, got.Support)
		}
	}
}

func TestSoftmax(t *testing.T) {
	got := make([]float64, 3)
	Softmax(got, []float32{0, float32(math.Ln2), -1e30})
	for i, want := range []float64{1. / 3, 2. / 3, 0} {
		if math.Abs(got[i]-want) > 1e-7 { // ln 2 was rounded to float32
			t.Errorf("probability %d is %v, want %v", i, got[i], want)
		}
	}
	Softmax(got, []float32{3e38, 3e38, -3e38})
	if !reflect.DeepEqual(got, []float64{0.5, 0.5, 0}) {
		t.Errorf("of huge outputs %v", got)
	}
}

// The figures of torch.nn.functional.cross_entropy in float64 for the same rows.
func TestCrossEntropy(t *testing.T) {
	outputs := []float32{1, 2, 0.5, -1, 0.25, 3, 0, 0, 0}
	truth := []int{1, 2, 0}
	for _, c := range []struct {
		weights   []float32
		smoothing float64
		want      float64
	}{
		{nil, 0, 0.54733909139338477},
		{nil, 0.1, 0.65011686917116251},
		{[]float32{1, 2, 0.5}, 0, 0.59053370216744272},
		{[]float32{1, 2, 0.5}, 0.25, 0.84759219233107108},
	} {
		near(t, fmt.Sprintf("cross entropy with weights %v and smoothing %v", c.weights, c.smoothing),
			CrossEntropy(outputs, truth, 3, c.weights, c.smoothing), c.want)
	}
	if got := CrossEntropy([]float32{1000, -1000}, []int{1}, 2, nil, 0); got != 2000 {
		t.Errorf("of a hopeless error %v", got)
	}
	if got := CrossEntropy(nil, nil, 2, nil, 0); got != 0 {
		t.Errorf("of nothing %v", got)
	}
}

// With groups of one, the interval is that of a share; photos of one plant that
// are right or wrong together widen it.
func TestAccuracyInterval(t *testing.T) {
	stream := rng.New(1, "hits")
	truth, predicted := make([]int, 600), make([]int, 600)
	var single, plants []string
	for i := range truth {
		if i%3 == 0 {
			if stream.Float64() < 0.2 {
				predicted[i] = 1
			}
		} else {
			predicted[i] = predicted[i-1]
		}
		single = append(single, "")
		plants = append(plants, fmt.Sprint(i/3))
	}
	interval := func(groups []string) Interval {
		i, ok := AccuracyInterval(truth, predicted, groups, 0.95, 1000, rng.New(7, "bootstrap"))
		if !ok {
			t.Fatal("no interval")
		}
		return i
	}
	byPhoto, byPlant := interval(single), interval(plants)
	p := NewConfusion(truth, predicted, 2).Accuracy()
	if want, got := 2*1.96*math.Sqrt(p*(1-p)/600), byPhoto.High-byPhoto.Low; math.Abs(got/want-1) > 0.15 {
		t.Errorf("the interval is %v wide, by the normal approximation %v", got, want)
	}
	if ratio := (byPlant.High - byPlant.Low) / (byPhoto.High - byPhoto.Low); ratio < 1.5 || ratio > 2 {
		t.Errorf("the interval by plant is %.2f times as wide as by photo, want about 1.73", ratio)
	}
}

func TestLargest(t *testing.T) {
	if got := Largest([]float32{1, 2, 2, -1, -3, -2}, 3); !reflect.DeepEqual(got, []int{1, 0}) {
		t.Errorf("got %v", got)
	}
}

// Two classes around (0, 0) and (10, 0): a second feature that only scatters
// counts no more for its larger unit, and a constant one for nothing.
func TestNearestMean(t *testing.T) {
	rows := [][]float64{{-1, 1000, 5}, {1, -1000, 5}, {9, 1000, 5}, {11, -1000, 5}}
	m := FitNearestMean(rows, []int{0, 0, 2, 2}, 3)
	for _, c := range []struct {
		row  []float64
		want int
	}{{[]float64{4.9, 2000, 5}, 0}, {[]float64{5.1, -2000, 5}, 2}, {[]float64{5, 0, 5}, 0}, {[]float64{11, 0, 6}, 2}} {
		if got := m.Predict(c.row); got != c.want {
			t.Errorf("%v is taken for class %d", c.row, got)
		}
	}
}

// Photos of one plant that are right or wrong together widen the interval of the macro F1,
// too; what was drawn lies around the figure.
func TestMacroF1Interval(t *testing.T) {
	stream := rng.New(1, "hits")
	truth, predicted := make([]int, 600), make([]int, 600)
	var single, plants []string
	for i := range truth {
		truth[i] = i / 3 % 4
		predicted[i] = truth[i]
		if i%3 == 0 && stream.Float64() < 0.3 || i%3 != 0 && predicted[i-i%3] != truth[i] {
			predicted[i] = (truth[i] + 1) % 4
		}
		single, plants = append(single, ""), append(plants, fmt.Sprint(i/3))
	}
	interval := func(groups []string) Interval {
		i, ok := MacroF1Interval(truth, predicted, 4, groups, 0.95, 500, rng.New(7, "bootstrap"))
		if !ok {
			t.Fatal("no interval")
		}
		return i
	}
	byPhoto, byPlant := interval(single), interval(plants)
	if f1 := NewConfusion(truth, predicted, 4).MacroF1(); !(byPhoto.Low < f1 && f1 < byPhoto.High) {
		t.Errorf("%v does not hold %v", byPhoto, f1)
	}
	if ratio := (byPlant.High - byPlant.Low) / (byPhoto.High - byPhoto.Low); ratio < 1.5 || ratio > 2 {
		t.Errorf("the interval by plant is %.2f times as wide as by photo, want about 1.73", ratio)
	}
	if _, ok := MacroF1Interval([]int{0, 1}, []int{0, 1}, 2, []string{"a", "a"}, 0.95, 10, rng.New(7, "bootstrap")); ok {
		t.Error("an interval from one plant")
	}
}
