package kernel

//go:generate go run gen_tile.go gen_tile_neon.go gen_listing.go

// A tile is a micro-kernel: one block of a matrix product whose outputs stay in
// registers for a block of terms. whole[m], for 1 <= m <= rows, is exactly
//
//	for l0 := 0; l0 == 0 || l0 < k; l0 += Block {
//		for i := range m {
//			for j := range cols {
//				s := float32(0)
//				for l := l0; l < min(k, l0+Block); l++ {
//					s = FMA32(a[i*rs+l*ks], b[l*ldb+j], s)
//				}
//				if add || l0 > 0 {
//					s = c[i*ldc+j] + s
//				}
//				c[i*ldc+j] = s
//			}
//		}
//	}
//
// Strides count elements. The two strides of a let one tile serve the forward
// product (ks 1) and the weight gradient (rs 1).
//
// edge is the same for the first n < cols columns of b and c only; it touches no
// others.
type tile struct {
	rows, cols int
	whole      []tileFunc
	edge       func(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool)
}

// A tileFunc is a tile of one height.
type tileFunc func(c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool)

// part is a whole tile or an edge, for the first n <= cols columns.
func (t *tile) part(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
	if n == t.cols {
		t.whole[m](c, ldc, a, rs, ks, b, ldb, k, add)
	} else {
		t.edge(m, n, c, ldc, a, rs, ks, b, ldb, k, add)
	}
}

// portableTile is the definition. It is narrow, since it gains nothing from
// registers and the columns beyond a matrix's last are work for nothing.
var portableTile = tile{rows: 4, cols: 8, whole: wholePortable(4), edge: edgePortable}

func wholePortable(rows int) []tileFunc {
	list := make([]tileFunc, rows+1)
	for m := range list {
		list[m] = func(c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
			multiplyPortable(m, c, ldc, a, rs, ks, b, ldb, k, add)
		}
	}
	return list
}

func multiplyPortable(m int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
	for l0 := 0; l0 == 0 || l0 < k; l0 += Block {
		for i := range m {
			var s [8]float32
			for l := l0; l < min(k, l0+Block); l++ {
				x := float64(a[i*rs+l*ks])
				y := (*[8]float32)(b[l*ldb:])
				for j := range s {
					// FMA32 by hand, since the compiler does not inline it.
					p := float64(x * float64(y[j]))
					if t := p + float64(s[j]); delicate(t) {
						s[j] = roundOnce(p, float64(s[j]), t)
					} else {
						s[j] = float32(t)
					}
				}
			}
			z := (*[8]float32)(c[i*ldc:])
			if add || l0 > 0 {
				for j := range s {
					s[j] = z[j] + s[j]
				}
			}
			*z = s
		}
	}
}

func edgePortable(m, n int, c []float32, ldc int, a []float32, rs, ks int, b []float32, ldb, k int, add bool) {
	for l0 := 0; l0 == 0 || l0 < k; l0 += Block {
		for i := range m {
			for j := range n {
				s := float32(0)
				for l := l0; l < min(k, l0+Block); l++ {
					s = FMA32(a[i*rs+l*ks], b[l*ldb+j], s)
				}
				if add || l0 > 0 {
					s = c[i*ldc+j] + s
				}
				c[i*ldc+j] = s
			}
		}
	}
}
