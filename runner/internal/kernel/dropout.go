package kernel

import "biomass/runner/internal/rng"

// Dropout sets y to x / (1-p) where an element is kept and to 0 where it is
// dropped, with probability p in [0, 1] (Srivastava et al.: Dropout, JMLR 2014).
// Element i is kept if half i%2 (0: the low one) of the 64 bits stream.At(i/2),
// as a number in [0, 2^32), lies below (1-p)*2^32. So the choice is a function of
// the stream's name and i, and the same call on dy is the backward pass.
// y may be x.
func Dropout(y, x []float32, p float32, stream *rng.Stream) {
	requireLength("x", x, len(y))
	if !(p >= 0 && p <= 1) {
		panic("kernel: dropout probability is not between 0 and 1")
	}
	keep := 1 - float64(p)
	threshold, scale := uint64(keep*0x1p32), float32(1/keep)
	parallelSpans(len(y), func(from, to int) {
		for i := from; i < to; i++ { // from is even
			bits := stream.At(uint64(i) / 2)
			y[i] = kept(x[i], bits&0xFFFFFFFF < threshold, scale)
			if i++; i < to {
				y[i] = kept(x[i], bits>>32 < threshold, scale)
			}
		}
	})
}

func kept(x float32, keep bool, scale float32) float32 {
	if keep {
		return x * scale
	}
	return 0
}
