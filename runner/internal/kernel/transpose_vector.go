//go:build amd64 || arm64

package kernel

// transpose8 is, for cols a positive multiple of 8,
//
//	for i := range 8 {
//		for j := range cols {
//			dst[j*dstStride+i] = src[i*srcStride+j]
//		}
//	}
//
//go:noescape
func transpose8(dst []float32, dstStride int, src []float32, srcStride, cols int)

// transposeVector is transposePortable in squares of 8x8.
func transposeVector(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
	r, c := rows&^7, cols&^7
	for i := 0; i < r && c > 0; i += 8 {
		transpose8(dst[i:], dstStride, src[i*srcStride:], srcStride, c)
	}
	if c < cols {
		transposePortable(dst[c*dstStride:], dstStride, src[c:], srcStride, r, cols-c)
	}
	if r < rows {
		transposePortable(dst[r:], dstStride, src[r*srcStride:], srcStride, rows-r, cols)
	}
}
