package kernel

import "math"

// MSEForward is the mean of (pred-target)^2 over all elements, summed in chunks
// like the rows of one column.
func MSEForward(pred, target []float32) float32 {
	requireLength("target", target, len(pred))
	var sum [1]float64
	sumChunks(sum[:], len(pred), func(part []float64, from, count int) {
		part[0] = 0
		for i := from; i < from+count; i++ {
			d := float64(pred[i] - target[i])
			part[0] += float64(d * d)
		}
	})
	return float32(sum[0] / float64(len(pred)))
}

// MSEBackward sets dPred to 2/n * upstream * (pred-target), with upstream the
// gradient of the loss itself.
func MSEBackward(dPred, pred, target []float32, upstream float32) {
	requireLength("pred", pred, len(dPred))
	requireLength("target", target, len(dPred))
	scale := 2 / float32(len(dPred)) * upstream
	for i := range dPred {
		dPred[i] = (pred[i] - target[i]) * scale
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
