package network

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
)

// kind is what a layer does; the words are those of network.layers.
type kind string

const (
	conv            kind = "conv"
	dense           kind = "dense"
	batchNorm       kind = "batch_norm"
	maxPool         kind = "max_pool"
	avgPool         kind = "avg_pool"
	globalAvgPool   kind = "global_avg_pool"
	adaptiveAvgPool kind = "adaptive_avg_pool"
	flatten         kind = "flatten"
	dropout         kind = "dropout"
	relu            kind = "relu"
	relu6           kind = "relu6"
	hardSwish       kind = "hardswish"
	hardSigmoid     kind = "hardsigmoid"
	silu            kind = "silu"
	sigmoid         kind = "sigmoid"
	gelu            kind = "gelu"

	// Those below are not for network.layers.

	// scale multiplies each channel of a picture by a number of its own: the end of
	// squeeze and excitation.
	scale kind = "scale"
	// subsample is kernel.Subsample, a shortcut without parameters.
	subsample kind = "subsample"
	// stochasticDepth leaves out whole examples at random and adds what is left to
	// another layer's output.
	stochasticDepth kind = "stochastic_depth"
	// join puts an example's features behind the numbers that it reads.
	join kind = "join"
)

// activations are the kinds that are a function of each number alone.
var activations = map[kind]kernel.Activation{
	relu: kernel.ReLU, relu6: kernel.ReLU6, hardSwish: kernel.HardSwish, hardSigmoid: kernel.HardSigmoid,
	silu: kernel.SiLU, sigmoid: kernel.Sigmoid, gelu: kernel.GELU,
}

// shape is one example's activation, (Height, Width, Channels). A flat
// activation has height and width 1.
type shape Input

func (s shape) size() int { return s.Height * s.Width * s.Channels }

func (s shape) String() string { return fmt.Sprintf("%dx%dx%d", s.Height, s.Width, s.Channels) }

// none stands for a layer that is not there.
const none = -1

// layer is one module of the network. Training graph, evaluation graph,
// parameters and layer table are all made from the list of layers.
type layer struct {
	name    string // torch's path of the module: layer1.0.conv1, or the index in a Sequential
	where   string // how messages name it
	kind    kind
	input   int // the layer whose output it reads; none: the picture
	in, out shape

	// other is the second layer that it reads, none where there is none: what a
	// batch_norm or a conv adds before its activation, what a scale multiplies by, what
	// a stochastic_depth adds to. It may stand behind the batch_norm. That of a join is
	// no layer, but the features beside the picture.
	other int
	stage string // of a network of the zoo: stem, layer1, head; for network.freeze

	window, stride, pad int // conv, pools; window of an adaptive_avg_pool: its outputs a side
	// same says that a conv pads as TensorFlow's SAME, so that its output has a stride-th
	// of the pixels, rounded up: an odd pixel of padding comes at the end. pad and end are
	// then made from that.
	same              bool
	end               int
	dilation, groups  int // conv; 0 means 1
	bias              bool
	probability       float32 // dropout, stochastic_depth: of leaving out
	epsilon, momentum float32 // batch_norm; 0 means torch's defaults

	// act of a batch_norm, or a ReLU or ReLU6 of conv and dense: the activation behind
	// it is done in the same pass. Of a max_pool: the ReLU before it.
	act kernel.Activation
	// fused marks an activation or a max_pool that the layer before it does.
	fused bool
	// pool is the fused max_pool of a conv.
	pool *layer

	// frozen says that the layer's parameters do not train, fixed that a batch norm's
	// statistics stay either. asked says, of the base's last layer, that the gradient by its
	// output is wanted.
	frozen, fixed, asked bool

	weight, offset *Parameter // conv, dense: weight and bias; batch_norm: its weight and bias
	running        *statistics
}

// statistics are what a batch_norm remembers of the batches that it saw.
type statistics struct {
	mean, variance []float32
	batches        int64
}

// architecture is the list of layers, in the order of torch's modules. The
// last one gives the outputs.
type architecture struct {
	picture  shape
	features int // how many numbers an example has beside its picture
	layers   []*layer
	// weights and outputs count what afford has let pass.
	weights int
	outputs float64
	// fitted is where the layers of network.head begin; 0 where there are none.
	fitted int
	// initialise fills a layer's parameters with torchvision's distributions.
	initialise func(l *layer, seed uint64)
}

