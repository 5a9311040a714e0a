package kernel

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestLayersAgainstPyTorch judges by the distance to PyTorch's float64 result, in
// terms of the distance that PyTorch's own float32 result has.
func TestLayersAgainstPyTorch(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no reference tensors")
	}
	for name, run := range map[string]func(l layer){
		"batchnorm2d_train": func(l layer) {
			rows, c := len(l.x)/l.channels, l.channels
			b, dGamma, dBeta := newNorm(Identity, rows, l.single("w"), l.single("b")), make([]float32, c), make([]float32, c)
			b.RunningMean, b.RunningVar = l.single("running_mean_before"), l.single("running_var_before")
			b.Forward(l.y, l.x, nil)
			b.Backward(l.dx, nil, dGamma, dBeta, l.dy, l.x, nil)
			l.judge(l.t, "d_w", dGamma, 0)
			l.judge(l.t, "d_b", dBeta, 0)
			near(l.t, "running mean", b.RunningMean, l.tensors["running_mean_after"].values)
			near(l.t, "running variance", b.RunningVar, l.tensors["running_var_after"].values)
		},
		"batchnorm2d_eval": func(l layer) {
			// As a convolution of 1x1 with the identity, folded.
			c := l.channels
			w, bias := make([]float32, c*c), make([]float32, c)
			for j := range c {
				w[j*c+j] = 1
			}
			b := newNorm(Identity, 0, l.single("w"), l.single("b"))
			b.RunningMean, b.RunningVar = l.single("running_mean_before"), l.single("running_var_before")
			b.Fold(w, bias, w, nil)
			conv := Conv{N: len(l.x) / c, H: 1, W: 1, Cin: c, Cout: c, KH: 1, KW: 1, Stride: 1}
			conv.Forward(l.y, l.x, w, bias)
			conv.InputGradient(l.dx, l.dy, w)
		},
		"maxpool_2_2":        func(l layer) { l.maxPool(2, 2, 0) },
		"maxpool_3_2_1":      func(l layer) { l.maxPool(3, 2, 1) },
		"maxpool_3_2_1_ties": func(l layer) { l.maxPool(3, 2, 1) },
		"adaptive_avgpool_1": func(l layer) {
			n, hw := l.tensors["x"].shape[0], l.tensors["x"].shape[2]*l.tensors["x"].shape[3]
			GlobalAverageForward(l.y, l.x, n, hw, l.channels)
			GlobalAverageBackward(l.dx, l.dy, n, hw, l.channels)
		},
		"relu":        func(l layer) { l.activation(ReLU) },
		"relu6":       func(l layer) { l.activation(ReLU6) },
		"hardswish":   func(l layer) { l.activation(HardSwish) },
		"hardsigmoid": func(l layer) { l.activation(HardSigmoid) },
		"silu":        func(l layer) { l.activation(SiLU) },
		"sigmoid":     func(l layer) { l.activation(Sigmoid) },
		"gelu":        func(l layer) { l.activation(GELU) },
		"adaptive_avgpool_3x2": func(l layer) {
			x, y := l.tensors["x"].shape, l.tensors["y"].shape
			p := AdaptivePool{N: x[0], H: x[2], W: x[3], C: x[1], OutH: y[2], OutW: y[3]}
			p.AverageForward(l.y, l.x)
			p.AverageBackward(l.dx, l.dy)
		},
		"mse_mean":               func(l layer) { l.loss(MSEForward, MSEBackward) },
		"l1_mean":                func(l layer) { l.loss(MAEForward, MAEBackward) },
		"cross_entropy_mean":     func(l layer) { l.crossEntropy(0) },
		"cross_entropy_smooth":   func(l layer) { l.crossEntropy(0.1) },
		"cross_entropy_weighted": func(l layer) { l.crossEntropy(0) },
		"smooth_l1_mean":         func(l layer) { l.loss(HuberForward, HuberBackward) },
	} {
		t.Run(name, func(t *testing.T) {
			l := readLayer(t, filepath.Join(shared, "peer/fixtures/ops", name+".json"))
			run(l)
			l.judge(t, "y", l.y, channelsLast(len(l.tensors["y"].shape))...)
			l.judge(t, "d_x", l.dx, channelsLast(len(l.tensors["x"].shape))...)
		})
	}
}

