package evaluate

import (
	"math"

	"biomass/runner/internal/metric"
)

// Baseline is a simple rule that a network has to beat, fitted on the training
// part and judged on the same split. Scores are nil for a part without samples.
type Baseline struct {
	Name string `json:"name"` // mean, linear or ridge; nearest_mean, untrained or majority
	// Columns of the table that linear sees.
	Columns []string `json:"columns,omitempty"`
	// Penalty of a ridge regression, and of how many it is the best on the validation
	// part, 0 where there is none to choose on.
	Penalty    float64 `json:"penalty,omitempty"`
	Penalties  int     `json:"penalties,omitempty"`
	Validation *Scores `json:"validation,omitempty"`
	Test       *Scores `json:"test,omitempty"`
}

// On returns the scores on one part, nil where there are none.
func (b *Baseline) On(part string) *Scores {
	switch part {
	case Validation:
		return b.Validation
	case Test:
		return b.Test
	}
	return nil
}

// Baseline returns the baseline of this name, nil where there is none.
func (e *Evaluation) Baseline(name string) *Baseline {
	for i := range e.Baselines {
		if e.Baselines[i].Name == name {
			return &e.Baselines[i]
		}
	}
	return nil
}

// lambdas are tried in order; on a tie the first wins, so that the smallest
// adequate penalty is taken.
var lambdas = []float64{1e-4, 1e-3, 1e-2, 1e-1, 1, 10}

// baselines fits the mean and ridge regressions on the training part: to the colours
// of the photos and, where there are features beside them, to these alone.
func baselines(in Input, parts map[string][]int, colours [][]float64) ([]Baseline, error) {
	targets, _, _ := columns(in.Samples, parts[Train])
	centre := metric.Mean(targets)
	mean := Baseline{Name: "mean"}
	mean.judge(in, parts, func(int) float64 { return centre })
	all := []Baseline{mean}
	if len(in.Features) > 0 {
		features := make([][]float64, len(in.Samples))
		for i, s := range in.Samples {
			features[i] = s.Features
		}
		linear := Baseline{Name: "linear", Columns: in.Features}
		if err := linear.regress(in, parts, targets, features); err != nil {
			return nil, err
		}
		all = append(all, linear)
	}
	ridge := Baseline{Name: "ridge"}
	err := ridge.regress(in, parts, targets, colours)
	return append(all, ridge), err
}

// regress fits a ridge regression of the targets of the training part to features, a
// sample each. The penalty is the one with the lowest error on validation, or a small
// one where there is no validation part.
func (b *Baseline) regress(in Input, parts map[string][]int, targets []float64, features [][]float64) error {
	rows := make([][]float64, len(targets))
	for i, sample := range parts[Train] {
		rows[i] = features[sample]
	}
	grid := lambdas
	b.Penalties = len(lambdas)
	if len(parts[Validation]) == 0 {
		grid, b.Penalties = lambdas[2:3], 0
	}
	var best *metric.Ridge
	least := math.Inf(1)
	for _, lambda := range grid {
		r, err := metric.FitRidge(rows, targets, lambda)
		if err != nil {
			return err
		}
		truth, predicted := predictions(in.Samples, parts[Validation], func(i int) float64 { return r.Predict(features[i]) })
		if mse := metric.MSE(truth, predicted); best == nil || mse < least {
			best, least, b.Penalty = r, mse, lambda
		}
	}
	b.judge(in, parts, func(i int) float64 { return best.Predict(features[i]) })
	return nil
}

// predictions returns the true values of the samples at index and what predict says of them.
func predictions(samples []Sample, index []int, predict func(sample int) float64) (truth, predicted []float64) {
	truth, predicted, _ = columns(samples, index)
	for i, sample := range index {
		predicted[i] = predict(sample)
	}
	return truth, predicted
}

// judge scores what predict says of the samples of validation and test.
func (b *Baseline) judge(in Input, parts map[string][]int, predict func(sample int) float64) {
	scoreOn := func(part string) *Scores {
		if len(parts[part]) == 0 {
			return nil
		}
		truth, predicted := predictions(in.Samples, parts[part], predict)
		_, network, names := columns(in.Samples, parts[part])
		s := score(in, part, truth, predicted, names)
		s.Above = above(in, part, truth, network, predicted, names)
		return s
	}
	b.Validation, b.Test = scoreOn(Validation), scoreOn(Test)
}
