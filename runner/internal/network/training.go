package network

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/rng"
)

// torch's defaults of a batch norm.
const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// loss is a function of all outputs and targets of a batch and its gradient by
// the outputs, times upstream.
type loss struct {
	name     string
	forward  func(output, target []float32) float32
	backward func(dOutput, output, target []float32, upstream float32)
}

// losses holds the losses by the words of train.loss.
var losses = map[string]loss{
	"mse":   {"mse", kernel.MSEForward, kernel.MSEBackward},
	"mae":   {"mae", kernel.MAEForward, kernel.MAEBackward},
	"huber": {"huber", kernel.HuberForward, kernel.HuberBackward},
}

// training is the graph of one step: forward, loss, gradients.
type training struct {
	*graph
	batch           int
	picture, target *gorgonia.Node
	layers          []*op // each layer's op; nil where another layer's op does its work
	loss            *op
	parameters      map[*Parameter]*gorgonia.Node
	// streams holds, a layer, the random stream of its dropout in this step.
	streams []*rng.Stream
}

// newTraining builds the graph of a step with this batch size.
func (n *Network) newTraining(batch int) (*training, error) {
	t := &training{
		graph: newGraph(n.memory, true), batch: batch,
		layers: make([]*op, len(n.layers)), streams: make([]*rng.Stream, len(n.layers)),
		parameters: map[*Parameter]*gorgonia.Node{},
	}
	t.picture = t.variable("picture", nil, n.picture.batched(batch)...)
	var (
		outputs = make([]*gorgonia.Node, len(n.layers))
		forks   = make([]*op, len(n.layers)) // set once the first reader has come
		readers = n.readers()
		trained gorgonia.Nodes
	)
	read := func(i int) (*gorgonia.Node, *op) {
		if i == none {
			return t.picture, nil
		}
		fork := forks[i]
		if readers[i] > 1 {
			forks[i] = outputs[i].Op().(*op)
		}
		return outputs[i], fork
	}
	for _, i := range n.order() {
		l := n.layers[i]
		if l.fused {
			outputs[i] = outputs[l.input]
			continue
		}
		x, fork := read(l.input)
		children, forked := gorgonia.Nodes{x}, []*op{fork}
		for _, p := range l.parameters() {
			t.parameters[p] = t.variable(p.Name, wrap(p.Value, p.kernelShape()...), p.kernelShape()...)
			children, forked = append(children, t.parameters[p]), append(forked, nil)
			trained = append(trained, t.parameters[p])
		}
		if l.residual != none {
			r, fork := read(l.residual)
			children, forked = append(children, r), append(forked, fork)
		}
		o, err := t.operation(i, l)
		if err != nil {
			return nil, err
		}
		o.name, o.shape, o.forks, o.constant = l.name, l.out.batched(batch), forked, []bool{l.input == none}
		t.layers[i] = o
		if outputs[i], err = t.apply(o, children...); err == nil && readers[i] > 1 {
			outputs[i], err = t.fork(outputs[i], o.shape)
		}
		if err != nil {
			return nil, err
		}
	}
	last := outputs[len(outputs)-1]
	t.target = t.variable("target", nil, n.layers[len(n.layers)-1].out.batched(batch)...)
	t.loss = t.lossOperation(n.loss)
	cost, err := t.apply(t.loss, last, t.target)
	if err != nil {
		return nil, err
	}
	if len(trained) > 0 {
		if _, err := gorgonia.Grad(cost, trained...); err != nil {
			return nil, fmt.Errorf("differentiate the network: %w", err)
		}
	}
	return t, nil
}

// batched returns the tensor shape of a batch, (N, H, W, C).
func (s shape) batched(batch int) tensor.Shape {
	return tensor.Shape{batch, s.Height, s.Width, s.Channels}
}

