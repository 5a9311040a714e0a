package kernel

import (
	"math"
	"testing"
)

// crossEntropy is CrossEntropy in float64, by the formulas of PyTorch's manual.
func crossEntropy(logits []float64, target, weights []float32, smoothing float64, classes int) float64 {
	var sum, total float64
	for r, label := range target {
		row := logits[r*classes : (r+1)*classes]
		var powers, smooth float64
		for _, v := range row {
			powers += math.Exp(v)
		}
		weight := func(class int) float64 {
			if weights == nil {
				return 1
			}
			return float64(weights[class])
		}
		for j, v := range row {
			smooth -= weight(j) * (v - math.Log(powers))
		}
		k := int(label)
		sum += (1-smoothing)*-weight(k)*(row[k]-math.Log(powers)) + smoothing/float64(classes)*smooth
		total += weight(k)
	}
	return sum / total
}

func TestCrossEntropy(t *testing.T) {
	const rows, classes = 23, 11
	logits, target, weights := numbers(rows*classes, 1), make([]float32, rows), numbers(classes, 2)
	for i := range target {
		target[i] = float32(i * 5 % classes)
	}
	for i, w := range weights {
		weights[i] = w*w + 0.1
	}
	for _, w := range [][]float32{nil, weights} {
		for _, smoothing := range []float32{0, 0.1, 1} {
			dLogits, logits64 := make([]float32, len(logits)), double(logits)
			loss := func() float64 { return crossEntropy(logits64, target, w, float64(smoothing), classes) }
			c := CrossEntropy{Classes: classes, Weights: w, Smoothing: smoothing}
			near(t, "loss", []float32{c.Forward(logits, target)}, []float64{loss()})
			c.Backward(dLogits, logits, target, 3)
			near(t, "dLogits", dLogits, differences(logits64, func() float64 { return 3 * loss() }))
		}
	}
}

func TestCrossEntropyOfLargeLogits(t *testing.T) {
	logits, target, dLogits := []float32{1e30, 0, -1e30, 500, 300, 500}, []float32{2, 0}, make([]float32, 6)
	c := CrossEntropy{Classes: 3}
	// Rows: infinitely wrong in float32 terms, and a tie far above what exp can hold.
	if got, want := c.Forward(logits, target), float32((2e30+math.Ln2)/2); got != want {
		t.Errorf("loss %v, want %v", got, want)
	}
	c.Backward(dLogits, logits, target, 2)
	for i, want := range []float32{1, 0, -1, -0.5, 0, 0.5} {
		if dLogits[i] != want {
			t.Errorf("dLogits[%d] = %v, want %v", i, dLogits[i], want)
		}
	}
	logits[1] = float32(math.NaN())
	if got := c.Forward(logits, target); got == got {
		t.Errorf("loss of a NaN is %v", got)
	}
}

func TestClassOutOfRangePanics(t *testing.T) {
	for _, label := range []float32{-1, 3, 0.5, float32(math.NaN()), float32(math.Inf(1))} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("class %v of 3 was accepted", label)
				}
			}()
			CrossEntropy{Classes: 3}.Forward(make([]float32, 3), []float32{label})
		}()
	}
}

// TestSoftCrossEntropy: a mixture's loss is the mixture of the losses of its classes, and
// its gradient that of finite differences.
func TestSoftCrossEntropy(t *testing.T) {
	const rows, classes, share = 23, 11, 0.25
	logits, weights := numbers(rows*classes, 1), numbers(classes, 2)
	a, b, mixed := make([]float32, rows), make([]float32, rows), make([]float32, rows*classes)
	for i := range a {
		a[i], b[(i+1)%rows] = float32(i*5%classes), float32(i*5%classes) // as many of each
	}
	for i := range a {
		mixed[i*classes+int(a[i])] += share
		mixed[i*classes+int(b[i])] += 1 - share
	}
	for i, w := range weights {
		weights[i] = w*w + 0.1
	}
	for _, w := range [][]float32{nil, weights} {
		for _, smoothing := range []float32{0, 0.1, 1} {
			dLogits, logits64 := make([]float32, len(logits)), double(logits)
			loss := func() float64 {
				return share*crossEntropy(logits64, a, w, float64(smoothing), classes) + (1-share)*crossEntropy(logits64, b, w, float64(smoothing), classes)
			}
			c := CrossEntropy{Classes: classes, Weights: w, Smoothing: smoothing, Soft: true}
			near(t, "loss", []float32{c.Forward(logits, mixed)}, []float64{loss()})
			c.Backward(dLogits, logits, mixed, 3)
			near(t, "dLogits", dLogits, differences(logits64, func() float64 { return 3 * loss() }))
		}
	}
}

// TestSoftOfOneClass: shares of 1 and 0 are a class, also where another one's loss is
// beyond all bounds.
func TestSoftOfOneClass(t *testing.T) {
	const rows, classes = 5, 4
	logits, target, shares := numbers(rows*classes, 3), make([]float32, rows), make([]float32, rows*classes)
	for i := range target {
		target[i] = float32(i % classes)
		shares[i*classes+i%classes] = 1
	}
	logits[1] = float32(math.Inf(-1))
	hard, soft := CrossEntropy{Classes: classes}, CrossEntropy{Classes: classes, Soft: true}
	if got, want := soft.Forward(logits, shares), hard.Forward(logits, target); got != want {
		t.Errorf("loss %v, want %v", got, want)
	}
	got, want := make([]float32, len(logits)), make([]float32, len(logits))
	soft.Backward(got, logits, shares, 2)
	hard.Backward(want, logits, target, 2)
	same(t, "dLogits", got, want)
}
