package network

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// pooled is the smallest network that a head and features can be put on: what a
// network of the zoo ends with, on a convolution.
func pooled(t testing.TB, head recipe.Head, features int) *Network {
	t.Helper()
	b := newBuilder(shape(small), (*layer).initialiseVGG)
	b.convolution("stem", none, 5, 3, 2, 1)
	b.next(layer{name: "avgpool", kind: globalAvgPool}, 0)
	b.next(layer{name: "fc", kind: dense, bias: true}, 2)
	if b.failed != nil {
		t.Fatal(b.failed)
	}
	if err := b.fit(head, features, 2); err != nil {
		t.Fatal(err)
	}
	n := newNetwork(b.architecture, 2)
	n.Initialize(3)
	return n
}

var (
	normedHead = recipe.Head{Hidden: []int{7, 4}, Dropout: []float64{0.5, 0.25, 0.25}, BatchNorm: true}
	plainHead  = recipe.Head{Hidden: []int{6}}
	lastHead   = recipe.Head{Dropout: []float64{0.3}}
)

// joinedLayers is a network of network.layers with features.
func joinedLayers(t testing.TB, items []recipe.Layer, in Input) *Network {
	t.Helper()
	n, err := NewJoined(recipe.Network{Backbone: "layers", Layers: items}, in, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	n.Initialize(3)
	return n
}

// TestHeadGradients compares heads and joined features, alone and together, with the
// naive network: outputs of both graphs and every gradient, so that of the picture's
// part of what is joined, too.
func TestHeadGradients(t *testing.T) {
	for name, n := range map[string]*Network{
		"head":                     pooled(t, normedHead, 0),
		"plain head":               pooled(t, plainHead, 0),
		"dropout alone":            pooled(t, lastHead, 0),
		"features":                 pooled(t, recipe.Head{}, 4),
		"head and features":        pooled(t, normedHead, 4),
		"plain head and a feature": pooled(t, plainHead, 1),
		"layers":                   joinedLayers(t, everyItem, small),
		"layers, one dense":        joinedLayers(t, []recipe.Layer{convItem, reluItem, global, head}, small),
		"layers, relu behind":      joinedLayers(t, []recipe.Layer{flat, hidden, reluItem, head}, small),
		"joined to the picture":    joinedLayers(t, []recipe.Layer{head}, Input{1, 1, 3}),
	} {
		t.Run(name, func(t *testing.T) { againstNaive(t, n) })
	}
}

// shapes returns the names of the tensors with their shapes.
func shapes(tensors []weights.Tensor) (all []string) {
	for _, t := range tensors {
		all = append(all, fmt.Sprint(t.Name, t.Shape))
	}
	return all
}

// TestHeadNames: the tensors of torchvision's network in which an nn.Sequential of
// Dropout, Linear, BatchNorm1d, ReLU and so on took the place of the last linear layer.
func TestHeadNames(t *testing.T) {
	for _, test := range []struct {
		spec     recipe.Network
		features int
		want     []string
	}{
		{recipe.Network{Backbone: "resnet18", Head: recipe.Head{Hidden: []int{512, 128}, Dropout: []float64{0.5, 0.25, 0.25}, BatchNorm: true}}, 0, []string{
			"fc.1.weight[512 512]", "fc.1.bias[512]",
			"fc.2.weight[512]", "fc.2.bias[512]", "fc.2.running_mean[512]", "fc.2.running_var[512]", "fc.2.num_batches_tracked[]",
			"fc.5.weight[128 512]", "fc.5.bias[128]",
			"fc.6.weight[128]", "fc.6.bias[128]", "fc.6.running_mean[128]", "fc.6.running_var[128]", "fc.6.num_batches_tracked[]",
			"fc.9.weight[2 128]", "fc.9.bias[2]",
		}},
		{recipe.Network{Backbone: "mobilenet_v3_small", Head: recipe.Head{Hidden: []int{64}}}, 0, []string{
			"classifier.0.weight[1024 576]", "classifier.0.bias[1024]",
			"classifier.3.1.weight[64 1024]", "classifier.3.1.bias[64]", "classifier.3.4.weight[2 64]", "classifier.3.4.bias[2]",
		}},
		{recipe.Network{Backbone: "efficientnet_b0", Head: recipe.Head{Dropout: []float64{0.4}}}, 0, []string{
			"classifier.1.1.weight[2 1280]", "classifier.1.1.bias[2]",
		}},
		{recipe.Network{Backbone: "resnet18"}, 3, []string{"fc.weight[2 515]", "fc.bias[2]"}},
		{recipe.Network{Backbone: "mobilenet_v2", Head: recipe.Head{Hidden: []int{16}}}, 3, []string{
			"classifier.1.1.weight[16 1283]", "classifier.1.1.bias[16]", "classifier.1.4.weight[2 16]", "classifier.1.4.bias[2]",
		}},
	} {
		n, err := NewJoined(test.spec, Input{32, 32, 3}, test.features, 2)
		if err != nil {
			t.Fatal(err)
		}
		got := shapes(n.Tensors())
		first := slices.IndexFunc(got, func(name string) bool {
			return strings.HasPrefix(name, "fc") || strings.HasPrefix(name, "classifier")
		})
		if !slices.Equal(got[first:], test.want) {
			t.Errorf("%s: got  %q\nwant %q", test.spec.Backbone, got[first:], test.want)
		}
	}
}

// TestHeadBeginsAsTorchs: a head has torch's initial weights, which are those of no
// MobileNet, and the backbone below it those that it has without.
func TestHeadBeginsAsTorchs(t *testing.T) {
	bare, n := pooled(t, recipe.Head{}, 0), pooled(t, recipe.Head{Hidden: []int{100}}, 20)
	same := map[string][]float32{}
	for _, tensor := range bare.Tensors() {
		same[tensor.Name] = tensor.Float
	}
	for _, tensor := range n.Tensors() {
		largest := float32(0)
		for _, v := range tensor.Float {
			largest = max(largest, v, -v)
		}
		switch tensor.Name {
		case "stem.weight":
			if !slices.Equal(tensor.Float, same[tensor.Name]) {
				t.Error("the head changed the stem")
			}
		case "fc.1.weight", "fc.1.bias": // 25 inputs
			if largest <= 0.18 || largest > 0.2 {
				t.Errorf("%s: at most %v, want 0.2", tensor.Name, largest)
			}
		case "fc.4.weight": // 100 inputs
			if largest <= 0.09 || largest > 0.1 {
				t.Errorf("%s: at most %v, want 0.1", tensor.Name, largest)
			}
		}
	}
}

// part returns the examples of x from one to another, laid out as x is.
func (n *Network) part(x []float32, from, to int) []float32 {
	size, all := n.picture.size(), len(x)/n.exampleSize()
	features := x[all*size:]
	return slices.Concat(x[from*size:to*size], features[from*n.features:to*n.features])
}

// TestFeaturesPredictTheSameInAnyBatch: neither the pictures nor the features of other
// examples are seen.
func TestFeaturesPredictTheSameInAnyBatch(t *testing.T) {
	n := pooled(t, normedHead, 4)
	disturb(t, n)
	const count = 39
	x := noise("examples", count*n.exampleSize())
	want, err := n.Predict(x, count)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 7, 32} {
		var got []float32
		for from := 0; from < count; from += batch {
			to := min(from+batch, count)
			y, err := n.Predict(n.part(x, from, to), to-from)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, y...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("batches of %d give other bits", batch)
		}
	}
	x[count*n.picture.size()] += 1 // the first example's first feature
	changed, err := n.Predict(x, count)
	if err != nil {
		t.Fatal(err)
	}
	if changed[0] == want[0] || !slices.Equal(changed[2:], want[2:]) {
		t.Error("a feature changes other outputs than its example's")
	}
}

