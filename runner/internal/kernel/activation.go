package kernel

import "math"

// AddRelu sets y to x + residual (nil for none), rectified if relu is set: the
// end of a residual block whose batch norm is folded. y may be x or residual.
func AddRelu(y, x, residual []float32, relu bool) {
	requireLength("x", x, len(y))
	requireOptional("residual", residual, len(y))
	low := floor(relu)
	parallelSpans(len(y), func(from, to int) {
		addFloor(y[from:to], x[from:to], cut(residual, from, to), low)
	})
}

// ReluForward is y = 0 where x < 0, else x: a NaN stays one, as in PyTorch.
// y may be x.
func ReluForward(y, x []float32) { AddRelu(y, x, nil, true) }

// ReluBackward is dx = dy where y > 0, else 0, with y what ReluForward made.
// dx may be dy.
func ReluBackward(dx, dy, y []float32) {
	requireLength("dy", dy, len(dx))
	requireLength("y", y, len(dx))
	parallelSpans(len(dx), func(from, to int) {
		keepPositive(dx[from:to], dy[from:to], y[from:to])
	})
}

// floor is the lowest value that a rectifier lets through: without relu, all.
func floor(relu bool) float32 {
	if relu {
		return 0
	}
	return float32(math.Inf(-1))
}

// atLeast is max(low, v) where a NaN v stays one, and so does the sign of a zero v.
func atLeast(low, v float32) float32 {
	if v < low {
		return low
	}
	return v
}

// rectified is dy where y[i] > 0 or y is nil, else 0.
func rectified(dy float32, y []float32, i int) float32 {
	if y == nil || y[i] > 0 {
		return dy
	}
	return 0
}

// addFloorPortable does the elements from first on of
//
//	for i: y[i] = max(low, x[i] + residual[i])
func addFloorPortable(first int, y, x, residual []float32, low float32) {
	for i := first; i < len(y); i++ {
		v := x[i]
		if residual != nil {
			v += residual[i]
		}
		y[i] = atLeast(low, v)
	}
}

// keepPositivePortable does the elements from first on of
//
//	for i: dx[i] = dy[i] where y[i] > 0, else 0
func keepPositivePortable(first int, dx, dy, y []float32) {
	for i := first; i < len(dx); i++ {
		dx[i] = rectified(dy[i], y, i)
	}
}
