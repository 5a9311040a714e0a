package kernel

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConvAgainstPyTorch judges by the distance to PyTorch's float64 result, in
// terms of the distance that PyTorch's own float32 result has.
func TestConvAgainstPyTorch(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no reference tensors")
	}
	files, err := filepath.Glob(filepath.Join(shared, "peer/fixtures/ops/conv_*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reference tensors in %s: %v", shared, err)
	}
	for _, file := range files {
		f := readConvFixture(t, file)
		t.Run(filepath.Base(file), func(t *testing.T) {
			xs, ws := f.tensors["x"], f.tensors["w"]
			c := Conv{
				N: xs.shape[0], H: xs.shape[2], W: xs.shape[3], Cin: xs.shape[1], Cout: ws.shape[0],
				KH: ws.shape[2], KW: ws.shape[3], Stride: f.Args.Stride, Pad: f.Args.Padding,
				Dilation: f.Args.Dilation, Groups: f.Args.Groups,
			}
			o := newOperands(c)
			copy(o.x, single(xs.permuted(0, 2, 3, 1)))
			copy(o.w, single(ws.permuted(2, 3, 1, 0)))
			copy(o.dy, single(f.tensors["dy"].permuted(0, 2, 3, 1)))
			clear(o.bias)
			if b, ok := f.tensors["b"]; ok {
				copy(o.bias, single(b.values))
			}
			o.run(c)
			f.judge(t, "y", o.y, 0, 2, 3, 1)
			f.judge(t, "d_x", o.dx, 0, 2, 3, 1)
			f.judge(t, "d_w", o.dw, 2, 3, 1, 0)
		})
	}
}

// A convFixture is what PyTorch computed for one convolution.
type convFixture struct {
	Args    struct{ Stride, Padding, Groups, Dilation int }
	Tensors []struct {
		Name, Dtype string
		Shape       []int
		Offset      int
	}
	tensors map[string]tensor
}

// A tensor is in PyTorch's layout: (N, C, H, W), (Cout, Cin/groups, KH, KW).
type tensor struct {
	shape  []int
	values []float64
}

func readConvFixture(t *testing.T, file string) convFixture {
	t.Helper()
	header, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	f := convFixture{tensors: map[string]tensor{}}
	if err := json.Unmarshal(header, &f); err != nil {
		t.Fatal(err)
	}
	for _, entry := range f.Tensors {
		n := 1
		for _, d := range entry.Shape {
			n *= d
		}
		x := tensor{entry.Shape, make([]float64, n)}
		for i := range x.values {
			switch at := data[entry.Offset:]; entry.Dtype {
			case "f32":
				x.values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(at[4*i:])))
			case "i64":
				x.values[i] = float64(int64(binary.LittleEndian.Uint64(at[8*i:])))
			default:
				x.values[i] = math.Float64frombits(binary.LittleEndian.Uint64(at[8*i:]))
			}
		}
		f.tensors[entry.Name] = x
	}
	return f
}

// permuted returns the values with the axes in another order.
func (x tensor) permuted(axes ...int) []float64 {
	var out []float64
	var walk func(depth, at int)
	walk = func(depth, at int) {
		if depth == len(axes) {
			out = append(out, x.values[at])
			return
		}
		stride := 1
		for _, d := range x.shape[axes[depth]+1:] {
			stride *= d
		}
		for i := range x.shape[axes[depth]] {
			walk(depth+1, at+i*stride)
		}
	}
	walk(0, 0)
	return out
}

func single(x []float64) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(x[i])
	}
	return y
}

// judge fails if got is more than twice as far from the float64 result as PyTorch's
// float32 result is. Where PyTorch sums few terms at a time (the weight gradient of
// very small pictures, one by one), three roundings of a typical element are allowed.
func (f convFixture) judge(t *testing.T, name string, got []float32, axes ...int) {
	t.Helper()
	exact := f.tensors["f64_"+name].permuted(axes...)
	theirs := f.tensors[name].permuted(axes...)
	ours64 := make([]float64, len(got))
	for i := range got {
		ours64[i] = float64(got[i])
	}
	ours, torch := distance(ours64, exact), distance(theirs, exact)
	t.Logf("%s: RMS error %.3g, PyTorch's %.3g", name, ours, torch)
	rounding := 0x1p-24 * distance(exact, make([]float64, len(exact)))
	if len(got) != len(exact) || !(ours <= max(2*torch, 3*rounding)) {
		t.Errorf("%s: RMS error %.3g, more than twice PyTorch's %.3g and three roundings of %.3g", name, ours, torch, rounding)
	}
}

// distance is the root of the mean squared difference.
func distance(x, y []float64) float64 {
	sum := 0.0
	for i := range y {
		d := x[i] - y[i]
		sum += float64(d * d)
	}
	return math.Sqrt(sum / float64(len(y)))
}
