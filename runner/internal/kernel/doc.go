// Package kernel owns the arithmetic: matrix products and convolutions, norms,
// pooling, activations, losses and optimiser steps on float32 slices. It knows
// shapes and numbers only: no files, no graph, no randomness of its own.
//
// Invariant, "numerics 1": the bits of a result never depend on the number of
// threads, the width of the vector registers, the kind of processor, where a
// buffer lies in memory, or the Go compiler's choice to fuse.
//
// # Layout
//
// Pictures are (N, H, W, C), C innermost. Weights of a convolution are
// (KH, KW, Cin/Groups, Cout). A dense layer is a convolution of 1x1 pictures.
//
// # Matrix products
//
// Forward convolution, its input gradient and its weight gradient are all one
// product C(i, j) = sum over k of A(i, k)*B(k, j). k is cut into blocks of Block
// terms. Within a block the sum is one chain in ascending k, rounded once a term,
// that starts from +0:
//
//	s = +0; for k in block: s = FMA32(A(i, k), B(k, j), s)
//
// The first block's sum is the start of the total and the sums of the following
// blocks are added to it in order; a bias is added last. Zeros of the padding are
// ordinary terms of the chain. What i, j and k are is said at [Conv.Forward],
// [Conv.InputGradient] and [Conv.WeightGradient].
//
// The error of a sum of K terms in blocks of n grows as sqrt(n + K/n). Blocks of 64
// keep it below twice PyTorch's from K = 64 to 25088; runner/BENCHMARKS.md has the
// figures.
//
// # Winograd
//
// Winograd's F(2x2, 3x3) computes a convolution of 3x3 taps with stride 1, padding 0 to 2,
// and neither groups nor dilation, if it has at least 8 input and output channels, if its
// output is cut into more than one tile of 2x2 pixels a picture, and if 16 times the number
// of tiles is less than 8 times the number of pixels. N, the threads and the variant do not
// matter. The weight gradient goes the same way as the convolution. The input gradient is a
// convolution itself, of dy padded by 2-Pad with the taps turned by 180 degrees and
// transposed, and goes the way of that one.
//
// Windows, weights and gradients are transformed by float32 additions and halvings in the
// order that winograd_transform.go writes down. The 16 products are matrix products as
// above, with k the channels or, in the weight gradient, the tiles in the order (n, y, x).
// The outputs are transformed back, then a bias is added. What lies outside of a picture or
// hangs over its output is zero.
//
// F(4x4, 3x3) needs 2.25 multiplications an output where this needs 4 and the direct sum
// 9, but misses the bar of twice PyTorch's error with any choice of points.
//
// # Sums
//
// Sums over pixels or a batch (batch norm, bias gradients, losses) are taken in float64,
// where the product of two float32 is exact, and rounded to float32 once. They are cut
// into chunks of chunkRows rows, added up in order within a chunk, and the chunks' sums
// in a binary tree that depends on their number alone; see [ColumnSum].
//
// # Activations
//
// Exponential, sigmoid and the normal distribution are polynomials of float32, written
// down in exponential.go with their errors. No variant calls another library's.
//
// # NaN
//
// That a result is NaN is part of the contract, its sign and payload are not.
//
// # Variants
//
// Portable Go is the definition, and is compiled on every platform. The assembly equals it
// bit for bit: avx2 and avx512 on amd64, where the processor has them, and neon on every
// arm64. Code vectorises, tiles and threads across output elements only, never along k.
//
// # Files
//
// An exported function checks shapes and shares its work out among threads. Forward and
// backward stand side by side:
//
//	conv.go                     convolutions, of which dense layers are one: forward, gradients
//	  matmul.go, tile.go        the matrix product that they are, and its innermost loop
//	  winograd*.go              those of 3x3 by Winograd's algorithm
//	  depthwise.go              those of one channel a group
//	  pooled.go                 those with the max pool behind them in the same pass
//	batchnorm.go                batch norm with activation and residual
//	activation.go               activations; exponential.go: the functions that they are made of
//	pool.go, subsample.go       pools; the shortcut without parameters
//	transpose.go                transposes of many matrices
//	scale.go, dropout.go        squeeze and excitation; dropout and stochastic depth
//	loss.go, crossentropy.go    losses
//	optimizer.go                steps of the optimisers
//	sum.go, fma.go              long sums; a float32 multiply-add that rounds once
//	parallel.go, memory.go      threads; memory that is kept from call to call
//	variant*.go                 which assembly runs
//
// A loop named foo is written three times. fooPortable, beside the function that needs it, is
// the definition, and its comment is the loop. fooVector is assembly. foo, in *_vector.go,
// gives whole vectors to the one and what is left to the other; in *_other.go, for platforms
// without assembly, all to fooPortable. The tiles of matrix products and the lines of
// depthwise convolutions are in a table instead, a function a size: [tile], [lineKernels].
//
// `go generate` writes all assembly: gen_tile.go that of tile.go and transpose.go, gen_winograd.go and
// gen_depthwise.go that of the files of their names, gen_elementwise.go all other loops, which
// gen_loops.go and gen_activation.go describe once for both processors.
package kernel
