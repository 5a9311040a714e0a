package network

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/weights"
)

var (
	convItem  = recipe.Layer{Kind: "conv", Size: 5, Kernel: 3, Stride: 1, Padding: 1, Bias: true}
	bare      = recipe.Layer{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1}
	tight     = recipe.Layer{Kind: "conv", Size: 6, Kernel: 2, Stride: 2, Padding: 1, Bias: true}
	normItem  = recipe.Layer{Kind: "batch_norm"}
	reluItem  = recipe.Layer{Kind: "relu"}
	flat      = recipe.Layer{Kind: "flatten"}
	global    = recipe.Layer{Kind: "global_avg_pool"}
	hidden    = recipe.Layer{Kind: "dense", Size: 7, Bias: true}
	head      = recipe.Layer{Kind: "dense", Size: 2, Bias: true}
	dropItem  = recipe.Layer{Kind: "dropout", Probability: 0.4}
	maxItem   = recipe.Layer{Kind: "max_pool", Size: 2}
	bigMax    = recipe.Layer{Kind: "max_pool", Size: 3, Stride: 2, Padding: 1}
	avgItem   = recipe.Layer{Kind: "avg_pool", Size: 2}
	bigAvg    = recipe.Layer{Kind: "avg_pool", Size: 3, Stride: 2, Padding: 1}
	grouped   = recipe.Layer{Kind: "conv", Size: 6, Kernel: 3, Stride: 1, Padding: 2, Dilation: 2, Groups: 3, Bias: true}
	depthwise = recipe.Layer{Kind: "conv", Size: 3, Kernel: 3, Stride: 2, Padding: 1, Groups: 3}
	everyItem = []recipe.Layer{convItem, normItem, reluItem, bigMax, bare, reluItem, avgItem, flat, dropItem, hidden, normItem, head}
)

// wide has sums that are longer than a block of the kernels, in all directions.
var wide = []recipe.Layer{
	{Kind: "conv", Size: 70, Kernel: 3, Stride: 1, Padding: 1}, normItem, reluItem,
	{Kind: "conv", Size: 33, Kernel: 3, Stride: 2, Padding: 1}, normItem, reluItem, flat, head,
}

// sequences are small networks that together hold every kind of layer in every
// place that the graphs treat differently.
var sequences = map[string][]recipe.Layer{
	"dense":                 {flat, head},
	"convolution":           {convItem, flat, head},
	"strided":               {bare, convItem, flat, head},
	"norm and relu":         {convItem, normItem, reluItem, flat, head},
	"norm alone":            {normItem, convItem, reluItem, normItem, global, head},
	"relu after dense":      {flat, hidden, reluItem, head},
	"norm of dense":         {flat, hidden, normItem, reluItem, head},
	"max pool":              {convItem, maxItem, bigMax, flat, head},
	"pooled convolution":    {tight, reluItem, maxItem, convItem, maxItem, reluItem, flat, head},
	"average pool":          {convItem, avgItem, bigAvg, flat, head},
	"global average":        {convItem, reluItem, global, head},
	"dropout":               {convItem, dropItem, flat, hidden, dropItem, head},
	"groups and dilation":   {grouped, convItem, flat, head},
	"depthwise":             {depthwise, normItem, {Kind: "hardswish"}, flat, head},
	"adaptive average":      {convItem, {Kind: "adaptive_avg_pool", Size: 2}, flat, head},
	"relu6":                 {convItem, {Kind: "relu6"}, normItem, {Kind: "relu6"}, flat, head},
	"hardswish":             {convItem, {Kind: "hardswish"}, normItem, {Kind: "hardswish"}, flat, head},
	"hardsigmoid":           {convItem, {Kind: "hardsigmoid"}, normItem, {Kind: "hardsigmoid"}, flat, head},
	"silu":                  {convItem, {Kind: "silu"}, normItem, {Kind: "silu"}, flat, head},
	"sigmoid":               {convItem, {Kind: "sigmoid"}, normItem, {Kind: "sigmoid"}, flat, head},
	"gelu":                  {convItem, {Kind: "gelu"}, normItem, {Kind: "gelu"}, flat, head},
	"every kind in a chain": everyItem,
}

var small = Input{7, 6, 3}

func mustNew(t testing.TB, spec recipe.Network, in Input, outputs int) *Network {
	t.Helper()
	n, err := New(spec, in, outputs)
	if err != nil {
		t.Fatal(err)
	}
	n.Initialize(3)
	return n
}

func layersNetwork(t testing.TB, items []recipe.Layer) *Network {
	return mustNew(t, recipe.Network{Backbone: "layers", Layers: items}, small, 2)
}

