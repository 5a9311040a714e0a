package kernel

import "fmt"

// Conv is a two-dimensional convolution (cross-correlation, as everywhere in the
// field) of N pictures, with the same stride and zero padding in both directions.
// A dense layer is Conv{N: n, H: 1, W: 1, Cin: in, Cout: out, KH: 1, KW: 1, Stride: 1}.
type Conv struct{ N, H, W, Cin, Cout, KH, KW, Stride, Pad int }

// OutH returns the height of the output.
func (c Conv) OutH() int { return (c.H+2*c.Pad-c.KH)/c.Stride + 1 }

// OutW returns the width of the output.
func (c Conv) OutW() int { return (c.W+2*c.Pad-c.KW)/c.Stride + 1 }

// Forward sets
//
//	y[n, oy, ox, co] = sum over (r, s, ci) of x[n, oy*Stride+r-Pad, ox*Stride+s-Pad, ci] * w[r, s, ci, co] + bias[co]
//
// with k = (r, s, ci) in ascending order, and x zero outside of the picture.
//
//	y (N, OutH, OutW, Cout), x (N, H, W, Cin), w (KH, KW, Cin, Cout), bias (Cout) or nil
func (c Conv) Forward(y, x, w, bias []float32) {
	c.check(x, w, y)
	if bias != nil && len(bias) != c.Cout {
		panic(fmt.Sprintf("kernel: bias has %d elements, want %d", len(bias), c.Cout))
	}
	then := epilogue{bias: bias}
	if c.isWinograd() {
		c.forwardWinograd(y, x, w, then)
		return
	}
	v := c.view(x)
	p := product{
		m: v.pixels(), n: c.Cout, k: v.taps(),
		b: w, c: y, then: then,
		left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
			a, stride := v.matrix(s, i0, i1, k0, k1)
			return a, stride, 1
		},
	}
	p.run()
}

// WeightGradient sets
//
//	dw[r, s, ci, co] = sum over (n, oy, ox) of x[n, oy*Stride+r-Pad, ox*Stride+s-Pad, ci] * dy[n, oy, ox, co]
//
// with k = (n, oy, ox) in ascending order, and x zero outside of the picture.
//
//	dw (KH, KW, Cin, Cout), x (N, H, W, Cin), dy (N, OutH, OutW, Cout)
func (c Conv) WeightGradient(dw, x, dy []float32) {
	c.check(x, dw, dy)
	if c.isWinograd() {
		c.weightGradientWinograd(dw, x, dy)
		return
	}
	v := c.view(x)
	p := product{
		m: v.taps(), n: c.Cout, k: v.pixels(),
		b: dy, c: dw,
		left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
			a, stride := v.matrix(s, k0, k1, i0, i1)
			return a, 1, stride
		},
	}
	p.run()
}

// InputGradient sets
//
//	dx[n, y, x, ci] = sum over (r, s, co) of dy[n, (y+Pad-r)/Stride, (x+Pad-s)/Stride, co] * w[r, s, ci, co]
//
// over those r and s for which both divisions leave no remainder, with k = (r, s, co)
// in order of descending r, descending s, ascending co (so that dy is read in
// ascending order), and dy zero outside of the picture. The pixels of dx with equal
// y mod Stride and x mod Stride share their taps: each such phase is a convolution of
// dy with stride 1. A phase without taps is +0.
//
//	dx (N, H, W, Cin), dy (N, OutH, OutW, Cout), w (KH, KW, Cin, Cout)
func (c Conv) InputGradient(dx, dy, w []float32) {
	c.check(dx, w, dy)
	s := calls.take()
	defer calls.giveBack(s)
	turned := grow(&s.b, len(w))
	rows, cols := c.phases(c.H, c.KH), c.phases(c.W, c.KW)
	c.turn(turned, w, rows, cols)
	if back := c.transposed(); back.isWinograd() {
		back.forwardWinograd(dx, dy, turned, epilogue{})
		return
	}
	for _, row := range rows {
		for _, col := range cols {
			c.phase(dx, dy, turned, row, col)
			turned = turned[row.taps*col.taps*c.Cin*c.Cout:]
		}
	}
}

// transposed is, for a stride of 1, the convolution of dy with the turned weights that
// gives the gradient of the input.
func (c Conv) transposed() Conv {
	return Conv{N: c.N, H: c.OutH(), W: c.OutW(), Cin: c.Cout, Cout: c.Cin, KH: c.KH, KW: c.KW, Stride: c.Stride, Pad: c.KH - 1 - c.Pad}
}

// A phase is what the pixels with equal position modulo Stride share, in one
// direction: their taps last, last-Stride, ..., of which the first reads dy at origin
// for the first of these pixels, the second at origin+1, and so on.
type phase struct{ position, pixels, taps, last, origin int }

// phases returns all Stride phases of one direction; the taps of those behind a
// picture smaller than Stride belong to no pixel.
func (c Conv) phases(size, kernel int) []phase {
	list := make([]phase, c.Stride)
	for i := range list {
		first := (i + c.Pad) % c.Stride
		taps := ceil(max(kernel-first, 0), c.Stride)
		last := first + (taps-1)*c.Stride
		list[i] = phase{i, ceil(max(size-i, 0), c.Stride), taps, last, (i + c.Pad - last) / c.Stride}
	}
	return list
}