// head is the first layer of the head, which every task needs anew: that of network.head,
// or else the last layer that has parameters.
func (a *architecture) head() int {
	if a.fitted > 0 {
		return a.fitted
	}
	i := len(a.layers) - 1
	for i > 0 && a.layers[i].weight == nil {
		i--
	}
	return i
}

// outputOf is the shape of a layer's output, or of the picture.
func (a *architecture) outputOf(i int) shape {
	if i == none {
		return a.picture
	}
	return a.layers[i].out
}

// add appends a layer, works out its output shape and makes its parameters.
// channels is the number of outputs of conv and dense. It returns the layer's
// index.
func (a *architecture) add(l layer, channels int) (int, error) {
	l.in = a.outputOf(l.input)
	l.dilation, l.groups = max(l.dilation, 1), max(l.groups, 1)
	if l.kind == join {
		channels = l.in.Channels + a.features
	}
	if err := l.setOutput(channels); err != nil {
		return 0, err
	}
	if l.out.Channels < 1 {
		return 0, fmt.Errorf("%s: %d outputs: want at least 1", l.where, l.out.Channels)
	}
	if err := a.afford(&l); err != nil {
		return 0, err
	}
	l.makeParameters()
	a.layers = append(a.layers, &l)
	return len(a.layers) - 1, nil
}

// What no network exceeds. VGG16, the largest of the zoo, has 138 million parameters;
// a recipe that somebody sends must not fill the memory of who looks at it.
const (
	MaxParameters = 1 << 28
	maxOutputs    = 1 << 31 // of all layers together, for one example
)

// afford counts what a layer adds, before any memory is taken for it.
func (a *architecture) afford(l *layer) error {
	switch l.kind {
	case conv, dense:
		a.weights += l.window * l.window * (l.in.Channels / l.groups) * l.out.Channels
	case batchNorm:
		a.weights += 2 * l.out.Channels
	}
	a.outputs += float64(float64(l.out.Height) * float64(l.out.Width) * float64(l.out.Channels)) // a padding may have any size
	switch {
	case a.weights > MaxParameters:
		return fmt.Errorf("%s: with it the network has %d million parameters, more than the limit of %d million: make this layer or its input smaller", l.where, a.weights/1_000_000, MaxParameters/1_000_000)
	case a.outputs > maxOutputs:
		return fmt.Errorf("%s: with it the layers give %.0f million numbers for one photo, more than the limit of %d million: lower picture.size, or raise a stride", l.where, a.outputs/1e6, maxOutputs/1_000_000)
	}
	return nil
}

// setOutput works out the output shape, checks the settings, and sets those that are left out.
func (l *layer) setOutput(channels int) error {
	l.out = l.in
	switch l.kind {
	case conv, maxPool, avgPool:
		return l.slide(channels)
	case dense, join:
		if l.in.Height != 1 || l.in.Width != 1 {
			return fmt.Errorf("%s: its input is %s, not a list of numbers: put flatten or global_avg_pool before it", l.where, l.in)
		}
		if l.kind == dense {
			l.window, l.stride = 1, 1
		}
		l.out.Channels = channels
	case globalAvgPool:
		l.out = shape{1, 1, l.in.Channels}
	case adaptiveAvgPool:
		if l.window < 1 {
			return fmt.Errorf("%s: %d outputs a side: want at least 1", l.where, l.window)
		}
		l.out = shape{l.window, l.window, l.in.Channels}
	case flatten:
		l.out = shape{1, 1, l.in.size()}
	case dropout, stochasticDepth:
		if l.probability < 0 || l.probability >= 1 {
			return fmt.Errorf("%s: a probability of %v: want at least 0 and less than 1", l.where, l.probability)
		}
	case batchNorm:
		if l.epsilon == 0 {
			l.epsilon, l.momentum = 1e-5, 0.1
		}
	case scale:
	case subsample:
		s := l.subsampling(1)
		l.out = shape{s.OutH(), s.OutW(), channels}
	default:
		if _, ok := activations[l.kind]; !ok {
			return fmt.Errorf("%s: there is no such layer", l.where)
		}
	}
	return nil
}

