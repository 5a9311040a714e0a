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
func (c Conv) depthwise() bool {
	return c.Groups > 1 && c.Groups == c.Cin && c.Groups == c.Cout
}

// A line is a row of pixels y of a depthwise convolution, with the rows of pixels x and
// of taps w that belong to it: how they lie in memory, in numbers of elements, and in
// which column of x tap k of pixel p is:
//
//	column(p, k) = left + p*step + k*dilation    inside if 0 <= column < width
//
// y may also be a phase of an input gradient, or dy.
type line struct {
	c              int // channels; the distance of neighbours in x and in w
	pixels, yStep  int // of y, and from one to the next
	rows, xRow     int // of x and w, and from one of x to the next
	taps           int // of a row
	left, width    int
	step, dilation int
}

// outputLine is the line of row oy of the output, with the first rows of taps and of x that
// belong to it.
func (c Conv) outputLine(oy int) (l line, tap, row int) {
	top := oy*c.Stride - c.Pad
	r0, r1 := inside(top, c.dilation(), c.KH, c.H)
	if r0 < r1 {
		row = top + r0*c.dilation()
	}
	return line{
		c: c.Cin, pixels: c.OutW(), yStep: c.Cin,
		rows: r1 - r0, xRow: c.dilation() * c.W * c.Cin,
		taps: c.KW, left: -c.Pad, width: c.W, step: c.Stride, dilation: c.dilation(),
	}, r0, row
}

func (c Conv) depthwiseForward(y, x, w []float32, then epilogue) {
	outH, size := c.OutH(), c.OutW()*c.Cin
	Parallel(c.N*outH, func(task int) {
		n, oy := task/outH, task%outH
		l, tap, row := c.outputLine(oy)
		out := y[task*size:][:size]
		l.filter(out, x[(n*c.H+row)*c.W*c.Cin:], w[tap*c.KW*c.Cin:], then.bias)
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
			if l, tap, row := c.outputLine(y); l.rows > 0 {
				l.addProducts(dy[y*l.pixels*c.Cin:], x[row*c.W*c.Cin:], sums[tap*c.KW*c.Cin:], j, min(c.Cin, j+wide))
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
func (l *line) filter(y, x, w, bias []float32) {
	from := 0
	for _, k := range active.lines {
		from += k.filter(l, y, x, w, bias, from)
	}
	if from < l.c {
		l.filterPixels(0, l.pixels, y, x, w, bias, from, l.c)
	}
}

// filterPixels is filter for the pixels p0..p1 and the channels from..to.
func (l *line) filterPixels(p0, p1 int, y, x, w, bias []float32, from, to int) {
	for p := p0; p < p1; p++ {
		out := y[p*l.yStep+from : p*l.yStep+to]
		clear(out)
		k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
		for i := range l.rows {
			for k := k0; k < k1; k++ {
				multiplyAdd(out, x[i*l.xRow+(l.left+p*l.step+k*l.dilation)*l.c+from:], w[(i*l.taps+k)*l.c+from:])
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
func (l *line) addProducts(y, x, w []float32, from, to int) {
	for _, k := range active.lines {
		from += k.addProducts(l, y, x, w, from, to)
	}
	if from == to {
		return
	}
	for p := range l.pixels {
		k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
		for i := range l.rows {
			for k := k0; k < k1; k++ {
				at := (i*l.taps + k) * l.c
				multiplyAdd(w[at+from:at+to], x[i*l.xRow+(l.left+p*l.step+k*l.dilation)*l.c+from:], y[p*l.yStep+from:])
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
	for _, k := range active.lines {
		if whole := (n - first) / k.channels * k.channels; whole > 0 {
			k.multiplyAdd(&sum[first], &a[first], &b[first], whole)
			first += whole
		}
	}
	for j := first; j < n; j++ {
		sum[j] = FMA32(a[j], b[j], sum[j])
	}
}

// lineKernels are the vector form of the loops over lines. Each does n channels, a
// multiple of so many, more than none.
type lineKernels struct {
	channels          int
	filters, products lineTable
	multiplyAdd       func(sum, a, b *float32, n int)
}

// A lineFunc is filter or addProducts, which needs no bias, for some neighbouring
// pixels of a row without dilation. Each of them has taps inside: of the columns,
// counted from the first pixel's first tap, these are from skip to before columns, and x
// starts at the first of them.
type lineFunc func(y, x, w, bias *float32, n, c, yStep, rows, xRow, skip, columns int)

// A lineTable holds loops by their taps, step and number of pixels.
type lineTable [maxTaps + 1][maxStep + 1][maxPixels + 1]lineFunc

// The greatest of which there are loops.
const (
	maxTaps   = 5
	maxStep   = 2
	maxPixels = 8
)

// of returns the loops that can do a line, or nil.
func (t *lineTable) of(l *line) *[maxPixels + 1]lineFunc {
	if l.taps > maxTaps || l.step > maxStep || l.dilation > 1 || t[l.taps][l.step][1] == nil {
		return nil
	}
	return &t[l.taps][l.step]
}

// filter does the whole vectors of the channels after from, if there is a loop for them,
// and returns how many channels that were.
func (k *lineKernels) filter(l *line, y, x, w, bias []float32, from int) int {
	n := (l.c - from) / k.channels * k.channels
	loops := k.filters.of(l)
	if n == 0 || loops == nil {
		return 0
	}
	p0, p1 := l.reaching()
	if l.rows == 0 {
		p1 = p0
	}
	l.filterPixels(0, p0, y, x, w, bias, from, from+n)
	l.run(loops, p0, p1, y, x, w, bias, from, n)
	l.filterPixels(p1, l.pixels, y, x, w, bias, from, from+n)
	return n
}

// addProducts is as filter.
func (k *lineKernels) addProducts(l *line, y, x, w []float32, from, to int) int {
	n := (to - from) / k.channels * k.channels
	loops := k.products.of(l)
	if n == 0 || loops == nil {
		return 0
	}
	p0, p1 := l.reaching()
	l.run(loops, p0, p1, y, x, w, nil, from, n)
	return n
}

// reaching returns the pixels that have taps inside, p0 to before p1, without dilation.
func (l *line) reaching() (p0, p1 int) {
	return inside(l.left+l.taps-1, l.step, l.pixels, l.width+l.taps-1)
}

// run does n channels of the pixels p0..p1, piece by piece.
func (l *line) run(loops *[maxPixels + 1]lineFunc, p0, p1 int, y, x, w, bias []float32, from, n int) {
	var b *float32
	if bias != nil {
		b = &bias[from]
	}
	for pixels := 0; p0 < p1; p0 += pixels {
		pixels = piece(p1 - p0)
		first := l.left + p0*l.step
		skip, columns := max(0, -first), min((pixels-1)*l.step+l.taps, l.width-first)
		loops[pixels](&y[p0*l.yStep+from], &x[(first+skip)*l.c+from], &w[from], b, n, l.c, l.yStep, l.rows, l.xRow, skip, columns)
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
