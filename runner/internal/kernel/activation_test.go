package kernel

import (
	"math"
	"testing"

	"biomass/runner/internal/rng"
)

var activations = []Activation{Identity, ReLU, ReLU6, HardSwish, HardSigmoid, SiLU, Sigmoid, GELU}

// exactly is the activation in float64.
func exactly(a Activation, x float64) float64 {
	switch a {
	case ReLU:
		return max(0, x)
	case ReLU6:
		return min(max(0, x), 6)
	case HardSwish:
		return x * exactly(HardSigmoid, x)
	case HardSigmoid:
		return min(max(0, x/6+0.5), 1)
	case SiLU:
		return x / (1 + math.Exp(-x))
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case GELU:
		return x * math.Erfc(-x/math.Sqrt2) / 2
	}
	return x
}

func TestActivationSpecialValues(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	tiny, huge := float32(math.SmallestNonzeroFloat32), float32(math.MaxFloat32)
	least := power(-powerLimit)
	for _, v := range []struct {
		act         Activation
		x, y, slope float32
	}{
		{ReLU, 3, 3, 1}, {ReLU, -3, 0, 0}, {ReLU, 0, 0, 0}, {ReLU, minusZero, minusZero, 0}, {ReLU, inf, inf, 1}, {ReLU, -inf, 0, 0}, {ReLU, nan, nan, 0},
		{ReLU, tiny, tiny, 1}, {ReLU, -tiny, 0, 0},
		{ReLU6, 0, 0, 0}, {ReLU6, 6, 6, 0}, {ReLU6, 7, 6, 0}, {ReLU6, tiny, tiny, 1}, {ReLU6, minusZero, minusZero, 0}, {ReLU6, inf, 6, 0}, {ReLU6, -inf, 0, 0}, {ReLU6, nan, nan, 0},
		{HardSwish, -3, minusZero, -0.5}, {HardSwish, 3, 3, 1}, {HardSwish, 0, 0, 0.5}, {HardSwish, -4, minusZero, 0}, {HardSwish, -inf, minusZero, 0}, {HardSwish, inf, inf, 1}, {HardSwish, nan, nan, nan},
		{HardSigmoid, -3, 0, 0}, {HardSigmoid, 3, 1, 0}, {HardSigmoid, 0, 0.5, 1. / 6}, {HardSigmoid, -inf, 0, 0}, {HardSigmoid, inf, 1, 0}, {HardSigmoid, nan, nan, 0},
		{SiLU, 0, 0, 0.5}, {SiLU, minusZero, minusZero, 0.5}, {SiLU, inf, inf, 1}, {SiLU, -inf, minusZero, minusZero}, {SiLU, huge, huge, 1}, {SiLU, -huge, minusZero, minusZero}, {SiLU, nan, nan, nan},
		{Sigmoid, 0, 0.5, 0.25}, {Sigmoid, inf, 1, least}, {Sigmoid, -inf, 0, 0}, {Sigmoid, huge, 1, least}, {Sigmoid, -huge, 0, 0}, {Sigmoid, nan, nan, nan},
		{GELU, 0, 0, 0.5}, {GELU, minusZero, minusZero, 0.5}, {GELU, inf, inf, 1}, {GELU, -inf, minusZero, 0}, {GELU, huge, huge, 1}, {GELU, -huge, minusZero, 0}, {GELU, nan, nan, nan},
	} {
		x, y, dx := make([]float32, 9), make([]float32, 9), make([]float32, 9)
		dy := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
		for i := range x {
			x[i] = v.x
		}
		v.act.Forward(y, x)
		v.act.Backward(dx, dy, x)
		for i := range x {
			if !alike(y[i], v.y) || !alike(dx[i], v.slope) {
				t.Errorf("%v(%v)[%d] = %v, slope %v; want %v, %v", v.act, v.x, i, y[i], dx[i], v.y, v.slope)
			}
		}
	}
}

// alike tells whether two numbers have the same bits or are both NaN.
func alike(x, y float32) bool {
	return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
}

