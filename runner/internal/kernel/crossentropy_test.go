package kernel

import (
	"math"
	"testing"
)

// crossEntropy is CrossEntropyForward in float64, by the formulas of PyTorch's manual.
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
			near(t, "loss", []float32{CrossEntropyForward(logits, target, w, smoothing, classes)}, []float64{loss()})
			CrossEntropyBackward(dLogits, logits, target, w, smoothing, 3, classes)
			near(t, "dLogits", dLogits, differences(logits64, func() float64 { return 3 * loss() }))
		}
	}
}

func TestCrossEntropyOfLargeLogits(t *testing.T) {
	logits, target, dLogits := []float32{1e30, 0, -1e30, 500, 300, 500}, []float32{2, 0}, make([]float32, 6)
	// Rows: infinitely wrong in float32 terms, and a tie far above what exp can hold.
	if got, want := CrossEntropyForward(logits, target, nil, 0, 3), float32((2e30+math.Ln2)/2); got != want {
		t.Errorf("loss %v, want %v", got, want)
	}
	CrossEntropyBackward(dLogits, logits, target, nil, 0, 2, 3)
	for i, want := range []float32{1, 0, -1, -0.5, 0, 0.5} {
		if dLogits[i] != want {
			t.Errorf("dLogits[%d] = %v, want %v", i, dLogits[i], want)
		}
	}
	logits[1] = float32(math.NaN())
	if got := CrossEntropyForward(logits, target, nil, 0, 3); got == got {
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
			CrossEntropyForward(make([]float32, 3), []float32{label}, nil, 0, 3)
		}()
	}
}
