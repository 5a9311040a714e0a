package kernel

// Winograd's minimal filtering F(2x2, 3x3): two by two output pixels of a 3x3
// convolution of stride 1 from 16 products where the direct sum takes 36 (A. Lavin and
// S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.1). With
// d a window of 4x4 inputs, g the taps and * the product of single elements,
//
//	y = A' [ sum over ci of (G g G') * (B' d B) ] A
//
//	     1  0 -1  0          1   0   0
//	B' = 0  1  1  0     G = 1/2 1/2 1/2    A' = 1  1  1  0
//	     0 -1  1  0         1/2 -1/2 1/2        0  1 -1 -1
//	     0  1  0 -1          0   0   1
//
// The sum over ci is, for each of the 16 positions, a matrix product of tiles by
// channels with channels by channels.

// positions is the number of elements of a transformed window.
const positions = 16

// isWinograd reports whether a convolution goes by Winograd's algorithm, which is part
// of the arithmetic contract and therefore depends on neither N nor the machine. It pays
// for 8 channels and more, unless a picture is so small that transforming the weights
// takes longest, or that the tiles hang over so far that little is saved.
func (c Conv) isWinograd() bool {
	t := c.tiling()
	return c.KH == 3 && c.KW == 3 && c.Stride == 1 && c.Pad >= 0 && c.Pad <= 2 && c.End == 0 && c.groups() == 1 && c.dilation() == 1 &&
		c.Cin >= 8 && c.Cout >= 8 &&
		t.rows*t.cols > 1 && positions*t.rows*t.cols < 8*c.OutH()*c.OutW()
}

// A tiling cuts the output of a convolution into tiles of 2x2 pixels, in the order
// (n, y, x); the last of a row or column may hang over.
type tiling struct {
	Conv
	rows, cols int // of tiles, a picture
}

func (c Conv) tiling() tiling { return tiling{c, ceil(c.OutH(), 2), ceil(c.OutW(), 2)} }

func (t tiling) tiles() int { return t.N * t.rows * t.cols }

// strips calls f for every piece of a row of tiles in the tiles from..to: count tiles
// from tile (row, col) of picture n on, whose first is number at, counted from 0.
func (t tiling) strips(from, to int, f func(n, row, col, at, count int)) {
	for i, count := from, 0; i < to; i += count {
		col := i % t.cols
		count = min(to-i, t.cols-col)
		f(i/t.cols/t.rows, i/t.cols%t.rows, col, i-from, count)
	}
}

// A spread is where transformed tiles lie: element j of position q of tile i is at
// q*position + i*row + j. Neither stride is a multiple of a large power of two, so that
// what is used together does not compete for the same lines of a cache.
type spread struct{ position, row int }

func spreadOut(tiles, width int) spread {
	if width%256 == 0 {
		width += 16
	}
	return spread{tiles*width + 16, width}
}

// forwardWinograd is Forward with an epilogue.
func (c Conv) forwardWinograd(y []float32, x lines, w []float32, then epilogue) {
	t, micro := c.tiling(), active.tile
	panels := ceil(c.Cout, micro.cols)
	shared := calls.take()
	defer calls.giveBack(shared)
	u := grow(&shared.u, positions*panels*c.Cin*micro.cols)
	c.transformWeights(u, w, micro.cols)

	tiles := t.tiles()
	// Tiles a task: at least so many that their transforms take the room of the weights',
	// which have to be fetched for each task.
	chunk := max(56, c.Cin*c.Cout/(c.Cin+c.Cout))
	chunk = ceil(chunk, micro.rows) * micro.rows
	chunks := ceil(ceil(tiles, chunk), threads) * threads
	chunks = min(chunks, ceil(tiles, micro.rows))
	parallelTasks(chunks, func(task int, s *workspace) {
		from, to := share(tiles, task, chunks), share(tiles, task+1, chunks)
		vs, ms := spreadOut(to-from, c.Cin), spreadOut(to-from, c.Cout)
		v, m := grow(&s.a, positions*vs.position), grow(&s.c, positions*ms.position)
		t.transformInput(v, vs, x, from, to, s)
		heights := ceil(to-from, micro.rows)
		for q := range positions {
			for panel := range panels {
				b, n := u[(q*panels+panel)*c.Cin*micro.cols:], min(micro.cols, c.Cout-panel*micro.cols)
				for i := range heights {
					r0, r1 := share(to-from, i, heights), share(to-from, i+1, heights)
					micro.part(r1-r0, n, m[q*ms.position+r0*ms.row+panel*micro.cols:], ms.row,
						v[q*vs.position+r0*vs.row:], vs.row, 1, b, micro.cols, c.Cin, false)
				}
			}
		}
		if then.pool != nil {
			t.poolOutput(y, m, ms, from, to, then, s)
			return
		}
		t.transformOutput(y, m, ms, from, to, then, s)
	})
}

