package kernel

import (
	"fmt"
	"math"
	"runtime"
	"testing"
)

// convs is a grid of small shapes: every kernel, stride and padding with odd sizes
// and channel counts on both sides of the tiles' edges.
func convs() []Conv {
	var list []Conv
	channels := []int{1, 3, 5, 16, 33, 64}
	sizes := [][2]int{{7, 9}, {10, 7}, {8, 8}}
	i := 0
	for _, k := range []int{1, 3, 7} {
		for stride := 1; stride <= 3; stride++ {
			for pad := 0; pad <= 3; pad++ {
				size := sizes[i%len(sizes)]
				list = append(list, Conv{
					N: 1 + i%3, H: size[0], W: size[1],
					Cin: channels[i%6], Cout: channels[(i/6+i*5+2)%6],
					KH: k, KW: k, Stride: stride, Pad: pad,
				})
				i++
			}
		}
	}
	return append(list,
		Conv{N: 3, H: 7, W: 6, Cin: 64, Cout: 40, KH: 3, KW: 3, Stride: 2, Pad: 1},   // exactly 9 blocks
		Conv{N: 2, H: 20, W: 19, Cin: 70, Cout: 33, KH: 3, KW: 3, Stride: 2, Pad: 1}, // gathered in two parts
		Conv{N: 2, H: 5, W: 9, Cin: 4, Cout: 6, KH: 2, KW: 4, Stride: 2, Pad: 1},
		Conv{N: 2, H: 4, W: 4, Cin: 5, Cout: 7, KH: 3, KW: 3, Stride: 4, Pad: 0}, // pixels that no tap reads
		Conv{N: 2, H: 9, W: 11, Cin: 6, Cout: 9, KH: 3, KW: 2, Stride: 1, Pad: 2, Dilation: 2},
		Conv{N: 1, H: 10, W: 9, Cin: 4, Cout: 34, KH: 4, KW: 5, Stride: 4, Pad: 3, Dilation: 2}, // phases without taps
		Conv{N: 2, H: 11, W: 12, Cin: 12, Cout: 8, KH: 3, KW: 3, Stride: 2, Pad: 1, Groups: 4},
		Conv{N: 2, H: 7, W: 8, Cin: 6, Cout: 66, KH: 2, KW: 3, Stride: 3, Pad: 2, Dilation: 3, Groups: 2},
		Conv{N: 3, H: 6, W: 5, Cin: 68, Cout: 6, KH: 1, KW: 1, Stride: 1, Groups: 2},
		Conv{N: 2, H: 6, W: 7, Cin: 5, Cout: 15, KH: 3, KW: 3, Stride: 1, Pad: 1, Groups: 5}, // three filters a channel
		Conv{N: 9, H: 1, W: 1, Cin: 700, Cout: 1, KH: 1, KW: 1, Stride: 1},
		Conv{N: 33, H: 1, W: 1, Cin: 30, Cout: 65, KH: 1, KW: 1, Stride: 1},
		Conv{N: 700, H: 1, W: 1, Cin: 3, Cout: 2, KH: 1, KW: 1, Stride: 1},
		Conv{N: 2, H: 8, W: 10, Cin: 3, Cout: 33, KH: 3, KW: 3, Stride: 2, End: 1}, // TensorFlow's SAME
		Conv{N: 2, H: 8, W: 6, Cin: 16, Cout: 9, KH: 3, KW: 3, Stride: 1, Pad: 1, End: 1},
		Conv{N: 1, H: 7, W: 5, Cin: 8, Cout: 8, KH: 4, KW: 4, Stride: 3, Pad: 1, Dilation: 2, End: 2},
	)
}

// operands are the tensors of one convolution, filled with reproducible numbers.
type operands struct{ x, w, bias, y, dy, dx, dw []float32 }

