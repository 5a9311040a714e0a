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
// # Sums
//
// Sums over pixels or a batch (batch norm, bias gradients, losses) are taken in float64,
// where the product of two float32 is exact, and rounded to float32 once. They are cut
// into chunks of chunkRows rows, added up in order within a chunk, and the chunks' sums
// in a binary tree that depends on their number alone; see [ColumnSum].
//
// # NaN
//
// That a result is NaN is part of the contract, its sign and payload are not.
//
// # Variants
//
// Portable Go (tile.go) is the definition and is compiled on every platform. The
// assembly equals it bit for bit: avx2 and avx512 on amd64, where the processor has
// them, and neon on every arm64. Code vectorises, tiles and threads across output
// elements only, never along k.
package kernel
