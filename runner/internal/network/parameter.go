package network

import (
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/rng"
	"biomass/runner/internal/weights"
)

// Parameter is one trainable tensor. Value and Grad keep their place in memory
// for the life of the network; only the network and its optimisers write them.
// Weights lie as the kernels want them, (height, width, in, out); torch has (out, in,
// height, width) and, for dense, (out, in). in is that of one group.
type Parameter struct {
	Name        string
	Value, Grad []float32

	window, in, out int   // the kernel's layout: window x window x in x out
	shape           []int // torch's
}

func newWeight(name string, window, in, out int, dense bool) *Parameter {
	p := &Parameter{Name: name, window: window, in: in, out: out, shape: []int{out, in, window, window}}
	if dense {
		p.shape = p.shape[:2]
	}
	return p.allocate()
}

func newVector(name string, n int) *Parameter {
	p := &Parameter{Name: name, window: 1, in: 1, out: n, shape: []int{n}}
	return p.allocate()
}

func (p *Parameter) allocate() *Parameter {
	n := p.window * p.window * p.in * p.out
	p.Value, p.Grad = make([]float32, n), make([]float32, n)
	return p
}

// kernelShape is the shape of Value: a vector's has one dimension.
func (p *Parameter) kernelShape() []int {
	if len(p.shape) == 1 {
		return p.shape
	}
	return []int{p.window, p.window, p.in, p.out}
}

// each calls f with every element's index in torch's layout, ascending, and in
// the kernel's.
func (p *Parameter) each(f func(torch, kernel int)) {
	torch, taps := 0, p.window*p.window
	for o := range p.out {
		for i := range p.in {
			for tap := range taps {
				f(torch, (tap*p.in+i)*p.out+o)
				torch++
			}
		}
	}
}

// tensor returns a copy of data, which lies as p.Value does, in torch's layout.
func (p *Parameter) tensor(name string, data []float32) weights.Tensor {
	t := weights.Tensor{Name: name, Shape: slices.Clone(p.shape), Float: make([]float32, len(data))}
	p.each(func(torch, kernel int) { t.Float[torch] = data[kernel] })
	return t
}

// fill is the inverse of tensor.
func (p *Parameter) fill(data []float32, t weights.Tensor) {
	p.each(func(torch, kernel int) { data[kernel] = t.Float[torch] })
}

// draw fills the value from the parameter's own stream, in torch's order.
func (p *Parameter) draw(seed uint64, next func(*rng.Stream) float64) {
	stream := rng.New(seed, "init/"+p.Name)
	p.each(func(_, kernel int) { p.Value[kernel] = float32(next(stream)) })
}

// initialiseTorch gives conv and dense torch's default, the uniform
// distribution on +-1/sqrt(fan in) for weight and bias.
func (l *layer) initialiseTorch(seed uint64) {
	switch l.kind {
	case conv, dense:
		bound := 1 / math.Sqrt(float64(l.window*l.window*l.in.Channels/l.groups))
		for _, p := range l.parameters() {
			p.draw(seed, func(s *rng.Stream) float64 { return bound * (float64(2*s.Float64()) - 1) })
		}
	case batchNorm:
		fill(l.weight.Value, 1)
		fill(l.offset.Value, 0)
		fill(l.running.mean, 0)
		fill(l.running.variance, 1)
		l.running.batches = 0
	}
}

// initialiseResNet gives convolutions the normal distribution of He, Zhang,
// Ren, Sun: Delving Deep into Rectifiers, 2015, by fan out, as torchvision does.
func (l *layer) initialiseResNet(seed uint64) {
	if l.kind != conv {
		l.initialiseTorch(seed)
		return
	}
	deviation := math.Sqrt(2 / float64(l.window*l.window*l.out.Channels))
	l.weight.draw(seed, func(s *rng.Stream) float64 { return deviation * s.Normal() })
}

