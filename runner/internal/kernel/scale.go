package kernel

// ScaleChannels multiplies the channels of each sample by its own factors, as a block
// of squeeze and excitation ends (Hu et al.: Squeeze-and-Excitation Networks, CVPR 2018).
// x and y are (n, hw, c), s is (n, c); y may be x.
//
//	y[i][r][j] = x[i][r][j] * s[i][j]
func ScaleChannels(y, x, s []float32, n, hw, c int) {
	requireLength("y", y, n*hw*c)
	requireLength("x", x, n*hw*c)
	requireLength("s", s, n*c)
	chunks := chunkCount(hw)
	Parallel(n*chunks, func(k int) {
		i, from := k/chunks, k%chunks*chunkRows
		count := min(chunkRows, hw-from)
		lo, hi := (i*hw+from)*c, (i*hw+from+count)*c
		scaleRows(y[lo:hi], x[lo:hi], s[i*c:(i+1)*c], count, c)
	})
}

// ScaleChannelsBackward is the gradient of ScaleChannels, the sums over r being taken in
// chunks as ColumnSum does:
//
//	dx[i][r][j] = dy[i][r][j] * s[i][j]
//	ds[i][j]    = sum over r of dy[i][r][j] * x[i][r][j]
//
// dx may be dy.
func ScaleChannelsBackward(dx, ds, dy, x, s []float32, n, hw, c int) {
	requireLength("dx", dx, n*hw*c)
	requireLength("ds", ds, n*c)
	requireLength("dy", dy, n*hw*c)
	requireLength("x", x, n*hw*c)
	requireLength("s", s, n*c)
	Parallel(n, func(i int) {
		buffer := doubles.borrow(c)
		defer doubles.giveBack(buffer)
		sumChunks(*buffer, hw, func(part []float64, from, count int) {
			lo, hi := (i*hw+from)*c, (i*hw+from+count)*c
			sumProducts(part, dx[lo:hi], dy[lo:hi], x[lo:hi], s[i*c:(i+1)*c], count, c)
		})
		for j, v := range *buffer {
			ds[i*c+j] = float32(v)
		}
	})
}

// scaleRowsPortable does the columns first..c of
//
//	for r, j: y[r*c+j] = x[r*c+j] * s[j]
func scaleRowsPortable(first int, y, x, s []float32, rows, c int) {
	for r := range rows {
		for j := first; j < c; j++ {
			y[r*c+j] = x[r*c+j] * s[j]
		}
	}
}

// sumProductsPortable does the columns first..c of
//
//	for j in 0..c: sum[j] = 0; for r in 0..rows:
//		sum[j] += float64(dy[r*c+j]) * float64(x[r*c+j])
//		dx[r*c+j] = dy[r*c+j] * s[j]
func sumProductsPortable(first int, sum []float64, dx, dy, x, s []float32, rows, c int) {
	clear(sum[first:c])
	for r := range rows {
		for j := first; j < c; j++ {
			i := r*c + j
			sum[j] += float64(float64(dy[i]) * float64(x[i]))
			dx[i] = dy[i] * s[j]
		}
	}
}
