package network

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// freezing makes a network what a recipe says of freezing.
func (n *Network) freezing(t testing.TB, spec recipe.Network) *Network {
	t.Helper()
	var err error
	if n.freeze, err = newFreeze(spec, n.architecture); err != nil {
		t.Fatal(err)
	}
	n.At(1)
	return n
}

// TestFrozenGradients compares outputs and what gradients there are with the naive network
// in float64, wherever it is frozen.
func TestFrozenGradients(t *testing.T) {
	builds := map[string]func(testing.TB) *Network{"residual": residualNetwork, "adaptive": adaptiveNetwork, "inverted": invertedNetwork, "given": givenNetwork}
	const batch = 3
	for _, c := range []struct {
		network, base string
		spec          recipe.Network
	}{
		{"residual", "pool", recipe.Network{Freeze: recipe.Layers{"all"}}},
		{"residual", "", recipe.Network{Freeze: recipe.Layers{"all"}, FrozenNorm: "training"}},
		{"residual", "bn", recipe.Network{Freeze: recipe.Layers{"stem", "bn"}}},
		{"residual", "bn", recipe.Network{Freeze: recipe.Layers{"stem", "bn", "a.bn", "b.downsample"}}},
		{"residual", "a.bn", recipe.Network{Freeze: recipe.Layers{"stem", "bn", "a", "b.downsample"}}},
		{"residual", "", recipe.Network{Freeze: recipe.Layers{"a", "b"}}},
		{"residual", "", recipe.Network{Freeze: recipe.Layers{"a", "b"}, FrozenNorm: "training"}},
		{"residual", "", recipe.Network{Freeze: recipe.Layers{"fc"}}},
		{"adaptive", "classifier.1", recipe.Network{Freeze: recipe.Layers{"all"}}},
		{"adaptive", "flatten", recipe.Network{Freeze: recipe.Layers{"features.*"}}},
		{"adaptive", "", recipe.Network{Freeze: recipe.Layers{"classifier.0"}}},
		{"inverted", "pool", recipe.Network{Freeze: recipe.Layers{"all"}}},
		{"inverted", "a.2.1", recipe.Network{Freeze: recipe.Layers{"stem", "a"}}},
		{"inverted", "", recipe.Network{Freeze: recipe.Layers{"[bc]"}}},
		{"given", "pool", recipe.Network{Freeze: recipe.Layers{"all"}}},
		{"given", "conv03", recipe.Network{Freeze: recipe.Layers{"*conv0*"}}},
		{"given", "", recipe.Network{Freeze: recipe.Layers{"dwconv02", "conv03", "bn"}}},
	} {
		t.Run(fmt.Sprint(c.network, c.spec.Freeze, c.spec.FrozenNorm), func(t *testing.T) {
			n := builds[c.network](t)
			if c.network == "inverted" { // its modules have no stages in this test
				for _, l := range n.layers {
					l.stage = ""
				}
			}
			n.freezing(t, c.spec)
			disturb(t, n)
			if n.Base() != c.base {
				t.Errorf("the base ends with %q, want %q", n.Base(), c.base)
			}
			for _, p := range n.all {
				fill(p.Grad, float32(math.NaN()))
			}
			x, target := noise("pictures", batch*n.picture.size()), noise("targets", batch*2)
			planes := toPlanes(float64s(x), n.picture)
			reference := newNaive(n, true, streams)
			loss := checkStep(t, n, reference, x, planes, target, batch, n.trains())

			// The same bits by way of features, whatever batch made them.
			features, err := n.Features(x, batch)
			if err != nil {
				t.Fatal(err)
			}
			if n.base != none {
				if again, err := n.StepFeatures(features, target, batch, streams); err != nil || again != loss {
					t.Errorf("the loss from features is %v (%v), not %v", again, err, loss)
				}
				one, err := n.Features(x[:n.picture.size()], 1)
				if err != nil || !slices.Equal(one, features[:n.FeatureSize()]) {
					t.Errorf("a picture alone has other features (%v)", err)
				}
			}
			whole, err := n.Predict(x, batch)
			if err != nil {
				t.Fatal(err)
			}
			if parts, err := n.PredictFeatures(features, batch); err != nil || !slices.Equal(parts, whole) {
				t.Errorf("from features %v (%v), not %v", parts, err, whole)
			}
		})
	}
}

// TestBases: how much of the zoo's networks is only evaluated.
func TestBases(t *testing.T) {
	for _, c := range []struct {
		backbone string
		freeze   recipe.Layers
		base     string
		trains   int
	}{
		{"resnet18", nil, "", 11177025},
		{"resnet18", recipe.Layers{"all"}, "avgpool", 513},
		{"resnet18", recipe.Layers{"stem", "layer1"}, "layer1.1.bn2", 11177025 - 157504},
		{"resnet18", recipe.Layers{"stem", "layer[12]*"}, "layer2.1.bn2", 11177025 - 157504 - 525568},
		{"mobilenet_v2", recipe.Layers{"all"}, "avgpool", 1281},
		{"mobilenet_v3_small", recipe.Layers{"all"}, "classifier.1", 1025},
		{"efficientnet_b0", recipe.Layers{"all"}, "avgpool", 1281},
		{"mobilenet_v2_tf", recipe.Layers{"stem", "block?", "block1[0-7]"}, "conv50", 412161},
		{"resnet20", recipe.Layers{"stem", "layer1", "layer2"}, "layer2.2.bn2", 203585},
	} {
		n := mustNew(t, recipe.Network{Backbone: c.backbone, Freeze: c.freeze}, Input{64, 64, 3}, 1)
		if n.Base() != c.base || n.TrainedCount() != c.trains {
			t.Errorf("%s without %v: the base ends with %q and %d parameters train, want %q and %d", c.backbone, c.freeze, n.Base(), n.TrainedCount(), c.base, c.trains)
		}
	}
	_, err := New(recipe.Network{Backbone: "resnet18", Freeze: recipe.Layers{"stem", "layer5"}}, Input{64, 64, 3}, 1)
	if err == nil || !strings.Contains(err.Error(), `network.freeze[1]: "layer5" names no layer that has weights: there are stem, layer1, layer2, layer3, layer4, head`) {
		t.Errorf("a stage that is not there: %v", err)
	}
}

