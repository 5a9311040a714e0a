package evaluate

import (
	"math"
	"slices"

	"biomass/runner/internal/metric"
	"biomass/runner/internal/rng"
)

// decide returns the samples with the class that the network's outputs speak
// for, and its probability; outputs that are no numbers speak for none.
func decide(samples []Sample, classes int) []Sample {
	decided := make([]Sample, len(samples))
	probabilities := make([]float64, classes)
	lost := func(x float32) bool { return !finite(float64(x)) }
	for i, s := range samples {
		s.Predicted = math.NaN()
		if s.Outputs != nil && !slices.ContainsFunc(s.Outputs, lost) {
			class := metric.Largest(s.Outputs, classes)[0]
			metric.Softmax(probabilities, s.Outputs)
			s.Predicted, s.probability = float64(class), probabilities[class]
		}
		decided[i] = s
	}
	return decided
}

// indices returns values that are classes.
func indices(values []float64) []int {
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = int(v)
	}
	return out
}

// judgeClasses counts a part's photos by class and scores its predictions where
// it has them all.
func (p *Part) judgeClasses(in Input, index []int) {
	values, predictions, names := columns(in.Samples, index)
	truth := indices(values)
	p.Counts = make([]int, len(in.Classes))
	for _, class := range truth {
		p.Counts[class]++
	}
	if !finite(metric.Sum(predictions)) {
		return
	}
	predicted := indices(predictions)
	p.Scores = hits(in, truth, predicted)
	p.Scores.CrossEntropy = crossEntropy(in, index, truth, func(s Sample) []float32 { return s.Outputs })
	p.Confusion = metric.NewConfusion(truth, predicted, len(in.Classes))
	p.ClassScores = p.Confusion.Classes()
	if p.Name == Train {
		return // nobody asks how sure the result on what was learnt is
	}
	stream := rng.New(in.Seed, "bootstrap "+p.Name)
	if interval, ok := metric.AccuracyInterval(truth, predicted, names, in.level(), Resamples, stream); ok {
		p.Interval = &interval
	}
}

// hits scores predicted classes.
func hits(in Input, truth, predicted []int) *Scores {
	c := metric.NewConfusion(truth, predicted, len(in.Classes))
	return &Scores{N: len(truth), Hits: &Hits{
		Accuracy: c.Accuracy(), BalancedAccuracy: c.BalancedAccuracy(), MacroF1: c.MacroF1(), WeightedF1: c.WeightedF1(),
	}}
}

// crossEntropy is that of the outputs of the samples at index.
func crossEntropy(in Input, index, truth []int, outputs func(Sample) []float32) *float64 {
	var rows []float32
	for _, i := range index {
		rows = append(rows, outputs(in.Samples[i])...)
	}
	loss := metric.CrossEntropy(rows, truth, len(in.Classes), nil, 0)
	return &loss
}

// classBaselines are, from the simplest: the class with the most training photos,
// the network before training, and the nearest of the classes' mean features.
func classBaselines(in Input, parts map[string][]int, features [][]float64) []Baseline {
	targets, _, _ := columns(in.Samples, parts[Train])
	trained := indices(targets)
	counts, rows := make([]int, len(in.Classes)), make([][]float64, len(trained))
	for k, class := range trained {
		counts[class]++
		rows[k] = features[parts[Train][k]]
	}
	most := slices.Index(counts, slices.Max(counts))
	nearest := metric.FitNearestMean(rows, trained, len(in.Classes))
	untrained := func(s Sample) []float32 { return s.Untrained }

	var baselines []Baseline
	for _, rule := range []struct {
		name    string
		predict func(sample int) int
		outputs func(Sample) []float32 // nil where there are no probabilities
	}{
		{"majority", func(int) int { return most }, nil},
		{"untrained", func(i int) int { return metric.Largest(in.Samples[i].Untrained, len(in.Classes))[0] }, untrained},
		{"nearest_mean", func(i int) int { return nearest.Predict(features[i]) }, nil},
	} {
		judge := func(index []int) *Scores {
			if len(index) == 0 {
				return nil
			}
			values, _, _ := columns(in.Samples, index)
			truth, predicted := indices(values), make([]int, len(index))
			for n, i := range index {
				predicted[n] = rule.predict(i)
			}
			scores := hits(in, truth, predicted)
			if rule.outputs != nil {
				scores.CrossEntropy = crossEntropy(in, index, truth, rule.outputs)
			}
			return scores
		}
		baselines = append(baselines, Baseline{
			Name: rule.name, Validation: judge(parts[Validation]), Test: judge(parts[Test]),
		})
	}
	return baselines
}

