package kernel

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestColumnSumContract pins the order of additions: chains of 256 rows, then
// neighbours in a tree.
func TestColumnSumContract(t *testing.T) {
	for _, size := range [][2]int{{0, 9}, {1, 9}, {255, 9}, {256, 9}, {257, 9}, {512, 9}, {3*256 + 1, 9}, {5 * 256, 9}, {7*256 - 1, 9}, {258, 4096 + 13}} {
		rows, c := size[0], size[1]
		x, got := numbers(rows*c, uint32(rows)), make([]float32, c)
		ColumnSum(got, x, rows, c)
		for j := range c {
			var parts []float64
			for r := range rows {
				if r%256 == 0 {
					parts = append(parts, 0)
				}
				parts[r/256] += float64(x[r*c+j])
			}
			for len(parts) > 1 {
				var sums []float64
				for i := 0; i < len(parts); i += 2 {
					if i+1 < len(parts) {
						sums = append(sums, parts[i]+parts[i+1])
					} else {
						sums = append(sums, parts[i])
					}
				}
				parts = sums
			}
			var want float32
			if rows > 0 {
				want = float32(parts[0])
			}
			if math.Float32bits(got[j]) != math.Float32bits(want) {
				t.Errorf("%d rows, column %d: %v, not %v", rows, j, got[j], want)
			}
		}
	}
}

func TestLosses(t *testing.T) {
	const n = 700
	pred, target := numbers(n, 1), numbers(n, 2)
	for i := range pred {
		pred[i] *= 3 // on both sides of Huber's 1
	}
	for name, l := range map[string]struct {
		forward  func(pred, target []float32) float32
		backward func(dPred, pred, target []float32, upstream float32)
		of       func(d float64) float64
	}{
		"mse": {MSEForward, MSEBackward, func(d float64) float64 { return d * d }},
		"mae": {MAEForward, MAEBackward, math.Abs},
		"huber": {HuberForward, HuberBackward, func(d float64) float64 {
			if math.Abs(d) < 1 {
				return d * d / 2
			}
			return math.Abs(d) - 0.5
		}},
	} {
		pred64, target64, dPred := double(pred), double(target), make([]float32, n)
		loss := func() float64 {
			sum := 0.0
			for i := range pred64 {
				sum += l.of(pred64[i] - target64[i])
			}
			return sum / n
		}
		near(t, name, []float32{l.forward(pred, target)}, []float64{loss()})
		l.backward(dPred, pred, target, 3)
		near(t, name+" dPred", dPred, differences(pred64, func() float64 { return 3 * loss() }))
		l.backward(dPred[:1], target[:1], target[:1], 3)
		if dPred[0] != 0 {
			t.Errorf("%s: the slope at 0 is %v", name, dPred[0])
		}
	}
}

func TestSumSquares(t *testing.T) {
	x := numbers(1000, 1)
	var want [4]float64 // chunks of 256, then neighbours
	for i, v := range x {
		want[i/256] += float64(v) * float64(v)
	}
	if got := SumSquares(x); got != want[0]+want[1]+(want[2]+want[3]) {
		t.Errorf("the sum of squares is %v, want %v", got, want)
	}
	scaled := slices.Clone(x)
	Scale(scaled, 0.1)
	for i, v := range x {
		if scaled[i] != v*0.1 {
			t.Fatalf("%v scaled by 0.1 is %v", v, scaled[i])
		}
	}
}

func TestFirstNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	for _, v := range []struct {
		x    []float32
		want int
	}{
		{nil, -1}, {[]float32{0, math.MaxFloat32, -math.MaxFloat32}, -1}, {[]float32{1, inf, nan}, 1}, {[]float32{nan}, 0},
	} {
		if got := FirstNonFinite(v.x); got != v.want {
			t.Errorf("FirstNonFinite(%v) = %d, want %d", v.x, got, v.want)
		}
	}
}

func TestShapeBugsPanic(t *testing.T) {
	defer func() {
		if got := recover(); got != "kernel: x has 5 elements, not 6" {
			t.Errorf("panic %v", got)
		}
	}()
	ColumnSum(make([]float32, 3), make([]float32, 5), 2, 3)
}

func TestSteadyStateMakesNoGarbage(t *testing.T) {
	const rows, c = 4000, 24
	x, y, channel := numbers(rows*c, 1), make([]float32, rows*c), make([]float32, 4*c)
	part := func(i int) []float32 { return channel[i*c : (i+1)*c] }
	norm := newNorm(ReLU, rows, part(0), part(1))
	p := Pool{N: 1, H: 80, W: 50, C: c, Window: 3, Stride: 2, Pad: 1}
	index := make([]uint8, p.sizeOut())
	step := func() {
		norm.Forward(y, x, nil)
		norm.Backward(y, nil, part(2), part(3), x, x, y)
		p.MaxForward(y[:p.sizeOut()], index, x)
		Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}.Step(y, x, y, y, 0.9, 0.999)
	}
	step()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const steps = 20
	for range steps {
		step()
	}
	runtime.ReadMemStats(&after)
	// Closures and goroutines; the sums of the chunks alone would be 6 KiB a pass.
	if n := (after.TotalAlloc - before.TotalAlloc) / steps; n > 6<<10 {
		t.Errorf("%d bytes allocated a step", n)
	}
}
