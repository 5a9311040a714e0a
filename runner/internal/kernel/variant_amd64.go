package kernel

import "golang.org/x/sys/cpu"

// An edgeFunc is tile.edge of one height.
type edgeFunc func(c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool, n int)

var (
	avx2 = &variant{"avx2", tile{6, 16, tilesAVX2[:], func(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
		if n <= 8 {
			narrowsAVX2[m](c, ldc, a, rs, ks, b, ldb, k, add, n)
		} else {
			edgesAVX2[m](c, ldc, a, rs, ks, b, ldb, k, add, n)
		}
	}}, transposeVector, []*depthwiseKernels{depthwiseAVX2}}
	avx512 = &variant{"avx512", tile{14, 32, tilesAVX512[:], func(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
		if n <= 16 {
			narrowsAVX512[m](c, ldc, a, rs, ks, b, ldb, k, add, n)
		} else {
			edgesAVX512[m](c, ldc, a, rs, ks, b, ldb, k, add, n)
		}
	}}, transposeVector, []*depthwiseKernels{depthwiseAVX512, depthwiseAVX2}}
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
