package kernel

import "sync"

// Block is how many terms of a matrix product are chained before their sum is
// added to the total. It is part of the arithmetic contract: another value gives
// other bits.
const Block = 576

// shortBlock is that number in the weight gradients of convolutions with groups or
// dilation, whose sums other libraries cut short as well. It is part of the arithmetic
// contract too.
const shortBlock = 64

// chunkTiles is how many tiles high a task is, so that its part of A (8 tiles of 14
// rows by Block terms, 258 kB) and one panel of B stay in a core's second-level
// cache.
const chunkTiles = 8

// A product is C(i, j) = sum over k of A(i, k)*B(k, j), as the package comment
// defines it, plus bias(j) where bias is given.
type product struct {
	m, n, k int
	block   int // terms in a chain; 0: Block
	// left returns the part of A of rows i0..i1 and terms k0..k1, with A(i, k) at
	// a[(i-i0)*rs+(k-k0)*ks]; it may build it in the workspace.
	left func(workspace *workspace, i0, i1, k0, k1 int) (a []float32, rs, ks int)
	b    []float32 // (k, n), rows ldb apart
	ldb  int
	bias []float32 // (n), or nil
	c    []float32
	// row returns where row i of C starts in c. nil: c is (m, n), rows ldc apart.
	row func(i int) int
	ldc int
}

// run computes the product. Tasks are rectangles of C; how they are cut depends on
// the number of threads and the variant, the arithmetic does not.
func (p *product) run() {
	t := active.tile
	tiles := ceil(p.m, t.rows)
	panels := ceil(p.n, t.cols)
	if tiles == 0 || panels == 0 {
		return
	}
	// Enough chunks of rows to keep every thread busy to the end; where C is too low
	// for that, columns are shared out as well, though A is then gathered repeatedly.
	chunks := ceil(tiles, chunkTiles)
	if threads > 1 {
		chunks = min(tiles, ceil(chunks, threads)*threads)
	}
	groups := 1
	if tiles < 4*threads {
		chunks = ceil(tiles, chunkTiles)
		groups = min(panels, ceil(threads, chunks))
	}
	Parallel(chunks*groups, func(task int) {
		chunk, group := task/groups, task%groups
		s := takeWorkspace()
		defer s.release()
		p.rectangle(t, s,
			share(p.m, chunk, chunks), share(p.m, chunk+1, chunks),
			t.cols*share(panels, group, groups), min(p.n, t.cols*share(panels, group+1, groups)))
	})
}

// rectangle computes rows i0..i1 and columns j0..j1 of C.
func (p *product) rectangle(t tile, s *workspace, i0, i1, j0, j1 int) {
	if i0 == i1 {
		return
	}
	// C is written in place where its rows lie one after the other.
	c, ldc := p.c, p.ldc
	if p.row == nil {
		c = c[i0*ldc+j0:]
	} else {
		ldc = ceil(j1-j0, t.cols) * t.cols
		c = grow(&s.c, (i1-i0)*ldc)
	}
	tiles := ceil(i1-i0, t.rows)
	block := p.block
	if block == 0 {
		block = Block
	}
	for k0 := 0; k0 < p.k; k0 += block {
		k1 := min(p.k, k0+block)
		a, rs, ks := p.left(s, i0, i1, k0, k1)
		for j := j0; j < j1; j += t.cols {
			b, ldb := p.b[k0*p.ldb+j:], p.ldb
			whole := j+t.cols <= j1
			if !whole {
				b, ldb = pack(grow(&s.b, (k1-k0)*t.cols), b, p.ldb, k1-k0, t.cols, j1-j), t.cols
			}
			for i := range tiles {
				// Tiles of nearly equal height rather than a low last one.
				r0, r1 := share(i1-i0, i, tiles), share(i1-i0, i+1, tiles)
				z, m := c[r0*ldc+j-j0:], r1-r0
				if whole || p.row != nil {
					t.multiply(m, z, ldc, a[r0*rs:], rs, ks, b, ldb, k1-k0, k0 > 0)
					continue
				}
				edge := grow(&s.edge, t.rows*t.cols)
				t.multiply(m, edge, t.cols, a[r0*rs:], rs, ks, b, ldb, k1-k0, false)
				for i := range m {
					accumulate(z[i*ldc:i*ldc+j1-j], edge[i*t.cols:], k0 > 0)
				}
			}
		}
	}
	for i := i0; i < i1; i++ {
		row := c[(i-i0)*ldc:][:j1-j0]
		if p.k == 0 {
			clear(row)
		}
		if p.bias != nil {
			accumulate(row, p.bias[j0:j1], true)
		}
		if p.row != nil {
			copy(p.c[p.row(i)+j0:], row)
		}
	}
}

// accumulate is z = x, or z = z + x.
func accumulate(z, x []float32, add bool) {
	if !add {
		copy(z, x)
		return
	}
	addFloor(z, z, x[:len(z)], floor(false))
}

// pack copies a (rows, used) panel with row stride ldb to (rows, cols), filling up
// with zeros, and returns dst.
func pack(dst, b []float32, ldb, rows, cols, used int) []float32 {
	for l := range rows {
		row := dst[l*cols : (l+1)*cols]
		copy(row, b[l*ldb:l*ldb+used])
		clear(row[used:])
	}
	return dst
}

func ceil(n, d int) int { return (n + d - 1) / d }

// share returns where part i begins when n things are shared out among parts.
func share(n, i, parts int) int { return n * i / parts }

// A workspace is one task's memory. It is kept for the next task and never given back,
// so that a training step makes no garbage.
type workspace struct{ a, b, c, edge []float32 }

var free struct {
	sync.Mutex
	list []*workspace
}

func takeWorkspace() *workspace {
	free.Lock()
	defer free.Unlock()
	n := len(free.list)
	if n == 0 {
		return new(workspace)
	}
	s := free.list[n-1]
	free.list = free.list[:n-1]
	return s
}

func (s *workspace) release() {
	free.Lock()
	defer free.Unlock()
	free.list = append(free.list, s)
}

// grow returns a buffer of n elements with any content, for which it replaces
// *buffer if that is too small.
func grow(buffer *[]float32, n int) []float32 {
	if cap(*buffer) < n {
		*buffer = make([]float32, n)
	}
	return (*buffer)[:n]
}
