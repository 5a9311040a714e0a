package kernel

import (
	"fmt"
	"testing"
)

// mobile are the distinct depthwise convolutions of MobileNetV3-small and -large and of
// EfficientNet-B0 on pictures of 224 pixels: input size, channels, kernel, stride.
var mobile = []struct {
	network string
	shapes  [][4]int
}{
	{"small", [][4]int{
		{112, 16, 3, 2}, {56, 72, 3, 2}, {28, 88, 3, 1}, {28, 96, 5, 2}, {14, 240, 5, 1}, {14, 120, 5, 1},
		{14, 144, 5, 1}, {14, 288, 5, 2}, {7, 576, 5, 1},
	}},
	{"large", [][4]int{
		{112, 16, 3, 1}, {112, 64, 3, 2}, {56, 72, 3, 1}, {56, 72, 5, 2}, {28, 120, 5, 1}, {28, 240, 3, 2},
		{14, 200, 3, 1}, {14, 480, 3, 1}, {14, 672, 3, 1}, {14, 672, 5, 2}, {7, 960, 5, 1},
	}},
	{"b0", [][4]int{
		{112, 32, 3, 1}, {112, 96, 3, 2}, {56, 144, 3, 1}, {56, 144, 5, 2}, {28, 240, 5, 1}, {28, 240, 3, 2},
		{14, 480, 3, 1}, {14, 480, 5, 1}, {14, 672, 5, 1}, {14, 672, 5, 2}, {7, 1152, 5, 1}, {7, 1152, 3, 1},
	}},
}

// pointwise are 1x1 convolutions of the same networks, whose channels are no multiples
// of a tile's columns: input size, input and output channels.
var pointwise = [][3]int{
	{112, 16, 96}, {112, 32, 16}, {56, 16, 16}, {56, 16, 72}, {56, 24, 144}, {56, 144, 24}, {28, 24, 88},
	{28, 72, 24}, {28, 40, 240}, {14, 96, 40}, {14, 40, 120}, {14, 240, 40}, {14, 112, 672}, {7, 96, 576}, {7, 576, 96},
}

func BenchmarkDepthwise(b *testing.B) {
	for _, n := range mobile {
		for _, s := range n.shapes {
			c := Conv{N: 16, H: s[0], W: s[0], Cin: s[1], Cout: s[1], KH: s[2], KW: s[2], Stride: s[3], Pad: s[2] / 2, Groups: s[1]}
			benchmarkConv(b, fmt.Sprintf("%s/%dx%d/k%ds%d", n.network, c.H, c.Cin, c.KH, c.Stride), c)
		}
	}
}

func BenchmarkPointwise(b *testing.B) {
	for _, s := range pointwise {
		c := Conv{N: 16, H: s[0], W: s[0], Cin: s[1], Cout: s[2], KH: 1, KW: 1, Stride: 1}
		benchmarkConv(b, fmt.Sprintf("%dx%d-%d", c.H, c.Cin, c.Cout), c)
	}
}

// benchmarkConv counts two operations a tap, padding included, and the bytes of the
// pictures, each read or written once.
func benchmarkConv(b *testing.B, name string, c Conv) {
	SetThreads(0) // follow -cpu
	o := newOperands(c)
	for _, p := range []struct {
		name string
		run  func()
	}{
		{"y", func() { c.Forward(o.y, o.x, o.w, nil) }},
		{"dx", func() { c.InputGradient(o.dx, o.dy, o.w) }},
		{"dw", func() { c.WeightGradient(o.dw, o.x, o.dy) }},
	} {
		b.Run(name+"/"+p.name, func(b *testing.B) {
			for b.Loop() {
				p.run()
			}
			rate := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(2e-9*rate*float64(len(o.y)*c.KH*c.KW*c.in()), "GFLOP/s")
			b.ReportMetric(4e-9*rate*float64(len(o.x)+len(o.y)), "GB/s")
		})
	}
}