// turn copies w (KH, KW, Cin, Cout) so that every phase has its taps together, in its
// order, each transposed to (Cout, Cin).
func (c Conv) turn(dst, w []float32, rows, cols []phase) {
	size := c.Cin * c.Cout
	var order []int
	for _, row := range rows {
		for _, col := range cols {
			for i := range row.taps * col.taps {
				r, s := row.last-i/col.taps*c.Stride, col.last-i%col.taps*c.Stride
				order = append(order, r*c.KW+s)
			}
		}
	}
	// Rows a task: few enough that their lines do not drive each other out of the cache,
	// as powers of two do.
	const strip = 16
	strips := ceil(c.Cin, strip)
	Parallel(len(order)*strips, func(task int) {
		tap, ci := task/strips, task%strips*strip
		active.transpose(dst[tap*size+ci:], c.Cin, w[order[tap]*size+ci*c.Cout:], c.Cout, min(strip, c.Cin-ci), c.Cout)
	})
}

// phase computes the pixels of one phase from its weights.
func (c Conv) phase(dx, dy, w []float32, row, col phase) {
	v := view{
		data: dy, h: c.OutH(), w: c.OutW(), channels: c.Cout,
		top: row.origin, left: col.origin, step: 1,
		kh: row.taps, kw: col.taps,
		n: c.N, outH: row.pixels, outW: col.pixels,
	}
	p := product{
		m: v.pixels(), n: c.Cin, k: v.taps(),
		b: w, c: dx,
		left: func(s *workspace, i0, i1, k0, k1 int) ([]float32, int, int) {
			a, stride := v.matrix(s, i0, i1, k0, k1)
			return a, stride, 1
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
	if c.Stride < 1 || c.OutH() < 1 || c.OutW() < 1 || c.H+2*c.Pad < c.KH || c.W+2*c.Pad < c.KW {
		panic(fmt.Sprintf("kernel: impossible convolution %+v", c))
	}
	if len(x) != c.N*c.H*c.W*c.Cin || len(w) != c.KH*c.KW*c.Cin*c.Cout || len(y) != c.N*c.OutH()*c.OutW()*c.Cout {
		panic(fmt.Sprintf("kernel: convolution %+v of %d by %d elements gives %d: shapes do not fit", c, len(x), len(w), len(y)))
	}
}

func (c Conv) view(x []float32) view {
	return view{
		data: x, h: c.H, w: c.W, channels: c.Cin,
		top: -c.Pad, left: -c.Pad, step: c.Stride,
		kh: c.KH, kw: c.KW,
		n: c.N, outH: c.OutH(), outW: c.OutW(),
	}
}

// A view is the matrix of pictures as a convolution sees them: one row an output
// pixel (n, y, x), one column a tap (r, s, channel), with the value
//
//	data[n, y*step+top+r, x*step+left+s, channel]
//
// or zero outside of the picture. It is gathered part by part and never stored.
type view struct {
	data           []float32 // (n, h, w, channels)
	h, w, channels int
	top, left      int // of the first tap of pixel (0, 0)
	step           int
	kh, kw         int
	n, outH, outW  int
}

func (v *view) pixels() int { return v.n * v.outH * v.outW }
func (v *view) taps() int   { return v.kh * v.kw * v.channels }

// matrix returns pixels p0..p1, taps t0..t1 and the stride between pixels.
func (v *view) matrix(s *workspace, p0, p1, t0, t1 int) ([]float32, int) {
	// A 1x1 convolution without stride sees the picture as it is.
	if v.kh == 1 && v.kw == 1 && v.step == 1 && v.top == 0 && v.left == 0 && v.outH == v.h && v.outW == v.w {
		return v.data[p0*v.channels+t0:], v.channels
	}
	a := grow(&s.a, (p1-p0)*(t1-t0))
	v.gather(a, p0, p1, t0, t1)
	return a, t1 - t0
}

// gather writes pixels p0..p1, taps t0..t1 as a (p1-p0, t1-t0) matrix. The taps of
// one r lie side by side in the picture too, so that a pixel is kh copies.
func (v *view) gather(dst []float32, p0, p1, t0, t1 int) {
	width, stride := v.kw*v.channels, t1-t0
	for p, count := p0, 0; p < p1; p += count {
		n, y, x := p/(v.outW*v.outH), p/v.outW%v.outH, p%v.outW
		// Few enough pixels of one line that they stay in the first-level cache while
		// their windows are put together.
		count = min(p1-p, v.outW-x, 16)
		for t, end := t0, 0; t < t1; t = end {
			r := t / width
			end = min(t1, (r+1)*width)
			var line []float32
			if row := y*v.step + v.top + r; row >= 0 && row < v.h {
				line = v.data[(n*v.h+row)*v.w*v.channels:][:v.w*v.channels]
			}
			from := (x*v.step+v.left)*v.channels + t - r*width
			windows(dst[(p-p0)*stride+t-t0:], stride, line, from, v.step*v.channels, end-t, count)
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
