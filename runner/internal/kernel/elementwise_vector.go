//go:build amd64 || arm64

package kernel

import (
	"unsafe"

	"biomass/runner/internal/rng"
)

//go:generate go run gen_elementwise.go gen_elementwise_neon.go gen_loops.go gen_activation.go gen_listing.go

// The loops whose pace memory sets: whole vectors of 8 channels or elements in
// assembly, the rest in the portable loop, which is the definition. The assembly is
// AVX2 or NEON; AVX-512 would gain nothing, so its variant has the code of AVX2. Where
// the definition gives a NaN all variants give a NaN; its sign and payload are the
// processor's choice.

// vectorLength is how many of n elements go into whole vectors, none in the
// portable variant.
func vectorLength(n int) int {
	if active == portable {
		return 0
	}
	return n &^ 7
}

func sumRows(sum []float64, x []float32, rows, c int) {
	n := vectorLength(len(sum))
	if n > 0 {
		sumRowsVector(&sum[0], &x[0], rows, c, n)
	}
	sumRowsPortable(n, sum, x, rows, c)
}

func sumMoments(sum, squares []float64, x []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		sumMomentsVector(&sum[0], &squares[0], &x[0], rows, c, n)
	}
	sumMomentsPortable(n, sum, squares, x, rows, c)
}

func normalize(act Activation, y, x, residual, mean, scale, shift []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		normalizeVector(int(act), &y[0], &x[0], unsafe.SliceData(residual), &mean[0], &scale[0], &shift[0], rows, c, n, &activationConstants[0])
	}
	normalizePortable(n, act, y, x, residual, mean, scale, shift, rows, c)
}

func gradientOfNormalized(act Activation, dz, dy, x, mean, scale, shift []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		gradientOfNormalizedVector(int(act), &dz[0], &dy[0], &x[0], &mean[0], &scale[0], &shift[0], rows, c, n, &activationConstants[0])
	}
	gradientOfNormalizedPortable(n, act, dz, dy, x, mean, scale, shift, rows, c)
}

func sumGradients(act Activation, sum, dot []float64, out, dy, x, y, mean, scale, shift []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		sumGradientsVector(int(act), &sum[0], &dot[0], unsafe.SliceData(out), &dy[0], &x[0], unsafe.SliceData(y), &mean[0], &scale[0], &shift[0], rows, c, n, &activationConstants[0])
	}
	sumGradientsPortable(n, act, sum, dot, out, dy, x, y, mean, scale, shift, rows, c)
}

func normalizeGradient(act Activation, dx, dy, x, mean, offset, slope, scale, shift []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		normalizeGradientVector(int(act), &dx[0], &dy[0], &x[0], &mean[0], &offset[0], &slope[0], &scale[0], &shift[0], rows, c, n, &activationConstants[0])
	}
	normalizeGradientPortable(n, act, dx, dy, x, mean, offset, slope, scale, shift, rows, c)
}

func scaleRows(y, x, s []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		scaleRowsVector(&y[0], &x[0], &s[0], rows, c, n)
	}
	scaleRowsPortable(n, y, x, s, rows, c)
}

func sumProducts(sum []float64, dx, dy, x, s []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		sumProductsVector(&sum[0], &dx[0], &dy[0], &x[0], &s[0], rows, c, n)
	}
	sumProductsPortable(n, sum, dx, dy, x, s, rows, c)
}

func activate(act Activation, y, x []float32) {
	n := vectorLength(len(y))
	if n > 0 {
		activateVector(int(act), &y[0], &x[0], n, &activationConstants[0])
	}
	activatePortable(n, act, y, x)
}

func activateGradient(act Activation, dx, dy, x []float32) {
	n := vectorLength(len(dx))
	if n > 0 {
		activateGradientVector(int(act), &dx[0], &dy[0], &x[0], n, &activationConstants[0])
	}
	activateGradientPortable(n, act, dx, dy, x)
}

func exponentials(y, x []float32, shift float32) {
	n := vectorLength(len(y))
	if n > 0 {
		exponentialsVector(&y[0], &x[0], n, &activationConstants[0], shift)
	}
	exponentialsPortable(n, y, x, shift)
}

func addFloor(y, x, residual []float32, low float32) {
	n := vectorLength(len(y))
	if n > 0 {
		addFloorVector(&y[0], &x[0], &residual[0], n, low)
	}
	addFloorPortable(n, y, x, residual, low)
}

func scaleBy(y, x []float32, factor float32) {
	n := vectorLength(len(y))
	if n > 0 {
		scaleByVector(&y[0], &x[0], n, factor)
	}
	scaleByPortable(n, y, x, factor)
}

func divideBy(y, x []float32, divisor float32) {
	n := vectorLength(len(y))
	if n > 0 {
		divideByVector(&y[0], &x[0], n, divisor)
	}
	divideByPortable(n, y, x, divisor)
}

func lerp(a, w []float32, rest float32) {
	n := vectorLength(len(a))
	if n > 0 {
		lerpVector(&a[0], &w[0], n, rest)
	}
	lerpPortable(n, a, w, rest)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	n := vectorLength(len(w))
	if n > 0 {
		adamVector(&w[0], &g[0], &m[0], &v[0], n, k)
	}
	adamPortable(n, w, g, m, v, k)
}