// transformWeights sets u (positions, panels, Cin, cols) to G g G' for every pair of
// channels, panels of cols output channels side by side.
func (c Conv) transformWeights(u, w []float32, cols int) {
	panels := ceil(c.Cout, cols)
	position := panels * c.Cin * cols
	const strip = 16
	Parallel(ceil(c.Cin, strip), func(task int) {
		for ci := task * strip; ci < min(c.Cin, (task+1)*strip); ci++ {
			for panel := range panels {
				at := (panel*c.Cin + ci) * cols
				winogradWeights(u[at:], position, w[ci*c.Cout+panel*cols:], c.Cin*c.Cout, min(cols, c.Cout-panel*cols))
			}
		}
	})
}

// transformInput sets v to B' d B for the tiles from..to.
func (t tiling) transformInput(v []float32, spread spread, x lines, from, to int, s *workspace) {
	none := grow(&s.zeros, x.width)
	window := grow(&s.window, 4*4*t.Cin)
	t.strips(from, to, func(n, row, col, at, count int) {
		top := 2*row - t.Pad
		first, last := max(top, 0), min(top+4, t.H)
		inside := x.part(&s.lines, n*t.H+first, n*t.H+last)
		var lines [4][]float32
		for r := range lines {
			lines[r] = none
			if iy := top + r; iy >= first && iy < last {
				lines[r] = inside[(iy-first)*x.width:][:x.width]
			}
		}
		for i := 0; i < count; {
			left := 2*(col+i) - t.Pad
			// Tiles whose windows lie inside of the picture.
			inside := 0
			if left >= 0 {
				inside = min(count-i, (t.W-left-2)/2)
			}
			if inside > 0 {
				winogradInput(v[(at+i)*spread.row:], spread, cutLines(&lines, left*t.Cin), inside, t.Cin)
				i += inside
				continue
			}
			var pieces [4][]float32
			for r := range lines {
				pieces[r] = window[r*4*t.Cin:][:4*t.Cin]
				windows(pieces[r], 4*t.Cin, lines[r], left*t.Cin, 0, 4*t.Cin, 1)
			}
			winogradInput(v[(at+i)*spread.row:], spread, &pieces, 1, t.Cin)
			i++
		}
	})
}

func cutLines(lines *[4][]float32, from int) *[4][]float32 {
	var rest [4][]float32
	for r := range lines {
		rest[r] = lines[r][from:]
	}
	return &rest
}