// initialiseVGG gives convolutions the weights of initialiseResNet, dense layers
// the normal distribution of deviation 0.01, and no bias, as torchvision does in VGG
// and the MobileNets.
func (l *layer) initialiseVGG(seed uint64) {
	l.initialiseUnbiased(seed, func(s *rng.Stream) float64 { return 0.01 * s.Normal() })
}

// initialiseEfficientNet is initialiseVGG with the uniform distribution on
// +-1/sqrt(outputs) for dense layers, as torchvision does in the EfficientNets.
func (l *layer) initialiseEfficientNet(seed uint64) {
	bound := 1 / math.Sqrt(float64(l.out.Channels))
	l.initialiseUnbiased(seed, func(s *rng.Stream) float64 { return bound * (float64(2*s.Float64()) - 1) })
}

// initialiseUnbiased draws the weights of dense layers by next.
func (l *layer) initialiseUnbiased(seed uint64, next func(*rng.Stream) float64) {
	if l.kind == dense {
		l.weight.draw(seed, next)
	} else {
		l.initialiseResNet(seed)
	}
	if l.bias {
		fill(l.offset.Value, 0)
	}
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// Tensors returns copies of all parameters and running statistics, named, in
// the order and the layout of a torch state_dict.
func (n *Network) Tensors() []weights.Tensor {
	var all []weights.Tensor
	for _, l := range n.layers {
		for _, p := range l.parameters() {
			all = append(all, p.tensor(p.Name, p.Value))
		}
		if r := l.running; r != nil {
			all = append(all,
				weights.Tensor{Name: l.name + ".running_mean", Shape: []int{len(r.mean)}, Float: slices.Clone(r.mean)},
				weights.Tensor{Name: l.name + ".running_var", Shape: []int{len(r.variance)}, Float: slices.Clone(r.variance)},
				weights.Tensor{Name: l.name + ".num_batches_tracked", Shape: []int{}, Int: []int64{r.batches}})
		}
	}
	return all
}

// Load sets parameters and running statistics from what Tensors returned, in
// any order. A tensor that is missing, unknown or of another shape is an error,
// and then nothing is changed.
func (n *Network) Load(tensors []weights.Tensor) error {
	named, err := match(n.Tensors(), tensors)
	if err != nil {
		return fmt.Errorf("load weights: %w", err)
	}
	for _, l := range n.layers {
		for _, p := range l.parameters() {
			p.fill(p.Value, named[p.Name])
		}
		if r := l.running; r != nil {
			copy(r.mean, named[l.name+".running_mean"].Float)
			copy(r.variance, named[l.name+".running_var"].Float)
			r.batches = named[l.name+".num_batches_tracked"].Int[0]
		}
	}
	n.changed()
	return nil
}

// match returns the given tensors by name, or what is wrong with them: want
// tells which there must be.
func match(want, given []weights.Tensor) (map[string]weights.Tensor, error) {
	named := make(map[string]weights.Tensor, len(given))
	for _, t := range given {
		if _, twice := named[t.Name]; twice {
			return nil, fmt.Errorf("tensor %s is there twice", t.Name)
		}
		named[t.Name] = t
	}
	for _, w := range want {
		t, ok := named[w.Name]
		switch {
		case !ok:
			return nil, fmt.Errorf("tensor %s is missing: the file belongs to another network", w.Name)
		case !slices.Equal(t.Shape, w.Shape):
			return nil, fmt.Errorf("tensor %s has shape %v, want %v: the file belongs to another network", w.Name, t.Shape, w.Shape)
		case len(t.Float) != len(w.Float) || len(t.Int) != len(w.Int):
			return nil, fmt.Errorf("tensor %s has another type or another number of elements than its shape %v says", w.Name, w.Shape)
		}
	}
	if len(given) != len(want) {
		known := make(map[string]bool, len(want))
		for _, w := range want {
			known[w.Name] = true
		}
		for _, t := range given {
			if !known[t.Name] {
				return nil, fmt.Errorf("tensor %s is in no layer of this network", t.Name)
			}
		}
	}
	return named, nil
}
