package doctor

import (
	"context"
	"fmt"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/network"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/train"
	"biomass/runner/internal/transform"
)

// SelfTestDigest is what SelfTest gives on every machine. It changes only
// together with the arithmetic contract; TestSelfTest prints what it should be.
const SelfTestDigest = "sha256:ad12714572505d2933f5903ba582abe12db1a855999a4f042e0116575809086e"

// selfTestRecipe has one of each kind of layer that the arithmetic treats in its
// own way.
const selfTestRecipe = `
version: 1
name: selftest
data: {table: none.csv, image: none, target: none}
picture: {size: 16}
split: {seed: 1}
transform:
  target: standardize
  augment: [{horizontal_flip: 0.5}, {rotate: 20}]
network:
  backbone: layers
  layers:
    - {conv: 12, kernel: 5, padding: 2, stride: 2, bias: false}
    - batch_norm
    - relu
    - {conv: 20, kernel: 3, padding: 1}
    - relu
    - {max_pool: 2}
    - {conv: 24, kernel: 3, padding: 1}
    - relu
    - flatten
    - {dropout: 0.2}
    - {dense: 40}
    - relu
    - {dense: 1}
train:
  seed: 7
  epochs: 2
  batch: 8
  last_batch: keep
  optimizer: {adam: {rate: 3e-3, weight_decay: 1e-4}}
`

// SelfTest trains a small fixed network on pictures of noise and returns the
// digest of its last state.
func SelfTest(ctx context.Context) (digest.Digest, error) {
	loaded, err := recipe.Parse("selftest.yaml", []byte(selfTestRecipe), nil, recipe.Options{})
	if err != nil {
		return digest.Digest{}, fmt.Errorf("self-test: %w", err)
	}
	r := loaded.Recipe
	training, validation := noise("train", 29, r.Picture.Size), noise("validation", 9, r.Picture.Size)
	fitted, err := transform.Fit(r.Transform, 3, training.Targets, func(i int) []uint8 { return training.Pixels[i] }, len(training.Pixels))
	if err != nil {
		return digest.Digest{}, fmt.Errorf("self-test: %w", err)
	}
	net, err := network.New(r.Network, network.Input{Height: r.Picture.Size, Width: r.Picture.Size, Channels: 3}, 1)
	if err != nil {
		return digest.Digest{}, fmt.Errorf("self-test: %w", err)
	}
	net.Initialize(r.Train.Seed)
	end, err := train.Replay(ctx, train.Input{
		Spec: r.Train, Augment: r.Transform.Augment, Size: r.Picture.Size, Network: net, Fitted: fitted,
		Train: training, Validation: validation, Progress: progress.Silent,
	}, nil, r.Train.Epochs)
	if err != nil {
		return digest.Digest{}, fmt.Errorf("self-test: %w", err)
	}
	e := digest.New("self-test")
	for _, epoch := range end.Epochs {
		e.Float(epoch.TrainLoss).Float(epoch.ValidationLoss).Digest(epoch.State)
	}
	return e.Sum(), nil
}

// noise returns pictures whose target is the mean of their red.
func noise(part string, n, size int) train.Set {
	s := rng.New(1, part)
	out := train.Set{}
	for range n {
		pixels := make([]uint8, size*size*3)
		level, sum := s.IntN(192), 0
		for i := range pixels {
			pixels[i] = uint8(level + s.IntN(64))
			if i%3 == 0 {
				sum += int(pixels[i])
			}
		}
		out.Pixels = append(out.Pixels, pixels)
		out.Targets = append(out.Targets, float64(sum)/float64(size*size))
	}
	return out
}
