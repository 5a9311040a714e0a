package kernel

//go:generate go run gen_depthwise.go gen_depthwise_neon.go gen_listing.go

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
// rows of one picture, as many as have at most depthwiseBlock pixels, at least one: within a
// chunk the sum is one chain over the pixels whose tap is inside, (oy, ox) ascending,
// and the chunks' sums, ordered by (n, oy), are added up as by [ColumnSum].
func (c Conv) isDepthwise() bool {
	return c.Groups > 1 && c.Groups == c.Cin && c.Groups == c.Cout
}

// A depthwiseRow is a row of pixels y of a depthwise convolution, with the rows of pixels x and
// of taps w that belong to it: how they lie in memory, in numbers of elements, and in
// which column of x tap k of pixel p is:
//
//	column(p, k) = left + p*step + k*dilation    inside if 0 <= column < width
//
// y may also be a phase of an input gradient, or dy.
type depthwiseRow struct {
	c              int // channels; the distance of neighbours in x and in w
	pixels, yStep  int // of y, and from one to the next
	rows, xRow     int // of x and w, and from one of x to the next
	taps           int // of a row
	left, width    int
	step, dilation int
}

// outputRow describes row oy of the output, with the first rows of taps and of x that
// belong to it.
func (c Conv) outputRow(oy int) (d depthwiseRow, tap, row int) {
	top := oy*c.Stride - c.Pad
	r0, r1 := inside(top, c.dilation(), c.KH, c.H)
	if r0 < r1 {
		row = top + r0*c.dilation()
	}
	return depthwiseRow{
		c: c.Cin, pixels: c.OutW(), yStep: c.Cin,
		rows: r1 - r0, xRow: c.dilation() * c.W * c.Cin,
		taps: c.KW, left: -c.Pad, width: c.W, step: c.Stride, dilation: c.dilation(),
	}, r0, row
}

func (c Conv) depthwiseForward(y, x, w []float32, then epilogue) {
	outH, size := c.OutH(), c.OutW()*c.Cin
	Parallel(c.N*outH, func(task int) {
		n, oy := task/outH, task%outH
		d, tap, row := c.outputRow(oy)
		out := y[task*size:][:size]
		d.filter(out, x[(n*c.H+row)*c.W*c.Cin:], w[tap*c.KW*c.Cin:], then.bias)
		then.finish(out, task*size)
	})
}

// depthwiseInputGradient goes over the rows of dx, and over the phases in a row.
func (c Conv) depthwiseInputGradient(dx, dy, w []float32) {
	s := calls.take()
	defer calls.giveBack(s)
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
			d := depthwiseRow{
				c: c.Cin, pixels: col.pixels, yStep: c.Stride * c.Cin,
				rows: r1 - r0, xRow: row.dilation * outW * c.Cin,
				taps: col.taps, left: col.origin, width: outW, step: 1, dilation: col.dilation,
			}
			if d.pixels > 0 {
				d.filter(dx[(task*c.W+col.position)*c.Cin:], dy[(n*outH+top)*outW*c.Cin:], weights[r0*col.taps*c.Cin:], nil)
			}
			weights = weights[row.taps*col.taps*c.Cin:]
		}
	})
}

// depthwiseBlock is the greatest number of pixels in a chunk of more than one row. It is
// part of the arithmetic contract: another value gives other bits.
const depthwiseBlock = 576

// depthwiseWeightGradient leaves each chunk's sums in a row of a matrix, and adds its
// rows up.
func (c Conv) depthwiseWeightGradient(dw, x, dy []float32) {
	outH, outW := c.OutH(), c.OutW()
	high := max(1, depthwiseBlock/outW)
	chunks := ceil(outH, high)
	buffer := singles.borrow(c.N * chunks * len(dw))
	defer singles.giveBack(buffer)
	Parallel(c.N*chunks, func(task int) {
		sums := (*buffer)[task*len(dw):][:len(dw)]
		clear(sums)
		n, from := task/chunks, task%chunks*high
		c.chunkGradient(sums, x[n*c.H*c.W*c.Cin:][:c.H*c.W*c.Cin], dy[n*outH*outW*c.Cin:], from, min(outH, from+high))
	})
	ColumnSum(dw, *buffer, c.N*chunks, len(dw))
}