// A layer is what PyTorch computed for one layer, channels last.
type layer struct {
	convFixture
	t            *testing.T
	channels     int
	x, dy, y, dx []float32
}

func readLayer(t *testing.T, file string) layer {
	t.Helper()
	l := layer{convFixture: readConvFixture(t, file), t: t}
	x, dy := l.tensors["x"], l.tensors["dy"]
	l.channels = 1
	if len(x.shape) > 1 {
		l.channels = x.shape[1]
	}
	l.x, l.dy = single(x.permuted(channelsLast(len(x.shape))...)), single(dy.permuted(channelsLast(len(dy.shape))...))
	l.y, l.dx = make([]float32, len(l.dy)), make([]float32, len(l.x))
	return l
}

// channelsLast permutes (N, C, H, W) to (N, H, W, C), and leaves less than 4 axes alone.
func channelsLast(axes int) []int { return [][]int{{}, {0}, {0, 1}, {0, 1, 2}, {0, 2, 3, 1}}[axes] }

func (l layer) single(name string) []float32 { return single(l.tensors[name].values) }

func (l layer) maxPool(window, stride, pad int) {
	shape := l.tensors["x"].shape
	p := Pool{N: shape[0], H: shape[2], W: shape[3], C: shape[1], Window: window, Stride: stride, Pad: pad}
	index := make([]uint8, p.sizeOut())
	p.MaxForward(l.y, index, l.x)
	p.MaxBackward(l.dx, l.dy, index)
}

func (l layer) activation(a Activation) {
	a.Forward(l.y, l.x)
	a.Backward(l.dx, l.dy, l.x)
}

func (l layer) crossEntropy(smoothing float32) {
	target, loss := l.single("target"), CrossEntropy{Smoothing: smoothing}
	if w, weighted := l.tensors["class_weight"]; weighted {
		loss.Weights = single(w.values)
	}
	loss.Classes = len(l.x) / len(target)
	l.y[0] = loss.Forward(l.x, target)
	loss.Backward(l.dx, l.x, target, l.dy[0])
}

func (l layer) loss(forward func(pred, target []float32) float32, backward func(dPred, pred, target []float32, upstream float32)) {
	target := l.single("target")
	l.y[0] = forward(l.x, target)
	backward(l.dx, l.x, target, l.dy[0])
}

// trajectory holds the weights after each of ten steps.
type trajectory struct{ Traj [][]float64 }

// readTrajectories returns the first weights, the gradients of ten steps and where
// PyTorch's optimisers went with them.
func readTrajectories(t *testing.T) (p0 []float64, grads [][]float64, runs map[string]trajectory) {
	t.Helper()
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no reference trajectories")
	}
	data, err := os.ReadFile(filepath.Join(shared, "peer/fixtures/optimizers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		P0    []float64
		Grads [][]float64
		Runs  map[string]trajectory
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.P0, file.Grads, file.Runs
}

// TestOptimizersAgainstPyTorch follows PyTorch over ten steps, bit for bit.
func TestOptimizersAgainstPyTorch(t *testing.T) {
	p0, grads, runs := readTrajectories(t)
	n := len(p0)
	m, v, s := make([]float32, n), make([]float32, n), make([]float32, n)
	power := func(x float64, n int) float64 {
		p := 1.0
		for range n {
			p *= x
		}
		return p
	}
	adam := func(decay float64, decoupled bool) func(w, g []float32, step int) {
		a := Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: decay, Decoupled: decoupled}
		return func(w, g []float32, step int) { a.Step(w, g, m, v, power(0.9, step), power(0.999, step)) }
	}
	sgd := func(buffer []float32, momentum, decay float64, nesterov bool) func(w, g []float32, step int) {
		return func(w, g []float32, step int) { SGD{0.1, momentum, decay, nesterov}.Step(w, g, buffer, step == 1) }
	}
	for name, step := range map[string]func(w, g []float32, step int){
		"sgd":             sgd(nil, 0, 0, false),
		"sgd_momentum":    sgd(m, 0.9, 0, false),
		"sgd_momentum_wd": sgd(m, 0.9, 1e-2, false),
		"sgd_nesterov":    sgd(m, 0.9, 0, true),
		"adam":            adam(0, false),
		"adam_wd":         adam(1e-2, false),
		"adamw":           adam(1e-2, true),
		"rmsprop":         func(w, g []float32, _ int) { RMSprop{Rate: 0.01, Alpha: 0.99, Epsilon: 1e-8}.Step(w, g, s, nil, nil) },
	} {
		if len(runs[name].Traj) != len(grads) {
			t.Fatalf("there are no steps of %s", name)
		}
		t.Run(name, func(t *testing.T) {
			clear(m)
			clear(v)
			clear(s)
			w := single(p0)
			for i, g := range grads {
				step(w, single(g), i+1)
				same(t, fmt.Sprintf("weights after step %d", i+1), w, single(runs[name].Traj[i]))
			}
		})
		delete(runs, name)
	}
	for name := range runs {
		t.Errorf("%s has no optimiser here", name)
	}
}