// operation returns the forward arithmetic of layer i and how it is
// differentiated. Inputs are the layer's input, its parameters, its residual.
func (t *training) operation(i int, l *layer) (*op, error) {
	switch l.kind {
	case conv, dense:
		return t.convolution(l), nil
	case batchNorm:
		return t.batchNorm(l)
	case relu:
		return t.relu(), nil
	case maxPool:
		return t.maxPool(l), nil
	case avgPool:
		p := l.pool(t.batch)
		return t.simple(l, func(y, x []float32) { p.AverageForward(y, x) }, func(dx, dy []float32) { p.AverageBackward(dx, dy) }), nil
	case globalAvgPool:
		area, c := l.in.Height*l.in.Width, l.in.Channels
		return t.simple(l,
			func(y, x []float32) { kernel.GlobalAverageForward(y, x, t.batch, area, c) },
			func(dx, dy []float32) { kernel.GlobalAverageBackward(dx, dy, t.batch, area, c) }), nil
	case adaptiveAvgPool:
		p := l.adaptivePool(t.batch)
		return t.simple(l, func(y, x []float32) { p.AverageForward(y, x) }, func(dx, dy []float32) { p.AverageBackward(dx, dy) }), nil
	case flatten:
		area, c := l.in.Height*l.in.Width, l.in.Channels
		return t.simple(l,
			func(y, x []float32) { transpose(y, x, t.batch, area, c) },
			func(dx, dy []float32) { transpose(dx, dy, t.batch, c, area) }), nil
	case dropout:
		drop := func(y, x []float32) { kernel.Dropout(y, x, l.probability, t.streams[i]) }
		return t.simple(l, drop, drop), nil
	}
	return nil, fmt.Errorf("%s: no arithmetic for this layer", l.where)
}

// gradientOf applies an op of the backward pass.
func (t *training) gradientOf(of string, shape tensor.Shape, alias bool, forward func(in, out [][]float32), inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	return t.apply(&op{name: "gradient of " + of, shape: shape, alias: alias, forward: forward, backward: true}, inputs...)
}

// simple is a layer whose gradient is a function of its upstream gradient alone.
func (t *training) simple(l *layer, forward func(y, x []float32), backward func(dx, dy []float32)) *op {
	return &op{
		forward: func(in, out [][]float32) { forward(out[0], in[0]) },
		gradient: func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf(l.name, l.in.batched(t.batch), false, func(in, out [][]float32) { backward(out[0], in[0]) }, upstream)
			return gorgonia.Nodes{dx}, err
		},
	}
}

// relu works on its upstream gradient in place.
func (t *training) relu() *op {
	return &op{
		forward: func(in, out [][]float32) { kernel.ReLU.Forward(out[0], in[0]) },
		gradient: func(_ gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := t.gradientOf("relu", output.Shape(), true, func(in, out [][]float32) { kernel.ReLU.Backward(out[0], in[0], in[1]) }, upstream, output)
			return gorgonia.Nodes{dx}, err
		},
	}
}

func (t *training) maxPool(l *layer) *op {
	p := l.pool(t.batch)
	winners := make([]uint8, t.batch*l.out.size())
	return t.simple(l,
		func(y, x []float32) { p.MaxForward(y, winners, x) },
		func(dx, dy []float32) { p.MaxBackward(dx, dy, winners) })
}

// convolution is conv and dense: inputs x, weight and, if there is one, bias.
func (t *training) convolution(l *layer) *op {
	c := l.convolution(t.batch)
	rows := t.batch * l.out.Height * l.out.Width
	o := &op{forward: func(in, out [][]float32) {
		var bias []float32
		if l.bias {
			bias = in[2]
		}
		c.Forward(out[0], in[0], in[1], bias)
	}}
	// The outputs of the gradient: weight, then bias and input where wanted.
	o.gradient = func(inputs gorgonia.Nodes, _, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
		wantInput := l.input != none
		backward := &op{name: "gradient of " + l.name, shape: l.weight.kernelShape(), backing: l.weight.Grad, backward: true}
		backward.forward = func(in, out [][]float32) {
			x, w, dy := in[0], in[1], in[2]
			c.WeightGradient(out[0], x, dy)
			if l.bias {
				kernel.ColumnSum(out[1], dy, rows, l.out.Channels)
			}
			if wantInput {
				c.InputGradient(out[len(out)-1], dy, w)
			}
		}
		dw, err := t.apply(backward, inputs[0], inputs[1], upstream)
		if err != nil {
			return nil, err
		}
		gradients := gorgonia.Nodes{nil, dw}
		if l.bias {
			db, err := t.part(dw, "bias", l.offset.Grad, l.offset.kernelShape()...)
			if err != nil {
				return nil, err
			}
			gradients = append(gradients, db)
		}
		if wantInput {
			gradients[0], err = t.part(dw, "input", nil, l.in.batched(t.batch)...)
		}
		return gradients, err
	}
	return o
}

