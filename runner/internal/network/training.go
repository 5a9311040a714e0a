package network

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/rng"
)

// training is the graph of one step: forward, loss, gradients.
type training struct {
	*graph
	inputs     // the picture is the base's output where there is a base
	batch      int
	learns     []bool // as Network.learning
	target     *gorgonia.Node
	layers     []*op // each layer's op; nil where another layer's op does its work
	loss       *op
	parameters map[*Parameter]*gorgonia.Node
	// streams holds, a layer, its random stream in this step.
	streams []*rng.Stream
}

// newTraining builds the graph of a step with this batch size.
func (n *Network) newTraining(batch int) (*training, error) {
	t := &training{
		graph: newGraph(n.reserve), batch: batch, learns: n.learning(),
		layers: make([]*op, len(n.layers)), streams: make([]*rng.Stream, len(n.layers)),
		parameters: map[*Parameter]*gorgonia.Node{},
	}
	t.inputs = newInputs(t.graph, batch, n.outputOf(n.base), n.features)
	w := &wiring{training: t, outputs: make([]*gorgonia.Node, len(n.layers)), forks: make([]*op, len(n.layers)), readers: n.readers()}
	if n.base != none {
		var err error
		if w.outputs[n.base], err = t.begin(w.readers[n.base], t.wants(n.base)); err != nil {
			return nil, err
		}
	}
	for _, i := range n.order() {
		if i > n.base {
			if err := w.add(i, n.layers[i]); err != nil {
				return nil, err
			}
		}
	}
	return t, w.differentiate(n)
}

// wiring is a training graph while it is built.
type wiring struct {
	*training
	outputs []*gorgonia.Node // a layer
	forks   []*op            // of its output; set once the first reader has come
	readers []int            // of its output
	trained gorgonia.Nodes   // what Gorgonia is to differentiate by
}

// read returns the node of layer i's output, and the fork that collects this reader's
// gradient, or nil.
func (w *wiring) read(i int) (*gorgonia.Node, *op) {
	switch i {
	case none:
		return w.picture, nil
	case beside:
		return w.features, nil
	}
	fork := w.forks[i]
	if w.readers[i] > 1 && w.learns[i] {
		w.forks[i] = w.outputs[i].Op().(*op)
	}
	return w.outputs[i], fork
}

// add makes the node of layer i.
func (w *wiring) add(i int, l *layer) error {
	if l.fused {
		w.outputs[i] = w.outputs[l.input]
		return nil
	}
	o, err := w.operation(i, l)
	if err != nil {
		return err
	}
	var children gorgonia.Nodes
	take := func(child *gorgonia.Node, fork *op, wanted bool) {
		children, o.forks, o.constant = append(children, child), append(o.forks, fork), append(o.constant, !wanted)
	}
	x, fork := w.read(l.input)
	take(x, fork, w.wants(l.input))
	for _, p := range l.parameters() {
		w.parameters[p] = w.variable(p.Name, wrap(p.Value, p.kernelShape()...), p.kernelShape()...)
		take(w.parameters[p], nil, !l.frozen)
		if !l.frozen {
			w.trained = append(w.trained, w.parameters[p])
		}
	}
	if l.other != none {
		other, fork := w.read(l.other)
		take(other, fork, w.wants(l.other))
	}
	if l.frozen && onlyCollected(o.forks, o.constant) {
		o.anchored, o.constant[1] = true, false
		w.trained = append(w.trained, children[1])
	}
	o.name, o.shape = l.name, l.result().batched(w.batch)
	w.layers[i] = o
	if w.outputs[i], err = w.apply(o, children...); err == nil && w.readers[i] > 1 && w.learns[i] {
		w.outputs[i], err = w.fork(w.outputs[i], o.shape)
	}
	return err
}