func newOperands(c Conv) operands {
	taps := c.KH * c.KW * c.in()
	return operands{
		x: numbers(c.N*c.H*c.W*c.Cin, 1), w: numbers(taps*c.Cout, 2), bias: numbers(c.Cout, 3),
		dy: numbers(c.N*c.OutH()*c.OutW()*c.Cout, 4),
		y:  make([]float32, c.N*c.OutH()*c.OutW()*c.Cout),
		dx: make([]float32, c.N*c.H*c.W*c.Cin), dw: make([]float32, taps*c.Cout),
	}
}

func (o operands) run(c Conv) {
	for _, z := range [][]float32{o.y, o.dx, o.dw} {
		for i := range z {
			z[i] = float32(math.NaN())
		}
	}
	c.Forward(o.y, o.x, o.w, o.bias)
	c.InputGradient(o.dx, o.dy, o.w)
	c.WeightGradient(o.dw, o.x, o.dy)
}

// numbers returns n floats in [-1, 1), one in eight of them zero, as ReLU makes them.
func numbers(n int, seed uint32) []float32 {
	x := make([]float32, n)
	s := seed * 2654435761
	for i := range x {
		s = s*1664525 + 1013904223
		if s>>29 != 0 {
			x[i] = float32(int32(s)) * 0x1p-31
		}
	}
	return x
}

// visit calls f for every product of the convolution, in the order of rising
// (n, oy, ox, r, s, ci, co), with the indices of y, x (-1: padding) and w.
func visit(c Conv, f func(y, x, w int)) {
	for p := range c.N * c.OutH() * c.OutW() {
		n, oy, ox := p/(c.OutH()*c.OutW()), p/c.OutW()%c.OutH(), p%c.OutW()
		for r := range c.KH {
			for s := range c.KW {
				iy, ix := oy*c.Stride+r*c.dilation()-c.Pad, ox*c.Stride+s*c.dilation()-c.Pad
				for ci := range c.Cin {
					x := ((n*c.H+iy)*c.W+ix)*c.Cin + ci
					if iy < 0 || iy >= c.H || ix < 0 || ix >= c.W {
						x = -1
					}
					for co := ci / c.in() * c.out(); co < (ci/c.in()+1)*c.out(); co++ {
						f(p*c.Cout+co, x, ((r*c.KW+s)*c.in()+ci%c.in())*c.Cout+co)
					}
				}
			}
		}
	}
}

// naive is the convolution and its gradients in float64.
func naive(c Conv, o operands) (y, dx, dw []float64) {
	y, dx, dw = make([]float64, len(o.y)), make([]float64, len(o.dx)), make([]float64, len(o.dw))
	for i := range y {
		y[i] = float64(o.bias[i%c.Cout])
	}
	visit(c, func(iy, ix, iw int) {
		if ix >= 0 {
			y[iy] += float64(o.x[ix]) * float64(o.w[iw])
			dx[ix] += float64(o.dy[iy]) * float64(o.w[iw])
			dw[iw] += float64(o.dy[iy]) * float64(o.x[ix])
		}
	})
	return y, dx, dw
}

func TestConvAgainstFloat64(t *testing.T) {
	for _, c := range append(convs(), winogradConvs()[:6]...) {
		o := newOperands(c)
		y, dx, dw := naive(c, o)
		o.run(c)
		near(t, fmt.Sprintf("%+v y", c), o.y, y)
		near(t, fmt.Sprintf("%+v dx", c), o.dx, dx)
		near(t, fmt.Sprintf("%+v dw", c), o.dw, dw)
	}
}

func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i])-want[i]) <= 1e-5*(1+math.Abs(want[i]))) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// A chain sums products as the package comment says: block by block, bias last.
type chain struct {
	total, sum float32
	terms      int
}

func (c *chain) add(a, b float32) {
	c.sum = FMA32(a, b, c.sum)
	if c.terms++; c.terms%Block == 0 {
		c.flush()
	}
}

func (c *chain) flush() {
	if c.terms <= Block {
		c.total = c.sum
	} else {
		c.total += c.sum
	}
	c.sum = 0
}

