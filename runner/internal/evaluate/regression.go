package evaluate

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"biomass/runner/internal/metric"
	"biomass/runner/internal/rng"
)

// Regression says where a network errs: the predictions for the result's part, looked at
// from more sides. Errors are predicted - true.
type Regression struct {
	// Quarters are those of the part's photos by their true value; equal values stay
	// together, so that a quarter may have more photos, or none and be left out.
	Quarters []Slice `json:"quarters"`
	// By are the columns that name groups of individuals, such as their experiment.
	By []Grouping `json:"by,omitempty"`
	// Errors counts the photos by their error; 0 is an edge.
	Errors Bins `json:"errors"`
	// Against are columns of numbers beside the errors: first those that the network sees,
	// then those that go most with the target, those that are the Same last.
	Against []Against `json:"against,omitempty"`
	// Worst are the photos with the largest errors, the largest first.
	Worst []Photo `json:"worst"`
}

// Grouping shows the errors by the values of a column.
type Grouping struct {
	Column string  `json:"column"`
	Slices []Slice `json:"slices"`
}

// Slice is how the network does on some photos of a part.
type Slice struct {
	Value       string  `json:"value,omitempty"` // of the column that they share
	Low         float64 `json:"low"`             // the smallest true value
	High        float64 `json:"high"`
	Photos      int     `json:"photos"`
	Individuals int     `json:"individuals"` // 0 where they are unknown
	RMSE        float64 `json:"rmse"`
	MAE         float64 `json:"mae"`
	Bias        float64 `json:"bias"`
}

// Against is a column of numbers that errors can be shown against.
type Against struct {
	Column string `json:"column"`
	// Target and Errors are the correlations of the ranks of its values with those of the
	// target and of the errors; nil where all of these are the same.
	Target *float64 `json:"target,omitempty"`
	Errors *float64 `json:"errors,omitempty"`
	// Same says that the column goes with the target so well that it shows what the true
	// value shows, as a dry weight beside a fresh one.
	Same bool `json:"same,omitempty"`
	// Values are those of Evaluation.Of(Headline), nil for an empty cell.
	Values []*float64 `json:"values,omitempty"`
}

// Bins counts values between ascending edges.
type Bins struct {
	Edges  []float64 `json:"edges"`
	Counts []int     `json:"counts"`
}

// Labels is a column of texts, a value for each of Input.Samples.
type Labels struct {
	Column string
	Values []string
}

// level returns that of the intervals.
func (in Input) level() float64 {
	if in.Level == 0 {
		return Level
	}
	return in.Level
}

// score judges the predictions of a regression for one part. The bootstrap draws the same
// groups for everything that is judged on a part, so that intervals can be compared.
func score(in Input, part string, truth, predicted []float64, groups []string) *Scores {
	e := &Errors{
		MSE:      metric.MSE(truth, predicted),
		RMSE:     metric.RMSE(truth, predicted),
		MAE:      metric.MAE(truth, predicted),
		R2:       metric.R2(truth, predicted),
		MedianAE: metric.MedianAE(truth, predicted),
		Bias:     metric.Bias(truth, predicted),
	}
	if mape, ok := metric.MAPE(truth, predicted); ok {
		e.MAPE = &mape
	}
	if rho, ok := metric.Spearman(truth, predicted); ok {
		e.Spearman = &rho
	}
	stream := rng.New(in.Seed, "bootstrap "+part)
	if intervals, ok := metric.RegressionIntervals(truth, predicted, groups, in.level(), Resamples, stream); ok {
		e.Intervals = &intervals
	}
	return &Scores{N: len(truth), Errors: e}
}

// above compares predictions with those of the network.
func above(in Input, part string, truth, network, predicted []float64, groups []string) *Difference {
	stream := rng.New(in.Seed, "bootstrap "+part)
	difference, interval, ok := metric.PairedRMSE(truth, network, predicted, groups, in.level(), Resamples, stream)
	d := &Difference{RMSE: difference}
	if ok {
		d.Interval = &interval
	}
	return d
}

// mostWorst is how many of the largest errors are shown.
const mostWorst = 9

// worst returns the samples of a part with the largest errors, the largest first; of
// equal ones the first in the table.
func worst(samples []Sample, index []int) []int {
	order := slices.Clone(index)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(math.Abs(samples[b].Predicted-samples[b].True), math.Abs(samples[a].Predicted-samples[a].True))
	})
	return order[:min(mostWorst, len(order))]
}

// regression looks at the predictions for one part; its worst photos come later, with
// their pixels.
func regression(in Input, index []int) *Regression {
	r := &Regression{Quarters: quarters(in.Samples, index), Errors: errorBins(in.Samples, index), Against: against(in, index)}
	for _, labels := range in.Labels {
		if g := grouping(in.Samples, index, labels); g != nil {
			r.By = append(r.By, *g)
		}
	}
	return r
}

