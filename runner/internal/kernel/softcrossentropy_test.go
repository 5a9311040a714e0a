package kernel

import (
	"math"
	"testing"
)

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
			near(t, "loss", []float32{SoftCrossEntropyForward(logits, mixed, w, smoothing, classes)}, []float64{loss()})
			SoftCrossEntropyBackward(dLogits, logits, mixed, w, smoothing, 3, classes)
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
	if got, want := SoftCrossEntropyForward(logits, shares, nil, 0, classes), CrossEntropyForward(logits, target, nil, 0, classes); got != want {
		t.Errorf("loss %v, want %v", got, want)
	}
	got, want := make([]float32, len(logits)), make([]float32, len(logits))
	SoftCrossEntropyBackward(got, logits, shares, nil, 0, 2, classes)
	CrossEntropyBackward(want, logits, target, nil, 0, 2, classes)
	same(t, "dLogits", got, want)
}