func (c *chain) value() float32 {
	if c.terms%Block != 0 {
		c.flush()
	}
	return c.total
}

// TestContract holds every variant against the contract's own words, bit for bit.
func TestContract(t *testing.T) {
	for _, c := range convs() {
		if c.isWinograd() || c.transposed().isWinograd() {
			continue // see TestWinogradContract
		}
		o := newOperands(c)
		at := func(x []float32, i int) float32 {
			if i < 0 {
				return 0
			}
			return x[i]
		}
		y, dw, dx := make([]chain, len(o.y)), make([]chain, len(o.dw)), make([]chain, len(o.dx))
		visit(c, func(iy, ix, iw int) {
			y[iy].add(at(o.x, ix), o.w[iw])
			dw[iw].add(at(o.x, ix), o.dy[iy])
		})
		visitBackward(c, func(ix, iy, iw int) { dx[ix].add(at(o.dy, iy), o.w[iw]) })
		wantY, wantDX, wantDW := values(y), values(dx), values(dw)
		for i := range wantY {
			wantY[i] += o.bias[i%c.Cout]
		}
		everyVariant(t, func(name string) {
			o.run(c)
			same(t, fmt.Sprintf("%s %+v y", name, c), o.y, wantY)
			same(t, fmt.Sprintf("%s %+v dx", name, c), o.dx, wantDX)
			same(t, fmt.Sprintf("%s %+v dw", name, c), o.dw, wantDW)
		})
	}
}

// visitBackward calls f for every product of the input gradient, each element's in its
// order, with the indices of dx, dy (-1: outside of the picture) and w.
func visitBackward(c Conv, f func(x, y, w int)) {
	for i := range c.N * c.H * c.W * c.Cin {
		n, iy, ix, ci := i/(c.H*c.W*c.Cin), i/(c.W*c.Cin)%c.H, i/c.Cin%c.W, i%c.Cin
		for r := c.KH - 1; r >= 0; r-- {
			for s := c.KW - 1; s >= 0; s-- {
				down, right := iy+c.Pad-r*c.dilation(), ix+c.Pad-s*c.dilation()
				if down%c.Stride != 0 || right%c.Stride != 0 {
					continue
				}
				oy, ox := down/c.Stride, right/c.Stride
				inside := oy >= 0 && oy < c.OutH() && ox >= 0 && ox < c.OutW()
				for co := ci / c.in() * c.out(); co < (ci/c.in()+1)*c.out(); co++ {
					y := -1
					if inside {
						y = ((n*c.OutH()+oy)*c.OutW()+ox)*c.Cout + co
					}
					f(i, y, ((r*c.KW+s)*c.in()+ci%c.in())*c.Cout+co)
				}
			}
		}
	}
}

func values(chains []chain) []float32 {
	x := make([]float32, len(chains))
	for i := range chains {
		x[i] = chains[i].value()
	}
	return x
}

// everyVariant calls f under every variant, each time with another number of threads.
func everyVariant(t *testing.T, f func(name string)) {
	t.Helper()
	before, n := Variant(), Threads()
	defer func() {
		SetThreads(n)
		if err := SetVariant(before); err != nil {
			t.Fatal(err)
		}
	}()
	for i, name := range Variants() {
		if err := SetVariant(name); err != nil {
			t.Fatal(err)
		}
		SetThreads([]int{5, 3, 2}[i%3])
		f(name)
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%s[%d] = %v (%08x), want %v (%08x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
			return
		}
	}
}

// TestForwardThen compares with separate passes.
func TestForwardThen(t *testing.T) {
	for _, c := range append(append(convs(), winogradConvs()[:4]...), Conv{N: 2, H: 5, W: 6, Cin: 12, Cout: 12, KH: 3, KW: 3, Stride: 1, Pad: 1, Groups: 12}) {
		o := newOperands(c)
		want, residual := make([]float32, len(o.y)), numbers(len(o.y), 5)
		everyVariant(t, func(name string) {
			for _, act := range []Activation{Identity, ReLU, SiLU} {
				for _, with := range [][]float32{nil, residual} {
					c.Forward(want, o.x, o.w, o.bias)
					if with != nil {
						Add(want, want, with)
					}
					act.Forward(want, want)
					c.ForwardThen(o.y, o.x, o.w, o.bias, with, act)
					same(t, fmt.Sprintf("%s %+v then %s", name, c, act), o.y, want)
				}
			}
		})
	}
}

