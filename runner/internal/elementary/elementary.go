// Package elementary owns the elementary functions of float64: exponential,
// logarithm, sine, cosine, hyperbolic tangent, power. Package math computes
// them with other instructions, and so other bits, on other processors; these
// use only operations that IEEE 754 rounds exactly (+ - * / sqrt and the fused
// multiply-add of math.FMA) in a fixed order, so that every machine gets the
// same bits. They are accurate to about one unit in the last place.
package elementary

import "math"

// ln2 = ln2Hi + ln2Lo, where k*ln2Hi is exact for |k| < 2^20.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns e to the x. It reduces x to r = x - k ln 2 with |r| <= ln 2 / 2
// and sums the Taylor series of degree 14, whose remainder is below 2^-57.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	k := math.RoundToEven(x / math.Ln2)
	r := math.FMA(-k, ln2Lo, math.FMA(-k, ln2Hi, x))
	p := 1.0 / 87178291200 // 1/14!
	for n, factorial := 13, 6227020800.0; n >= 0; n-- {
		p = math.FMA(p, r, 1/factorial)
		if n > 0 {
			factorial /= float64(n)
		}
	}
	return math.Ldexp(p, int(k))
}

// Log returns the natural logarithm of x. With x = m 2^e and m in
// [sqrt(1/2), sqrt 2) it is e ln 2 + 2 atanh((m-1)/(m+1)), the series of atanh
// summed to degree 21.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	p := 1.0 / 21
	for d := 19; d >= 3; d -= 2 {
		p = math.FMA(p, z, 1/float64(d))
	}
	// 2 atanh(s) = 2s + 2s^3 p, and 2s = f - s f exactly in the reals, which
	// keeps the leading term exact.
	tail := math.FMA(2*float64(s*z), p, -float64(s*f))
	k := float64(e)
	return float64(k*ln2Hi) + (f + (tail + float64(k*ln2Lo)))
}

// The first 33 bits of pi/2, the next 33, and what remains.
const (
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624879595063154e-21
)

// Sin returns the sine of x, in radians, for |x| < 2^20.
func Sin(x float64) float64 { return circular(x, 0) }

// Cos returns the cosine of x, in radians, for |x| < 2^20.
func Cos(x float64) float64 { return circular(x, 1) }

// circular returns sin(x + quarter pi/2): x is reduced to |r| <= pi/4 and the
// Taylor series of sine or cosine is summed to degree 17 or 18.
func circular(x float64, quarter int) float64 {
	if math.IsNaN(x) || math.Abs(x) >= 1<<20 {
		return math.NaN()
	}
	k := math.RoundToEven(x / (math.Pi / 2))
	r := math.FMA(-k, halfPi3, math.FMA(-k, halfPi2, math.FMA(-k, halfPi1, x)))
	z := float64(r * r)
	quadrant := (int(k) + quarter) & 3
	first := quadrant & 1 // 0: the odd series of sine, 1: the even one of cosine
	p := 1.0
	for n := 17 - first; n > 1; n -= 2 {
		p = math.FMA(-p*z, 1/float64(n*(n-1)), 1)
	}
	if first == 0 {
		p = float64(p * r)
	}
	if quadrant >= 2 {
		p = -p
	}
	return p
}

// Pow returns x to the y for x >= 0, as exp(y log x): its relative error grows
// with |y log x|.
func Pow(x, y float64) float64 {
	switch {
	case y == 0:
		return 1
	case x == 0 && y > 0:
		return 0
	}
	return Exp(float64(y * Log(x)))
}