// differentiate ends the graph with the loss and the gradients.
func (w *wiring) differentiate(n *Network) error {
	w.target = w.variable("target", nil, w.batch, n.loss.targets(n.outputs))
	w.loss = w.lossOperation(n.loss)
	cost, err := w.apply(w.loss, w.outputs[len(w.outputs)-1], w.target)
	if err != nil {
		return err
	}
	if w.wants(n.base) {
		w.trained = append(w.trained, w.picture)
	}
	if len(w.trained) == 0 {
		return nil
	}
	gradients, err := gorgonia.Grad(cost, w.trained...)
	if err != nil {
		return fmt.Errorf("differentiate the network: %w", err)
	}
	if w.wants(n.base) {
		w.output = gradients[len(gradients)-1].Op().(*op)
	}
	return nil
}

// begin returns the node of the base's output. Where its gradient is asked for, that is an
// op's, since only an op's output can be forked.
func (t *training) begin(readers int, asked bool) (*gorgonia.Node, error) {
	if !asked {
		return t.picture, nil
	}
	o := &op{
		name: "base", shape: t.picture.Shape(),
		forward: func(in, out [][]float32) { copy(out[0], in[0]) },
		gradient: func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{upstream}, nil
		},
	}
	node, err := t.apply(o, t.picture)
	if err == nil && readers > 1 {
		node, err = t.fork(node, o.shape)
	}
	return node, err
}

// onlyCollected reports whether some gradients are wanted, and forks collect them all.
func onlyCollected(forks []*op, constant []bool) bool {
	collected := false
	for i, unwanted := range constant {
		if !unwanted && forks[i] == nil {
			return false
		}
		collected = collected || !unwanted
	}
	return collected
}

// wants reports whether the gradient of a layer's output is wanted: some parameter trains
// that the output depends on. That of the picture and of the features never is.
func (t *training) wants(i int) bool { return i >= 0 && t.learns[i] }

// batched returns the tensor shape of a batch, (N, H, W, C).
func (s shape) batched(batch int) tensor.Shape {
	return tensor.Shape{batch, s.Height, s.Width, s.Channels}
}

// operation returns the forward arithmetic of layer i and how it is
// differentiated. Inputs are the layer's input, its parameters, its other input.
func (t *training) operation(i int, l *layer) (*op, error) {
	if act, ok := activations[l.kind]; ok {
		return t.activation(l, act), nil
	}
	area, c := l.in.Height*l.in.Width, l.in.Channels
	switch l.kind {
	case conv, dense:
		return t.convolution(l), nil
	case batchNorm:
		return t.batchNorm(l)
	case maxPool:
		return t.maxPool(l), nil
	case avgPool:
		p := l.pooling(t.batch)
		return t.simple(l, p.AverageForward, p.AverageBackward), nil
	case globalAvgPool:
		return t.simple(l,
			func(y, x []float32) { kernel.GlobalAverageForward(y, x, t.batch, area, c) },
			func(dx, dy []float32) { kernel.GlobalAverageBackward(dx, dy, t.batch, area, c) }), nil
	case adaptiveAvgPool:
		p := l.adaptivePool(t.batch)
		return t.simple(l, p.AverageForward, p.AverageBackward), nil
	case flatten:
		return t.simple(l,
			func(y, x []float32) { kernel.Transpose(y, x, t.batch, area, c) },
			func(dx, dy []float32) { kernel.Transpose(dx, dy, t.batch, c, area) }), nil
	case dropout:
		drop := func(y, x []float32) { kernel.Dropout(y, x, l.probability, t.streams[i]) }
		o := t.simple(l, drop, drop)
		o.inPlace = true
		return o, nil
	case scale:
		return t.scale(l), nil
	case join:
		return t.join(l), nil
	case subsample:
		s := l.subsampling(t.batch)
		return t.simple(l, s.Forward, s.Backward), nil
	case stochasticDepth:
		return t.stochasticDepth(i, l), nil
	}
	return nil, fmt.Errorf("%s: no arithmetic for this layer", l.where)
}

// gradientOf applies an op of the backward pass.
func (t *training) gradientOf(of string, shape tensor.Shape, inPlace bool, forward func(in, out [][]float32), inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	return t.apply(&op{name: "gradient of " + of, shape: shape, inPlace: inPlace, forward: forward}, inputs...)
}

