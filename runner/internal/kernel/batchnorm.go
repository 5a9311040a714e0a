package kernel

import "math"

// BatchNormForward normalises each of the c channels of x (rows, c) by the mean
// and variance of its rows (Ioffe and Szegedy: Batch Normalization, ICML 2015,
// algorithm 1), then adds residual (rows, c; nil for none), then applies act; with a
// residual that is Identity or ReLU:
//
//	mean     = sum(x) / rows
//	variance = sum((x-mean)^2) / rows
//	invStd   = 1 / sqrt(variance + eps)
//	y        = act((x-mean) * (invStd*gamma) + beta + residual)
//
// mean and invStd (c) are kept for BatchNormBackward. The running statistics
// follow as in PyTorch, with the unbiased variance:
//
//	runningMean = (1-momentum)*runningMean + momentum*mean
//	runningVar  = (1-momentum)*runningVar  + momentum*variance*rows/(rows-1)
//
// The variance is a second pass over the rows, so that a mean far from zero
// costs no digits. y may be x or residual. It takes two rows at least.
func BatchNormForward(y, x, residual []float32, gamma, beta, mean, invStd, runningMean, runningVar []float32, momentum, eps float32, act Activation, rows, c int) {
	requireLength("y", y, rows*c)
	requireLength("x", x, rows*c)
	requireOptional("residual", residual, rows*c)
	requireLength("gamma", gamma, c)
	requireLength("beta", beta, c)
	requireLength("mean", mean, c)
	requireLength("invStd", invStd, c)
	requireLength("runningMean", runningMean, c)
	requireLength("runningVar", runningVar, c)
	requireResidual(residual, act)
	if rows < 2 {
		panic("kernel: batch statistics need two rows")
	}

	wide, narrow := doubles.borrow(c), singles.borrow(c)
	defer doubles.giveBack(wide)
	defer singles.giveBack(narrow)
	sums, scale := *wide, *narrow
	n := float64(rows)
	columnSums(sums, x, rows, c)
	for j, s := range sums {
		mean[j] = float32(s / n)
	}
	sumChunks(sums, rows, func(part []float64, from, count int) {
		sumSquares(part, x[from*c:], mean, count, c)
	})
	for j, s := range sums {
		invStd[j] = float32(1 / math.Sqrt(s/n+float64(eps)))
		scale[j] = invStd[j] * gamma[j]
		runningMean[j] = blend(runningMean[j], mean[j], momentum)
		runningVar[j] = blend(runningVar[j], float32(s/(n-1)), momentum)
	}
	parallelChunks(rows, func(_, from, count int) {
		inCache(from, count, c, func(lo, hi, rows int) {
			normalize(y[lo:hi], x[lo:hi], cut(residual, lo, hi), mean, scale, beta, floor(act == ReLU), rows, c)
			if act > ReLU {
				activate(act, y[lo:hi], y[lo:hi])
			}
		})
	})
}

// inCache runs f on pieces of the count rows starting at from that stay in the
// nearest cache while several loops go over them: elements lo to hi, in whole rows.
// Only loops without sums may be cut so.
func inCache(from, count, c int, f func(lo, hi, rows int)) {
	const elements = 1 << 12
	step := max(1, elements/c)
	for end := from + count; from < end; from += step {
		rows := min(step, end-from)
		f(from*c, (from+rows)*c, rows)
	}
}

// requireResidual panics where the gradient would need the sum before the activation.
func requireResidual(residual []float32, act Activation) {
	if residual != nil && act > ReLU {
		panic("kernel: a residual is followed by " + act.String() + ", not by ReLU or nothing")
	}
}

// BatchNormBackward is the gradient of BatchNormForward, given dy (rows, c), that
// function's x, and what it left in y, mean and invStd:
//
//	z      = (x-mean) * (invStd*gamma) + beta
//	dz     = act.Backward(dy, z)               (ReLU: dy where y > 0, else 0)
//	dBeta  = sum(dz)
//	dGamma = sum(dz*(x-mean)) * invStd
//	dx     = (dz - dBeta/rows - (x-mean)*(dGamma*invStd/rows)) * (invStd*gamma)
//
// dResidual (rows, c; nil where there is no residual) is set to dz. y is used by ReLU
// only. dx or dResidual may be dy.
func BatchNormBackward(dx, dResidual []float32, dGamma, dBeta, dy, x, y, gamma, beta, mean, invStd []float32, act Activation, rows, c int) {
	requireLength("dx", dx, rows*c)
	requireOptional("dResidual", dResidual, rows*c)
	requireLength("dGamma", dGamma, c)
	requireLength("dBeta", dBeta, c)
	requireLength("dy", dy, rows*c)
	requireLength("x", x, rows*c)
	requireLength("gamma", gamma, c)
	requireLength("beta", beta, c)
	requireLength("mean", mean, c)
	requireLength("invStd", invStd, c)
	requireResidual(dResidual, act)
	if act == ReLU {
		requireLength("y", y, rows*c)
	} else {
		y = nil
	}

	wide, narrow := doubles.borrow(2*c), singles.borrow(3*c)
	defer doubles.giveBack(wide)
	defer singles.giveBack(narrow)
	sums := *wide
	offset, slope, scale := (*narrow)[:c], (*narrow)[c:2*c], (*narrow)[2*c:]
	for j := range scale {
		scale[j] = invStd[j] * gamma[j]
	}
	sumChunks(sums, rows, func(part []float64, from, count int) {
		dy := dy
		if act > ReLU {
			block := singles.borrow(count * c)
			defer singles.giveBack(block)
			inCache(from, count, c, func(lo, hi, rows int) {
				z := (*block)[:hi-lo]
				normalize(z, x[lo:hi], nil, mean, scale, beta, floor(false), rows, c)
				activateGradient(act, dx[lo:hi], dy[lo:hi], z)
			})
			dy = dx
		}
		lo, hi := from*c, (from+count)*c
		sumGradients(part[:c], part[c:], cut(dResidual, lo, hi), dy[lo:hi], x[lo:hi], cut(y, lo, hi), mean, count, c)
	})
	n := float64(rows)
	for j := range c {
		sum, dot := sums[j], float64(sums[c+j]*float64(invStd[j]))
		dBeta[j], dGamma[j] = float32(sum), float32(dot)
		offset[j] = float32(sum / n)
		slope[j] = float32(dot * float64(invStd[j]) / n)
	}
	switch { // where dz is already
	case dResidual != nil:
		dy, y = dResidual, nil
	case act > ReLU:
		dy = dx
	}
	parallelChunks(rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		normalizeGradient(dx[lo:hi], dy[lo:hi], x[lo:hi], cut(y, lo, hi), mean, offset, slope, scale, count, c)
	})
}

