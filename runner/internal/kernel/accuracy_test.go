package kernel

import (
	"fmt"
	"testing"

	"biomass/runner/internal/rng"
)

// TestAccuracy holds the longest sums of the networks, 4608 and 25088 terms, Winograd's
// algorithm and the sums over many pixels to the bar: an RMS distance to the result in
// float64 of at most twice that of PyTorch's float32. What PyTorch 1.13.1 reaches for
// such numbers (oneDNN and OpenBLAS, contiguous tensors) is in units of 2^-24 of an
// output's RMS.
func TestAccuracy(t *testing.T) {
	for _, test := range []struct {
		c     Conv
		torch [3]float64 // of y, dx and dw
	}{
		{Conv{N: 1, H: 7, W: 7, Cin: 512, Cout: 8, KH: 3, KW: 3, Stride: 1, Pad: 1}, [3]float64{2.9, 2.4, 1.4}},
		{Conv{N: 1, H: 7, W: 7, Cin: 8, Cout: 512, KH: 3, KW: 3, Stride: 1, Pad: 1}, [3]float64{1.7, 5.0, 1.4}},
		{Conv{N: 1, H: 14, W: 14, Cin: 512, Cout: 8, KH: 3, KW: 3, Stride: 2, Pad: 1}, [3]float64{3.2, 1.4, 1.5}},
		{Conv{N: 4, H: 1, W: 1, Cin: 25088, Cout: 16, KH: 1, KW: 1, Stride: 1}, [3]float64{4.6, 1.3, 0.6}},
		{Conv{N: 8, H: 28, W: 28, Cin: 8, Cout: 8, KH: 3, KW: 3, Stride: 1, Pad: 1}, [3]float64{1.8, 2.5, 16.7}},
	} {
		o := newOperands(test.c)
		for i, x := range [][]float32{o.x, o.w, o.dy} {
			stream := rng.New(1, "accuracy", uint64(i))
			for j := range x {
				x[j] = float32(stream.Normal())
			}
		}
		ReLU.Forward(o.x, o.x)
		clear(o.bias)
		y, dx, dw := naive(test.c, o)
		o.run(test.c)
		for i, exact := range [][]float64{y, dx, dw} {
			got := make([]float64, len(exact))
			for j, v := range [][]float32{o.y, o.dx, o.dw}[i] {
				got[j] = float64(v)
			}
			what := fmt.Sprintf("%+v %s", test.c, []string{"y", "dx", "dw"}[i])
			ours := 0x1p24 * distance(got, exact) / distance(exact, make([]float64, len(exact)))
			t.Logf("%s: %.2f, PyTorch's %.2f", what, ours, test.torch[i])
			if !(ours <= 2*test.torch[i]) {
				t.Errorf("%s: an RMS error of %.2f, more than twice PyTorch's %.2f", what, ours, test.torch[i])
			}
		}
	}
}