// residualNetwork is a ResNet in small: a stem, one block with the identity as
// its shortcut and one with a strided convolution.
func residualNetwork(t testing.TB) *Network {
	t.Helper()
	a := &architecture{picture: shape(small), initialise: (*layer).initialiseResNet}
	for _, item := range []struct {
		layer
		channels int
	}{
		{layer{name: "stem", kind: conv, input: none, window: 3, stride: 1, pad: 1, other: none}, 4},
		{layer{name: "bn", kind: batchNorm, input: 0, act: kernel.ReLU, other: none}, 0},
		{layer{name: "a.conv", kind: conv, input: 1, window: 3, stride: 1, pad: 1, other: none}, 4},
		{layer{name: "a.bn", kind: batchNorm, input: 2, act: kernel.ReLU, other: 1}, 0},
		{layer{name: "b.conv", kind: conv, input: 3, window: 3, stride: 2, pad: 1, other: none}, 6},
		{layer{name: "b.bn", kind: batchNorm, input: 4, act: kernel.ReLU, other: 7}, 0},
		{layer{name: "b.downsample.0", kind: conv, input: 3, window: 1, stride: 2, other: none}, 6},
		{layer{name: "b.downsample.1", kind: batchNorm, input: 6, other: none}, 0},
		{layer{name: "pool", kind: globalAvgPool, input: 5, other: none}, 0},
		{layer{name: "fc", kind: dense, input: 8, bias: true, other: none}, 2},
	} {
		if _, err := a.add(item.layer, item.channels); err != nil {
			t.Fatal(err)
		}
	}
	n := newNetwork(a, 2)
	n.Initialize(3)
	return n
}

// adaptiveNetwork is a VGG in small: an adaptive pool whose windows overlap and
// differ in size, and dropout in the classifier.
func adaptiveNetwork(t testing.TB) *Network {
	t.Helper()
	b := newBuilder(shape(small), (*layer).initialiseVGG)
	b.next(layer{name: "features.0", kind: conv, window: 3, stride: 1, pad: 1, bias: true}, 4)
	b.next(layer{name: "features.1", kind: relu}, 0)
	b.next(layer{name: "avgpool", kind: adaptiveAvgPool, window: 4}, 0)
	b.next(layer{name: "flatten", kind: flatten}, 0)
	b.next(layer{name: "classifier.0", kind: dense, bias: true}, 6)
	b.next(layer{name: "classifier.1", kind: relu}, 0)
	b.next(layer{name: "classifier.2", kind: dropout, probability: 0.5}, 0)
	b.next(layer{name: "classifier.3", kind: dense, bias: true}, 2)
	return b.mustFinish(t)
}

// givenNetwork has what the networks that are not torchvision's have: SAME padding, an
// addition behind a convolution, a shortcut without parameters.
func givenNetwork(t testing.TB) *Network {
	t.Helper()
	b := newBuilder(shape{8, 8, 3}, (*layer).initialiseVGG)
	x := b.folded(0, 4, 3, 2, false, kernel.ReLU6, none)
	b.folded(1, 6, 1, 1, false, kernel.ReLU6, none)
	b.folded(2, 0, 3, 1, true, kernel.ReLU6, none)
	x = b.folded(3, 4, 1, 1, false, kernel.Identity, x)
	shortcut := b.module(layer{name: "shortcut", kind: subsample, input: x, other: none, stride: 2}, 8)
	b.convolution("conv", x, 8, 3, 2, 1)
	b.norm("bn", kernel.ReLU, shortcut)
	b.next(layer{name: "pool", kind: globalAvgPool}, 0)
	b.next(layer{name: "fc", kind: dense, bias: true}, 2)
	return b.mustFinish(t)
}

// mustFinish makes the network of two outputs that was built.
func (b *builder) mustFinish(t testing.TB) *Network {
	t.Helper()
	if b.failed != nil {
		t.Fatal(b.failed)
	}
	n := newNetwork(b.architecture, 2)
	n.Initialize(3)
	return n
}

// invertedNetwork is an EfficientNet in small: squeeze and excitation with and
// without an addition, and stochastic depth.
func invertedNetwork(t testing.TB) *Network {
	t.Helper()
	b := newBuilder(shape(small), (*layer).initialiseEfficientNet)
	b.epsilon, b.momentum = 1e-3, 0.01
	b.normed("stem", 4, 3, 1, 1, silu)
	b.inverted("a", inverted{window: 3, stride: 1, expanded: 4, channels: 4, act: hardSwish, squeezed: 2, squeezedAct: relu, gate: hardSigmoid})
	b.inverted("b", inverted{window: 3, stride: 1, expanded: 6, channels: 4, act: silu, squeezed: 3, squeezedAct: silu, gate: sigmoid, drop: 0.4})
	b.inverted("c", inverted{window: 5, stride: 2, expanded: 8, channels: 3, act: relu6, bare: true})
	b.next(layer{name: "pool", kind: globalAvgPool}, 0)
	b.next(layer{name: "fc", kind: dense, bias: true}, 2)
	return b.mustFinish(t)
}

// noise returns n numbers in [-1, 1).
func noise(purpose string, n int) []float32 {
	stream := rng.New(1, purpose)
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*stream.Float32() - 1
	}
	return x
}

func streams(layer uint64) *rng.Stream { return rng.New(5, "dropout", layer) }

// disturb moves everything away from its initial value, so that a mistake in a
// bias, a batch norm's weight or a running statistic shows.
func disturb(t testing.TB, n *Network) {
	t.Helper()
	tensors := n.Tensors()
	for _, tensor := range tensors {
		for i, v := range noise(tensor.Name, len(tensor.Float)) {
			tensor.Float[i] += 0.3 * v
		}
	}
	if err := n.Load(tensors); err != nil {
		t.Fatal(err)
	}
}

