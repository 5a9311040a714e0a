package network

import (
	"fmt"

	"biomass/runner/internal/kernel"
)

// This file holds the networks that are not torchvision's, but those that published
// weights belong to.

// cifarResnet is the ResNet that its authors train on CIFAR-10 (He, Zhang, Ren, Sun: Deep
// Residual Learning for Image Recognition, 2015, section 4.2): a stem of 16 channels, three
// stages with so many blocks each, shortcuts without parameters. The names are those of
// github.com/akamaster/pytorch_resnet_cifar10.
func cifarResnet(picture shape, outputs, blocks int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseResNet)
	b.convolution("conv1", none, 16, 3, 1, 1)
	x := b.norm("bn1", kernel.ReLU, none)
	for stage := range 3 {
		b.stage = fmt.Sprintf("layer%d", stage+1)
		for block := range blocks {
			name := fmt.Sprintf("%s.%d.", b.stage, block)
			width, stride, y, shortcut := 16<<stage, 1, x, x
			if stage > 0 && block == 0 {
				stride = 2
				shortcut = b.module(layer{name: name + "shortcut", kind: subsample, input: x, other: none, stride: stride}, width)
			}
			b.convolution(name+"conv1", y, width, 3, stride, 1)
			y = b.norm(name+"bn1", kernel.ReLU, none)
			b.convolution(name+"conv2", y, width, 3, 1, 1)
			x = b.norm(name+"bn2", kernel.ReLU, shortcut)
		}
	}
	b.stage = "head"
	b.next(layer{name: "avgpool", kind: globalAvgPool}, 0)
	b.next(layer{name: "linear", kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// folded adds what TensorFlow's MobileNets are made of once their batch norms are folded:
// convolutions with a bias, padded as SAME, named by their number. other is what is added,
// or none.
func (b *builder) folded(number, channels, window, stride int, depthwise bool, act kernel.Activation, other int) int {
	l := layer{name: fmt.Sprintf("conv%02d", number), kind: conv, input: b.last(), other: other, window: window, stride: stride, same: true, bias: true, act: act}
	if depthwise && b.failed == nil {
		l.name = fmt.Sprintf("dwconv%02d", number)
		channels = b.layers[l.input].out.Channels
		l.groups = channels
	}
	return b.module(l, channels)
}

// pooledHead adds the end of such a network: the mean of all pixels, then a dense layer with
// the number of a convolution, which it is in TensorFlow.
func (b *builder) pooledHead(number, outputs int, probability float32) (*architecture, error) {
	b.stage = "head"
	b.next(layer{name: "avgpool", kind: globalAvgPool}, 0)
	if probability > 0 {
		b.next(layer{name: "dropout", kind: dropout, probability: probability}, 0)
	}
	b.next(layer{name: fmt.Sprintf("conv%02d", number), kind: dense, bias: true}, outputs)
	return b.architecture, b.failed
}

// mobilenetV1TF is TensorFlow's MobileNet (Howard, Zhu, Chen, Kalenichenko, Wang, Weyand,
// Andreetto, Adam: MobileNets, 2017) with a stem of so many channels, 32 for the full width.
func mobilenetV1TF(picture shape, outputs, width int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseVGG)
	b.folded(0, width, 3, 2, false, kernel.ReLU6, none)
	number := 1
	for i, s := range []struct{ widen, stride int }{
		{2, 1}, {4, 2}, {4, 1}, {8, 2}, {8, 1}, {16, 2}, {16, 1}, {16, 1}, {16, 1}, {16, 1}, {16, 1}, {32, 2}, {32, 1},
	} {
		b.stage = fmt.Sprintf("block%d", i+1)
		b.folded(number, 0, 3, s.stride, true, kernel.ReLU6, none)
		b.folded(number+1, s.widen*width, 1, 1, false, kernel.ReLU6, none)
		number += 2
	}
	return b.pooledHead(number, outputs, 0)
}

// mobilenetV2TF is TensorFlow's MobileNetV2.
func mobilenetV2TF(picture shape, outputs int) (*architecture, error) {
	b := newBuilder(picture, (*layer).initialiseVGG)
	x, in, block, number := b.folded(0, 32, 3, 2, false, kernel.ReLU6, none), 32, 0, 1
	for _, stage := range mobilenetV2Stages {
		for i := range stage.blocks {
			block++
			b.stage = fmt.Sprintf("block%d", block)
			stride, shortcut := 1, none
			if i == 0 {
				stride = stage.stride
			} else {
				shortcut = x
			}
			if stage.expansion > 1 {
				b.folded(number, in*stage.expansion, 1, 1, false, kernel.ReLU6, none)
				number++
			}
			b.folded(number, 0, 3, stride, true, kernel.ReLU6, none)
			x = b.folded(number+1, stage.channels, 1, 1, false, kernel.Identity, shortcut)
			in, number = stage.channels, number+2
		}
	}
	b.stage = "tail"
	b.folded(number, 1280, 1, 1, false, kernel.ReLU6, none)
	return b.pooledHead(number+1, outputs, 0.2)
}