// slide is setOutput of a layer whose window slides over the picture.
func (l *layer) slide(channels int) error {
	switch {
	case l.window < 1 || l.stride < 1 || l.pad < 0:
		return fmt.Errorf("%s: kernel %d, stride %d, padding %d: kernel and stride must be at least 1, padding at least 0", l.where, l.window, l.stride, l.pad)
	case l.kind != conv && 2*l.pad > l.window:
		return fmt.Errorf("%s: a padding of %d is more than half of the window of %d: make it at most %d", l.where, l.pad, l.window, l.window/2)
	case l.kind != conv && l.window > 15:
		return fmt.Errorf("%s: a window of %d is more than the largest, 15: use global_avg_pool, or two pools", l.where, l.window)
	case l.kind == conv && (l.in.Channels%l.groups != 0 || channels%l.groups != 0):
		return fmt.Errorf("%s: %d groups do not divide its %d inputs and %d outputs evenly", l.where, l.groups, l.in.Channels, channels)
	}
	reach := l.dilation*(l.window-1) + 1
	if l.same {
		if err := l.padSame(reach); err != nil {
			return err
		}
	}
	if l.in.Height+2*l.pad+l.end < reach || l.in.Width+2*l.pad+l.end < reach {
		return fmt.Errorf("%s: its window of %dx%d is larger than its input of %s: leave out a pool or a stride before it, raise its padding, or raise picture.size", l.where, reach, reach, l.in)
	}
	l.out.Height, l.out.Width = (l.in.Height+2*l.pad+l.end-reach)/l.stride+1, (l.in.Width+2*l.pad+l.end-reach)/l.stride+1
	if l.kind == conv {
		l.out.Channels = channels
	}
	return nil
}

// padSame sets the padding of a conv whose taps reach so far: as much as it takes, the
// odd pixel at the end (TensorFlow, tf.nn.convolution, SAME).
func (l *layer) padSame(reach int) error {
	total := func(size int) int { return max(0, ((size-1)/l.stride)*l.stride+reach-size) }
	all := total(l.in.Height)
	if total(l.in.Width) != all {
		return fmt.Errorf("%s: pictures of %s need other paddings for rows than for columns: make them square", l.where, l.in)
	}
	l.pad, l.end = all/2, all%2
	return nil
}

// takes reports whether the layer can do the activation behind it, too. A batch norm
// finds the activation's input again from its own; a convolution finds only what the
// output of a ReLU or ReLU6 tells of it.
func (l *layer) takes(act kernel.Activation) bool {
	return l.kind == batchNorm || (act == kernel.ReLU || act == kernel.ReLU6) && (l.kind == conv || l.kind == dense)
}

// label is how a message about a run names the layer.
func (l *layer) label() string {
	if before, _, ok := strings.Cut(l.where, " "); ok {
		return strings.TrimPrefix(before, "network.")
	}
	return l.name
}

// makeParameters makes the parameters in torch's order, filled with zeros.
func (l *layer) makeParameters() {
	switch l.kind {
	case conv, dense:
		l.weight = newWeight(l.name+".weight", l.window, l.in.Channels/l.groups, l.out.Channels, l.kind == dense)
		if l.bias {
			l.offset = newVector(l.name+".bias", l.out.Channels)
		}
	case batchNorm:
		l.weight = newVector(l.name+".weight", l.out.Channels)
		l.offset = newVector(l.name+".bias", l.out.Channels)
		l.running = &statistics{mean: make([]float32, l.out.Channels), variance: make([]float32, l.out.Channels)}
	}
}

// parameters returns the layer's parameters in torch's order.
func (l *layer) parameters() []*Parameter {
	switch {
	case l.weight == nil:
		return nil
	case l.offset == nil:
		return []*Parameter{l.weight}
	}
	return []*Parameter{l.weight, l.offset}
}

