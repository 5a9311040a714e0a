package kernel

import (
	"fmt"
	"math"
	"testing"
)

// differences is the gradient of f with respect to x by central differences.
func differences(x []float64, f func() float64) []float64 {
	const h = 1e-5
	d := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + h
		d[i] = f()
		x[i] = v - h
		d[i] = (d[i] - f()) / (2 * h)
		x[i] = v
	}
	return d
}

func double(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// dot is the loss whose gradient with respect to y is dy.
func dot(y, dy []float64) float64 {
	sum := 0.0
	for i, v := range y {
		sum += float64(v * dy[i])
	}
	return sum
}

// statistics is the mean and the biased variance of each column of x (rows, c).
func statistics(x []float64, rows, c int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	for i, v := range x {
		mean[i%c] += v / float64(rows)
	}
	for i, v := range x {
		d := v - mean[i%c]
		variance[i%c] += float64(d*d) / float64(rows)
	}
	return mean, variance
}

// newNorm is a batch norm that has not seen any rows.
func newNorm(act Activation, rows int, gamma, beta []float32) *BatchNorm {
	channel := func() []float32 { return make([]float32, len(gamma)) }
	return &BatchNorm{
		Rows: rows, C: len(gamma), Act: act, Epsilon: 1e-5, Momentum: 0.1, Gamma: gamma, Beta: beta,
		RunningMean: channel(), RunningVar: channel(), Mean: channel(), InvStd: channel(),
	}
}

func TestBatchNormGradient(t *testing.T) {
	const rows, c, eps = 7, 11, 1e-5
	for _, act := range activations {
		for _, withResidual := range []bool{false, true} {
			if withResidual && act > ReLU {
				continue
			}
			x, dy, gamma, beta := numbers(rows*c, 1), numbers(rows*c, 2), numbers(c, 3), numbers(c, 4)
			var residual, dResidual []float32
			if withResidual {
				residual, dResidual = numbers(rows*c, 5), make([]float32, rows*c)
			}
			y, dx := make([]float32, rows*c), make([]float32, rows*c)
			b, dGamma, dBeta := newNorm(act, rows, gamma, beta), make([]float32, c), make([]float32, c)
			b.Forward(y, x, residual)
			b.Backward(dx, dResidual, dGamma, dBeta, dy, x, y)

			x64, gamma64, beta64, residual64, dy64 := double(x), double(gamma), double(beta), double(residual), double(dy)
			forward := func() []float64 {
				m, v := statistics(x64, rows, c)
				out := make([]float64, rows*c)
				for i := range out {
					out[i] = (x64[i]-m[i%c])/math.Sqrt(v[i%c]+eps)*gamma64[i%c] + beta64[i%c]
					if withResidual {
						out[i] += residual64[i]
					}
					out[i] = exactly(act, out[i])
				}
				return out
			}
			loss := func() float64 { return dot(forward(), dy64) }
			name := func(what string) string { return fmt.Sprintf("%v, residual %v: %s", act, withResidual, what) }
			near(t, name("y"), y, forward())
			near(t, name("dx"), dx, differences(x64, loss))
			near(t, name("dGamma"), dGamma, differences(gamma64, loss))
			near(t, name("dBeta"), dBeta, differences(beta64, loss))
			near(t, name("dResidual"), dResidual, differences(residual64, loss))
		}
	}
}

// TestFixedNorm is TestBatchNormGradient of statistics that stay.
func TestFixedNorm(t *testing.T) {
	const rows, c, eps = 7, 11, 1e-5
	for _, act := range activations {
		for _, withResidual := range []bool{false, true} {
			if withResidual && act > ReLU {
				continue
			}
			x, dy, gamma, beta := numbers(rows*c, 1), numbers(rows*c, 2), numbers(c, 3), numbers(c, 4)
			mean, variance := numbers(c, 5), numbers(c, 6)
			for i := range variance {
				variance[i] = variance[i]*variance[i] + 0.1
			}
			var residual, dResidual []float32
			if withResidual {
				residual, dResidual = numbers(rows*c, 7), make([]float32, rows*c)
			}
			y, dx, b := make([]float32, rows*c), make([]float32, rows*c), newNorm(act, rows, gamma, beta)
			b.Fixed, b.RunningMean, b.RunningVar = true, mean, variance
			b.Forward(y, x, residual)
			b.Backward(dx, dResidual, nil, nil, dy, x, y)

			x64, residual64, dy64 := double(x), double(residual), double(dy)
			forward := func() []float64 {
				out := make([]float64, rows*c)
				for i := range out {
					j := i % c
					out[i] = (x64[i]-float64(mean[j]))/math.Sqrt(float64(variance[j])+eps)*float64(gamma[j]) + float64(beta[j])
					if withResidual {
						out[i] += residual64[i]
					}
					out[i] = exactly(act, out[i])
				}
				return out
			}
			loss := func() float64 { return dot(forward(), dy64) }
			name := func(what string) string { return fmt.Sprintf("%v, residual %v: %s", act, withResidual, what) }
			near(t, name("y"), y, forward())
			near(t, name("dx"), dx, differences(x64, loss))
			near(t, name("dResidual"), dResidual, differences(residual64, loss))
			// In place, as a graph has it: dx or dResidual where dy was.
			over := append([]float32(nil), dy...)
			if withResidual {
				b.Backward(make([]float32, rows*c), over, nil, nil, over, x, y)
				same(t, name("dResidual in place"), over, dResidual)
			} else {
				b.Backward(over, nil, nil, nil, over, x, y)
				same(t, name("dx in place"), over, dx)
			}
		}
	}
}

// TestBatchNormFarFromZero: a variance as the difference of two squares would
// have no digit left here.
func TestBatchNormFarFromZero(t *testing.T) {
	const rows, c = 5000, 3
	x, y := numbers(rows*c, 1), make([]float32, rows*c)
	for i := range x {
		x[i] += 4096
	}
	b := newNorm(Identity, rows, []float32{1, 1, 1}, make([]float32, c))
	b.Epsilon, b.Momentum = 0, 1
	b.Forward(y, x, nil)
	m, v := statistics(double(x), rows, c)
	for j := range c {
		if d := math.Abs(float64(b.Mean[j]) - m[j]); d > 1e-3 {
			t.Errorf("mean is %v, not %v", b.Mean[j], m[j])
		}
		unbiased := v[j] * rows / (rows - 1)
		if d := math.Abs(float64(b.RunningVar[j])/unbiased - 1); d > 1e-5 {
			t.Errorf("variance is %v, not %v", b.RunningVar[j], unbiased)
		}
	}
}

func TestFoldBatchNorm(t *testing.T) {
	const taps, cout, eps = 5, 3, 1e-5
	w, bias, gamma, beta, mean, variance := numbers(taps*cout, 1), numbers(cout, 2), numbers(cout, 3), numbers(cout, 4), numbers(cout, 5), []float32{0.5, 2, 1e-3}
	norm := BatchNorm{C: cout, Epsilon: eps, Gamma: gamma, Beta: beta, RunningMean: mean, RunningVar: variance}
	for _, b := range [][]float32{nil, bias} {
		wOut, biasOut := make([]float32, taps*cout), make([]float32, cout)
		norm.Fold(wOut, biasOut, w, b)
		wantW, wantBias := make([]float64, taps*cout), make([]float64, cout)
		for j := range cout {
			scale := float64(gamma[j]) / math.Sqrt(float64(variance[j])+eps)
			for k := range taps {
				wantW[k*cout+j] = float64(w[k*cout+j]) * scale
			}
			wantBias[j] = float64(beta[j]) - float64(mean[j])*scale
			if b != nil {
				wantBias[j] += float64(b[j]) * scale
			}
		}
		near(t, "w", wOut, wantW)
		near(t, "bias", biasOut, wantBias)
	}
}