func sgd(w, g, b []float32, nesterov bool, k *sgdFactors) {
	n := vectorLength(len(w))
	if n > 0 {
		flag := 0
		if nesterov && b != nil {
			flag = 1
		}
		sgdVector(&w[0], &g[0], unsafe.SliceData(b), flag, n, k)
	}
	sgdPortable(n, w, g, b, nesterov, k)
}

func rmsprop(w, g, s, a, b []float32, k *rmspropFactors) {
	n := vectorLength(len(w))
	if n > 0 {
		rmspropVector(&w[0], &g[0], &s[0], unsafe.SliceData(a), unsafe.SliceData(b), n, k)
	}
	rmspropPortable(n, w, g, s, a, b, k)
}

func drop(y, x []float32, block, threshold uint32, factor float32, stream *rng.Stream) {
	n := vectorLength(len(y)) &^ 31
	if n > 0 {
		dropVector(&y[0], &x[0], n, dropoutConstants(block, threshold, factor, stream))
	}
	dropPortable(n, y, x, block, threshold, factor, stream)
}

func maxWindow(y []float32, index []uint8, x []float32, w window) {
	n := vectorLength(len(y))
	if n > 0 {
		maxWindowVector(&y[0], unsafe.SliceData(index), &x[0], n, len(y), w.rows, w.columns, w.rowStep, w.first, w.width, w.start, w.keep)
	}
	maxWindowPortable(n, y, index, x, w)
}

func maxTiles(y []float32, index []uint8, x, bias []float32, tiles, c, width, step, rowStep, start, keep int) {
	n := vectorLength(width)
	if n > 0 {
		maxTilesVector(&y[0], unsafe.SliceData(index), &x[0], unsafe.SliceData(bias), tiles, n, c, step, rowStep, start, keep)
	}
	if n < width { // else it would still go over the tiles
		maxTilesPortable(n, y, index, x, bias, tiles, c, width, step, rowStep, start, keep)
	}
}

func sumTaken(sum []float64, dy []float32, index []uint8, pixels, c int, row uint8) {
	n := vectorLength(c)
	if n > 0 && pixels > 0 {
		sumTakenVector(&sum[0], &dy[0], &index[0], pixels, c, n, int(row))
	}
	sumTakenPortable(n, sum, dy, index, pixels, c, row)
}

func addTaken(dx, dy []float32, index []uint8, pixels, c, step int, tap uint8, keep int) {
	n := vectorLength(c)
	if n > 0 {
		addTakenVector(&dx[0], &dy[0], &index[0], pixels, c, n, step, int(tap), keep)
	}
	addTakenPortable(n, dx, dy, index, pixels, c, step, tap, keep)
}

// In assembly: of what a loop of the name …Portable does, …Vector does the columns or elements
// 0..n, with n > 0 a multiple of 8, of dropVector one of 32. constants are those of activations.

//go:noescape
func sumRowsVector(sum *float64, x *float32, rows, c, n int)

//go:noescape
func sumMomentsVector(sum, squares *float64, x *float32, rows, c, n int)

//go:noescape
func normalizeVector(act int, y, x, residual, mean, scale, shift *float32, rows, c, n int, constants *float32)

//go:noescape
func gradientOfNormalizedVector(act int, dz, dy, x, mean, scale, shift *float32, rows, c, n int, constants *float32)

//go:noescape
func sumGradientsVector(act int, sum, dot *float64, out, dy, x, y, mean, scale, shift *float32, rows, c, n int, constants *float32)

//go:noescape
func normalizeGradientVector(act int, dx, dy, x, mean, offset, slope, scale, shift *float32, rows, c, n int, constants *float32)

//go:noescape
func scaleRowsVector(y, x, s *float32, rows, c, n int)

//go:noescape
func sumProductsVector(sum *float64, dx, dy, x, s *float32, rows, c, n int)

//go:noescape
func activateVector(act int, y, x *float32, n int, constants *float32)

//go:noescape
func activateGradientVector(act int, dx, dy, x *float32, n int, constants *float32)

//go:noescape
func exponentialsVector(y, x *float32, n int, constants *float32, shift float32)

//go:noescape
func addFloorVector(y, x, residual *float32, n int, low float32)

//go:noescape
func scaleByVector(y, x *float32, n int, factor float32)

//go:noescape
func divideByVector(y, x *float32, n int, divisor float32)

//go:noescape
func lerpVector(a, w *float32, n int, rest float32)

//go:noescape
func adamVector(w, grad, m, v *float32, n int, k *adamFactors)

//go:noescape
func sgdVector(w, grad, b *float32, nesterov, n int, k *sgdFactors)

//go:noescape
func rmspropVector(w, grad, s, a, b *float32, n int, k *rmspropFactors)

//go:noescape
func dropVector(y, x *float32, n int, constants *[28][8]uint32)

//go:noescape
func maxWindowVector(y *float32, index *uint8, x *float32, n, c, rows, columns, rowStep, first, width, start, keep int)

//go:noescape
func maxTilesVector(y *float32, index *uint8, x, bias *float32, tiles, n, c, step, rowStep, start, keep int)

//go:noescape
func sumTakenVector(sum *float64, dy *float32, index *uint8, pixels, c, n, row int)

//go:noescape
func addTakenVector(dx, dy *float32, index *uint8, pixels, c, n, step, tap, keep int)
