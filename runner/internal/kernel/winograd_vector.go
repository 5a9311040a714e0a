//go:build amd64 || arm64

package kernel

import "unsafe"

//go:generate go run gen_winograd.go gen_listing.go

// The transforms of Winograd's algorithm: whole vectors of 8 channels in assembly, the
// rest in the portable loop, which is the definition. The assembly is AVX2 or NEON;
// AVX-512 would gain nothing where stores set the pace.

func winogradInput(v []float32, spread spread, lines *[4][]float32, tiles, c int) {
	n := vectorLength(c)
	if n > 0 {
		winogradInputVector(&v[0], spread.position, spread.row, &lines[0][0], &lines[1][0], &lines[2][0], &lines[3][0], tiles, c, n)
	}
	winogradInputPortable(n, v, spread, lines, tiles, c)
}

func winogradOutput(first, second, m []float32, spread spread, bias []float32, tiles, c int) {
	n := vectorLength(c)
	if n > 0 {
		winogradOutputVector(&first[0], &second[0], &m[0], spread.position, spread.row, unsafe.SliceData(bias), tiles, c, n)
	}
	winogradOutputPortable(n, first, second, m, spread, bias, tiles, c)
}

func winogradWeights(u []float32, position int, w []float32, tap, n int) {
	whole := vectorLength(n)
	if whole > 0 {
		winogradWeightsVector(&u[0], position, &w[0], tap, whole)
	}
	winogradWeightsPortable(whole, u, position, w, tap, n)
}

func winogradGradient(z []float32, spread spread, top, bottom []float32, tiles, c, width int) {
	n := vectorLength(width)
	if n > 0 {
		winogradGradientVector(&z[0], spread.position, spread.row, &top[0], &bottom[0], tiles, c, n)
	}
	winogradGradientPortable(n, z, spread, top, bottom, tiles, c, width)
}

func winogradTaken(z []float32, spread spread, dy []float32, index []uint8, tiles, c, width int) {
	n := vectorLength(width)
	if n > 0 {
		winogradTakenVector(&z[0], spread.position, spread.row, &dy[0], &index[0], tiles, c, n)
	}
	winogradTakenPortable(n, z, spread, dy, index, tiles, c, width)
}

func winogradTaps(dw []float32, tap int, p []float32, position, n int) {
	whole := vectorLength(n)
	if whole > 0 {
		winogradTapsVector(&dw[0], tap, &p[0], position, whole)
	}
	winogradTapsPortable(whole, dw, tap, p, position, n)
}

// In assembly: …Vector does the channels, or pairs of channels, 0..n, with n > 0 a multiple of
// 8, of …Portable.

//go:noescape
func winogradInputVector(v *float32, position, row int, d0, d1, d2, d3 *float32, tiles, c, n int)

//go:noescape
func winogradOutputVector(first, second, m *float32, position, row int, bias *float32, tiles, c, n int)

//go:noescape
func winogradWeightsVector(u *float32, position int, w *float32, tap, n int)

//go:noescape
func winogradGradientVector(z *float32, position, row int, top, bottom *float32, tiles, c, n int)

//go:noescape
func winogradTakenVector(z *float32, position, row int, dy *float32, index *uint8, tiles, c, n int)

//go:noescape
func winogradTapsVector(dw *float32, tap int, p *float32, position, n int)
