package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"biomass/runner/internal/rng"
)

// TestPooled holds a convolution that pools to the bits of convolution and pool one after
// the other, forward and backward.
func TestPooled(t *testing.T) {
	for _, c := range []Conv{
		{N: 5, H: 28, W: 28, Cin: 1, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 10, W: 8, Cin: 9, Cout: 20, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 14, W: 12, Cin: 32, Cout: 40, KH: 3, KW: 3, Stride: 1, Pad: 0},
		{N: 2, H: 8, W: 12, Cin: 3, Cout: 35, KH: 5, KW: 5, Stride: 2, Pad: 2},
		{N: 1, H: 2, W: 2, Cin: 70, Cout: 8, KH: 1, KW: 1, Stride: 1},
	} {
		back := c.transposed()
		wantInput := c.Stride == 1 && back.isWinograd()
		for _, relu := range []bool{false, true} {
			p := Pool{N: c.N, H: c.OutH(), W: c.OutW(), C: c.Cout, Window: 2, Stride: 2, ReLU: relu}
			if !c.Pools(p, wantInput) {
				t.Fatalf("%+v does not pool %+v", c, p)
			}
			o := newOperands(c)
			want, wantIndex := make([]float32, p.sizeOut()), make([]uint8, p.sizeOut())
			c.Forward(o.y, o.x, o.w, o.bias)
			p.MaxForward(want, wantIndex, o.y)
			dy, up := numbers(p.sizeOut(), 4), make([]float32, p.sizeIn())
			p.MaxBackward(up, dy, wantIndex)
			wantDW, wantDB, wantDX := make([]float32, len(o.w)), make([]float32, c.Cout), make([]float32, len(o.x))
			c.WeightGradient(wantDW, o.x, up)
			ColumnSum(wantDB, up, c.N*c.OutH()*c.OutW(), c.Cout)
			c.InputGradient(wantDX, up, o.w)
			everyVariant(t, func(name string) {
				what := fmt.Sprintf("%s %+v, ReLU %t, ", name, c, relu)
				y, index := make([]float32, p.sizeOut()), make([]uint8, p.sizeOut())
				c.ForwardPooled(y, nil, o.x, o.w, o.bias, p)
				same(t, what+"y without taps", y, want)
				clear(y)
				c.ForwardPooled(y, index, o.x, o.w, o.bias, p)
				same(t, what+"y", y, want)
				if string(index) != string(wantIndex) {
					t.Errorf("%staps differ", what)
				}
				dw, db, dx := make([]float32, len(o.w)), make([]float32, c.Cout), make([]float32, len(o.x))
				if !wantInput {
					dx = nil
				}
				c.BackwardPooled(dw, db, dx, o.x, o.w, dy, index, p)
				same(t, what+"dw", dw, wantDW)
				same(t, what+"db", db, wantDB)
				if wantInput {
					same(t, what+"dx", dx, wantDX)
				}
			})
		}
	}
}

// TestTilesOfPools compares the vectors behind a pooling convolution with their portable
// loops, on what numbers can be: ties, zeros of both signs, infinities and NaNs.
func TestTilesOfPools(t *testing.T) {
	const tiles, rowStep = 5, 500
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{0, float32(math.Copysign(0, -1)), 1, 1, -1, inf, -inf, nan}
	s := rng.New(3, "tiles of pools")
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			if x[i] = s.Float32() - 0.5; s.Uint64()%2 == 0 {
				x[i] = special[s.Uint64()%uint64(len(special))]
			}
		}
		return x
	}
	for _, width := range []int{1, 7, 8, 9, 24, 35} {
		c, step := width+3, width+1
		x, bias, dy := draw(2*rowStep), draw(width), draw(tiles*c)
		taken := make([]uint8, tiles*c)
		for i := range taken {
			taken[i] = []uint8{0, 1, 2, 3, none}[s.Uint64()%5]
		}
		for _, relu := range []bool{false, true} {
			w := Pool{ReLU: relu}.window(0, 2, 2, rowStep)
			for _, bias := range [][]float32{nil, bias} {
				want, wantIndex := make([]float32, tiles*c), make([]uint8, tiles*c)
				maxTilesPortable(0, want, wantIndex, x, bias, tiles, c, width, step, rowStep, w.start, w.keep)
				got, index := make([]float32, tiles*c), make([]uint8, tiles*c)
				maxTiles(got, index, x, bias, tiles, c, width, step, rowStep, w.start, w.keep)
				what := fmt.Sprintf("%d channels, ReLU %t, bias %t", width, relu, bias != nil)
				same(t, what, got, want)
				if !slices.Equal(index, wantIndex) {
					t.Errorf("%s: the taps differ", what)
				}
				clear(got)
				maxTiles(got, nil, x, bias, tiles, c, width, step, rowStep, w.start, w.keep)
				same(t, what+", without taps", got, want)
			}
		}
		for row := range uint8(2) {
			want, got := make([]float64, c), make([]float64, c)
			sumTakenPortable(0, want, dy, taken, tiles, c, row)
			sumTaken(got, dy, taken, tiles, c, row)
			for j := range want {
				if math.Float64bits(got[j]) != math.Float64bits(want[j]) && want[j] == want[j] {
					t.Errorf("sum of column %d of %d: %v, not %v", j, c, got[j], want[j])
				}
			}
		}
		spread := spreadOut(tiles, width)
		want, got := make([]float32, positions*spread.position), make([]float32, positions*spread.position)
		winogradTakenPortable(0, want, spread, dy, taken, tiles, c, width)
		winogradTaken(got, spread, dy, taken, tiles, c, width)
		same(t, fmt.Sprintf("transform of %d channels", width), got, want)
		lines := make([]float32, 2*2*tiles*c)
		Pool{N: 1, H: 2, W: 2 * tiles, C: c, Window: 2, Stride: 2}.MaxBackward(lines, dy, taken)
		winogradGradient(got, spread, lines, lines[2*tiles*c:], tiles, c, width)
		same(t, fmt.Sprintf("transform of %d channels as of lines", width), got, want)
	}
}

// TestPoolsOnlyTiles names what a convolution does not pool.
func TestPoolsOnlyTiles(t *testing.T) {
	c := Conv{N: 1, H: 8, W: 8, Cin: 16, Cout: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}
	pool := func(c Conv) Pool {
		return Pool{N: c.N, H: c.OutH(), W: c.OutW(), C: c.Cout, Window: 2, Stride: 2}
	}
	wide, apart, padded := pool(c), pool(c), pool(c)
	wide.Window, wide.Stride = 3, 3
	apart.Stride = 1
	padded.Pad = 1
	odd, grouped, few := c, c, c
	odd.H = 9
	grouped.Groups = 2
	few.Cin = 4
	for name, pools := range map[string]bool{
		"window": c.Pools(wide, true), "stride": c.Pools(apart, true), "padding": c.Pools(padded, true),
		"odd": odd.Pools(pool(odd), true), "groups": grouped.Pools(pool(grouped), true),
		"input's gradient": few.Pools(pool(few), true),
	} {
		if pools {
			t.Errorf("%s: pools", name)
		}
	}
	if !c.Pools(pool(c), true) || !few.Pools(pool(few), false) {
		t.Error("does not pool what it can")
	}
}
