package train

import (
	"slices"
	"testing"

	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/transform"
)

// withFeatures returns an input whose targets are told by a feature alone: pixels say
// nothing of them.
func withFeatures(t *testing.T, freeze recipe.Layers, change func(*recipe.Train)) Input {
	t.Helper()
	in, _ := input(t, change)
	var err error
	if in.Network, err = network.NewJoined(recipe.Network{Backbone: "layers", Freeze: freeze, Layers: []recipe.Layer{
		{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, {Kind: "relu"}, {Kind: "global_avg_pool"}, {Kind: "dense", Size: 1, Bias: true},
	}}, network.Input{Height: size, Width: size, Channels: 3}, 2, 1); err != nil {
		t.Fatal(err)
	}
	in.Network.Initialize(3)
	in.Fitted.Features = []transform.Feature{{Column: "age", Std: 1}, {Column: "height", Std: 1}}
	stream := rng.New(9, "features")
	for _, set := range []*Set{&in.Train, &in.Validation} {
		for i := range set.Targets {
			set.Features = append(set.Features, []float32{2*stream.Float32() - 1, 2*stream.Float32() - 1})
			set.Targets[i] = in.Fitted.Inverse(set.Features[i][1])
		}
	}
	return in
}

// TestFeaturesAreLearnt: what only the features tell is learnt, and validated.
func TestFeaturesAreLearnt(t *testing.T) {
	in := withFeatures(t, nil, func(s *recipe.Train) { s.Epochs = 60 })
	r := run(t, in)
	if best := r.Epochs[r.Kept-1]; best.ValidationLoss > 0.02 {
		t.Errorf("the validation loss is %v", best.ValidationLoss)
	}
	if err := in.Network.Load(r.Weights); err != nil {
		t.Fatal(err)
	}
	blind := make([][]float32, len(in.Validation.Features))
	for i := range blind {
		blind[i] = []float32{0, 0}
	}
	seeing, err := Predict(in.Network, in.Fitted, in.Validation.Photos, in.Validation.Features)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Predict(in.Network, in.Fitted, in.Validation.Photos, blind)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(seeing, without) {
		t.Error("predictions do not depend on the features")
	}
}

// TestFeaturesInABatch: behind the pictures, in the order of the rows, as they are
// whatever becomes of the pictures; and the pictures are those without features.
func TestFeaturesInABatch(t *testing.T) {
	in := withFeatures(t, nil, nil)
	rows := []int{7, 2, 19}
	l, with, without := &loop{Input: in}, &batch{}, &batch{}
	l.fill(with, 1, rows, 0)
	l.Fitted.Features, l.Train.Features = nil, nil
	l.fill(without, 1, rows, 0)
	pictures := len(rows) * size * size * 3
	if !slices.Equal(with.x[:pictures], without.x) || len(without.x) != pictures {
		t.Error("the pictures are others beside features")
	}
	if want := slices.Concat(in.Train.Features[7], in.Train.Features[2], in.Train.Features[19]); !slices.Equal(with.x[pictures:], want) {
		t.Errorf("features %v, want %v", with.x[pictures:], want)
	}
}

// TestFeaturesBesideAFrozenBase: what the frozen layers give is kept from epoch to epoch,
// and the features stand behind it.
func TestFeaturesBesideAFrozenBase(t *testing.T) {
	in := withFeatures(t, recipe.Layers{"0"}, func(s *recipe.Train) { s.Epochs = 60 })
	in.Augment = nil
	r := run(t, in)
	if best := r.Epochs[r.Kept-1]; best.ValidationLoss > 0.02 {
		t.Errorf("the validation loss is %v", best.ValidationLoss)
	}
	if err := in.Network.Load(r.Weights); err != nil {
		t.Fatal(err)
	}
	outputs, err := Outputs(in.Network, in.Fitted, in.Validation.Photos, in.Validation.Features)
	if err != nil {
		t.Fatal(err)
	}
	var e Epoch
	l := &loop{Input: in}
	l.loss.Name = "mse"
	if l.scoreValues(&e, outputs); e.ValidationLoss != r.Epochs[r.Kept-1].ValidationLoss {
		t.Errorf("evaluated at once the loss is %v, in parts %v", e.ValidationLoss, r.Epochs[r.Kept-1].ValidationLoss)
	}
}

// TestFeaturesMix: with both mixtures a row's features become the mixture of theirs and
// those of the row before, as targets do.
func TestFeaturesMix(t *testing.T) {
	for _, mix := range []recipe.Mix{{Kind: "mixup", Alpha: 0.5}, {Kind: "cutmix", Alpha: 1}} {
		in := withFeatures(t, nil, nil)
		in.Mix = mix
		rows := []int{7, 2, 19}
		l, b := &loop{Input: in}, &batch{}
		l.fill(b, 1, rows, 0)
		l.mix(b, 1, 4, rows)
		m := transform.Mix(mix, size, rng.New(in.Spec.Seed, "mix", 1, 4))
		got := b.x[len(rows)*size*size*3:]
		for i, row := range rows {
			before := rows[(i+2)%3]
			for j := range 2 {
				if want := m.Target(in.Train.Features[row][j], in.Train.Features[before][j]); got[2*i+j] != want {
					t.Errorf("%s: feature %d of row %d is %v, want %v", mix.Kind, j, row, got[2*i+j], want)
				}
			}
		}
	}
}
