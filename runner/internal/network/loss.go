package network

import (
	"fmt"
	"maps"
	"slices"

	"biomass/runner/internal/kernel"
)

// Loss says what Step makes small; each word is that of train.loss.
type Loss struct {
	// Name is mse, mae, huber or cross_entropy.
	Name string
	// Weights of the classes in cross_entropy, one an output; nil for 1 each.
	Weights []float32
	// Smoothing of the labels in cross_entropy, from 0 to below 1: the share of an
	// example that is dealt out evenly to all classes.
	Smoothing float32
	// Soft says that a target of cross_entropy is shares of the classes, one an output, and
	// not the index of a class.
	Soft bool
}

// loss is a function of all outputs and targets of a batch and its gradient by
// the outputs, times upstream.
type loss struct {
	name     string
	forward  func(output, target []float32) float32
	backward func(dOutput, output, target []float32, upstream float32)
	// classes says that a target is the index of a class, and not a number an output.
	classes bool
}

// targets is how many targets an example has.
func (l loss) targets(outputs int) int {
	if l.classes {
		return 1
	}
	return outputs
}

// losses holds those without settings.
var losses = map[string]loss{
	"mse":   {name: "mse", forward: kernel.MSEForward, backward: kernel.MSEBackward},
	"mae":   {name: "mae", forward: kernel.MAEForward, backward: kernel.MAEBackward},
	"huber": {name: "huber", forward: kernel.HuberForward, backward: kernel.HuberBackward},
}

// SetLoss chooses the loss of Step, which is mse from the beginning.
func (n *Network) SetLoss(l Loss) error {
	chosen, ok := losses[l.Name]
	switch {
	case l.Name == "cross_entropy":
		if l.Weights != nil && len(l.Weights) != n.outputs {
			return fmt.Errorf("train.loss: %d weights of classes for %d outputs", len(l.Weights), n.outputs)
		}
		if !(l.Smoothing >= 0 && l.Smoothing < 1) {
			return fmt.Errorf("train.loss: a smoothing of %v: want at least 0 and less than 1", l.Smoothing)
		}
		chosen = l.crossEntropy(n.outputs)
	case !ok:
		return fmt.Errorf("train.loss: there is no %q: want cross_entropy or one of %v", l.Name, slices.Sorted(maps.Keys(losses)))
	case l.Weights != nil || l.Smoothing != 0 || l.Soft:
		return fmt.Errorf("train.loss: %s has no classes to weight or to smooth: want cross_entropy", l.Name)
	}
	n.loss = chosen
	clear(n.trainings) // their graphs hold the loss of before
	return nil
}

func (l Loss) crossEntropy(classes int) loss {
	c := kernel.CrossEntropy{Classes: classes, Weights: slices.Clone(l.Weights), Smoothing: l.Smoothing, Soft: l.Soft}
	return loss{name: l.Name, classes: !l.Soft, forward: c.Forward, backward: c.Backward}
}
