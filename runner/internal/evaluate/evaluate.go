// Package evaluate owns the Evaluation: every figure that a report states about
// the data and the predictions, computed once, with a digest. It never renders,
// and it never sees a network: predictions come in beside the true values.
// Baselines are fitted on the training part and judged on the same split.
package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/metric"
)

// The parts of a split, in the order in which they are shown.
const (
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

var partNames = []string{Train, Validation, Test}

// Level, unless a recipe says otherwise, and Resamples define the bootstrap intervals of
// the result.
const (
	Level     = 0.95
	Resamples = 2000
)

// Input is what there is to judge.
type Input struct {
	Task, Unit, Target string
	// Classes of a classification; a true value is an index into them. Nil for a
	// regression.
	Classes []string
	// Features are the columns of a second input; nil where there is none.
	Features []string
	// Size is the height and width of the pixels, Channels 3 for RGB, 1 for gray.
	Size, Channels int
	// Samples are the rows that were kept, in the order of the table.
	Samples []Sample
	// Columns are the table's columns of numbers beside the target; nil where there
	// are none.
	Columns []Column
	// Copies has a number for each sample, which those share whose files are the same
	// bytes, and Alike one that those share whose photos have a likeness of Likeness or
	// more; nil, and 0, where photos were not compared.
	Copies, Alike []int
	Likeness      float64
	// Pixels returns the photo of Samples[i], (Size, Size, Channels); it is called
	// for every sample, in order, then again for some that are shown, and its result
	// is only read.
	Pixels func(i int) ([]uint8, error)
	// Attend returns the maps of where the network looks in some samples, each when it makes
	// the output of this index, and the name of the layer that they are of; no maps where the
	// network has none. It may be nil.
	Attend func(samples, outputs []int) (layer string, maps []Map, err error)
	// Seed of the bootstrap, and Level of its intervals; 0 stands for Level.
	Seed  uint64
	Level float64
	// Learning tells how the training of a classification met the classes.
	Learning Learning
	// Labels are columns by whose values errors are shown.
	Labels []Labels
}

// Column is a column of numbers, a value for each of Input.Samples, NaN where its
// cell is empty.
type Column struct {
	Name   string
	Values []float64
}

// Sample is one photo with its true and its predicted value in the original
// unit. A training sample that was not predicted has NaN.
type Sample struct {
	Line            int // in the table's file
	Image, Group    string
	Part            string
	True, Predicted float64
	// Outputs of the network, one a class, and of the network before training;
	// only of a classification, where Predicted follows from them. A training
	// sample may go without.
	Outputs, Untrained []float32
	// Features beside the photo, as the network sees them.
	Features    []float64
	probability float64 // of the class that is predicted
}

// Evaluation is everything that a report states about data and results. Its
// JSON is canonical: it brings back the same Evaluation, bit for bit.
type Evaluation struct {
	Task   string `json:"task"`
	Target string `json:"target"`
	Unit   string `json:"unit"`
	// Classes of a classification, by index; nil for a regression.
	Classes []string `json:"classes,omitempty"`
	// Whole says that every true value is a whole number, such as a count.
	Whole bool `json:"whole"`
	// Channels of the pixels, 1 for gray: the baselines see colours where there are any.
	Channels int `json:"channels"`
	// Headline is the part whose scores are the result: test, or validation
	// where there is no test part.
	Headline string `json:"headline"`
	// Level of the intervals.
	Level float64 `json:"interval_level"`
	// Parts are those that have samples, in the order train, validation, test.
	Parts     []Part     `json:"parts"`
	Baselines []Baseline `json:"baselines"`
	// Classification holds what else is stated of one; nil for a regression.
	Classification *Classification `json:"classification,omitempty"`
	// Histogram of the target of a regression, and where its network errs.
	Histogram   *Histogram   `json:"histogram,omitempty"`
	Regression  *Regression  `json:"regression,omitempty"`
	Predictions []Prediction `json:"predictions"`
	// Leaks are individuals and photos on two sides of the split.
	Leaks Leaks `json:"leaks"`
	Story Story `json:"story"`
	// Photos are samples to look at: of a regression by ascending true value, of a
	// classification those that the network gets right, then those it gets wrong.
	Photos []Photo `json:"photos"`
	// Attention is nil for a network without a map.
	Attention *Attention `json:"attention,omitempty"`
}

// Part describes one part of the split.
type Part struct {
	Name   string `json:"name"`
	Photos int    `json:"photos"`
	// Groups is how many individuals the photos show, 0 where they are unknown.
	Groups int `json:"groups"`
	// Trained is how many of these individuals the training part shows too.
	Trained int `json:"trained"`
	// Target summarises a regression's target, Counts has the photos of each class.
	Target *Summary `json:"target,omitempty"`
	Counts []int    `json:"counts,omitempty"`
	// Scores are nil for a part that was not predicted.
	Scores *Scores `json:"scores,omitempty"`
	// Interval of the RMSE or, for validation and test, of the accuracy; nil where
	// there are fewer than two individuals.
	Interval *metric.Interval `json:"interval,omitempty"`
	// Confusion and ClassScores tell the classes apart.
	Confusion   metric.Confusion    `json:"confusion,omitempty"`
	ClassScores []metric.ClassScore `json:"class_scores,omitempty"`
}

// Summary describes the distribution of the target.
type Summary struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Min       float64 `json:"min"`
	Q1        float64 `json:"q1"`
	Median    float64 `json:"median"`
	Q3        float64 `json:"q3"`
	Max       float64 `json:"max"`
}

