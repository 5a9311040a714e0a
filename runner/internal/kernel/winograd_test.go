package kernel

import (
	"fmt"
	"testing"
)

// winogradConvs are shapes that go by Winograd's algorithm: odd sizes and channel
// counts, every padding, more tiles than a task, a block and a span take.
func winogradConvs() []Conv {
	return []Conv{
		{N: 2, H: 7, W: 9, Cin: 8, Cout: 12, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 1, H: 5, W: 4, Cin: 17, Cout: 33, KH: 3, KW: 3, Stride: 1, Pad: 0},
		{N: 3, H: 4, W: 7, Cin: 70, Cout: 20, KH: 3, KW: 3, Stride: 1, Pad: 2},
		{N: 3, H: 6, W: 5, Cin: 64, Cout: 40, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 40, H: 4, W: 2, Cin: 130, Cout: 23, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 3, W: 6, Cin: 25, Cout: 65, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 20, W: 18, Cin: 24, Cout: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 32, W: 31, Cin: 9, Cout: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
	}
}

// TestPicturesDoNotSeeEachOther evaluates pictures in batches of 1, 7 and 32.
func TestPicturesDoNotSeeEachOther(t *testing.T) {
	for _, c := range []Conv{
		{H: 9, W: 7, Cin: 24, Cout: 40, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{H: 9, W: 7, Cin: 24, Cout: 40, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{H: 4, W: 5, Cin: 100, Cout: 10, KH: 1, KW: 1, Stride: 1},
	} {
		c.N = 32
		o := newOperands(c)
		c.ForwardThen(o.y, o.x, o.w, o.bias, nil, ReLU)
		for _, batch := range []int{1, 7} {
			for from := 0; from < 32; from += batch {
				part := c
				part.N = min(batch, 32-from)
				in, out := c.H*c.W*c.Cin, c.OutH()*c.OutW()*c.Cout
				got := make([]float32, part.N*out)
				part.ForwardThen(got, o.x[from*in:][:part.N*in], o.w, o.bias, nil, ReLU)
				same(t, fmt.Sprintf("%+v from picture %d", part, from), got, o.y[from*out:][:part.N*out])
			}
		}
	}
}

// grid is what a transform works on: rows of a matrix of single elements.
type grid [][]float32

// columnsFirst applies a transform of one dimension to the columns, then to the rows.
func (g grid) columnsFirst(f func(x []float32) []float32) grid {
	turn := func(g grid) grid {
		t := make(grid, len(g[0]))
		for _, row := range g {
			for j, v := range row {
				t[j] = append(t[j], v)
			}
		}
		return t
	}
	rows := func(g grid) grid {
		out := make(grid, len(g))
		for i := range g {
			out[i] = f(g[i])
		}
		return out
	}
	return rows(turn(rows(turn(g))))
}

// The transforms of one dimension, as the package comment and [winogradInputPortable]
// and its sisters have them.
func inputTransform(d []float32) []float32 {
	return []float32{d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]}
}

func weightTransform(g []float32) []float32 {
	return []float32{g[0], ((g[0] + g[2]) + g[1]) / 2, ((g[0] + g[2]) - g[1]) / 2, g[2]}
}

func outputTransform(m []float32) []float32 {
	return []float32{(m[0] + m[1]) + m[2], (m[1] - m[2]) - m[3]}
}

func gradientTransform(y []float32) []float32 {
	return []float32{y[0], y[0] + y[1], y[0] - y[1], y[1]}
}

func tapTransform(p []float32) []float32 {
	half := (p[1] + p[2]) / 2
	return []float32{p[0] + half, (p[1] - p[2]) / 2, half - p[3]}
}

// cutOut returns size x size elements of a channel of x (n, h, w, c), zero outside.
func cutOut(x []float32, h, w, c, n, y0, x0, channel, size int) grid {
	g := make(grid, size)
	for i := range g {
		g[i] = make([]float32, size)
		for j := range g[i] {
			if y, x1 := y0+i, x0+j; y >= 0 && y < h && x1 >= 0 && x1 < w {
				g[i][j] = x[((n*h+y)*w+x1)*c+channel]
			}
		}
	}
	return g
}

// transformed are all channels of a transform, by position.
type transformed [4][4][]float32

func (t *transformed) add(g grid) {
	for r := range t {
		for s := range t[r] {
			t[r][s] = append(t[r][s], g[r][s])
		}
	}
}

// winogradForward is the contract of the forward convolution without bias.
func winogradForward(c Conv, x, w []float32) []float32 {
	u := make([]transformed, c.Cout)
	for co := range u {
		for ci := range c.Cin {
			g := make(grid, 3)
			for r := range g {
				for s := range 3 {
					g[r] = append(g[r], w[((r*3+s)*c.Cin+ci)*c.Cout+co])
				}
			}
			u[co].add(g.columnsFirst(weightTransform))
		}
	}
	y := make([]float32, c.N*c.OutH()*c.OutW()*c.Cout)
	for n := range c.N {
		for top := 0; top < c.OutH(); top += 2 {
			for left := 0; left < c.OutW(); left += 2 {
				var v transformed
				for ci := range c.Cin {
					v.add(cutOut(x, c.H, c.W, c.Cin, n, top-c.Pad, left-c.Pad, ci, 4).columnsFirst(inputTransform))
				}
				for co := range c.Cout {
					m := make(grid, 4)
					for r := range m {
						for s := range 4 {
							var sum chain
							for ci, a := range v[r][s] {
								sum.add(a, u[co][r][s][ci])
							}
							m[r] = append(m[r], sum.value())
						}
					}
					for i, row := range m.columnsFirst(outputTransform) {
						for j, value := range row {
							if top+i < c.OutH() && left+j < c.OutW() {
								y[((n*c.OutH()+top+i)*c.OutW()+left+j)*c.Cout+co] = value
							}
						}
					}
				}
			}
		}
	}
	return y
}

// winogradInputGradient is the forward convolution of dy by the turned weights.
func winogradInputGradient(c Conv, dy, w []float32) []float32 {
	turned := make([]float32, 0, len(w))
	for tap := 8; tap >= 0; tap-- {
		for co := range c.Cout {
			for ci := range c.Cin {
				turned = append(turned, w[(tap*c.Cin+ci)*c.Cout+co])
			}
		}
	}
	back := Conv{N: c.N, H: c.OutH(), W: c.OutW(), Cin: c.Cout, Cout: c.Cin, KH: 3, KW: 3, Stride: 1, Pad: 2 - c.Pad}
	return winogradForward(back, dy, turned)
}

// winogradWeightGradient is the contract of the weight gradient.
func winogradWeightGradient(c Conv, x, dy []float32) []float32 {
	v, z := make([]transformed, c.Cin), make([]transformed, c.Cout)
	for n := range c.N {
		for top := 0; top < c.OutH(); top += 2 {
			for left := 0; left < c.OutW(); left += 2 {
				for ci := range v {
					v[ci].add(cutOut(x, c.H, c.W, c.Cin, n, top-c.Pad, left-c.Pad, ci, 4).columnsFirst(inputTransform))
				}
				for co := range z {
					z[co].add(cutOut(dy, c.OutH(), c.OutW(), c.Cout, n, top, left, co, 2).columnsFirst(gradientTransform))
				}
			}
		}
	}
	dw := make([]float32, 9*c.Cin*c.Cout)
	for ci := range v {
		for co := range z {
			p := make(grid, 4)
			for r := range p {
				for s := range 4 {
					var sum chain
					for i, a := range v[ci][r][s] {
						sum.add(a, z[co][r][s][i])
					}
					p[r] = append(p[r], sum.value())
				}
			}
			for r, row := range p.columnsFirst(tapTransform) {
				for s, value := range row {
					dw[((r*3+s)*c.Cin+ci)*c.Cout+co] = value
				}
			}
		}
	}
	return dw
}

// TestWinogradContract holds every variant against the contract's own words, bit for bit.
func TestWinogradContract(t *testing.T) {
	for _, c := range winogradConvs() {
		if !c.isWinograd() || !c.transposed().isWinograd() {
			t.Fatalf("%+v does not go by Winograd", c)
		}
		for name, fill := range map[string]func(n int, seed uint32) []float32{"numbers": numbers, "awkward": awkward} {
			if name == "awkward" && c.N > 3 {
				continue
			}
			o := newOperands(c)
			copy(o.x, fill(len(o.x), 1))
			copy(o.dy, fill(len(o.dy), 2))
			wantY := winogradForward(c, o.x, o.w)
			for i := range wantY {
				wantY[i] += o.bias[i%c.Cout]
			}
			wantDX, wantDW := winogradInputGradient(c, o.dy, o.w), winogradWeightGradient(c, o.x, o.dy)
			everyVariant(t, func(variant string) {
				o.run(c)
				what := fmt.Sprintf("%s %s %+v", variant, name, c)
				same(t, what+" y", o.y, wantY)
				same(t, what+" dx", o.dx, wantDX)
				same(t, what+" dw", o.dw, wantDW)
			})
		}
	}
}
