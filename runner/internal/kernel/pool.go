package kernel

import (
	"fmt"
	"math"
)

// Pool is the shape of a pooling: square windows over the height and width of
// (N, H, W, C). With ReLU a maximum is that of max(0, x): the ReLU before it costs
// nothing, and its backward pass neither.
type Pool struct {
	N, H, W, C, Window, Stride, Pad int
	ReLU                            bool
}

// none is the tap of a window none of whose elements is above 0, with ReLU.
const none = 255

// OutH is the number of windows from top to bottom.
func (p Pool) OutH() int { return (p.H+2*p.Pad-p.Window)/p.Stride + 1 }

// OutW is the number of windows from left to right.
func (p Pool) OutW() int { return (p.W+2*p.Pad-p.Window)/p.Stride + 1 }

func (p Pool) sizeIn() int  { return p.N * p.H * p.W * p.C }
func (p Pool) sizeOut() int { return p.N * p.OutH() * p.OutW() * p.C }

// check holds a pooling to what its loops take for granted: every window has an
// element that is not padding, and a tap's number fits a byte.
func (p Pool) check() {
	if p.Window < 1 || p.Window > 15 || p.Stride < 1 || p.Pad < 0 || 2*p.Pad > p.Window ||
		p.H+2*p.Pad < p.Window || p.W+2*p.Pad < p.Window {
		panic(fmt.Sprintf("kernel: impossible pooling %+v", p))
	}
}

// MaxForward sets y (N, OutH, OutW, C) to the largest element of each window of x
// (N, H, W, C), and index (as y, nil if not wanted) to its tap r*Window+s. Of
// equal elements the first in the order of taps is taken, of NaNs the last, and
// a NaN is larger than any number, all as in PyTorch; padding is never taken. With
// ReLU no element is taken that is not above 0: y is then +0, and index 255.
func (p Pool) MaxForward(y []float32, index []uint8, x []float32) {
	p.check()
	requireLength("y", y, p.sizeOut())
	requireOptional("index", index, p.sizeOut())
	requireLength("x", x, p.sizeIn())
	oh, ow := p.OutH(), p.OutW()
	Parallel(p.N*oh, func(i int) {
		top := i%oh*p.Stride - p.Pad
		r0, r1 := p.taps(top, p.H)
		for ox := range ow {
			left := ox*p.Stride - p.Pad
			s0, s1 := p.taps(left, p.W)
			from := ((i/oh*p.H+top+r0)*p.W + left + s0) * p.C
			to := (i*ow + ox) * p.C
			var at []uint8
			if index != nil {
				at = index[to : to+p.C]
			}
			w := p.window(r0*p.Window+s0, r1-r0, s1-s0, p.W*p.C)
			maxWindow(y[to:to+p.C], at, x[from:], w)
		}
	})
}

// MaxBackward sets dx (N, H, W, C) to the sum of the dy (N, OutH, OutW, C) of the
// windows that took the element, in the order of windows, starting from 0.
func (p Pool) MaxBackward(dx, dy []float32, index []uint8) {
	p.check()
	requireLength("dx", dx, p.sizeIn())
	requireLength("dy", dy, p.sizeOut())
	requireLength("index", index, p.sizeOut())
	if p.partitions() {
		width := p.W * p.C
		Parallel(p.N*p.H, func(i int) { p.spreadLine(dx[i*width:][:width], dy, index, i) })
		return
	}
	p.eachInputRow(dx, func(row []float32, from, pixels, tap int) {
		addTaken(row, dy[from*p.C:], index[from*p.C:], pixels, p.C, p.Stride*p.C, uint8(tap), -1)
	})
}

// partitions reports whether every element of the input lies under one window at most,
// and those that lie under none are the last of their row or column.
func (p Pool) partitions() bool { return p.Stride == p.Window && p.Pad == 0 }

