package kernel

var neon = &variant{"neon", tile{6, 16, tilesNEON[:], edgeNEON}, transposeVector, []*depthwiseKernels{depthwiseNEON}}

// detect needs to ask nothing: every arm64 processor has NEON.
func detect() []*variant { return []*variant{neon} }

var edges workshop

// edgeNEON is a whole tile between copies, since NEON knows no masks.
func edgeNEON(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
	const cols = 16
	s := edges.take()
	defer edges.giveBack(s)
	panel, block := grow(&s.b, k*cols), grow(&s.c, m*cols)
	for l := range k {
		copy(panel[l*cols:][:n], b[l*ldb:])
	}
	for i := range m {
		copy(block[i*cols:][:n], c[i*ldc:])
	}
	tilesNEON[m](block, cols, a, rs, ks, panel, cols, k, add)
	for i := range m {
		copy(c[i*ldc:][:n], block[i*cols:])
	}
}
