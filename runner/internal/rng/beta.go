package rng

import (
	"math"

	"biomass/runner/internal/elementary"
)

// Beta returns a number from 0 to 1 of the beta distribution with both parameters
// alpha > 0: G/(G+H) of two gamma numbers, computed from their logarithms, which do not
// underflow where alpha is small.
func (s *Stream) Beta(alpha float64) float64 {
	g, h := s.logGamma(alpha), s.logGamma(alpha)
	return 1 / (1 + elementary.Exp(min(h-g, 700))) // e^700 is finite, and its inverse nothing
}

// logGamma returns the logarithm of a gamma number of this shape and scale 1, by the
// method of Marsaglia and Tsang (A Simple Method for Generating Gamma Variables, ACM TOMS
// 26, 2000) for the shape + 1, and by its section 6 for the shape itself: G * U^(1/shape).
func (s *Stream) logGamma(shape float64) float64 {
	d := shape + 1 - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.Normal()
		root := 1 + float64(c*x)
		if root <= 0 {
			continue
		}
		v := float64(root * root * root)
		logV := elementary.Log(v)
		if elementary.Log(s.open()) < float64(float64(x*x)/2)+d-float64(d*v)+float64(d*logV) {
			return elementary.Log(d) + logV + elementary.Log(s.open())/shape
		}
	}
}

// open returns a uniform number in (0, 1).
func (s *Stream) open() float64 { return s.Float64() + 0x1p-54 }
