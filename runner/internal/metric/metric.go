// Package metric owns the numbers that judge predictions: errors, hits and their
// intervals, summaries of values, round scales, and ridge regression as a
// baseline. Its figures stand in locks and reports, so they have the same bits
// on every platform: sums run in the order of their input, nothing is fused or
// taken from package math but what IEEE 754 rounds exactly. It never draws a
// random number but from a stream that it is given.
package metric

import (
	"math"
	"slices"
)

// Sum adds values in their order and carries the rounding error along
// (Neumaier: Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
// Summen, 1974), so that it is the exact sum, rounded, for all practical input.
func Sum(values []float64) float64 {
	var sum, lost float64
	for _, v := range values {
		next := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - next) + v
		} else {
			lost += (v - next) + sum
		}
		sum = next
	}
	return sum + lost
}

// Mean returns the arithmetic mean, 0 of no values.
func Mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return Sum(values) / float64(len(values))
}

// Deviation returns the standard deviation around the mean, dividing by n: 0 of
// fewer than two values.
func Deviation(values []float64) float64 {
	return math.Sqrt(Mean(squares(values, Mean(values))))
}

// SampleDeviation returns the standard deviation of values that stand for more of their
// kind, dividing by n-1: 0 of fewer than two values.
func SampleDeviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	return math.Sqrt(Sum(squares(values, Mean(values))) / float64(len(values)-1))
}

// squares returns the squared distance of every value from a centre.
func squares(values []float64, centre float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		d := v - centre
		out[i] = float64(d * d)
	}
	return out
}

// constant reports whether all values are equal; the rounding of their mean
// may leave them a distance from it.
func constant(values []float64) bool {
	for _, v := range values {
		if v != values[0] {
			return false
		}
	}
	return true
}

// Quantile returns the q-quantile, 0 <= q <= 1, of ascending values,
// interpolated linearly between the two nearest (definition 7 of Hyndman and
// Fan: Sample Quantiles in Statistical Packages, 1996). Of no values it is 0.
func Quantile(ascending []float64, q float64) float64 {
	if len(ascending) == 0 {
		return 0
	}
	position := float64(q * float64(len(ascending)-1))
	below := math.Floor(position)
	low := ascending[int(below)]
	high := ascending[min(int(below)+1, len(ascending)-1)]
	return math.FMA(position-below, high-low, low)
}

// Sorted returns the values in ascending order, the input left as it is.
func Sorted(values []float64) []float64 {
	out := slices.Clone(values)
	slices.Sort(out)
	return out
}
