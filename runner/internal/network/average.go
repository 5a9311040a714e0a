package network

import (
	"fmt"
	"strings"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/weights"
)

// Average is an exponential moving average of a network's parameters and running
// statistics, over steps of its optimiser (Polyak and Juditsky: Acceleration of
// Stochastic Approximation by Averaging, 1992; with decay as in
// torch.optim.swa_utils.AveragedModel).
type Average struct {
	network *Network
	decay   float64
	values  [][]float32 // as those of Network.floats
	begun   bool
}

// NewAverage returns the average of no step.
func (n *Network) NewAverage(decay float64) *Average {
	a := &Average{network: n, decay: decay}
	for _, x := range n.floats() {
		a.values = append(a.values, make([]float32, len(x)))
	}
	return a
}

// floats returns all numbers that training changes, in their place in memory.
func (n *Network) floats() [][]float32 {
	var all [][]float32
	for _, l := range n.layers {
		for _, p := range l.parameters() {
			all = append(all, p.Value)
		}
		if r := l.running; r != nil {
			all = append(all, r.mean, r.variance)
		}
	}
	return all
}

// Step takes in what the network is now. The first time that is the average.
func (a *Average) Step() {
	for i, x := range a.network.floats() {
		if a.begun {
			kernel.AverageStep(a.values[i], x, a.decay)
		} else {
			copy(a.values[i], x)
		}
	}
	a.begun = true
}

// Swap exchanges the network's numbers and the average. Done twice it changes nothing.
func (a *Average) Swap() {
	for i, x := range a.network.floats() {
		for j, v := range a.values[i] {
			a.values[i][j], x[j] = x[j], v
		}
	}
	a.network.stale = true
}

// averaged stands before the names of the average's tensors.
const averaged = "average/"

// Tensors returns copies, in the order and the layout of Network.Tensors.
func (a *Average) Tensors() []weights.Tensor {
	a.Swap()
	all := a.network.Tensors()
	a.Swap()
	for i := range all {
		all[i].Name = averaged + all[i].Name
	}
	return all
}

// Load sets the average from what Tensors returned, in any order; what does not
// fit is an error, and then nothing is changed.
func (a *Average) Load(tensors []weights.Tensor) error {
	plain := make([]weights.Tensor, len(tensors))
	for i, t := range tensors {
		t.Name = strings.TrimPrefix(t.Name, averaged)
		plain[i] = t
	}
	a.Swap()
	err := a.network.Load(plain)
	a.Swap()
	if err != nil {
		return fmt.Errorf("load average: %w", err)
	}
	a.begun = true
	return nil
}