// TestGradients compares every parameter's gradient and the outputs of both
// graphs with the naive network in float64.
func TestGradients(t *testing.T) {
	networks := map[string]*Network{
		"residual blocks": residualNetwork(t), "adaptive pool": adaptiveNetwork(t), "inverted residual blocks": invertedNetwork(t), "given": givenNetwork(t),
	}
	for name, items := range sequences {
		networks[name] = layersNetwork(t, items)
	}
	for name, n := range networks {
		t.Run(name, func(t *testing.T) { againstNaive(t, n) })
	}
}

// againstNaive compares a network of two outputs with the naive one.
func againstNaive(t *testing.T, n *Network) {
	t.Helper()
	const batch = 3
	disturb(t, n)
	x, target := noise("pictures", batch*n.exampleSize()), noise("targets", batch*2)

	outputs, err := n.Predict(x, batch)
	if err != nil {
		t.Fatal(err)
	}
	reference := newNaive(n, false, nil)
	if d := rms(float64s(outputs), reference.forward(reference.split(x, batch), batch)); d > 1e-6 {
		t.Errorf("evaluation outputs are %.2g away", d)
	}

	reference = newNaive(n, true, streams)
	planes := reference.split(x, batch)
	checkStep(t, n, reference, x, planes, target, batch, n.all)
}

func TestRunningStatistics(t *testing.T) {
	n := layersNetwork(t, []recipe.Layer{normItem, flat, head})
	const batch = 4
	x := noise("pictures", batch*n.picture.size())
	mean, variance := moments(toPlanes(float64s(x), n.picture), n.picture, batch)
	for range 2 {
		if _, err := n.Step(x, make([]float32, batch*2), batch, nil); err != nil {
			t.Fatal(err)
		}
	}
	count := float64(batch * small.Height * small.Width)
	for _, tensor := range n.Tensors() {
		for i, v := range tensor.Float {
			want := float64(v)
			switch tensor.Name {
			case "0.running_mean":
				want = 0.19 * mean[i]
			case "0.running_var":
				want = 0.81 + 0.19*variance[i]*count/(count-1)
			}
			if math.Abs(float64(v)-want) > 1e-6 {
				t.Errorf("%s[%d] is %v, want %v", tensor.Name, i, v, want)
			}
		}
		if tensor.Name == "0.num_batches_tracked" && tensor.Int[0] != 2 {
			t.Errorf("%d batches tracked", tensor.Int[0])
		}
	}
}

func TestTensorsAndLoad(t *testing.T) {
	n, other := layersNetwork(t, everyItem), layersNetwork(t, everyItem)
	disturb(t, n)
	tensors := n.Tensors()
	slices.Reverse(tensors)
	if err := other.Load(tensors); err != nil {
		t.Fatal(err)
	}
	if weights.Digest(n.Tensors()) != weights.Digest(other.Tensors()) {
		t.Error("what was loaded is not what was saved")
	}
	before := weights.Digest(other.Tensors())
	for name, broken := range map[string]func([]weights.Tensor) []weights.Tensor{
		"missing": func(all []weights.Tensor) []weights.Tensor { return all[1:] },
		"in no layer": func(all []weights.Tensor) []weights.Tensor {
			return append(all, weights.Tensor{Name: "99.weight", Shape: []int{1}, Float: []float32{1}})
		},
		"twice": func(all []weights.Tensor) []weights.Tensor { return append(all, all[0]) },
		"shape": func(all []weights.Tensor) []weights.Tensor {
			all[0].Shape = []int{len(all[0].Float) + len(all[0].Int), 1}
			return all
		},
		"type": func(all []weights.Tensor) []weights.Tensor {
			all[len(all)-1].Float = nil
			return all
		},
	} {
		disturb(t, n)
		err := other.Load(broken(n.Tensors()))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if weights.Digest(other.Tensors()) != before {
		t.Error("a failed Load changed the network")
	}
}

// TestFlattenIsTorchs says it in one glance: behind flatten, a weight's columns
// count (C, H, W).
func TestFlattenIsTorchs(t *testing.T) {
	n := mustNew(t, recipe.Network{Backbone: "layers", Layers: []recipe.Layer{flat, {Kind: "dense", Size: 1}}}, Input{2, 2, 3}, 1)
	weight := weights.Tensor{Name: "1.weight", Shape: []int{1, 12}, Float: make([]float32, 12)}
	weight.Float[2*4+1*2+0] = 1 // channel 2, row 1, column 0
	if err := n.Load([]weights.Tensor{weight}); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 12)
	x[(1*2+0)*3+2] = 7
	if y, err := n.Predict(x, 1); err != nil || y[0] != 7 {
		t.Errorf("output %v, error %v", y, err)
	}
}

func TestPredictIsTheSameInAnyBatch(t *testing.T) {
	for name, n := range map[string]*Network{
		"layers":   layersNetwork(t, everyItem),
		"residual": residualNetwork(t),
		"adaptive": adaptiveNetwork(t),
		"inverted": invertedNetwork(t),
		"wide":     layersNetwork(t, wide),
	} {
		disturb(t, n)
		const count = 39
		size := n.picture.size()
		x := noise("pictures", count*size)
		want, err := n.Predict(x, count)
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range []int{1, 7, 32} {
			var got []float32
			for from := 0; from < count; from += batch {
				to := min(from+batch, count)
				y, err := n.Predict(x[from*size:to*size], to-from)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, y...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: batches of %d give other bits", name, batch)
			}
		}
	}
}

