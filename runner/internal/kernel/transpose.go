package kernel

// Transpose turns each of n matrices (rows, columns) of x into (columns, rows) of y, as
// torch flattens (C, H, W) where our pixels lie (H, W, C). A matrix of one row or
// column, such as a gray picture, stays as it is.
func Transpose(y, x []float32, n, rows, columns int) {
	requireLength("y", y, n*rows*columns)
	requireLength("x", x, n*rows*columns)
	if rows == 1 || columns == 1 {
		copy(y, x)
		return
	}
	size := rows * columns
	Parallel(n, func(i int) {
		active.transpose(y[i*size:], rows, x[i*size:], columns, rows, columns)
	})
}

// transposePortable writes the transpose of a (rows, cols) matrix:
//
//	dst[j*dstStride+i] = src[i*srcStride+j]
func transposePortable(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
	for i := range rows {
		row := src[i*srcStride : i*srcStride+cols]
		for j, v := range row {
			dst[j*dstStride+i] = v
		}
	}
}
