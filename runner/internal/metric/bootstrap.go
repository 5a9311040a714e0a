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

// ErrorIntervals are those of the figures of a regression.
type ErrorIntervals struct {
	RMSE Interval `json:"rmse"`
	MAE  Interval `json:"mae"`
	R2   Interval `json:"r2"`
}

// RegressionIntervals returns the bootstrap percentile intervals of RMSE, MAE and R² at
// a level such as 0.95 (Efron and Tibshirani: An Introduction to the Bootstrap, 1993,
// chapter 13). Whole groups are drawn with replacement, because the photos of one
// individual err alike and single ones would make the intervals too narrow; a
// sample without a group ("") is a group of its own. All figures are those of the same
// draws, and R² compares with the mean of what was drawn. With fewer than two groups
// nothing can be said, and ok is false.
func RegressionIntervals(truth, predicted []float64, groups []string, level float64, resamples int, stream *rng.Stream) (intervals ErrorIntervals, ok bool) {
	clusters := sumClusters(errors(truth, predicted, square), groups)
	if len(clusters) < 2 {
		return ErrorIntervals{}, false
	}
	distances := sumClusters(errors(truth, predicted, math.Abs), groups) // in the same order
	spreads := spreadClusters(truth, groups)
	drawn := make([]int, len(clusters))
	rmse, mae, r2 := make([]float64, resamples), make([]float64, resamples), make([]float64, resamples)
	for k := range resamples {
		var squared, distance, count float64
		for i := range drawn {
			drawn[i] = stream.IntN(len(clusters))
			squared += clusters[drawn[i]].sum
			distance += distances[drawn[i]].sum
			count += clusters[drawn[i]].count
		}
		rmse[k], mae[k] = math.Sqrt(squared/count), distance/count
		r2[k] = explained(squared, together(spreads, drawn))
	}
	return ErrorIntervals{middle(level, rmse), middle(level, mae), middle(level, r2)}, true
}

// spread holds what the squared distance of many values from their mean needs to know
// of one group: how many there are, their mean, and their own squared distance from it.
type spread struct{ count, mean, squares float64 }

// spreadClusters describes the values by group, in the order of sumClusters.
func spreadClusters(values []float64, groups []string) []spread {
	sums := sumClusters(values, groups)
	means := make([]spread, len(sums))
	for i, c := range sums {
		means[i] = spread{count: c.count, mean: c.sum / c.count}
	}
	for i, members := range clusterMembers(groups) {
		var own []float64
		for _, sample := range members {
			own = append(own, values[sample])
		}
		if constant(own) {
			means[i].mean = own[0]
			continue
		}
		means[i].squares = Sum(squares(own, means[i].mean))
	}
	return means
}

// together returns the squared distance of the values of all drawn groups from their
// common mean: that within the groups and that between them. It is 0 where all values
// are equal, whatever the rounding of their mean.
func together(groups []spread, drawn []int) float64 {
	first := groups[drawn[0]].mean
	var sum, count float64 // of the distances from first
	for _, i := range drawn {
		sum += float64(groups[i].count * (groups[i].mean - first))
		count += groups[i].count
	}
	centre, total := sum/count, 0.0
	for _, i := range drawn {
		d := groups[i].mean - first - centre
		total += groups[i].squares
		total += float64(groups[i].count * float64(d*d))
	}
	return total
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
	return middle(level, drawn)
}

// middle is as percentiles for what was drawn, which it sorts.
func middle(level float64, drawn []float64) Interval {
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

// sumClusters sums the values by group.
func sumClusters(values []float64, groups []string) []cluster {
	var clusters []cluster
	eachCluster(groups, func(i, at int) {
		if at == len(clusters) {
			clusters = append(clusters, cluster{})
		}
		clusters[at].sum += values[i]
		clusters[at].count++
	})
	return clusters
}

// clusterMembers returns the samples of each group.
func clusterMembers(groups []string) [][]int {
	var clusters [][]int
	eachCluster(groups, func(i, at int) {
		if at == len(clusters) {
			clusters = append(clusters, nil)
		}
		clusters[at] = append(clusters[at], i)
	})
	return clusters
}

// eachCluster calls visit with every sample and the number of its group: groups are
// numbered as they first appear, and a sample without one ("") is one of its own.
func eachCluster(groups []string, visit func(sample, cluster int)) {
	place, n := map[string]int{}, 0
	for i, group := range groups {
		at, known := place[group]
		if !known || group == "" {
			at = n
			place[group] = at
			n++
		}
		visit(i, at)
	}
}
