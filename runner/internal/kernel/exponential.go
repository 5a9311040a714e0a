package kernel

import "math"

// The transcendental functions of float32: polynomials in fused multiply-adds, so that
// all variants do the same operations in the same order. Errors are in units of the last
// place (ulp) of the exact result, the largest that were measured: over every float32 of
// the domain for power (every eighth above 0), every fourth for sigmoids, every sixteenth
// for normal.

// ln2High + ln2Low = ln 2 to 48 bits. x - k*ln2High is exact where |x| < 88, k being
// the nearest integer to x / ln 2: it is a multiple of 2^-25 and less than 1/2.
const (
	ln2High = 0x1.62e430p-1
	ln2Low  = -0x1.05c610p-29
)

// expMagic is 1.5*2^23 + 127: a small number that is added to it is rounded to the
// nearest integer k (of two, the even one), and the sum's low bits are those of k+127,
// the exponent of the float32 2^k.
const expMagic = 0x1.8p23 + 127

// powerLimit is how far power reaches: e^-87 = 1.6e-38 is the last power that needs no
// subnormal number on the way.
const powerLimit = 87

// power returns e to the x for |x| <= powerLimit. With x = k ln 2 + r and |r| <= ln 2 / 2
// it is 2^k times the Taylor series of e^r of degree 7, whose remainder is below 2^-27.
// Its error is at most 0.94 ulp.
func power(x float32) float32 {
	t := FMA32(x, math.Log2E, expMagic)
	k := t - expMagic
	r := FMA32(k, -ln2High, x)
	r = FMA32(k, -ln2Low, r)
	p := FMA32(r, 1./5040, 1./720)
	p = FMA32(p, r, 1./120)
	p = FMA32(p, r, 1./24)
	p = FMA32(p, r, 1./6)
	p = FMA32(p, r, 1./2)
	p = FMA32(p, r, 1)
	p = FMA32(p, r, 1)
	return float32(p * math.Float32frombits(math.Float32bits(t)<<23))
}

// exponential returns e to the x for x <= 0, and 0 for x < -powerLimit.
func exponential(x float32) float32 {
	if x < -powerLimit {
		return 0
	}
	return power(x)
}

// sigmoids returns 1 / (1 + e^-x) and 1 less that, 1 / (1 + e^x). With e = e^-x, x being
// cut off at powerLimit, they are 1/(1+e) and e/(1+e), so that neither cancels; the first
// is 0 for x < -powerLimit, the second e^-powerLimit at least. Their errors are at most
// 2.5 and 2.8 ulp.
func sigmoids(x float32) (s, rest float32) {
	e := power(-atMost(powerLimit, atLeast(-powerLimit, x)))
	s = 1 / (1 + e)
	rest = float32(e * s)
	if x < -powerLimit {
		s = 0
	}
	return s, rest
}

// normalLimit is where the normal distribution ends: what lies beyond has a density
// below e^-98.
const normalLimit = 14

// tail are the coefficients of a polynomial P with
//
//	t * P(t) = e^(a*a/2) * (share of the standard normal distribution above a)
//	t        = 1 / (1 + a/4)
//
// for 0 <= a <= normalLimit: interpolated at the 10 Chebyshev nodes of that range of t,
// computed with 40 digits. Its relative error is below 2^-26, and it is nearly the sum of
// the moduli of its terms, so that nothing cancels.
var tail = [10]float32{
	0.0997517921878, 0.0994166231254, 0.0961508646744, 0.0690116360914, 0.0953755682802,
	-0.00367795935984, 0.0483180833782, 0.036615254974, -0.0563454642963, 0.015383603341,
}

// normal returns the share of the standard normal distribution below x, which is
// (1 + erf(x/sqrt 2)) / 2, and its density at x, e^(-x*x/2) / sqrt(2 pi). Their errors are
// at most 7.3 and 2.8 ulp where |x| < 13; both are 0 where e^(-x*x/2) is below e^-87.
func normal(x float32) (below, density float32) {
	a := atMost(normalLimit, abs(x))
	square := float32(a * a)
	lost := FMA32(a, a, -square) // in rounding, which would cost digits where a is large
	e := exponential(-0.5 * square)
	e = FMA32(e, -0.5*lost, e)
	t := 1 / FMA32(a, 0.25, 1)
	p := tail[9]
	for i := 8; i >= 0; i-- {
		p = FMA32(p, t, tail[i])
	}
	above := float32(e * (t * p))
	density = float32(e * 0.3989422804014327)
	if x < 0 {
		return above, density
	}
	return 1 - above, density
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// activationConstants are the numbers that activations are made of, each as a vector,
// where the assembly finds them.
var activationConstants = vectors(
	math.Float32frombits(1<<31), 1, 0.5, -0.5, 0.25, 1./3, 1./6, 3, -3, 6, -normalLimit, normalLimit, 0.3989422804014327,
	math.Log2E, expMagic, -ln2High, -ln2Low, -powerLimit, powerLimit, 1./5040, 1./720, 1./120, 1./24,
	tail[0], tail[1], tail[2], tail[3], tail[4], tail[5], tail[6], tail[7], tail[8], tail[9],
)

func vectors(numbers ...float32) []float32 {
	var all []float32
	for _, v := range numbers {
		all = append(all, v, v, v, v, v, v, v, v)
	}
	return all
}
