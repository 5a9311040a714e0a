// Package network owns the Network: an architecture, its parameters, the
// Gorgonia graphs that train and evaluate it, and the optimisers. Gorgonia owns
// graph, differentiation and execution; the arithmetic is package kernel's. It
// never sees a file, a recipe's other sections, or the order of examples.
//
// An architecture is a list of layers, written once. From it come the training
// graph, the evaluation graph with its batch norms folded, the parameters and
// the layer table. Activations are (N, H, W, C).
package network

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/gorgonia"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// Input is the shape of one picture.
type Input struct {
	Height, Width, Channels int
}

// Network is not safe for concurrent use: its graphs share their memory. The
// kernels below it use all threads.
type Network struct {
	*architecture
	outputs     int
	all         []*Parameter
	loss        loss
	arena       []float32 // where the graphs have their activations
	trainings   map[int]*training
	evaluations map[int]*evaluation
	units       []*unit
	stale       bool // parameters or running statistics have changed since units were folded
}

// New builds the network of the recipe for pictures of this shape. The
// parameters are zero until Initialize or Load.
func New(spec recipe.Network, in Input, outputs int) (*Network, error) {
	if in.Height < 1 || in.Width < 1 || in.Channels < 1 || outputs < 1 {
		return nil, fmt.Errorf("network: pictures of %v and %d outputs: want at least 1 of each", shape(in), outputs)
	}
	var a *architecture
	var err error
	if build := zoo[spec.Backbone]; build != nil {
		a, err = build(shape(in), outputs)
	} else if spec.Backbone == "layers" {
		a, err = sequential(spec.Layers, shape(in), outputs)
	} else {
		err = fmt.Errorf("network.backbone: there is no %q: want layers or one of %v", spec.Backbone, slices.Sorted(maps.Keys(zoo)))
	}
	if err != nil {
		return nil, err
	}
	return newNetwork(a, outputs), nil
}

func newNetwork(a *architecture, outputs int) *Network {
	n := &Network{
		architecture: a, outputs: outputs, all: a.parameters(), stale: true, loss: losses["mse"],
		trainings: map[int]*training{}, evaluations: map[int]*evaluation{},
	}
	n.units = n.newUnits()
	return n
}

// Initialize draws all parameters from the seed, each from a stream of its own
// name, and resets the running statistics.
func (n *Network) Initialize(seed uint64) {
	kernel.Parallel(len(n.layers), func(i int) { n.initialise(n.layers[i], seed) })
	n.stale = true
}

// Parameters returns the trainable tensors in torch's order.
func (n *Network) Parameters() []*Parameter { return n.all }

// Count returns the number of trainable scalars.
func (n *Network) Count() int {
	sum := 0
	for _, p := range n.all {
		sum += len(p.Value)
	}
	return sum
}

// LayerInfo is one row of the layer table.
type LayerInfo struct {
	Name, Kind string
	// Output is the shape of one example's activation behind the layer.
	Output Input
	// Parameters is the number of trainable scalars.
	Parameters int
	// MultiplyAdds is the number of products of conv and dense, an example.
	MultiplyAdds int
}

// Layers returns the layer table in the order of torch's modules. An activation and
// an addition that a batch norm of the zoo does have no row of their own.
func (n *Network) Layers() []LayerInfo {
	table := make([]LayerInfo, len(n.layers))
	for i, l := range n.layers {
		table[i] = LayerInfo{Name: l.name, Kind: string(l.kind), Output: Input(l.out)}
		for _, p := range l.parameters() {
			table[i].Parameters += len(p.Value)
		}
		if l.kind == conv || l.kind == dense {
			table[i].MultiplyAdds = l.out.Height * l.out.Width * len(l.weight.Value)
		}
	}
	return table
}

// NonFiniteError says where NaN or infinity was first seen when a loss came out
// so.
type NonFiniteError struct {
	// Layer is the layer's name (torchvision's, or layers[i]), or picture,
	// target or loss.
	Layer string
	// Parameter is set when the layer's parameter was NaN or infinite already.
	Parameter string
}

// Error implements error.
func (e *NonFiniteError) Error() string {
	if e.Parameter != "" {
		return fmt.Sprintf("the loss is not finite, first in %s: its parameter %s is not finite any more", e.Layer, e.Parameter)
	}
	return fmt.Sprintf("the loss is not finite, first in %s", e.Layer)
}