// trainDigest trains for a few steps, batches of two sizes, and returns the
// digest of everything that came of it.
func trainDigest(t testing.TB, n *Network, spec recipe.Optimizer) string {
	t.Helper()
	o := n.NewOptimizer(spec)
	for _, batch := range []int{4, 3, 4} {
		if _, err := n.Step(noise("pictures", batch*n.picture.size()), noise("targets", batch*n.outputs), batch, streams); err != nil {
			t.Fatal(err)
		}
		o.Step()
	}
	return weights.Digest(append(n.Tensors(), o.Tensors()...)).String()
}

var adamSpec = recipe.Optimizer{Adam: &recipe.Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-2}}
var adamWSpec = recipe.Optimizer{AdamW: &recipe.AdamW{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-2}}
var sgdSpec = recipe.Optimizer{SGD: &recipe.SGD{Rate: 1e-2, Momentum: 0.9, Nesterov: true}}
var rmspropSpec = recipe.Optimizer{RMSprop: &recipe.RMSprop{Rate: 1e-3, Alpha: 0.99, Epsilon: 1e-8, Momentum: 0.9, Centered: true, WeightDecay: 1e-2}}

func TestBitsDoNotDependOnThreadsOrVariant(t *testing.T) {
	defer kernel.SetThreads(kernel.Threads())
	defer kernel.SetVariant(kernel.Variant())
	digests := map[string]bool{}
	for _, variant := range kernel.Variants() {
		if err := kernel.SetVariant(variant); err != nil {
			t.Fatal(err)
		}
		for _, threads := range []int{1, 2, 5} {
			kernel.SetThreads(threads)
			digests[trainDigest(t, layersNetwork(t, everyItem), adamSpec)+
				trainDigest(t, layersNetwork(t, wide), adamSpec)+
				trainDigest(t, residualNetwork(t), sgdSpec)+
				trainDigest(t, adaptiveNetwork(t), adamWSpec)+
				trainDigest(t, layersNetwork(t, everyItem), rmspropSpec)] = true
		}
	}
	if len(digests) > 1 {
		t.Errorf("%d digests", len(digests))
	}
}

// TestResume goes on from saved tensors and must arrive at the same bits.
func TestResume(t *testing.T) {
	for _, spec := range []recipe.Optimizer{
		adamSpec, adamWSpec, sgdSpec, {SGD: &recipe.SGD{Rate: 0.1}}, rmspropSpec, {RMSprop: &recipe.RMSprop{Rate: 1e-2, Alpha: 0.9, Epsilon: 1e-8}},
	} {
		step := func(n *Network, o *Optimizer) {
			if _, err := n.Step(noise("pictures", 4*n.picture.size()), noise("targets", 8), 4, streams); err != nil {
				t.Fatal(err)
			}
			o.Clip(0.1)
			o.Step()
		}
		n := layersNetwork(t, everyItem)
		o := n.NewOptimizer(spec)
		step(n, o)
		step(n, o)
		resumed := layersNetwork(t, everyItem)
		resumedOptimizer := resumed.NewOptimizer(spec)
		if err := errors.Join(resumed.Load(n.Tensors()), resumedOptimizer.Load(o.Tensors())); err != nil {
			t.Fatal(err)
		}
		step(n, o)
		step(resumed, resumedOptimizer)
		if weights.Digest(n.Tensors()) != weights.Digest(resumed.Tensors()) || weights.Digest(o.Tensors()) != weights.Digest(resumedOptimizer.Tensors()) {
			t.Error("resumed training went another way")
		}
		if err := resumedOptimizer.Load(nil); err == nil {
			t.Error("an empty state was loaded")
		}
	}
}

// TestClip against torch.nn.utils.clip_grad_norm_ of (1, -2, 3) and (0.5, -4),
// whose length is 5.5.
func TestClip(t *testing.T) {
	gradient := []float32{1, -2, 3, 0.5, -4}
	for limit, want := range map[float64][]float32{
		1:   {0.181818157, -0.363636315, 0.545454502, 0.0909090787, -0.72727263},
		0.5: {0.0909090787, -0.181818157, 0.272727251, 0.0454545394, -0.363636315},
		100: gradient,
	} {
		n := mustNew(t, recipe.Network{Backbone: "layers", Layers: []recipe.Layer{{Kind: "conv", Size: 1, Kernel: 1, Bias: true}, flat, {Kind: "dense", Size: 1}}}, Input{1, 1, 3}, 1)
		o := n.NewOptimizer(adamSpec)
		grads := n.all // of 3, 1 and 1 elements
		copy(grads[0].Grad, gradient[:3])
		grads[1].Grad[0], grads[2].Grad[0] = gradient[3], gradient[4]
		o.Clip(limit)
		got := slices.Concat(grads[0].Grad, grads[1].Grad, grads[2].Grad)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 3e-7*math.Abs(float64(want[i])) {
				t.Errorf("limit %v: %v, want %v", limit, got, want)
				break
			}
		}
	}
}

