package kernel

import (
	"fmt"
	"math"
)

// Activation is a function of one number that a layer ends with.
type Activation uint8

// The activations. Each is what PyTorch's function of that name computes; where its
// scalar and its vector code differ (the slopes at a kink), it is the vector code.
// Where a formula would give Inf*0, the limit is taken.
const (
	Identity    Activation = iota // x
	ReLU                          // max(0, x)
	ReLU6                         // min(max(0, x), 6)
	HardSwish                     // x * HardSigmoid(x)
	HardSigmoid                   // min(max(0, x/6 + 1/2), 1)
	SiLU                          // x * Sigmoid(x)
	Sigmoid                       // 1 / (1 + exp(-x))
	GELU                          // x * the share of a standard normal distribution below x
)

var activationNames = [...]string{"identity", "relu", "relu6", "hard_swish", "hard_sigmoid", "silu", "sigmoid", "gelu"}

// String is the activation's name, e.g. "hard_swish".
func (a Activation) String() string {
	if int(a) < len(activationNames) {
		return activationNames[a]
	}
	return fmt.Sprintf("activation %d", a)
}

// transcendental reports whether the activation takes an exponential, so that its gradient
// is better kept than computed twice.
func (a Activation) transcendental() bool { return a >= SiLU }

// Forward sets y to the activation of x. A NaN stays one. y may be x.
func (a Activation) Forward(y, x []float32) {
	requireLength("x", x, len(y))
	parallelSpans(len(y), func(from, to int) { activate(a, y[from:to], x[from:to]) })
}

// Backward sets dx to dy times the slope of the activation at x:
//
//	ReLU         dy where x > 0, else 0 (x may as well be Forward's y)
//	ReLU6        dy where 0 < x < 6, else 0
//	HardSwish    dy * (x/3 + 1/2) where -3 <= x < 3, dy above, 0 below
//	HardSigmoid  dy/6 where -3 < x < 3, else 0
//	SiLU         dy * s*(1 + x*(1-s)) with s = Sigmoid(x)
//	Sigmoid      dy * s*(1-s)
//	GELU         dy * (the normal distribution's share below x + x * its density at x)
//
// dx may be dy or x.
func (a Activation) Backward(dx, dy, x []float32) {
	requireLength("dy", dy, len(dx))
	requireLength("x", x, len(dx))
	parallelSpans(len(dx), func(from, to int) { activateGradient(a, dx[from:to], dy[from:to], x[from:to]) })
}

// Add sets y to a + b. y may be a or b.
func Add(y, a, b []float32) {
	requireLength("a", a, len(y))
	requireLength("b", b, len(y))
	parallelSpans(len(y), func(from, to int) { addFloor(y[from:to], a[from:to], b[from:to], floor(false)) })
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

// atMost is min(high, v) in the same way.
func atMost(high, v float32) float32 {
	if v > high {
		return high
	}
	return v
}

// of is the activation of one number.
func (a Activation) of(x float32) float32 {
	switch a {
	case Identity:
		return x
	case ReLU:
		return atLeast(0, x)
	case ReLU6:
		return atMost(6, atLeast(0, x))
	case HardSwish:
		return float32(atLeast(-3, x) * HardSigmoid.of(x))
	case HardSigmoid:
		return atMost(1, atLeast(0, FMA32(x, 1./6, 0.5)))
	case SiLU:
		s, _ := sigmoids(x)
		return float32(atLeast(-powerLimit, x) * s)
	case Sigmoid:
		s, _ := sigmoids(x)
		return s
	case GELU:
		below, _ := normal(x)
		return float32(atLeast(-normalLimit, x) * below)
	}
	panic("kernel: unknown " + a.String())
}

// gradient is dy times the activation's slope at x.
func (a Activation) gradient(dy, x float32) float32 {
	switch a {
	case Identity:
		return dy
	case ReLU:
		if x > 0 {
			return dy
		}
		return 0
	case ReLU6:
		if x > 0 && x < 6 {
			return dy
		}
		return 0
	case HardSwish:
		if x < -3 {
			return 0
		}
		if x >= 3 {
			return dy
		}
		return float32(dy * FMA32(x, 1./3, 0.5))
	case HardSigmoid:
		if x > -3 && x < 3 {
			return float32(dy * (1. / 6))
		}
		return 0
	case SiLU:
		s, rest := sigmoids(x)
		return float32(dy * (s * FMA32(atMost(powerLimit, atLeast(-powerLimit, x)), rest, 1)))
	case Sigmoid:
		s, rest := sigmoids(x)
		return float32(dy * (s * rest))
	case GELU:
		below, density := normal(x)
		return float32(dy * FMA32(atMost(normalLimit, atLeast(-normalLimit, x)), density, below))
	}
	panic("kernel: unknown " + a.String())
}

// activatePortable does the elements from first on of
//
//	for i: y[i] = act.of(x[i])
func activatePortable(first int, act Activation, y, x []float32) {
	for i := first; i < len(y); i++ {
		y[i] = act.of(x[i])
	}
}

// activateGradientPortable does the elements from first on of
//
//	for i: dx[i] = act.gradient(dy[i], x[i])
func activateGradientPortable(first int, act Activation, dx, dy, x []float32) {
	for i := first; i < len(dx); i++ {
		dx[i] = act.gradient(dy[i], x[i])
	}
}

// addFloorPortable does the elements from first on of
//
//	for i: y[i] = max(low, x[i] + residual[i])
func addFloorPortable(first int, y, x, residual []float32, low float32) {
	for i := first; i < len(y); i++ {
		y[i] = atLeast(low, x[i]+residual[i])
	}
}
