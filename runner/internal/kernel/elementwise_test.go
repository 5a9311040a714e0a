package kernel

import (
	"math"
	"testing"

	"biomass/runner/internal/rng"
)

// A workbench makes the inputs and outputs of one call at addresses that no vector
// is aligned to, and keeps them to look at.
type workbench struct {
	state   uint32 // of the choice of numbers
	special bool   // infinities and NaNs too
	buffers [][]float32
	indexes [][]uint8
}

const guard = 9 // elements around a buffer that nobody may write

// in is n numbers of all magnitudes, with denormals and zeros of both signs.
func (b *workbench) in(n int) []float32 {
	x := b.out(n)
	for i, v := range numbers(n, uint32(len(b.buffers))) {
		b.state = b.state*1664525 + 1013904223
		switch b.state >> 26 { // of 64
		case 0:
			v = 0
		case 1:
			v = float32(math.Copysign(0, -1))
		case 2:
			v *= 0x1p-140
		case 3:
			v *= 0x1p-70
		case 4:
			v *= 0x1p+20
		case 5:
			v = b.unless(v, math.Inf(1))
		case 6:
			v = b.unless(v, math.Inf(-1))
		case 7:
			v = b.unless(v, math.NaN())
		}
		x[i] = v
	}
	return x
}

// unless is v, or s at a bench of special values.
func (b *workbench) unless(v float32, s float64) float32 {
	if b.special {
		return float32(s)
	}
	return v
}

// positive is in without signs, as variances are.
func (b *workbench) positive(n int) []float32 {
	x := b.in(n)
	for i := range x {
		x[i] = float32(math.Abs(float64(x[i])))
	}
	return x
}

// out is n numbers that the call must write.
func (b *workbench) out(n int) []float32 {
	whole := make([]float32, n+2*guard)
	for i := range whole {
		whole[i] = -77
	}
	b.buffers = append(b.buffers, whole)
	return whole[guard : guard+n : guard+n]
}

func (b *workbench) index(n int) []uint8 {
	whole := make([]uint8, n+2*guard)
	for i := range whole {
		whole[i] = 77
	}
	b.indexes = append(b.indexes, whole)
	return whole[guard : guard+n : guard+n]
}

func (b *workbench) norm(act Activation, fixed bool, rows, c int) *BatchNorm {
	return &BatchNorm{
		Rows: rows, C: c, Act: act, Epsilon: 1e-5, Momentum: 0.1, Fixed: fixed, Gamma: b.in(c), Beta: b.in(c),
		RunningMean: b.in(c), RunningVar: b.positive(c), Mean: b.in(c), InvStd: b.positive(c),
	}
}

// bits is all that the call could have changed. NaNs are one: which of several
// becomes the result, and its sign, is the processor's choice.
func (b *workbench) bits() []uint32 {
	var all []uint32
	for _, x := range b.buffers {
		for _, v := range x {
			if v != v {
				v = float32(math.NaN())
			}
			all = append(all, math.Float32bits(v))
		}
	}
	for _, x := range b.indexes {
		for _, v := range x {
			all = append(all, uint32(v))
		}
	}
	return all
}

