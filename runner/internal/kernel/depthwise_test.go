package kernel

import (
	"fmt"
	"testing"
)

// depthwiseConvs is a grid of small shapes: all kernels, strides, paddings and
// dilations, with odd sizes and channels on both sides of the vectors' widths.
func depthwiseConvs() []Conv {
	var list []Conv
	channels := []int{2, 3, 7, 8, 9, 16, 23, 24, 33, 40, 53}
	sizes := [][2]int{{7, 9}, {10, 7}, {8, 8}, {3, 17}, {12, 5}, {6, 26}, {9, 35}}
	for k := 1; k <= 5; k++ {
		for stride := 1; stride <= 3; stride++ {
			for pad := 0; pad <= 5; pad++ {
				for dilation := 1; dilation <= 3; dilation++ {
					i := len(list)
					size, n := sizes[i%len(sizes)], channels[(i*7)%len(channels)]
					c := Conv{
						N: 1 + i%2, H: size[0], W: size[1], Cin: n, Cout: n, KH: k, KW: k,
						Stride: stride, Pad: pad, Dilation: dilation, Groups: n,
					}
					if extent := (k-1)*dilation + 1; extent <= c.H+2*pad && extent <= c.W+2*pad {
						list = append(list, c)
					}
				}
			}
		}
	}
	return append(list,
		Conv{N: 1, H: 1, W: 1, Cin: 19, Cout: 19, KH: 5, KW: 5, Stride: 1, Pad: 2, Groups: 19},
		Conv{N: 3, H: 2, W: 1, Cin: 9, Cout: 9, KH: 3, KW: 5, Stride: 2, Pad: 4, Groups: 9},
		Conv{N: 1, H: 40, W: 33, Cin: 17, Cout: 17, KH: 3, KW: 3, Stride: 1, Pad: 1, Groups: 17}, // three chunks
		Conv{N: 2, H: 2, W: 600, Cin: 8, Cout: 8, KH: 5, KW: 5, Stride: 1, Pad: 2, Groups: 8},    // chunks of one row
		Conv{N: 2, H: 8, W: 12, Cin: 33, Cout: 33, KH: 3, KW: 3, Stride: 2, Groups: 33, End: 1},  // TensorFlow's SAME
		Conv{N: 1, H: 7, W: 6, Cin: 16, Cout: 16, KH: 5, KW: 5, Stride: 1, Pad: 2, Groups: 16, End: 1},
		Conv{N: 1, H: 14, W: 14, Cin: 40, Cout: 40, KH: 5, KW: 5, Stride: 2, Pad: 1, Groups: 40, End: 1},
	)
}

func TestDepthwiseAgainstFloat64(t *testing.T) {
	for _, c := range depthwiseConvs() {
		o := newOperands(c)
		y, dx, dw := naive(c, o)
		o.run(c)
		near(t, fmt.Sprintf("%+v y", c), o.y, y)
		near(t, fmt.Sprintf("%+v dx", c), o.dx, dx)
		near(t, fmt.Sprintf("%+v dw", c), o.dw, dw)
	}
}

// TestDepthwiseContract holds every variant against the words of depthwise.go, bit for
// bit; tiny weights, whose products vanish, tell -0 from +0 and terms from none.
func TestDepthwiseContract(t *testing.T) {
	for i, c := range depthwiseConvs() {
		o := newOperands(c)
		if i%3 == 0 {
			for j := range o.w {
				o.w[j] *= 0x1p-140
				o.bias[j%c.Cout] = 0
			}
			for j := range o.dy {
				o.dy[j] *= 0x1p-145
			}
		}
		y, dx := make([]float32, len(o.y)), make([]float32, len(o.dx))
		pixels := c.OutH() * c.OutW()
		high := max(1, depthwiseBlock/c.OutW())
		strips := ceil(c.OutH(), high)
		parts := make([]float32, c.N*strips*len(o.dw))
		visit(c, func(iy, ix, iw int) {
			if ix < 0 {
				return
			}
			y[iy] = FMA32(o.x[ix], o.w[iw], y[iy])
			pixel := iy / c.Cout
			part := &parts[(pixel/pixels*strips+pixel%pixels/c.OutW()/high)*len(o.dw)+iw]
			*part = FMA32(o.x[ix], o.dy[iy], *part)
		})
		for j := range y {
			y[j] += o.bias[j%c.Cout]
		}
		visitBackward(c, func(ix, iy, iw int) {
			if iy >= 0 {
				dx[ix] = FMA32(o.dy[iy], o.w[iw], dx[ix])
			}
		})
		dw := make([]float32, len(o.dw))
		ColumnSum(dw, parts, c.N*strips, len(dw))
		everyVariant(t, func(name string) {
			o.run(c)
			same(t, fmt.Sprintf("%s %+v y", name, c), o.y, y)
			same(t, fmt.Sprintf("%s %+v dx", name, c), o.dx, dx)
			same(t, fmt.Sprintf("%s %+v dw", name, c), o.dw, dw)
		})
	}
}

func TestDepthwiseThreadsDoNotChangeBits(t *testing.T) {
	defer SetThreads(Threads())
	for _, c := range []Conv{
		{N: 2, H: 14, W: 14, Cin: 72, Cout: 72, KH: 5, KW: 5, Stride: 1, Pad: 2, Groups: 72},
		{N: 3, H: 29, W: 28, Cin: 40, Cout: 40, KH: 3, KW: 3, Stride: 2, Pad: 1, Groups: 40},
	} {
		want := newOperands(c)
		SetThreads(1)
		want.run(c)
		for _, n := range []int{2, 3, 5, 8} {
			SetThreads(n)
			got := newOperands(c)
			got.run(c)
			what := fmt.Sprintf("%d threads %+v", n, c)
			same(t, what+" y", got.y, want.y)
			same(t, what+" dx", got.dx, want.dx)
			same(t, what+" dw", got.dw, want.dw)
		}
	}
}

// TestConvOfOnePicture wants the bits of a picture not to depend on those beside it.
func TestConvOfOnePicture(t *testing.T) {
	for _, c := range []Conv{
		{N: 5, H: 9, W: 13, Cin: 24, Cout: 24, KH: 5, KW: 5, Stride: 2, Pad: 2, Groups: 24},
		{N: 5, H: 9, W: 13, Cin: 24, Cout: 40, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 9, W: 13, Cin: 24, Cout: 40, KH: 1, KW: 1, Stride: 1, Groups: 2},
	} {
		all := newOperands(c)
		c.Forward(all.y, all.x, all.w, all.bias)
		one := c
		one.N = 1
		y := make([]float32, len(all.y)/c.N)
		for i := range c.N {
			one.Forward(y, all.x[i*len(all.x)/c.N:(i+1)*len(all.x)/c.N], all.w, all.bias)
			same(t, fmt.Sprintf("picture %d of %+v", i, c), y, all.y[i*len(y):(i+1)*len(y)])
		}
	}
}
