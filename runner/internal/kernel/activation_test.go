package kernel

import (
	"math"
	"testing"

	"biomass/runner/internal/rng"
)

func TestReluSpecialValues(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	for _, v := range []struct{ x, y, slope float32 }{
		{3, 3, 1}, {-3, 0, 0}, {0, 0, 0}, {minusZero, minusZero, 0}, {inf, inf, 1}, {-inf, 0, 0}, {nan, nan, 0},
		{math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat32, 1}, {-math.SmallestNonzeroFloat32, 0, 0},
	} {
		x, y, dx := make([]float32, 9), make([]float32, 9), make([]float32, 9)
		dy := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
		for i := range x {
			x[i] = v.x
		}
		ReluForward(y, x)
		ReluBackward(dx, dy, y)
		for i := range x {
			if math.Float32bits(y[i]) != math.Float32bits(v.y) && !(v.y != v.y && y[i] != y[i]) || dx[i] != v.slope {
				t.Errorf("relu(%v) = %v, slope %v; want %v, %v", v.x, y[i], dx[i], v.y, v.slope)
			}
		}
	}
}

func TestDropout(t *testing.T) {
	const n = 40001
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	for _, p := range []float32{0, 0.25, 0.5, 1} {
		stream := rng.New(7, "dropout", 3)
		y, again := make([]float32, n), make([]float32, n)
		Dropout(y, x, p, stream)
		SetThreads(1)
		Dropout(again, x, p, stream)
		SetThreads(0)
		same(t, "dropout on one thread", again, y)
		var zeros int
		for i, v := range y {
			half := uint32(stream.At(uint64(i/2)) >> (i % 2 * 32))
			want := float32(0)
			if float64(half) < (1-float64(p))*0x1p32 {
				want = x[i] * float32(1/(1-float64(p)))
			} else {
				zeros++
			}
			if v != want {
				t.Fatalf("p %v: y[%d] = %v, want %v", p, i, v, want)
			}
		}
		if share := float64(zeros) / n; math.Abs(share-float64(p)) > 0.01 {
			t.Errorf("p %v: %v dropped", p, share)
		}
	}
}