// Step computes the loss of a batch and its gradients, which it leaves in the
// Parameters, and updates the running statistics. x is (batch, H, W, C), target
// (batch, outputs), or (batch) for a cross_entropy that is not soft: the indices of the classes. streams
// gives each layer of dropout or stochastic depth, named by its index, its random stream
// of this step; it may be nil when there is no such layer. A loss that is no finite number
// is a *NonFiniteError.
func (n *Network) Step(x, target []float32, batch int, streams func(layer uint64) *rng.Stream) (float32, error) {
	if batch < 1 || len(x) != batch*n.picture.size() || len(target) != batch*n.loss.targets(n.outputs) {
		return 0, fmt.Errorf("step: %d pixels and %d targets are no batch of %d pictures of %v and %d targets each", len(x), len(target), batch, n.picture, n.loss.targets(n.outputs))
	}
	t := n.trainings[batch]
	if t == nil {
		var err error
		if t, err = n.newTraining(batch); err != nil {
			return 0, err
		}
	}
	for i, l := range n.layers {
		if l.kind == dropout || l.kind == stochasticDepth {
			if streams == nil {
				return 0, fmt.Errorf("step: %s needs a random stream", l.where)
			}
			t.streams[i] = streams(uint64(i))
		}
	}
	n.stale = true
	if err := t.step(x, target); err != nil {
		delete(n.trainings, batch)
		return 0, err
	}
	n.trainings[batch] = t
	loss := t.loss.buffer[0]
	if kernel.FirstNonFinite(t.loss.buffer) >= 0 {
		return loss, n.firstNonFinite(t, x, target)
	}
	return loss, nil
}

// reserve returns the arena, a larger one if need be; the graphs in the smaller
// one are forgotten with it.
func (n *Network) reserve(size int) []float32 {
	if size > len(n.arena) {
		clear(n.trainings)
		clear(n.evaluations)
		n.arena = nil // free before the new one comes
		n.arena = make([]float32, size)
	}
	return n.arena
}

func (t *training) step(x, target []float32) error {
	if err := bind(t.picture, x); err != nil {
		return err
	}
	if err := bind(t.target, target); err != nil {
		return err
	}
	return t.run()
}

// bind lets an input node be data.
func bind(node *gorgonia.Node, data []float32) error {
	return gorgonia.Let(node, wrap(data, node.Shape()...))
}

// firstNonFinite repeats the step that has just run, whose activations have been
// overwritten, and looks at each as it comes, in forward order.
func (n *Network) firstNonFinite(t *training, x, target []float32) error {
	t.watching = true
	defer func() { t.watching = false }()
	if err := t.step(x, target); err != nil {
		return err
	}
	if kernel.FirstNonFinite(x) >= 0 {
		return &NonFiniteError{Layer: "picture"}
	}
	for _, i := range n.order() {
		l := n.layers[i]
		for _, p := range l.parameters() {
			if kernel.FirstNonFinite(p.Value) >= 0 {
				return &NonFiniteError{Layer: l.label(), Parameter: p.Name}
			}
		}
		if o := t.layers[i]; o != nil && o.broken {
			return &NonFiniteError{Layer: l.label()}
		}
	}
	if kernel.FirstNonFinite(target) >= 0 {
		return &NonFiniteError{Layer: "target"}
	}
	return &NonFiniteError{Layer: "loss"}
}

// Predict returns the outputs (count, outputs) for count pictures x (count, H,
// W, C), by the running statistics. A picture's outputs do not depend on the
// others, nor on count.
func (n *Network) Predict(x []float32, count int) ([]float32, error) {
	size := n.picture.size()
	if count < 0 || len(x) != count*size {
		return nil, fmt.Errorf("predict: %d pixels are not %d pictures of %v", len(x), count, n.picture)
	}
	n.fold()
	outputs := make([]float32, 0, count*n.outputs)
	for done := 0; done < count; {
		// The graph of the smallest power of two that holds what is left.
		batch := 1
		for batch < min(count-done, evaluationBatch) {
			batch *= 2
		}
		e := n.evaluations[batch]
		if e == nil {
			var err error
			if e, err = n.newEvaluation(batch); err != nil {
				return nil, err
			}
		}
		chunk := min(batch, count-done)
		pixels := x[done*size : (done+chunk)*size]
		if chunk < batch {
			if e.padded == nil {
				e.padded = make([]float32, batch*size)
			}
			clear(e.padded[copy(e.padded, pixels):])
			pixels = e.padded
		}
		if err := e.step(pixels); err != nil {
			delete(n.evaluations, batch)
			return nil, err
		}
		n.evaluations[batch] = e
		outputs = append(outputs, e.output.buffer[:chunk*n.outputs]...)
		done += chunk
	}
	return outputs, nil
}

func (e *evaluation) step(x []float32) error {
	if err := bind(e.picture, x); err != nil {
		return err
	}
	return e.run()
}
