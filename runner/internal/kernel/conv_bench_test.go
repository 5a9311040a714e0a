package kernel

import (
	"fmt"
	"testing"
)

// resnet18 are the distinct convolutions of ResNet18, for pictures of a given size.
func resnet18(batch, size int) []Conv {
	return []Conv{
		{N: batch, H: size, W: size, Cin: 3, Cout: 64, KH: 7, KW: 7, Stride: 2, Pad: 3},
		{N: batch, H: size / 4, W: size / 4, Cin: 64, Cout: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: batch, H: size / 8, W: size / 8, Cin: 128, Cout: 128, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: batch, H: size / 16, W: size / 16, Cin: 256, Cout: 256, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: batch, H: size / 32, W: size / 32, Cin: 512, Cout: 512, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: batch, H: size / 8, W: size / 8, Cin: 128, Cout: 256, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: batch, H: size / 8, W: size / 8, Cin: 128, Cout: 256, KH: 1, KW: 1, Stride: 2},
		{N: batch, H: 1, W: 1, Cin: 512, Cout: 1, KH: 1, KW: 1, Stride: 1},
	}
}

// BenchmarkConv counts two operations for every tap of every output pixel, padding
// included, as the direct sum has them: Winograd's algorithm, which has fewer, may exceed
// the peak. What a tile computes beyond the last column does not count.
func BenchmarkConv(b *testing.B) {
	SetThreads(0) // follow -cpu
	for _, setting := range [][2]int{{32, 224}, {32, 64}, {16, 64}} {
		for _, c := range resnet18(setting[0], setting[1]) {
			o := newOperands(c)
			work := 2e-9 * float64(len(o.y)*c.KH*c.KW*c.Cin)
			for _, p := range []struct {
				name string
				run  func()
			}{
				{"y", func() { c.Forward(o.y, o.x, o.w, nil) }},
				{"dx", func() { c.InputGradient(o.dx, o.dy, o.w) }},
				{"dw", func() { c.WeightGradient(o.dw, o.x, o.dy) }},
			} {
				name := fmt.Sprintf("%dx%d/%dx%dx%d-%d/k%ds%d/%s", setting[0], setting[1], c.H, c.W, c.Cin, c.Cout, c.KH, c.Stride, p.name)
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						p.run()
					}
					b.ReportMetric(work*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
				})
			}
		}
	}
}

// BenchmarkPeak is the highest rate of the variant in use: its tile on operands that
// stay in the first-level cache.
func BenchmarkPeak(b *testing.B) {
	SetThreads(0) // follow -cpu
	t := active.tile
	const k, repeat = 64, 1000
	work := 2e-9 * float64(t.rows*t.cols*k*repeat*Threads())
	for b.Loop() {
		Parallel(Threads(), func(int) {
			c, row, panel := make([]float32, t.rows*t.cols), numbers(t.rows*k, 1), numbers(t.cols*k, 2)
			for range repeat {
				t.whole[t.rows](c, t.cols, row, k, 1, panel, t.cols, k, false)
			}
		})
	}
	b.ReportMetric(work*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
}
