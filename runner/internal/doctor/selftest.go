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
const SelfTestDigest = "sha256:e1b9ac8b7601b31aed86ef430c40b98dc75751c839ca59f527c159149d59c9ab"

// selfTestRecipes have between them one of each kind of layer that the arithmetic
// treats in its own way: a regression, and a classification.
var selfTestRecipes = []string{`
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
`, `
version: 1
name: selftest
task: classification
data: {table: none.csv, image: none, target: none, classes: [dark, middling, bright]}
picture: {size: 16}
split: {seed: 1}
network:
  backbone: layers
  layers:
    - {conv: 12, kernel: 3, padding: 1, stride: 2, bias: false}
    - batch_norm
    - silu
    - {conv: 12, kernel: 3, padding: 1, groups: 12}
    - hardswish
    - {conv: 24, kernel: 1}
    - gelu
    - {avg_pool: 2}
    - {conv: 24, kernel: 3, padding: 1, groups: 4}
    - hardsigmoid
    - {conv: 12, kernel: 5, padding: 2, groups: 12}
    - relu6
    - {adaptive_avg_pool: 1}
    - flatten
    - {dense: 20}
    - sigmoid
    - {dense: 3}
train:
  seed: 8
  epochs: 2
  batch: 8
  last_batch: keep
  loss: {cross_entropy: {label_smoothing: 0.1, class_weights: balanced}}
  optimizer: {sgd: {rate: 3e-2, momentum: 0.9, nesterov: true}}
  schedule: cosine
`}

// SelfTest trains small fixed networks on pictures of noise and returns the
// digest of all their epochs.
func SelfTest(ctx context.Context) (digest.Digest, error) {
	e := digest.New("self-test")
	for _, text := range selfTestRecipes {
		epochs, err := selfTrained(ctx, text)
		if err != nil {
			return digest.Digest{}, fmt.Errorf("self-test: %w", err)
		}
		for _, epoch := range epochs {
			e.Float(epoch.TrainLoss).Float(epoch.ValidationLoss).Digest(epoch.State)
		}
	}
	return e.Sum(), nil
}

// selfTrained trains as a recipe says.
func selfTrained(ctx context.Context, text string) ([]train.Epoch, error) {
	loaded, err := recipe.Parse("selftest.yaml", []byte(text), nil, recipe.Options{})
	if err != nil {
		return nil, err
	}
	r := loaded.Recipe
	training, validation := noise("train", 29, r.Picture.Size), noise("validation", 9, r.Picture.Size)
	outputs := 1
	if n := len(r.Data.Classes); n > 0 {
		outputs = n
		for _, set := range []train.Set{training, validation} {
			for i, red := range set.Targets {
				set.Targets[i] = float64(int(red) * n / 256)
			}
		}
	}
	fitted, err := transform.Fit(r.Transform, 3, training.Targets, func(i int) ([]uint8, error) { return training.Photos[i]() }, len(training.Photos))
	if err != nil {
		return nil, err
	}
	net, err := network.New(r.Network, network.Input{Height: r.Picture.Size, Width: r.Picture.Size, Channels: 3}, outputs)
	if err != nil {
		return nil, err
	}
	net.Initialize(r.Train.Seed)
	end, err := train.Replay(ctx, train.Input{
		Spec: r.Train, Classes: r.Data.Classes, Augment: r.Transform.Augment, Size: r.Picture.Size, Network: net, Fitted: fitted,
		Train: training, Validation: validation, Progress: progress.Silent,
	}, nil, r.Train.Epochs)
	if err != nil {
		return nil, err
	}
	return end.Epochs, nil
}

// noise returns pictures whose target is the mean of their red, from 0 to 255.
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
		out.Photos = append(out.Photos, train.InMemory(pixels))
		out.Targets = append(out.Targets, float64(sum)/float64(size*size))
	}
	return out
}
