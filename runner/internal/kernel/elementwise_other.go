//go:build !amd64 && !arm64

package kernel

// The loops whose pace memory sets, on processors that no assembly is written for.

func sumRows(sum []float64, x []float32, rows, c int) {
	sumRowsPortable(0, sum, x, rows, c)
}

func sumSquares(sum []float64, x, mean []float32, rows, c int) {
	sumSquaresPortable(0, sum, x, mean, rows, c)
}

func normalize(y, x, residual, mean, scale, shift []float32, low float32, rows, c int) {
	normalizePortable(0, y, x, residual, mean, scale, shift, low, rows, c)
}

func sumGradients(sum, dot []float64, out, dy, x, y, mean []float32, rows, c int) {
	sumGradientsPortable(0, sum, dot, out, dy, x, y, mean, rows, c)
}

func normalizeGradient(dx, dy, x, y, mean, offset, slope, scale []float32, rows, c int) {
	normalizeGradientPortable(0, dx, dy, x, y, mean, offset, slope, scale, rows, c)
}

func addFloor(y, x, residual []float32, low float32) {
	addFloorPortable(0, y, x, residual, low)
}

func keepPositive(dx, dy, y []float32) {
	activateGradientPortable(0, ReLU, dx, dy, y)
}

func maxWindow(y []float32, index []uint8, x []float32, w window) {
	maxWindowPortable(0, y, index, x, w)
}

func addTaken(dx, dy []float32, index []uint8, pixels, c, step int, tap uint8) {
	addTakenPortable(0, dx, dy, index, pixels, c, step, tap)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	adamPortable(0, w, g, m, v, k)
}

func sgd(w, g, b []float32, nesterov bool, k *sgdFactors) {
	sgdPortable(0, w, g, b, nesterov, k)
}

func activate(a Activation, y, x []float32) { activatePortable(0, a, y, x) }

func activateGradient(a Activation, dx, dy, x []float32) { activateGradientPortable(0, a, dx, dy, x) }

func exponentials(y, x []float32, shift float32) { exponentialsPortable(0, y, x, shift) }

func scaleRows(y, x, s []float32, rows, c int) { scaleRowsPortable(0, y, x, s, rows, c) }

func sumProducts(sum []float64, dx, dy, x, s []float32, rows, c int) {
	sumProductsPortable(0, sum, dx, dy, x, s, rows, c)
}

func approach(a, w []float32, rest float32) { approachPortable(0, a, w, rest) }

func scaleBy(y, x []float32, factor float32) { scaleByPortable(0, y, x, factor) }
