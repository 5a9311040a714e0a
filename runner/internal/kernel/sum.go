package kernel

// chunkRows is the length of the chains that long sums are cut into. It is part
// of the arithmetic contract: another value changes bits.
const chunkRows = 256

// Sums over rows are float64: where memory sets the pace that costs nothing, and
// the product of two float32 is exact there, so that fusing it with the addition
// would change no bit.

// ColumnSum sets dst (c) to the sums of the columns of x (rows, c): the gradient
// of a bias.
//
//	part[q][j] = 0 + x[256q][j] + x[256q+1][j] + ...   in order, a chunk
//	dst[j]     = the tree of part[0..][j]               see sumTree
func ColumnSum(dst, x []float32, rows, c int) {
	requireLength("dst", dst, c)
	requireLength("x", x, rows*c)
	buffer := doubles.borrow(c)
	defer doubles.giveBack(buffer)
	sums := *buffer
	columnSums(sums, x, rows, c)
	for j, s := range sums {
		dst[j] = float32(s)
	}
}

// columnSums is ColumnSum before rounding to float32.
func columnSums(dst []float64, x []float32, rows, c int) {
	// Columns a task, for matrices that are wide rather than high.
	const wide = 4096
	Parallel(ceil(c, wide), func(i int) {
		a, b := i*wide, min(c, (i+1)*wide)
		sumChunks(dst[a:b], rows, func(part []float64, from, count int) {
			sumRows(part, x[from*c+a:], count, c)
		})
	})
}

// sumChunks cuts rows into chunks, has partial leave the sums of the count rows
// starting at from in part, which is as long as dst, and adds the parts up into dst.
func sumChunks(dst []float64, rows int, partial func(part []float64, from, count int)) {
	chunks := chunkCount(rows)
	if chunks == 0 {
		clear(dst)
		return
	}
	width := len(dst)
	buffer := doubles.borrow(chunks * width)
	defer doubles.giveBack(buffer)
	parts := *buffer
	parallelChunks(rows, func(q, from, count int) {
		partial(parts[q*width:(q+1)*width], from, count)
	})
	sumTree(parts, chunks, width)
	copy(dst, parts)
}

// sumTree adds up n vectors of the given width that lie one after another in p
// and leaves their sum in the first: neighbours first, then neighbours of those,
// the last one waiting when their number is odd. The tree depends on n alone.
//
//	for s = 1, 2, 4, ... < n: for i = 0, 2s, 4s, ... with i+s < n: p[i] += p[i+s]
func sumTree(p []float64, n, width int) {
	for s := 1; s < n; s *= 2 {
		for i := 0; i+s < n; i += 2 * s {
			a, b := p[i*width:(i+1)*width], p[(i+s)*width:(i+s+1)*width]
			for j, v := range b {
				a[j] += v
			}
		}
	}
}

// sumRowsPortable does the columns from first on of
//
//	for j in 0..len(sum): sum[j] = 0; for r in 0..rows: sum[j] += x[r*c+j]
func sumRowsPortable(first int, sum []float64, x []float32, rows, c int) {
	clear(sum[first:])
	for r := range rows {
		for j := first; j < len(sum); j++ {
			sum[j] += float64(x[r*c+j])
		}
	}
}
