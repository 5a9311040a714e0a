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
			mean, invStd, dGamma, dBeta := make([]float32, c), make([]float32, c), make([]float32, c), make([]float32, c)
			BatchNormForward(y, x, residual, gamma, beta, mean, invStd, make([]float32, c), make([]float32, c), 0.1, eps, act, rows, c)
			BatchNormBackward(dx, dResidual, dGamma, dBeta, dy, x, y, gamma, beta, mean, invStd, act, rows, c)

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

// TestBatchNormFarFromZero: a variance as the difference of two squares would
// have no digit left here.
func TestBatchNormFarFromZero(t *testing.T) {
	const rows, c = 5000, 3
	x, y := numbers(rows*c, 1), make([]float32, rows*c)
	for i := range x {
		x[i] += 4096
	}
	ones, zeros, mean, invStd := []float32{1, 1, 1}, make([]float32, c), make([]float32, c), make([]float32, c)
	runningMean, runningVar := make([]float32, c), make([]float32, c)
	BatchNormForward(y, x, nil, ones, zeros, mean, invStd, runningMean, runningVar, 1, 0, Identity, rows, c)
	m, v := statistics(double(x), rows, c)
	for j := range c {
		if d := math.Abs(float64(mean[j]) - m[j]); d > 1e-3 {
			t.Errorf("mean is %v, not %v", mean[j], m[j])
		}
		unbiased := v[j] * rows / (rows - 1)
		if d := math.Abs(float64(runningVar[j])/unbiased - 1); d > 1e-5 {
			t.Errorf("variance is %v, not %v", runningVar[j], unbiased)
		}
	}
}

func TestFoldBatchNorm(t *testing.T) {
	const taps, cout, eps = 5, 3, 1e-5
	w, bias, gamma, beta, mean, variance := numbers(taps*cout, 1), numbers(cout, 2), numbers(cout, 3), numbers(cout, 4), numbers(cout, 5), []float32{0.5, 2, 1e-3}
	for _, b := range [][]float32{nil, bias} {
		wOut, biasOut := make([]float32, taps*cout), make([]float32, cout)
		FoldBatchNorm(wOut, biasOut, w, b, gamma, beta, mean, variance, eps, taps, cout)
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
