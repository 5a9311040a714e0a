package kernel

import "fmt"

// Conv is a two-dimensional convolution (cross-correlation, as everywhere in the
// field) of N pictures, with the same stride, zero padding and dilation in both
// directions. Pad is the padding on every side; End is more of it, behind the last row
// and the last column. Input and output channels are cut into Groups of neighbours, each of
// which is a convolution of its own. Dilation 0 means 1, and so does Groups 0. A dense
// layer is Conv{N: n, H: 1, W: 1, Cin: in, Cout: out, KH: 1, KW: 1, Stride: 1}.
//
// With as many groups as input and as output channels, and more than one, it is
// depthwise and has sums of its own, see depthwise.go.
type Conv struct{ N, H, W, Cin, Cout, KH, KW, Stride, Pad, Dilation, Groups, End int }

// OutH returns the height of the output.
func (c Conv) OutH() int { return (c.H+2*c.Pad+c.End-(c.KH-1)*c.dilation()-1)/c.Stride + 1 }

// OutW returns the width of the output.
func (c Conv) OutW() int { return (c.W+2*c.Pad+c.End-(c.KW-1)*c.dilation()-1)/c.Stride + 1 }

func (c Conv) dilation() int { return max(c.Dilation, 1) }
func (c Conv) groups() int   { return max(c.Groups, 1) }

// in and out are the channels of a group.
func (c Conv) in() int  { return c.Cin / c.groups() }
func (c Conv) out() int { return c.Cout / c.groups() }

// Forward sets
//
//	y[n, oy, ox, co] = sum over (r, s, ci) of x[n, oy*Stride+r*Dilation-Pad, ox*Stride+s*Dilation-Pad, ci] * w[r, s, ci, co] + bias[co]
//
// with k = (r, s, ci) in ascending order, and x zero outside of the picture. Within
// a group ci counts its channels of x from 0.
//
//	y (N, OutH, OutW, Cout), x (N, H, W, Cin), w (KH, KW, Cin/Groups, Cout), bias (Cout) or nil
func (c Conv) Forward(y, x, w, bias []float32) {
	c.ForwardThen(y, x, w, bias, nil, Identity)
}

// ForwardThen is Forward, then
//
//	y = act(y + residual)    residual as y, or nil
//
// while y is in the cache: the same bits as in passes of their own.
func (c Conv) ForwardThen(y, x, w, bias, residual []float32, act Activation) {
	c.check(x, w, y)
	requireOptional("bias", bias, c.Cout)
	requireOptional("residual", residual, len(y))
	c.forward(y, x, w, epilogue{bias: bias, residual: residual, act: act})
}

func (c Conv) forward(y, x, w []float32, then epilogue) {
	if c.isDepthwise() {
		c.depthwiseForward(y, x, w, then)
		return
	}
	if c.isWinograd() {
		c.forwardWinograd(y, lines{data: x, width: c.W * c.Cin}, w, then)
		return
	}
	for g := range c.groups() {
		v, co := c.view(x, g), g*c.out()
		p := product{
			m: v.pixels(), n: c.out(), k: v.taps(),
			b: w[co:], ldb: c.Cout, c: y[co:], ldc: c.Cout, then: then.from(co),
			left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
				return v.matrix(s, i0, i1, k0, k1)
			},
		}
		p.run()
	}
}

// WeightGradient sets
//
//	dw[r, s, ci, co] = sum over (n, oy, ox) of x[n, oy*Stride+r*Dilation-Pad, ox*Stride+s*Dilation-Pad, ci] * dy[n, oy, ox, co]
//
// with k = (n, oy, ox) in ascending order, and x zero outside of the picture.
//
//	dw (KH, KW, Cin/Groups, Cout), x (N, H, W, Cin), dy (N, OutH, OutW, Cout)
func (c Conv) WeightGradient(dw, x, dy []float32) {
	c.check(x, dw, dy)
	c.weightGradient(dw, x, c.upstream(dy))
}

