package kernel

import "math"

// A BatchNorm normalises each of the C channels of x (Rows, C) by the mean and variance of
// its rows (Ioffe and Szegedy: Batch Normalization, ICML 2015, algorithm 1), then adds a
// residual, if there is one, then applies Act; with a residual that is Identity or ReLU.
type BatchNorm struct {
	Rows, C           int
	Act               Activation
	Epsilon, Momentum float32
	// Fixed says that the running statistics take the place of the rows' own, and stay: of a
	// layer that no longer trains. Gamma and Beta do not train then.
	Fixed                   bool
	Gamma, Beta             []float32 // (C)
	RunningMean, RunningVar []float32 // (C)
	Mean, InvStd            []float32 // (C), which Forward keeps for Backward
}

// Forward sets y (Rows, C), given x and residual (Rows, C; nil for none), to
//
//	Mean     = sum(x) / Rows                                     Fixed: RunningMean
//	variance = (sum(x*x) - sum(x)*sum(x)/Rows) / Rows            Fixed: RunningVar
//	InvStd   = 1 / sqrt(variance + Epsilon)
//	y        = Act((x-Mean) * (InvStd*Gamma) + Beta + residual)
//
// The running statistics follow as in PyTorch, with the unbiased variance:
//
//	RunningMean = (1-Momentum)*RunningMean + Momentum*Mean
//	RunningVar  = (1-Momentum)*RunningVar  + Momentum*variance*Rows/(Rows-1)
//
// Both sums are taken in one pass over the rows. In float64 that costs the variance no
// digit of a float32 unless the mean is above 10^4 standard deviations; at 10^6 four
// decimal digits are left. y may be x or residual. Unless Fixed, it takes two rows at least.
func (b *BatchNorm) Forward(y, x, residual []float32) {
	b.check(residual)
	requireLength("y", y, b.Rows*b.C)
	requireLength("x", x, b.Rows*b.C)
	requireOptional("residual", residual, b.Rows*b.C)
	if b.Fixed {
		copy(b.Mean, b.RunningMean)
		for j, variance := range b.RunningVar {
			b.InvStd[j] = inverseRoot(float64(variance), b.Epsilon)
		}
	} else {
		b.measure(x)
	}
	buffer := singles.borrow(b.C)
	defer singles.giveBack(buffer)
	scale := b.scale(*buffer)
	parallelChunks(b.Rows, func(_, from, count int) {
		lo, hi := from*b.C, (from+count)*b.C
		normalize(b.Act, y[lo:hi], x[lo:hi], cut(residual, lo, hi), b.Mean, scale, b.Beta, count, b.C)
	})
}

// measure sets the statistics to those of x, and has the running ones follow.
func (b *BatchNorm) measure(x []float32) {
	if b.Rows < 2 {
		panic("kernel: batch statistics need two rows")
	}
	c, n := b.C, float64(b.Rows)
	buffer := doubles.borrow(2 * c)
	defer doubles.giveBack(buffer)
	sums := *buffer
	sumChunks(sums, b.Rows, func(part []float64, from, count int) {
		sumMoments(part[:c], part[c:], x[from*c:], count, c)
	})
	for j := range c {
		sum, squares := sums[j], sums[c+j]
		b.Mean[j] = float32(sum / n)
		deviations := max(0, squares-float64(sum*(sum/n))) // squared; below 0 by rounding only
		b.InvStd[j] = inverseRoot(deviations/n, b.Epsilon)
		b.RunningMean[j] = blend(b.RunningMean[j], b.Mean[j], b.Momentum)
		b.RunningVar[j] = blend(b.RunningVar[j], float32(deviations/(n-1)), b.Momentum)
	}
}

// Backward is the gradient of Forward, given dy (Rows, C), x, and what Forward left in y:
//
//	z      = (x-Mean) * (InvStd*Gamma) + Beta
//	dz     = Act.Backward(dy, z)               (with a residual: dy where y > 0, else 0)
//	dBeta  = sum(dz)
//	dGamma = sum(dz*(x-Mean)) * InvStd
//	dx     = (dz - dBeta/Rows - (x-Mean)*(dGamma*InvStd/Rows)) * (InvStd*Gamma)
//
// Where Fixed, dBeta and dGamma are neither written nor part of dx = dz * (InvStd*Gamma).
// dResidual (Rows, C; nil where there is no residual) is set to dz. y is used by ReLU
// with a residual only, and may be nil else. dx or dResidual may be dy.
func (b *BatchNorm) Backward(dx, dResidual, dGamma, dBeta, dy, x, y []float32) {
	b.check(dResidual)
	requireLength("dx", dx, b.Rows*b.C)
	requireOptional("dResidual", dResidual, b.Rows*b.C)
	requireLength("dy", dy, b.Rows*b.C)
	requireLength("x", x, b.Rows*b.C)
	if b.Act == ReLU && dResidual != nil {
		requireLength("y", y, b.Rows*b.C)
	} else {
		y = nil
	}
	if b.Fixed {
		b.backwardFixed(dx, dResidual, dy, x, y)
		return
	}
	requireLength("dGamma", dGamma, b.C)
	requireLength("dBeta", dBeta, b.C)

	c, act := b.C, b.Act
	wide, narrow := doubles.borrow(2*c), singles.borrow(3*c)
	defer doubles.giveBack(wide)
	defer singles.giveBack(narrow)
	sums := *wide
	offset, slope, scale := (*narrow)[:c], (*narrow)[c:2*c], b.scale((*narrow)[2*c:])
	// dz is kept where it is wanted or where it took long: to compute it twice from a
	// multiply-add and a comparison is cheaper than memory.
	dz := dResidual
	sumChunks(sums, b.Rows, func(part []float64, from, count int) {
		clear(part)
		sum, dot := part[:c], part[c:]
		if !b.Act.transcendental() {
			lo, hi := from*c, (from+count)*c
			sumGradients(b.Act, sum, dot, cut(dResidual, lo, hi), dy[lo:hi], x[lo:hi], cut(y, lo, hi), b.Mean, scale, b.Beta, count, c)
			return
		}
		step := max(1, cached/c)
		for end := from + count; from < end; from += step {
			rows := min(step, end-from)
			lo, hi := from*c, (from+rows)*c
			gradientOfNormalized(b.Act, dx[lo:hi], dy[lo:hi], x[lo:hi], b.Mean, scale, b.Beta, rows, c)
			sumGradients(Identity, sum, dot, nil, dx[lo:hi], x[lo:hi], nil, b.Mean, scale, b.Beta, rows, c)
		}
	})
	if act.transcendental() {
		dz = dx
	}
	n := float64(b.Rows)
	for j := range c {
		sum, dot := sums[j], float64(sums[c+j]*float64(b.InvStd[j]))
		dBeta[j], dGamma[j] = float32(sum), float32(dot)
		offset[j] = float32(sum / n)
		slope[j] = float32(dot * float64(b.InvStd[j]) / n)
	}
	if dz != nil {
		dy, act = dz, Identity
	}
	parallelChunks(b.Rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		normalizeGradient(act, dx[lo:hi], dy[lo:hi], x[lo:hi], b.Mean, offset, slope, scale, b.Beta, count, c)
	})
}

