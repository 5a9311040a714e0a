//go:build !amd64 && !arm64

package kernel

// The transforms of Winograd's algorithm, on processors that no assembly is written for.

func winogradInput(v []float32, spread spread, lines *[4][]float32, tiles, c int) {
	winogradInputPortable(0, v, spread, lines, tiles, c)
}

func winogradOutput(first, second, m []float32, spread spread, bias []float32, tiles, c int) {
	winogradOutputPortable(0, first, second, m, spread, bias, tiles, c)
}

func winogradWeights(u []float32, position int, w []float32, tap, n int) {
	winogradWeightsPortable(0, u, position, w, tap, n)
}

func winogradGradient(z []float32, spread spread, top, bottom []float32, tiles, c, width int) {
	winogradGradientPortable(0, z, spread, top, bottom, tiles, c, width)
}

func winogradTaken(z []float32, spread spread, dy []float32, index []uint8, tiles, c, width int) {
	winogradTakenPortable(0, z, spread, dy, index, tiles, c, width)
}

func winogradTaps(dw []float32, tap int, p []float32, position, n int) {
	winogradTapsPortable(0, dw, tap, p, position, n)
}
