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
	mean.judge(in.Samples, parts, func(int) float64 { return centre })
	all := []Baseline{mean}
	if len(in.Features) > 0 {
		features := make([][]float64, len(in.Samples))
		for i, s := range in.Samples {
			features[i] = s.Features
		}
		linear := Baseline{Name: "linear", Columns: in.Features}
		if err := linear.regress(in.Samples, parts, targets, features); err != nil {
			return nil, err
		}
		all = append(all, linear)
	}
	ridge := Baseline{Name: "ridge"}
	err := ridge.regress(in.Samples, parts, targets, colours)
	return append(all, ridge), err
}

// regress fits a ridge regression of the targets of the training part to features, a
// sample each. The penalty is the one with the lowest error on validation, or a small
// one where there is no validation part.
func (b *Baseline) regress(samples []Sample, parts map[string][]int, targets []float64, features [][]float64) error {
	rows := make([][]float64, len(targets))
	for i, sample := range parts[Train] {
		rows[i] = features[sample]
	}
	grid := lambdas
	b.Penalties = len(lambdas)
	if len(parts[Validation]) == 0 {
		grid, b.Penalties = lambdas[2:3], 0
	}
	best := math.Inf(1)
	for _, lambda := range grid {
		r, err := metric.FitRidge(rows, targets, lambda)
		if err != nil {
			return err
		}
		candidate := *b
		candidate.Penalty = lambda
		candidate.judge(samples, parts, func(i int) float64 { return r.Predict(features[i]) })
		if candidate.Validation == nil || candidate.Validation.MSE < best {
			*b = candidate
			if b.Validation != nil {
				best = b.Validation.MSE
			}
		}
	}
	return nil
}

// judge scores what predict says of the samples of validation and test.
func (b *Baseline) judge(samples []Sample, parts map[string][]int, predict func(sample int) float64) {
	scoreOn := func(index []int) *Scores {
		if len(index) == 0 {
			return nil
		}
		truth, _, _ := columns(samples, index)
		predicted := make([]float64, len(index))
		for i, sample := range index {
			predicted[i] = predict(sample)
		}
		return score(truth, predicted)
	}
	b.Validation, b.Test = scoreOn(parts[Validation]), scoreOn(parts[Test])
}