// order returns the layers in an order in which each finds what it reads done: a
// batch_norm that adds a layer behind it waits for it.
func (a *architecture) order() []int {
	var order []int
	for i, l := range a.layers {
		if l.other < i {
			order = append(order, i)
		}
		for j, waiting := range a.layers[:i] {
			if waiting.other == i {
				order = append(order, j)
			}
		}
	}
	return order
}

// readers counts, a layer, how many layers read its output.
func (a *architecture) readers() []int {
	n := make([]int, len(a.layers))
	for _, l := range a.layers {
		for _, read := range []int{l.input, l.other} {
			if read >= 0 {
				n[read]++
			}
		}
	}
	return n
}

// sequential is the architecture of network.layers. Modules are named by their
// index, as in a torch nn.Sequential of the same items. Features are joined to what
// the first dense layer reads.
func sequential(items []recipe.Layer, picture shape, features, outputs int) (*architecture, error) {
	if len(items) == 0 {
		return nil, fmt.Errorf("network.layers: the list is empty: want at least {dense: %d}", outputs)
	}
	a := &architecture{picture: picture, features: features, initialise: (*layer).initialiseTorch}
	first := slices.IndexFunc(items, func(item recipe.Layer) bool { return kind(item.Kind) == dense })
	if first < 0 && features > 0 {
		return nil, fmt.Errorf("network.layers: data.features are joined to what the first dense layer reads, and there is none: end with {dense: %d}", outputs)
	}
	for i, item := range items {
		input, where := len(a.layers)-1, fmt.Sprintf("network.layers[%d] (%s)", i, item.Kind)
		if i == first {
			var err error
			if input, err = a.join(input, where); err != nil {
				return nil, err
			}
		}
		l := layer{
			name:  strconv.Itoa(i),
			where: where,
			kind:  kind(item.Kind), input: input, other: none,
			window: item.Kernel, stride: item.Stride, pad: item.Padding,
			dilation: item.Dilation, groups: item.Groups, bias: item.Bias, probability: float32(item.Probability),
		}
		switch l.kind {
		case conv:
			l.stride = max(l.stride, 1)
		case maxPool, avgPool:
			l.window = item.Size
			if l.stride == 0 {
				l.stride = l.window
			}
		case adaptiveAvgPool:
			l.window = item.Size
		}
		if act, ok := activations[l.kind]; ok && i > 0 && a.layers[input].takes(act) {
			a.layers[input].act, l.fused = act, true
		}
		if _, err := a.add(l, item.Size); err != nil {
			return nil, err
		}
	}
	last := a.layers[len(a.layers)-1]
	if last.out != (shape{1, 1, outputs}) {
		mend := fmt.Sprintf("end with {dense: %d}", outputs)
		if last.kind == dense {
			mend = fmt.Sprintf("write {dense: %d}", outputs)
		}
		return nil, fmt.Errorf("%s: the network ends with %s numbers, want %d: %s", last.where, last.out, outputs, mend)
	}
	return a, nil
}

// fusePools has a max_pool do the ReLU before it, and a convolution the max_pool behind it,
// where nobody else reads what is between them: neither output nor gradient need a pass of
// their own then, at the size before the pool.
func (a *architecture) fusePools() {
	readers := a.readers()
	for j, pool := range a.layers {
		if pool.kind != maxPool {
			continue
		}
		i := pool.input
		for i != none && readers[i] == 1 && a.layers[i].fused {
			i = a.layers[i].input
		}
		if i == none || readers[i] > 1 {
			continue
		}
		before := a.layers[i]
		if before.act == kernel.ReLU {
			before.act, pool.act = kernel.Identity, kernel.ReLU
		}
		if before.kind == conv && before.other == none && before.act == kernel.Identity && readers[j] <= 1 &&
			before.convolution(1).Pools(pool.pooling(1), before.input != none) {
			before.pool, pool.fused = pool, true
		}
	}
}

// result is the shape of what the layer gives, with all that it does.
func (l *layer) result() shape {
	if l.pool != nil {
		return l.pool.out
	}
	return l.out
}

// parameters returns all parameters in torch's order.
func (a *architecture) parameters() []*Parameter {
	var all []*Parameter
	for _, l := range a.layers {
		all = append(all, l.parameters()...)
	}
	return slices.Clip(all)
}
