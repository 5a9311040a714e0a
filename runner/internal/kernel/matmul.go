package kernel

// Block is how many terms of a matrix product are chained before their sum is
// added to the total. It is part of the arithmetic contract: another value gives
// other bits.
const Block = 64

// depth is how many terms of A are gathered at a time: whole blocks, so that it does not
// show in the bits.
const depth = 9 * Block

// chunkTiles is how many tiles high a task is, so that its part of A (8 tiles of 14
// rows by depth terms, 258 kB) and one panel of B stay in a core's second-level
// cache.
const chunkTiles = 8

// A product is C(i, j) = sum over k of A(i, k)*B(k, j), as the package comment
// defines it, then what the epilogue says.
type product struct {
	m, n, k int
	// left returns the part of A of rows i0..i1 and terms k0..k1, with A(i, k) at
	// a[(i-i0)*rs+(k-k0)*ks]; it may build it in the workspace.
	left func(workspace *workspace, i0, i1, k0, k1 int) (a []float32, rs, ks int)
	b    []float32 // (k, n), rows ldb apart
	ldb  int
	// right, unless it is nil, builds terms k0..k1 of B in the workspace; there is no b.
	right func(workspace *workspace, k0, k1 int) []float32
	then  epilogue
	c     []float32
	// row returns where row i of C starts in c. nil: c is (m, n), rows ldc apart.
	row func(i int) int
	ldc int
	// turned says that c is (n, m) instead, C's columns ldc apart; nothing is done then.
	turned bool
}

// terms returns terms k0..k1 of B.
func (p *product) terms(s *workspace, k0, k1 int) []float32 {
	if p.right != nil {
		return p.right(s, k0, k1)
	}
	return p.b[k0*p.ldb:]
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
	if tiles*panels < threads && p.k > depth && p.row == nil && !p.turned && p.then.nothing() {
		p.runAlong(t)
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
		if panels < 4*threads {
			// Too few columns to be shared out evenly.
			chunks = max(chunks, min(tiles, threads))
		}
		groups = min(panels, ceil(threads, chunks))
	}
	unit := 1
	if p.then.pool != nil {
		// What is pooled is in one task.
		unit = 2 * p.then.pool.W
		chunks = min(chunks, p.m/unit)
	}
	parallelTasks(chunks*groups, func(task int, s *workspace) {
		chunk, group := task/groups, task%groups
		p.rectangle(t, s,
			unit*share(p.m/unit, chunk, chunks), unit*share(p.m/unit, chunk+1, chunks),
			t.cols*share(panels, group, groups), min(p.n, t.cols*share(panels, group+1, groups)))
	})
}

// runAlong is run for a C too small to be shared out, as the weight gradient of a first
// layer of few taps: tasks are spans of k, which leave the sum of each block. Added in
// order they are the sums that one task would have made.
func (p *product) runAlong(t tile) {
	shared := calls.take()
	defer calls.giveBack(shared)
	size := p.m * p.n
	sums := grow(&shared.c, ceil(p.k, Block)*size)
	parallelTasks(ceil(p.k, depth), func(task int, s *workspace) {
		k0, k1 := task*depth, min(p.k, (task+1)*depth)
		a, rs, ks := p.left(s, 0, p.m, k0, k1)
		b := p.terms(s, k0, k1)
		for k := 0; k < k1-k0; k += Block {
			c, terms := sums[(k0+k)/Block*size:], min(k1-k0-k, Block)
			for i := 0; i < p.m; i += t.rows {
				for j := 0; j < p.n; j += t.cols {
					t.part(min(t.rows, p.m-i), min(t.cols, p.n-j), c[i*p.n+j:], p.n, a[i*rs+k*ks:], rs, ks, b[k*p.ldb+j:], p.ldb, terms, false)
				}
			}
		}
	})
	total := sums[:size]
	for at := size; at < len(sums); at += size {
		addFloor(total, total, sums[at:][:size], floor(false))
	}
	for i := range p.m {
		copy(p.c[i*p.ldc:][:p.n], total[i*p.n:])
	}
}

// rectangle computes rows i0..i1 and columns j0..j1 of C.
func (p *product) rectangle(t tile, s *workspace, i0, i1, j0, j1 int) {
	if i0 == i1 {
		return
	}
	// C is written in place where its rows lie one after the other.
	c, ldc := p.c, p.ldc
	if p.row == nil && p.then.pool == nil && !p.turned {
		c = c[i0*ldc+j0:]
	} else {
		ldc = j1 - j0
		c = grow(&s.c, (i1-i0)*ldc)
	}
	tiles := ceil(i1-i0, t.rows)
	for k0 := 0; k0 < p.k; k0 += depth {
		k1 := min(p.k, k0+depth)
		a, rs, ks := p.left(s, i0, i1, k0, k1)
		b := p.terms(s, k0, k1)
		for j := j0; j < j1; j += t.cols {
			n := min(t.cols, j1-j)
			for i := range tiles {
				// Tiles of nearly equal height rather than a low last one.
				r0, r1 := share(i1-i0, i, tiles), share(i1-i0, i+1, tiles)
				t.part(r1-r0, n, c[r0*ldc+j-j0:], ldc, a[r0*rs:], rs, ks, b[j:], p.ldb, k1-k0, k0 > 0)
			}
		}
	}
	if p.turned {
		active.transpose(p.c[j0*p.ldc+i0:], p.ldc, c, ldc, i1-i0, j1-j0)
		return
	}
	if p.row == nil && p.k > 0 && p.then.nothing() {
		return
	}
	if pool := p.then.pool; pool != nil {
		var bias []float32
		if p.then.bias != nil {
			bias = p.then.bias[j0:]
		}
		for i := i0; i < i1; i += 2 * pool.W {
			p.then.pool2x2(p.c, i/4*p.ldc+j0, j1-j0, pool.W/2, c[(i-i0)*ldc:], bias, pool.W*ldc)
		}
		return
	}
	for i := i0; i < i1; i++ {
		row := c[(i-i0)*ldc:][:j1-j0]
		if p.k == 0 {
			clear(row)
		}
		if p.row != nil {
			copy(p.c[p.row(i)+j0:], row)
			continue
		}
		if p.then.bias != nil {
			addFloor(row, row, p.then.bias[j0:j1], floor(false))
		}
		p.then.finish(row, i*p.ldc+j0)
	}
}

// An epilogue is what happens to the outputs of a convolution while they are in the
// cache.
type epilogue struct {
	bias     []float32 // (Cout), or nil
	residual []float32 // as the output, or nil
	act      Activation
	pool     *Pool // nil, or what comes behind the bias in the place of the others
	index    []uint8
}

func (e *epilogue) nothing() bool {
	return e.bias == nil && e.residual == nil && e.act == Identity && e.pool == nil
}

// from is the epilogue of the output channels from first on.
func (e epilogue) from(first int) epilogue {
	if e.bias != nil {
		e.bias = e.bias[first:]
	}
	if e.residual != nil {
		e.residual = e.residual[first:]
	}
	return e
}

// finish does what comes after the bias to the part of the output that starts at
// element at.
func (e *epilogue) finish(y []float32, at int) {
	if e.residual != nil {
		addFloor(y, y, e.residual[at:at+len(y)], floor(e.act == ReLU))
	}
	if e.act != Identity && (e.act != ReLU || e.residual == nil) {
		activate(e.act, y, y)
	}
}
