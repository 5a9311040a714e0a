package network

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// Optimizer applies the gradients that Network.Step left in the parameters.
type Optimizer struct {
	network *Network
	model   []gorgonia.ValueGrad // what trains
	solver  solver
	mean    [][]float32 // of the gradients of several batches, a parameter; nil until Accumulate
	// backbone is what the rate is multiplied by in front of the head.
	backbone float64
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
	// resumed is called when slots, steps or what trains have been set from outside.
	resumed(model []gorgonia.ValueGrad)
}

// slot is one kind of state, a tensor a parameter, by torch's name; nil for one that does
// not train.
type slot struct {
	name string
	data [][]float32
}

// trained is a parameter as a gorgonia.ValueGrad.
type trained struct {
	parameter   *Parameter
	index       int // in Network.Parameters
	value, grad gorgonia.Value
	begun       int64   // the steps that the optimiser had made when it began to train
	factor      float64 // of the rate
}

// Value implements gorgonia.Valuer.
func (t *trained) Value() gorgonia.Value { return t.value }

// Grad implements gorgonia.ValueGrad.
func (t *trained) Grad() (gorgonia.Value, error) { return t.grad, nil }

// NewOptimizer returns the recipe's optimiser of the network's parameters, at
// its beginning. The spec has exactly one of its fields set.
func (n *Network) NewOptimizer(spec recipe.Optimizer) *Optimizer {
	o := &Optimizer{network: n, backbone: 1}
	none := func() [][]float32 { return make([][]float32, len(n.all)) }
	switch {
	case spec.Adam != nil:
		o.solver = &adam{Adam: *spec.Adam, first: none(), second: none()}
	case spec.AdamW != nil:
		o.solver = &adam{Adam: recipe.Adam(*spec.AdamW), decoupled: true, first: none(), second: none()}
	case spec.RMSprop != nil:
		r := &rmsprop{RMSprop: *spec.RMSprop, square: none()}
		if r.Centered {
			r.mean = none()
		}
		if r.Momentum != 0 {
			r.buffer = none()
		}
		o.solver = r
	default:
		s := &sgd{SGD: *spec.SGD}
		if s.Momentum != 0 {
			s.buffer = none()
		}
		o.solver = s
	}
	o.Follow()
	return o
}

// SetBackbone has the parameters in front of the head take steps that are this many times
// those of the head.
func (o *Optimizer) SetBackbone(factor float64) {
	o.backbone = factor
	o.Follow()
}

// Follow takes up what the network trains by now: a parameter that is new has a state of
// zeros and counts its steps from here. One that no longer trains keeps no state.
func (o *Optimizer) Follow() {
	before := map[*Parameter]int64{}
	for _, m := range o.model {
		before[m.(*trained).parameter] = m.(*trained).begun
	}
	o.model, o.mean = nil, nil
	head := map[*Parameter]bool{}
	for _, l := range o.network.layers[o.network.head():] {
		for _, p := range l.parameters() {
			head[p] = true
		}
	}
	trains := map[*Parameter]bool{}
	for _, p := range o.network.trains() {
		trains[p] = true
	}
	for i, p := range o.network.all {
		if !trains[p] {
			for _, s := range o.solver.slots() {
				s.data[i] = nil
			}
			continue
		}
		begun, known := before[p]
		if !known {
			begun = *o.solver.steps()
			for _, s := range o.solver.slots() {
				s.data[i] = make([]float32, len(p.Value))
			}
		}
		t := &trained{parameter: p, index: i, value: wrap(p.Value, p.kernelShape()...), grad: wrap(p.Grad, p.kernelShape()...), begun: begun, factor: o.backbone}
		if head[p] {
			t.factor = 1
		}
		o.model = append(o.model, t)
	}
	o.resume()
}

