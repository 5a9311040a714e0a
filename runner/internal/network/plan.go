package network

import (
	"cmp"
	"slices"

	"gorgonia.org/gorgonia"
)

// block is where one output lies in the arena, together with those that take its
// place: offset and size in numbers, and the positions in the sequence of the op
// that first writes it and the one that reads it last.
type block struct{ offset, size, first, last int }

// plan gives every output its place in one arena. Two outputs may lie in the same
// place if the one's last reader comes before the other's writer, so a step needs
// as much memory as is alive at its worst moment, and not one buffer an op.
func (g *graph) plan() {
	g.planned = true
	for at, o := range g.sequence {
		if o.owner == nil { // a part only hands out what its owner has written
			for _, read := range o.inputs {
				if read != nil {
					read.source().last = at
				}
			}
		}
	}
	if g.output != nil {
		g.output.source().last = len(g.sequence)
	}
	var blocks []*block
	lay := func(o, over *op, at int) {
		switch {
		case o.backing != nil || len(o.shape) == 0:
			return
		case o.inPlace && over != nil && over.source().block != nil && over.source().last == at:
			o.block = over.source().block
		default:
			o.block = &block{size: (o.shape.TotalSize() + 15) / 16 * 16, first: at} // whole cache lines
			blocks = append(blocks, o.block)
		}
		o.block.last = max(o.block.last, o.last, at)
	}
	for at, o := range g.sequence {
		if o.forward != nil {
			for _, output := range append([]*op{o}, o.parts...) {
				lay(output, o.inputs[0], at)
			}
		}
	}
	g.place(g.reserve(arrange(blocks)))
}

// source is the op that writes what o hands out.
func (o *op) source() *op {
	if o.forward == nil && o.owner == nil {
		return o.inputs[0].source()
	}
	return o
}

// arrange sets the blocks' offsets and returns the size of the arena. The largest
// block comes first; each takes the tightest gap between those that are alive at
// the same time (Pisarchyk, Lee: Efficient Memory Management for Deep Neural Net
// Inference, 2020, greedy by size).
func arrange(blocks []*block) (size int) {
	slices.SortStableFunc(blocks, func(a, b *block) int { return cmp.Compare(b.size, a.size) })
	var placed []*block // by offset
	for _, b := range blocks {
		end, best, tightest := 0, none, 0
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if gap := p.offset - end; gap >= b.size && (best == none || gap < tightest) {
				best, tightest = end, gap
			}
			end = max(end, p.offset+p.size)
		}
		b.offset = best
		if best == none {
			b.offset = end
		}
		i, _ := slices.BinarySearchFunc(placed, b.offset, func(p *block, offset int) int { return cmp.Compare(p.offset, offset) })
		placed = slices.Insert(placed, i, b)
		size = max(size, b.offset+b.size)
	}
	return size
}

// place makes the outputs' values in the arena.
func (g *graph) place(arena []float32) {
	lay := func(o *op) {
		switch {
		case len(o.shape) == 0:
			o.value, o.buffer = gorgonia.NewF32(0), make([]float32, 1)
			return
		case o.backing != nil:
			o.buffer = o.backing
		default:
			o.buffer = arena[o.block.offset:][:o.shape.TotalSize():o.shape.TotalSize()]
		}
		o.value = wrap(o.buffer, o.shape...)
	}
	for _, o := range g.sequence {
		switch {
		case o.forward != nil:
			for _, output := range append([]*op{o}, o.parts...) {
				lay(output)
				o.results = append(o.results, output.buffer)
			}
		case o.owner == nil: // a fork
			o.value, o.buffer = o.inputs[0].value, o.inputs[0].buffer
		}
	}
}
