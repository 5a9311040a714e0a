package network

import (
	"fmt"

	"biomass/runner/internal/kernel"
)

// zoo holds torchvision's networks, with its names of modules, by the words of
// network.backbone.
var zoo = map[string]func(picture shape, outputs int) (*architecture, error){
	"resnet18": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, false, 2, 2, 2, 2) },
	"resnet34": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, false, 3, 4, 6, 3) },
	"resnet50": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, true, 3, 4, 6, 3) },

	"vgg16":    func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, false, 4096) },
	"vgg16_bn": func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, true, 4096) },

	"mobilenet_v2": mobilenetV2,
	"mobilenet_v3_small": func(in shape, outputs int) (*architecture, error) {
		return mobilenetV3(in, outputs, mobilenetV3Small, 1024)
	},
	"mobilenet_v3_large": func(in shape, outputs int) (*architecture, error) {
		return mobilenetV3(in, outputs, mobilenetV3Large, 1280)
	},
	"efficientnet_b0": efficientnetB0,

	"resnet20": func(in shape, outputs int) (*architecture, error) { return cifarResnet(in, outputs, 3) },
	"resnet56": func(in shape, outputs int) (*architecture, error) { return cifarResnet(in, outputs, 9) },

	"mobilenet_v1_025_tf": func(in shape, outputs int) (*architecture, error) { return mobilenetV1TF(in, outputs, 8) },
	"mobilenet_v2_tf":     mobilenetV2TF,
}

// builder adds the modules of a network of the zoo and keeps the first error.
type builder struct {
	*architecture
	stage             string  // of the modules to come
	epsilon, momentum float32 // of its batch norms; 0 for torch's defaults
	failed            error
}

func newBuilder(picture shape, initialise func(l *layer, seed uint64)) *builder {
	return &builder{architecture: &architecture{picture: picture, initialise: initialise}, stage: "stem"}
}

// module adds a layer and returns its index.
func (b *builder) module(l layer, channels int) int {
	l.where, l.stage = l.name, b.stage
	i, err := b.add(l, channels)
	if err != nil && b.failed == nil {
		b.failed = err
	}
	return i
}

// last is the index of the last layer, none before the first.
func (b *builder) last() int { return len(b.layers) - 1 }

// next adds a layer that reads the last one, or the picture.
func (b *builder) next(l layer, channels int) int {
	l.input, l.other = b.last(), none
	return b.module(l, channels)
}

// convolution adds one without a bias, padded to keep the size at stride 1.
func (b *builder) convolution(name string, input, channels, window, stride, groups int) int {
	return b.module(layer{name: name, kind: conv, input: input, window: window, stride: stride, pad: window / 2, groups: groups, other: none}, channels)
}

// norm adds a batch norm behind the last layer, with the activation and the
// addition behind it.
func (b *builder) norm(name string, act kernel.Activation, other int) int {
	return b.module(layer{name: name, kind: batchNorm, input: b.last(), act: act, other: other, epsilon: b.epsilon, momentum: b.momentum}, 0)
}