// resume tells the solver that counts have been set from outside.
func (o *Optimizer) resume() { o.solver.resumed(o.model) }

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
	for i, m := range o.model {
		grad := m.(*trained).parameter.Grad
		if i == len(o.mean) {
			o.mean = append(o.mean, make([]float32, len(grad)))
		}
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
// (exp_avg/conv1.weight), in torch's layout, the number of steps as step, and as
// begun/NAME the number at which a parameter that was frozen began to train.
func (o *Optimizer) Tensors() []weights.Tensor {
	all := []weights.Tensor{{Name: "step", Shape: []int{}, Int: []int64{*o.solver.steps()}}}
	for _, m := range o.model {
		if t := m.(*trained); t.begun > 0 {
			all = append(all, weights.Tensor{Name: begunAt + t.parameter.Name, Shape: []int{}, Int: []int64{t.begun}})
		}
	}
	for _, s := range o.solver.slots() {
		for _, m := range o.model {
			t := m.(*trained)
			all = append(all, t.parameter.tensor(s.name+"/"+t.parameter.Name, s.data[t.index]))
		}
	}
	return all
}

const begunAt = "begun/"

// Load sets the state from what Tensors returned, in any order; what does not
// fit is an error, and then nothing is changed.
func (o *Optimizer) Load(tensors []weights.Tensor) error {
	counts := map[string]int64{}
	tensors = slices.DeleteFunc(slices.Clone(tensors), func(t weights.Tensor) bool {
		name, begun := strings.CutPrefix(t.Name, begunAt)
		if begun && len(t.Int) == 1 {
			counts[name] = t.Int[0]
		}
		return begun
	})
	want := slices.DeleteFunc(o.Tensors(), func(t weights.Tensor) bool { return strings.HasPrefix(t.Name, begunAt) })
	named, err := match(want, tensors)
	if err != nil {
		return fmt.Errorf("load optimizer: %w", err)
	}
	step := named["step"].Int[0]
	if step < 0 {
		return fmt.Errorf("load optimizer: %d steps", step)
	}
	for name, begun := range counts {
		if begun < 0 || begun > step || !slices.ContainsFunc(o.model, func(m gorgonia.ValueGrad) bool { return m.(*trained).parameter.Name == name }) {
			return fmt.Errorf("load optimizer: %s%s is %d of %d steps", begunAt, name, begun, step)
		}
	}
	*o.solver.steps() = step
	for _, m := range o.model {
		t := m.(*trained)
		t.begun = counts[t.parameter.Name]
		for _, s := range o.solver.slots() {
			t.parameter.fill(s.data[t.index], named[s.name+"/"+t.parameter.Name])
		}
	}
	o.resume()
	return nil
}

// adam is torch.optim.Adam and AdamW, whose decay is decoupled.
type adam struct {
	recipe.Adam
	decoupled     bool
	first, second [][]float32 // the moments, a parameter
	count         int64
	// power1 and power2 are beta1 and beta2 to the power of a parameter's steps, as
	// products: a power function gives other bits on other machines.
	power1, power2 []float64
}

// Step implements gorgonia.Solver.
func (a *adam) Step(model []gorgonia.ValueGrad) error {
	a.count++
	for k, m := range model {
		a.power1[k] = float64(a.power1[k] * a.Beta1)
		a.power2[k] = float64(a.power2[k] * a.Beta2)
		t := m.(*trained)
		p, i := t.parameter, t.index
		kernel.Adam{Rate: float64(a.Rate * t.factor), Beta1: a.Beta1, Beta2: a.Beta2, Epsilon: a.Epsilon, Decay: a.WeightDecay, Decoupled: a.decoupled}.
			Step(p.Value, p.Grad, a.first[i], a.second[i], a.power1[k], a.power2[k])
	}
	return nil
}

func (a *adam) slots() []slot  { return []slot{{"exp_avg", a.first}, {"exp_avg_sq", a.second}} }
func (a *adam) steps() *int64  { return &a.count }
func (a *adam) rate() *float64 { return &a.Rate }

func (a *adam) resumed(model []gorgonia.ValueGrad) {
	a.power1, a.power2 = make([]float64, len(model)), make([]float64, len(model))
	for k, m := range model {
		if begun := m.(*trained).begun; k > 0 && begun == model[k-1].(*trained).begun {
			a.power1[k], a.power2[k] = a.power1[k-1], a.power2[k-1]
			continue
		}
		a.power1[k], a.power2[k] = 1, 1
		for range a.count - m.(*trained).begun {
			a.power1[k] = float64(a.power1[k] * a.Beta1)
			a.power2[k] = float64(a.power2[k] * a.Beta2)
		}
	}
}

// stateOf returns a parameter's part of a state; nil where there is none.
func stateOf(state [][]float32, t *trained) []float32 {
	if state == nil {
		return nil
	}
	return state[t.index]
}

// sgd is torch.optim.SGD.
type sgd struct {
	recipe.SGD
	buffer [][]float32 // the momentum, a parameter; nil without
	count  int64
}

// Step implements gorgonia.Solver.
func (s *sgd) Step(model []gorgonia.ValueGrad) error {
	for _, m := range model {
		t := m.(*trained)
		kernel.SGD{Rate: float64(s.Rate * t.factor), Momentum: s.Momentum, Decay: s.WeightDecay, Nesterov: s.Nesterov}.
			Step(t.parameter.Value, t.parameter.Grad, stateOf(s.buffer, t), s.count == t.begun)
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
func (s *sgd) steps() *int64                { return &s.count }
func (s *sgd) rate() *float64               { return &s.Rate }
func (s *sgd) resumed([]gorgonia.ValueGrad) {}

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
	for _, m := range model {
		t := m.(*trained)
		p := t.parameter
		kernel.RMSprop{Rate: float64(r.Rate * t.factor), Alpha: r.Alpha, Epsilon: r.Epsilon, Momentum: r.Momentum, Decay: r.WeightDecay}.
			Step(p.Value, p.Grad, r.square[t.index], stateOf(r.mean, t), stateOf(r.buffer, t))
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
func (r *rmsprop) steps() *int64                { return &r.count }
func (r *rmsprop) rate() *float64               { return &r.Rate }
func (r *rmsprop) resumed([]gorgonia.ValueGrad) {}
