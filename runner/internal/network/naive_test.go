package network

import (
	"math"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/weights"
)

// naive is a second implementation of a network, in float64, in torch's layout
// (N, C, H, W), by the formulas of torch's documentation. It shares with the
// first one only the list of layers.
type naive struct {
	layers     []*layer
	order      []int
	picture    shape
	features   []float64 // of the batch, (N, features)
	parameters map[string][]float64
	training   bool
	base       int               // up to which nothing is done as in training
	given      map[int][]float64 // outputs that layers have instead of what they work out
	streams    func(layer uint64) *rng.Stream
}

func newNaive(n *Network, training bool, streams func(uint64) *rng.Stream) *naive {
	return &naive{layers: n.layers, order: n.architecture.order(), picture: n.picture, base: n.base, parameters: float64Tensors(n.Tensors()), training: training, streams: streams}
}

func float64Tensors(tensors []weights.Tensor) map[string][]float64 {
	all := map[string][]float64{}
	for _, t := range tensors {
		all[t.Name] = float64s(t.Float)
	}
	return all
}

// toPlanes turns (N, H, W, C) into (N, C, H, W).
func toPlanes(x []float64, s shape) []float64 {
	y := make([]float64, len(x))
	area := s.Height * s.Width
	for i, v := range x {
		n, p, c := i/s.size(), i/s.Channels%area, i%s.Channels
		y[n*s.size()+c*area+p] = v
	}
	return y
}

// forward returns the outputs for batch pictures x (N, C, H, W).
func (v *naive) forward(x []float64, batch int) []float64 {
	outputs := make([][]float64, len(v.layers))
	for _, i := range v.order {
		l := v.layers[i]
		in := x
		if l.input != none {
			in = outputs[l.input]
		}
		weight, bias := v.parameters[l.name+".weight"], v.parameters[l.name+".bias"]
		out := make([]float64, batch*l.out.size())
		// each calls f for every output element with the input plane that a
		// pool or norm reads.
		each := func(f func(o, n, c, y, x int)) {
			for o := range out {
				n, c := o/l.out.size(), o/(l.out.Height*l.out.Width)%l.out.Channels
				f(o, n, c, o/l.out.Width%l.out.Height, o%l.out.Width)
			}
		}
		at := func(n, c, y, x int) (float64, bool) {
			if y < 0 || x < 0 || y >= l.in.Height || x >= l.in.Width {
				return 0, false
			}
			return in[((n*l.in.Channels+c)*l.in.Height+y)*l.in.Width+x], true
		}
		switch l.kind {
		case conv, dense:
			inGroup, outGroup := l.in.Channels/l.groups, l.out.Channels/l.groups
			each(func(o, n, c, y, x int) {
				for ci := range inGroup {
					for r := range l.window {
						for s := range l.window {
							value, _ := at(n, c/outGroup*inGroup+ci, y*l.stride+r*l.dilation-l.pad, x*l.stride+s*l.dilation-l.pad)
							out[o] += value * weight[((c*inGroup+ci)*l.window+r)*l.window+s]
						}
					}
				}
				if bias != nil {
					out[o] += bias[c]
				}
				if l.other != none {
					out[o] += outputs[l.other][o]
				}
				if act := naiveActivations[l.act]; act != nil {
					out[o] = act(out[o])
				}
			})
		case batchNorm:
			mean, variance := v.parameters[l.name+".running_mean"], v.parameters[l.name+".running_var"]
			if v.training && !l.fixed {
				mean, variance = moments(in, l.in, batch)
			}
			each(func(o, _, c, _, _ int) {
				out[o] = (in[o]-mean[c])/math.Sqrt(variance[c]+float64(l.epsilon))*weight[c] + bias[c]
				if l.other != none {
					out[o] += outputs[l.other][o]
				}
				if act := naiveActivations[l.act]; act != nil {
					out[o] = act(out[o])
				}
			})
		case join:
			each(func(o, n, c, _, _ int) {
				if beside := c - l.in.Channels; beside < 0 {
					out[o] = in[n*l.in.Channels+c]
				} else {
					out[o] = v.features[n*(l.out.Channels-l.in.Channels)+beside]
				}
			})
		case subsample:
			each(func(o, n, c, y, x int) {
				if c -= (l.out.Channels - l.in.Channels) / 2; c >= 0 && c < l.in.Channels {
					out[o], _ = at(n, c, y*l.stride, x*l.stride)
				}
			})
		case scale:
			each(func(o, n, c, _, _ int) { out[o] = in[o] * outputs[l.other][n*l.out.Channels+c] })
		case maxPool, avgPool:
			each(func(o, n, c, y, x int) {
				sum, largest := 0.0, math.Inf(-1)
				for r := range l.window {
					for s := range l.window {
						if value, inside := at(n, c, y*l.stride+r-l.pad, x*l.stride+s-l.pad); inside {
							sum, largest = sum+value, max(largest, value)
						}
					}
				}
				if out[o] = sum / float64(l.window*l.window); l.kind == maxPool {
					if out[o] = largest; l.act == kernel.ReLU {
						out[o] = max(0, largest)
					}
				}
			})
		case globalAvgPool:
			area := l.in.Height * l.in.Width
			for i, value := range in {
				out[i/area] += value / float64(area)
			}
		case adaptiveAvgPool:
			each(func(o, n, c, y, x int) {
				sum, count := 0.0, 0.0
				for r := y * l.in.Height / l.out.Height; r*l.out.Height < (y+1)*l.in.Height; r++ {
					for s := x * l.in.Width / l.out.Width; s*l.out.Width < (x+1)*l.in.Width; s++ {
						value, _ := at(n, c, r, s)
						sum, count = sum+value, count+1
					}
				}
				out[o] = sum / count
			})
		case flatten:
			copy(out, in)
		case dropout, stochasticDepth:
			copy(out, in)
			if v.training && i > v.base {
				ones, mask := make([]float32, len(out)), make([]float32, len(out))
				fill(ones, 1)
				if l.kind == dropout {
					kernel.Dropout(mask, ones, l.probability, v.streams(uint64(i)))
				} else {
					kernel.StochasticDepth(mask, ones, l.probability, batch, l.in.size(), v.streams(uint64(i)))
				}
				for o, m := range toPlanes(float64s(mask), l.out) {
					out[o] *= m
				}
			}
			if l.other != none {
				each(func(o, _, _, _, _ int) { out[o] += outputs[l.other][o] })
			}
		default:
			act := naiveActivations[activations[l.kind]]
			copy(out, in)
			if !l.fused {
				each(func(o, _, _, _, _ int) { out[o] = act(in[o]) })
			}
		}
		if outputs[i] = out; v.given[i] != nil {
			outputs[i] = v.given[i]
		}
	}
	return outputs[len(outputs)-1]
}

