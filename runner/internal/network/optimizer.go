package network

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// Optimizer applies the gradients that Network.Step left in the parameters.
type Optimizer struct {
	network *Network
	model   []gorgonia.ValueGrad
	solver  solver
	mean    [][]float32 // of the gradients of several batches, a parameter; nil until Accumulate
}

// solver is a Gorgonia solver whose state can be kept.
type solver interface {
	gorgonia.Solver
	// slots names the tensors that the solver keeps a parameter.
	slots() []slot
	// steps is how often Step has run.
	steps() *int64
	// rate is the learning rate of the next step.
	rate() *float64
	// resumed is called when slots and steps have been set from outside.
	resumed()
}

// slot is one kind of state, a tensor a parameter, by torch's name.
type slot struct {
	name string
	data [][]float32
}

// trained is a parameter as a gorgonia.ValueGrad.
type trained struct {
	parameter   *Parameter
	value, grad gorgonia.Value
}

// Value implements gorgonia.Valuer.
func (t *trained) Value() gorgonia.Value { return t.value }

// Grad implements gorgonia.ValueGrad.
func (t *trained) Grad() (gorgonia.Value, error) { return t.grad, nil }

// NewOptimizer returns the recipe's optimiser of the network's parameters, at
// its beginning. The spec has exactly one of its fields set.
func (n *Network) NewOptimizer(spec recipe.Optimizer) *Optimizer {
	o := &Optimizer{network: n}
	for _, p := range n.all {
		o.model = append(o.model, &trained{p, wrap(p.Value, p.kernelShape()...), wrap(p.Grad, p.kernelShape()...)})
	}
	switch {
	case spec.Adam != nil:
		o.solver = newAdam(*spec.Adam, kernel.AdamStep, n.zeros)
	case spec.AdamW != nil:
		o.solver = newAdam(recipe.Adam(*spec.AdamW), kernel.AdamWStep, n.zeros)
	case spec.RMSprop != nil:
		r := &rmsprop{RMSprop: *spec.RMSprop, square: n.zeros()}
		if r.Centered {
			r.mean = n.zeros()
		}
		if r.Momentum != 0 {
			r.buffer = n.zeros()
		}
		o.solver = r
	default:
		s := &sgd{SGD: *spec.SGD}
		if s.Momentum != 0 {
			s.buffer = n.zeros()
		}
		o.solver = s
	}
	return o
}

// zeros returns a zero for every trainable scalar, a parameter.
func (n *Network) zeros() [][]float32 {
	state := make([][]float32, len(n.all))
	for i, p := range n.all {
		state[i] = make([]float32, len(p.Value))
	}
	return state
}

// Clip shortens the gradient of all parameters, as one vector, to a length of
// about limit if it is longer, as torch.nn.utils.clip_grad_norm_ does. The sums
// are added up in the order of the parameters.
func (o *Optimizer) Clip(limit float64) {
	sum := 0.0
	for _, m := range o.model {
		sum += kernel.SumSquares(m.(*trained).parameter.Grad)
	}
	factor := limit / (math.Sqrt(sum) + 1e-6)
	if factor >= 1 {
		return
	}
	for _, m := range o.model {
		kernel.Scale(m.(*trained).parameter.Grad, float32(factor))
	}
}

// Accumulate replaces the gradients by the mean of them and those of the batches
// before, in which they have this share: their rows by all rows so far. The first
// batch of a step has the share 1. Between a batch and its step the mean is no
// part of the state.
func (o *Optimizer) Accumulate(share float64) {
	if o.mean == nil {
		o.mean = o.network.zeros()
	}
	for i, m := range o.model {
		grad := m.(*trained).parameter.Grad
		if share < 1 {
			kernel.AverageStep(o.mean[i], grad, 1-share)
			copy(grad, o.mean[i])
		} else {
			copy(o.mean[i], grad)
		}
	}
}

// SetRate sets the learning rate of the steps to come. It is no part of the state.
func (o *Optimizer) SetRate(rate float64) { *o.solver.rate() = rate }

// Step applies the gradients once.
func (o *Optimizer) Step() {
	// Gorgonia's interface has an error; no solver here has a reason for one.
	_ = o.solver.Step(o.model)
	o.network.stale = true
}

// Tensors returns copies of the state: torch's names before the parameters'
// (exp_avg/conv1.weight), in torch's layout, and the number of steps as step.
func (o *Optimizer) Tensors() []weights.Tensor {
	all := []weights.Tensor{{Name: "step", Shape: []int{}, Int: []int64{*o.solver.steps()}}}
	for _, s := range o.solver.slots() {
		for i, data := range s.data {
			p := o.model[i].(*trained).parameter
			all = append(all, p.tensor(s.name+"/"+p.Name, data))
		}
	}
	return all
}

