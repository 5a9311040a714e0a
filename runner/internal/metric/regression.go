package metric

import (
	"cmp"
	"math"
	"slices"
)

// errors returns f(truth - predicted) for every pair.
func errors(truth, predicted []float64, f func(float64) float64) []float64 {
	if len(truth) != len(predicted) {
		panic("metric: as many predictions as true values are needed")
	}
	out := make([]float64, len(truth))
	for i := range out {
		out[i] = f(truth[i] - predicted[i])
	}
	return out
}

func square(x float64) float64 { return float64(x * x) }

// MSE returns the mean squared error, 0 of no values.
func MSE(truth, predicted []float64) float64 {
	return Mean(errors(truth, predicted, square))
}

// RMSE returns the root of the mean squared error.
func RMSE(truth, predicted []float64) float64 { return math.Sqrt(MSE(truth, predicted)) }

// MAE returns the mean absolute error, 0 of no values.
func MAE(truth, predicted []float64) float64 {
	return Mean(errors(truth, predicted, math.Abs))
}

// Huber returns the mean of half the squared error where that is below 1, and of
// the absolute error less a half elsewhere; 0 of no values (Huber: Robust
// Estimation of a Location Parameter, 1964).
func Huber(truth, predicted []float64) float64 {
	return Mean(errors(truth, predicted, func(d float64) float64 {
		if math.Abs(d) < 1 {
			return square(d) / 2
		}
		return math.Abs(d) - 0.5
	}))
}

// R2 returns the coefficient of determination: 1 less the squared error's share
// of the squared distance from the mean. Where every true value is the same,
// one single value included, there is nothing to explain: it is then 1 for
// perfect predictions and 0 for all others, and so always finite.
func R2(truth, predicted []float64) float64 {
	total := 0.0
	if !constant(truth) { // the rounding of the mean may leave equal values a distance from it
		total = Sum(squares(truth, Mean(truth)))
	}
	return explained(Sum(errors(truth, predicted, square)), total)
}

// explained returns which share of a squared distance the residual one leaves out.
func explained(residual, total float64) float64 {
	switch {
	case total > 0:
		return 1 - residual/total
	case residual == 0:
		return 1
	default:
		return 0
	}
}

// MedianAE returns the median of the absolute errors, the mean of the middle two where
// there is no middle one; 0 of no values.
func MedianAE(truth, predicted []float64) float64 {
	return Quantile(Sorted(errors(truth, predicted, math.Abs)), 0.5)
}

// MAPE returns the mean of the absolute errors as shares of their true values. It is
// for targets that are Proportional: ok is false for others.
func MAPE(truth, predicted []float64) (share float64, ok bool) {
	if !Proportional(truth) {
		return 0, false
	}
	shares := errors(truth, predicted, math.Abs)
	for i, v := range truth {
		shares[i] /= v
	}
	return Mean(shares), true
}

// leastShare is the share of the mean that the smallest of Proportional values has at least.
const leastShare = 0.1

// Proportional reports whether errors can be compared as shares of these values: all
// are above 0, and none is smaller than a tenth of their mean. Where one is, its
// error counts more than ten times what it would count beside the mean, and a few of
// the smallest values make the whole figure.
func Proportional(values []float64) bool {
	return len(values) > 0 && slices.Min(values) > 0 && slices.Min(values) >= float64(leastShare*Mean(values))
}

// Bias returns the mean of predicted - truth: positive where predictions are too large.
func Bias(truth, predicted []float64) float64 {
	return Mean(errors(truth, predicted, func(d float64) float64 { return -d }))
}

// Spearman returns the correlation of the ranks of two lists, equal values sharing the
// mean of their ranks (Spearman: The Proof and Measurement of Association between Two
// Things, 1904). Where all values of a list are equal, one single value included,
// there is no order to compare, and ok is false.
func Spearman(a, b []float64) (rho float64, ok bool) {
	if len(a) != len(b) {
		panic("metric: two lists of ranks have one length")
	}
	x, y := ranks(a), ranks(b)
	middle := float64(float64(len(a)+1) / 2) // on its own: not fused with what is subtracted
	product := func(a, b []float64) float64 {
		products := make([]float64, len(a))
		for i := range a {
			products[i] = float64((a[i] - middle) * (b[i] - middle))
		}
		return Sum(products)
	}
	xx, yy := product(x, x), product(y, y)
	if xx == 0 || yy == 0 {
		return 0, false
	}
	return product(x, y) / math.Sqrt(float64(xx*yy)), true
}

// ranks returns the rank of every value, 1 for the smallest, equal ones sharing the
// mean of theirs.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return out
}