// simple is a layer whose gradient is a function of its upstream gradient alone.
func (t *training) simple(l *layer, forward func(y, x []float32), backward func(dx, dy []float32)) *op {
	return &op{
		forward: func(in, out [][]float32) { forward(out[0], in[0]) },
		gradient: func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			inPlace := l.kind == dropout
			dx, err := t.gradientOf(l.name, l.in.batched(t.batch), inPlace, func(in, out [][]float32) { backward(out[0], in[0]) }, upstream)
			return gorgonia.Nodes{dx}, err
		},
	}
}

// activation reads its output in the backward pass if that tells as much as its
// input, which then need not be kept.
func (t *training) activation(l *layer, act kernel.Activation) *op {
	return &op{
		inPlace: true,
		forward: func(in, out [][]float32) { act.Forward(out[0], in[0]) },
		gradient: func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			x := inputs[0]
			if act == kernel.ReLU {
				x = output
			}
			dx, err := t.gradientOf(l.name, x.Shape(), true, func(in, out [][]float32) { act.Backward(out[0], in[0], in[1]) }, upstream, x)
			return gorgonia.Nodes{dx}, err
		},
	}
}

// scale has the inputs x and the channels' factors.
func (t *training) scale(l *layer) *op {
	area, c := l.in.Height*l.in.Width, l.in.Channels
	return &op{
		inPlace: true,
		forward: func(in, out [][]float32) { kernel.ScaleChannels(out[0], in[0], in[1], t.batch, area, c) },
		gradient: func(inputs gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf(l.name, l.in.batched(t.batch), true, func(in, out [][]float32) {
				kernel.ScaleChannelsBackward(out[0], out[1], in[0], in[1], in[2], t.batch, area, c)
			}, upstream, inputs[0], inputs[1])
			if err != nil {
				return nil, err
			}
			ds, err := t.part(dx, op{name: "factors"}, inputs[1].Shape()...)
			return gorgonia.Nodes{dx, ds}, err
		},
	}
}

// join has the inputs x and the features, which are data and have no gradient.
func (t *training) join(l *layer) *op {
	return &op{
		forward: func(in, out [][]float32) { joined(out[0], in[0], in[1], t.batch) },
		gradient: func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf(l.name, l.in.batched(t.batch), false, func(in, out [][]float32) { parted(out[0], in[0], t.batch) }, upstream)
			return gorgonia.Nodes{dx, nil}, err
		},
	}
}

// stochasticDepth has the inputs x and what the rest of it is added to, whose
// gradient is the upstream one.
func (t *training) stochasticDepth(i int, l *layer) *op {
	drop := func(y, x []float32) {
		kernel.StochasticDepth(y, x, l.probability, t.batch, l.in.size(), t.streams[i])
	}
	return &op{
		inPlace: true,
		forward: func(in, out [][]float32) {
			drop(out[0], in[0])
			kernel.Add(out[0], out[0], in[1])
		},
		gradient: func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf(l.name, l.in.batched(t.batch), true, func(in, out [][]float32) { drop(out[0], in[0]) }, upstream)
			return gorgonia.Nodes{dx, upstream}, err
		},
	}
}

// maxPool remembers which elements it took, and reads nothing else in the backward pass.
func (t *training) maxPool(l *layer) *op {
	p := l.pooling(t.batch)
	winners := make([]uint8, t.batch*l.out.size())
	return t.simple(l,
		func(y, x []float32) { p.MaxForward(y, winners, x) },
		func(dx, dy []float32) { p.MaxBackward(dx, dy, winners) })
}

// convolution has the inputs x, weight and, if there are any, bias and what is added.
func (t *training) convolution(l *layer) *op {
	c := l.pooledConv(t.batch)
	if c.pool != nil {
		c.winners = make([]uint8, t.batch*l.pool.out.size())
	}
	return &op{
		forward: func(in, out [][]float32) {
			var bias, residual []float32
			if l.bias {
				bias = in[2]
			}
			if l.other != none {
				residual = in[len(in)-1]
			}
			c.forward(out[0], in[0], in[1], bias, residual, l.act)
		},
		gradient: func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			if l.act != kernel.Identity {
				var err error
				if upstream, err = t.gradientOf(l.act.String()+" behind "+l.name, output.Shape(), true, func(in, out [][]float32) { l.act.Backward(out[0], in[0], in[1]) }, upstream, output); err != nil {
					return nil, err
				}
			}
			return t.convolutionGradient(l, c, inputs, upstream)
		},
	}
}

