package kernel

var neon = &variant{"neon", tile{6, 16, func(m int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
	tilesNEON[m](c, ldc, a, rs, ks, b, ldb, k, add)
}}, transposeVector, []*lineKernels{linesNEON}}

// detect needs to ask nothing: every arm64 processor has NEON.
func detect() []*variant { return []*variant{neon} }
