package kernel

// Where memory sets the pace, the largest tensors of a small convolutional network are
// those between a convolution and the max pool behind it. They need not exist: the
// convolution pools its output while it is in the cache, and where its backward pass
// needs the gradient of that output, it makes the lines at hand from the pool's.

// Pools reports whether ForwardPooled and BackwardPooled can do the convolution and the
// pool p of its output in one: the windows are the tiles of 2x2 pixels that the output is
// cut into evenly. The gradient of the input, if it is wanted, must go by Winograd's
// algorithm, which reads lines.
func (c Conv) Pools(p Pool, inputGradient bool) bool {
	return p.Window == 2 && p.partitions() && c.OutH()%2 == 0 && c.OutW()%2 == 0 && c.groups() == 1 &&
		(!inputGradient || c.transposed().isWinograd() && c.Stride == 1 && c.dilation() == 1)
}

// ForwardPooled is Forward, then p.MaxForward: the same bits without the output between
// them.
//
//	y (N, OutH/2, OutW/2, Cout), index as y or nil
func (c Conv) ForwardPooled(y []float32, index []uint8, x, w, bias []float32, p Pool) {
	c.checkPooled(w, y, index, p)
	requireLength("x", x, c.N*c.H*c.W*c.Cin)
	c.forward(y, x, w, epilogue{bias: bias, pool: &p, index: index})
}

// BackwardPooled is p.MaxBackward of dy and index, and then of what it gives
// WeightGradient to dw, ColumnSum to db and InputGradient to dx, each unless that is nil.
//
//	dy (N, OutH/2, OutW/2, Cout), index as dy; dw, db and dx as w, bias and x; x is read for dw alone
func (c Conv) BackwardPooled(dw, db, dx, x, w, dy []float32, index []uint8, p Pool) {
	c.checkPooled(w, dy, index, p)
	up := c.upstream(dy)
	up.pool, up.index = &p, index
	if dw != nil {
		requireLength("x", x, c.N*c.H*c.W*c.Cin)
		requireLength("dw", dw, len(w))
		c.weightGradient(dw, x, up)
	}
	if db != nil {
		requireLength("db", db, c.Cout)
		c.biasGradient(db, up)
	}
	if dx != nil {
		requireLength("dx", dx, c.N*c.H*c.W*c.Cin)
		c.inputGradient(dx, up, w)
	}
}

func (c Conv) checkPooled(w, y []float32, index []uint8, p Pool) {
	c.checkShape(w)
	p.check()
	requireLength("y", y, p.sizeOut())
	requireOptional("index", index, p.sizeOut())
}

// lines are the lines of pixels of pictures, one picture after the other: those of data,
// or of what pool.MaxBackward makes of data and index.
type lines struct {
	data  []float32
	width int // of a line
	pool  *Pool
	index []uint8
}

// upstream are the lines of dy.
func (c Conv) upstream(dy []float32) lines { return lines{data: dy, width: c.OutW() * c.Cout} }

// part returns lines from..to, which may be made in the buffer.
func (l lines) part(buffer *[]float32, from, to int) []float32 {
	if l.pool == nil {
		return l.data[from*l.width : to*l.width]
	}
	made := grow(buffer, (to-from)*l.width)
	for i := from; i < to; i++ {
		l.pool.spreadLine(made[(i-from)*l.width:][:l.width], l.data, l.index, i)
	}
	return made
}

// pixels returns pixels from..to of c channels, which may be made in the buffer.
func (l lines) pixels(buffer *[]float32, c, from, to int) []float32 {
	across := l.width / c
	first := from / across
	return l.part(buffer, first, ceil(to, across))[(from-first*across)*c:][:(to-from)*c]
}

// biasGradient sets db to the sums over all pixels, as ColumnSum does; what the pool did
// not take adds nothing.
func (c Conv) biasGradient(db []float32, up lines) {
	buffer := doubles.borrow(c.Cout)
	defer doubles.giveBack(buffer)
	sums := *buffer
	across := c.OutW()
	sumChunks(sums, c.N*c.OutH()*across, func(part []float64, from, count int) {
		clear(part)
		for to := from + count; from < to; {
			line := from / across
			end := min(to, (line+1)*across)
			// Pixels from..end of a line are half as many of the pool's, whose lines are
			// half as many; chunks and lines are even.
			at := (line/2*across + from%across) / 2 * c.Cout
			sumTaken(part, up.data[at:], up.index[at:], (end-from)/2, c.Cout, uint8(line%2))
			from = end
		}
	})
	for j, sum := range sums {
		db[j] = float32(sum)
	}
}

// pool2x2 sets part of a line of pooled pixels, from element to of y on, from the two
// lines of outputs with these channels at x, the second of them rowStep later, and adds
// the bias to these first unless it is nil.
func (e *epilogue) pool2x2(y []float32, to, channels, pixels int, x, bias []float32, rowStep int) {
	w := e.pool.window(0, 2, 2, rowStep)
	var index []uint8
	if e.index != nil {
		index = e.index[to:]
	}
	maxTiles(y[to:], index, x, bias, pixels, e.pool.C, channels, channels, rowStep, w.start, w.keep)
}