// convolutionGradient makes the gradients of a convolution's inputs from that of what it
// gives before its activation.
func (t *training) convolutionGradient(l *layer, c pooledConv, inputs gorgonia.Nodes, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
	gradients := make(gorgonia.Nodes, len(inputs))
	if l.other != none {
		gradients[len(inputs)-1] = upstream
	}
	wantInput := t.wants(l.input)
	if l.frozen {
		var err error
		if wantInput {
			gradients[0], err = t.gradientOf(l.name, l.in.batched(t.batch), false, func(in, out [][]float32) { c.backward(nil, nil, out[0], nil, in[1], in[0]) }, upstream, inputs[1])
		}
		return gradients, err
	}
	// The outputs: weight, then bias and input where wanted.
	gradient := &op{name: "gradient of " + l.name, shape: l.weight.kernelShape(), backing: l.weight.Grad}
	gradient.forward = func(in, out [][]float32) {
		var db, dx []float32
		if l.bias {
			db = out[1]
		}
		if wantInput {
			dx = out[len(out)-1]
		}
		c.backward(out[0], db, dx, in[0], in[1], in[2])
	}
	dw, err := t.apply(gradient, inputs[0], inputs[1], upstream)
	if err != nil {
		return nil, err
	}
	gradients[1] = dw
	if l.bias {
		if gradients[2], err = t.part(dw, op{name: l.offset.Name, backing: l.offset.Grad}, l.offset.kernelShape()...); err != nil {
			return nil, err
		}
	}
	if wantInput {
		// In the place of x, which has been read by then.
		gradients[0], err = t.part(dw, op{name: "input", inPlace: true}, l.in.batched(t.batch)...)
	}
	return gradients, err
}

// batchNorm has the inputs x, weight, bias and, if there is one, what is added.
func (t *training) batchNorm(l *layer) (*op, error) {
	norm := l.normalization(t.batch)
	if norm.Rows < 2 && !l.fixed {
		return nil, fmt.Errorf("%s: a batch of 1 gives a channel of batch norm a single number, which has no variance: take a larger train.batch, or train.last_batch: drop", l.where)
	}
	norm.Mean, norm.InvStd = make([]float32, norm.C), make([]float32, norm.C)
	o := &op{forward: func(in, out [][]float32) {
		var residual []float32
		if l.other != none {
			residual = in[3]
		}
		norm.Forward(out[0], in[0], residual)
		if !l.fixed {
			l.running.batches++
		}
	}}
	// The outputs of the gradient: input, then weight and bias unless all is fixed, then the
	// other if there is one.
	o.gradient = func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
		reads := gorgonia.Nodes{upstream, inputs[0]}
		// What entered the activation is computed again from x, but for what was added.
		readsOutput := l.act == kernel.ReLU && l.other != none
		if readsOutput {
			reads = append(reads, output)
		}
		dx, err := t.gradientOf(l.name, l.out.batched(t.batch), true, func(in, out [][]float32) {
			var y, dWeight, dBias, dOther []float32
			if readsOutput {
				y = in[2]
			}
			if !l.fixed {
				dWeight, dBias = out[1], out[2]
			}
			if l.other != none {
				dOther = out[len(out)-1]
			}
			norm.Backward(out[0], dOther, dWeight, dBias, in[0], in[1], y)
		}, reads...)
		if err != nil {
			return nil, err
		}
		gradients := make(gorgonia.Nodes, len(inputs))
		gradients[0] = dx
		for i, p := range l.parameters() {
			if l.fixed {
				break
			}
			d, err := t.part(dx, op{name: p.Name, backing: p.Grad}, p.kernelShape()...)
			if err != nil {
				return nil, err
			}
			if !l.frozen { // else it is written all the same, beside that of the input
				gradients[1+i] = d
			}
		}
		if l.other != none {
			gradients[3], err = t.part(dx, op{name: "other"}, l.out.batched(t.batch)...)
		}
		return gradients, err
	}
	return o, nil
}

