package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

var pools = []Pool{
	{N: 2, H: 7, W: 8, C: 9, Window: 3, Stride: 2, Pad: 1},
	{N: 1, H: 6, W: 5, C: 3, Window: 2, Stride: 2},
	{N: 2, H: 5, W: 8, C: 17, Window: 2, Stride: 2},
	{N: 2, H: 5, W: 6, C: 8, Window: 3, Stride: 1, Pad: 1},
	{N: 1, H: 9, W: 7, C: 2, Window: 2, Stride: 3},
	{N: 1, H: 4, W: 4, C: 1, Window: 4, Stride: 4, Pad: 2},
	{N: 1, H: 17, W: 16, C: 1, Window: 15, Stride: 1, Pad: 7},
}

// eachWindow calls f for every output element with the input elements under its
// window in the order of taps, and their taps.
func eachWindow(p Pool, f func(out int, in, taps []int)) {
	for out := range p.sizeOut() {
		j, ox, oy, n := out%p.C, out/p.C%p.OutW(), out/p.C/p.OutW()%p.OutH(), out/p.C/p.OutW()/p.OutH()
		var in, taps []int
		for r := range p.Window {
			for s := range p.Window {
				y, x := oy*p.Stride+r-p.Pad, ox*p.Stride+s-p.Pad
				if y >= 0 && y < p.H && x >= 0 && x < p.W {
					in = append(in, ((n*p.H+y)*p.W+x)*p.C+j)
					taps = append(taps, r*p.Window+s)
				}
			}
		}
		f(out, in, taps)
	}
}

func TestMaxPool(t *testing.T) {
	for _, p := range pools {
		x, dy := numbers(p.sizeIn(), 1), numbers(p.sizeOut(), 2) // with ties: zeros
		y, index, dx := make([]float32, p.sizeOut()), make([]uint8, p.sizeOut()), numbers(p.sizeIn(), 3)
		p.MaxForward(y, index, x)
		p.MaxBackward(dx, dy, index)
		wantDx := make([]float32, p.sizeIn())
		eachWindow(p, func(out int, in, taps []int) {
			best := 0
			for k := range in {
				if x[in[k]] > x[in[best]] {
					best = k
				}
			}
			if y[out] != x[in[best]] || int(index[out]) != taps[best] {
				t.Fatalf("%+v: y[%d] = %v at tap %d, want %v at %d", p, out, y[out], index[out], x[in[best]], taps[best])
			}
			wantDx[in[best]] += dy[out]
		})
		if !slices.Equal(dx, wantDx) {
			t.Errorf("%+v: dx = %v, want %v", p, dx, wantDx)
		}
	}
}

// TestMaxPoolOfReLU holds the pool that does a ReLU to the bits of the two one after the other.
func TestMaxPoolOfReLU(t *testing.T) {
	for _, p := range pools {
		x, dy := numbers(p.sizeIn(), 1), numbers(p.sizeOut(), 2)
		rectified := make([]float32, len(x))
		ReLU.Forward(rectified, x)
		want, wantDx, index := make([]float32, p.sizeOut()), make([]float32, p.sizeIn()), make([]uint8, p.sizeOut())
		p.MaxForward(want, index, rectified)
		p.MaxBackward(wantDx, dy, index)
		ReLU.Backward(wantDx, wantDx, rectified)
		p.ReLU = true
		everyVariant(t, func(name string) {
			y, dx, evaluated := make([]float32, p.sizeOut()), numbers(p.sizeIn(), 3), make([]float32, p.sizeOut())
			p.MaxForward(y, index, x)
			p.MaxBackward(dx, dy, index)
			p.MaxForward(evaluated, nil, x)
			same(t, fmt.Sprintf("%s %+v y", name, p), y, want)
			same(t, fmt.Sprintf("%s %+v dx", name, p), dx, wantDx)
			same(t, fmt.Sprintf("%s %+v y without taps", name, p), evaluated, want)
		})
	}
}

func TestMaxPoolSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	p := Pool{N: 1, H: 2, W: 2, C: 1, Window: 2, Stride: 2}
	for _, v := range []struct {
		x    []float32
		want float32
		tap  uint8
	}{
		{[]float32{1, 2, 2, 1}, 2, 1},
		{[]float32{inf, inf, inf, inf}, inf, 0},
		{[]float32{1, nan, 5, 2}, nan, 1},
		{[]float32{nan, 1, nan, 2}, nan, 2},
	} {
		y, index := make([]float32, 1), make([]uint8, 1)
		p.MaxForward(y, index, v.x)
		if fmt.Sprint(y[0]) != fmt.Sprint(v.want) || index[0] != v.tap {
			t.Errorf("max of %v is %v at %d, want %v at %d", v.x, y[0], index[0], v.want, v.tap)
		}
	}
}

func TestAveragePool(t *testing.T) {
	for _, p := range pools {
		x, dy := numbers(p.sizeIn(), 1), numbers(p.sizeOut(), 2)
		y, dx := make([]float32, p.sizeOut()), make([]float32, p.sizeIn())
		p.AverageForward(y, x)
		p.AverageBackward(dx, dy)
		wantY, wantDx := make([]float64, p.sizeOut()), make([]float64, p.sizeIn())
		area := float64(p.Window * p.Window)
		eachWindow(p, func(out int, in, _ []int) {
			for _, i := range in {
				wantY[out] += float64(x[i]) / area
				wantDx[i] += float64(dy[out]) / area
			}
		})
		near(t, fmt.Sprintf("%+v y", p), y, wantY)
		near(t, fmt.Sprintf("%+v dx", p), dx, wantDx)
	}
}

func TestAdaptiveAverage(t *testing.T) {
	for _, p := range []AdaptivePool{
		{N: 2, H: 7, W: 7, C: 3, OutH: 7, OutW: 7}, {N: 2, H: 1, W: 2, C: 9, OutH: 7, OutW: 7},
		{N: 1, H: 14, W: 21, C: 2, OutH: 7, OutW: 7}, {N: 1, H: 10, W: 9, C: 4, OutH: 7, OutW: 4},
	} {
		x, dy := numbers(p.sizeIn(), 1), numbers(p.sizeOut(), 2)
		y, dx := make([]float32, p.sizeOut()), make([]float32, p.sizeIn())
		p.AverageForward(y, x)
		p.AverageBackward(dx, dy)
		x64 := double(x)
		forward := func() []float64 {
			out := make([]float64, p.sizeOut())
			for o := range out {
				j, ox, oy, n := o%p.C, o/p.C%p.OutW, o/p.C/p.OutW%p.OutH, o/p.C/p.OutW/p.OutH
				sum, count := 0.0, 0
				for r := range p.H {
					for s := range p.W {
						// The element shares a part with [oy/OutH, (oy+1)/OutH) of the height.
						if r*p.OutH < (oy+1)*p.H && (r+1)*p.OutH > oy*p.H && s*p.OutW < (ox+1)*p.W && (s+1)*p.OutW > ox*p.W {
							sum, count = sum+x64[((n*p.H+r)*p.W+s)*p.C+j], count+1
						}
					}
				}
				out[o] = sum / float64(count)
			}
			return out
		}
		near(t, fmt.Sprintf("%+v y", p), y, forward())
		near(t, fmt.Sprintf("%+v dx", p), dx, differences(x64, func() float64 { return dot(forward(), double(dy)) }))
	}
}

func TestGlobalAverage(t *testing.T) {
	const n, hw, c = 3, 49, 10
	x, y, dy, dx := numbers(n*hw*c, 1), make([]float32, n*c), numbers(n*c, 2), make([]float32, n*hw*c)
	x64 := double(x)
	forward := func() []float64 {
		out := make([]float64, n*c)
		for i, v := range x64 {
			out[i/(hw*c)*c+i%c] += v / hw
		}
		return out
	}
	GlobalAverageForward(y, x, n, hw, c)
	GlobalAverageBackward(dx, dy, n, hw, c)
	near(t, "y", y, forward())
	near(t, "dx", dx, differences(x64, func() float64 { return dot(forward(), double(dy)) }))
}

func TestImpossiblePoolPanics(t *testing.T) {
	for _, p := range []Pool{{Window: 3, Stride: 1, Pad: 2}, {Window: 16, Stride: 1}, {Window: 2}, {Window: 8, Stride: 1}} {
		p.N, p.H, p.W, p.C = 1, 7, 7, 1
		if p.Window == 16 {
			p.H, p.W = 20, 20
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", p)
				}
			}()
			p.check()
		}()
	}
}