// loops calls everything that has assembly, on n rows of c channels.
var loops = []struct {
	name string
	call func(b *workbench, rows, c int)
}{
	{"ColumnSum", func(b *workbench, rows, c int) { ColumnSum(b.out(c), b.in(rows*c), rows, c) }},
	{"BatchNormForward", func(b *workbench, rows, c int) {
		for _, act := range activations {
			for _, residual := range [][]float32{nil, b.in(rows * c)} {
				if residual != nil && act > ReLU {
					continue
				}
				b.norm(act, false, rows, c).Forward(b.out(rows*c), b.in(rows*c), residual)
			}
		}
	}},
	{"BatchNormBackward", func(b *workbench, rows, c int) {
		for _, act := range activations {
			norm := b.norm(act, false, rows, c)
			norm.Backward(b.out(rows*c), nil, b.out(c), b.out(c), b.in(rows*c), b.in(rows*c), nil)
			if act <= ReLU {
				norm.Backward(b.out(rows*c), b.out(rows*c), b.out(c), b.out(c), b.in(rows*c), b.in(rows*c), b.in(rows*c))
			}
		}
	}},
	{"Add", func(b *workbench, rows, c int) {
		Add(b.out(rows*c), b.in(rows*c), b.in(rows*c))
		addFloor(b.out(rows*c), b.in(rows*c), b.in(rows*c), floor(true))
	}},
	{"FixedNorm", func(b *workbench, rows, c int) {
		n := rows * c
		for _, act := range activations {
			y, x, norm := b.out(n), b.in(n), b.norm(act, true, rows, c)
			norm.Forward(y, x, nil)
			norm.Backward(b.out(n), nil, nil, nil, b.in(n), x, nil)
			if act <= ReLU {
				norm.Forward(y, x, b.in(n))
				norm.Backward(b.out(n), b.out(n), nil, nil, b.in(n), x, y)
			}
		}
	}},
	{"Activation", func(b *workbench, rows, c int) {
		for _, act := range activations {
			act.Forward(b.out(rows*c), b.in(rows*c))
			act.Backward(b.out(rows*c), b.in(rows*c), b.in(rows*c))
		}
	}},
	{"ScaleChannels", func(b *workbench, rows, c int) {
		n := 2 * rows * c
		ScaleChannels(b.out(n), b.in(n), b.in(2*c), 2, rows, c)
		ScaleChannelsBackward(b.out(n), b.out(2*c), b.in(n), b.in(n), b.in(2*c), 2, rows, c)
	}},
	{"CrossEntropy", func(b *workbench, rows, c int) {
		target := make([]float32, rows)
		for i := range target {
			target[i] = float32(i % c)
		}
		logits, weights := b.in(rows*c), b.positive(c)
		for _, loss := range []CrossEntropy{{Classes: c}, {Classes: c, Weights: weights, Smoothing: 0.1}} {
			b.out(1)[0] = loss.Forward(logits, target)
			loss.Backward(b.out(rows*c), logits, target, 1)
		}
	}},
	{"Dropout", func(b *workbench, rows, c int) {
		n, stream := rows*c, rng.New(7, "dropout")
		for _, p := range []float32{0, 0.3} {
			Dropout(b.out(n), b.in(n), p, stream)
			StochasticDepth(b.out(n), b.in(n), p, rows, c, stream)
		}
	}},
	{"Transpose", func(b *workbench, rows, c int) { Transpose(b.out(2*rows*c), b.in(2*rows*c), 2, rows, c) }},
	{"MaxPool", func(b *workbench, rows, c int) {
		for _, p := range []Pool{
			{N: 2, H: 7, W: 6, C: c, Window: 3, Stride: 2, Pad: 1},
			{N: 1, H: 5, W: 9, C: c, Window: 2, Stride: 2},
			{N: 1, H: 4, W: 5, C: c, Window: 4, Stride: 1, Pad: 2},
			{N: 1, H: 7, W: 7, C: c, Window: 2, Stride: 3},
		} {
			y, index := b.out(p.sizeOut()), b.index(p.sizeOut())
			x := b.in(p.sizeIn())
			p.MaxForward(y, index, x)
			p.MaxForward(b.out(p.sizeOut()), nil, x)
			p.MaxBackward(b.out(p.sizeIn()), b.in(p.sizeOut()), index)
		}
	}},
	{"Adam", func(b *workbench, rows, c int) {
		n := rows * c
		for _, decoupled := range []bool{false, true} {
			a := Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 1e-2, Decoupled: decoupled}
			a.Step(b.in(n), b.in(n), b.in(n), b.positive(n), 0.81, 0.998)
		}
	}},
	{"RMSprop", func(b *workbench, rows, c int) {
		n := rows * c
		for _, mean := range [][]float32{nil, b.in(n)} {
			for _, momentum := range [][]float32{nil, b.in(n)} {
				RMSprop{Rate: 0.01, Alpha: 0.99, Epsilon: 1e-8, Momentum: 0.9, Decay: 1e-2}.Step(b.in(n), b.in(n), b.positive(n), mean, momentum)
			}
		}
	}},
	{"AveragePool", func(b *workbench, rows, c int) {
		p := Pool{N: 2, H: 7, W: 6, C: c, Window: 3, Stride: 2, Pad: 1}
		p.AverageForward(b.out(p.sizeOut()), b.in(p.sizeIn()))
		p.AverageBackward(b.out(p.sizeIn()), b.in(p.sizeOut()))
		a := AdaptivePool{N: 1, H: 7, W: 5, C: c, OutH: 3, OutW: 2}
		a.AverageForward(b.out(a.sizeOut()), b.in(a.sizeIn()))
		a.AverageBackward(b.out(a.sizeIn()), b.in(a.sizeOut()))
		GlobalAverageForward(b.out(2*c), b.in(2*rows*c), 2, rows, c)
		GlobalAverageBackward(b.out(2*rows*c), b.in(2*c), 2, rows, c)
	}},
	{"AverageStep", func(b *workbench, rows, c int) {
		AverageStep(b.in(rows*c), b.in(rows*c), 0.99)
		Scale(b.in(rows*c), 0.3)
	}},
	{"SGD", func(b *workbench, rows, c int) {
		n := rows * c
		SGD{Rate: 0.1, Decay: 1e-2}.Step(b.in(n), b.in(n), nil, true)
		for _, nesterov := range []bool{false, true} {
			for _, first := range []bool{false, true} {
				SGD{Rate: 0.1, Momentum: 0.9, Decay: 1e-2, Nesterov: nesterov}.Step(b.in(n), b.in(n), b.in(n), first)
			}
		}
	}},
}

