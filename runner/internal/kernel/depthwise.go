package kernel

// A depthwise convolution filters every channel for itself. It is bound by memory
// rather than by arithmetic, so that it is no matrix product but loops over rows of
// pixels, vectorised over channels.
//
// Its sums have no terms for taps outside of the picture: forward and in the input
// gradient an element is one chain over the taps (r, s) inside, in the order that
// [Conv.Forward] and [Conv.InputGradient] say,
//
//	s = +0; for taps inside: s = FMA32(x, w, s)
//
// and the bias is added last. The weight gradient is cut into chunks of whole output
// rows of one picture, as many as have at most Block pixels, at least one: within a
// chunk the sum is one chain over the pixels whose tap is inside, (oy, ox) ascending,
// and the chunks' sums, ordered by (n, oy), are added up as by [ColumnSum].
func (c Conv) depthwise() bool {
	return c.Groups > 1 && c.Groups == c.Cin && c.Groups == c.Cout
}

// A line is a row of output pixels of a depthwise convolution, at the same time a row
// of the input gradient's phase:
//
//	y[p*yStep+j] = bias[j] + sum over i < rows, k < taps of x[i*xRow+column*c+j] * w[(i*taps+k)*c+j]
//	column = left + p*step + k*dilation
//
// for p < pixels, j < c, over those (i, k), ascending, with 0 <= column < width.
type line struct {
	c           int
	pixels      int
	yStep       int
	rows, xRow  int
	taps        int
	left, width int
	step        int
	dilation    int
}

func (c Conv) depthwiseForward(y, x, w, bias []float32) {
	outH, outW := c.OutH(), c.OutW()
	Parallel(c.N*outH, func(task int) {
		n, oy := task/outH, task%outH
		r0, r1 := inside(oy*c.Stride-c.Pad, c.dilation(), c.KH, c.H)
		l := line{
			c: c.Cin, pixels: outW, yStep: c.Cin,
			rows: r1 - r0, xRow: c.dilation() * c.W * c.Cin,
			taps: c.KW, left: -c.Pad, width: c.W, step: c.Stride, dilation: c.dilation(),
		}
		top := oy*c.Stride - c.Pad + r0*c.dilation()
		if l.rows == 0 {
			top = 0
		}
		l.filter(y[task*outW*c.Cin:], x[(n*c.H+top)*c.W*c.Cin:], w[r0*c.KW*c.Cin:], bias)
	})
}

// depthwiseInputGradient goes over the rows of dx, and over the phases in a row.
func (c Conv) depthwiseInputGradient(dx, dy, w []float32) {
	s := takeWorkspace()
	defer s.release()
	rows, cols := c.phases(c.H, c.KH), c.phases(c.W, c.KW)
	turned := grow(&s.b, len(w))
	for i, tap := range c.order(rows, cols) {
		copy(turned[i*c.Cin:][:c.Cin], w[tap*c.Cin:])
	}
	outH, outW := c.OutH(), c.OutW()
	// Where each row phase has its weights.
	starts := make([]int, len(rows))
	for i := 1; i < len(rows); i++ {
		starts[i] = starts[i-1] + rows[i-1].taps*c.KW*c.Cin
	}
	Parallel(c.N*c.H, func(task int) {
		n, y := task/c.H, task%c.H
		row := rows[y%c.Stride]
		weights := turned[starts[y%c.Stride]:]
		origin := y/c.Stride + row.origin
		r0, r1 := inside(origin, row.dilation, row.taps, outH)
		top := origin + r0*row.dilation
		if r0 == r1 {
			top = 0
		}
		for _, col := range cols {
			l := line{
				c: c.Cin, pixels: col.pixels, yStep: c.Stride * c.Cin,
				rows: r1 - r0, xRow: row.dilation * outW * c.Cin,
				taps: col.taps, left: col.origin, width: outW, step: 1, dilation: col.dilation,
			}
			if l.pixels > 0 {
				l.filter(dx[(task*c.W+col.position)*c.Cin:], dy[(n*outH+top)*outW*c.Cin:], weights[r0*col.taps*c.Cin:], nil)
			}
			weights = weights[row.taps*col.taps*c.Cin:]
		}
	})
}

// depthwiseWeightGradient leaves each chunk's sums in a row of a matrix, and adds its
// rows up.
func (c Conv) depthwiseWeightGradient(dw, x, dy []float32) {
	outH, outW := c.OutH(), c.OutW()
	high := max(1, Block/outW)
	strips := ceil(outH, high)
	buffer := singles.borrow(c.N * strips * len(dw))
	defer singles.giveBack(buffer)
	Parallel(c.N*strips, func(task int) {
		sums := (*buffer)[task*len(dw):][:len(dw)]
		clear(sums)
		n, oy := task/strips, task%strips*high
		for ; oy < min(outH, (task%strips+1)*high); oy++ {
			r0, r1 := inside(oy*c.Stride-c.Pad, c.dilation(), c.KH, c.H)
			for r := r0; r < r1; r++ {
				l := line{
					c: c.Cin, pixels: outW,
					taps: c.KW, left: -c.Pad, width: c.W, step: c.Stride, dilation: c.dilation(),
				}
				top := oy*c.Stride - c.Pad + r*c.dilation()
				l.addProducts(sums[r*c.KW*c.Cin:], x[(n*c.H+top)*c.W*c.Cin:], dy[(n*outH+oy)*outW*c.Cin:])
			}
		}
	})
	ColumnSum(dw, *buffer, c.N*strips, len(dw))
}

// inside returns which of the positions first, first+step, ... (n of them) lie in
// 0..size: those from i0 to before i1.
func inside(first, step, n, size int) (i0, i1 int) {
	i1 = min(n, max(0, ceil(size-first, step)))
	return min(i1, ceil(max(0, -first), step)), i1
}

// filter is the line's loop as its comment has it; bias may be nil.
func (l line) filter(y, x, w, bias []float32) {
	for p := range l.pixels {
		out := y[p*l.yStep:][:l.c]
		clear(out)
		k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
		for i := range l.rows {
			for k := k0; k < k1; k++ {
				in := x[i*l.xRow+(l.left+p*l.step+k*l.dilation)*l.c:][:l.c]
				weights := w[(i*l.taps+k)*l.c:][:l.c]
				for j := range out {
					out[j] = FMA32(in[j], weights[j], out[j])
				}
			}
		}
		for j := range bias {
			out[j] += bias[j]
		}
	}
}

// addProducts adds to the sums of one row of taps what a row of output pixels
// contributes:
//
//	for p < pixels, k < taps, j < c: dw[k*c+j] = FMA32(x[column*c+j], dy[p*c+j], dw[k*c+j])
//
// with column as in filter, and inside.
func (l line) addProducts(dw, x, dy []float32) {
	for p := range l.pixels {
		in := dy[p*l.c:][:l.c]
		k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
		for k := k0; k < k1; k++ {
			sum := dw[k*l.c:][:l.c]
			values := x[(l.left+p*l.step+k*l.dilation)*l.c:][:l.c]
			for j := range sum {
				sum[j] = FMA32(values[j], in[j], sum[j])
			}
		}
	}
}
