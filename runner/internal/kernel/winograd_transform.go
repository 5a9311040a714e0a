package kernel

// The transforms of Winograd's algorithm: additions, and halves, which are exact. Every
// one goes over the columns, then over the rows of its 4x4, 3x3 or 2x2 elements. They
// do the channels from first on; vectors do those before.

// winogradInputPortable is, for each of c channels of tiles windows side by side,
//
//	t[0][s], t[1][s], t[2][s], t[3][s] = d[0][s]-d[2][s], d[1][s]+d[2][s], d[2][s]-d[1][s], d[1][s]-d[3][s]
//	v[r][0], v[r][1], v[r][2], v[r][3] = t[r][0]-t[r][2], t[r][1]+t[r][2], t[r][2]-t[r][1], t[r][1]-t[r][3]
//
// with d[r][s] pixel s of lines[r], of which a tile is two further than the one before,
// and v[r][s] position 4r+s.
func winogradInputPortable(first int, v []float32, spread spread, lines *[4][]float32, tiles, c int) {
	for i := range tiles {
		for j := first; j < c; j++ {
			var t [4][4]float32
			for s := range 4 {
				at := (2*i+s)*c + j
				d0, d1, d2, d3 := lines[0][at], lines[1][at], lines[2][at], lines[3][at]
				t[0][s], t[1][s], t[2][s], t[3][s] = d0-d2, d1+d2, d2-d1, d1-d3
			}
			for r := range t {
				out := v[4*r*spread.position+i*spread.row+j:]
				out[0] = t[r][0] - t[r][2]
				out[spread.position] = t[r][1] + t[r][2]
				out[2*spread.position] = t[r][2] - t[r][1]
				out[3*spread.position] = t[r][1] - t[r][3]
			}
		}
	}
}

// winogradOutputPortable is, for each of c channels of tiles side by side,
//
//	t[0][s], t[1][s] = (m[0][s]+m[1][s])+m[2][s], (m[1][s]-m[2][s])-m[3][s]
//	y[r][0], y[r][1] = (t[r][0]+t[r][1])+t[r][2], (t[r][1]-t[r][2])-t[r][3]
//
// with m[r][s] position 4r+s; a bias is added last. y[0] is at first, y[1] at second.
func winogradOutputPortable(from int, first, second, m []float32, spread spread, bias []float32, tiles, c int) {
	for i := range tiles {
		for j := from; j < c; j++ {
			var t [2][4]float32
			for s := range 4 {
				at := s*spread.position + i*spread.row + j
				m0, m1, m2, m3 := m[at], m[at+4*spread.position], m[at+8*spread.position], m[at+12*spread.position]
				t[0][s], t[1][s] = m0+m1+m2, m1-m2-m3
			}
			for r, y := range [2][]float32{first, second} {
				y0, y1 := t[r][0]+t[r][1]+t[r][2], t[r][1]-t[r][2]-t[r][3]
				if bias != nil {
					y0, y1 = y0+bias[j], y1+bias[j]
				}
				y[2*i*c+j], y[(2*i+1)*c+j] = y0, y1
			}
		}
	}
}

// winogradWeightsPortable is, for each of n pairs of channels,
//
//	h[0][s], h[1][s] = g[0][s], ((g[0][s]+g[2][s])+g[1][s])/2
//	h[2][s], h[3][s] = ((g[0][s]+g[2][s])-g[1][s])/2, g[2][s]
//	u[r][0], u[r][1] = h[r][0], ((h[r][0]+h[r][2])+h[r][1])/2
//	u[r][2], u[r][3] = ((h[r][0]+h[r][2])-h[r][1])/2, h[r][2]
//
// with g[r][s] at (3r+s)*tap of w, and u[r][s] at (4r+s)*position.
func winogradWeightsPortable(first int, u []float32, position int, w []float32, tap, n int) {
	for j := first; j < n; j++ {
		var h [4][3]float32
		for s := range 3 {
			g0, g1, g2 := w[s*tap+j], w[(3+s)*tap+j], w[(6+s)*tap+j]
			h[0][s], h[1][s], h[2][s], h[3][s] = g0, (g0+g2+g1)*0.5, (g0+g2-g1)*0.5, g2
		}
		for r := range h {
			out := u[4*r*position+j:]
			sum := h[r][0] + h[r][2]
			out[0] = h[r][0]
			out[position] = (sum + h[r][1]) * 0.5
			out[2*position] = (sum - h[r][1]) * 0.5
			out[3*position] = h[r][2]
		}
	}
}