// Load sets the state from what Tensors returned, in any order; what does not
// fit is an error, and then nothing is changed.
func (o *Optimizer) Load(tensors []weights.Tensor) error {
	named, err := match(o.Tensors(), tensors)
	if err != nil {
		return fmt.Errorf("load optimizer: %w", err)
	}
	if step := named["step"].Int[0]; step < 0 {
		return fmt.Errorf("load optimizer: %d steps", step)
	}
	*o.solver.steps() = named["step"].Int[0]
	for _, s := range o.solver.slots() {
		for i, data := range s.data {
			p := o.model[i].(*trained).parameter
			p.fill(data, named[s.name+"/"+p.Name])
		}
	}
	o.solver.resumed()
	return nil
}

// adam is torch.optim.Adam and AdamW, which differ in their kernel.
type adam struct {
	recipe.Adam
	step          adamStep
	first, second [][]float32 // the moments, a parameter
	count         int64
	// power1 and power2 are beta1 and beta2 to the power of count, as products:
	// a power function gives other bits on other machines.
	power1, power2 float64
}

type adamStep func(w, g, m, v []float32, rate, beta1, beta2, eps, decay, correction1, correction2 float64)

func newAdam(options recipe.Adam, step adamStep, zeros func() [][]float32) *adam {
	return &adam{Adam: options, step: step, first: zeros(), second: zeros(), power1: 1, power2: 1}
}

// Step implements gorgonia.Solver.
func (a *adam) Step(model []gorgonia.ValueGrad) error {
	a.count++
	a.power1 = float64(a.power1 * a.Beta1)
	a.power2 = float64(a.power2 * a.Beta2)
	for i, m := range model {
		p := m.(*trained).parameter
		a.step(p.Value, p.Grad, a.first[i], a.second[i], a.Rate, a.Beta1, a.Beta2, a.Epsilon, a.WeightDecay, 1-a.power1, 1-a.power2)
	}
	return nil
}

func (a *adam) slots() []slot  { return []slot{{"exp_avg", a.first}, {"exp_avg_sq", a.second}} }
func (a *adam) steps() *int64  { return &a.count }
func (a *adam) rate() *float64 { return &a.Rate }

func (a *adam) resumed() {
	a.power1, a.power2 = 1, 1
	for range a.count {
		a.power1 = float64(a.power1 * a.Beta1)
		a.power2 = float64(a.power2 * a.Beta2)
	}
}

// stateOf returns parameter i's part of a state; nil where there is none.
func stateOf(state [][]float32, i int) []float32 {
	if state == nil {
		return nil
	}
	return state[i]
}

// sgd is torch.optim.SGD.
type sgd struct {
	recipe.SGD
	buffer [][]float32 // the momentum, a parameter; nil without
	count  int64
}

// Step implements gorgonia.Solver.
func (s *sgd) Step(model []gorgonia.ValueGrad) error {
	for i, m := range model {
		p := m.(*trained).parameter
		kernel.SGDStep(p.Value, p.Grad, stateOf(s.buffer, i), s.Rate, s.Momentum, s.WeightDecay, s.Nesterov, s.count == 0)
	}
	s.count++
	return nil
}

func (s *sgd) slots() []slot {
	if s.buffer == nil {
		return nil
	}
	return []slot{{"momentum_buffer", s.buffer}}
}
func (s *sgd) steps() *int64  { return &s.count }
func (s *sgd) rate() *float64 { return &s.Rate }
func (s *sgd) resumed()       {}

// rmsprop is torch.optim.RMSprop.
type rmsprop struct {
	recipe.RMSprop
	square [][]float32 // the mean of the squared gradient, a parameter
	mean   [][]float32 // of the gradient; nil where not centred
	buffer [][]float32 // the momentum; nil without
	count  int64
}

// Step implements gorgonia.Solver.
func (r *rmsprop) Step(model []gorgonia.ValueGrad) error {
	for i, m := range model {
		p := m.(*trained).parameter
		kernel.RMSpropStep(p.Value, p.Grad, r.square[i], stateOf(r.mean, i), stateOf(r.buffer, i), r.Rate, r.Alpha, r.Epsilon, r.Momentum, r.WeightDecay)
	}
	r.count++
	return nil
}

func (r *rmsprop) slots() []slot {
	all := []slot{{"square_avg", r.square}}
	if r.mean != nil {
		all = append(all, slot{"grad_avg", r.mean})
	}
	if r.buffer != nil {
		all = append(all, slot{"momentum_buffer", r.buffer})
	}
	return all
}
func (r *rmsprop) steps() *int64  { return &r.count }
func (r *rmsprop) rate() *float64 { return &r.Rate }
func (r *rmsprop) resumed()       {}