func TestThreadsDoNotChangeBits(t *testing.T) {
	defer SetThreads(Threads())
	for _, c := range []Conv{
		{N: 2, H: 11, W: 31, Cin: 65, Cout: 70, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 8, W: 9, Cin: 33, Cout: 40, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 3, H: 17, W: 16, Cin: 20, Cout: 96, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 4, H: 2, W: 2, Cin: 96, Cout: 128, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 16, H: 1, W: 1, Cin: 512, Cout: 1, KH: 1, KW: 1, Stride: 1},
		// A weight gradient of less than a tile, which is shared out along k.
		{N: 3, H: 21, W: 20, Cin: 1, Cout: 7, KH: 3, KW: 3, Stride: 1, Pad: 1},
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

func TestConvFromSeveralGoroutines(t *testing.T) {
	c := Conv{N: 2, H: 14, W: 13, Cin: 32, Cout: 48, KH: 3, KW: 3, Stride: 2, Pad: 1}
	want := newOperands(c)
	want.run(c)
	Parallel(8, func(int) {
		got := newOperands(c)
		got.run(c)
		same(t, "y", got.y, want.y)
		same(t, "dx", got.dx, want.dx)
		same(t, "dw", got.dw, want.dw)
	})
}

func TestConvMakesNoGarbage(t *testing.T) {
	for stride := 1; stride <= 2; stride++ {
		convMakesNoGarbage(t, Conv{N: 2, H: 16, W: 16, Cin: 32, Cout: 40, KH: 3, KW: 3, Stride: stride, Pad: 1})
	}
}

func convMakesNoGarbage(t *testing.T, c Conv) {
	t.Helper()
	o := newOperands(c)
	// One thread: with more, how many buffers are in use at once depends on chance.
	defer SetThreads(Threads())
	SetThreads(1)
	for range 3 { // a thread of the test before may give its buffers back yet
		o.run(c)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const steps = 20
	for range steps {
		o.run(c)
	}
	runtime.ReadMemStats(&after)
	// Closures and short lists; a buffer a step would be far more.
	if n := (after.TotalAlloc - before.TotalAlloc) / steps; n > 5<<10 {
		t.Errorf("%+v: %d bytes allocated a step", c, n)
	}
}

func TestConvRefusesWrongShapes(t *testing.T) {
	c := Conv{N: 1, H: 4, W: 4, Cin: 2, Cout: 3, KH: 3, KW: 3, Stride: 1, Pad: 1}
	o := newOperands(c)
	for name, f := range map[string]func(){
		"x":    func() { c.Forward(o.y, o.x[1:], o.w, nil) },
		"bias": func() { c.Forward(o.y, o.x, o.w, o.bias[1:]) },
		"w":    func() { c.InputGradient(o.dx, o.dy, o.w[1:]) },
		"dy":   func() { c.WeightGradient(o.dw, o.x, o.dy[1:]) },
		"groups": func() {
			Conv{N: 1, H: 4, W: 4, Cin: 2, Cout: 3, KH: 1, KW: 1, Stride: 1, Groups: 2}.Forward(make([]float32, 48), make([]float32, 32), make([]float32, 3), nil)
		},
		"dilation": func() {
			Conv{N: 1, H: 4, W: 4, Cin: 1, Cout: 1, KH: 3, KW: 3, Stride: 1, Dilation: 2}.Forward(nil, make([]float32, 16), make([]float32, 9), nil)
		},
		"kernel": func() { Conv{N: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 5, KW: 5, Stride: 1}.Forward(nil, nil, nil, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