// spreadLine sets line i of dx, counted through all pictures, to what MaxBackward makes
// it, of a pool that partitions.
func (p Pool) spreadLine(row, dy []float32, index []uint8, i int) {
	n, y := i/p.H, i%p.H
	oy, ow := y/p.Window, p.OutW()
	if oy >= p.OutH() {
		clear(row)
		return
	}
	from := (n*p.OutH() + oy) * ow * p.C
	for s := range p.Window {
		addTaken(row[s*p.C:], dy[from:], index[from:], ow, p.C, p.Stride*p.C, uint8(y%p.Window*p.Window+s), 0)
	}
	clear(row[ow*p.Stride*p.C:])
}

// AverageForward sets y (N, OutH, OutW, C) to the mean of each window of x
// (N, H, W, C), where padding counts as zeros: the taps are added in order,
// starting from 0, and the sum is divided by Window*Window.
func (p Pool) AverageForward(y, x []float32) {
	p.check()
	requireLength("y", y, p.sizeOut())
	requireLength("x", x, p.sizeIn())
	oh, ow, area := p.OutH(), p.OutW(), float32(p.Window*p.Window)
	Parallel(p.N*oh, func(i int) {
		top := i%oh*p.Stride - p.Pad
		r0, r1 := p.taps(top, p.H)
		for ox := range ow {
			left := ox*p.Stride - p.Pad
			s0, s1 := p.taps(left, p.W)
			out := y[(i*ow+ox)*p.C:][:p.C]
			clear(out)
			for r := r0; r < r1; r++ {
				for s := s0; s < s1; s++ {
					from := ((i/oh*p.H+top+r)*p.W + left + s) * p.C
					addFloor(out, out, x[from:from+p.C], floor(false))
				}
			}
			divideBy(out, out, area)
		}
	})
}

// AverageBackward sets dx (N, H, W, C) to the sum of the dy (N, OutH, OutW, C) of
// the windows over the element, in the order of windows, starting from 0,
// divided by Window*Window.
func (p Pool) AverageBackward(dx, dy []float32) {
	p.check()
	requireLength("dx", dx, p.sizeIn())
	requireLength("dy", dy, p.sizeOut())
	p.eachInputRow(dx, func(row []float32, from, pixels, _ int) {
		for i := range pixels {
			in := row[i*p.Stride*p.C:][:p.C]
			addFloor(in, in, dy[(from+i)*p.C:][:p.C], floor(false))
		}
	})
	area := float32(p.Window * p.Window)
	parallelSpans(len(dx), func(from, to int) { divideBy(dx[from:to], dx[from:to], area) })
}

// taps is the range of taps of a window starting at position at that lie on an
// axis of length n, not in the padding.
func (p Pool) taps(at, n int) (from, to int) { return max(0, -at), min(p.Window, n-at) }

// eachInputRow clears every row of dx, then hands out what flows back into it:
// add is called with the row from its first affected pixel on, for every Stride-th
// of which, pixels in all, the windows from, from+1, ... have the row under the
// tap. Over one pixel of the row they come in ascending order.
func (p Pool) eachInputRow(dx []float32, add func(row []float32, from, pixels, tap int)) {
	oh, ow := p.OutH(), p.OutW()
	Parallel(p.N*p.H, func(i int) {
		row := dx[i*p.W*p.C:][:p.W*p.C]
		clear(row)
		n, y := i/p.H, i%p.H
		// Windows oy with oy*Stride-Pad <= y < oy*Stride-Pad+Window.
		first := max(0, (y+p.Pad-p.Window+p.Stride)/p.Stride)
		last := min(oh-1, (y+p.Pad)/p.Stride)
		for oy := first; oy <= last; oy++ {
			r := y + p.Pad - oy*p.Stride
			for s := p.Window - 1; s >= 0; s-- { // a later window has the pixel under an earlier tap
				left := max(0, (p.Pad-s+p.Stride-1)/p.Stride) // 0 <= ox*Stride-Pad+s < W
				right := min(ow-1, (p.W-1+p.Pad-s)/p.Stride)
				if left <= right && p.W-1+p.Pad-s >= 0 {
					add(row[(left*p.Stride-p.Pad+s)*p.C:], (n*oh+oy)*ow+left, right-left+1, r*p.Window+s)
				}
			}
		}
	})
}

