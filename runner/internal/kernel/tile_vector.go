//go:build amd64 || arm64

package kernel

//go:generate go run gen_tile.go gen_tile_neon.go gen_neon.go

// A tileFunc is tile.multiply of one height.
type tileFunc func(c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool)

// transpose8x8 is
//
//	for i := range 8 {
//		for j := range 8 {
//			dst[j*dstStride+i] = src[i*srcStride+j]
//		}
//	}
//
//go:noescape
func transpose8x8(dst []float32, dstStride int, src []float32, srcStride int)

// transposeVector is transposePortable in squares of 8x8.
func transposeVector(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
	r, c := rows&^7, cols&^7
	for i := 0; i < r; i += 8 {
		for j := 0; j < c; j += 8 {
			transpose8x8(dst[j*dstStride+i:], dstStride, src[i*srcStride+j:], srcStride)
		}
	}
	if c < cols {
		transposePortable(dst[c*dstStride:], dstStride, src[c:], srcStride, r, cols-c)
	}
	if r < rows {
		transposePortable(dst[r:], dstStride, src[r*srcStride:], srcStride, rows-r, cols)
	}
}
