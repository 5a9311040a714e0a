package network

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// The reference: torchvision's ResNet18 with weights and inputs that a formula
// gives, in float32 and in float64.
type torchReference struct {
	F32, F64 torchRun
	Labels   []int
	Keys     [][2]any `json:"state_dict_keys"`
}

type torchRun struct {
	EvalLogits  []float64 `json:"eval_logits"`
	TrainLogits []float64 `json:"train_logits"`
	Grads       []struct {
		Name   string
		L2     float64
		First8 []float64
	}
	Buffers []struct {
		Name   string
		L2     float64
		First4 []float64
	} `json:"buffers_after"`
}

// formula is the reference's source of numbers in [-0.5, 0.5).
func formula(start uint64, i int) float64 {
	s := uint32(start + uint64(i)*2654435761)
	s ^= s >> 16
	s *= 0x45D9F3B
	s ^= s >> 16
	return float64(s)/(1<<32) - 0.5
}

// formulaTensors fills a new network's parameters as the reference does.
func formulaTensors(n *Network) []weights.Tensor {
	tensors := n.Tensors()
	p := 0
	for _, t := range tensors {
		if t.Int != nil || strings.Contains(t.Name, "running") {
			continue
		}
		for i := range t.Float {
			v := formula(uint64(p*1000003+12345), i)
			switch {
			case len(t.Shape) >= 2:
				v *= 2 * math.Sqrt(3/float64(len(t.Float)/t.Shape[0]))
			case strings.HasSuffix(t.Name, "weight"):
				v = 1 + 0.2*v
			default:
				v *= 0.2
			}
			t.Float[i] = float32(v)
		}
		p++
	}
	return tensors
}

// formulaPictures returns n pictures of 64 x 64, (N, H, W, C).
func formulaPictures(n int) []float32 {
	const size = 64
	x := make([]float32, n*size*size*3)
	for i := range x {
		// i counts as the reference does, (N, C, H, W).
		column, row, channel, picture := i%size, i/size%size, i/size/size%3, i/size/size/3
		x[((picture*size+row)*size+column)*3+channel] = float32(formula(777, i) * 4)
	}
	return x
}

// crossEntropyGradient is (softmax - one hot) / count, a row of classes logits
// at a time, in float64.
func crossEntropyGradient(logits []float32, labels []int) []float32 {
	classes := len(logits) / len(labels)
	gradient := make([]float32, len(logits))
	for row, label := range labels {
		sum := 0.0
		for _, v := range logits[row*classes:][:classes] {
			sum += math.Exp(float64(v))
		}
		for j := range classes {
			p := math.Exp(float64(logits[row*classes+j])) / sum
			if j == label {
				p--
			}
			gradient[row*classes+j] = float32(p / float64(len(labels)))
		}
	}
	return gradient
}

// rms is the root of the mean squared difference.
func rms(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum / float64(len(a)))
}

func norm(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// givenGradient is a loss whose gradient by the outputs is what f says.
func givenGradient(f func(output []float32) []float32) loss {
	return loss{"given gradient",
		func(_, _ []float32) float32 { return 0 },
		func(dOutput, output, _ []float32, upstream float32) {
			for i, g := range f(output) {
				dOutput[i] = upstream * g
			}
		}}
}

// TestResNet18AgainstTorch asks that our float32 lies as near to torch's
// float64 as torch's own float32 does, within a factor of two.
func TestResNet18AgainstTorch(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no reference values")
	}
	text, err := os.ReadFile(filepath.Join(shared, "peer/fixtures/resnet18_formula.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want torchReference
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	n, err := New(recipe.Network{Backbone: "resnet18"}, Input{64, 64, 3}, 10)
	if err != nil {
		t.Fatal(err)
	}
	n.Initialize(0)
	tensors := formulaTensors(n)
	for i, key := range want.Keys {
		if tensors[i].Name != key[0] {
			t.Fatalf("tensor %d is %s, torch has %v", i, tensors[i].Name, key[0])
		}
	}
	if err := n.Load(tensors); err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, f32, f64 []float64) {
		t.Helper()
		ours, torch := rms(got, f64), rms(f32, f64)
		t.Logf("%-20s ours %.2e, torch %.2e", what, ours, torch)
		if !(ours <= 2*torch) {
			t.Errorf("%s: RMS distance to float64 is %.3g, torch's float32 has %.3g", what, ours, torch)
		}
	}

	pictures := formulaPictures(2)
	evaluated, err := n.Predict(pictures, 2)
	if err != nil {
		t.Fatal(err)
	}
	near("evaluation outputs", float64s(evaluated), want.F32.EvalLogits, want.F64.EvalLogits)

	var outputs []float32
	n.loss = givenGradient(func(output []float32) []float32 {
		outputs = append(outputs, output...)
		return crossEntropyGradient(output, want.Labels)
	})
	if _, err := n.Step(pictures, make([]float32, len(evaluated)), 2, nil); err != nil {
		t.Fatal(err)
	}
	near("training outputs", float64s(outputs), want.F32.TrainLogits, want.F64.TrainLogits)

	// The median over the parameters: a ReLU whose input lies within rounding of
	// zero may fall on the other side, and then shows in all gradients before it.
	var ours, torchs []float64
	for i, p := range n.Parameters() {
		a, b := want.F32.Grads[i], want.F64.Grads[i]
		if p.Name != a.Name {
			t.Fatalf("parameter %d is %s, torch has %s", i, p.Name, a.Name)
		}
		grad := float64s(p.tensor(p.Name, p.Grad).Float)
		typical := b.L2 / math.Sqrt(float64(len(grad)))
		ours = append(ours, rms(grad[:len(b.First8)], b.First8)/typical)
		torchs = append(torchs, rms(a.First8, b.First8)/typical)
		if length := norm(p.Grad); math.Abs(length-b.L2) > 1e-3*b.L2 {
			t.Errorf("gradient of %s has length %v, want %v", p.Name, length, b.L2)
		}
	}
	slices.Sort(ours)
	slices.Sort(torchs)
	middle := len(ours) / 2
	t.Logf("%-20s ours %.2e, torch %.2e; worst ours %.2e, torch %.2e", "gradients", ours[middle], torchs[middle], ours[len(ours)-1], torchs[len(ours)-1])
	if !(ours[middle] <= 2*torchs[middle]) || !(ours[len(ours)-1] < 1e-2) {
		t.Errorf("gradients: median distance to float64 is %.3g, torch's float32 has %.3g; the largest is %.3g", ours[middle], torchs[middle], ours[len(ours)-1])
	}

	var got, f32, f64 []float64
	named := map[string]weights.Tensor{}
	for _, tensor := range n.Tensors() {
		named[tensor.Name] = tensor
	}
	for i, a := range want.F32.Buffers {
		b, ours := want.F64.Buffers[i], named[a.Name].Float
		got, f32, f64 = append(got, norm(ours)/b.L2), append(f32, a.L2/b.L2), append(f64, 1)
		for j := range a.First4 {
			got, f32, f64 = append(got, float64(ours[j])), append(f32, a.First4[j]), append(f64, b.First4[j])
		}
	}
	near("running statistics", got, f32, f64)
	if batches := named["bn1.num_batches_tracked"].Int[0]; batches != 1 {
		t.Errorf("%d batches tracked after one step", batches)
	}
}
