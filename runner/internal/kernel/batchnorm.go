package kernel

import "math"

// BatchNormForward normalises each of the c channels of x (rows, c) by the mean
// and variance of its rows (Ioffe and Szegedy: Batch Normalization, ICML 2015,
// algorithm 1), then adds residual (rows, c; nil for none), then applies act; with a
// residual that is Identity or ReLU:
//
//	mean     = sum(x) / rows
//	variance = (sum(x*x) - sum(x)*sum(x)/rows) / rows
//	invStd   = 1 / sqrt(variance + eps)
//	y        = act((x-mean) * (invStd*gamma) + beta + residual)
//
// mean and invStd (c) are kept for BatchNormBackward. The running statistics
// follow as in PyTorch, with the unbiased variance:
//
//	runningMean = (1-momentum)*runningMean + momentum*mean
//	runningVar  = (1-momentum)*runningVar  + momentum*variance*rows/(rows-1)
//
// Both sums are taken in one pass over the rows. In float64 that costs the variance no
// digit of a float32 unless the mean is above 10^4 standard deviations; at 10^6 four
// decimal digits are left. y may be x or residual. It takes two rows at least.
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

	wide, narrow := doubles.borrow(2*c), singles.borrow(c)
	defer doubles.giveBack(wide)
	defer singles.giveBack(narrow)
	sums, scale := *wide, *narrow
	n := float64(rows)
	sumChunks(sums, rows, func(part []float64, from, count int) {
		sumMoments(part[:c], part[c:], x[from*c:], count, c)
	})
	for j := range c {
		sum, squares := sums[j], sums[c+j]
		mean[j] = float32(sum / n)
		deviations := max(0, squares-float64(sum*(sum/n))) // squared; below 0 by rounding only
		invStd[j] = float32(1 / math.Sqrt(deviations/n+float64(eps)))
		scale[j] = invStd[j] * gamma[j]
		runningMean[j] = blend(runningMean[j], mean[j], momentum)
		runningVar[j] = blend(runningVar[j], float32(deviations/(n-1)), momentum)
	}
	parallelChunks(rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		normalize(act, y[lo:hi], x[lo:hi], cut(residual, lo, hi), mean, scale, beta, count, c)
	})
}

// BatchNormBackward is the gradient of BatchNormForward, given dy (rows, c), that
// function's x, and what it left in y, mean and invStd:
//
//	z      = (x-mean) * (invStd*gamma) + beta
//	dz     = act.Backward(dy, z)               (with a residual: dy where y > 0, else 0)
//	dBeta  = sum(dz)
//	dGamma = sum(dz*(x-mean)) * invStd
//	dx     = (dz - dBeta/rows - (x-mean)*(dGamma*invStd/rows)) * (invStd*gamma)
//
// dResidual (rows, c; nil where there is no residual) is set to dz. y is used by ReLU
// with a residual only, and may be nil else. dx or dResidual may be dy.
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
	if act == ReLU && dResidual != nil {
		requireLength("y", y, rows*c)
	} else {
		y = nil
	}

	wide, narrow := doubles.borrow(2*c), singles.borrow(3*c)
	defer doubles.giveBack(wide)
	defer singles.giveBack(narrow)
	sums := *wide
	offset, slope, scale := (*narrow)[:c], (*narrow)[c:2*c], (*narrow)[2*c:]
	for j := range c {
		scale[j] = invStd[j] * gamma[j]
	}
	// dz is kept where it is wanted or where it took long: to compute it twice from a
	// multiply-add and a comparison is cheaper than memory.
	dz := dResidual
	sumChunks(sums, rows, func(part []float64, from, count int) {
		clear(part)
		sum, dot := part[:c], part[c:]
		if act < SiLU {
			lo, hi := from*c, (from+count)*c
			sumGradients(act, sum, dot, cut(dz, lo, hi), dy[lo:hi], x[lo:hi], cut(y, lo, hi), mean, scale, beta, count, c)
			return
		}
		step := max(1, cached/c)
		for end := from + count; from < end; from += step {
			rows := min(step, end-from)
			lo, hi := from*c, (from+rows)*c
			gradientOfNormalized(act, dx[lo:hi], dy[lo:hi], x[lo:hi], mean, scale, beta, rows, c)
			sumGradients(Identity, sum, dot, nil, dx[lo:hi], x[lo:hi], nil, mean, scale, beta, rows, c)
		}
	})
	if act >= SiLU {
		dz = dx
	}
	n := float64(rows)
	for j := range c {
		sum, dot := sums[j], float64(sums[c+j]*float64(invStd[j]))
		dBeta[j], dGamma[j] = float32(sum), float32(dot)
		offset[j] = float32(sum / n)
		slope[j] = float32(dot * float64(invStd[j]) / n)
	}
	if dz != nil {
		dy, act = dz, Identity
	}
	parallelChunks(rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		normalizeGradient(act, dx[lo:hi], dy[lo:hi], x[lo:hi], mean, offset, slope, scale, beta, count, c)
	})
}