// winogradGradientPortable is, for each of the first width of c channels of tiles side by
// side,
//
//	t[0][s], t[1][s], t[2][s], t[3][s] = dy[0][s], dy[0][s]+dy[1][s], dy[0][s]-dy[1][s], dy[1][s]
//	z[r][0], z[r][1], z[r][2], z[r][3] = t[r][0], t[r][0]+t[r][1], t[r][0]-t[r][1], t[r][1]
//
// with dy[0] at top, dy[1] at bottom, and z[r][s] position 4r+s. The last line is that
// of A with its sign changed, which winogradTaps makes good.
func winogradGradientPortable(first int, z []float32, spread spread, top, bottom []float32, tiles, c, width int) {
	for i := range tiles {
		for j := first; j < width; j++ {
			left, right := 2*i*c+j, (2*i+1)*c+j
			winogradGradientTile(z[i*spread.row+j:], spread, [4]float32{top[left], top[right], bottom[left], bottom[right]})
		}
	}
}

// winogradTakenPortable is winogradGradientPortable of what a max pool over the tiles
// makes of its dy and index: a tile is 0 but for the pixel index, which is 0+dy.
func winogradTakenPortable(first int, z []float32, spread spread, dy []float32, index []uint8, tiles, c, width int) {
	for i := range tiles {
		for j := first; j < width; j++ {
			var tile [4]float32
			if tap := index[i*c+j]; tap < 4 {
				tile[tap] += dy[i*c+j]
			}
			winogradGradientTile(z[i*spread.row+j:], spread, tile)
		}
	}
}

func winogradGradientTile(z []float32, spread spread, dy [4]float32) {
	var t [4][2]float32
	for s := range 2 {
		a, b := dy[s], dy[2+s]
		t[0][s], t[1][s], t[2][s], t[3][s] = a, a+b, a-b, b
	}
	for r := range t {
		out := z[4*r*spread.position:]
		a, b := t[r][0], t[r][1]
		out[0] = a
		out[spread.position] = a + b
		out[2*spread.position] = a - b
		out[3*spread.position] = b
	}
}

// winogradTapsPortable is, for each of n pairs of channels,
//
//	e[0][s], e[1][s], e[2][s] = p[0][s]+(p[1][s]+p[2][s])/2, (p[1][s]-p[2][s])/2, (p[1][s]+p[2][s])/2-p[3][s]
//	dw[r][0], dw[r][1], dw[r][2] = e[r][0]+(e[r][1]+e[r][2])/2, (e[r][1]-e[r][2])/2, (e[r][1]+e[r][2])/2-e[r][3]
//
// with p[r][s] at (4r+s)*position, and dw[r][s] at (3r+s)*tap.
func winogradTapsPortable(first int, dw []float32, tap int, p []float32, position, n int) {
	for j := first; j < n; j++ {
		var e [3][4]float32
		for s := range 4 {
			at := s*position + j
			e[0][s], e[1][s], e[2][s] = winogradTap(p[at], p[at+4*position], p[at+8*position], p[at+12*position])
		}
		for r := range e {
			out := dw[3*r*tap+j:]
			out[0], out[tap], out[2*tap] = winogradTap(e[r][0], e[r][1], e[r][2], e[r][3])
		}
	}
}

func winogradTap(p0, p1, p2, p3 float32) (float32, float32, float32) {
	half := float32((p1 + p2) * 0.5)
	return p0 + half, (p1 - p2) * 0.5, half - p3
}
