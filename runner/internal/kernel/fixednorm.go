package kernel

import "math"

// FixedNormForward is a batch norm whose statistics are given, not those of its rows: that
// of a layer that no longer trains. It normalises each of the c channels of x (rows, c), adds
// residual (rows, c; nil for none) and applies act, which with a residual is Identity or ReLU:
//
//	invStd = 1 / sqrt(variance + eps)
//	y      = act((x-mean) * (invStd*gamma) + beta + residual)
//
// scale (c) is set to invStd*gamma, for FixedNormBackward. y may be x or residual.
func FixedNormForward(y, x, residual, gamma, beta, mean, variance, scale []float32, eps float32, act Activation, rows, c int) {
	requireLength("y", y, rows*c)
	requireLength("x", x, rows*c)
	requireOptional("residual", residual, rows*c)
	requireLength("gamma", gamma, c)
	requireLength("beta", beta, c)
	requireLength("mean", mean, c)
	requireLength("variance", variance, c)
	requireLength("scale", scale, c)
	requireResidual(residual, act)
	for j := range scale {
		scale[j] = float32(1/math.Sqrt(float64(variance[j])+float64(eps))) * gamma[j]
	}
	parallelChunks(rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		normalize(act, y[lo:hi], x[lo:hi], cut(residual, lo, hi), mean, scale, beta, count, c)
	})
}

// FixedNormBackward is the gradient of FixedNormForward, given dy (rows, c), that function's
// x and what it left in y and scale:
//
//	dz = act.Backward(dy, (x-mean)*scale + beta)    (with a residual: dy where y > 0, else 0)
//	dx = dz * scale
//
// dResidual (rows, c; nil where there is no residual) is set to dz. y is used by ReLU with a
// residual only, and may be nil else. dx or dResidual may be dy.
func FixedNormBackward(dx, dResidual, dy, x, y, beta, mean, scale []float32, act Activation, rows, c int) {
	requireLength("dx", dx, rows*c)
	requireOptional("dResidual", dResidual, rows*c)
	requireLength("dy", dy, rows*c)
	requireLength("x", x, rows*c)
	requireLength("beta", beta, c)
	requireLength("mean", mean, c)
	requireLength("scale", scale, c)
	requireResidual(dResidual, act)
	if dResidual != nil {
		if act == ReLU {
			ReLU.Backward(dResidual, dy, y)
		} else if rows*c > 0 && &dResidual[0] != &dy[0] {
			copy(dResidual, dy)
		}
		dy, act = dResidual, Identity
	}
	zeros := singles.borrow(c)
	defer singles.giveBack(zeros)
	clear(*zeros)
	parallelChunks(rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		dz := dy[lo:hi]
		through := act
		if act >= SiLU {
			gradientOfNormalized(act, dx[lo:hi], dz, x[lo:hi], mean, scale, beta, count, c)
			dz, through = dx[lo:hi], Identity
		}
		normalizeGradient(through, dx[lo:hi], dz, x[lo:hi], mean, *zeros, *zeros, scale, beta, count, c)
	})
}