// batchNorm works on its upstream gradient in place: inputs x, weight, bias
// and, if there is one, residual.
func (t *training) batchNorm(l *layer) (*op, error) {
	rows, c := t.batch*l.out.Height*l.out.Width, l.out.Channels
	if rows < 2 {
		return nil, fmt.Errorf("%s: a batch of 1 gives a channel of batch norm a single number, which has no variance: take a larger train.batch, or train.last_batch: drop", l.where)
	}
	mean, invStd := make([]float32, c), make([]float32, c)
	o := &op{forward: func(in, out [][]float32) {
		var residual []float32
		if l.residual != none {
			residual = in[3]
		}
		kernel.BatchNormForward(out[0], in[0], residual, in[1], in[2], mean, invStd, l.running.mean, l.running.variance, normMomentum, normEpsilon, l.activation(), rows, c)
		l.running.batches++
	}}
	// The outputs of the gradient: input, weight, bias, then residual if there is one.
	o.gradient = func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := t.gradientOf(l.name, l.out.batched(t.batch), true, func(in, out [][]float32) {
			var dResidual []float32
			if l.residual != none {
				dResidual = out[3]
			}
			kernel.BatchNormBackward(out[0], dResidual, out[1], out[2], in[0], in[1], in[2], in[3], in[4], mean, invStd, l.activation(), rows, c)
		}, upstream, inputs[0], output, inputs[1], inputs[2])
		if err != nil {
			return nil, err
		}
		gradients := gorgonia.Nodes{dx}
		for _, p := range l.parameters() {
			d, err := t.part(dx, p.Name, p.Grad, p.kernelShape()...)
			if err != nil {
				return nil, err
			}
			gradients = append(gradients, d)
		}
		if l.residual != none {
			d, err := t.part(dx, "residual", nil, l.out.batched(t.batch)...)
			if err != nil {
				return nil, err
			}
			gradients = append(gradients, d)
		}
		return gradients, nil
	}
	return o, nil
}

// activation is what a batch norm ends with.
func (l *layer) activation() kernel.Activation {
	if l.relu {
		return kernel.ReLU
	}
	return kernel.Identity
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
		KH: l.window, KW: l.window, Stride: l.stride, Pad: l.pad,
	}
}

func (l *layer) pool(batch int) kernel.Pool {
	return kernel.Pool{N: batch, H: l.in.Height, W: l.in.Width, C: l.in.Channels, Window: l.window, Stride: l.stride, Pad: l.pad}
}

func (l *layer) adaptivePool(batch int) kernel.AdaptivePool {
	return kernel.AdaptivePool{N: batch, H: l.in.Height, W: l.in.Width, C: l.in.Channels, OutH: l.out.Height, OutW: l.out.Width}
}

// transpose turns each of n matrices (rows, columns) of x into (columns, rows)
// of y. Flatten needs it: torch flattens (C, H, W), our pixels lie (H, W, C).
func transpose(y, x []float32, n, rows, columns int) {
	size := rows * columns
	kernel.Parallel(n, func(i int) {
		x, y := x[i*size:(i+1)*size], y[i*size:(i+1)*size]
		for r := range rows {
			for c, v := range x[r*columns : (r+1)*columns] {
				y[c*rows+r] = v
			}
		}
	})
}
