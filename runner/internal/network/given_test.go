package network

import (
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// givenBackbones are the networks that are not torchvision's.
var givenBackbones = []string{"resnet20", "resnet56", "mobilenet_v1_025_tf", "mobilenet_v2_tf"}

// givenWeights reads a published file of weights, where they are at hand.
func givenWeights(t *testing.T, file string) []weights.Tensor {
	t.Helper()
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no published weights")
	}
	data, err := os.ReadFile(filepath.Join(shared, "weights", file))
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := weights.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}

// TestGivenAgainstTorch asks that our float32 lies as near to torch's float64 as torch's own
// float32 does, within a factor of two, with the published weights: features and outputs.
func TestGivenAgainstTorch(t *testing.T) {
	type run struct {
		Features, Logits []float64
		Outputs          int
	}
	var references map[string]struct {
		File     string
		Size     int
		F32, F64 run
	}
	text, err := os.ReadFile("testdata/given.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &references); err != nil {
		t.Fatal(err)
	}
	for _, backbone := range givenBackbones {
		t.Run(backbone, func(t *testing.T) {
			want, ok := references[backbone]
			if !ok {
				t.Fatal("no reference")
			}
			tensors := givenWeights(t, want.File)
			n := mustNew(t, recipe.Network{Backbone: backbone, Freeze: recipe.Layers{recipe.AllLayers}}, Input{want.Size, want.Size, 3}, want.F64.Outputs)
			taken, err := n.Take(tensors)
			if err != nil {
				t.Fatal(err)
			}
			if len(taken.Loaded) != len(tensors) || taken.LeftOut != nil || taken.Missing != nil {
				t.Errorf("of %d tensors %d are loaded, %v left out, %v missing", len(tensors), len(taken.Loaded), taken.LeftOut, taken.Missing)
			}
			near := func(what string, got []float32, stride int, f32, f64 []float64) {
				t.Helper()
				var every []float64
				for i := range 2 {
					picture := got[i*len(got)/2 : (i+1)*len(got)/2]
					for j := 0; j < len(picture); j += stride {
						every = append(every, float64(picture[j]))
					}
				}
				ours, torch := rms(every, f64), rms(f32, f64)
				length := 0.0
				for _, v := range f64 {
					length += v * v
				}
				relative := ours / math.Sqrt(length/float64(len(f64)))
				t.Logf("%-9s ours %.2e, torch %.2e, relative %.2e", what, ours, torch, relative)
				if !(ours <= 2*torch) || relative > 1e-4 {
					t.Errorf("%s: RMS distance to float64 is %.3g, %.3g of their length, torch's float32 has %.3g", what, ours, relative, torch)
				}
			}
			x := formulaPicturesOf(777, 2, want.Size)
			features, err := n.Features(x, 2)
			if err != nil {
				t.Fatal(err)
			}
			outputs, err := n.Predict(x, 2)
			if err != nil {
				t.Fatal(err)
			}
			strides := [2]int{4, 1}
			if strings.HasPrefix(backbone, "mobilenet") {
				strides = [2]int{20, 100}
			}
			near("features", features, strides[0], want.F32.Features, want.F64.Features)
			near("outputs", outputs, strides[1], want.F32.Logits, want.F64.Logits)
		})
	}
}

// TestMobileNetsOnPhotos: TensorFlow's MobileNets see what is on photos, with the published
// probabilities and features.
func TestMobileNetsOnPhotos(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no published weights")
	}
	var expected map[string]map[string]struct {
		Top5     [][3]any
		Features []float64 `json:"features_first8"`
		Length   float64   `json:"features_l2"`
	}
	text, err := os.ReadFile(filepath.Join(shared, "weights/mobilenet/ref/expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	for file, backbone := range map[string]string{"mobilenet_v1_0.25_128": "mobilenet_v1_025_tf", "mobilenet_v2_1.0_224": "mobilenet_v2_tf"} {
		for photo, want := range expected[file] {
			x, size := photoPixels(t, filepath.Join(shared, "weights", photo))
			n := mustNew(t, recipe.Network{Backbone: backbone, Freeze: recipe.Layers{recipe.AllLayers}}, Input{size, size, 3}, 1001)
			if _, err := n.Take(givenWeights(t, "mobilenet/"+file+".safetensors")); err != nil {
				t.Fatal(err)
			}
			features, err := n.Features(x, 1)
			if err != nil {
				t.Fatal(err)
			}
			outputs, err := n.PredictFeatures(features, 1)
			if err != nil {
				t.Fatal(err)
			}
			far := math.Abs(norm(features)-want.Length) / want.Length
			for i, v := range want.Features {
				far = max(far, math.Abs(float64(features[i])-v)/want.Length)
			}
			sum := 0.0
			for _, v := range outputs {
				sum += math.Exp(float64(v))
			}
			ranked := slices.Clone(outputs)
			slices.Sort(ranked)
			for i, top := range want.Top5 {
				class, probability := int(top[0].(float64)), top[2].(float64)
				if outputs[class] != ranked[len(ranked)-1-i] {
					t.Errorf("%s: %v is not number %d", photo, top[1], i+1)
				}
				far = max(far, math.Abs(math.Exp(float64(outputs[class]))/sum-probability))
			}
			t.Logf("%s: at most %.1e away", photo, far)
			if !(far < 1e-4) {
				t.Errorf("%s: features or probabilities are %.3g away", photo, far)
			}
		}
	}
}

// photoPixels reads a square photo as the references take it: v/127.5 - 1.
func photoPixels(t *testing.T, path string) ([]float32, int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Dx()
	var x []float32
	for i := range size * size {
		r, g, b, _ := img.At(i%size, i/size).RGBA()
		for _, v := range []uint32{r, g, b} {
			x = append(x, float32(float64(v>>8)/127.5-1))
		}
	}
	return x, size
}