// resnet is a ResNet (He, Zhang, Ren, Sun: Deep Residual Learning for Image
// Recognition, 2015) of four stages with so many blocks each. A block has two
// convolutions of 3x3 or is a bottleneck of 1x1, 3x3 and 1x1, which has its stride
// on the 3x3 (known as v1.5).
func resnet(picture shape, outputs int, bottleneck bool, blocks ...int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseResNet)
	b.convolution("conv1", none, 64, 7, 2, 1)
	b.norm("bn1", kernel.ReLU, none)
	x := b.next(layer{name: "maxpool", kind: maxPool, window: 3, stride: 2, pad: 1}, 0)
	for stage, count := range blocks {
		b.stage = fmt.Sprintf("layer%d", stage+1)
		for block := range count {
			name := fmt.Sprintf("%s.%d.", b.stage, block)
			width, stride := 64<<stage, 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			type step struct{ channels, window, stride int }
			steps := []step{{width, 3, stride}, {width, 3, 1}}
			if bottleneck {
				steps = []step{{width, 1, 1}, {width, 3, stride}, {4 * width, 1, 1}}
			}
			last := len(steps) - 1
			// Where the shape changes, the shortcut is a convolution, behind the others.
			downsample, shortcut := block == 0 && (stage > 0 || bottleneck), x
			if downsample {
				shortcut = len(b.layers) + 2*len(steps) + 1
			}
			y := x
			for i, s := range steps {
				other := none
				if i == last {
					other = shortcut
				}
				b.convolution(fmt.Sprintf("%sconv%d", name, i+1), y, s.channels, s.window, s.stride, 1)
				y = b.norm(fmt.Sprintf("%sbn%d", name, i+1), kernel.ReLU, other)
			}
			if downsample {
				b.convolution(name+"downsample.0", x, steps[last].channels, 1, stride, 1)
				b.norm(name+"downsample.1", kernel.Identity, none)
			}
			x = y
		}
	}
	b.stage = "head"
	b.module(layer{name: "avgpool", kind: globalAvgPool, input: x, other: none}, 0)
	b.next(layer{name: "fc", kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// vgg16 is VGG16 (Simonyan, Zisserman: Very Deep Convolutional Networks for
// Large-Scale Image Recognition, 2015), with or without batch norms. hidden is the
// width of the classifier.
func vgg16(picture shape, outputs int, norm bool, hidden int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseVGG)
	feature := func(l layer, channels int) {
		l.name = fmt.Sprintf("features.%d", len(b.layers))
		b.next(l, channels)
	}
	for stage, count := range []int{2, 2, 3, 3, 3} {
		b.stage = fmt.Sprintf("block%d", stage+1)
		for range count {
			convolution := layer{kind: conv, window: 3, stride: 1, pad: 1, bias: true}
			if norm {
				feature(convolution, min(64<<stage, 512))
				feature(layer{kind: batchNorm, act: kernel.ReLU}, 0)
			} else {
				convolution.act = kernel.ReLU
				feature(convolution, min(64<<stage, 512))
			}
			feature(layer{kind: relu, fused: true}, 0)
		}
		feature(layer{kind: maxPool, window: 2, stride: 2}, 0)
	}
	b.stage = "classifier"
	b.next(layer{name: "avgpool", kind: adaptiveAvgPool, window: 7}, 0)
	b.next(layer{name: "flatten", kind: flatten}, 0)
	for i := range 2 {
		b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i), kind: dense, bias: true, act: kernel.ReLU}, hidden)
		b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i+1), kind: relu, fused: true}, 0)
		b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i+2), kind: dropout, probability: 0.5}, 0)
	}
	b.stage = "head"
	b.next(layer{name: "classifier.6", kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// normed adds torchvision's Conv2dNormActivation behind the last layer.
func (b *builder) normed(name string, channels, window, stride, groups int, act kind) {
	b.convolution(name+".0", b.last(), channels, window, stride, groups)
	b.norm(name+".1", activations[act], none)
}

// inverted is an inverted residual block: a convolution of 1x1 that widens, one a
// channel, squeeze and excitation, a convolution of 1x1 that narrows, and an
// addition where the shape stays (Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2,
// 2018; Hu, Shen, Sun: Squeeze-and-Excitation Networks, 2017).
type inverted struct {
	window, stride     int
	expanded, channels int // outputs inside and in the end
	act                kind
	squeezed           int     // channels inside of squeeze and excitation; 0 for none
	squeezedAct, gate  kind    // its activations
	drop               float32 // probability of the stochastic depth
	// bare says that the last convolution and its batch norm are modules of the
	// block, and not of a Conv2dNormActivation.
	bare bool
}

// inverted adds the block behind the last layer. Modules without parameters have
// the names that they would have in a list of the block.
func (b *builder) inverted(name string, s inverted) {
	if b.failed != nil {
		return
	}
	x, step := b.last(), 0
	in := b.layers[x].out.Channels
	next := func() string {
		step++
		return fmt.Sprintf("%s.%d", name, step-1)
	}
	if s.expanded != in {
		b.normed(next(), s.expanded, 1, 1, 1, s.act)
	}
	b.normed(next(), s.expanded, s.window, s.stride, s.expanded, s.act)
	if s.squeezed > 0 {
		name, y := next(), b.last()
		b.next(layer{name: name + ".avgpool", kind: globalAvgPool}, 0)
		b.next(layer{name: name + ".fc1", kind: conv, window: 1, stride: 1, bias: true}, s.squeezed)
		b.next(layer{name: name + ".activation", kind: s.squeezedAct}, 0)
		b.next(layer{name: name + ".fc2", kind: conv, window: 1, stride: 1, bias: true}, s.expanded)
		gate := b.next(layer{name: name + ".scale_activation", kind: s.gate}, 0)
		b.module(layer{name: name, kind: scale, input: y, other: gate}, 0)
	}
	other := none
	if s.stride == 1 && s.channels == in {
		other = x
	}
	last := next()
	conv, norm := last+".0", last+".1"
	if s.bare {
		conv, norm = last, next()
	}
	b.convolution(conv, b.last(), s.channels, 1, 1, 1)
	if other == none || s.drop == 0 {
		b.norm(norm, kernel.Identity, other)
		return
	}
	b.norm(norm, kernel.Identity, none)
	b.module(layer{name: name + ".stochastic_depth", kind: stochasticDepth, input: b.last(), other: other, probability: s.drop}, 0)
}

// classifier ends MobileNetV2 and EfficientNet-B0: a convolution of this name to 1280
// channels, the mean of all pixels, dropout and a dense layer.
func (b *builder) classifier(name string, act kind, outputs int) (*architecture, error) {
	b.stage = "tail"
	b.normed(name, 1280, 1, 1, 1, act)
	b.stage = "head"
	b.next(layer{name: "avgpool", kind: globalAvgPool}, 0)
	b.next(layer{name: "classifier.0", kind: dropout, probability: 0.2}, 0)
	b.next(layer{name: "classifier.1", kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// mobilenetV2Stages are the stages of MobileNetV2's blocks.
var mobilenetV2Stages = []struct{ expansion, channels, blocks, stride int }{
	{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
}

// mobilenetV2 is MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen, 2018).
func mobilenetV2(picture shape, outputs int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseVGG)
	b.normed("features.0", 32, 3, 2, 1, relu6)
	in, block := 32, 0
	for _, stage := range mobilenetV2Stages {
		for i := range stage.blocks {
			s := inverted{window: 3, stride: 1, expanded: in * stage.expansion, channels: stage.channels, act: relu6, bare: true}
			if i == 0 {
				s.stride = stage.stride
			}
			block++
			b.stage = fmt.Sprintf("block%d", block)
			b.inverted(fmt.Sprintf("features.%d.conv", block), s)
			in = stage.channels
		}
	}
	return b.classifier("features.18", relu6, outputs)
}

// v3Block is a block of MobileNetV3.
type v3Block struct {
	window, stride, expanded, channels int
	act                                kind
	squeeze                            bool
}

var (
	mobilenetV3Small = []v3Block{
		{3, 2, 16, 16, relu, true},
		{3, 2, 72, 24, relu, false}, {3, 1, 88, 24, relu, false},
		{5, 2, 96, 40, hardSwish, true}, {5, 1, 240, 40, hardSwish, true}, {5, 1, 240, 40, hardSwish, true},
		{5, 1, 120, 48, hardSwish, true}, {5, 1, 144, 48, hardSwish, true},
		{5, 2, 288, 96, hardSwish, true}, {5, 1, 576, 96, hardSwish, true}, {5, 1, 576, 96, hardSwish, true},
	}
	mobilenetV3Large = []v3Block{
		{3, 1, 16, 16, relu, false},
		{3, 2, 64, 24, relu, false}, {3, 1, 72, 24, relu, false},
		{5, 2, 72, 40, relu, true}, {5, 1, 120, 40, relu, true}, {5, 1, 120, 40, relu, true},
		{3, 2, 240, 80, hardSwish, false}, {3, 1, 200, 80, hardSwish, false}, {3, 1, 184, 80, hardSwish, false}, {3, 1, 184, 80, hardSwish, false},
		{3, 1, 480, 112, hardSwish, true}, {3, 1, 672, 112, hardSwish, true},
		{5, 2, 672, 160, hardSwish, true}, {5, 1, 960, 160, hardSwish, true}, {5, 1, 960, 160, hardSwish, true},
	}
)

// mobilenetV3 is MobileNetV3 (Howard, Sandler, Chu, Chen, Chen, Tan and others:
// Searching for MobileNetV3, 2019) of these blocks. hidden is the width of the
// classifier.
func mobilenetV3(picture shape, outputs int, blocks []v3Block, hidden int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseVGG)
	b.epsilon, b.momentum = 1e-3, 0.01
	b.normed("features.0", 16, 3, 2, 1, hardSwish)
	for i, v := range blocks {
		s := inverted{window: v.window, stride: v.stride, expanded: v.expanded, channels: v.channels, act: v.act, squeezedAct: relu, gate: hardSigmoid}
		if v.squeeze {
			s.squeezed = divisible(v.expanded / 4)
		}
		b.stage = fmt.Sprintf("block%d", i+1)
		b.inverted(fmt.Sprintf("features.%d.block", i+1), s)
	}
	b.stage = "tail"
	b.normed(fmt.Sprintf("features.%d", len(blocks)+1), 6*blocks[len(blocks)-1].channels, 1, 1, 1, hardSwish)
	b.next(layer{name: "avgpool", kind: globalAvgPool}, 0)
	b.next(layer{name: "classifier.0", kind: dense, bias: true}, hidden)
	b.next(layer{name: "classifier.1", kind: hardSwish}, 0)
	b.stage = "head"
	b.next(layer{name: "classifier.2", kind: dropout, probability: 0.2}, 0)
	b.next(layer{name: "classifier.3", kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// divisible is n rounded to a multiple of 8, but not below nine tenths of it:
// torchvision's _make_divisible.
func divisible(n int) int {
	rounded := max(8, (n+4)/8*8)
	if 10*rounded < 9*n {
		rounded += 8
	}
	return rounded
}

// efficientnetB0 is EfficientNet-B0 (Tan, Le: EfficientNet, 2019).
func efficientnetB0(picture shape, outputs int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseEfficientNet)
	b.normed("features.0", 32, 3, 2, 1, silu)
	const blocks = 16
	in, block := 32, 0
	for stage, s := range []struct{ expansion, window, stride, channels, blocks int }{
		{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
	} {
		for i := range s.blocks {
			// Stochastic depth (Huang, Sun, Liu, Sedra, Weinberger, 2016) grows with the depth.
			m := inverted{
				window: s.window, stride: 1, expanded: in * s.expansion, channels: s.channels, act: silu,
				squeezed: in / 4, squeezedAct: silu, gate: sigmoid, drop: float32(0.2 * float64(block) / blocks),
			}
			if i == 0 {
				m.stride = s.stride
			}
			b.stage = fmt.Sprintf("block%d", stage+1)
			b.inverted(fmt.Sprintf("features.%d.%d.block", stage+1, i), m)
			in = s.channels
			block++
		}
	}
	return b.classifier("features.8", silu, outputs)
}
