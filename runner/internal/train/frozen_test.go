package train

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"biomass/runner/internal/digest"
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

// shelf is a FeatureStore that counts.
type shelf struct {
	kept          map[digest.Digest][]float32
	loaded, saved int
}

func (s *shelf) Load(key digest.Digest) []float32 {
	if s.kept[key] != nil {
		s.loaded++
	}
	return s.kept[key]
}

func (s *shelf) Save(key digest.Digest, features []float32) {
	s.saved++
	s.kept[key] = features
}

// TestFeatureStore: features are worked out once for all trainings that have the same base,
// pictures and scaling, and for no other.
func TestFeatureStore(t *testing.T) {
	s := &shelf{kept: map[digest.Digest][]float32{}}
	train := func(change func(*Input)) *Result {
		in, _ := frozen(t, false, nil)
		in.FeatureStore = s
		if change != nil {
			change(&in)
		}
		return run(t, in)
	}
	first := train(nil)
	if again := train(nil); s.saved != 2 || s.loaded != 2 || !reflect.DeepEqual(again.Epochs, first.Epochs) {
		t.Errorf("saved %d times, loaded %d times", s.saved, s.loaded)
	}
	train(func(in *Input) { in.Spec.Optimizer.Adam.Rate = 0.5 })
	if s.saved != 2 || s.loaded != 4 {
		t.Errorf("with another rate: saved %d times, loaded %d times", s.saved, s.loaded)
	}
	for name, change := range map[string]func(*Input){
		"weights":  func(in *Input) { in.Network.Initialize(77) },
		"scaling":  func(in *Input) { in.Fitted.Mean[0] += 0.1 },
		"pictures": func(in *Input) { in.Train, in.Validation = set(10, 8), set(10, 9) },
	} {
		s.saved, s.loaded = 0, 0
		if train(change); s.saved != 2 || s.loaded != 0 {
			t.Errorf("with other %s: saved %d times, loaded %d times", name, s.saved, s.loaded)
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
		cut := m.newest
		again, _ := frozen(t, true, nil)
		again.Network.At(in.Spec.Epochs) // as one that has been trained before
		if to, err := Replay(context.Background(), again, &Checkpoint{Result: Result{Epochs: cut.Epochs}, State: cut.State}, after+1); err != nil || !reflect.DeepEqual(to.Epochs, whole.Epochs[:after+1]) {
			t.Errorf("replayed epoch %d: %v, or another result", after+1, err)
		}
		rest, _ := frozen(t, true, nil)
		rest.Checkpoints = m
		if r := run(t, rest); !reflect.DeepEqual(r.Epochs, whole.Epochs) || weights.Digest(r.Weights) != weights.Digest(whole.Weights) {
			t.Errorf("cut after epoch %d: another result", after)
		}
	}
}