// backwardFixed is Backward without sums.
func (b *BatchNorm) backwardFixed(dx, dResidual, dy, x, y []float32) {
	c, act := b.C, b.Act
	if dResidual != nil {
		if act == ReLU {
			ReLU.Backward(dResidual, dy, y)
		} else if len(dy) > 0 && &dResidual[0] != &dy[0] {
			copy(dResidual, dy)
		}
		dy, act = dResidual, Identity
	}
	buffer := singles.borrow(2 * c)
	defer singles.giveBack(buffer)
	zeros, scale := (*buffer)[:c], b.scale((*buffer)[c:])
	clear(zeros)
	parallelChunks(b.Rows, func(_, from, count int) {
		lo, hi := from*c, (from+count)*c
		dz, through := dy[lo:hi], act
		if act.transcendental() {
			gradientOfNormalized(act, dx[lo:hi], dz, x[lo:hi], b.Mean, scale, b.Beta, count, c)
			dz, through = dx[lo:hi], Identity
		}
		normalizeGradient(through, dx[lo:hi], dz, x[lo:hi], b.Mean, zeros, zeros, scale, b.Beta, count, c)
	})
}

// scale sets x to InvStd*Gamma, and returns it.
func (b *BatchNorm) scale(x []float32) []float32 {
	for j := range x {
		x[j] = b.InvStd[j] * b.Gamma[j]
	}
	return x
}

// checkChannels panics where what stays from batch to batch does not fit.
func (b *BatchNorm) checkChannels() {
	requireLength("Gamma", b.Gamma, b.C)
	requireLength("Beta", b.Beta, b.C)
	requireLength("RunningMean", b.RunningMean, b.C)
	requireLength("RunningVar", b.RunningVar, b.C)
}

// check panics where the channels do not fit, or where the gradient would need the sum
// before the activation.
func (b *BatchNorm) check(residual []float32) {
	b.checkChannels()
	requireLength("Mean", b.Mean, b.C)
	requireLength("InvStd", b.InvStd, b.C)
	if residual != nil && b.Act > ReLU {
		panic("kernel: a residual is followed by " + b.Act.String() + ", not by ReLU or nothing")
	}
}

// cached is how many elements of two arrays stay in the nearest cache from one loop to
// the next. It is a matter of speed, not of bits.
const cached = 1 << 11

// Fold puts the batch norm by its running statistics, without Act, into the weights w
// (taps, C) and the bias (C; nil for none) of the convolution before it. It needs neither
// Rows nor Mean and InvStd. wOut may be w, and biasOut bias.
//
//	scale   = Gamma / sqrt(RunningVar+Epsilon)
//	wOut    = w * scale
//	biasOut = (bias-RunningMean) * scale + Beta
//
// It is done in float64 and rounded once, at the end: an error of the scale would
// be that of all pixels of a channel, and was seen to double the distance of a
// network's outputs to the exact ones.
func (b *BatchNorm) Fold(wOut, biasOut, w, bias []float32) {
	b.checkChannels()
	c, taps := b.C, len(w)/b.C
	requireLength("w", w, taps*c)
	requireLength("wOut", wOut, taps*c)
	requireLength("biasOut", biasOut, c)
	requireOptional("bias", bias, c)

	scale := make([]float64, c)
	for j := range scale {
		scale[j] = float64(b.Gamma[j]) / math.Sqrt(float64(b.RunningVar[j])+float64(b.Epsilon))
		shift := -float64(b.RunningMean[j])
		if bias != nil {
			shift += float64(bias[j])
		}
		biasOut[j] = float32(float64(shift*scale[j]) + float64(b.Beta[j]))
	}
	const chunk = 256 // taps; divides the work, not a sum
	Parallel(ceil(taps, chunk), func(i int) {
		for t := i * chunk; t < min(taps, (i+1)*chunk); t++ {
			from, to := w[t*c:][:c], wOut[t*c:][:c]
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

// inverseRoot is 1 / sqrt(variance + epsilon), rounded once.
func inverseRoot(variance float64, epsilon float32) float32 {
	return float32(1 / math.Sqrt(variance+float64(epsilon)))
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