func TestFeatureErrors(t *testing.T) {
	for want, items := range map[string][]recipe.Layer{
		"data.features are joined to what the first dense layer reads, and there is none: end with {dense: 2}": {convItem, global},
		"network.layers[1] (dense): its input is 7x6x5, not a list of numbers: put flatten":                    {convItem, head},
	} {
		if _, err := NewJoined(recipe.Network{Backbone: "layers", Layers: items}, small, 3, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	n := pooled(t, recipe.Head{}, 4)
	if _, err := n.Predict(make([]float32, n.picture.size()), 1); err == nil || !strings.Contains(err.Error(), "with 4 features each") {
		t.Errorf("features are missing: %v", err)
	}
}

// TestFrozenBelowFeatures: what is frozen below a head and features is worked out once,
// from the pictures alone, and steps and predictions have the bits of those in one go; all
// but the head is frozen, the layers of network.head being one.
func TestFrozenBelowFeatures(t *testing.T) {
	spec := recipe.Network{Backbone: "resnet20", Head: normedHead, Freeze: recipe.Layers{recipe.AllLayers}}
	const batch = 5
	var losses []float32
	for _, parts := range []bool{false, true} {
		n, err := NewJoined(spec, Input{16, 16, 3}, 3, 2)
		if err != nil {
			t.Fatal(err)
		}
		n.Initialize(3)
		if base := n.Base(); base == "" || base == "features" {
			t.Fatalf("the base ends with %q", base)
		}
		if got, want := n.TrainedCount(), 67*7+7+14+7*4+4+8+4*2+2; got != want {
			t.Errorf("%d scalars train, want %d", got, want)
		}
		x, target := noise("pictures", batch*n.exampleSize()), noise("targets", batch*2)
		whole, err := n.Predict(x, batch)
		if err != nil {
			t.Fatal(err)
		}
		step := n.Step
		if parts {
			pictures := batch * n.picture.size()
			made, err := n.Features(x[:pictures], batch)
			if err != nil {
				t.Fatal(err)
			}
			x, step = append(made, x[pictures:]...), n.StepFeatures
			if again, err := n.PredictFeatures(x, batch); err != nil || !slices.Equal(again, whole) {
				t.Errorf("predicted in parts: %v, in one go %v; error %v", again, whole, err)
			}
		}
		o := n.NewOptimizer(adamSpec)
		for range 3 {
			loss, err := step(x, target, batch, streams)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, loss)
			o.Step()
		}
	}
	if !slices.Equal(losses[:3], losses[3:]) || losses[0] == losses[2] {
		t.Errorf("losses %v", losses)
	}
}
