package network

import (
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/onnx"
	"biomass/runner/internal/weights"
)

// The names of the graph's inputs and output.
const (
	onnxPicture  = "picture"
	onnxFeatures = "features"
	onnxOutput   = "output"
)

// ONNX returns the evaluation graph in ONNX's operators: batch norms are folded into
// the convolutions before them, dropout is gone. Pictures are (batch, C, H, W), outputs
// (batch, outputs), features, where the network reads them, (batch, features), and weights have torch's layout and the names of the layers that
// they stand in; a layer that a batch norm was folded into has other numbers than in a
// state_dict.
func (n *Network) ONNX() (*onnx.Model, error) {
	last := len(n.layers) - 1
	n.fold(last)
	x := &exporter{Network: n, values: make([]value, len(n.layers)), model: &onnx.Model{
		Name:    "network",
		Inputs:  []onnx.Value{{Name: onnxPicture, Shape: []int{n.picture.Channels, n.picture.Height, n.picture.Width}}},
		Outputs: []onnx.Value{{Name: onnxOutput, Shape: []int{n.outputs}}},
	}}
	if n.features > 0 {
		x.model.Inputs = append(x.model.Inputs, onnx.Value{Name: onnxFeatures, Shape: []int{n.features}})
	}
	for _, i := range n.order() {
		l, u := n.layers[i], n.units[i]
		switch {
		case u != nil && u.end != i:
			continue // a later layer of the unit does its work
		case l.kind == dropout || l.fused:
			x.values[i] = x.read(l.input)
		case u != nil:
			x.values[i] = x.unit(l.name, u)
		default:
			var err error
			if x.values[i], err = x.layer(l); err != nil {
				return nil, err
			}
		}
	}
	outputs := x.flat(x.values[last]).name
	for i := range x.model.Nodes {
		if node := &x.model.Nodes[i]; node.Outputs[0] == outputs {
			node.Outputs[0] = onnxOutput
		}
	}
	return x.model, nil
}

// exporter adds the network's layers to a model.
type exporter struct {
	*Network
	model  *onnx.Model
	values []value // a layer
}

// value is what a layer gives: (batch, numbers), if it is flat, else (batch, C, H, W).
type value struct {
	name string
	flat bool
}

func (x *exporter) read(i int) value {
	switch i {
	case none:
		return value{name: onnxPicture}
	case beside:
		return value{onnxFeatures, true}
	}
	return x.values[i]
}