// Scores judge N predictions: Errors those of a regression, Hits those of a
// classification; the other is nil.
type Scores struct {
	N int `json:"n"`
	*Errors
	*Hits
}

// Errors are scores in the target's unit, but for R2, MAPE and Spearman, which have none.
type Errors struct {
	MSE      float64 `json:"mse"`
	RMSE     float64 `json:"rmse"`
	MAE      float64 `json:"mae"`
	R2       float64 `json:"r2"`
	MedianAE float64 `json:"median_ae"`
	Bias     float64 `json:"bias"` // the mean of predicted - true
	// MAPE is nil where true values are too small for it, see metric.Proportional, and
	// Spearman where all predictions, or all true values, are the same.
	MAPE     *float64 `json:"mape,omitempty"`
	Spearman *float64 `json:"spearman,omitempty"`
	// Intervals are nil where there are fewer than two individuals.
	Intervals *metric.ErrorIntervals `json:"intervals,omitempty"`
	// Above compares a baseline with the network; nil for the network itself.
	Above *Difference `json:"above,omitempty"`
}

// Difference is by how much one RMSE exceeds another on the same photos; the bootstrap
// draws the same individuals for both. Without an interval nobody knows whether that is chance.
type Difference struct {
	RMSE     float64          `json:"rmse"`
	Interval *metric.Interval `json:"interval,omitempty"`
}

// Hits are scores of predicted classes.
type Hits struct {
	Accuracy         float64 `json:"accuracy"`
	BalancedAccuracy float64 `json:"balanced_accuracy"`
	MacroF1          float64 `json:"macro_f1"`
	WeightedF1       float64 `json:"weighted_f1"`
	// CrossEntropy is nil for a rule that gives no probabilities.
	CrossEntropy *float64 `json:"cross_entropy,omitempty"`
}

// Histogram counts the target of each part in shared bins.
type Histogram struct {
	Edges []float64 `json:"edges"`
	// Counts has one list of len(Edges)-1 counts for each of Evaluation.Parts.
	Counts [][]int `json:"counts"`
}

// Prediction is one predicted sample.
type Prediction struct {
	Line      int     `json:"line"`
	Image     string  `json:"image"`
	Group     string  `json:"group"`
	Part      string  `json:"part"`
	True      float64 `json:"true"`
	Predicted float64 `json:"predicted"`
	// Probability that a classification gives the predicted class.
	Probability float64 `json:"probability,omitempty"`
}

