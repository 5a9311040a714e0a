package kernel

import "golang.org/x/sys/cpu"

//go:generate go run gen_tile.go

var (
	avx2 = &variant{"avx2", tile{6, 16, func(m int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
		tilesAVX2[m](c, ldc, a, rs, ks, b, ldb, k, add)
	}}, transposeAVX2}
	avx512 = &variant{"avx512", tile{14, 32, func(m int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
		tilesAVX512[m](c, ldc, a, rs, ks, b, ldb, k, add)
	}}, transposeAVX2}
)

// detect lists what the processor has and the operating system saves the registers of.
func detect() []*variant {
	var list []*variant
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, avx2)
		if cpu.X86.HasAVX512F {
			list = append(list, avx512)
		}
	}
	return list
}

// A tileFunc is a tile of one height.
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

// transposeAVX2 is transposePortable in squares of 8x8.
func transposeAVX2(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
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
