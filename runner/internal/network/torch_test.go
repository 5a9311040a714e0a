package network

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/weights"
)

// The reference: a network of torchvision with weights and inputs that a formula
// gives, in float32 and in float64. See testdata/reference.py.
type torchReference struct {
	F32, F64 torchRun
	Labels   []float32
	Variance float32 `json:"running_var"` // at the beginning; 0 for 1
	Pictures uint64  // where the formula starts for them; 0 for 777
}

type torchRun struct {
	EvalLogits  []float64 `json:"eval_logits"`
	TrainLogits []float64 `json:"train_logits"`
	Loss        float64   `json:"ce_loss"`
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
func formulaTensors(n *Network, variance float32) []weights.Tensor {
	tensors := n.Tensors()
	p := 0
	for _, t := range tensors {
		if t.Int != nil || strings.Contains(t.Name, "running") {
			if strings.HasSuffix(t.Name, "running_var") {
				fill(t.Float, variance)
			}
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
func formulaPictures(start uint64, n int) []float32 { return formulaPicturesOf(start, n, 64) }

func formulaPicturesOf(start uint64, n, size int) []float32 {
	x := make([]float32, n*size*size*3)
	for i := range x {
		// i counts as the reference does, (N, C, H, W).
		column, row, channel, picture := i%size, i/size%size, i/size/size%3, i/size/size/3
		x[((picture*size+row)*size+column)*3+channel] = float32(formula(start, i) * 4)
	}
	return x
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

// torchReferences are the files of the references by their networks. Those without
// a path lie in testdata.
var torchReferences = map[string]string{
	"resnet18":           "peer/fixtures/resnet18_formula.json",
	"resnet50":           "peer/fixtures/resnet50_formula.json",
	"mobilenet_v3_small": "peer/fixtures/mobilenet_v3_small_formula.json",
	"mobilenet_v3_large": "peer/fixtures/mobilenet_v3_large_formula.json",
	"vgg16":              "",
	"vgg16_bn":           "",
	"mobilenet_v2":       "",
	"efficientnet_b0":    "",
}

func readTorchReference(t *testing.T, backbone string) (r torchReference) {
	t.Helper()
	file := filepath.Join("testdata", backbone+".json")
	if path := torchReferences[backbone]; path != "" {
		shared := os.Getenv("RUNNER_SHARED")
		if shared == "" {
			t.Skip("RUNNER_SHARED is not set: no reference values")
		}
		file = filepath.Join(shared, path)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNamesAndShapesAreTorchvisions: a state_dict goes from one to the other.
func TestNamesAndShapesAreTorchvisions(t *testing.T) {
	text, err := os.ReadFile("testdata/tensors.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Count  int
		SHA256 string
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for backbone, build := range zoo {
		if slices.Contains(givenBackbones, backbone) {
			continue // their names are those of their files
		}
		a, err := build(shape{64, 64, 3}, 10)
		if err != nil {
			t.Fatal(err)
		}
		// Not by Tensors, which copies: vgg16 has half a gigabyte.
		var lines strings.Builder
		count := 0
		line := func(name string, shape []int) {
			count++
			fmt.Fprintln(&lines, name, shape)
		}
		for _, l := range a.layers {
			for _, p := range l.parameters() {
				line(p.Name, p.shape)
			}
			if r := l.running; r != nil {
				line(l.name+".running_mean", []int{len(r.mean)})
				line(l.name+".running_var", []int{len(r.variance)})
				line(l.name+".num_batches_tracked", nil)
			}
		}
		if digest := fmt.Sprintf("%x", sha256.Sum256([]byte(lines.String()))); count != want[backbone].Count || digest != want[backbone].SHA256 {
			t.Errorf("%s has %d tensors of digest %s, torchvision %d of %s; testdata/reference.py %s prints torchvision's, this network has\n%s",
				backbone, count, digest, want[backbone].Count, want[backbone].SHA256, backbone, &lines)
		}
	}
}

// TestZooAgainstTorch asks that our float32 lies as near to torch's float64 as
// torch's own float32 does, within a factor of two.
func TestZooAgainstTorch(t *testing.T) {
	for backbone := range torchReferences {
		t.Run(backbone, func(t *testing.T) {
			reference := readTorchReference(t, backbone)
			build := zoo[backbone]
			if strings.HasPrefix(backbone, "vgg16") {
				build = func(in shape, outputs int) (*architecture, error) {
					return vgg16(in, outputs, backbone == "vgg16_bn", 64)
				}
			}
			a, err := build(shape{64, 64, 3}, 10)
			if err != nil {
				t.Fatal(err)
			}
			n := newNetwork(a, 10)
			for _, l := range n.layers {
				l.probability = 0 // the reference has no dropout
			}
			againstTorch(t, n, reference)
		})
	}
}

// againstTorch compares the outputs of both graphs, the gradients and the running
// statistics.
func againstTorch(t *testing.T, n *Network, want torchReference) {
	if want.Variance == 0 {
		want.Variance = 1
	}
	if want.Pictures == 0 {
		want.Pictures = 777
	}
	if err := n.Load(formulaTensors(n, want.Variance)); err != nil {
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

	pictures := formulaPictures(want.Pictures, 2)
	evaluated, err := n.Predict(pictures, 2)
	if err != nil {
		t.Fatal(err)
	}
	near("evaluation outputs", float64s(evaluated), want.F32.EvalLogits, want.F64.EvalLogits)

	var outputs []float32
	if err := n.SetLoss(Loss{Name: "cross_entropy"}); err != nil {
		t.Fatal(err)
	}
	crossEntropy := n.loss.forward
	n.loss.forward = func(output, target []float32) float32 {
		outputs = append(outputs, output...)
		return crossEntropy(output, target)
	}
	loss, err := n.Step(pictures, want.Labels, 2, streams)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(loss)-want.F64.Loss) > 1e-4*want.F64.Loss {
		t.Errorf("the loss is %v, torch's %v", loss, want.F64.Loss)
	}
	near("training outputs", float64s(outputs), want.F32.TrainLogits, want.F64.TrainLogits)

	// The median over the parameters: a ReLU whose input lies within rounding of
	// zero may fall on the other side, and then shows in all gradients before it. So
	// the largest may be what torch's is, and 1e-2 at least.
	var ours, torchs []float64    // distances
	var lengths, theirs []float64 // relative errors of the whole gradients' lengths
	parameters := map[string]*Parameter{}
	for _, p := range n.all {
		parameters[p.Name] = p
	}
	for i, a := range want.F32.Grads {
		p, b := parameters[a.Name], want.F64.Grads[i]
		length := norm(p.Grad)
		if b.L2 < 1e-12 { // a bias before a batch norm changes nothing: its gradient is rounding
			if length > 1e-5 {
				t.Errorf("gradient of %s has length %v, want 0", p.Name, length)
			}
			continue
		}
		grad := float64s(p.tensor(p.Name, p.Grad).Float)
		typical := b.L2 / math.Sqrt(float64(len(grad)))
		ours = append(ours, rms(grad[:len(b.First8)], b.First8)/typical)
		torchs = append(torchs, rms(a.First8, b.First8)/typical)
		lengths = append(lengths, math.Abs(length/b.L2-1))
		theirs = append(theirs, math.Abs(a.L2/b.L2-1))
	}
	for _, list := range [][]float64{ours, torchs, lengths, theirs} {
		slices.Sort(list)
	}
	middle, last := len(ours)/2, len(ours)-1
	t.Logf("%-20s ours %.2e, torch %.2e; worst ours %.2e, torch %.2e; lengths ours %.2e, torch %.2e", "gradients",
		ours[middle], torchs[middle], ours[last], torchs[last], lengths[last], theirs[last])
	if !(ours[middle] <= 2*torchs[middle]) || !(ours[last] <= max(1e-2, torchs[last])) {
		t.Errorf("gradients: median distance to float64 is %.3g, torch's float32 has %.3g; the largest is %.3g, torch's %.3g",
			ours[middle], torchs[middle], ours[last], torchs[last])
	}
	if !(lengths[last] <= max(1e-3, 2*theirs[last])) {
		t.Errorf("gradients: a length is %.3g of itself away, torch's %.3g", lengths[last], theirs[last])
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
	if len(got) > 0 {
		near("running statistics", got, f32, f64)
	}
	for _, l := range n.layers {
		if l.running != nil && l.running.batches != 1 {
			t.Errorf("%s: %d batches tracked after one step", l.name, l.running.batches)
		}
	}
}