// Run computes the evaluation. It fails where a validation or test sample has no
// finite prediction.
func Run(in Input) (*Evaluation, error) {
	if in.Classes != nil {
		in.Samples = decide(in.Samples, len(in.Classes))
	}
	parts, err := divide(in.Samples)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{Task: in.Task, Target: in.Target, Unit: in.Unit, Classes: in.Classes, Headline: Test, Level: in.level(), Channels: in.Channels, Leaks: leaks(in)}
	if len(parts[Test]) == 0 {
		e.Headline = Validation
	}
	trained := groups(in.Samples, parts[Train])
	for _, name := range partNames {
		if len(parts[name]) > 0 {
			e.Parts = append(e.Parts, describe(in, name, parts[name], trained))
		}
	}
	e.Whole = true
	for _, s := range in.Samples {
		e.Whole = e.Whole && s.True == math.Floor(s.True)
		if finite(s.Predicted) {
			e.Predictions = append(e.Predictions, s.prediction())
		}
	}
	var chosen, largest []int
	if in.Classes != nil {
		chosen = chooseJudged(in.Samples, parts[e.Headline])
	} else {
		e.Histogram = histogram(in.Samples, e.Parts, e.Whole)
		chosen = choose(in.Samples, parts[e.Headline])
		largest = worst(in.Samples, parts[e.Headline])
		e.Regression = regression(in, parts[e.Headline])
	}
	features, photos, err := look(in, slices.Concat(chosen, largest))
	if err != nil {
		return nil, err
	}
	e.Photos = photos[:len(chosen):len(chosen)]
	if e.Regression != nil {
		e.Regression.Worst = photos[len(chosen):]
	}
	e.tell(in, parts, features)
	if e.Attention, err = attend(in, parts[e.Headline]); err != nil {
		return nil, err
	}
	if in.Classes != nil {
		e.Baselines = classBaselines(in, parts, features)
		if e.Classification, err = classify(in, e.Result(), parts[e.Headline]); err != nil {
			return nil, err
		}
	} else if e.Baselines, err = baselines(in, parts, features); err != nil {
		return nil, err
	}
	return e, nil
}

// prediction returns what is kept of a sample.
func (s Sample) prediction() Prediction {
	return Prediction{Line: s.Line, Image: s.Image, Group: s.Group, Part: s.Part, True: s.True, Predicted: s.Predicted, Probability: s.probability}
}

// Part returns the part of this name, nil where it has no samples.
func (e *Evaluation) Part(name string) *Part {
	for i := range e.Parts {
		if e.Parts[i].Name == name {
			return &e.Parts[i]
		}
	}
	return nil
}

// Result returns the part whose scores are the result.
func (e *Evaluation) Result() *Part { return e.Part(e.Headline) }

// Of returns the predictions for one part, in the order of the table.
func (e *Evaluation) Of(part string) []Prediction {
	var out []Prediction
	for _, p := range e.Predictions {
		if p.Part == part {
			out = append(out, p)
		}
	}
	return out
}

// PredictionsDigest returns the digest of the result's predictions: of the test
// part, or of validation where there is no test part.
func (e *Evaluation) PredictionsDigest() digest.Digest {
	d := digest.New("predictions").String(e.Headline)
	for _, p := range e.Of(e.Headline) {
		d.Int(int64(p.Line)).String(p.Image).String(p.Group).Float(p.True).Float(p.Predicted)
		if e.Classes != nil {
			d.Float(p.Probability)
		}
	}
	return d.Sum()
}

// Digest returns the digest of the whole evaluation.
func (e *Evaluation) Digest() (digest.Digest, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return digest.Digest{}, fmt.Errorf("encode the evaluation: %w", err)
	}
	return digest.New("evaluation").Bytes(data).Sum(), nil
}

// hugest bounds targets and predictions, so that no score overflows.
const hugest = 1e100