// GlobalAverageForward sets y (n, c) to the means of x (n, hw, c) over hw, summed
// in chunks as ColumnSum does.
func GlobalAverageForward(y, x []float32, n, hw, c int) {
	requireLength("y", y, n*c)
	requireLength("x", x, n*hw*c)
	Parallel(n, func(i int) {
		buffer := doubles.borrow(c)
		defer doubles.giveBack(buffer)
		columnSums(*buffer, x[i*hw*c:(i+1)*hw*c], hw, c)
		for j, s := range *buffer {
			y[i*c+j] = float32(s / float64(hw))
		}
	})
}

// GlobalAverageBackward sets each of the hw rows of dx (n, hw, c) to dy (n, c) / hw.
func GlobalAverageBackward(dx, dy []float32, n, hw, c int) {
	requireLength("dx", dx, n*hw*c)
	requireLength("dy", dy, n*c)
	Parallel(n, func(i int) {
		rows := dx[i*hw*c : (i+1)*hw*c]
		divideBy(rows[:c], dy[i*c:(i+1)*c], float32(hw))
		for r := 1; r < hw; r++ {
			copy(rows[r*c:(r+1)*c], rows[:c])
		}
	})
}

// AdaptivePool is the shape of a pooling of (N, H, W, C) to (N, OutH, OutW, C),
// whatever H and W are: window i of n over a length l reaches from floor(i*l/n) to
// ceil((i+1)*l/n), as in PyTorch. Windows may differ in size and overlap.
type AdaptivePool struct{ N, H, W, C, OutH, OutW int }

func (p AdaptivePool) sizeIn() int  { return p.N * p.H * p.W * p.C }
func (p AdaptivePool) sizeOut() int { return p.N * p.OutH * p.OutW * p.C }

// adaptiveWindow is the range [from, to) of window i of n over a length.
func adaptiveWindow(i, n, length int) (from, to int) {
	return i * length / n, ((i+1)*length + n - 1) / n
}

// AverageForward sets y (N, OutH, OutW, C) to the mean of each window of x
// (N, H, W, C): its elements are added row by row, starting from 0, and the sum is
// divided by their number.
func (p AdaptivePool) AverageForward(y, x []float32) {
	requireLength("y", y, p.sizeOut())
	requireLength("x", x, p.sizeIn())
	Parallel(p.N*p.OutH, func(i int) {
		r0, r1 := adaptiveWindow(i%p.OutH, p.OutH, p.H)
		for ox := range p.OutW {
			s0, s1 := adaptiveWindow(ox, p.OutW, p.W)
			out := y[(i*p.OutW+ox)*p.C:][:p.C]
			clear(out)
			for r := r0; r < r1; r++ {
				for s := s0; s < s1; s++ {
					addFloor(out, out, x[((i/p.OutH*p.H+r)*p.W+s)*p.C:][:p.C], floor(false))
				}
			}
			area := float32((r1 - r0) * (s1 - s0))
			divideBy(out, out, area)
		}
	})
}

// AverageBackward sets dx (N, H, W, C) to the sum of the dy (N, OutH, OutW, C) of
// the windows over the element, each divided by its number of elements, in the
// order of windows, starting from 0.
func (p AdaptivePool) AverageBackward(dx, dy []float32) {
	requireLength("dx", dx, p.sizeIn())
	requireLength("dy", dy, p.sizeOut())
	Parallel(p.N*p.H, func(i int) {
		buffer := singles.borrow(p.C)
		defer singles.giveBack(buffer)
		row, share := dx[i*p.W*p.C:][:p.W*p.C], *buffer
		clear(row)
		for oy := range p.OutH {
			r0, r1 := adaptiveWindow(oy, p.OutH, p.H)
			if y := i % p.H; y < r0 || y >= r1 {
				continue
			}
			for ox := range p.OutW {
				s0, s1 := adaptiveWindow(ox, p.OutW, p.W)
				divideBy(share, dy[((i/p.H*p.OutH+oy)*p.OutW+ox)*p.C:][:p.C], float32((r1-r0)*(s1-s0)))
				for s := s0; s < s1; s++ {
					in := row[s*p.C : (s+1)*p.C]
					addFloor(in, in, share, floor(false))
				}
			}
		}
	})
}

