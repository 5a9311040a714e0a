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
	"runtime/debug"
	"slices"
	"strings"

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
	outputs int
	all     []*Parameter // frozen or not, in torch's order
	freeze  freeze
	// base is the last layer of what does not train and is only evaluated, none where all
	// of the network is trained, see freeze.go.
	base        int
	loss        loss
	arena       []float32 // where the graphs have their activations
	trainings   map[int]*training
	evaluations map[piece]*evaluation
	units       []*unit
	// stale says that parameters or running statistics have changed since units were
	// folded; baseStale says it of the base, which no step changes.
	stale, baseStale bool
}

// New builds the network of the recipe for pictures of this shape. The
// parameters are zero until Initialize or Load.
func New(spec recipe.Network, in Input, outputs int) (*Network, error) {
	return NewJoined(spec, in, 0, outputs)
}

// NewJoined builds one for pictures that have so many features beside them, its
// second input: numbers that are joined to what the last layer of the backbone, or
// the head in its place, reads.
func NewJoined(spec recipe.Network, in Input, features, outputs int) (*Network, error) {
	if in.Height < 1 || in.Width < 1 || in.Channels < 1 || features < 0 || outputs < 1 {
		return nil, fmt.Errorf("network: pictures of %v, %d features and %d outputs: want at least 1 of each, or no features", shape(in), features, outputs)
	}
	var a *architecture
	var err error
	if build := zoo[spec.Backbone]; build != nil {
		if a, err = build(shape(in), outputs); err == nil {
			err = a.fit(spec.Head, features, outputs)
		}
	} else if spec.Backbone == "layers" {
		a, err = sequential(spec.Layers, shape(in), features, outputs)
	} else {
		err = fmt.Errorf("network.backbone: there is no %q: want layers, %s", spec.Backbone, strings.Join(slices.Sorted(maps.Keys(zoo)), ", "))
	}
	if err != nil {
		return nil, err
	}
	n := newNetwork(a, outputs)
	if n.freeze, err = newFreeze(spec, a); err != nil {
		return nil, err
	}
	n.At(1)
	return n, nil
}

func newNetwork(a *architecture, outputs int) *Network {
	a.fusePools()
	n := &Network{
		architecture: a, outputs: outputs, all: a.parameters(), base: none, stale: true, baseStale: true, loss: losses["mse"],
		trainings: map[int]*training{}, evaluations: map[piece]*evaluation{},
	}
	n.units = n.newUnits()
	return n
}

// Initialize draws all parameters from the seed, each from a stream of its own
// name, and resets the running statistics.
func (n *Network) Initialize(seed uint64) {
	kernel.Parallel(len(n.layers), func(i int) { n.initialise(n.layers[i], seed) })
	n.changed()
}

// changed notes that any parameter may have changed.
func (n *Network) changed() { n.stale, n.baseStale = true, true }

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
	// Stage of a network of the zoo that the layer belongs to; empty for network.layers.
	Stage string
	// Output is the shape of one example's activation behind the layer.
	Output Input
	// Parameters is the number of trainable scalars.
	Parameters int
	// MultiplyAdds is the number of products of conv and dense, an example.
	MultiplyAdds int
	// Trains is the first epoch in which the parameters do, 0 for none.
	Trains int
}