// naiveActivations are torch's formulas; nil for the identity.
var naiveActivations = map[kernel.Activation]func(x float64) float64{
	kernel.ReLU:        func(x float64) float64 { return max(0, x) },
	kernel.ReLU6:       func(x float64) float64 { return min(max(0, x), 6) },
	kernel.HardSigmoid: func(x float64) float64 { return min(max(0, x+3), 6) / 6 },
	kernel.HardSwish:   func(x float64) float64 { return x * min(max(0, x+3), 6) / 6 },
	kernel.Sigmoid:     func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	kernel.SiLU:        func(x float64) float64 { return x / (1 + math.Exp(-x)) },
	kernel.GELU:        func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
}

// moments returns mean and biased variance of each channel of x (N, C, H, W).
func moments(x []float64, s shape, batch int) (mean, variance []float64) {
	mean, variance = make([]float64, s.Channels), make([]float64, s.Channels)
	area := s.Height * s.Width
	count := float64(batch * area)
	for i, v := range x {
		mean[i/area%s.Channels] += v / count
	}
	for i, v := range x {
		d := v - mean[i/area%s.Channels]
		variance[i/area%s.Channels] += d * d / count
	}
	return mean, variance
}

// split sets the features of a batch as Step and Predict take it, and returns its
// pictures, (N, C, H, W).
func (v *naive) split(x []float32, batch int) []float64 {
	pictures := batch * v.picture.size()
	v.features = float64s(x[pictures:])
	return toPlanes(float64s(x[:pictures]), v.picture)
}

// loss is the mean squared error.
func (v *naive) loss(x []float64, target []float32, batch int) float64 {
	sum := 0.0
	for i, y := range v.forward(x, batch) {
		d := y - float64(target[i])
		sum += d * d
	}
	return sum / float64(len(target))
}

// gradient returns the central differences of the loss by one parameter.
func (v *naive) gradient(name string, x []float64, target []float32, batch int) []float64 {
	const h = 1e-6
	p := v.parameters[name]
	g := make([]float64, len(p))
	for i, value := range p {
		p[i] = value + h
		up := v.loss(x, target, batch)
		p[i] = value - h
		g[i] = (up - v.loss(x, target, batch)) / (2 * h)
		p[i] = value
	}
	return g
}
