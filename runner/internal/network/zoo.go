package network

import "fmt"

// zoo holds torchvision's networks, with its names of modules, by the words of
// network.backbone.
var zoo = map[string]func(picture shape, outputs int) (*architecture, error){
	"resnet18": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, false, 2, 2, 2, 2) },
	"resnet34": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, false, 3, 4, 6, 3) },
	"resnet50": func(in shape, outputs int) (*architecture, error) { return resnet(in, outputs, true, 3, 4, 6, 3) },
	"vgg16":    func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, false, 4096) },
	"vgg16_bn": func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, true, 4096) },
}

// builder adds the modules of a network of the zoo and keeps the first error.
type builder struct {
	*architecture
	failed error
}

func newBuilder(picture shape, initialise func(l *layer, seed uint64)) *builder {
	return &builder{architecture: &architecture{picture: picture, initialise: initialise}}
}

// module adds a layer and returns its index.
func (b *builder) module(l layer, channels int) int {
	l.where = l.name
	i, err := b.add(l, channels)
	if err != nil && b.failed == nil {
		b.failed = err
	}
	return i
}

// next adds a layer that reads the last one, or the picture.
func (b *builder) next(l layer, channels int) int {
	l.input, l.residual = len(b.layers)-1, none
	return b.module(l, channels)
}

// convolution adds one without a bias, padded to keep the size at stride 1.
func (b *builder) convolution(name string, input, channels, window, stride int) int {
	return b.module(layer{name: name, kind: conv, input: input, window: window, stride: stride, pad: window / 2, residual: none}, channels)
}

func (b *builder) norm(name string, input int, relu bool, residual int) int {
	return b.module(layer{name: name, kind: batchNorm, input: input, relu: relu, residual: residual}, 0)
}

// resnet is a ResNet (He, Zhang, Ren, Sun: Deep Residual Learning for Image
// Recognition, 2015) of four stages with so many blocks each. A block has two
// convolutions of 3x3 or is a bottleneck of 1x1, 3x3 and 1x1, which has its stride
// on the 3x3 (known as v1.5).
func resnet(picture shape, outputs int, bottleneck bool, blocks ...int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseResNet)
	b.norm("bn1", b.convolution("conv1", none, 64, 7, 2), true, none)
	x := b.next(layer{name: "maxpool", kind: maxPool, window: 3, stride: 2, pad: 1}, 0)
	for stage, count := range blocks {
		for block := range count {
			name := fmt.Sprintf("layer%d.%d.", stage+1, block)
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
				residual := none
				if i == last {
					residual = shortcut
				}
				y = b.convolution(fmt.Sprintf("%sconv%d", name, i+1), y, s.channels, s.window, s.stride)
				y = b.norm(fmt.Sprintf("%sbn%d", name, i+1), y, true, residual)
			}
			if downsample {
				b.norm(name+"downsample.1", b.convolution(name+"downsample.0", x, steps[last].channels, 1, stride), false, none)
			}
			x = y
		}
	}
	b.module(layer{name: "avgpool", kind: globalAvgPool, input: x, residual: none}, 0)
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
		for range count {
			feature(layer{kind: conv, window: 3, stride: 1, pad: 1, bias: true}, min(64<<stage, 512))
			if norm {
				feature(layer{kind: batchNorm, relu: true}, 0)
			}
			feature(layer{kind: relu, fused: norm}, 0)
		}
		feature(layer{kind: maxPool, window: 2, stride: 2}, 0)
	}
	b.next(layer{name: "avgpool", kind: adaptiveAvgPool, window: 7}, 0)
	b.next(layer{name: "flatten", kind: flatten}, 0)
	for i, width := range []int{hidden, hidden, outputs} {
		b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i), kind: dense, bias: true}, width)
		if i < 2 {
			b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i+1), kind: relu}, 0)
			b.next(layer{name: fmt.Sprintf("classifier.%d", 3*i+2), kind: dropout, probability: 0.5}, 0)
		}
	}
	return b.architecture, b.failed
}
