package kernel

// Subsample is the shortcut without parameters of a residual block that halves the
// picture and widens its channels (He, Zhang, Ren, Sun: Deep Residual Learning for Image
// Recognition, 2015, option A): every Stride-th pixel of every Stride-th row of N pictures
// (H, W, C), with as many channels of zeros before theirs as behind, OutC in all.
type Subsample struct{ N, H, W, C, Stride, OutC int }

// OutH returns the height of the output.
func (s Subsample) OutH() int { return ceil(s.H, s.Stride) }

// OutW returns the width of the output.
func (s Subsample) OutW() int { return ceil(s.W, s.Stride) }

// Forward sets
//
//	y[n, oy, ox, before+c] = x[n, oy*Stride, ox*Stride, c], else 0    before = (OutC-C)/2
//
//	y (N, OutH, OutW, OutC), x (N, H, W, C)
func (s Subsample) Forward(y, x []float32) {
	s.check(x, y)
	clear(y)
	s.pixels(func(iy, ix int) { copy(y[iy:][:s.C], x[ix:][:s.C]) })
}

// Backward sets dx (N, H, W, C) to the gradient, given dy (N, OutH, OutW, OutC).
func (s Subsample) Backward(dx, dy []float32) {
	s.check(dx, dy)
	clear(dx)
	s.pixels(func(iy, ix int) { copy(dx[ix:][:s.C], dy[iy:][:s.C]) })
}

// pixels calls f, from several goroutines, with where each pixel that is kept begins.
func (s Subsample) pixels(f func(y, x int)) {
	h, w, before := s.OutH(), s.OutW(), (s.OutC-s.C)/2
	Parallel(s.N*h, func(row int) {
		n, oy := row/h, row%h
		for ox := range w {
			f((row*w+ox)*s.OutC+before, ((n*s.H+oy*s.Stride)*s.W+ox*s.Stride)*s.C)
		}
	})
}

func (s Subsample) check(x, y []float32) {
	requireLength("x", x, s.N*s.H*s.W*s.C)
	requireLength("y", y, s.N*s.OutH()*s.OutW()*s.OutC)
}