// TestUnfreezing: parameters stay while they are frozen, have a state of their own from when
// they train, and the optimiser's state comes back from its tensors.
func TestUnfreezing(t *testing.T) {
	spec := recipe.Network{Freeze: recipe.Layers{"all"}, Unfreeze: []recipe.Unfreeze{{Epoch: 3, Layers: recipe.Layers{"b"}}}}
	for name, o := range map[string]recipe.Optimizer{
		"adam": adamSpec, "sgd": {SGD: &recipe.SGD{Rate: 0.1, Momentum: 0.9}}, "rmsprop": {RMSprop: &recipe.RMSprop{Rate: 1e-3, Alpha: 0.9, Epsilon: 1e-8, Centered: true}},
	} {
		const batch = 3
		x, target := noise("pictures", batch*shape(small).size()), noise("targets", batch*2)
		run := func(n *Network, optimizer *Optimizer, from, to int) {
			for epoch := from; epoch <= to; epoch++ {
				if n.At(epoch) {
					optimizer.Follow()
				}
				if _, err := n.Step(x, target, batch, streams); err != nil {
					t.Fatal(err)
				}
				optimizer.Step()
			}
		}
		n := residualNetwork(t).freezing(t, spec)
		before := n.Tensors()
		optimizer := n.NewOptimizer(o)
		run(n, optimizer, 1, 2)
		for i, now := range n.Tensors() {
			if changed := !slices.Equal(now.Float, before[i].Float) || !slices.Equal(now.Int, before[i].Int); changed != strings.HasPrefix(now.Name, "fc") {
				t.Errorf("%s: %s changed while it was frozen, or did not while it was not: %v", name, now.Name, changed)
			}
		}
		states := len(optimizer.Tensors())
		run(n, optimizer, 3, 4)
		for i, now := range n.Tensors() {
			if frozen := strings.HasPrefix(now.Name, "stem") || strings.HasPrefix(now.Name, "bn") || strings.HasPrefix(now.Name, "a."); frozen && !slices.Equal(now.Float, before[i].Float) {
				t.Errorf("%s: %s changed while it was frozen", name, now.Name)
			}
		}
		if len(optimizer.Tensors()) <= states {
			t.Errorf("%s: no state for what began to train", name)
		}

		// Cut after epoch 3 and go on.
		cut := residualNetwork(t).freezing(t, spec)
		first := cut.NewOptimizer(o)
		run(cut, first, 1, 3)
		rest := residualNetwork(t).freezing(t, spec)
		second := rest.NewOptimizer(o)
		if rest.At(3) {
			second.Follow()
		}
		if err := rest.Load(cut.Tensors()); err != nil {
			t.Fatal(err)
		}
		if err := second.Load(first.Tensors()); err != nil {
			t.Fatal(err)
		}
		run(rest, second, 4, 4)
		for i, want := range n.Tensors() {
			if got := rest.Tensors()[i]; !slices.Equal(got.Float, want.Float) {
				t.Errorf("%s: cut after the epoch in which it began to train, %s is another", name, want.Name)
			}
		}
		state := first.Tensors()
		for i := range state {
			if strings.HasPrefix(state[i].Name, begunAt) {
				state[i].Int = []int64{9}
			}
		}
		if err := second.Load(state); err == nil {
			t.Errorf("%s: a parameter that began to train after the last step is accepted", name)
		}
	}
}

// TestBackboneFactor: in front of the head steps are as many times smaller.
func TestBackboneFactor(t *testing.T) {
	const batch, rate, factor = 3, 0.5, 0.25
	n := residualNetwork(t)
	before := n.Tensors()
	optimizer := n.NewOptimizer(recipe.Optimizer{SGD: &recipe.SGD{Rate: rate}})
	optimizer.SetBackbone(factor)
	if _, err := n.Step(noise("pictures", batch*n.picture.size()), noise("targets", batch*2), batch, streams); err != nil {
		t.Fatal(err)
	}
	optimizer.Step()
	for _, p := range n.all {
		i := slices.IndexFunc(before, func(w weights.Tensor) bool { return w.Name == p.Name })
		step := rate
		if !strings.HasPrefix(p.Name, "fc") {
			step *= factor
		}
		now, grad := p.tensor(p.Name, p.Value).Float, p.tensor(p.Name, p.Grad).Float
		for j, g := range grad {
			if want := float64(before[i].Float[j]) - step*float64(g); math.Abs(float64(now[j])-want) > 1e-6 {
				t.Fatalf("%s[%d] is %v, want %v", p.Name, j, now[j], want)
			}
		}
	}
}