// FoldBatchNorm puts a batch norm with fixed statistics into the weights w
// (taps, cout) and the bias (cout; nil for none) of the convolution before it.
// wOut may be w, and biasOut bias.
//
//	scale   = gamma / sqrt(variance+eps)
//	wOut    = w * scale
//	biasOut = (bias-mean) * scale + beta
//
// It is done in float64 and rounded once, at the end: an error of the scale would
// be that of all pixels of a channel, and was seen to double the distance of a
// network's outputs to the exact ones.
func FoldBatchNorm(wOut, biasOut, w, bias []float32, gamma, beta, mean, variance []float32, eps float32, taps, cout int) {
	requireLength("wOut", wOut, taps*cout)
	requireLength("biasOut", biasOut, cout)
	requireLength("w", w, taps*cout)
	requireOptional("bias", bias, cout)
	requireLength("gamma", gamma, cout)
	requireLength("beta", beta, cout)
	requireLength("mean", mean, cout)
	requireLength("variance", variance, cout)

	scale := make([]float64, cout)
	for j := range scale {
		scale[j] = float64(gamma[j]) / math.Sqrt(float64(variance[j])+float64(eps))
		shift := -float64(mean[j])
		if bias != nil {
			shift += float64(bias[j])
		}
		biasOut[j] = float32(float64(shift*scale[j]) + float64(beta[j]))
	}
	const chunk = 256 // taps; divides the work, not a sum
	Parallel((taps+chunk-1)/chunk, func(i int) {
		for t := i * chunk; t < min(taps, (i+1)*chunk); t++ {
			from, to := w[t*cout:][:cout], wOut[t*cout:][:cout]
			for j, s := range scale {
				to[j] = float32(float64(from[j]) * s)
			}
		}
	})
}

// sumSquaresPortable does the columns first..c of
//
//	for j in 0..c: sum[j] = 0; for r in 0..rows: d = x[r*c+j] - mean[j]; sum[j] += float64(d)*float64(d)
func sumSquaresPortable(first int, sum []float64, x, mean []float32, rows, c int) {
	clear(sum[first:c])
	for r := range rows {
		for j := first; j < c; j++ {
			d := float64(x[r*c+j] - mean[j])
			sum[j] += float64(d * d)
		}
	}
}

// normalizePortable does the columns first..c of
//
//	for r, j: y[r*c+j] = max(low, FMA32(x[r*c+j]-mean[j], scale[j], shift[j]) + residual[r*c+j])
func normalizePortable(first int, y, x, residual, mean, scale, shift []float32, low float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			v := FMA32(x[i]-mean[j], scale[j], shift[j])
			if residual != nil {
				v += residual[i]
			}
			y[i] = atLeast(low, v)
		}
	}
}

// sumGradientsPortable does the columns first..c of
//
//	for j in 0..c: sum[j], dot[j] = 0, 0; for r in 0..rows:
//		dz = dy[r*c+j] where y[r*c+j] > 0, else 0
//		sum[j] += float64(dz)
//		dot[j] += float64(dz) * float64(x[r*c+j]-mean[j])
//		out[r*c+j] = dz
//
// A nil y rectifies nothing, a nil out is not written.
func sumGradientsPortable(first int, sum, dot []float64, out, dy, x, y, mean []float32, rows, c int) {
	clear(sum[first:c])
	clear(dot[first:c])
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			dz := rectified(dy[i], y, i)
			sum[j] += float64(dz)
			dot[j] += float64(float64(dz) * float64(x[i]-mean[j]))
			if out != nil {
				out[i] = dz
			}
		}
	}
}

// normalizeGradientPortable does the columns first..c of
//
//	for r, j: dz = dy[r*c+j] where y[r*c+j] > 0, else 0
//		dx[r*c+j] = FMA32(-(x[r*c+j]-mean[j]), slope[j], dz-offset[j]) * scale[j]
//
// A nil y rectifies nothing.
func normalizeGradientPortable(first int, dx, dy, x, y, mean, offset, slope, scale []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			dz := rectified(dy[i], y, i)
			dx[i] = FMA32(-(x[i]-mean[j]), slope[j], dz-offset[j]) * scale[j]
		}
	}
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) } // rounds once, as IEEE asks

// blend moves from running to now by the share momentum.
func blend(running, now, momentum float32) float32 {
	return float32((1-momentum)*running) + float32(momentum*now)
}

// cut is x[lo:hi], or nil of nil.
func cut(x []float32, lo, hi int) []float32 {
	if x == nil {
		return nil
	}
	return x[lo:hi]
}
