package kernel

import (
	"encoding/json"
	"fmt"
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
			mean, invStd, dGamma, dBeta := make([]float32, c), make([]float32, c), make([]float32, c), make([]float32, c)
			gamma := l.single("w")
			runningMean, runningVar := l.single("running_mean_before"), l.single("running_var_before")
			BatchNormForward(l.y, l.x, nil, gamma, l.single("b"), mean, invStd, runningMean, runningVar, 0.1, 1e-5, false, rows, c)
			BatchNormBackward(l.dx, nil, dGamma, dBeta, l.dy, l.x, nil, gamma, mean, invStd, false, rows, c)
			l.judge(l.t, "d_w", dGamma, 0)
			l.judge(l.t, "d_b", dBeta, 0)
			near(l.t, "running mean", runningMean, l.tensors["running_mean_after"].values)
			near(l.t, "running variance", runningVar, l.tensors["running_var_after"].values)
		},
		"batchnorm2d_eval": func(l layer) {
			// As a convolution of 1x1 with the identity, folded.
			c := l.channels
			w, bias := make([]float32, c*c), make([]float32, c)
			for j := range c {
				w[j*c+j] = 1
			}
			FoldBatchNorm(w, bias, w, nil, l.single("w"), l.single("b"), l.single("running_mean_before"), l.single("running_var_before"), 1e-5, c, c)
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
		"relu": func(l layer) {
			ReluForward(l.y, l.x)
			ReluBackward(l.dx, l.dy, l.y)
		},
		"mse_mean": func(l layer) {
			target := l.single("target")
			l.y[0] = MSEForward(l.x, target)
			MSEBackward(l.dx, l.x, target, l.dy[0])
		},
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

// TestOptimizersAgainstPyTorch follows PyTorch over ten steps, bit for bit.
func TestOptimizersAgainstPyTorch(t *testing.T) {
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
		Runs  map[string]struct{ Traj [][]float64 }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	n := len(file.P0)
	m, v := make([]float32, n), make([]float32, n)
	power := func(x float64, n int) float64 {
		p := 1.0
		for range n {
			p *= x
		}
		return p
	}
	adam := func(decay float64) func(w, g []float32, step int) {
		return func(w, g []float32, step int) {
			AdamStep(w, g, m, v, 1e-3, 0.9, 0.999, 1e-8, decay, 1-power(0.9, step), 1-power(0.999, step))
		}
	}
	for name, step := range map[string]func(w, g []float32, step int){
		"sgd":             func(w, g []float32, step int) { SGDStep(w, g, nil, 0.1, 0, 0, false, step == 1) },
		"sgd_momentum":    func(w, g []float32, step int) { SGDStep(w, g, m, 0.1, 0.9, 0, false, step == 1) },
		"sgd_momentum_wd": func(w, g []float32, step int) { SGDStep(w, g, m, 0.1, 0.9, 1e-2, false, step == 1) },
		"sgd_nesterov":    func(w, g []float32, step int) { SGDStep(w, g, m, 0.1, 0.9, 0, true, step == 1) },
		"adam":            adam(0),
		"adam_wd":         adam(1e-2),
	} {
		t.Run(name, func(t *testing.T) {
			clear(m)
			clear(v)
			w := single(file.P0)
			for i, g := range file.Grads {
				step(w, single(g), i+1)
				same(t, fmt.Sprintf("weights after step %d", i+1), w, single(file.Runs[name].Traj[i]))
			}
		})
	}
}
