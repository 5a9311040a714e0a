package kernel

import "biomass/runner/internal/rng"

// Dropout sets y to x / (1-p) where an element is kept and to 0 where it is
// dropped, with probability p in [0, 1] (Srivastava et al.: Dropout, JMLR 2014).
// Element i is kept if word i%4 of stream.Block(i/4), as a number in [0, 2^32), lies
// below (1-p)*2^32. So the choice is a function of the stream's name and i, and the
// same call on dy is the backward pass. y may be x.
func Dropout(y, x []float32, p float32, stream *rng.Stream) {
	requireLength("x", x, len(y))
	threshold, factor := survival(p)
	parallelSpans(len(y), func(from, to int) {
		for i := from; i < to; i += 4 { // from is a multiple of 4
			words := stream.Block(uint64(i) / 4)
			for k := range min(4, to-i) {
				y[i+k] = kept(x[i+k], uint64(words[k]) < threshold, factor)
			}
		}
	})
}

// StochasticDepth drops whole samples of x (n, size): sample i becomes 0 with
// probability p, else x / (1-p) (Huang et al.: Deep Networks with Stochastic Depth,
// ECCV 2016; torchvision's stochastic_depth in mode "row"). It is kept if word i%4 of
// stream.Block(i/4) lies below (1-p)*2^32. The same call on dy is the backward pass.
// y may be x.
func StochasticDepth(y, x []float32, p float32, n, size int, stream *rng.Stream) {
	requireLength("y", y, n*size)
	requireLength("x", x, n*size)
	threshold, factor := survival(p)
	Parallel(n, func(i int) {
		from, to := y[i*size:(i+1)*size], x[i*size:(i+1)*size]
		if uint64(stream.Block(uint64(i) / 4)[i%4]) < threshold {
			scaleBy(from, to, factor)
		} else {
			clear(from)
		}
	})
}

// survival is what a random word must lie below to keep an element that is dropped
// with probability p, and what the element is multiplied by then.
func survival(p float32) (threshold uint64, factor float32) {
	if !(p >= 0 && p <= 1) {
		panic("kernel: dropout probability is not between 0 and 1")
	}
	keep := 1 - float64(p)
	return uint64(keep * 0x1p32), float32(1 / keep)
}

func kept(x float32, keep bool, factor float32) float32 {
	if keep {
		return x * factor
	}
	return 0
}