// TestSetRate: an optimiser whose rate is set goes as one that has it from the recipe.
func TestSetRate(t *testing.T) {
	for rate, specs := range map[float64][2]recipe.Optimizer{
		0.5: {{SGD: &recipe.SGD{Rate: 0.1, Momentum: 0.9}}, {SGD: &recipe.SGD{Rate: 0.5, Momentum: 0.9}}},
		0.2: {{AdamW: &recipe.AdamW{Rate: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.1}}, {AdamW: &recipe.AdamW{Rate: 0.2, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.1}}},
		0.3: {{RMSprop: &recipe.RMSprop{Rate: 0.1, Alpha: 0.9, Epsilon: 1e-8}}, {RMSprop: &recipe.RMSprop{Rate: 0.3, Alpha: 0.9, Epsilon: 1e-8}}},
	} {
		var states []digest.Digest
		for i, spec := range specs {
			n := layersNetwork(t, everyItem)
			o := n.NewOptimizer(spec)
			if i == 0 {
				o.SetRate(rate)
			}
			if _, err := n.Step(noise("pictures", 4*n.picture.size()), noise("targets", 8), 4, streams); err != nil {
				t.Fatal(err)
			}
			o.Step()
			states = append(states, weights.Digest(n.Tensors()))
		}
		if states[0] != states[1] || specs[1].Rate() != rate {
			t.Errorf("a rate of %v that is set goes another way", rate)
		}
	}
}

// TestAverage holds the moving average of parameters and running statistics, and
// that it goes on from its tensors.
func TestAverage(t *testing.T) {
	const decay = 0.75
	n := layersNetwork(t, everyItem)
	o, a := n.NewOptimizer(sgdSpec), n.NewAverage(decay)
	var want [][]float64
	step := func() {
		if _, err := n.Step(noise("pictures", 4*n.picture.size()), noise("targets", 8), 4, streams); err != nil {
			t.Fatal(err)
		}
		o.Step()
		a.Step()
	}
	for i := range 3 {
		step()
		for j, tensor := range n.Tensors() {
			if i == 0 {
				want = append(want, make([]float64, len(tensor.Float)))
			}
			for k, v := range tensor.Float {
				if want[j][k] = decay*want[j][k] + (1-decay)*float64(v); i == 0 {
					want[j][k] = float64(v)
				}
			}
		}
	}
	for j, tensor := range a.Tensors() {
		for k, v := range tensor.Float {
			if math.Abs(float64(v)-want[j][k]) > 1e-6 {
				t.Fatalf("%s: %v, want %v", tensor.Name, v, want[j][k])
			}
		}
	}
	now, mean := weights.Digest(n.Tensors()), weights.Digest(a.Tensors())
	a.Swap()
	if weights.Digest(n.Tensors()) == now {
		t.Error("the network is not the average")
	}
	a.Swap()
	resumed := n.NewAverage(decay)
	if err := resumed.Load(a.Tensors()); err != nil || weights.Digest(resumed.Tensors()) != mean || weights.Digest(n.Tensors()) != now {
		t.Errorf("the average came back otherwise: %v", err)
	}
	if err := resumed.Load(a.Tensors()[1:]); err == nil {
		t.Error("half an average was loaded")
	}
	step()
	resumed.Step()
	if weights.Digest(resumed.Tensors()) != weights.Digest(a.Tensors()) {
		t.Error("the average went another way")
	}
}