// lossOperation reads the outputs and the targets and gives one number.
func (t *training) lossOperation(f loss) *op {
	return &op{
		name: f.name, shape: tensor.Shape{}, constant: []bool{false, true},
		forward: func(in, out [][]float32) { out[0][0] = f.forward(in[0], in[1]) },
		gradient: func(inputs gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf(f.name, inputs[0].Shape(), false, func(in, out [][]float32) {
				f.backward(out[0], in[0], in[1], in[2][0])
			}, inputs[0], inputs[1], upstream)
			return gorgonia.Nodes{dx, nil}, err
		},
	}
}

// convolution describes conv, or dense as the convolution of one pixel.
func (l *layer) convolution(batch int) kernel.Conv {
	return kernel.Conv{
		N: batch, H: l.in.Height, W: l.in.Width, Cin: l.in.Channels, Cout: l.out.Channels,
		KH: l.window, KW: l.window, Stride: l.stride, Pad: l.pad, Dilation: l.dilation, Groups: l.groups, End: l.end,
	}
}

// pooledConv is the arithmetic of conv and dense, with the max_pool that is done in the
// same pass.
type pooledConv struct {
	kernel.Conv
	pool    *kernel.Pool // nil for none
	winners []uint8      // the elements that the pool took, for backward; nil in an evaluation
}

func (l *layer) pooledConv(batch int) pooledConv {
	c := pooledConv{Conv: l.convolution(batch)}
	if l.pool != nil {
		p := l.pool.pooling(batch)
		c.pool = &p
	}
	return c
}

func (c pooledConv) forward(y, x, w, bias, residual []float32, act kernel.Activation) {
	if c.pool != nil {
		c.ForwardPooled(y, c.winners, x, w, bias, *c.pool)
		return
	}
	c.ForwardThen(y, x, w, bias, residual, act)
}

// backward sets those gradients that are not nil, the activation's having been taken.
func (c pooledConv) backward(dw, db, dx, x, w, dy []float32) {
	if c.pool != nil {
		c.BackwardPooled(dw, db, dx, x, w, dy, c.winners, *c.pool)
		return
	}
	if dw != nil {
		c.WeightGradient(dw, x, dy)
	}
	if db != nil {
		kernel.ColumnSum(db, dy, len(dy)/c.Cout, c.Cout)
	}
	if dx != nil {
		c.InputGradient(dx, dy, w)
	}
}

// normalization describes a batch_norm, but for the statistics of a batch.
func (l *layer) normalization(batch int) *kernel.BatchNorm {
	return &kernel.BatchNorm{
		Rows: batch * l.out.Height * l.out.Width, C: l.out.Channels, Act: l.act, Epsilon: l.epsilon, Momentum: l.momentum, Fixed: l.fixed,
		Gamma: l.weight.Value, Beta: l.offset.Value, RunningMean: l.running.mean, RunningVar: l.running.variance,
	}
}

func (l *layer) subsampling(batch int) kernel.Subsample {
	return kernel.Subsample{N: batch, H: l.in.Height, W: l.in.Width, C: l.in.Channels, Stride: l.stride, OutC: l.out.Channels}
}

func (l *layer) pooling(batch int) kernel.Pool {
	return kernel.Pool{N: batch, H: l.in.Height, W: l.in.Width, C: l.in.Channels, Window: l.window, Stride: l.stride, Pad: l.pad, ReLU: l.act == kernel.ReLU}
}

func (l *layer) adaptivePool(batch int) kernel.AdaptivePool {
	return kernel.AdaptivePool{N: batch, H: l.in.Height, W: l.in.Width, C: l.in.Channels, OutH: l.out.Height, OutW: l.out.Width}
}
