package network

import (
	"gorgonia.org/gorgonia"

	"biomass/runner/internal/kernel"
)

// evaluationBatch is how many examples an evaluation graph takes at most. It
// cannot be seen in a result: no example's output depends on the others.
const evaluationBatch = 32

// evaluation is the graph of a forward pass in which batch norms are folded
// into the convolutions before them.
type evaluation struct {
	*graph
	inputs
	// padded is a chunk that does not lie in memory as bind wants it: it is smaller than
	// the batch, or has features. Nil until there is one.
	padded []float32
}

// piece is what an evaluation graph works out: the layers behind from up to to, for a batch.
type piece struct{ batch, from, to int }

// unit is what one op of the evaluation graph does: a convolution, the batch norm
// behind it, folded into its weights, and then an addition and an activation.
type unit struct {
	convolution  *layer // conv, dense; nil where the batch norm stands alone
	norm         *layer // nil for none
	input, other int    // the layers that it reads; none: the picture, no addition
	act          kernel.Activation
	end          int // the layer whose output it gives
	weight, bias []float32
}

// newUnits returns, a layer, the unit that does its work; nil for layers of which
// nothing is folded.
func (n *Network) newUnits() []*unit {
	units := make([]*unit, len(n.layers))
	readers := n.readers()
	for i, l := range n.layers {
		// The unit that the layer may join: it is the only reader.
		var u *unit
		if l.input != none && readers[l.input] == 1 && units[l.input] != nil && units[l.input].act == kernel.Identity {
			u = units[l.input]
		}
		act, isActivation := activations[l.kind]
		switch {
		case l.kind == conv || l.kind == dense:
			u = &unit{convolution: l, input: l.input, other: l.other, act: l.act, weight: l.weight.Value}
			if l.bias {
				u.bias = l.offset.Value
			}
		case l.kind == batchNorm:
			if u == nil || u.norm != nil || u.other != none {
				u = &unit{input: l.input, weight: make([]float32, l.out.Channels)}
			} else {
				u.weight = make([]float32, len(u.weight))
			}
			u.norm, u.bias, u.other, u.act = l, make([]float32, l.out.Channels), l.other, l.act
		case u == nil || l.fused:
			continue
		case isActivation:
			u.act = act
		case l.kind == stochasticDepth && u.other == none:
			u.other = l.other
		default:
			continue
		}
		units[i], u.end = u, i
	}
	return units
}

// fold brings the weights and biases of the units up to layer to up to date.
func (n *Network) fold(to int) {
	for i, u := range n.units[:to+1] {
		if stale := n.stale && i > n.base || n.baseStale && i <= n.base; !stale || u == nil || u.end != i || u.norm == nil {
			continue
		}
		var weight, bias []float32
		if l := u.convolution; l == nil {
			weight = make([]float32, u.norm.out.Channels)
			fill(weight, 1)
		} else {
			weight = l.weight.Value
			if l.bias {
				bias = l.offset.Value
			}
		}
		u.norm.normalization(1).Fold(u.weight, u.bias, weight, bias)
	}
	n.baseStale = false
	if to == len(n.layers)-1 {
		n.stale = false
	}
}

// shape returns the convolution's dimensions: one of 1x1 a channel for a batch norm
// that stands alone.
func (u *unit) shape(batch int) kernel.Conv {
	if u.convolution != nil {
		return u.convolution.convolution(batch)
	}
	in := u.norm.in
	return kernel.Conv{N: batch, H: in.Height, W: in.Width, Cin: in.Channels, Cout: in.Channels, KH: 1, KW: 1, Stride: 1, Groups: in.Channels}
}

// operation returns the unit's arithmetic: inputs x, weight and what is added.
func (u *unit) operation(batch int) func(in, out [][]float32) {
	c := pooledConv{Conv: u.shape(batch)}
	if u.convolution != nil {
		c = u.convolution.pooledConv(batch)
	}
	return func(in, out [][]float32) {
		var other []float32
		if u.other != none {
			other = in[2]
		}
		c.forward(out[0], in[0], in[1], u.bias, other, u.act)
	}
}

// newEvaluation builds the graph of a forward pass through a piece of the network.
func (n *Network) newEvaluation(p piece) (*evaluation, error) {
	batch := p.batch
	e := &evaluation{graph: newGraph(n.reserve)}
	e.inputs = newInputs(e.graph, batch, n.outputOf(p.from), n.joins(p.from, p.to))
	outputs := make([]*gorgonia.Node, len(n.layers))
	read := func(i int) *gorgonia.Node {
		switch i {
		case p.from:
			return e.picture
		case beside:
			return e.features
		}
		return outputs[i]
	}
	for _, i := range n.order() {
		l, u := n.layers[i], n.units[i]
		switch {
		case i <= p.from || i > p.to:
			continue
		case u != nil && u.end != i:
			continue // a later layer of the unit does its work
		case l.kind == dropout || l.fused:
			outputs[i] = read(l.input)
			continue
		}
		o := &op{name: l.name, shape: l.result().batched(batch)}
		children := gorgonia.Nodes{read(l.input)}
		other := l.other
		if u != nil {
			c := u.shape(batch)
			shape := []int{c.KH, c.KW, c.Cin / c.Groups, c.Cout}
			children = gorgonia.Nodes{read(u.input), e.variable(l.name+" folded weight", wrap(u.weight, shape...), shape...)}
			o.forward, other = u.operation(batch), u.other
		} else {
			o.forward, o.inPlace = l.evaluate(batch)
		}
		if other != none {
			children = append(children, read(other))
		}
		var err error
		if outputs[i], err = e.apply(o, children...); err != nil {
			return nil, err
		}
	}
	e.output = outputs[p.to].Op().(*op)
	return e, nil
}

// evaluate returns the arithmetic of the layers of which nothing is folded, and
// whether it may be done in place.
func (l *layer) evaluate(batch int) (forward func(in, out [][]float32), inPlace bool) {
	area, c := l.in.Height*l.in.Width, l.in.Channels
	if act, ok := activations[l.kind]; ok {
		return func(in, out [][]float32) { act.Forward(out[0], in[0]) }, true
	}
	switch l.kind {
	case maxPool:
		return func(in, out [][]float32) { l.pooling(batch).MaxForward(out[0], nil, in[0]) }, false
	case avgPool:
		return func(in, out [][]float32) { l.pooling(batch).AverageForward(out[0], in[0]) }, false
	case globalAvgPool:
		return func(in, out [][]float32) { kernel.GlobalAverageForward(out[0], in[0], batch, area, c) }, false
	case adaptiveAvgPool:
		return func(in, out [][]float32) { l.adaptivePool(batch).AverageForward(out[0], in[0]) }, false
	case join:
		return func(in, out [][]float32) { joined(out[0], in[0], in[1], batch) }, false
	case scale:
		return func(in, out [][]float32) { kernel.ScaleChannels(out[0], in[0], in[1], batch, area, c) }, true
	case subsample:
		return func(in, out [][]float32) { l.subsampling(batch).Forward(out[0], in[0]) }, false
	case stochasticDepth:
		return func(in, out [][]float32) { kernel.Add(out[0], in[0], in[1]) }, true
	}
	return func(in, out [][]float32) { kernel.Transpose(out[0], in[0], batch, area, c) }, false // flatten
}
