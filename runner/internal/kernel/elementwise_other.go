//go:build !amd64 && !arm64

package kernel

import "biomass/runner/internal/rng"

// The loops whose pace memory sets, on processors that no assembly is written for.

func sumRows(sum []float64, x []float32, rows, c int) { sumRowsPortable(0, sum, x, rows, c) }

func sumMoments(sum, squares []float64, x []float32, rows, c int) {
	sumMomentsPortable(0, sum, squares, x, rows, c)
}

func normalize(act Activation, y, x, residual, mean, scale, shift []float32, rows, c int) {
	normalizePortable(0, act, y, x, residual, mean, scale, shift, rows, c)
}

func gradientOfNormalized(act Activation, dz, dy, x, mean, scale, shift []float32, rows, c int) {
	gradientOfNormalizedPortable(0, act, dz, dy, x, mean, scale, shift, rows, c)
}

func sumGradients(act Activation, sum, dot []float64, out, dy, x, y, mean, scale, shift []float32, rows, c int) {
	sumGradientsPortable(0, act, sum, dot, out, dy, x, y, mean, scale, shift, rows, c)
}

func normalizeGradient(act Activation, dx, dy, x, mean, offset, slope, scale, shift []float32, rows, c int) {
	normalizeGradientPortable(0, act, dx, dy, x, mean, offset, slope, scale, shift, rows, c)
}

func scaleRows(y, x, s []float32, rows, c int) { scaleRowsPortable(0, y, x, s, rows, c) }

func sumProducts(sum []float64, dx, dy, x, s []float32, rows, c int) {
	sumProductsPortable(0, sum, dx, dy, x, s, rows, c)
}

func activate(act Activation, y, x []float32) { activatePortable(0, act, y, x) }

func activateGradient(act Activation, dx, dy, x []float32) {
	activateGradientPortable(0, act, dx, dy, x)
}

func exponentials(y, x []float32, shift float32) { exponentialsPortable(0, y, x, shift) }

func addFloor(y, x, residual []float32, low float32) { addFloorPortable(0, y, x, residual, low) }

func scaleBy(y, x []float32, factor float32) { scaleByPortable(0, y, x, factor) }

func divideBy(y, x []float32, divisor float32) { divideByPortable(0, y, x, divisor) }

func lerp(a, w []float32, rest float32) { lerpPortable(0, a, w, rest) }

func adam(w, g, m, v []float32, k *adamFactors) { adamPortable(0, w, g, m, v, k) }

func sgd(w, g, b []float32, nesterov bool, k *sgdFactors) { sgdPortable(0, w, g, b, nesterov, k) }

func rmsprop(w, g, s, a, b []float32, k *rmspropFactors) { rmspropPortable(0, w, g, s, a, b, k) }

func drop(y, x []float32, block, threshold uint32, factor float32, stream *rng.Stream) {
	dropPortable(0, y, x, block, threshold, factor, stream)
}

func maxWindow(y []float32, index []uint8, x []float32, w window) {
	maxWindowPortable(0, y, index, x, w)
}

func maxTiles(y []float32, index []uint8, x, bias []float32, tiles, c, width, step, rowStep, start, keep int) {
	maxTilesPortable(0, y, index, x, bias, tiles, c, width, step, rowStep, start, keep)
}

func sumTaken(sum []float64, dy []float32, index []uint8, pixels, c int, row uint8) {
	sumTakenPortable(0, sum, dy, index, pixels, c, row)
}

func addTaken(dx, dy []float32, index []uint8, pixels, c, step int, tap uint8, keep int) {
	addTakenPortable(0, dx, dy, index, pixels, c, step, tap, keep)
}
