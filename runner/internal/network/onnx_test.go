package network

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/onnx"
	"biomass/runner/internal/recipe"
)

// everyLayer has all kinds of network.layers.
var everyLayer = []recipe.Layer{
	{Kind: "batch_norm"}, {Kind: "conv", Size: 6, Kernel: 3, Padding: 1, Dilation: 2, Bias: true}, {Kind: "batch_norm"}, {Kind: "relu6"},
	{Kind: "conv", Size: 6, Kernel: 3, Stride: 2, Groups: 3}, {Kind: "gelu"}, {Kind: "max_pool", Size: 3, Stride: 1, Padding: 1},
	{Kind: "avg_pool", Size: 2, Stride: 2, Padding: 1}, {Kind: "silu"}, {Kind: "batch_norm"}, {Kind: "hardswish"},
	{Kind: "conv", Size: 4, Kernel: 1, Bias: true}, {Kind: "hardsigmoid"}, {Kind: "adaptive_avg_pool", Size: 3}, {Kind: "dropout", Probability: 0.5},
	{Kind: "flatten"}, {Kind: "dense", Size: 8, Bias: true}, {Kind: "batch_norm"}, {Kind: "sigmoid"}, {Kind: "batch_norm"},
	{Kind: "dense", Size: 8}, {Kind: "relu"}, {Kind: "global_avg_pool"}, {Kind: "dense", Size: 3, Bias: true},
}

// exported are the networks that are exported in tests: all of the zoo, VGG's with a
// narrow classifier, layers, and some with a head and features.
func exported(t *testing.T) map[string]*Network {
	t.Helper()
	networks := map[string]*Network{}
	for _, name := range slices.Sorted(maps.Keys(zoo)) {
		build := zoo[name]
		if name == "vgg16" || name == "vgg16_bn" {
			build = func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, name == "vgg16_bn", 64) }
		}
		a, err := build(shape{40, 40, 3}, 3)
		if err != nil {
			t.Fatal(err)
		}
		networks[name] = newNetwork(a, 3)
	}
	layers, err := New(recipe.Network{Backbone: "layers", Layers: everyLayer}, Input{21, 17, 3}, 3)
	if err != nil {
		t.Fatal(err)
	}
	networks["layers"] = layers
	for name, spec := range map[string]recipe.Network{
		"head and features":   {Backbone: "mobilenet_v3_small", Head: recipe.Head{Hidden: []int{16, 8}, Dropout: []float64{0.5, 0, 0}, BatchNorm: true}},
		"features":            {Backbone: "resnet20"},
		"layers and features": {Backbone: "layers", Layers: everyLayer},
	} {
		if networks[name], err = NewJoined(spec, Input{21, 21, 3}, 4, 3); err != nil {
			t.Fatal(err)
		}
	}
	return networks
}

// stir gives a network numbers to compute with.
func stir(n *Network) {
	n.Initialize(5)
	for _, l := range n.layers { // a new batch norm would be no more than a copy
		if r := l.running; r != nil {
			for i := range r.mean {
				r.mean[i], r.variance[i] = float32(formula(7, i))/4, 1+float32(formula(8, i))
				l.weight.Value[i], l.offset.Value[i] = 1+float32(formula(9, i)), float32(formula(10, i))/4
			}
		}
	}
	n.changed()
}

// TestONNX: every node reads what is there already, every weight is read, nothing is
// there twice, and what is written again has the same bytes.
func TestONNX(t *testing.T) {
	for name, n := range exported(t) {
		m, err := n.ONNX()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		there, read := map[string]bool{}, map[string]bool{}
		add := func(value string) {
			if there[value] {
				t.Errorf("%s: %s is there twice", name, value)
			}
			there[value] = true
		}
		for _, in := range m.Inputs {
			add(in.Name)
		}
		for _, w := range m.Weights {
			add(w.Name)
		}
		for _, node := range m.Nodes {
			for _, in := range node.Inputs {
				if read[in] = true; !there[in] {
					t.Errorf("%s: %s reads %s before it is there", name, node.Outputs[0], in)
				}
			}
			add(node.Outputs[0])
			if node.Operator == "BatchNormalization" || node.Operator == "Dropout" {
				t.Errorf("%s: %s is no part of an evaluation", name, node.Operator)
			}
		}
		for value := range there {
			if !read[value] && value != onnxOutput {
				t.Errorf("%s: nothing reads %s", name, value)
			}
		}
		if !there[onnxOutput] {
			t.Errorf("%s: there is no output", name)
		}
		if n.Count() > 5_000_000 {
			continue
		}
		if file := onnxFile(t, m); !bytes.Equal(file, onnxFile(t, m)) {
			t.Errorf("%s: the same model gives other bytes", name)
		}
	}
}

func onnxFile(t *testing.T, m *onnx.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestONNXRuntime runs the exported networks in another program, and compares with
// Predict. It needs a Python with onnx and onnxruntime, which RUNNER_PYTHON names.
func TestONNXRuntime(t *testing.T) {
	python := os.Getenv("RUNNER_PYTHON")
	if python == "" {
		t.Skip("RUNNER_PYTHON names no Python")
	}
	if out, err := exec.Command(python, "-c", "import onnx, onnxruntime").CombinedOutput(); err != nil {
		t.Skipf("%s has no onnx and onnxruntime: %s", python, out)
	}
	const count = 3
	for name, n := range exported(t) {
		t.Run(name, func(t *testing.T) {
			stir(n)
			x := make([]float32, count*(n.picture.size()+n.features))
			for i := range x {
				x[i] = 4 * float32(formula(11, i))
			}
			want, err := n.Predict(x, count)
			if err != nil {
				t.Fatal(err)
			}
			m, err := n.ONNX()
			if err != nil {
				t.Fatal(err)
			}
			m.Metadata = map[string]string{"classes": "a\nb", "unit": "g"}
			dir := t.TempDir()
			model, examples := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "x")
			if err := os.WriteFile(model, onnxFile(t, m), 0o666); err != nil {
				t.Fatal(err)
			}
			raw, err := binary.Append(nil, binary.LittleEndian, x)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(examples, raw, 0o666); err != nil {
				t.Fatal(err)
			}
			p := n.picture
			command := exec.Command(python, "testdata/onnx_run.py", model, examples, fmt.Sprint(p.Channels), fmt.Sprint(p.Height), fmt.Sprint(p.Width))
			var said strings.Builder
			command.Stderr = &said
			out, err := command.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &said)
			}
			var got struct {
				Outputs  [][]float64
				Metadata map[string]string
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got.Metadata, m.Metadata) {
				t.Errorf("the metadata are %v", got.Metadata)
			}
			var worst, size float64
			for i, v := range slices.Concat(got.Outputs...) {
				worst = max(worst, math.Abs(v-float64(want[i])))
				size = max(size, math.Abs(float64(want[i])))
			}
			t.Logf("%d outputs to %.3g, largest difference %.2g, relative %.2g", len(want), size, worst, worst/size)
			if len(got.Outputs) != count || !(worst <= 2e-5*size) {
				t.Errorf("onnxruntime gives %v, we %v", got.Outputs, want)
			}
		})
	}
}
