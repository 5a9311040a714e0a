package kernel

import "math"

// FMA32 returns a*b + c, rounded once to the nearest float32 (ties to even), on
// every platform, subnormal results included.
//
// The product of two float32 is exact in float64. Adding c there and converting
// rounds twice, which is wrong only where the first rounding lands on a tie of the
// second, or where the result is subnormal and the second rounding keeps fewer
// bits than usual; those go the long way.
func FMA32(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b))
	s := p + float64(c)
	if delicate(s) {
		return roundOnce(p, float64(c), s)
	}
	return float32(s)
}

// delicate tells whether a sum that was rounded to s may not be rounded again.
func delicate(s float64) bool {
	return math.Float64bits(s)<<35 == 1<<63 || math.Abs(s) < 0x1p-126
}

// roundOnce returns p + c rounded once to float32, where s is p + c rounded to
// float64. It rounds the exact sum to odd at 53 bits first, after which a second
// rounding to at most 24 + 2 bits is exact (S. Boldo, G. Melquiond: Emulation of
// FMA and correctly rounded sums: proved algorithms using rounding to odd, IEEE
// Transactions on Computers 57, 2008).
//
//go:noinline
func roundOnce(p, c, s float64) float32 {
	// Error of the sum: Knuth's TwoSum, exact.
	q := s - p
	e := (p - (s - q)) + (c - q)
	bits := math.Float64bits(s)
	if e != 0 && bits&1 == 0 {
		if (e > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
	}
	return float32(math.Float64frombits(bits))
}