// Layers returns the layer table in the order of torch's modules. An activation and
// an addition that a batch norm of the zoo does have no row of their own.
func (n *Network) Layers() []LayerInfo {
	table := make([]LayerInfo, len(n.layers))
	for i, l := range n.layers {
		table[i] = LayerInfo{Name: l.name, Kind: string(l.kind), Stage: l.stage, Output: Input(l.out)}
		if len(l.parameters()) > 0 {
			table[i].Trains = n.freeze.trains(i)
		}
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
	// features, target or loss.
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
// Parameters, and updates the running statistics. x is the pictures, (batch, H, W, C),
// and behind them all features, (batch, features); target is (batch, outputs), or
// (batch) for a cross_entropy that is not soft: the indices of the classes. streams
// gives each layer of dropout or stochastic depth, named by its index, its random stream
// of this step; it may be nil when there is no such layer. A loss that is no finite number
// is a *NonFiniteError.
func (n *Network) Step(x, target []float32, batch int, streams func(layer uint64) *rng.Stream) (float32, error) {
	if n.base != none && batch >= 1 && len(x) == batch*n.exampleSize() {
		pictures := batch * n.picture.size()
		made, err := n.Features(x[:pictures], batch)
		if err != nil {
			return 0, err
		}
		x = append(made, x[pictures:]...)
	}
	return n.StepFeatures(x, target, batch, streams)
}

// StepFeatures is Step for what Features has made of the pictures, with the features of
// the second input behind it as there.
func (n *Network) StepFeatures(x, target []float32, batch int, streams func(layer uint64) *rng.Stream) (float32, error) {
	from := n.outputOf(n.base)
	if batch < 1 || len(x) != batch*(from.size()+n.features) || len(target) != batch*n.loss.targets(n.outputs) {
		return 0, fmt.Errorf("step: %d numbers and %d targets are no batch of %d pictures of %v, %d features and %d targets each",
			len(x), len(target), batch, from, n.features, n.loss.targets(n.outputs))
	}
	t := n.trainings[batch]
	if t == nil {
		var err error
		if t, err = n.newTraining(batch); err != nil {
			return 0, err
		}
	}
	for i, l := range n.layers {
		if i > n.base && l.random() {
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
		if n.arena != nil {
			n.arena = nil
			debug.FreeOSMemory() // before the new one comes: a merged last batch is up to twice the others
		}
		n.arena = make([]float32, size)
	}
	return n.arena
}

func (t *training) step(x, target []float32) error {
	if err := t.bind(x); err != nil {
		return err
	}
	if err := bind(t.target, target); err != nil {
		return err
	}
	return t.run()
}

// inputs are the nodes of what a graph sees of a batch.
type inputs struct {
	picture  *gorgonia.Node
	features *gorgonia.Node // nil without features
}

// newInputs makes the nodes of a batch of pictures of this shape, each with so many
// features.
func newInputs(g *graph, batch int, picture shape, features int) inputs {
	in := inputs{picture: g.variable("picture", nil, picture.batched(batch)...)}
	if features > 0 {
		in.features = g.variable("features", nil, shape{1, 1, features}.batched(batch)...)
	}
	return in
}

// bind lets the nodes be the pictures in x and the features behind them.
func (in inputs) bind(x []float32) error {
	pictures := in.picture.Shape().TotalSize()
	if in.features != nil {
		if err := bind(in.features, x[pictures:]); err != nil {
			return err
		}
	}
	return bind(in.picture, x[:pictures])
}

// exampleSize is how many numbers Step and Predict read an example: its picture and
// its features.
func (n *Network) exampleSize() int { return n.picture.size() + n.features }

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
	if at := kernel.FirstNonFinite(x); at >= t.batch*n.outputOf(n.base).size() {
		return &NonFiniteError{Layer: "features"}
	} else if at >= 0 {
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

// Predict returns the outputs (count, outputs) for count examples, by the running
// statistics. x is the pictures, (count, H, W, C), and behind them all features,
// (count, features). An example's outputs do not depend on the others, nor on count.
func (n *Network) Predict(x []float32, count int) ([]float32, error) {
	return n.evaluate(x, count, none, len(n.layers)-1)
}

// evaluate returns the output of layer to for count examples x of that of layer from,
// and behind them the features, if a layer between joins them.
func (n *Network) evaluate(x []float32, count, from, to int) ([]float32, error) {
	in, out, width := n.outputOf(from), n.outputOf(to).size(), n.joins(from, to)
	size := in.size()
	if count < 0 || len(x) != count*(size+width) {
		return nil, fmt.Errorf("predict: %d numbers are not %d pictures of %v with %d features each", len(x), count, in, width)
	}
	pictures, features := x[:count*size], x[count*size:]
	n.fold(to)
	outputs := make([]float32, 0, count*out)
	for done := 0; done < count; {
		// The graph of the smallest power of two that holds what is left.
		p := piece{1, from, to}
		for p.batch < min(count-done, evaluationBatch) {
			p.batch *= 2
		}
		e := n.evaluations[p]
		if e == nil {
			var err error
			if e, err = n.newEvaluation(p); err != nil {
				return nil, err
			}
		}
		chunk := min(p.batch, count-done)
		pixels := pictures[done*size : (done+chunk)*size]
		if chunk < p.batch || width > 0 {
			if e.padded == nil {
				e.padded = make([]float32, p.batch*(size+width))
			}
			clear(e.padded[copy(e.padded, pixels):])
			copy(e.padded[p.batch*size:], features[done*width:(done+chunk)*width])
			pixels = e.padded
		}
		if err := e.step(pixels); err != nil {
			delete(n.evaluations, p)
			return nil, err
		}
		n.evaluations[p] = e
		outputs = append(outputs, e.output.buffer[:chunk*out]...)
		done += chunk
	}
	return outputs, nil
}

func (e *evaluation) step(x []float32) error {
	if err := e.bind(x); err != nil {
		return err
	}
	return e.run()
}