// transformOutput sets y to A' m A plus bias, and what else the epilogue does, for the
// tiles from..to.
func (t tiling) transformOutput(y, m []float32, spread spread, from, to int, then epilogue, s *workspace) {
	h, w, c := t.OutH(), t.OutW(), t.Cout
	below := grow(&s.b, w*c) // what hangs over
	t.strips(from, to, func(n, row, col, at, count int) {
		start := ((n*h+2*row)*w + 2*col) * c
		used := min(2*count, w-2*col) * c
		first, second := y[start:][:used], below
		if 2*row+1 < h {
			second = y[start+w*c:][:used]
		}
		whole := used / (2 * c)
		if whole > 0 {
			winogradOutput(first, second, m[at*spread.row:], spread, then.bias, whole, c)
		}
		if whole < count {
			pair := grow(&s.window, 4*c)
			winogradOutput(pair, pair[2*c:], m[(at+whole)*spread.row:], spread, then.bias, 1, c)
			copy(first[2*whole*c:], pair[:c])
			copy(second[2*whole*c:], pair[2*c:][:c])
		}
		then.finish(first, start)
		if 2*row+1 < h {
			then.finish(second, start+w*c)
		}
	})
}

// poolOutput sets y to the maxima of the tiles of A' m A plus bias, for the tiles from..to,
// of which none hangs over.
func (t tiling) poolOutput(y, m []float32, spread spread, from, to int, then epilogue, s *workspace) {
	c, width := t.Cout, t.OutW()*t.Cout
	pair := grow(&s.b, 2*width)
	t.strips(from, to, func(n, row, col, at, count int) {
		winogradOutput(pair, pair[width:], m[at*spread.row:], spread, then.bias, count, c)
		then.pool2x2(y, ((n*t.rows+row)*t.cols+col)*c, c, count, pair, nil, width)
	})
}

// weightGradientWinograd is WeightGradient by the transpose of the forward algorithm:
//
//	dw = G' [ sum over tiles of (B' d B) * (A dy A') ] G
//
// Spans of tiles are transformed, then added to the sums of the 16 positions.
func (c Conv) weightGradientWinograd(dw, x []float32, up lines) {
	shared := calls.take()
	defer calls.giveBack(shared)
	p := grow(&shared.u, positions*c.Cin*c.Cout)
	if c.sharesChannels() {
		c.sumByChannels(p, x, up)
	} else {
		c.sumBySpans(p, x, up, shared)
	}
	Parallel(c.Cin, func(ci int) {
		winogradTaps(dw[ci*c.Cout:], c.Cin*c.Cout, p[ci*c.Cout:], c.Cin*c.Cout, c.Cout)
	})
}

// channelSpan is how many tiles sumByChannels transforms at a time: whole blocks.
const channelSpan = Block

// sharesChannels reports whether the weight gradient is shared out by output channels:
// every thread has to get as many panels of them as the others, and what it works on to
// fit its second-level cache.
func (c Conv) sharesChannels() bool {
	const cache = 3 << 16 // floats, of 1 MiB
	panels := ceil(c.Cout, active.tile.cols)
	width := ceil(panels, threads) * active.tile.cols
	return (panels%threads == 0 || panels >= 4*threads) && positions*(channelSpan*(c.Cin+width)+c.Cin*width) <= cache
}

// sumByChannels sets p (positions, Cin, Cout) to the sums of the positions, some output
// channels a thread. Each transforms the input for itself: that takes less time than
// to wait for the others after every span, and to fetch from their caches.
func (c Conv) sumByChannels(p, x []float32, up lines) {
	t, micro := c.tiling(), active.tile
	tiles, panels := t.tiles(), ceil(c.Cout, micro.cols)
	parallelTasks(threads, func(task int, s *workspace) {
		j0, j1 := micro.cols*share(panels, task, threads), min(c.Cout, micro.cols*share(panels, task+1, threads))
		vs, zs := spreadOut(channelSpan, c.Cin), spreadOut(channelSpan, j1-j0)
		v, z := grow(&s.a, positions*vs.position), grow(&s.c, positions*zs.position)
		for from := 0; from < tiles; from += channelSpan {
			to := min(tiles, from+channelSpan)
			t.transformInput(v, vs, lines{data: x, width: t.W * t.Cin}, from, to, s)
			t.transformGradient(z, zs, up, from, to, j0, j1, s)
			for q := range positions {
				c.addSpan(p, q, 0, ceil(c.Cin, micro.rows), j0, j1, v[q*vs.position:], vs.row, z[q*zs.position:], zs.row, to-from, from > 0)
			}
		}
	})
}