// TestVariantsGiveTheSameBits compares every variant and number of threads with
// portable Go on one thread.
func TestVariantsGiveTheSameBits(t *testing.T) {
	defer SetThreads(0)
	defer func() {
		if err := SetVariant("auto"); err != nil {
			t.Error(err)
		}
	}()
	shapes := [][2]int{
		{2, 1}, {5, 7}, {3, 8}, {9, 9}, {2, 16}, {4, 31}, {3, 32}, {5, 33}, {2, 40}, {3, 63}, {2, 64}, {6, 65}, {2, 103}, {3, 136},
		{255, 3}, {256, 5}, {257, 8}, {513, 41}, {1300, 9}, {300, 64},
	}
	for _, l := range loops {
		for _, shape := range shapes {
			for _, special := range []bool{false, true} {
				run := func(variant string, threads int) []uint32 {
					if err := SetVariant(variant); err != nil {
						t.Fatal(err)
					}
					SetThreads(threads)
					b := &workbench{special: special}
					l.call(b, shape[0], shape[1])
					return b.bits()
				}
				want := run("portable", 1)
				for _, variant := range Variants() {
					for _, threads := range []int{1, 2, 3, 5} {
						if variant != Variants()[len(Variants())-1] && threads != 2 {
							continue // threads matter to the driver alone, which all variants share
						}
						got := run(variant, threads)
						for i := range want {
							if got[i] != want[i] {
								t.Fatalf("%s rows %d c %d special %v, %s on %d threads: word %d is %#x, not %#x",
									l.name, shape[0], shape[1], special, variant, threads, i, got[i], want[i])
							}
						}
					}
				}
			}
		}
	}
}