// slice judges some samples.
func slice(samples []Sample, index []int) Slice {
	truth, predicted, _ := columns(samples, index)
	return Slice{
		Low: slices.Min(truth), High: slices.Max(truth), Photos: len(index), Individuals: len(groups(samples, index)),
		RMSE: metric.RMSE(truth, predicted), MAE: metric.MAE(truth, predicted), Bias: metric.Bias(truth, predicted),
	}
}

// quarters divides samples by the quartiles of their true values; a value that equals one
// belongs below it.
func quarters(samples []Sample, index []int) []Slice {
	truth, _, _ := columns(samples, index)
	ascending := metric.Sorted(truth)
	var bounds [3]float64
	for k := range bounds {
		bounds[k] = metric.Quantile(ascending, float64(k+1)/4)
	}
	var members [4][]int
	for _, i := range index {
		k := 0
		for k < len(bounds) && samples[i].True > bounds[k] {
			k++
		}
		members[k] = append(members[k], i)
	}
	var all []Slice
	for _, own := range members {
		if len(own) > 0 {
			all = append(all, slice(samples, own))
		}
	}
	return all
}

// A column is shown where it has from 2 to mostValues values, of which at least two have
// leastPhotos photos.
const (
	mostValues  = 12
	leastPhotos = 5
)

// grouping divides samples by the values of a column, in the order of numbers where all
// values are; nil where that would show nothing. Samples without a value are left out.
func grouping(samples []Sample, index []int, labels Labels) *Grouping {
	members := map[string][]int{}
	var values []string
	numeric := true
	for _, i := range index {
		value := labels.Values[i]
		if value == "" {
			continue
		}
		if members[value] == nil {
			values = append(values, value)
			_, err := strconv.ParseFloat(value, 64)
			numeric = numeric && err == nil
		}
		members[value] = append(members[value], i)
	}
	large := 0
	for _, value := range values {
		if len(members[value]) >= leastPhotos {
			large++
		}
	}
	if large < 2 || len(values) > mostValues {
		return nil
	}
	slices.SortFunc(values, func(a, b string) int {
		if numeric {
			x, _ := strconv.ParseFloat(a, 64) // both are, or numeric would be false
			y, _ := strconv.ParseFloat(b, 64)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	g := &Grouping{Column: labels.Column}
	for _, value := range values {
		s := slice(samples, members[value])
		s.Value = value
		g.Slices = append(g.Slices, s)
	}
	return g
}

// errorBins counts samples by their error.
func errorBins(samples []Sample, index []int) Bins {
	low, high := 0.0, 0.0
	for _, i := range index {
		e := samples[i].Predicted - samples[i].True
		low, high = min(low, e), max(high, e)
	}
	b := Bins{Edges: metric.RoundSteps(low, high, mostBins)}
	b.Counts = make([]int, len(b.Edges)-1)
	for _, i := range index {
		b.Counts[metric.Locate(b.Edges, samples[i].Predicted-samples[i].True)]++
	}
	return b
}

// mostColumns is how many columns errors can be shown against.
const mostColumns = 12

// SameThing is the correlation with the target from which on a column is the target in
// other words.
const SameThing = 0.9

// against looks at the columns that have some values for a part's samples, and more than
// one.
func against(in Input, index []int) []Against {
	var all []Against
	rank := map[string]float64{} // by column: the first are the highest
	for _, column := range in.Columns {
		a := Against{Column: column.Name}
		var values, truth, errors []float64
		for _, i := range index {
			x, s := column.Values[i], in.Samples[i]
			if !finite(x) {
				a.Values = append(a.Values, nil)
				continue
			}
			a.Values = append(a.Values, &x)
			values, truth, errors = append(values, x), append(truth, s.True), append(errors, s.Predicted-s.True)
		}
		if len(values) < leastPhotos || slices.Min(values) == slices.Max(values) {
			continue
		}
		seen := slices.Contains(in.Features, column.Name)
		if rho, ok := metric.Spearman(values, truth); ok {
			a.Target, rank[a.Column] = &rho, math.Abs(rho)
			a.Same = math.Abs(rho) >= SameThing && !seen
		}
		if rho, ok := metric.Spearman(values, errors); ok {
			a.Errors = &rho
		}
		switch {
		case seen:
			rank[a.Column]++
		case a.Same:
			rank[a.Column]--
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b Against) int { return cmp.Compare(rank[b.Column], rank[a.Column]) })
	return all[:min(mostColumns, len(all))]
}