func TestActivationGradient(t *testing.T) {
	const n = 500
	for _, act := range activations {
		x, dy, y, dx := numbers(n, 1), numbers(n, 2), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = 8*x[i] + 1e-3 // none at a kink
		}
		act.Forward(y, x)
		act.Backward(dx, dy, x)
		x64 := double(x)
		forward := func() []float64 {
			out := make([]float64, n)
			for i, v := range x64 {
				out[i] = exactly(act, v)
			}
			return out
		}
		near(t, act.String(), y, forward())
		for i, d := range slopes(x64, func(v float64) float64 { return exactly(act, v) }) {
			if want := d * float64(dy[i]); math.Abs(float64(dx[i])-want) > 1e-6 {
				t.Errorf("%v: dx[%d] = %v, want %v at %v", act, i, dx[i], want, x[i])
			}
		}
	}
}

// slopes is the derivative of f at each x by central differences.
func slopes(x []float64, f func(x float64) float64) []float64 {
	const h = 1e-5
	d := make([]float64, len(x))
	for i, v := range x {
		d[i] = (f(v+h) - f(v-h)) / (2 * h)
	}
	return d
}

// TestElementaryAccuracy holds the functions that activations are made of to the errors
// that their comments state, in units of the last place.
func TestElementaryAccuracy(t *testing.T) {
	first := func(f func(x float32) (float32, float32)) func(x float32) float32 {
		return func(x float32) float32 { y, _ := f(x); return y }
	}
	second := func(f func(x float32) (float32, float32)) func(x float32) float32 {
		return func(x float32) float32 { _, y := f(x); return y }
	}
	for _, v := range []struct {
		name      string
		got       func(x float32) float32
		want      func(x float64) float64
		low, high float32
		ulps      float64
	}{
		{"power", power, math.Exp, -powerLimit, powerLimit, 0.94},
		{"sigmoid", first(sigmoids), func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -powerLimit, powerLimit, 2.8},
		{"1-sigmoid", second(sigmoids), func(x float64) float64 { return 1 / (1 + math.Exp(x)) }, -powerLimit, powerLimit, 2.8},
		{"normal share", first(normal), func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }, -13, 13, 7.3},
		{"normal density", second(normal), func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }, -13, 13, 2.8},
	} {
		var worst float64
		var at float32
		measure := func(x float32) {
			want := v.want(float64(x))
			ulp := math.Ldexp(1, math.Ilogb(want)-23)
			if e := math.Abs(float64(v.got(x))-want) / ulp; e > worst {
				worst, at = e, x
			}
		}
		const steps = 200_000
		for i := range steps {
			measure(v.low + (v.high-v.low)*float32(i)/steps)
		}
		for x := float32(1); x > 1e-30; x *= 0.99 { // near zero
			measure(-x)
			if v.high > 0 {
				measure(x)
			}
		}
		t.Logf("%s: at most %.3f ulp, at %v", v.name, worst, at)
		if worst > v.ulps {
			t.Errorf("%s: %.3f ulp at %v, more than %v", v.name, worst, at, v.ulps)
		}
	}
}

func TestDropout(t *testing.T) {
	const n = 40001
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	for _, p := range []float32{0, 0.25, 0.5, 1} {
		stream := rng.New(7, "dropout", 3)
		y, again := make([]float32, n), make([]float32, n)
		Dropout(y, x, p, stream)
		SetThreads(1)
		Dropout(again, x, p, stream)
		SetThreads(0)
		same(t, "dropout on one thread", again, y)
		var zeros int
		for i, v := range y {
			half := uint32(stream.At(uint64(i/2)) >> (i % 2 * 32))
			want := float32(0)
			if float64(half) < (1-float64(p))*0x1p32 {
				want = x[i] * float32(1/(1-float64(p)))
			} else {
				zeros++
			}
			if v != want {
				t.Fatalf("p %v: y[%d] = %v, want %v", p, i, v, want)
			}
		}
		if share := float64(zeros) / n; math.Abs(share-float64(p)) > 0.01 {
			t.Errorf("p %v: %v dropped", p, share)
		}
	}
}
