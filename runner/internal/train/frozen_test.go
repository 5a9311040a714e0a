package train

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// frozen is input with a network of which the first layers do not train, and the second
// of them do from epoch 3 on.
func frozen(t *testing.T, unfreeze bool, change func(*recipe.Train)) (Input, *memory) {
	t.Helper()
	in, m := input(t, change)
	spec := recipe.Network{Backbone: "layers", Freeze: recipe.Layers{recipe.AllLayers}, Layers: []recipe.Layer{
		{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, {Kind: "batch_norm"}, {Kind: "relu"},
		{Kind: "conv", Size: 5, Kernel: 3, Padding: 1, Bias: true}, {Kind: "batch_norm"}, {Kind: "relu"},
		{Kind: "flatten"}, {Kind: "dropout", Probability: 0.2}, {Kind: "dense", Size: 1, Bias: true},
	}}
	if unfreeze {
		spec.Unfreeze = []recipe.Unfreeze{{Epoch: 3, Layers: recipe.Layers{"[34]"}}}
	}
	net, err := network.New(spec, network.Input{Height: size, Width: size, Channels: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	net.Initialize(3)
	in.Network, in.Augment = net, nil
	return in, m
}

// TestFeaturesAreTheSameBits: epochs from kept features, and those that work them out in
// every step, as an augmentation that changes nothing has it, end in the same weights.
func TestFeaturesAreTheSameBits(t *testing.T) {
	for _, unfreeze := range []bool{false, true} {
		for name, change := range map[string]func(*recipe.Train){
			"plain":    nil,
			"averaged": func(s *recipe.Train) { s.Average, s.BackboneFactor = 0.5, 0.1 },
		} {
			kept, _ := frozen(t, unfreeze, change)
			want := run(t, kept)
			again, _ := frozen(t, unfreeze, change)
			again.Augment = []recipe.Augment{{Kind: "horizontal_flip", Value: 0}}
			if got := run(t, again); !reflect.DeepEqual(got.Epochs, want.Epochs) || weights.Digest(got.Weights) != weights.Digest(want.Weights) {
				t.Errorf("%s, unfreeze %v: without kept features another result", name, unfreeze)
			}
			if first, last := want.Epochs[0].TrainLoss, want.Epochs[len(want.Epochs)-1].TrainLoss; last >= first {
				t.Errorf("%s, unfreeze %v: the training loss went from %v to %v", name, unfreeze, first, last)
			}
		}
	}
}

// TestResumeUnfreezing cuts a training after each epoch, before and after the one in which
// more begins to train.
func TestResumeUnfreezing(t *testing.T) {
	in, _ := frozen(t, true, nil)
	whole := run(t, in)
	for after := 1; after < in.Spec.Epochs; after++ {
		in, m := frozen(t, true, nil)
		ctx, cancel := context.WithCancel(context.Background())
		m.cancel, m.after = cancel, after
		if _, err := Run(ctx, in); !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled run gave %v", err)
		}
		rest, _ := frozen(t, true, nil)
		rest.Checkpoints = m
		if r := run(t, rest); !reflect.DeepEqual(r.Epochs, whole.Epochs) || weights.Digest(r.Weights) != weights.Digest(whole.Weights) {
			t.Errorf("cut after epoch %d: another result", after)
		}
	}
}
