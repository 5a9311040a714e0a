package evaluate

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"biomass/runner/internal/metric"
)

// What is beyond the scores, of a part whose predictions are known: each figure agrees
// with what is stated elsewhere of the same photos.
func TestClassification(t *testing.T) {
	in := classified()
	in.Learning = Learning{Weights: []float64{1, 2, 3}, Batches: [][]int{{1, 0, 3}}}
	e := run(t, in)
	c, part := e.Classification, e.Result()
	if c.Macro.F1 != part.Scores.MacroF1 || c.Weighted.F1 != part.Scores.WeightedF1 || c.Macro.Support != part.Photos {
		t.Errorf("macro %+v, weighted %+v, scores %+v", c.Macro, c.Weighted, part.Scores.Hits)
	}
	if i := c.MacroF1Interval; i == nil || !(i.Low <= c.Macro.F1 && c.Macro.F1 <= i.High && i.Low < i.High) {
		t.Errorf("macro F1 %v in %v", c.Macro.F1, i)
	}
	photos, sure := 0, 0.0
	for _, b := range c.Reliability.Bins {
		photos += b.Samples
	}
	for _, p := range e.Of(e.Headline) {
		sure += p.Probability
	}
	if photos != part.Photos || len(c.Reliability.Bins) != 10 || math.Abs(c.Reliability.Confidence-sure/float64(photos)) > 1e-12 {
		t.Errorf("%d photos in %+v", photos, c.Reliability)
	}
	if len(c.Rankings) != len(in.Classes) || c.MacroAUC == nil || c.MacroAveragePrecision == nil {
		t.Fatalf("%d rankings, AUC %v", len(c.Rankings), c.MacroAUC)
	}
	for class, r := range c.Rankings {
		if r == nil || r.ROC != nil || r.PrecisionRecall != nil {
			t.Errorf("class %d of three: %+v", class, r)
		}
	}
	if !reflect.DeepEqual(c.Learning, in.Learning) {
		t.Errorf("the training met %+v", c.Learning)
	}
	if run(t, input()).Classification != nil {
		t.Error("a regression has one, too")
	}
}

// The most confused pairs come first, each with its surest photo first and no individual
// twice where there are enough.
func TestConfused(t *testing.T) {
	in := classified()
	for i := range in.Samples {
		s := &in.Samples[i]
		s.Part, s.Group, s.True = []string{Train, Test}[i%2], fmt.Sprint("plant ", i/4), float64(i/2%3)
		taken := int(s.True)
		switch {
		case i%2 == 0:
		case s.True == 0 && i < 90:
			taken = 2
		case s.True == 1 && i < 30:
			taken = 0
		}
		s.Outputs = make([]float32, 3)
		s.Outputs[taken] = 1 + float32(i)/100
		s.Untrained = s.Outputs
	}
	e := run(t, in)
	pairs := e.Classification.Confused
	if len(pairs) != 2 || pairs[0].True != 0 || pairs[0].Predicted != 2 || pairs[1].True != 1 || pairs[1].Predicted != 0 {
		t.Fatalf("confused: %+v", pairs)
	}
	matrix := e.Result().Confusion
	for _, p := range pairs {
		if p.Photos != matrix[p.True][p.Predicted] || p.Of != e.Result().Counts[p.True] || len(p.Shown) != min(photosOfPair, p.Photos) {
			t.Errorf("%d of %d, %d are shown; counted %d", p.Photos, p.Of, len(p.Shown), matrix[p.True][p.Predicted])
		}
		seen := map[string]bool{}
		for k, photo := range p.Shown {
			if int(photo.True) != p.True || int(photo.Predicted) != p.Predicted || seen[photo.Group] || len(photo.Pixels) != photo.Size*photo.Size*3 {
				t.Errorf("photo %d of %d -> %d: %+v", k, p.True, p.Predicted, photo.Prediction)
			}
			if k > 0 && photo.Probability > p.Shown[k-1].Probability {
				t.Errorf("%d -> %d: photo %d is surer than the one before", p.True, p.Predicted, k)
			}
			seen[photo.Group] = true
		}
	}
}

// Two classes have curves; a class without photos, or a part of one class, no ranking.
func TestRankings(t *testing.T) {
	in := classified()
	in.Classes = in.Classes[:2]
	for i := range in.Samples {
		s := &in.Samples[i]
		s.True, s.Outputs, s.Untrained = float64(i%2), s.Outputs[:2], s.Untrained[:2]
	}
	c := run(t, in).Classification
	a, b := c.Rankings[0], c.Rankings[1]
	if a == nil || b == nil || math.Abs(a.AUC-b.AUC) > 1e-12 || *c.MacroAUC != (a.AUC+b.AUC)/2 || len(b.ROC) < 3 || len(b.PrecisionRecall) < 3 {
		t.Errorf("of two classes %+v and %+v", a, b)
	}
	if c.Found == nil || *c.Found < 0 || *c.Found > 1 {
		t.Errorf("found at a tenth: %v", c.Found)
	}
	for i := range in.Samples {
		in.Samples[i].True = 0
	}
	if c = run(t, in).Classification; c.Rankings[0] != nil || c.Rankings[1] != nil || c.MacroAUC != nil {
		t.Errorf("of one class %+v", c.Rankings)
	}
}

// A curve of ten thousand points keeps those that can be told apart, and where it ends.
func TestDistinct(t *testing.T) {
	var curve []metric.Point
	for i := range 10001 {
		curve = append(curve, metric.Point{X: float64(i) / 10000, Y: 1})
	}
	points := distinct(curve)
	if last := points[len(points)-1]; len(points) < 400 || len(points) > 502 || points[0].X != 0 || last.X != 1 {
		t.Errorf("%d points from %v to %v", len(points), points[0], last)
	}
	few := []metric.Point{{X: 0, Y: 0}, {X: 0, Y: 0.5}, {X: 1, Y: 1}}
	if got := distinct(few); !reflect.DeepEqual(got, few) {
		t.Errorf("of %v are left %v", few, got)
	}
}