// Classification judges the predicted probabilities and classes of the result's part
// beyond its scores.
type Classification struct {
	// Macro and Weighted are the means of the classes' scores.
	Macro    metric.ClassScore `json:"macro"`
	Weighted metric.ClassScore `json:"weighted"`
	// MacroF1Interval is nil where there are fewer than two individuals.
	MacroF1Interval *metric.Interval   `json:"macro_f1_interval,omitempty"`
	Brier           float64            `json:"brier"`
	Reliability     metric.Reliability `json:"reliability"`
	// Rankings are by class, each against all others, nil where the part shows only
	// the class, or none of it. The curves are those of two classes only, and have the
	// points that can be told apart.
	Rankings []*metric.Ranking `json:"rankings"`
	// Found is, of two classes, the share of the photos of the second that are found
	// while at most a tenth of the others are taken for it.
	Found *float64 `json:"found,omitempty"`
	// MacroAUC and MacroAveragePrecision are the means over the classes that are
	// ranked; nil where none is.
	MacroAUC              *float64 `json:"macro_auc,omitempty"`
	MacroAveragePrecision *float64 `json:"macro_average_precision,omitempty"`
	// Confused are the classes that are most often taken for each other.
	Confused []Pair `json:"confused"`
	Learning
}

// Learning tells how the training met the classes.
type Learning struct {
	// Weights are how much a photo of each class counts in the loss; nil where all
	// count alike.
	Weights []float64 `json:"weights,omitempty"`
	// Batches are the photos of each class in the first batches that trained; nil
	// where every photo trains once an epoch.
	Batches [][]int `json:"batches,omitempty"`
}

// bins is how many bins of confidence there are. Guo et al. take 10 for their diagrams
// and 15 for their tables; a part of a hundred photos fills no more than 10.
const bins = 10

// classify states what there is beyond the scores of the result's part.
func classify(in Input, part *Part, index []int) (*Classification, error) {
	values, predictions, names := columns(in.Samples, index)
	truth, predicted := indices(values), indices(predictions)
	c := &Classification{Learning: in.Learning}
	c.Macro, c.Weighted = part.Confusion.Averages()
	stream := rng.New(in.Seed, "bootstrap macro F1 "+part.Name)
	if interval, ok := metric.MacroF1Interval(truth, predicted, len(in.Classes), names, in.level(), Resamples, stream); ok {
		c.MacroF1Interval = &interval
	}
	var outputs []float32
	confidence, right := make([]float64, len(index)), make([]bool, len(index))
	for k, i := range index {
		outputs = append(outputs, in.Samples[i].Outputs...)
		confidence[k], right[k] = in.Samples[i].probability, truth[k] == predicted[k]
	}
	c.Brier = metric.Brier(outputs, truth, len(in.Classes))
	c.Reliability = metric.NewReliability(confidence, right, bins)
	c.Rankings = metric.RankClasses(outputs, truth, len(in.Classes))
	var areas, precisions []float64
	for _, r := range c.Rankings {
		if r == nil {
			continue
		}
		areas, precisions = append(areas, r.AUC), append(precisions, r.AveragePrecision)
		if len(in.Classes) > 2 {
			r.ROC, r.PrecisionRecall = nil, nil
			continue
		}
		found := 0.0 // at the end that of the second
		for _, p := range r.ROC {
			if p.X <= 0.1 {
				found = p.Y
			}
		}
		c.Found = &found
		r.ROC, r.PrecisionRecall = distinct(r.ROC), distinct(r.PrecisionRecall)
	}
	if len(areas) > 0 {
		auc, precision := metric.Mean(areas), metric.Mean(precisions)
		c.MacroAUC, c.MacroAveragePrecision = &auc, &precision
	}
	var err error
	c.Confused, err = confused(in, part, index)
	return c, err
}

// distinct returns the points of a curve that are at least a five-hundredth of an axis
// from the one before, and its last.
func distinct(curve []metric.Point) []metric.Point {
	const apart = 0.002
	var points []metric.Point
	for i, p := range curve {
		if n := len(points); n > 0 && i < len(curve)-1 && math.Abs(p.X-points[n-1].X) < apart && math.Abs(p.Y-points[n-1].Y) < apart {
			continue
		}
		points = append(points, p)
	}
	return points
}
