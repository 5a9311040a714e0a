package metric

import (
	"math"
	"slices"

	"biomass/runner/internal/rng"
)

// Interval is a range of values that a figure may well have.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// RMSEInterval returns the bootstrap percentile interval of the RMSE at a level
// such as 0.95 (Efron and Tibshirani: An Introduction to the Bootstrap, 1993,
// chapter 13). Whole groups are drawn with replacement, because the photos of one
// individual err alike and single ones would make the interval too narrow; a
// sample without a group ("") is a group of its own. With fewer than two groups
// nothing can be said, and ok is false.
func RMSEInterval(truth, predicted []float64, groups []string, level float64, resamples int, stream *rng.Stream) (interval Interval, ok bool) {
	return meanInterval(errors(truth, predicted, square), groups, level, resamples, stream, math.Sqrt)
}

// meanInterval returns the interval of figure(mean of values).
func meanInterval(values []float64, groups []string, level float64, resamples int, stream *rng.Stream, figure func(mean float64) float64) (interval Interval, ok bool) {
	clusters := sumClusters(values, groups)
	if len(clusters) < 2 {
		return Interval{}, false
	}
	return percentiles(level, resamples, func() float64 {
		var sum, count float64
		for range clusters {
			c := clusters[stream.IntN(len(clusters))]
			sum += c.sum
			count += c.count
		}
		return figure(sum / count)
	}), true
}

// percentiles returns the interval that holds the given share of what draw returns,
// as much outside of it on either side.
func percentiles(level float64, resamples int, draw func() float64) Interval {
	drawn := make([]float64, resamples)
	for i := range drawn {
		drawn[i] = draw()
	}
	slices.Sort(drawn)
	tail := float64((1 - level) / 2)
	return Interval{Low: Quantile(drawn, tail), High: Quantile(drawn, 1-tail)}
}

// PairedRMSE returns by how much the RMSE of b exceeds that of a on the same
// samples, and the bootstrap interval of that difference: the same groups are
// drawn for both, so that what is hard for both cancels out. With fewer than two
// groups there is no interval, and ok is false.
func PairedRMSE(truth, a, b []float64, groups []string, level float64, resamples int, stream *rng.Stream) (difference float64, interval Interval, ok bool) {
	return paired(errors(truth, a, square), errors(truth, b, square), groups, level, resamples, stream, math.Sqrt)
}

// PairedAccuracy is as PairedRMSE for the share of samples whose class is right.
func PairedAccuracy(truth, a, b []float64, groups []string, level float64, resamples int, stream *rng.Stream) (difference float64, interval Interval, ok bool) {
	right := func(predicted []float64) []float64 {
		values := make([]float64, len(truth))
		for i, v := range truth {
			if predicted[i] == v {
				values[i] = 1
			}
		}
		return values
	}
	return paired(right(a), right(b), groups, level, resamples, stream, func(mean float64) float64 { return mean })
}

// paired returns figure(mean of b) - figure(mean of a) and its interval.
func paired(a, b []float64, groups []string, level float64, resamples int, stream *rng.Stream, figure func(mean float64) float64) (difference float64, interval Interval, ok bool) {
	inA, inB := sumClusters(a, groups), sumClusters(b, groups) // in the same order
	of := func(pick func(i int) int) float64 {
		var sumA, sumB, count float64
		for i := range inA {
			at := pick(i)
			sumA += inA[at].sum
			sumB += inB[at].sum
			count += inA[at].count
		}
		return figure(sumB/count) - figure(sumA/count)
	}
	difference = of(func(i int) int { return i })
	if len(inA) < 2 {
		return difference, Interval{}, false
	}
	return difference, percentiles(level, resamples, func() float64 {
		return of(func(int) int { return stream.IntN(len(inA)) })
	}), true
}

// cluster holds what a mean needs to know of one group.
type cluster struct{ sum, count float64 }

// sumClusters sums the values by group, groups in the order in which they first
// appear.
func sumClusters(values []float64, groups []string) []cluster {
	var clusters []cluster
	place := map[string]int{}
	for i, v := range values {
		at, known := place[groups[i]]
		if !known || groups[i] == "" {
			at = len(clusters)
			place[groups[i]] = at
			clusters = append(clusters, cluster{})
		}
		clusters[at].sum += v
		clusters[at].count++
	}
	return clusters
}