// cached is how many elements of two arrays stay in the nearest cache from one loop to
// the next. It is a matter of speed, not of bits.
const cached = 1 << 11

// requireResidual panics where the gradient would need the sum before the activation.
func requireResidual(residual []float32, act Activation) {
	if residual != nil && act > ReLU {
		panic("kernel: a residual is followed by " + act.String() + ", not by ReLU or nothing")
	}
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

// sumMomentsPortable does the columns first..c of
//
//	for j in 0..c: sum[j], squares[j] = 0, 0; for r in 0..rows:
//		sum[j] += float64(x[r*c+j])
//		squares[j] += float64(x[r*c+j]) * float64(x[r*c+j])
func sumMomentsPortable(first int, sum, squares []float64, x []float32, rows, c int) {
	clear(sum[first:c])
	clear(squares[first:c])
	for r := range rows {
		for j := first; j < c; j++ {
			v := float64(x[r*c+j])
			sum[j] += v
			squares[j] += float64(v * v)
		}
	}
}

// normalizePortable does the columns first..c of
//
//	for r, j: y[r*c+j] = act.of(FMA32(x[r*c+j]-mean[j], scale[j], shift[j]) + residual[r*c+j])
//
// A residual, nil for none, is followed by Identity or ReLU.
func normalizePortable(first int, act Activation, y, x, residual, mean, scale, shift []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			z := FMA32(x[i]-mean[j], scale[j], shift[j])
			if residual != nil {
				z += residual[i]
			}
			y[i] = act.of(z)
		}
	}
}

// gradientOfNormalizedPortable does the columns first..c of
//
//	for r, j: dz[r*c+j] = act.gradient(dy[r*c+j], FMA32(x[r*c+j]-mean[j], scale[j], shift[j]))
//
// act is one of the transcendental ones.
func gradientOfNormalizedPortable(first int, act Activation, dz, dy, x, mean, scale, shift []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			dz[i] = act.gradient(dy[i], FMA32(x[i]-mean[j], scale[j], shift[j]))
		}
	}
}

// sumGradientsPortable does the columns first..c of
//
//	for r, j: d = x[r*c+j] - mean[j]
//		z = FMA32(d, scale[j], shift[j])
//		dz = act.gradient(dy[r*c+j], z)
//		sum[j] += float64(dz)
//		dot[j] += float64(dz) * float64(d)
//		out[r*c+j] = dz
//
// A nil out is not written. With an out, ReLU has y for z, which has the same sign. act is
// none of the transcendental ones.
func sumGradientsPortable(first int, act Activation, sum, dot []float64, out, dy, x, y, mean, scale, shift []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			d := x[i] - mean[j]
			var dz float32
			if act == ReLU && out != nil {
				dz = act.gradient(dy[i], y[i])
			} else {
				dz = act.gradient(dy[i], FMA32(d, scale[j], shift[j]))
			}
			sum[j] += float64(dz)
			dot[j] += float64(float64(dz) * float64(d))
			if out != nil {
				out[i] = dz
			}
		}
	}
}

// normalizeGradientPortable does the columns first..c of
//
//	for r, j: d = x[r*c+j] - mean[j]
//		dz = act.gradient(dy[r*c+j], FMA32(d, scale[j], shift[j]))
//		dx[r*c+j] = FMA32(-d, slope[j], dz-offset[j]) * scale[j]
//
// act is none of the transcendental ones.
func normalizeGradientPortable(first int, act Activation, dx, dy, x, mean, offset, slope, scale, shift []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			d := x[i] - mean[j]
			dz := act.gradient(dy[i], FMA32(d, scale[j], shift[j]))
			dx[i] = FMA32(-d, slope[j], dz-offset[j]) * scale[j]
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
