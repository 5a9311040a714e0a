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

// A line says how rows of pixels x, taps w and pixels y of a depthwise convolution lie
// in memory, in numbers of elements, and in which columns of x the taps of pixel p are:
//
//	column(p, k) = left + p*step + k*dilation    inside if 0 <= column < width
//
// y may also be a phase of an input gradient, or dy.
type line struct {
	c              int // channels; the distance of neighbours in x and of taps in w
	pixels         int // of a row of y
	yStep          int // from one of them to the next
	rows           int // of x
	xRow, yRow     int // from one row to the next
	taps           int // of a row of w
	left, width    int
	step, dilation int
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
	outW := c.OutW()
	// Rows and channels at a time: so few that their part of x and dy stays in the
	// first-level cache for all rows of taps.
	high := max(1, 48/outW)
	const wide = 64
	for y := y0; y < y1; y += high {
		for j := 0; j < c.Cin; j += wide {
			l := line{
				c: c.Cin, pixels: outW, yStep: c.Cin,
				xRow: c.Stride * c.W * c.Cin, yRow: outW * c.Cin,
				taps: c.KW, left: -c.Pad, width: c.W, step: c.Stride, dilation: c.dilation(),
			}
			for r := range c.KH {
				// The rows of y whose tap r is inside, of x.
				from, to := inside(r*c.dilation()-c.Pad, c.Stride, min(y1, y+high), c.H)
				from = max(from, y)
				if l.rows = to - from; l.rows <= 0 {
					continue
				}
				top := from*c.Stride + r*c.dilation() - c.Pad
				l.addProducts(sums[r*c.KW*c.Cin:], x[top*c.W*c.Cin:], dy[from*l.yRow:], j, min(c.Cin, j+wide))
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

// filter computes one row of y, of which rows of taps are inside:
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

// filterPixels is filter for the pixels p0..p1 and the channels j0..j1.
func (l *line) filterPixels(p0, p1 int, y, x, w, bias []float32, j0, j1 int) {
	for p := p0; p < p1; p++ {
		out := y[p*l.yStep+j0 : p*l.yStep+j1]
		clear(out)
		k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
		for i := range l.rows {
			for k := k0; k < k1; k++ {
				multiplyAdd(out, x[i*l.xRow+(l.left+p*l.step+k*l.dilation)*l.c+j0:], w[(i*l.taps+k)*l.c+j0:])
			}
		}
		if bias != nil {
			accumulate(out, bias[j0:], true)
		}
	}
}

// addProducts adds to the sums of one row of taps, in the channels j0..j1:
//
//	for i < rows, p < pixels, k < taps: dw[k*c+j] = FMA32(x[i*xRow+column(p, k)*c+j], y[i*yRow+p*yStep+j], dw[k*c+j])
//
// for those k that are inside.
func (l *line) addProducts(dw, x, y []float32, j0, j1 int) {
	for _, k := range active.lines {
		j0 += k.addProducts(l, dw, x, y, j0, j1)
	}
	if j0 == j1 {
		return
	}
	for i := range l.rows {
		for p := range l.pixels {
			in := y[i*l.yRow+p*l.yStep:]
			k0, k1 := inside(l.left+p*l.step, l.dilation, l.taps, l.width)
			for k := k0; k < k1; k++ {
				multiplyAdd(dw[k*l.c+j0:k*l.c+j1], x[i*l.xRow+(l.left+p*l.step+k*l.dilation)*l.c+j0:], in[j0:])
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

// lineKernels are the vector form of the loops over lines. Each does a multiple of so
// many channels, more than none.
type lineKernels struct {
	channels int
	// filters are loops over up to maxPixels pixels of a row, by their taps, step and number
	// of pixels. Each pixel has taps inside: of the columns, counted from the first pixel's
	// first tap, these are from skip to before columns, and x starts at the first of them.
	filters [maxTaps + 1][maxStep + 1][maxPixels + 1]filterFunc
	// products are addProducts, by its taps. Of the pixels of a row those between left and
	// right have all taps inside; first is the column of the first pixel's first tap.
	products    [maxTaps + 1]productsFunc
	multiplyAdd func(sum, a, b *float32, n int)
}

type (
	filterFunc   func(y, x, w, bias *float32, n, c, yStep, rows, xRow, skip, columns int)
	productsFunc func(dw, x, dy *float32, n, c, rows, xRow, dyRow, xStep, step, left, inner, right, first, width int)
)

const (
	maxTaps   = 5
	maxStep   = 2
	maxPixels = 8
)

// filter does what it has a filter for, of the channels from the given one on, and
// returns how many channels that were.
func (k *lineKernels) filter(l *line, y, x, w, bias []float32, from int) int {
	n := (l.c - from) / k.channels * k.channels
	if n == 0 || l.taps == 0 || l.taps > maxTaps || l.step > maxStep || l.dilation > 1 {
		return 0
	}
	filters := &k.filters[l.taps][l.step]
	if filters[1] == nil {
		return 0
	}
	p0, p1 := l.reaching()
	l.filterPixels(0, p0, y, x, w, bias, from, from+n)
	l.filterPixels(p1, l.pixels, y, x, w, bias, from, from+n)
	if l.rows == 0 {
		x, w = y, y // not read
	}
	var b *float32
	if bias != nil {
		b = &bias[from]
	}
	tiles := ceil(p1-p0, maxPixels)
	for i := range tiles {
		q0, q1 := p0+share(p1-p0, i, tiles), p0+share(p1-p0, i+1, tiles)
		first := l.left + q0*l.step
		skip, columns := max(0, -first), min((q1-q0-1)*l.step+l.taps, l.width-first)
		at := 0
		if l.rows > 0 {
			at = (first + skip) * l.c
		}
		filters[q1-q0](&y[q0*l.yStep+from], &x[at+from], &w[from], b, n, l.c, l.yStep, l.rows, l.xRow, skip, columns)
	}
	return n
}

// addProducts does what it has a loop for, of the channels j0..j1, and returns how
// many channels that were.
func (k *lineKernels) addProducts(l *line, dw, x, y []float32, j0, j1 int) int {
	n := (j1 - j0) / k.channels * k.channels
	if n == 0 || l.taps > maxTaps || k.products[l.taps] == nil || l.dilation > 1 {
		return 0
	}
	p0, p1 := l.reaching()
	if p0 == p1 {
		return n
	}
	first := l.left + p0*l.step
	i0, i1 := inside(first, l.step, p1-p0, l.width-l.taps+1) // with all taps inside
	k.products[l.taps](&dw[j0], &x[j0], &y[p0*l.yStep+j0], n, l.c, l.rows, l.xRow, l.yRow, l.step*l.c, l.step,
		i0, i1-i0, p1-p0-i1, first, l.width)
	return n
}

// reaching returns the pixels that have taps inside, p0 to before p1, without dilation.
func (l *line) reaching() (p0, p1 int) {
	return inside(l.left+l.taps-1, l.step, l.pixels, l.width+l.taps-1)
}
