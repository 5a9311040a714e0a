//go:build amd64 || arm64

package kernel

import "unsafe"

//go:generate go run gen_elementwise.go gen_elementwise_neon.go gen_neon.go

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
	n := vectorLength(c)
	if n > 0 {
		sumRowsVector(&sum[0], &x[0], rows, c, n)
	}
	sumRowsPortable(n, sum, x, rows, c)
}

func sumSquares(sum []float64, x, mean []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		sumSquaresVector(&sum[0], &x[0], &mean[0], rows, c, n)
	}
	sumSquaresPortable(n, sum, x, mean, rows, c)
}

func normalize(y, x, residual, mean, scale, shift []float32, low float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		normalizeVector(&y[0], &x[0], unsafe.SliceData(residual), &mean[0], &scale[0], &shift[0], rows, c, n, low)
	}
	normalizePortable(n, y, x, residual, mean, scale, shift, low, rows, c)
}

func sumGradients(sum, dot []float64, out, dy, x, y, mean []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		sumGradientsVector(&sum[0], &dot[0], unsafe.SliceData(out), &dy[0], &x[0], unsafe.SliceData(y), &mean[0], rows, c, n)
	}
	sumGradientsPortable(n, sum, dot, out, dy, x, y, mean, rows, c)
}

func normalizeGradient(dx, dy, x, y, mean, offset, slope, scale []float32, rows, c int) {
	n := vectorLength(c)
	if n > 0 {
		normalizeGradientVector(&dx[0], &dy[0], &x[0], unsafe.SliceData(y), &mean[0], &offset[0], &slope[0], &scale[0], rows, c, n)
	}
	normalizeGradientPortable(n, dx, dy, x, y, mean, offset, slope, scale, rows, c)
}

func addFloor(y, x, residual []float32, low float32) {
	n := vectorLength(len(y))
	if n > 0 {
		addFloorVector(&y[0], &x[0], unsafe.SliceData(residual), n, low)
	}
	addFloorPortable(n, y, x, residual, low)
}

func keepPositive(dx, dy, y []float32) {
	n := vectorLength(len(dx))
	if n > 0 {
		keepPositiveVector(&dx[0], &dy[0], &y[0], n)
	}
	activateGradientPortable(n, ReLU, dx, dy, y)
}

func maxWindow(y []float32, index []uint8, x []float32, w window) {
	n := vectorLength(len(y))
	if n > 0 {
		maxWindowVector(&y[0], unsafe.SliceData(index), &x[0], n, len(y), w.rows, w.columns, w.rowStep, w.first, w.width)
	}
	maxWindowPortable(n, y, index, x, w)
}

func addTaken(dx, dy []float32, index []uint8, pixels, c, step int, tap uint8) {
	n := vectorLength(c)
	if n > 0 {
		addTakenVector(&dx[0], &dy[0], &index[0], pixels, c, n, step, int(tap))
	}
	addTakenPortable(n, dx, dy, index, pixels, c, step, tap)
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
		if nesterov {
			flag = 1
		}
		sgdVector(&w[0], &g[0], unsafe.SliceData(b), flag, n, k)
	}
	sgdPortable(n, w, g, b, nesterov, k)
}

func activate(a Activation, y, x []float32) {
	if a == ReLU {
		addFloor(y, x, nil, 0)
		return
	}
	activatePortable(0, a, y, x)
}

func activateGradient(a Activation, dx, dy, x []float32) {
	if a == ReLU {
		keepPositive(dx, dy, x)
		return
	}
	activateGradientPortable(0, a, dx, dy, x)
}

func exponentials(y, x []float32, shift float32) { exponentialsPortable(0, y, x, shift) }

func scaleRows(y, x, s []float32, rows, c int) { scaleRowsPortable(0, y, x, s, rows, c) }

func sumProducts(sum []float64, dx, dy, x, s []float32, rows, c int) {
	sumProductsPortable(0, sum, dx, dy, x, s, rows, c)
}

func approach(a, w []float32, rest float32) { approachPortable(0, a, w, rest) }

func scaleBy(y, x []float32, factor float32) { scaleByPortable(0, y, x, factor) }