// TestSetLoss changes the loss between steps of the same batch.
func TestSetLoss(t *testing.T) {
	const batch = 4
	n := layersNetwork(t, []recipe.Layer{convItem, flat, head})
	x, target := noise("pictures", batch*n.picture.size()), noise("targets", batch*2)
	for i := range target {
		target[i] *= 3
	}
	outputs := newNaive(n, true, nil).forward(toPlanes(float64s(x), n.picture), batch)
	var mse, mae, huber float64
	for i, y := range outputs {
		d := math.Abs(y - float64(target[i]))
		mse, mae = mse+d*d/8, mae+d/8
		if d < 1 {
			huber += d * d / 16
		} else {
			huber += (d - 0.5) / 8
		}
	}
	for name, want := range map[string]float64{"mse": mse, "mae": mae, "huber": huber} {
		if err := n.SetLoss(Loss{Name: name}); err != nil {
			t.Fatal(err)
		}
		if got, err := n.Step(x, target, batch, nil); err != nil || math.Abs(float64(got)-want) > 1e-5*want {
			t.Errorf("%s is %v, want %v; error %v", name, got, want, err)
		}
	}
	// Class 1 of two, weighted 3, class 0 weighted 1, a tenth of each example dealt out.
	shares := []float64{1, 3}
	var sum, total float64
	classes := []float32{1, 0, 1, 1}
	for i, class := range classes {
		logits := outputs[2*i:][:2]
		z := math.Log(math.Exp(logits[0]) + math.Exp(logits[1]))
		total += shares[int(class)]
		sum += 0.9 * shares[int(class)] * (z - logits[int(class)])
		for j, w := range shares {
			sum += 0.1 / 2 * w * (z - logits[j])
		}
	}
	if err := n.SetLoss(Loss{Name: "cross_entropy", Weights: []float32{1, 3}, Smoothing: 0.1}); err != nil {
		t.Fatal(err)
	}
	if got, err := n.Step(x, classes, batch, nil); err != nil || math.Abs(float64(got)-sum/total) > 1e-5 {
		t.Errorf("cross_entropy is %v, want %v; error %v", got, sum/total, err)
	}
	for want, l := range map[string]Loss{
		"there is no \"hinge\": want cross_entropy or one of [huber mae mse]": {Name: "hinge"},
		"3 weights of classes for 2 outputs":                                  {Name: "cross_entropy", Weights: make([]float32, 3)},
		"a smoothing of 1":                                                    {Name: "cross_entropy", Smoothing: 1},
		"mae has no classes":                                                  {Name: "mae", Smoothing: 0.1},
	} {
		if err := n.SetLoss(l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestTrainingLowersTheLoss(t *testing.T) {
	for _, spec := range []recipe.Optimizer{{Adam: &recipe.Adam{Rate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}}, sgdSpec, {RMSprop: &recipe.RMSprop{Rate: 1e-3, Alpha: 0.99, Epsilon: 1e-8}}} {
		n := residualNetwork(t)
		o := n.NewOptimizer(spec)
		x, target := noise("pictures", 8*n.picture.size()), noise("targets", 16)
		var first, last float32
		for i := range 40 {
			loss, err := n.Step(x, target, 8, nil)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = loss
			}
			last = loss
			o.Step()
		}
		if last > first/3 {
			t.Errorf("loss went from %v to %v", first, last)
		}
	}
}

func TestInitialize(t *testing.T) {
	first, again := layersNetwork(t, everyItem), layersNetwork(t, everyItem)
	if weights.Digest(first.Tensors()) != weights.Digest(again.Tensors()) {
		t.Error("the same seed gives another network")
	}
	again.Initialize(4)
	if weights.Digest(first.Tensors()) == weights.Digest(again.Tensors()) {
		t.Error("another seed gives the same network")
	}
	n := mustNew(t, recipe.Network{Backbone: "resnet18"}, Input{32, 32, 3}, 2)
	if n.Count() != 11177538 {
		t.Errorf("%d parameters", n.Count())
	}
	for _, tensor := range n.Tensors() {
		if tensor.Int != nil {
			continue
		}
		deviation := norm(tensor.Float) / math.Sqrt(float64(len(tensor.Float)))
		var want float64
		switch {
		case len(tensor.Shape) == 4:
			want = math.Sqrt(2 / float64(tensor.Shape[0]*tensor.Shape[2]*tensor.Shape[3]))
		case tensor.Name == "fc.weight":
			want = 1 / math.Sqrt(512) / math.Sqrt(3)
		case strings.HasSuffix(tensor.Name, ".weight"), strings.HasSuffix(tensor.Name, "running_var"):
			want = 1
		case tensor.Name == "fc.bias":
			for _, v := range tensor.Float {
				if math.Abs(float64(v)) > 1/math.Sqrt(512) {
					t.Errorf("fc.bias holds %v", v)
				}
			}
			continue
		}
		if math.Abs(deviation-want) > 0.03*want {
			t.Errorf("%s has a deviation of %v, want %v", tensor.Name, deviation, want)
		}
	}
}

// TestInitializeVGG: the deviations of torchvision, and no biases.
func TestInitializeVGG(t *testing.T) {
	b := newBuilder(shape(small), (*layer).initialiseVGG)
	b.next(layer{name: "conv", kind: conv, window: 3, stride: 1, bias: true}, 256)
	b.next(layer{name: "norm", kind: batchNorm}, 0)
	b.next(layer{name: "pool", kind: globalAvgPool}, 0)
	b.next(layer{name: "dense", kind: dense, bias: true}, 100)
	n := newNetwork(b.architecture, 100)
	disturb(t, n)
	n.Initialize(7)
	want := map[string]float64{"conv.weight": math.Sqrt(2. / 9 / 256), "norm.weight": 1, "norm.running_var": 1, "dense.weight": 0.01}
	for _, tensor := range n.Tensors() {
		deviation := norm(tensor.Float) / math.Sqrt(float64(len(tensor.Float)))
		if want := want[tensor.Name]; tensor.Int == nil && !(math.Abs(deviation-want) <= 0.03*want) {
			t.Errorf("%s has a deviation of %v, want %v", tensor.Name, deviation, want)
		}
	}
}

func TestLayers(t *testing.T) {
	n := layersNetwork(t, everyItem)
	table := n.Layers()
	want := LayerInfo{Name: "4", Kind: "conv", Output: Input{2, 2, 4}, Parameters: 180, MultiplyAdds: 720, Trains: 1}
	if table[4] != want {
		t.Errorf("row %+v, want %+v", table[4], want)
	}
	sum := 0
	for _, row := range table {
		sum += row.Parameters
	}
	if len(table) != len(everyItem) || sum != n.Count() {
		t.Errorf("%d rows with %d parameters, want %d and %d", len(table), sum, len(everyItem), n.Count())
	}
}

func TestNonFinite(t *testing.T) {
	infinite := float32(math.Inf(1))
	step := func(n *Network, x, target []float32) *NonFiniteError {
		t.Helper()
		_, err := n.Step(x, target, 4, nil)
		var nonFinite *NonFiniteError
		if !errors.As(err, &nonFinite) {
			t.Fatalf("error %v", err)
		}
		return nonFinite
	}
	items := []recipe.Layer{convItem, reluItem, flat, hidden, head}
	n := layersNetwork(t, items)
	x, target := noise("pictures", 4*n.picture.size()), noise("targets", 8)
	if e := step(n, slices.Concat([]float32{infinite}, x[1:]), target); e.Layer != "picture" {
		t.Errorf("an infinite pixel gives %+v", e)
	}
	if e := step(n, x, slices.Concat(target[1:], []float32{infinite})); e.Layer != "target" {
		t.Errorf("an infinite target gives %+v", e)
	}
	if e := step(n, x, []float32{3e38, 0, 0, 0, 0, 0, 0, 0}); e.Layer != "loss" {
		t.Errorf("an overflow of the loss gives %+v", e)
	}
	fill(n.all[2].Value, 3e38)
	if e := step(n, x, target); e.Layer != "layers[3]" || e.Parameter != "" {
		t.Errorf("an overflow of item 3 gives %+v", e)
	}
	n.all[3].Value[0] = float32(math.NaN())
	if e := step(n, x, target); e.Layer != "layers[3]" || e.Parameter != "3.bias" || !strings.Contains(e.Error(), "3.bias") {
		t.Errorf("a parameter that is NaN gives %+v", e)
	}
	r := residualNetwork(t)
	r.all[3].Value[0] = infinite
	if e := step(r, x, target); e.Layer != "a.conv" || e.Parameter != "a.conv.weight" {
		t.Errorf("an infinite weight of a.conv gives %+v", e)
	}
}

func TestErrors(t *testing.T) {
	for want, items := range map[string][]recipe.Layer{
		"the list is empty": {},
		"network.layers[0] (dense): its input is 7x6x3, not a list of numbers: put flatten":                             {head},
		"network.layers[2] (conv): its window of 3x3 is larger than its input of 1x1x3":                                 {{Kind: "max_pool", Size: 6}, reluItem, {Kind: "conv", Size: 3, Kernel: 3}},
		"network.layers[1] (dense): the network ends with 1x1x7 numbers, want 2: write {dense: 2}":                      {flat, hidden},
		"network.layers[1] (relu): the network ends with 7x6x5 numbers, want 2: end with {dense: 2}":                    {convItem, reluItem},
		"network.layers[0] (max_pool): a padding of 2 is more than half of the window of 3":                             {{Kind: "max_pool", Size: 3, Stride: 1, Padding: 2}},
		"network.layers[0] (avg_pool): a window of 16 is more than the largest":                                         {{Kind: "avg_pool", Size: 16}},
		"network.layers[0] (dropout): a probability of 1":                                                               {{Kind: "dropout", Probability: 1}},
		"network.layers[0] (conv): kernel 0, stride 1, padding 0":                                                       {{Kind: "conv", Size: 3}},
		"network.layers[2] (dense): with it the network has 427 million parameters, more than the limit of 268 million": {flat, {Kind: "dense", Size: 60000}, {Kind: "dense", Size: 7000}, hidden},
		"network.layers[0] (conv): with it the layers give 16000104 million numbers for one photo, more than the limit": {{Kind: "conv", Size: 4, Kernel: 1, Stride: 1, Padding: 1_000_000}},
		"network.layers[0] (conv): 0 outputs":                                                                           {{Kind: "conv", Kernel: 1}},
		"network.layers[0] (attention): there is no such layer":                                                         {{Kind: "attention"}},
	} {
		_, err := New(recipe.Network{Backbone: "layers", Layers: items}, small, 2)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	if _, err := New(recipe.Network{Backbone: "vgg"}, small, 2); err == nil {
		t.Error("an unknown backbone was built")
	}
	n := layersNetwork(t, everyItem)
	x := noise("pictures", 4*n.picture.size())
	for what, err := range map[string]error{
		"a random stream": second(n.Step(x, make([]float32, 8), 4, nil)),
		"are no batch":    second(n.Step(x, make([]float32, 7), 4, streams)),
		"batch of 1":      second(n.Step(x[:n.picture.size()], make([]float32, 2), 1, streams)),
		"are not 5":       func() error { _, err := n.Predict(x, 5); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want an error with %q, got %v", what, err)
		}
	}
}

func second(_ float32, err error) error { return err }

// TestKernelPanicIsAnError: a shape bug must not end the program from within
// the machine's goroutine.
func TestKernelPanicIsAnError(t *testing.T) {
	n := layersNetwork(t, []recipe.Layer{flat, head})
	n.loss.forward = func(_, _ []float32) float32 { panic("shapes") }
	if _, err := n.Step(noise("pictures", 2*n.picture.size()), make([]float32, 4), 2, nil); err == nil || !strings.Contains(err.Error(), "shapes") {
		t.Errorf("error %v", err)
	}
}

// TestGarbage holds what a step leaves to the garbage collector under a bound that
// hardly an activation of the networks fits into.
func TestGarbage(t *testing.T) {
	for name, n := range map[string]*Network{
		"layers":             mustNew(t, recipe.Network{Backbone: "layers", Layers: wide}, Input{64, 64, 3}, 2),
		"mobilenet_v3_small": mustNew(t, recipe.Network{Backbone: "mobilenet_v3_small"}, Input{64, 64, 3}, 2),
	} {
		o := n.NewOptimizer(adamSpec)
		x, target := noise("pictures", 4*n.picture.size()), noise("targets", 8)
		step := func() {
			if _, err := n.Step(x, target, 4, streams); err != nil {
				t.Fatal(err)
			}
			o.Step()
		}
		step()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const steps = 5
		for range steps {
			step()
		}
		runtime.ReadMemStats(&after)
		bytes := (after.TotalAlloc - before.TotalAlloc) / steps
		t.Logf("%s: %d bytes and %d allocations a step", name, bytes, (after.Mallocs-before.Mallocs)/steps)
		if bytes > 1<<20 {
			t.Errorf("%s: a step allocates %d bytes", name, bytes)
		}
	}
}

// TestFreed holds that the arena of graphs goes when a larger one comes for another batch,
// and with the network.
func TestFreed(t *testing.T) {
	n := mustNew(t, recipe.Network{Backbone: "layers", Layers: wide}, Input{16, 16, 3}, 2)
	var arenas []weak.Pointer[float32]
	for _, batch := range []int{2, 3} {
		if _, err := n.Step(noise("pictures", batch*n.picture.size()), noise("targets", 2*batch), batch, streams); err != nil {
			t.Fatal(err)
		}
		arenas = append(arenas, weak.Make(&n.arena[0]))
	}
	runtime.GC()
	if arenas[0].Value() != nil {
		t.Error("the smaller batch's arena is still there")
	}
	if arenas[1].Value() == nil {
		t.Error("the arena in use is gone")
	}
	runtime.KeepAlive(n)
	n = nil
	runtime.GC()
	if arenas[1].Value() != nil {
		t.Error("the arena outlives its network")
	}
}

// BenchmarkStep reports images/s of whole training steps, and the arena.
func BenchmarkStep(b *testing.B) {
	for _, m := range []struct {
		backbone    string
		size, batch int
	}{
		{"resnet18", 64, 32}, {"resnet18", 224, 32}, {"resnet50", 224, 16},
		{"mobilenet_v2", 224, 16}, {"mobilenet_v3_small", 224, 16}, {"mobilenet_v3_large", 224, 16}, {"efficientnet_b0", 224, 16},
	} {
		b.Run(fmt.Sprintf("%s/size=%d/batch=%d", m.backbone, m.size, m.batch), func(b *testing.B) {
			n := mustNew(b, recipe.Network{Backbone: m.backbone}, Input{m.size, m.size, 3}, 1)
			o := n.NewOptimizer(adamSpec)
			x, target := noise("pictures", m.batch*n.picture.size()), noise("targets", m.batch)
			step := func() {
				if _, err := n.Step(x, target, m.batch, streams); err != nil {
					b.Fatal(err)
				}
				o.Step()
			}
			step()
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			b.ReportMetric(float64(m.batch*b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(len(n.arena))/(1<<18), "MiB-activations")
		})
	}
}

// BenchmarkResNet18Predict reports images/s of evaluation.
func BenchmarkResNet18Predict(b *testing.B) {
	const size, count = 64, 128
	n := mustNew(b, recipe.Network{Backbone: "resnet18"}, Input{size, size, 3}, 1)
	x := noise("pictures", count*n.picture.size())
	for b.Loop() {
		if _, err := n.Predict(x, count); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "images/s")
	b.ReportMetric(float64(len(n.arena))/(1<<18), "MiB-activations")
}

// checkStep holds the loss of a step and the gradients of these parameters against the
// reference's, to which the pictures are given as planes, and returns the loss.
func checkStep(t *testing.T, n *Network, reference *naive, x []float32, planes []float64, target []float32, batch int, parameters []*Parameter) float32 {
	t.Helper()
	loss, err := n.Step(x, target, batch, streams)
	if err != nil {
		t.Fatal(err)
	}
	if want := reference.loss(planes, target, batch); math.Abs(float64(loss)-want) > 1e-5*want {
		t.Errorf("loss %v, want %v", loss, want)
	}
	scale := 0.0
	for _, p := range parameters {
		scale = max(scale, norm(p.Grad)/math.Sqrt(float64(len(p.Grad))))
	}
	for _, p := range parameters {
		want := reference.gradient(p.Name, planes, target, batch)
		if d := rms(float64s(p.tensor(p.Name, p.Grad).Float), want); !(d <= 2e-5*scale) {
			t.Errorf("gradient of %s is %.2g away, where gradients are up to %.2g", p.Name, d, scale)
		}
	}
	return loss
}

// TestMultiplyAdds holds the sums that are published for pictures of 224 pixels: those of
// torchvision's pages on its models (GFLOPS, which it counts as multiply-adds), which are also
// He et al.'s, Simonyan and Zisserman's and Sandler et al.'s to their digits.
func TestMultiplyAdds(t *testing.T) {
	for backbone, want := range map[string]float64{
		"resnet18": 1.814, "resnet34": 3.664, "resnet50": 4.089, "vgg16": 15.470, "mobilenet_v2": 0.301,
		"mobilenet_v3_small": 0.057, "mobilenet_v3_large": 0.217, "efficientnet_b0": 0.386,
	} {
		a, err := zoo[backbone](shape{224, 224, 3}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, row := range (&Network{architecture: a}).Layers() {
			sum += row.MultiplyAdds
		}
		if got := float64(sum) / 1e9; math.Abs(got-want) > 0.0011 {
			t.Errorf("%s: %.4f thousand million multiply-adds, want %.3f", backbone, got, want)
		}
	}
}