// window is where a pooling window lies on its input: rows by columns elements
// are not padding, the first of them is tap first of a window of this width, and
// the next row is rowStep floats on. The search begins with the bits keep of the first
// element, at tap start.
type window struct{ rows, columns, rowStep, first, width, start, keep int }

func (p Pool) window(first, rows, columns, rowStep int) window {
	w := window{rows: rows, columns: columns, rowStep: rowStep, first: first, width: p.Window, start: first, keep: -1}
	if p.ReLU {
		w.start, w.keep = none, 0
	}
	return w
}

// maxWindowPortable does the channels first..c of
//
//	for j in 0..c: y[j], index[j] = x[j] & w.keep, w.start
//		for r in 0..w.rows, s in 0..w.columns:
//			v = x[r*w.rowStep+s*c+j]
//			if v > y[j] or v is NaN: y[j], index[j] = v, w.first+r*w.width+s
func maxWindowPortable(first int, y []float32, index []uint8, x []float32, w window) {
	c := len(y)
	for j := first; j < c; j++ {
		best, at := masked(x[j], w.keep), w.start
		for r := range w.rows {
			for s := range w.columns {
				if v := x[r*w.rowStep+s*c+j]; v > best || v != v {
					best, at = v, w.first+r*w.width+s
				}
			}
		}
		y[j] = best
		if index != nil {
			index[j] = uint8(at)
		}
	}
}

// maxTilesPortable does the channels first..width of what a window of 2x2 pixels takes,
// for tiles windows side by side: of the pixels of x, step apart, plus bias unless that is
// nil. The pixels of y and index are c apart.
//
//	for i in 0..tiles, j in 0..width:
//		v[r, s] = x[r*rowStep+(2*i+s)*step+j] + bias[j]
//		y[i*c+j], index[i*c+j] = v[0, 0] & keep, start
//		for r in 0..2, s in 0..2:
//			if v[r, s] > y[i*c+j] or v[r, s] is NaN: y[i*c+j], index[i*c+j] = v[r, s], 2*r+s
func maxTilesPortable(first int, y []float32, index []uint8, x, bias []float32, tiles, c, width, step, rowStep, start, keep int) {
	for i := range tiles {
		for j := first; j < width; j++ {
			at := 2*i*step + j
			v := [4]float32{x[at], x[at+step], x[at+rowStep], x[at+rowStep+step]}
			if bias != nil {
				for tap := range v {
					v[tap] += bias[j]
				}
			}
			best, taken := masked(v[0], keep), start
			for tap, v := range v {
				if v > best || v != v {
					best, taken = v, tap
				}
			}
			y[i*c+j] = best
			if index != nil {
				index[i*c+j] = uint8(taken)
			}
		}
	}
}

// sumTakenPortable does the channels first..c of
//
//	for i in 0..pixels, j in 0..c: sum[j] += dy[i*c+j] where index[i*c+j]/2 == row, else 0
func sumTakenPortable(first int, sum []float64, dy []float32, index []uint8, pixels, c int, row uint8) {
	for i := range pixels {
		for j := first; j < c; j++ {
			if index[i*c+j]/2 == row {
				sum[j] += float64(dy[i*c+j])
			}
		}
	}
}

// addTakenPortable does the channels first..c of
//
//	for i in 0..pixels, j in 0..c: dx[i*step+j] = dx[i*step+j] & keep + (dy[i*c+j] where index[i*c+j] == tap, else 0)
func addTakenPortable(first int, dx, dy []float32, index []uint8, pixels, c, step int, tap uint8, keep int) {
	for i := range pixels {
		for j := first; j < c; j++ {
			var taken float32
			if index[i*c+j] == tap {
				taken = dy[i*c+j]
			}
			dx[i*step+j] = masked(dx[i*step+j], keep) + taken
		}
	}
}

// masked is v with the bits of mask only: v for -1, and +0 for 0.
func masked(v float32, mask int) float32 {
	return math.Float32frombits(math.Float32bits(v) & uint32(mask))
}