// sumRowsVector does the columns 0..n, n > 0 a multiple of 8, of
//
//	for j in 0..c: sum[j] = 0; for r in 0..rows: sum[j] += x[r*c+j]
//
//go:noescape
func sumRowsVector(sum *float64, x *float32, rows, c, n int)

// sumSquaresVector does the columns 0..n, n > 0 a multiple of 8, of
//
//	for j in 0..c: sum[j] = 0; for r in 0..rows: d = x[r*c+j] - mean[j]; sum[j] += float64(d)*float64(d)
//
//go:noescape
func sumSquaresVector(sum *float64, x, mean *float32, rows, c, n int)

// normalizeVector does the columns 0..n, n > 0 a multiple of 8, of
//
//	for r, j: y[r*c+j] = max(low, FMA32(x[r*c+j]-mean[j], scale[j], shift[j]) + residual[r*c+j])
//
//go:noescape
func normalizeVector(y, x, residual, mean, scale, shift *float32, rows, c, n int, low float32)

// sumGradientsVector does the columns 0..n, n > 0 a multiple of 8, of
//
//	for j in 0..c: sum[j], dot[j] = 0, 0; for r in 0..rows:
//		dz = dy[r*c+j] where y[r*c+j] > 0, else 0
//		sum[j] += float64(dz)
//		dot[j] += float64(dz) * float64(x[r*c+j]-mean[j])
//		out[r*c+j] = dz
//
// A nil y rectifies nothing, a nil out is not written.
//
//go:noescape
func sumGradientsVector(sum, dot *float64, out, dy, x, y, mean *float32, rows, c, n int)

// normalizeGradientVector does the columns 0..n, n > 0 a multiple of 8, of
//
//	for r, j: dz = dy[r*c+j] where y[r*c+j] > 0, else 0
//		dx[r*c+j] = FMA32(-(x[r*c+j]-mean[j]), slope[j], dz-offset[j]) * scale[j]
//
// A nil y rectifies nothing.
//
//go:noescape
func normalizeGradientVector(dx, dy, x, y, mean, offset, slope, scale *float32, rows, c, n int)

// addFloorVector does the elements 0..n, n > 0 a multiple of 8, of
//
//	for i: y[i] = max(low, x[i] + residual[i])
//
//go:noescape
func addFloorVector(y, x, residual *float32, n int, low float32)

// keepPositiveVector does the elements 0..n, n > 0 a multiple of 8, of
//
//	for i: dx[i] = dy[i] where y[i] > 0, else 0
//
//go:noescape
func keepPositiveVector(dx, dy, y *float32, n int)

// maxWindowVector does the channels 0..n, n > 0 a multiple of 8, of
//
//	for j in 0..c: y[j], index[j] = x[j], w.first
//		for r in 0..w.rows, s in 0..w.columns:
//			v = x[r*w.rowStep+s*c+j]
//			if v > y[j] or v is NaN: y[j], index[j] = v, w.first+r*w.width+s
//
//go:noescape
func maxWindowVector(y *float32, index *uint8, x *float32, n, c, rows, columns, rowStep, first, width int)

// addTakenVector does the channels 0..n, n > 0 a multiple of 8, of
//
//	for i in 0..pixels, j in 0..c: dx[i*step+j] += dy[i*c+j] where index[i*c+j] == tap, else 0
//
//go:noescape
func addTakenVector(dx, dy *float32, index *uint8, pixels, c, n, step, tap int)

// adamVector does the elements 0..n, n > 0 a multiple of 8, of
//
//	for i: d    = FMA32(w[i], k.decay, g[i])
//		m[i] = FMA32(d, k.rest1, k.beta1*m[i])
//		v[i] = FMA32(d*k.rest2, d, k.beta2*v[i])
//		w[i] += k.step*m[i] / (sqrt(v[i])/k.root + k.eps)
//
//go:noescape
func adamVector(w, grad, m, v *float32, n int, k *adamFactors)

// sgdVector does the elements 0..n, n > 0 a multiple of 8, of
//
//	for i: d    = FMA32(w[i], k.decay, g[i])
//		b[i] = k.momentum*b[i] + d;  d = nesterov ? FMA32(b[i], k.momentum, d) : b[i]    unless b is nil
//		w[i] = FMA32(d, k.step, w[i])
//
//go:noescape
func sgdVector(w, grad, b *float32, nesterov, n int, k *sgdFactors)
