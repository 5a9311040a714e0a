package train

import (
	"math"
	"testing"

	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// TestAccumulateIsNoLargerBatch holds what recipes/README.md says of 4 batches of 8 and one
// of 32: other bits always; other only by rounding where each photo stands alone, and
// where it does not, by what a batch does to its photos.
func TestAccumulateIsNoLargerBatch(t *testing.T) {
	const rounding = 1e-5
	dense := recipe.Layer{Kind: "dense", Size: 1, Bias: true}
	for name, c := range map[string]struct {
		layers  []recipe.Layer
		mix     recipe.Mix
		another bool // by more than rounding
	}{
		"alone":      {layers: []recipe.Layer{{Kind: "conv", Size: 4, Kernel: 3, Bias: true}, {Kind: "relu"}, {Kind: "flatten"}, dense}},
		"batch norm": {layers: []recipe.Layer{{Kind: "conv", Size: 4, Kernel: 3}, {Kind: "batch_norm"}, {Kind: "relu"}, {Kind: "flatten"}, dense}, another: true},
		"dropout":    {layers: []recipe.Layer{{Kind: "flatten"}, {Kind: "dropout", Probability: 0.5}, dense}, another: true},
		"mix":        {layers: []recipe.Layer{{Kind: "flatten"}, dense}, mix: recipe.Mix{Kind: "mixup", Alpha: 1}, another: true},
	} {
		t.Run(name, func(t *testing.T) {
			train := func(batch, accumulate int) []weights.Tensor {
				in, _ := input(t, func(s *recipe.Train) {
					s.Epochs, s.Batch, s.Accumulate, s.Keep = 1, batch, accumulate, "last"
					s.Optimizer = recipe.Optimizer{SGD: &recipe.SGD{Rate: 0.01}}
				})
				in.Train, in.Augment, in.Mix = set(64, 1), nil, c.mix
				net, err := network.New(recipe.Network{Backbone: "layers", Layers: c.layers}, network.Input{Height: size, Width: size, Channels: 3}, 1)
				if err != nil {
					t.Fatal(err)
				}
				net.Initialize(in.Spec.Seed)
				in.Network = net
				return run(t, in).Weights
			}
			whole, parts := train(32, 1), train(8, 4)
			if weights.Digest(whole) == weights.Digest(parts) {
				t.Error("the bits are the same")
			}
			most := 0.0
			for i, tensor := range whole {
				for j, v := range tensor.Float {
					most = max(most, math.Abs(float64(v-parts[i].Float[j])))
				}
			}
			if c.another != (most > rounding) {
				t.Errorf("a weight differs by %v", most)
			}
		})
	}
}
