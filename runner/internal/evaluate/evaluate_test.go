package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/metric"
)

const size = 8

// input has 120 photos of 40 plants; the target is the share of green pixels,
// which ridge regression therefore finds, and the network is off by 0.1.
func input() Input {
	in := Input{Task: "regression", Target: "share", Unit: "", Size: size, Channels: 3, Seed: 3}
	for i := range 120 {
		plant := i / 3
		s := Sample{Line: i + 2, Image: fmt.Sprintf("%03d.jpg", i), Group: fmt.Sprint("plant ", plant)}
		s.Part = []string{Train, Train, Validation, Test}[plant%4]
		s.True = float64(greenPixels(i)) / (size * size)
		s.Predicted = math.NaN()
		if s.Part != Train {
			s.Predicted = s.True + 0.1*float64(1-plant%2*2)
		}
		in.Samples = append(in.Samples, s)
	}
	in.Pixels = func(i int) ([]uint8, error) {
		var pixels []uint8
		for p := range size * size {
			if p < greenPixels(i) {
				pixels = append(pixels, 40, 160, 40)
			} else {
				pixels = append(pixels, 120, 100, 90)
			}
		}
		return pixels, nil
	}
	return in
}

func greenPixels(i int) int { return i/3*i/3%61 + 1 }

func run(t *testing.T, in Input) *Evaluation {
	t.Helper()
	e, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRun(t *testing.T) {
	e := run(t, input())
	if e.Headline != Test {
		t.Errorf("headline %s", e.Headline)
	}
	result := e.Result()
	if result.Photos != 30 || result.Groups != 10 || result.Trained != 0 || result.Scores.N != 30 {
		t.Errorf("the test part is %+v", result)
	}
	if got := result.Scores.RMSE; math.Abs(got-0.1) > 1e-12 {
		t.Errorf("RMSE %v, want 0.1", got)
	}
	if i := result.Interval; i == nil || i.Low > 0.1+1e-12 || i.High < 0.1-1e-12 {
		t.Errorf("interval %v", i)
	}
	if p := e.Part(Train); p.Photos != 60 || p.Scores != nil {
		t.Errorf("the training part is %+v", p)
	}
	if b := e.Baseline("ridge").Test; b.R2 < 0.999 {
		t.Errorf("ridge regression finds R² %v of a target that is one of its features", b.R2)
	}
	if b := e.Baseline("mean").Test; b.R2 > 0 {
		t.Errorf("the mean has R² %v", b.R2)
	}
	if len(e.Predictions) != 60 || len(e.Of(Test)) != 30 {
		t.Errorf("%d predictions, %d of test", len(e.Predictions), len(e.Of(Test)))
	}
}

// TestFeatures holds the baseline that sees the columns beside the photo, and nothing
// of the photo, and that it is there for them alone.
func TestFeatures(t *testing.T) {
	in := input()
	in.Features = []string{"age", "pot"}
	for i := range in.Samples {
		in.Samples[i].Features = []float64{3 - 2*in.Samples[i].True, float64(i % 2)}
	}
	in.Pixels = func(int) ([]uint8, error) { return make([]uint8, in.Size*in.Size*in.Channels), nil }
	e := run(t, in)
	if b := e.Baseline("linear"); b.Test.R2 < 0.999 || !slices.Equal(b.Columns, []string{"age", "pot"}) || b.Penalties != len(lambdas) {
		t.Errorf("a target that follows from a feature: %+v", b)
	}
	if b := e.Baseline("ridge").Test; b.R2 > 0.1 {
		t.Errorf("black photos give R² %v", b.R2)
	}
	if b := run(t, input()).Baseline("linear"); b != nil {
		t.Errorf("without features: %+v", b)
	}
}

// Every photo is in one bin of its part.
func TestHistogram(t *testing.T) {
	whole := input()
	for i := range whole.Samples {
		whole.Samples[i].True = float64(i % 5)
	}
	for name, in := range map[string]Input{"real": input(), "whole": whole} {
		e := run(t, in)
		for i, p := range e.Parts {
			total := 0
			for _, n := range e.Histogram.Counts[i] {
				total += n
			}
			if total != p.Photos {
				t.Errorf("%s: %s has %d photos, its histogram %d", name, p.Name, p.Photos, total)
			}
		}
		if name == "whole" && !reflect.DeepEqual(e.Histogram.Edges, []float64{-0.5, 0.5, 1.5, 2.5, 3.5, 4.5}) {
			t.Errorf("bins of 0 to 4 are %v", e.Histogram.Edges)
		}
	}
}

func TestPhotos(t *testing.T) {
	in := input()
	e := run(t, in)
	if len(e.Photos) != mostPhotos {
		t.Fatalf("%d photos", len(e.Photos))
	}
	seen := map[string]bool{}
	for i, p := range e.Photos {
		if p.Part != Test || seen[p.Group] || i > 0 && p.True < e.Photos[i-1].True {
			t.Errorf("photo %d is %s of %s, %v", i, p.Part, p.Group, p.True)
		}
		seen[p.Group] = true
		if want, _ := in.Pixels(p.Line - 2); !reflect.DeepEqual([]byte(want), p.Pixels) || p.Size != size {
			t.Errorf("photo %d shows other pixels than %s", i, p.Image)
		}
	}
}

func TestShrink(t *testing.T) {
	const big = 2 * mostPixels
	pixels := make([]uint8, big*big*3)
	for i := range pixels {
		pixels[i] = uint8(i / 3 % 2 * 3) // columns of 0 and 3
	}
	n, small := shrink(pixels, big, 3)
	if n != mostPixels || len(small) != n*n*3 {
		t.Fatalf("shrunk to %d with %d bytes", n, len(small))
	}
	for _, v := range small {
		if v != 2 { // 1.5, rounded up
			t.Fatalf("the mean of 0 and 3 is %d", v)
		}
	}
	if n, _ := shrink(make([]uint8, 300*300*3), 300, 3); n != 100 {
		t.Errorf("300 pixels shrink to %d", n)
	}
}

func TestColours(t *testing.T) {
	got := colours([]uint8{0, 255, 0, 0, 255, 0, 255, 255, 255, 0, 0, 0})
	want := []float64{0.5, 0.25, math.Sqrt(0.1875), 0.75, math.Sqrt(0.1875), 0.25, math.Sqrt(0.1875)}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-15 {
			t.Errorf("feature %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// A gray photo has no colours, and its thumbnail is RGB all the same.
func TestGray(t *testing.T) {
	in := input()
	in.Channels = 1
	in.Pixels = func(i int) ([]uint8, error) {
		pixels := make([]uint8, size*size)
		for p := range greenPixels(i) {
			pixels[p] = 255
		}
		return pixels, nil
	}
	e := run(t, in)
	if b := e.Baseline("ridge"); b.Test.R2 < 0.999 {
		t.Errorf("R² %v of a target that is the brightness", b.Test.R2)
	}
	for _, p := range e.Photos {
		if len(p.Pixels) != 3*size*size || p.Pixels[0] != 255 || p.Pixels[2] != 255 {
			t.Errorf("%d bytes of pixels, the first %v", len(p.Pixels), p.Pixels[:3])
		}
	}
}

func TestNoTestPart(t *testing.T) {
	in := input()
	for i := range in.Samples {
		if in.Samples[i].Part == Test {
			in.Samples[i].Part, in.Samples[i].Predicted = Train, math.NaN()
		}
	}
	e := run(t, in)
	if e.Headline != Validation || e.Part(Test) != nil || e.Baseline("ridge").Test != nil {
		t.Errorf("headline %s", e.Headline)
	}
}

// Photos of one plant on two sides are said.
func TestSharedGroups(t *testing.T) {
	in := input()
	for i := range in.Samples {
		in.Samples[i].Group = fmt.Sprint(i % 30)
	}
	e := run(t, in)
	if e.Result().Trained == 0 {
		t.Errorf("%+v", e.Result())
	}
}

func TestRefuses(t *testing.T) {
	for want, change := range map[string]func(*Input){
		"predicts NaN":                  func(in *Input) { in.Samples[9].Predicted = math.NaN() },
		"predicts +Inf":                 func(in *Input) { in.Samples[9].Predicted = math.Inf(1) },
		"the target is NaN":             func(in *Input) { in.Samples[0].True = math.NaN() },
		`the part "rest"`:               func(in *Input) { in.Samples[0].Part = "rest" },
		"training part is empty":        func(in *Input) { in.Samples = in.Samples[9:12] },
		"neither a validation nor":      func(in *Input) { in.Samples = in.Samples[:3] },
		"3 bytes of pixels, want 192":   func(in *Input) { in.Pixels = func(int) ([]uint8, error) { return []uint8{1, 2, 3}, nil } },
		"evaluate 000.jpg: disk is wet": func(in *Input) { in.Pixels = func(int) ([]uint8, error) { return nil, fmt.Errorf("disk is wet") } },
	} {
		in := input()
		in.Samples[9].Part = Test
		change(&in)
		if _, err := Run(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// The JSON brings back the same evaluation, and the digests see every change.
func TestStored(t *testing.T) {
	for _, in := range []Input{input(), classified()} {
		e := run(t, in)
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		back := new(Evaluation)
		if err := json.Unmarshal(data, back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(e, back) {
			t.Error("JSON brings back another evaluation")
		}
		first, second := sum(t, e), sum(t, back)
		if first != second || e.PredictionsDigest() != back.PredictionsDigest() {
			t.Error("JSON brings back other digests")
		}
		last := &back.Predictions[len(back.Predictions)-1]
		figure := &last.Predicted
		if in.Classes != nil {
			figure = &last.Probability
		}
		*figure = math.Nextafter(*figure, 2)
		if sum(t, back) == first || e.PredictionsDigest() == back.PredictionsDigest() {
			t.Error("the last bit of a prediction leaves a digest as it was")
		}
	}
}

func sum(t *testing.T, e *Evaluation) digest.Digest {
	t.Helper()
	d, err := e.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// classified has the photos of input in three classes, of which the network
// takes every fifth photo for the next one. The first is the most frequent.
func classified() Input {
	in := input()
	in.Task, in.Target, in.Classes = "classification", "species", []string{"moss", "fern", "reed"}
	for i := range in.Samples {
		s := &in.Samples[i]
		class := []int{0, 0, 1, 2}[i/12%4]
		guess := class
		if i%5 == 0 {
			guess = (class + 1) % 3
		}
		s.True, s.Predicted = float64(class), 0
		s.Outputs, s.Untrained = make([]float32, 3), []float32{0, 1, 0}
		s.Outputs[guess] = 2
	}
	return in
}

func TestClasses(t *testing.T) {
	e := run(t, classified())
	result := e.Result()
	wrong := 0
	for _, p := range e.Of(Test) {
		if p.True != p.Predicted {
			wrong++
		}
		if want := math.Exp(2) / (math.Exp(2) + 2); math.Abs(p.Probability-want) > 1e-12 {
			t.Fatalf("probability %v, want %v", p.Probability, want)
		}
	}
	if want := 1 - float64(wrong)/30; wrong != 6 || result.Scores.Accuracy != want || result.Interval == nil || result.Interval.Low > want || result.Interval.High < want {
		t.Errorf("%d wrong, accuracy %v in %v", wrong, result.Scores.Accuracy, result.Interval)
	}
	// -log p is log(e^2+2) less the output of the true class.
	if want, got := math.Log(math.Exp(2)+2)-2*24./30, *result.Scores.CrossEntropy; math.Abs(got-want) > 1e-12 {
		t.Errorf("cross entropy %v, want %v", got, want)
	}
	total := 0
	for class, row := range result.Confusion {
		for _, n := range row {
			total += n
		}
		if result.ClassScores[class].Support != result.Counts[class] {
			t.Errorf("class %d has %d photos and a support of %d", class, result.Counts[class], result.ClassScores[class].Support)
		}
	}
	if total != 30 || e.Histogram != nil || result.Target != nil || e.Part(Train).Interval != nil {
		t.Errorf("%d photos in the confusion matrix of %+v", total, result)
	}
	for name, class := range map[string]int{"majority": 0, "untrained": 1} {
		b := e.Baseline(name).Test
		if want := float64(result.Counts[class]) / 30; b.Accuracy != want || (b.CrossEntropy == nil) != (name == "majority") {
			t.Errorf("%s: %+v, want accuracy %v", name, b.Hits, want)
		}
	}
	if b := e.Baseline("nearest_mean").Test; b.Accuracy <= 0 || b.CrossEntropy != nil {
		t.Errorf("nearest_mean: %+v", b.Hits)
	}
	var right []bool
	for _, p := range e.Photos {
		right = append(right, p.True == p.Predicted)
	}
	if want := []bool{true, true, true, true, false, false, false, false}; !reflect.DeepEqual(right, want) {
		t.Errorf("the photos shown are right: %v", right)
	}
}

func TestClassesRefuse(t *testing.T) {
	in := classified()
	in.Samples[9].Outputs[1] = float32(math.NaN())
	if _, err := Run(in); err == nil || !strings.Contains(err.Error(), "predicts NaN") {
		t.Errorf("got %v", err)
	}
}

// A class may be in no photo.
func TestClassWithoutPhotos(t *testing.T) {
	in := classified()
	in.Classes = append(in.Classes, "lichen")
	for i := range in.Samples {
		in.Samples[i].Outputs, in.Samples[i].Untrained = append(in.Samples[i].Outputs, 0), append(in.Samples[i].Untrained, 0)
	}
	if e := run(t, in); e.Result().Counts[len(in.Classes)-1] != 0 {
		t.Errorf("counts %v", e.Result().Counts)
	}
}

// The figures must be these on every platform and with every compiler setting.
func TestSameBitsEverywhere(t *testing.T) {
	tailed := input()
	tailed.Columns = []Column{{"age", nil}, {"light", nil}}
	for i := range tailed.Samples {
		tailed.Samples[i].True = 1 / (1.1 - tailed.Samples[i].True)
		tailed.Columns[0].Values = append(tailed.Columns[0].Values, float64(i%13)/7)
		tailed.Columns[1].Values = append(tailed.Columns[1].Values, 0.1*float64(i))
	}
	for want, in := range map[string]Input{
		"sha256:427986c4d38822304b2adc2196f059fcf3d739ae3aaac655432c30870d987f2d": input(),
		"sha256:7442b9a67837ecb6e925bd301367750933805a174b61a90205dbc47f7c6ad34b": tailed,
		"sha256:34290dde899cc7584f262f26f4e85fc33bc95faeb5f19e31872121c75f8e5cf5": classified(),
	} {
		if got := sum(t, run(t, in)).String(); got != want {
			t.Errorf("the evaluation's digest is %s, want %s", got, want)
		}
	}
}

func TestIntervalNeedsTwoGroups(t *testing.T) {
	in := input()
	for i := range in.Samples {
		if in.Samples[i].Part == Test {
			in.Samples[i].Group = "one"
		}
	}
	var none *metric.Interval
	if got := run(t, in).Result().Interval; got != none {
		t.Errorf("one individual has the interval %v", got)
	}
}