func (c Conv) weightGradient(dw, x []float32, up lines) {
	if c.isDepthwise() {
		c.depthwiseWeightGradient(dw, x, up.data)
		return
	}
	if c.isWinograd() {
		c.weightGradientWinograd(dw, x, up)
		return
	}
	for g := range c.groups() {
		v, co := c.view(x, g), g*c.out()
		p := product{
			m: v.taps(), n: c.out(), k: v.pixels(),
			b: up.data[co:], ldb: c.Cout, c: dw[co:], ldc: c.Cout,
			left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
				a, pixel, tap := v.matrix(s, k0, k1, i0, i1)
				return a, tap, pixel
			},
		}
		if up.pool != nil {
			p.right = func(s *workspace, k0, k1 int) []float32 { return up.pixels(&s.b, c.Cout, k0, k1) }
		}
		p.run()
	}
}

// InputGradient sets
//
//	dx[n, y, x, ci] = sum over (r, s, co) of dy[n, (y+Pad-r*Dilation)/Stride, (x+Pad-s*Dilation)/Stride, co] * w[r, s, ci, co]
//
// over those r and s for which both divisions leave no remainder, with k = (r, s, co)
// in order of descending r, descending s, ascending co (so that dy is read in
// ascending order), and dy zero outside of the picture. The pixels of dx with equal
// y mod Stride and x mod Stride share their taps: each such phase is a convolution of
// dy with stride 1. A phase without taps is +0.
//
//	dx (N, H, W, Cin), dy (N, OutH, OutW, Cout), w (KH, KW, Cin/Groups, Cout)
func (c Conv) InputGradient(dx, dy, w []float32) {
	c.check(dx, w, dy)
	c.inputGradient(dx, c.upstream(dy), w)
}

func (c Conv) inputGradient(dx []float32, up lines, w []float32) {
	if c.isDepthwise() {
		c.depthwiseInputGradient(dx, up.data, w)
		return
	}
	s := calls.take()
	defer calls.giveBack(s)
	if c.H*c.W*c.KH*c.KW == 1 && c.groups() == 1 && c.N >= 16 {
		c.denseInputGradient(dx, up.data, w, s)
		return
	}
	rows, cols := c.phases(c.H, c.KH), c.phases(c.W, c.KW)
	for g := range c.groups() {
		turned := grow(&s.b, c.KH*c.KW*c.in()*c.out())
		c.turn(turned, w[g*c.out():], rows, cols)
		if back := c.transposed(); back.isWinograd() {
			back.forwardWinograd(dx, up, turned, epilogue{})
			return
		}
		for _, row := range rows {
			for _, col := range cols {
				c.phase(dx, up.data, turned, g, row, col)
				turned = turned[row.taps*col.taps*c.in()*c.out():]
			}
		}
	}
}

// denseInputGradient is inputGradient of a dense layer: dx' = w dy'. The weights are most
// of what there is to read, and stay as they lie.
func (c Conv) denseInputGradient(dx, dy, w []float32, s *workspace) {
	turned := grow(&s.b, c.Cout*c.N)
	active.transpose(turned, c.N, dy, c.Cout, c.N, c.Cout)
	v := Conv{N: c.Cin, H: 1, W: 1, Cin: c.Cout, KH: 1, KW: 1, Stride: 1}.view(w, 0)
	p := product{
		m: c.Cin, n: c.N, k: c.Cout, b: turned, ldb: c.N, c: dx, ldc: c.Cin, turned: true,
		left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
			return v.matrix(s, i0, i1, k0, k1)
		},
	}
	p.run()
}

// transposed is, for a stride and a dilation of 1, the convolution of dy with the turned weights that
// gives the gradient of the input.
func (c Conv) transposed() Conv {
	c.H, c.W, c.Cin, c.Cout, c.Pad = c.OutH(), c.OutW(), c.Cout, c.Cin, c.KH-1-c.Pad
	return c
}

// A phase is what the pixels with equal position modulo Stride share, in one
// direction: their taps last, last-step, ..., of which the first reads dy at origin
// for the first of these pixels, the second at origin+dilation, and so on.
type phase struct{ position, pixels, taps, last, step, origin, dilation int }

