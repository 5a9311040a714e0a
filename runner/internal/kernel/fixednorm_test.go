package kernel

import (
	"fmt"
	"math"
	"testing"
)

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
			y, dx, scale := make([]float32, rows*c), make([]float32, rows*c), make([]float32, c)
			FixedNormForward(y, x, residual, gamma, beta, mean, variance, scale, eps, act, rows, c)
			FixedNormBackward(dx, dResidual, dy, x, y, beta, mean, scale, act, rows, c)

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
				FixedNormBackward(make([]float32, rows*c), over, over, x, y, beta, mean, scale, act, rows, c)
				same(t, name("dResidual in place"), over, dResidual)
			} else {
				FixedNormBackward(over, nil, over, x, y, beta, mean, scale, act, rows, c)
				same(t, name("dx in place"), over, dx)
			}
		}
	}
}