// TestRMSpropOptions compares the last weights of the same ten steps, of PyTorch
// 1.13.1, where the reference has no run.
func TestRMSpropOptions(t *testing.T) {
	p0, grads, _ := readTrajectories(t)
	for _, run := range []struct {
		name            string
		centered        bool
		momentum, decay float64
		want            []uint32
	}{
		{"momentum", false, 0.9, 0, []uint32{
			0x3f2c59b8, 0xbf0c9a5b, 0x3d18147c, 0x3f94c90d, 0xbf2d922b, 0xbf010b34, 0x40053023, 0xbfb4e92d,
			0xbf53f399, 0xbf6a7947, 0xbd64ab7f, 0xbc932150, 0x3f98ea8e, 0xbe8c6e03, 0x3d18cc33, 0x3f0cedab}},
		{"everything", true, 0.9, 1e-2, []uint32{
			0x3f2dd66d, 0xbf0e7fe4, 0x3d5d5ada, 0x3f950904, 0xbf31c0eb, 0xbefdfdbb, 0x400393ef, 0xbfb12b0e,
			0xbf537763, 0xbf69c5bd, 0xbd770508, 0xbc535086, 0x3f96d995, 0xbe8f8ee3, 0x3ced0c71, 0x3f0b3fab}},
		{"decay", false, 0, 1e-2, []uint32{
			0x3e2cf160, 0x3e52da46, 0xbf340ea8, 0x3ea99320, 0x3eb79fc4, 0xbe83d461, 0x3fe4e0d8, 0xbfbdca54,
			0xbdf1737e, 0xbed5ae22, 0x3e50f0f9, 0xbe3ea7ba, 0x3f7f8975, 0x3dcc30ec, 0x3f0b4d20, 0x3ee2e008}},
		{"centered", true, 0, 0, []uint32{
			0x3e2fedaf, 0x3e5289ff, 0xbf347b1e, 0x3eab6de8, 0x3eb6b5c8, 0xbe849217, 0x3fe5b61c, 0xbfbe6363,
			0xbdf68bb6, 0xbed6b4c3, 0x3e5114f8, 0xbe3f0434, 0x3f803c0c, 0x3dcc7c57, 0x3f0b66b5, 0x3ee33398}},
	} {
		w, square := single(p0), make([]float32, len(p0))
		var mean, momentum []float32
		if run.centered {
			mean = make([]float32, len(p0))
		}
		if run.momentum != 0 {
			momentum = make([]float32, len(p0))
		}
		for _, g := range grads {
			RMSprop{0.01, 0.99, 1e-8, run.momentum, run.decay}.Step(w, single(g), square, mean, momentum)
		}
		want := make([]float32, len(w))
		for i, bits := range run.want {
			want[i] = math.Float32frombits(bits)
		}
		same(t, run.name, w, want)
	}
}
