package network

import (
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

func TestTake(t *testing.T) {
	build := func(outputs int) *Network {
		return mustNew(t, recipe.Network{Backbone: "resnet20"}, Input{16, 16, 3}, outputs)
	}
	given := build(10)
	given.Initialize(8)
	disturb(t, given)
	file := given.Tensors()

	n := build(3)
	drawn := n.Tensors()
	taken, err := n.Take(append(file, weights.Tensor{Name: "extra", Shape: []int{1}, Float: []float32{1}}))
	if err != nil {
		t.Fatal(err)
	}
	head := []string{"linear.weight", "linear.bias"}
	if !slices.Equal(taken.Missing, head) || !slices.Equal(taken.LeftOut, append(head, "extra")) || len(taken.Loaded) != len(file)-2 {
		t.Errorf("left out %v, missing %v, %d loaded", taken.LeftOut, taken.Missing, len(taken.Loaded))
	}
	for i, now := range n.Tensors() {
		want := file[i]
		if strings.HasPrefix(now.Name, "linear") {
			want = drawn[i]
		}
		if !slices.Equal(now.Float, want.Float) || !slices.Equal(now.Int, want.Int) {
			t.Errorf("%s is not what it should be", now.Name)
		}
	}

	// Counters may be missing; the head is taken where it fits, and may be written as a
	// convolution of 1x1.
	some := slices.DeleteFunc(given.Tensors(), func(w weights.Tensor) bool { return w.Int != nil })
	for i := range some {
		if some[i].Name == "linear.weight" {
			some[i].Shape = []int{10, 64, 1, 1}
		}
	}
	if taken, err := build(10).Take(some); err != nil || taken.Missing != nil || taken.LeftOut != nil {
		t.Errorf("missing %v, left out %v: %v", taken.Missing, taken.LeftOut, err)
	}
}

func TestTakeRefuses(t *testing.T) {
	n := mustNew(t, recipe.Network{Backbone: "resnet20"}, Input{16, 16, 3}, 3)
	before := weights.Digest(n.Tensors())
	other := n.Tensors()
	for i := range other {
		if strings.HasSuffix(other[i].Name, "conv1.weight") {
			other[i] = weights.Tensor{Name: other[i].Name, Shape: []int{1, 2, 3, 3}, Float: make([]float32, 18)}
		}
	}
	for message, tensors := range map[string][]weights.Tensor{
		"conv1.weight is [1 2 3 3] in the file and [16 3 3 3] in the network; layer1.0.conv1.weight is [1 2 3 3] in the file and [16 16 3 3] in the network;": other,
		"so are 7 more": other,
		"none of their 1 tensors (stem) is one of this backbone's (conv1.weight, bn1.weight, bn1.bias, ...)": {{Name: "stem", Shape: []int{1}, Float: []float32{1}}},
		"none of their 0 tensors": nil,
	} {
		if _, err := n.Take(tensors); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("got %v, want %s", err, message)
		}
	}
	if weights.Digest(n.Tensors()) != before {
		t.Error("a refused file changed the network")
	}
}
