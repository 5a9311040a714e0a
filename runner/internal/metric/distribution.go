package metric

import "math"

// Skewness returns the adjusted Fisher-Pearson coefficient of skewness, the third
// central moment by the 3/2th power of the second, times sqrt(n(n-1))/(n-2), as
// pandas and scipy's skew(bias=False) define it: above 0 where the long tail is that
// of the large values. It reports false for fewer than three values and for values
// that are all equal.
func Skewness(values []float64) (float64, bool) {
	if len(values) < 3 || constant(values) {
		return 0, false
	}
	d, n := distances(values), float64(len(values))
	cubes := make([]float64, len(d))
	for i, v := range d {
		cubes[i] = float64(float64(v*v) * v)
	}
	second, third := Mean(squares(d, 0)), Mean(cubes)
	return math.Sqrt(n*(n-1)) / (n - 2) * third / float64(second*math.Sqrt(second)), true
}

// Pearson returns the correlation coefficient of the pairs (x[i], y[i]). It reports
// false for fewer than two pairs, and where x or y are all equal.
func Pearson(x, y []float64) (float64, bool) {
	if len(x) != len(y) {
		panic("metric: a correlation is of pairs")
	}
	if len(x) < 2 || constant(x) || constant(y) {
		return 0, false
	}
	a, b := distances(x), distances(y)
	products := make([]float64, len(a))
	for i := range a {
		products[i] = float64(a[i] * b[i])
	}
	r := Sum(products) / float64(math.Sqrt(Sum(squares(a, 0)))*math.Sqrt(Sum(squares(b, 0))))
	return min(max(r, -1), 1), true
}

// distances returns every value's distance from the mean, times a power of two so
// that no square or cube of it is too large or too small. Values must differ.
func distances(values []float64) []float64 {
	scale := func(list []float64) []float64 {
		largest := 0.0
		for _, v := range list {
			largest = max(largest, math.Abs(v))
		}
		_, exponent := math.Frexp(largest)
		out := make([]float64, len(list))
		for i, v := range list {
			out[i] = math.Ldexp(v, -exponent)
		}
		return out
	}
	d := scale(values)
	for range 2 { // the second mean is what the rounding of the first has left
		mean := Mean(d)
		for i := range d {
			d[i] -= mean
		}
	}
	return scale(d)
}

// KolmogorovSmirnov returns the two-sample distance: the largest difference between
// the shares of two lists of ascending values that are not above some value, 0 for
// the same distribution, 1 for values without overlap. There must be a value in each.
func KolmogorovSmirnov(a, b []float64) float64 {
	i, j, largest := 0, 0, 0
	for i < len(a) && j < len(b) {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		gap := i*len(b) - j*len(a)
		largest = max(largest, gap, -gap)
	}
	return float64(largest) / (float64(len(a)) * float64(len(b)))
}

// KolmogorovSmirnovLimit returns the two-sample distance that lists of n and m
// independent values of one distribution exceed in 1 of 20 cases, about, as long as
// they are not very short (Smirnov: On the Estimation of the Discrepancy between
// Empirical Curves of Distribution for Two Independent Samples, 1939).
func KolmogorovSmirnovLimit(n, m int) float64 {
	const twentieth = 1.3581015157406195 // sqrt(-ln(0.05/2)/2)
	return min(twentieth*math.Sqrt((float64(n)+float64(m))/(float64(n)*float64(m))), 1)
}