// chunkGradient adds what the output rows y0..y1 of one picture contribute.
func (c Conv) chunkGradient(sums, x, dy []float32, y0, y1 int) {
	// Channels at a time: so few that their sums stay in the first-level cache.
	wide := max(16, 4096/(c.KH*c.KW)&^15)
	for j := 0; j < c.Cin; j += wide {
		for y := y0; y < y1; y++ {
			if d, tap, row := c.outputRow(y); d.rows > 0 {
				d.addProducts(dy[y*d.pixels*c.Cin:], x[row*c.W*c.Cin:], sums[tap*c.KW*c.Cin:], j, min(c.Cin, j+wide))
			}
		}
	}
}

// inside returns which of the positions first, first+step, ... (n of them) lie in
// 0..size: those from i0 to before i1.
func inside(first, step, n, size int) (i0, i1 int) {
	i1 = min(n, max(0, ceil(size-first, step)))
	return min(i1, ceil(max(0, -first), step)), i1
}

// filter computes
//
//	y[p*yStep+j] = bias[j] + sum over i < rows, k < taps of x[i*xRow+column(p, k)*c+j] * w[(i*taps+k)*c+j]
//
// for p < pixels, j < c, over those k that are inside. bias may be nil.
func (d *depthwiseRow) filter(y, x, w, bias []float32) {
	from := 0
	for _, k := range active.depthwise {
		from += k.filter(d, y, x, w, bias, from)
	}
	if from < d.c {
		d.filterPixels(0, d.pixels, y, x, w, bias, from, d.c)
	}
}

// filterPixels is filter for the pixels p0..p1 and the channels from..to.
func (d *depthwiseRow) filterPixels(p0, p1 int, y, x, w, bias []float32, from, to int) {
	for p := p0; p < p1; p++ {
		out := y[p*d.yStep+from : p*d.yStep+to]
		clear(out)
		k0, k1 := inside(d.left+p*d.step, d.dilation, d.taps, d.width)
		for i := range d.rows {
			for k := k0; k < k1; k++ {
				multiplyAdd(out, x[i*d.xRow+(d.left+p*d.step+k*d.dilation)*d.c+from:], w[(i*d.taps+k)*d.c+from:])
			}
		}
		if bias != nil {
			addFloor(out, out, bias[from:to], floor(false))
		}
	}
}

// addProducts adds up for the weight gradient, pixel by pixel,
//
//	w[(i*taps+k)*c+j] = FMA32(x[i*xRow+column(p, k)*c+j], y[p*yStep+j], w[(i*taps+k)*c+j])
//
// for p < pixels, i < rows, k < taps, from <= j < to, and those k that are inside.
func (d *depthwiseRow) addProducts(y, x, w []float32, from, to int) {
	for _, k := range active.depthwise {
		from += k.addProducts(d, y, x, w, from, to)
	}
	if from == to {
		return
	}
	for p := range d.pixels {
		k0, k1 := inside(d.left+p*d.step, d.dilation, d.taps, d.width)
		for i := range d.rows {
			for k := k0; k < k1; k++ {
				at := (i*d.taps + k) * d.c
				multiplyAdd(w[at+from:at+to], x[i*d.xRow+(d.left+p*d.step+k*d.dilation)*d.c+from:], y[p*d.yStep+from:])
			}
		}
	}
}

// multiplyAdd is
//
//	for j in 0..len(sum): sum[j] = FMA32(a[j], b[j], sum[j])
func multiplyAdd(sum, a, b []float32) {
	n := len(sum)
	first := 0
	for _, k := range active.depthwise {
		if whole := (n - first) / k.channels * k.channels; whole > 0 {
			k.multiplyAdd(&sum[first], &a[first], &b[first], whole)
			first += whole
		}
	}
	for j := first; j < n; j++ {
		sum[j] = FMA32(a[j], b[j], sum[j])
	}
}

