package kernel

import (
	"math"

	"biomass/runner/internal/rng"
)

// Dropout sets y to x / (1-p) where an element is kept and to 0 where it is
// dropped, with probability p in [0, 1] (Srivastava et al.: Dropout, JMLR 2014).
// Element i is kept if word i%4 of stream.Block(i/4), as a number in [0, 2^32), lies
// below (1-p)*2^32. So the choice is a function of the stream's name and i, and the
// same call on dy is the backward pass. y may be x.
func Dropout(y, x []float32, p float32, stream *rng.Stream) {
	requireLength("x", x, len(y))
	threshold, factor := survival(p)
	if threshold == 1<<32 { // all are kept
		parallelSpans(len(y), func(from, to int) { scaleBy(y[from:to], x[from:to], factor) })
		return
	}
	parallelSpans(len(y), func(from, to int) {
		drop(y[from:to], x[from:to], uint32(from/4), uint32(threshold), factor, stream)
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

// dropPortable does the elements from first on, a multiple of 4, of
//
//	for i: y[i] = x[i] * factor where word i%4 of stream.Block(block+i/4) < threshold, else 0
func dropPortable(first int, y, x []float32, block, threshold uint32, factor float32, stream *rng.Stream) {
	for i := first; i < len(y); i += 4 {
		words := stream.Block(uint64(block) + uint64(i/4))
		for k := range min(4, len(y)-i) {
			if words[k] < threshold {
				y[i+k] = x[i+k] * factor
			} else {
				y[i+k] = 0
			}
		}
	}
}

// dropoutConstants are what the assembly needs to draw the stream's blocks from the
// given one on, each as a vector: the two multipliers of Philox, the nonce, the first
// eight blocks, how far the next eight are, the threshold, the factor and the keys of the
// ten rounds.
func dropoutConstants(block, threshold uint32, factor float32, stream *rng.Stream) *[28][8]uint32 {
	var all [28][8]uint32
	key, nonce := stream.Name()
	numbers := [28]uint32{0xD2511F53, 0xCD9E8D57, nonce[0], nonce[1], block, 8, threshold, math.Float32bits(factor)}
	for round := range uint32(10) {
		numbers[8+2*round] = key[0] + round*0x9E3779B9
		numbers[9+2*round] = key[1] + round*0xBB67AE85
	}
	for i, v := range numbers {
		for lane := range all[i] {
			all[i][lane] = v
		}
	}
	for lane, offset := range [8]uint32{0, 2, 4, 6, 1, 3, 5, 7} {
		all[4][lane] += offset
	}
	return &all
}