// sumBySpans sets p (positions, Cin, Cout) to the sums of the positions: all threads
// transform a span, then add it.
func (c Conv) sumBySpans(p, x []float32, up lines, shared *workspace) {
	t, micro := c.tiling(), active.tile
	tiles := t.tiles()
	// Whole blocks: enough that the sums are not fetched too often, few enough that the
	// transforms stay in a cache.
	const span = 4 * Block
	vs, zs := spreadOut(min(span, tiles), c.Cin), spreadOut(min(span, tiles), c.Cout)
	v, z := grow(&shared.a, positions*vs.position), grow(&shared.c, positions*zs.position)
	heights := ceil(c.Cin, micro.rows)
	for from := 0; from < tiles; from += span {
		to := min(tiles, from+span)
		const piece = 16
		parallelTasks(ceil(to-from, piece), func(task int, s *workspace) {
			i, j := task*piece, min(to-from, (task+1)*piece)
			t.transformInput(v[i*vs.row:], vs, lines{data: x, width: t.W * t.Cin}, from+i, from+j, s)
			t.transformGradient(z[i*zs.row:], zs, up, from+i, from+j, 0, c.Cout, s)
		})
		groups := ceil(2*threads, positions)
		Parallel(positions*groups, func(task int) {
			q, group := task/groups, task%groups
			c.addSpan(p, q, share(heights, group, groups), share(heights, group+1, groups), 0, c.Cout,
				v[q*vs.position:], vs.row, z[q*zs.position:], zs.row, to-from, from > 0)
		})
	}
}

// addSpan adds some tiles to the sums of position q: tiles of rows i0..i1 of p, columns
// j0..j1. The first column of z is j0.
func (c Conv) addSpan(p []float32, q, i0, i1, j0, j1 int, v []float32, vRow int, z []float32, zRow, tiles int, add bool) {
	micro := active.tile
	heights := ceil(c.Cin, micro.rows)
	for i := i0; i < i1; i++ {
		r0, r1 := share(c.Cin, i, heights), share(c.Cin, i+1, heights)
		for j := j0; j < j1; j += micro.cols {
			micro.part(r1-r0, min(micro.cols, j1-j), p[(q*c.Cin+r0)*c.Cout+j:], c.Cout, v[r0:], 1, vRow, z[j-j0:], zRow, tiles, add)
		}
	}
}

// transformGradient sets z to A dy A' for the tiles from..to and channels c0..c1.
func (t tiling) transformGradient(z []float32, spread spread, up lines, from, to, c0, c1 int, s *workspace) {
	h, w, c := t.OutH(), t.OutW(), t.Cout
	if up.pool != nil { // whose windows are the tiles
		winogradTaken(z, spread, up.data[from*c+c0:], up.index[from*c+c0:], to-from, c, c1-c0)
		return
	}
	none := grow(&s.zeros, w*c)
	pair := grow(&s.window, 4*c)
	t.strips(from, to, func(n, row, col, at, count int) {
		used := min(2*count, w-2*col) * c
		start := ((n*h+2*row)*w + 2*col) * c
		first, second := up.data[start:][:used], none
		if 2*row+1 < h {
			second = up.data[start+w*c:][:used]
		}
		whole := used / (2 * c)
		if whole > 0 {
			winogradGradient(z[at*spread.row:], spread, first[c0:], second[c0:], whole, c, c1-c0)
		}
		if whole < count {
			clear(pair)
			copy(pair, first[2*whole*c:][:c])
			copy(pair[2*c:], second[2*whole*c:][:c])
			winogradGradient(z[(at+whole)*spread.row:], spread, pair[c0:], pair[2*c+c0:], 1, c, c1-c0)
		}
	})
}