// depthwiseKernels are the vector form of the loops over rows. Each does n channels, a
// multiple of so many, more than none.
type depthwiseKernels struct {
	channels          int
	filters, products depthwiseTable
	multiplyAdd       func(sum, a, b *float32, n int)
}

// A depthwiseFunc is filter or addProducts, which needs no bias, for some neighbouring
// pixels of a row without dilation. Each of them has taps inside: of the columns,
// counted from the first pixel's first tap, these are from skip to before columns, and x
// starts at the first of them.
type depthwiseFunc func(y, x, w, bias *float32, n, c, yStep, rows, xRow, skip, columns int)

// A depthwiseTable holds loops by their taps, step and number of pixels.
type depthwiseTable [maxTaps + 1][maxStep + 1][maxPixels + 1]depthwiseFunc

// The greatest of which there are loops.
const (
	maxTaps   = 5
	maxStep   = 2
	maxPixels = 8
)

// of returns the loops that can do a row, or nil.
func (t *depthwiseTable) of(d *depthwiseRow) *[maxPixels + 1]depthwiseFunc {
	if d.taps > maxTaps || d.step > maxStep || d.dilation > 1 || t[d.taps][d.step][1] == nil {
		return nil
	}
	return &t[d.taps][d.step]
}

// filter does the whole vectors of the channels after from, if there is a loop for them,
// and returns how many channels that were.
func (k *depthwiseKernels) filter(d *depthwiseRow, y, x, w, bias []float32, from int) int {
	n := (d.c - from) / k.channels * k.channels
	loops := k.filters.of(d)
	if n == 0 || loops == nil {
		return 0
	}
	p0, p1 := d.reaching()
	if d.rows == 0 {
		p1 = p0
	}
	d.filterPixels(0, p0, y, x, w, bias, from, from+n)
	d.run(loops, p0, p1, y, x, w, bias, from, n)
	d.filterPixels(p1, d.pixels, y, x, w, bias, from, from+n)
	return n
}

// addProducts is as filter.
func (k *depthwiseKernels) addProducts(d *depthwiseRow, y, x, w []float32, from, to int) int {
	n := (to - from) / k.channels * k.channels
	loops := k.products.of(d)
	if n == 0 || loops == nil {
		return 0
	}
	p0, p1 := d.reaching()
	d.run(loops, p0, p1, y, x, w, nil, from, n)
	return n
}

// reaching returns the pixels that have taps inside, p0 to before p1, without dilation.
func (d *depthwiseRow) reaching() (p0, p1 int) {
	return inside(d.left+d.taps-1, d.step, d.pixels, d.width+d.taps-1)
}

// run does n channels of the pixels p0..p1, piece by piece.
func (d *depthwiseRow) run(loops *[maxPixels + 1]depthwiseFunc, p0, p1 int, y, x, w, bias []float32, from, n int) {
	var b *float32
	if bias != nil {
		b = &bias[from]
	}
	for pixels := 0; p0 < p1; p0 += pixels {
		pixels = piece(p1 - p0)
		first := d.left + p0*d.step
		skip, columns := max(0, -first), min((pixels-1)*d.step+d.taps, d.width-first)
		loops[pixels](&y[p0*d.yStep+from], &x[(first+skip)*d.c+from], &w[from], b, n, d.c, d.yStep, d.rows, d.xRow, skip, columns)
	}
}

// piece is how many of the next pixels there is a loop for: powers of two, and 7, of
// which the rows of pictures of 224 pixels consist.
func piece(pixels int) int {
	switch {
	case pixels%7 == 0:
		return 7
	case pixels >= 8:
		return 8
	case pixels >= 4:
		return 4
	case pixels >= 2:
		return 2
	}
	return 1
}
