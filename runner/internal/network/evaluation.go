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
	batch   int
	picture *gorgonia.Node
	output  *op
	padded  []float32 // a chunk that is smaller than the batch, behind it zeros
}

// folded is a convolution of the evaluation graph: a conv or dense with the
// batch_norm behind it, or one of them alone.
type folded struct {
	convolution  *layer // nil: norm stands alone
	norm         *layer // nil: no batch_norm behind it
	weight, bias []float32
	identity     []float32 // weight of the convolution that a lone norm is folded into
}

// foldings returns, a layer, the convolution that ends in it; nil for layers
// that are none, and for a conv that ends in the batch_norm behind it.
func (n *Network) foldings() []*folded {
	all := make([]*folded, len(n.layers))
	readers := n.readers()
	for i, l := range n.layers {
		switch l.kind {
		case conv, dense:
			all[i] = &folded{convolution: l, weight: l.weight.Value}
			if l.bias {
				all[i].bias = l.offset.Value
			}
		case batchNorm:
			f := &folded{norm: l, bias: make([]float32, l.out.Channels)}
			if l.input != none && all[l.input] != nil && all[l.input].norm == nil && readers[l.input] == 1 {
				f.convolution = all[l.input].convolution
				f.weight = make([]float32, len(f.convolution.weight.Value))
				all[l.input] = nil
			} else {
				c := l.out.Channels
				f.weight, f.identity = make([]float32, c*c), make([]float32, c*c)
				for j := range c {
					f.identity[j*c+j] = 1
				}
			}
			all[i] = f
		}
	}
	return all
}

// fold brings weight and bias up to date.
func (f *folded) fold() {
	if f.norm == nil {
		return
	}
	weight, bias := f.identity, []float32(nil)
	if l := f.convolution; l != nil {
		weight = l.weight.Value
		if l.bias {
			bias = l.offset.Value
		}
	}
	l, c := f.norm, f.norm.out.Channels
	kernel.FoldBatchNorm(f.weight, f.bias, weight, bias, l.weight.Value, l.offset.Value, l.running.mean, l.running.variance, normEpsilon, len(weight)/c, c)
}

// first returns the layer whose input the convolution reads.
func (f *folded) first() *layer {
	if f.convolution != nil {
		return f.convolution
	}
	return f.norm
}

// shape returns the convolution's dimensions.
func (f *folded) shape(batch int) kernel.Conv {
	if f.convolution != nil {
		return f.convolution.convolution(batch)
	}
	in := f.norm.in
	return kernel.Conv{N: batch, H: in.Height, W: in.Width, Cin: in.Channels, Cout: in.Channels, KH: 1, KW: 1, Stride: 1}
}

// newEvaluation builds the graph of a forward pass of this batch size.
func (n *Network) newEvaluation(batch int) (*evaluation, error) {
	e := &evaluation{graph: newGraph(n.memory, false), batch: batch, padded: make([]float32, batch*n.picture.size())}
	e.picture = e.variable("picture", nil, n.picture.batched(batch)...)
	outputs := make([]*gorgonia.Node, len(n.layers))
	read := func(i int) *gorgonia.Node {
		if i == none {
			return e.picture
		}
		return outputs[i]
	}
	for _, i := range n.order() {
		l, f := n.layers[i], n.folded[i]
		switch {
		case l.kind == dropout || l.fused:
			outputs[i] = read(l.input)
			continue
		case f == nil && (l.kind == conv || l.kind == dense):
			continue // the batch_norm behind it does its work
		}
		o := &op{name: l.name, shape: l.out.batched(batch)}
		children := gorgonia.Nodes{read(l.input)}
		if f != nil {
			c := f.shape(batch)
			children = gorgonia.Nodes{read(f.first().input), e.variable(l.name+" folded weight", wrap(f.weight, c.KH, c.KW, c.Cin, c.Cout), c.KH, c.KW, c.Cin, c.Cout)}
			if l.residual != none {
				children = append(children, read(l.residual))
			}
			o.forward = func(in, out [][]float32) {
				c.Forward(out[0], in[0], in[1], f.bias)
				if l.relu || l.residual != none {
					var residual []float32
					if l.residual != none {
						residual = in[2]
					}
					kernel.AddRelu(out[0], out[0], residual, l.relu)
				}
			}
		} else {
			o.forward = l.evaluate(batch)
		}
		var err error
		if outputs[i], err = e.apply(o, children...); err != nil {
			return nil, err
		}
	}
	e.output = outputs[len(outputs)-1].Op().(*op)
	return e, nil
}

// evaluate returns the arithmetic of the layers without parameters.
func (l *layer) evaluate(batch int) func(in, out [][]float32) {
	area, c := l.in.Height*l.in.Width, l.in.Channels
	switch l.kind {
	case relu:
		return func(in, out [][]float32) { kernel.ReLU.Forward(out[0], in[0]) }
	case maxPool:
		return func(in, out [][]float32) { l.pool(batch).MaxForward(out[0], nil, in[0]) }
	case avgPool:
		return func(in, out [][]float32) { l.pool(batch).AverageForward(out[0], in[0]) }
	case globalAvgPool:
		return func(in, out [][]float32) { kernel.GlobalAverageForward(out[0], in[0], batch, area, c) }
	case adaptiveAvgPool:
		return func(in, out [][]float32) { l.adaptivePool(batch).AverageForward(out[0], in[0]) }
	}
	return func(in, out [][]float32) { transpose(out[0], in[0], batch, area, c) } // flatten
}
