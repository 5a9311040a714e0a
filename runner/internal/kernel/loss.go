package kernel

import "math"

// The losses are means over all elements of a function of d = pred - target. A
// backward form sets dPred to that function's slope / n * upstream, with upstream
// the gradient of the loss itself.

// MSEForward is the mean of d*d.
func MSEForward(pred, target []float32) float32 {
	return meanLoss(pred, target, func(d float64) float64 { return float64(d * d) })
}

// MSEBackward is the gradient of MSEForward; the slope is 2*d.
func MSEBackward(dPred, pred, target []float32, upstream float32) {
	meanLossBackward(dPred, pred, target, 2/float32(len(dPred))*upstream, func(d float32) float32 { return d })
}

// MAEForward is the mean of |d|.
func MAEForward(pred, target []float32) float32 {
	return meanLoss(pred, target, math.Abs)
}

// MAEBackward is the gradient of MAEForward; the slope is the sign of d, 0 where d
// is 0.
func MAEBackward(dPred, pred, target []float32, upstream float32) {
	meanLossBackward(dPred, pred, target, 1/float32(len(dPred))*upstream, func(d float32) float32 {
		switch {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return d
	})
}

// HuberForward is the mean of d*d/2 where |d| < 1, of |d| - 1/2 elsewhere (Huber:
// Robust Estimation of a Location Parameter, 1964; torch's smooth_l1_loss).
func HuberForward(pred, target []float32) float32 {
	return meanLoss(pred, target, func(d float64) float64 {
		if d = math.Abs(d); d >= 1 {
			return d - 0.5
		}
		return float64(d*d) / 2
	})
}

// HuberBackward is the gradient of HuberForward; the slope is d, cut off at -1 and 1.
func HuberBackward(dPred, pred, target []float32, upstream float32) {
	meanLossBackward(dPred, pred, target, 1/float32(len(dPred))*upstream, func(d float32) float32 {
		return max(-1, min(d, 1))
	})
}

// meanLoss is the mean of f(pred-target), summed in chunks like the rows of one
// column.
func meanLoss(pred, target []float32, f func(d float64) float64) float32 {
	requireLength("target", target, len(pred))
	var sum [1]float64
	sumChunks(sum[:], len(pred), func(part []float64, from, count int) {
		part[0] = 0
		for i := from; i < from+count; i++ {
			part[0] += f(float64(pred[i] - target[i]))
		}
	})
	return float32(sum[0] / float64(len(pred)))
}

// meanLossBackward sets dPred to slope(pred-target) * scale.
func meanLossBackward(dPred, pred, target []float32, scale float32, slope func(d float32) float32) {
	requireLength("pred", pred, len(dPred))
	requireLength("target", target, len(dPred))
	for i := range dPred {
		dPred[i] = slope(pred[i]-target[i]) * scale
	}
}

// FirstNonFinite is the position of the first NaN or infinity in x, -1 if all
// are finite.
func FirstNonFinite(x []float32) int {
	const exponent = 0xFF << 23
	for i, v := range x {
		if math.Float32bits(v)&exponent == exponent {
			return i
		}
	}
	return -1
}