// node adds one that gives name.
func (x *exporter) node(name, operator string, inputs []string, attributes ...onnx.Attribute) string {
	x.model.Nodes = append(x.model.Nodes, onnx.Node{Operator: operator, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

// constant adds a tensor and returns its name.
func (x *exporter) constant(t weights.Tensor) string {
	x.model.Weights = append(x.model.Weights, t)
	return t.Name
}

func (x *exporter) integers(name string, v ...int64) string {
	return x.constant(weights.Tensor{Name: name, Shape: []int{len(v)}, Int: v})
}

func (x *exporter) number(name string, v float32) string {
	return x.constant(weights.Tensor{Name: name, Shape: []int{}, Float: []float32{v}})
}

// flat makes (batch, numbers) of a value.
func (x *exporter) flat(v value) value {
	if v.flat {
		return v
	}
	return value{x.node(v.name+".flat", "Flatten", []string{v.name}, onnx.Attribute{Name: "axis", Value: 1}), true}
}

// square makes (batch, C, 1, 1) of a flat value.
func (x *exporter) square(v value) value {
	if !v.flat {
		return v
	}
	return value{name: x.node(v.name+".square", "Unsqueeze", []string{v.name, x.integers(v.name+".axes", 2, 3)})}
}

// unit adds a convolution or dense layer with what is done in the same pass.
func (x *exporter) unit(name string, u *unit) value {
	in, l := x.read(u.input), u.convolution
	weight := weights.Tensor{Name: name + ".weight", Shape: []int{len(u.weight), 1, 1, 1}, Float: slices.Clone(u.weight)}
	bias := weights.Tensor{Name: name + ".bias", Shape: []int{len(u.bias)}, Float: slices.Clone(u.bias)}
	if l != nil {
		weight, bias.Name = l.weight.tensor(l.name+".weight", u.weight), l.name+".bias"
	}
	inputs := []string{"", x.constant(weight)}
	if u.bias != nil {
		inputs = append(inputs, x.constant(bias))
	}
	out, then := name, u.other != none || u.act != kernel.Identity
	if then {
		out += ".linear"
	}
	var v value
	if l != nil && l.kind == dense {
		inputs[0] = x.flat(in).name
		v = value{x.node(out, "Gemm", inputs, onnx.Attribute{Name: "transB", Value: 1}), true}
	} else {
		inputs[0] = x.square(in).name
		c := u.shape(1)
		v.name = x.node(out, "Conv", inputs, square("kernel_shape", c.KH), square("strides", c.Stride), square("dilations", max(c.Dilation, 1)),
			onnx.Attribute{Name: "pads", Value: []int{c.Pad, c.Pad, c.Pad + c.End, c.Pad + c.End}}, onnx.Attribute{Name: "group", Value: max(c.Groups, 1)})
	}
	if u.other != none {
		sum := name
		if u.act != kernel.Identity {
			sum += ".sum"
		}
		v = x.pair(sum, "Add", v, x.read(u.other))
	}
	if u.act != kernel.Identity {
		v.name = x.activation(name, u.act, v.name)
	}
	return v
}

// square is an attribute of two equal numbers, of rows and columns.
func square(name string, n int) onnx.Attribute { return onnx.Attribute{Name: name, Value: []int{n, n}} }

// pair adds an operator of two values, in the form of the first.
func (x *exporter) pair(name, operator string, a, b value) value {
	if a.flat {
		b = x.flat(b)
	} else {
		b = x.square(b)
	}
	return value{x.node(name, operator, []string{a.name, b.name}), a.flat}
}

// layer adds a layer of which nothing is folded.
func (x *exporter) layer(l *layer) (value, error) {
	in := x.read(l.input)
	if act, ok := activations[l.kind]; ok {
		return value{x.activation(l.name, act, in.name), in.flat}, nil
	}
	windows := []onnx.Attribute{square("kernel_shape", l.window), square("strides", l.stride), {Name: "pads", Value: []int{l.pad, l.pad, l.pad, l.pad}}}
	picture := func() []string { return []string{x.square(in).name} }
	switch l.kind {
	case maxPool:
		return value{name: x.node(l.name, "MaxPool", picture(), windows...)}, nil
	case avgPool:
		return value{name: x.node(l.name, "AveragePool", picture(), append(windows, onnx.Attribute{Name: "count_include_pad", Value: 1})...)}, nil
	case globalAvgPool:
		return value{name: x.node(l.name, "GlobalAveragePool", picture())}, nil
	case adaptiveAvgPool:
		return x.adaptive(l, picture()[0]), nil
	case flatten:
		return x.flat(in), nil
	case join:
		both := []string{x.flat(in).name, x.read(l.other).name}
		return value{x.node(l.name+".joined", "Concat", both, onnx.Attribute{Name: "axis", Value: 1}), true}, nil
	case scale:
		return x.pair(l.name, "Mul", in, x.read(l.other)), nil
	case stochasticDepth:
		return x.pair(l.name, "Add", in, x.read(l.other)), nil
	case subsample:
		s := l.subsampling(1)
		before := int64(s.OutC-s.C) / 2
		pixels := x.node(l.name+".pixels", "Slice", append(picture(), x.integers(l.name+".first", 0, 0), x.integers(l.name+".end", int64(s.H), int64(s.W)),
			x.integers(l.name+".axes", 2, 3), x.integers(l.name+".steps", int64(s.Stride), int64(s.Stride))))
		return value{name: x.node(l.name, "Pad", []string{pixels, x.integers(l.name+".pads", 0, before, 0, 0, 0, int64(s.OutC-s.C)-before, 0, 0)})}, nil
	}
	return value{}, fmt.Errorf("%s: ONNX export does not know the layer %s", l.where, l.kind)
}

// adaptive adds an adaptive pool, which ONNX does not have: one matrix takes the means
// of rows, another those of columns.
func (x *exporter) adaptive(l *layer, in string) value {
	// means is (outputs, size): the share of each of size pixels in each output.
	means := func(outputs, size int) []float32 {
		m := make([]float32, outputs*size)
		for o := range outputs {
			begin, end := o*size/outputs, ((o+1)*size+outputs-1)/outputs
			for i := begin; i < end; i++ {
				m[o*size+i] = 1 / float32(end-begin)
			}
		}
		return m
	}
	h, w := l.in.Height, l.in.Width
	rows := x.constant(weights.Tensor{Name: l.name + ".rows.weight", Shape: []int{l.window, h}, Float: means(l.window, h)})
	columns := weights.Tensor{Name: l.name + ".columns.weight", Shape: []int{w, l.window}, Float: make([]float32, w*l.window)}
	transpose(columns.Float, means(l.window, w), 1, l.window, w)
	up := x.node(l.name+".rows", "MatMul", []string{rows, in})
	return value{name: x.node(l.name, "MatMul", []string{up, x.constant(columns)})}
}

// activation adds the nodes of an activation.
func (x *exporter) activation(name string, act kernel.Activation, in string) string {
	switch act {
	case kernel.ReLU:
		return x.node(name, "Relu", []string{in})
	case kernel.ReLU6:
		return x.node(name, "Clip", []string{in, x.number(name+".least", 0), x.number(name+".most", 6)})
	case kernel.HardSwish:
		return x.node(name, "HardSwish", []string{in})
	case kernel.HardSigmoid:
		return x.node(name, "HardSigmoid", []string{in}, onnx.Attribute{Name: "alpha", Value: float32(1) / 6}, onnx.Attribute{Name: "beta", Value: float32(0.5)})
	case kernel.Sigmoid:
		return x.node(name, "Sigmoid", []string{in})
	case kernel.SiLU:
		return x.node(name, "Mul", []string{in, x.node(name+".sigmoid", "Sigmoid", []string{in})})
	}
	// GELU: x/2 (1 + erf(x / sqrt 2))
	erf := x.node(name+".erf", "Erf", []string{x.node(name+".scaled", "Mul", []string{in, x.number(name+".root", math.Sqrt2/2)})})
	share := x.node(name+".share", "Add", []string{erf, x.number(name+".one", 1)})
	half := x.node(name+".half", "Mul", []string{in, x.number(name+".factor", 0.5)})
	return x.node(name, "Mul", []string{half, share})
}