// TestOutputsAreWritten makes sure that the comparison above compares something.
func TestOutputsAreWritten(t *testing.T) {
	for _, l := range loops {
		b := &workbench{}
		l.call(b, 300, 11)
		for k, x := range b.buffers {
			for i, v := range x {
				if inside := i >= guard && i < len(x)-guard; (v == -77) == inside {
					t.Fatalf("%s: buffer %d of %d floats: element %d is %v", l.name, k, len(x)-2*guard, i-guard, v)
				}
			}
		}
	}
}

// TestInPlace makes sure that an output may be the input that its comment allows.
func TestInPlace(t *testing.T) {
	const rows, c = 300, 19
	n := rows * c
	x, dy, s := numbers(n, 1), numbers(n, 2), numbers(c, 3)
	out, want, dGamma, dBeta := make([]float32, n), make([]float32, n), make([]float32, c), make([]float32, c)
	for _, act := range activations {
		act.Forward(want, x)
		copy(out, x)
		act.Forward(out, out)
		same(t, act.String()+" forward", out, want)

		act.Backward(want, dy, x)
		copy(out, dy)
		act.Backward(out, out, x)
		same(t, act.String()+" backward", out, want)
		copy(out, x)
		act.Backward(out, dy, out)
		same(t, act.String()+" backward over x", out, want)

		b := newNorm(act, rows, s, s)
		b.Forward(want, x, nil)
		copy(out, x)
		b.Forward(out, out, nil)
		same(t, act.String()+" batch norm forward", out, want)
		b.Backward(want, nil, dGamma, dBeta, dy, x, nil)
		copy(out, dy)
		b.Backward(out, nil, dGamma, dBeta, out, x, nil)
		same(t, act.String()+" batch norm backward", out, want)
	}

	ds := make([]float32, c)
	ScaleChannelsBackward(want, ds, dy, x, s, 1, rows, c)
	copy(out, dy)
	ScaleChannelsBackward(out, ds, out, x, s, 1, rows, c)
	same(t, "scaled channels backward", out, want)

	target := make([]float32, rows)
	loss := CrossEntropy{Classes: c, Smoothing: 0.1}
	loss.Backward(want, x, target, 1)
	copy(out, x)
	loss.Backward(out, out, target, 1)
	same(t, "cross entropy backward", out, want)
}

