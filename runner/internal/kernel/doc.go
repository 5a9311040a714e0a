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
// A convolution of 3x3 taps with stride 1 and padding 0 to 2, without groups or dilation,
// goes by Winograd's F(2x2, 3x3) where it has at least 8 input and output channels, its
// output is cut into more than one tile of 2x2 pixels a picture, and 16 times that number
// of tiles is less than 8 times the number of pixels. Its input gradient goes so where
// the convolution that it is (see below) does, its weight gradient where it does itself.
// N, the threads and the variant have no say. Windows, weights
// and gradients are transformed by float32 additions and halvings in the order that
// winograd_transform.go writes down, the 16 products are matrix products as above, with
// k the channels or, in the weight gradient, the tiles in the order (n, y, x), and the
// outputs are transformed back, after which a bias is added. What lies outside of a
// picture or hangs over its output is zero. The input gradient is the forward convolution
// of dy, padded by 2-Pad, with the taps turned by 180 degrees and transposed.
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
// Portable Go (tile.go, winograd_transform.go and their like) is the definition and is
// compiled on every platform. The assembly equals it bit for bit: avx2 and avx512 on amd64, where the processor has
// them, and neon on every arm64. Code vectorises, tiles and threads across output
// elements only, never along k.
package kernel