// phases returns all Stride phases of one direction; the taps of those behind a
// picture smaller than Stride belong to no pixel. Tap r reaches the pixels of position
// i if r*Dilation = i+Pad modulo Stride: if at all, every Stride/gcd(Stride, Dilation)th.
func (c Conv) phases(size, kernel int) []phase {
	divisor := gcd(c.Stride, c.dilation())
	list := make([]phase, c.Stride)
	for i := range list {
		p := phase{position: i, pixels: ceil(max(size-i, 0), c.Stride), step: c.Stride / divisor, dilation: c.dilation() / divisor}
		first := 0
		for first < kernel && (i+c.Pad-first*c.dilation())%c.Stride != 0 {
			first++
		}
		p.taps = ceil(kernel-first, p.step)
		p.last = first + (p.taps-1)*p.step
		p.origin = (i + c.Pad - p.last*c.dilation()) / c.Stride
		list[i] = p
	}
	return list
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// order lists the taps, r*KW+s, phase by phase, each phase's in its order.
func (c Conv) order(rows, cols []phase) []int {
	list := make([]int, 0, c.KH*c.KW)
	for _, row := range rows {
		for _, col := range cols {
			for i := range row.taps * col.taps {
				list = append(list, (row.last-i/col.taps*row.step)*c.KW+col.last-i%col.taps*col.step)
			}
		}
	}
	return list
}

// turn copies the columns of one group from w (KH, KW, Cin/Groups, Cout) so that every
// phase has its taps together, in its order, each transposed to (Cout/Groups, Cin/Groups).
func (c Conv) turn(dst, w []float32, rows, cols []phase) {
	in, out := c.in(), c.out()
	order := c.order(rows, cols)
	// Rows a task: few enough that their lines do not drive each other out of the cache,
	// as powers of two do.
	const strip = 16
	strips := ceil(in, strip)
	Parallel(len(order)*strips, func(task int) {
		tap, ci := task/strips, task%strips*strip
		active.transpose(dst[tap*in*out+ci:], in, w[(order[tap]*in+ci)*c.Cout:], c.Cout, min(strip, in-ci), out)
	})
}

// phase computes the pixels of one phase, channels of one group, from its weights.
func (c Conv) phase(dx, dy, w []float32, group int, row, col phase) {
	v := view{
		data: dy[group*c.out():], h: c.OutH(), w: c.OutW(), channels: c.out(), stride: c.Cout,
		top: row.origin, left: col.origin, step: 1, dilation: row.dilation,
		kh: row.taps, kw: col.taps,
		n: c.N, outH: row.pixels, outW: col.pixels,
	}
	p := product{
		m: v.pixels(), n: c.in(), k: v.taps(),
		b: w, ldb: c.in(), c: dx[group*c.in():], ldc: c.Cin,
		left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
			return v.matrix(s, i0, i1, k0, k1)
		},
	}
	if c.Stride > 1 {
		p.row = func(i int) int {
			n, y, x := i/(v.outH*v.outW), i/v.outW%v.outH, i%v.outW
			return ((n*c.H+y*c.Stride+row.position)*c.W + x*c.Stride + col.position) * c.Cin
		}
	}
	p.run()
}

func (c Conv) check(x, w, y []float32) {
	c.checkShape(w)
	requireLength("x", x, c.N*c.H*c.W*c.Cin)
	requireLength("y", y, c.N*c.OutH()*c.OutW()*c.Cout)
}

func (c Conv) checkShape(w []float32) {
	if c.Stride < 1 || c.End < 0 || c.H+2*c.Pad+c.End <= (c.KH-1)*c.dilation() || c.W+2*c.Pad+c.End <= (c.KW-1)*c.dilation() ||
		c.Cin%c.groups() != 0 || c.Cout%c.groups() != 0 {
		panic(fmt.Sprintf("kernel: impossible convolution %+v", c))
	}
	if n := c.KH * c.KW * c.in() * c.Cout; len(w) != n {
		panic(fmt.Sprintf("kernel: convolution %+v of %d weights, not %d: shapes do not fit", c, len(w), n))
	}
}

// view returns what a group sees of x.
func (c Conv) view(x []float32, group int) view {
	return view{
		data: x[group*c.in():], h: c.H, w: c.W, channels: c.in(), stride: c.Cin,
		top: -c.Pad, left: -c.Pad, step: c.Stride, dilation: c.dilation(),
		kh: c.KH, kw: c.KW,
		n: c.N, outH: c.OutH(), outW: c.OutW(),
	}
}

