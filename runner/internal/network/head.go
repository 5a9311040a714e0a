package network

import (
	"fmt"
	"slices"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
)

// fit ends a network of the zoo with the recipe's head and lets it read the features,
// too. Without a head the last linear layer stays, and reads them.
//
// A head takes the place of the last linear layer. Each hidden layer is a dropout, a
// linear layer, a batch norm where there is to be one and a ReLU; a dropout and a linear
// layer end it. Its modules are those of a torch nn.Sequential of the replaced layer's
// name: fc.1.weight, classifier.3.1.weight. A dropout of probability 0 is a module too,
// so that no name depends on a probability. Parameters begin as torch initialises linear
// layers, not as the zoo does its own.
func (a *architecture) fit(head recipe.Head, features, outputs int) error {
	if head.None() && features == 0 {
		return nil
	}
	end := len(a.layers) - 1
	last := a.layers[end]
	a.layers, a.features = a.layers[:end], features
	b := &builder{architecture: a, stage: "head"}
	if _, b.failed = a.join(last.input, last.where); head.None() {
		b.next(layer{name: last.name, kind: dense, bias: true}, outputs)
		return b.failed
	}
	a.fitted = len(a.layers)
	step := 0
	next := func(l layer, channels int) {
		l.name = fmt.Sprintf("%s.%d", last.name, step)
		step++
		b.next(l, channels)
	}
	drop := func(i int) {
		l := layer{kind: dropout}
		if len(head.Dropout) > 0 {
			l.probability = float32(head.Dropout[i])
		}
		next(l, 0)
	}
	for i, width := range head.Hidden {
		drop(i)
		if head.BatchNorm {
			next(layer{kind: dense, bias: true}, width)
			next(layer{kind: batchNorm, act: kernel.ReLU}, 0)
		} else {
			next(layer{kind: dense, bias: true, act: kernel.ReLU}, width)
		}
		next(layer{kind: relu, fused: true}, 0)
	}
	drop(len(head.Hidden))
	next(layer{kind: dense, bias: true}, outputs)
	own, initialise := a.layers[a.fitted:], a.initialise
	a.initialise = func(l *layer, seed uint64) {
		if slices.Contains(own, l) {
			l.initialiseTorch(seed)
		} else {
			initialise(l, seed)
		}
	}
	return b.failed
}
