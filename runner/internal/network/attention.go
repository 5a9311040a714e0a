package network

import (
	"slices"

	"biomass/runner/internal/rng"
)

// Attention tells where in a picture lies what speaks for one output: a layer's map, each of
// its numbers times the output's gradient by it, summed up over the channels of a place and
// cut off at 0. So it is high where what the layer sees raises the output, and 0 where it
// lowers it.
//
// That is Grad-CAM (Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra: Grad-CAM, 2017) where
// a mean over all places comes behind the map, as in most networks: a channel's gradient is
// then the same everywhere. Where something else comes behind it, Grad-CAM takes the mean of
// the gradients over all places all the same, and shows some that the output does not depend
// on (Draelos, Carin: Use HiResCAM instead of Grad-CAM for faithful explanations of
// convolutional neural networks, 2020). Here it is the mean over those places alone of which
// strides and pools behind the map make one: the gradient by a single one of them tells how
// the strides fall, and not what the network looks at.
type Attention struct {
	Height, Width int
	Values        []float64 // (Height, Width), none below 0
}

// leastMap is how many places high and wide a map has to be: coarser ones do not tell a
// plant from its pot.
const leastMap = 7

// AttentionLayer names the layer whose map Attend takes: the last one that is fine enough or,
// where none is, the last of those that are finest. It is empty where no convolution gives a map.
func (n *Network) AttentionLayer() string {
	if at := n.attended(); at != none {
		return n.layers[at].name
	}
	return ""
}

// attended is the index of the layer that AttentionLayer names.
func (n *Network) attended() int {
	best, finest := none, 1
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := n.layers[i]
		side := min(l.out.Height, l.out.Width)
		if min(side, leastMap) <= finest || l.kind == adaptiveAvgPool || !n.gives(i) || !n.separates(i) {
			continue
		}
		if slices.ContainsFunc(n.layers[:i+1], func(l *layer) bool { return l.kind == conv }) {
			best, finest = i, min(side, leastMap)
		}
	}
	return best
}

// gives reports whether an evaluation works out the layer's own output, and not that of one
// behind it in the same pass.
func (n *Network) gives(i int) bool {
	u := n.units[i]
	return (u == nil || u.end == i) && !slices.ContainsFunc(n.layers, func(l *layer) bool { return l.input == i && l.fused })
}

// Attend returns, for each of count examples, the attention to one of the outputs, whose
// index it is given. x is as Predict takes it. The map is that of an evaluation, and so is
// the rest of the network: running statistics, nothing left out at random. Each example is
// done by itself; the sums over channels are float64, in the order in which these lie in memory. It returns nil for a network without an AttentionLayer.
func (n *Network) Attend(x []float32, count int, outputs []int) ([]Attention, error) {
	at := n.attended()
	if at == none {
		return nil, nil
	}
	n.fold(len(n.layers) - 1) // all of it, of which the map needs a part
	rest, size, pictures := n.still(at), n.picture.size(), count*n.picture.size()
	high, wide := n.blocks(at)
	all := make([]Attention, count)
	for i := range all {
		seen, err := n.evaluate(x[i*size:(i+1)*size], 1, none, at)
		if err != nil {
			return nil, err
		}
		features := x[pictures+i*n.features : pictures+(i+1)*n.features]
		if _, err := rest.StepFeatures(slices.Concat(seen, features), []float32{float32(outputs[i])}, 1, nothing); err != nil {
			return nil, err
		}
		out := n.layers[at].out
		all[i] = Attention{Height: out.Height, Width: out.Width, Values: weighted(seen, rest.trainings[1].output.buffer, out, high, wide)}
	}
	return all, nil
}

// nothing is the random stream of layers that leave nothing out.
func nothing(layer uint64) *rng.Stream { return rng.New(0, "nothing", layer) }

// still returns the network behind a layer as it is in an evaluation, with the same
// parameters, none of which trains. Its Step makes the gradient of one output, the index of
// which is its target, by that layer's.
func (n *Network) still(behind int) *Network {
	a := *n.architecture
	a.layers = make([]*layer, len(n.layers))
	for i, l := range n.layers {
		still := *l
		still.frozen, still.fixed, still.probability, still.asked = true, true, 0, i == behind
		a.layers[i] = &still
	}
	return &Network{architecture: &a, outputs: n.outputs, base: behind, trainings: map[int]*training{}, loss: loss{
		name: "output", classes: true,
		forward: func(output, target []float32) float32 { return output[int(target[0])] },
		backward: func(dOutput, _, target []float32, upstream float32) {
			clear(dOutput)
			dOutput[int(target[0])] = upstream
		},
	}}
}

// blocks is how many places a side the rest of the network behind a layer tells apart: strides
// and pools make one of several.
func (n *Network) blocks(behind int) (high, wide int) {
	out := n.layers[behind].out
	high, wide = out.Height, out.Width
	for _, l := range n.layers[behind:] {
		if l.out.Height > 1 && l.out.Width > 1 {
			high, wide = min(high, l.out.Height), min(wide, l.out.Width)
		}
	}
	return high, wide
}

// weighted sums up over the channels of a map (Height, Width, Channels) what is above 0 of it
// times the gradient by it, of which it takes the mean over blocks of places, so many a side.
func weighted(seen, gradient []float32, s shape, high, wide int) []float64 {
	c := s.Channels
	block := func(place int) int { return place/s.Width*high/s.Height*wide + place%s.Width*wide/s.Width }
	sums, sizes := make([]float64, high*wide*c), make([]int, high*wide)
	for place := range s.Height * s.Width {
		at := block(place)
		sizes[at]++
		for k := range c {
			sums[at*c+k] += float64(gradient[place*c+k])
		}
	}
	values := make([]float64, s.Height*s.Width)
	for place := range values {
		at, sum := block(place), 0.0
		for k := range c {
			sum += float64(sums[at*c+k] * float64(seen[place*c+k]))
		}
		values[place] = max(0, sum/float64(sizes[at]))
	}
	return values
}