// A view is the matrix of pictures as a convolution sees them: one row an output
// pixel (n, y, x), one column a tap (r, s, channel), with the value
//
//	data[n, y*step+top+r*dilation, x*step+left+s*dilation, channel]
//
// or zero outside of the picture. It is gathered part by part and never stored.
type view struct {
	data           []float32 // (n, h, w, stride), of which the last dimension's first channels are seen
	h, w, channels int
	stride         int
	top, left      int // of the first tap of pixel (0, 0)
	step, dilation int
	kh, kw         int
	n, outH, outW  int
}

func (v *view) pixels() int { return v.n * v.outH * v.outW }
func (v *view) taps() int   { return v.kh * v.kw * v.channels }

// matrix returns pixels p0..p1, taps t0..t1 and the strides between pixels and between taps.
func (v *view) matrix(s *workspace, p0, p1, t0, t1 int) (a []float32, pixel, tap int) {
	// A 1x1 convolution without stride sees the picture as it is, unless its rows are so
	// far apart that they compete for the same lines of the first-level cache.
	if v.stride%1024 != 0 && v.kh == 1 && v.kw == 1 && v.step == 1 && v.top == 0 && v.left == 0 && v.outH == v.h && v.outW == v.w {
		return v.data[p0*v.stride+t0:], v.stride, 1
	}
	a = grow(&s.a, (p1-p0)*(t1-t0))
	if v.stride == 1 && v.step == 1 {
		v.gatherTaps(a, p0, p1, t0, t1)
		return a, 1, p1 - p0
	}
	v.gather(a, p0, p1, t0, t1)
	return a, t1 - t0, 1
}

// gatherTaps writes pixels p0..p1, taps t0..t1 of pictures of one channel as a (t1-t0,
// p1-p0) matrix: what a tap sees of a line of pixels lies side by side.
func (v *view) gatherTaps(dst []float32, p0, p1, t0, t1 int) {
	for p, count := p0, 0; p < p1; p += count {
		n, y, x := p/(v.outW*v.outH), p/v.outW%v.outH, p%v.outW
		count = min(p1-p, v.outW-x)
		for t := t0; t < t1; t++ {
			var line []float32
			if row := y + v.top + t/v.kw*v.dilation; row >= 0 && row < v.h {
				line = v.data[(n*v.h+row)*v.w:][:v.w]
			}
			windows(dst[(t-t0)*(p1-p0)+p-p0:], 0, line, x+v.left+t%v.kw*v.dilation, 0, count, 1)
		}
	}
}

// gather writes pixels p0..p1, taps t0..t1 as a (p1-p0, t1-t0) matrix. The taps of
// one r lie side by side in the picture too, unless dilation or groups part them, so
// that a pixel is kh copies, or else kh*kw.
func (v *view) gather(dst []float32, p0, p1, t0, t1 int) {
	width, across, stride := v.kw*v.channels, 1, t1-t0
	if v.dilation > 1 || v.stride > v.channels {
		width, across = v.channels, v.kw
	}
	for p, count := p0, 0; p < p1; p += count {
		n, y, x := p/(v.outW*v.outH), p/v.outW%v.outH, p%v.outW
		// Few enough pixels of one line that they stay in the first-level cache while
		// their windows are put together.
		count = min(p1-p, v.outW-x, 16)
		for t, end := t0, 0; t < t1; t = end {
			piece := t / width
			end = min(t1, (piece+1)*width)
			var line []float32
			if row := y*v.step + v.top + piece/across*v.dilation; row >= 0 && row < v.h {
				line = v.data[(n*v.h+row)*v.w*v.stride:][:(v.w-1)*v.stride+v.channels]
			}
			from := (x*v.step+v.left+piece%across*v.dilation)*v.stride + t - piece*width
			windows(dst[(p-p0)*stride+t-t0:], stride, line, from, v.step*v.stride, end-t, count)
		}
	}
}

// windows copies count pieces of a line, zero outside of it:
//
//	dst[i*stride+j] = line[from+i*step+j] for i < count, j < size
func windows(dst []float32, stride int, line []float32, from, step, size, count int) {
	for i := range count {
		out := dst[i*stride:][:size]
		if from >= 0 && from+size <= len(line) {
			copy(out, line[from:])
		} else {
			low := min(max(-from, 0), size)
			high := min(max(len(line)-from, low), size)
			clear(out[:low])
			if low < high {
				copy(out[low:high], line[from+low:])
			}
			clear(out[high:])
		}
		from += step
	}
}
