package network

import (
	"testing"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

func scratchNet(b *testing.B, cnn bool) *Network {
	mlp := []recipe.Layer{{Kind: "flatten"}, {Kind: "dense", Size: 256, Bias: true}, reluItem, {Kind: "dense", Size: 128, Bias: true}, reluItem, {Kind: "dense", Size: 10, Bias: true}}
	c := []recipe.Layer{{Kind: "conv", Size: 32, Kernel: 3, Stride: 1, Padding: 1, Bias: true}, reluItem, {Kind: "max_pool", Size: 2, Stride: 2},
		{Kind: "conv", Size: 64, Kernel: 3, Stride: 1, Padding: 1, Bias: true}, reluItem, {Kind: "max_pool", Size: 2, Stride: 2}, {Kind: "flatten"},
		{Kind: "dropout", Probability: 0.25}, {Kind: "dense", Size: 128, Bias: true}, reluItem, {Kind: "dense", Size: 10, Bias: true}}
	l := mlp
	if cnn {
		l = c
	}
	n, err := New(recipe.Network{Backbone: "layers", Layers: l}, Input{28, 28, 1}, 10)
	if err != nil {
		b.Fatal(err)
	}
	n.Initialize(1)
	return n
}

func benchScratch(b *testing.B, cnn bool, threads int) {
	kernel.SetThreads(threads)
	defer kernel.SetThreads(0)
	n := scratchNet(b, cnn)
	n.SetLoss(Loss{Name: "cross_entropy"})
	o := n.NewOptimizer(recipe.Optimizer{Adam: &recipe.Adam{Rate: 1e-3, Beta1: .9, Beta2: .999, Epsilon: 1e-8}})
	x := make([]float32, 64*784)
	t := make([]float32, 64)
	s := rng.New(1, "x")
	for i := range x {
		x[i] = s.Float32()
	}
	for i := range t {
		t[i] = float32(i % 10)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Step(x, t, 64, func(l uint64) *rng.Stream { return rng.New(1, "d", l) }); err != nil {
			b.Fatal(err)
		}
		o.Step()
	}
}
func BenchmarkCNN1(b *testing.B) { benchScratch(b, true, 1) }
func BenchmarkCNN2(b *testing.B) { benchScratch(b, true, 2) }
func BenchmarkMLP1(b *testing.B) { benchScratch(b, false, 1) }
func BenchmarkMLP2(b *testing.B) { benchScratch(b, false, 2) }