// divide returns the indices of each part's samples and checks that all that
// must be predicted is.
func divide(samples []Sample) (map[string][]int, error) {
	parts := map[string][]int{}
	for i, s := range samples {
		if s.Part != Train && s.Part != Validation && s.Part != Test {
			return nil, fmt.Errorf("evaluate row %d (%s): the part %q is not train, validation or test", s.Line, s.Image, s.Part)
		}
		if err := s.check(); err != nil {
			return nil, err
		}
		parts[s.Part] = append(parts[s.Part], i)
	}
	if len(parts[Train]) == 0 {
		return nil, fmt.Errorf("evaluate: the training part is empty, so that no baseline can be fitted")
	}
	if len(parts[Validation])+len(parts[Test]) == 0 {
		return nil, fmt.Errorf("evaluate: there is neither a validation nor a test part to judge: raise split.validation or split.test")
	}
	return parts, nil
}

// check wants figures that can be judged; training samples need no prediction.
func (s Sample) check() error {
	switch {
	case !(math.Abs(s.True) < hugest):
		return fmt.Errorf("evaluate row %d (%s): the target is %v", s.Line, s.Image, s.True)
	case s.Part != Train && !(math.Abs(s.Predicted) < hugest):
		return fmt.Errorf("evaluate row %d (%s): the network predicts %v: a lower train.optimizer rate may help", s.Line, s.Image, s.Predicted)
	}
	return nil
}

// describe summarises one part and scores its predictions where it has them all.
func describe(in Input, name string, index []int, trained map[string]bool) Part {
	p := Part{Name: name, Photos: len(index)}
	own := groups(in.Samples, index)
	p.Groups = len(own)
	for group := range own {
		if trained[group] {
			p.Trained++
		}
	}
	if in.Classes != nil {
		p.judgeClasses(in, index)
		return p
	}
	truth, predicted, names := columns(in.Samples, index)
	p.Target = summarize(truth)
	if !finite(metric.Sum(predicted)) {
		return p
	}
	p.Scores = score(in, name, truth, predicted, names)
	if intervals := p.Scores.Intervals; intervals != nil {
		p.Interval = &intervals.RMSE
	}
	return p
}

// columns returns true values, predictions and groups of the samples at index.
func columns(samples []Sample, index []int) (truth, predicted []float64, names []string) {
	for _, i := range index {
		truth = append(truth, samples[i].True)
		predicted = append(predicted, samples[i].Predicted)
		names = append(names, samples[i].Group)
	}
	return truth, predicted, names
}

func groups(samples []Sample, index []int) map[string]bool {
	set := map[string]bool{}
	for _, i := range index {
		if g := samples[i].Group; g != "" {
			set[g] = true
		}
	}
	return set
}

func summarize(values []float64) *Summary {
	sorted := metric.Sorted(values)
	return &Summary{
		Mean:      metric.Mean(values),
		Deviation: metric.Deviation(values),
		Min:       sorted[0],
		Q1:        metric.Quantile(sorted, 0.25),
		Median:    metric.Quantile(sorted, 0.5),
		Q3:        metric.Quantile(sorted, 0.75),
		Max:       sorted[len(sorted)-1],
	}
}

// mostBins is how many bins a histogram has at most.
const mostBins = 30

// edges returns bins that cover low to high. Those of whole numbers, such as
// counts of leaves, are centred on them, so that each holds equally many.
func edges(low, high float64, whole bool) []float64 {
	if !whole {
		return metric.RoundSteps(low, high, mostBins)
	}
	width := math.Ceil((high - low + 1) / mostBins)
	list := []float64{low - 0.5}
	for list[len(list)-1] < high {
		list = append(list, list[len(list)-1]+width)
	}
	return list
}

func histogram(samples []Sample, parts []Part, whole bool) *Histogram {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range parts {
		low, high = min(low, p.Target.Min), max(high, p.Target.Max)
	}
	return count(samples, parts, edges(low, high, whole && low != high))
}

// count counts the target of each part between these edges.
func count(samples []Sample, parts []Part, edges []float64) *Histogram {
	h := &Histogram{Edges: edges, Counts: make([][]int, len(parts))}
	place := map[string]int{}
	for i, p := range parts {
		place[p.Name] = i
	}
	for i := range h.Counts {
		h.Counts[i] = make([]int, len(h.Edges)-1)
	}
	for _, s := range samples {
		h.Counts[place[s.Part]][metric.Locate(h.Edges, s.True)]++
	}
	return h
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