func BenchmarkElementwise(b *testing.B) {
	const batch, size, c = 32, 112, 64 // behind the stem of ResNet18 at 224 pixels
	const rows, n = batch * size * size, batch * size * size * c
	x, y, dy, dx, dz := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	target := make([]float32, batch)
	stream := rng.New(1, "benchmark")
	for i := range x {
		x[i], dy[i] = stream.Float32()-0.4, stream.Float32()-0.5
	}
	ones, dGamma, dBeta := make([]float32, c), make([]float32, c), make([]float32, c)
	for j := range ones {
		ones[j] = 1
	}
	pool := Pool{N: batch, H: size, W: size, C: c, Window: 3, Stride: 2, Pad: 1}
	pooled, index := make([]float32, pool.sizeOut()), make([]uint8, pool.sizeOut())
	const weights = 11_200_000
	pool.MaxForward(pooled, index, x)
	newNorm(ReLU, rows, ones, ones).Forward(y, x, nil)

	type timed struct {
		name  string
		bytes int // that have to move at least, every array once a pass
		f     func()
	}
	batchNorm := func(act Activation) func() {
		norm := newNorm(act, rows, ones, ones)
		return func() { norm.Forward(y, x, nil) }
	}
	batchNormGradient := func(dResidual []float32, act Activation) func() {
		norm := newNorm(act, rows, ones, ones)
		norm.measure(x)
		return func() { norm.Backward(dx, dResidual, dGamma, dBeta, dy, x, y) }
	}
	loss := CrossEntropy{Classes: 1000, Smoothing: 0.1}
	kernels := []timed{
		{"Copy", 8 * n, func() { parallelSpans(n, func(from, to int) { copy(dx[from:to], dy[from:to]) }) }},
		{"ColumnSum", 4 * n, func() { ColumnSum(dBeta, x, rows, c) }},
		{"BatchNormForward/relu", 3 * 4 * n, batchNorm(ReLU)},
		{"BatchNormForward/hard_swish", 3 * 4 * n, batchNorm(HardSwish)},
		{"BatchNormForward/silu", 3 * 4 * n, batchNorm(SiLU)},
		{"BatchNormBackward/relu", 5 * 4 * n, batchNormGradient(nil, ReLU)},
		{"BatchNormBackward/residual", 7 * 4 * n, batchNormGradient(dz, ReLU)},
		{"BatchNormBackward/hard_swish", 5 * 4 * n, batchNormGradient(nil, HardSwish)},
		{"BatchNormBackward/silu", 6 * 4 * n, batchNormGradient(nil, SiLU)},
		{"ScaleChannels", 2 * 4 * n, func() { ScaleChannels(dx, x, dy[:batch*c], batch, size*size, c) }},
		{"ScaleChannelsBackward", 3 * 4 * n, func() { ScaleChannelsBackward(dx, dz[:batch*c], dy, x, y[:batch*c], batch, size*size, c) }},
		{"GlobalAverageForward", 4 * n, func() { GlobalAverageForward(dz[:batch*c], x, batch, size*size, c) }},
		{"GlobalAverageBackward", 4 * n, func() { GlobalAverageBackward(dx, dy[:batch*c], batch, size*size, c) }},
		{"AverageForward", 4*n + 4*len(pooled), func() { pool.AverageForward(pooled, x) }},
		{"AverageBackward", 4*n + 4*len(pooled), func() { pool.AverageBackward(dx, pooled) }},
		{"CrossEntropyForward", 4 * 1000 * batch, func() { loss.Forward(x[:1000*batch], target) }},
		{"CrossEntropyBackward", 2 * 4 * 1000 * batch, func() { loss.Backward(dx[:1000*batch], x[:1000*batch], target, 1) }},
		{"StochasticDepth", 2 * 4 * n, func() { StochasticDepth(dx, x, 0.2, batch, n/batch, stream) }},
		{"Add", 3 * 4 * n, func() { Add(dx, x, dy) }},
		{"MaxForward", 4*n + 5*len(pooled), func() { pool.MaxForward(pooled, index, x) }},
		{"MaxBackward", 4*n + 5*len(pooled), func() { pool.MaxBackward(dx, pooled, index) }},
		{"Dropout", 2 * 4 * (1 << 20), func() { Dropout(y[:1<<20], x[:1<<20], 0.5, stream) }},
		{"Adam", 7 * 4 * weights, func() {
			Adam{Rate: 1e-9, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}.Step(x[:weights], dy[:weights], y[:weights], dx[:weights], 0.9, 0.999)
		}},
		{"SGD", 5 * 4 * weights, func() { SGD{Rate: 1e-9, Momentum: 0.9}.Step(x[:weights], dy[:weights], y[:weights], false) }},
		{"RMSprop", 7 * 4 * weights, func() {
			RMSprop{Rate: 1e-9, Alpha: 0.99, Epsilon: 1e-8, Momentum: 0.9}.Step(x[:weights], dy[:weights], y[:weights], nil, dx[:weights])
		}},
		{"AverageStep", 3 * 4 * weights, func() { AverageStep(y[:weights], x[:weights], 0.999) }},
	}
	for _, act := range activations[1:] {
		kernels = append(kernels,
			timed{"Forward/" + act.String(), 2 * 4 * n, func() { act.Forward(dx, x) }},
			timed{"Backward/" + act.String(), 3 * 4 * n, func() { act.Backward(dx, dy, x) }})
	}
	for _, k := range kernels {
		b.Run(k.name, func(b *testing.B) {
			b.SetBytes(int64(k.bytes))
			b.ReportAllocs()
			for b.Loop() {
				k.f()
			}
		})
	}
}
