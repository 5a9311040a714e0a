package network

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// This file holds what does not train.
//
// The base is the beginning of the network, as far as nothing in it trains. It is not part of
// the graph of a step: it is evaluated, with its batch norms folded and its dropout off, and
// the rest of the network takes its output, the features, for the picture. So a step costs
// only what trains. The features of a picture are the same in every step: keeping them and
// computing them again give the same bits.

// freeze says what trains, and when.
type freeze struct {
	frozen []bool // layers, at the beginning
	thaws  []thaw
	// updated says that a frozen batch norm goes on to take its statistics from each batch.
	updated bool
}

// thaw is the epoch from which on some layers train.
type thaw struct {
	epoch  int
	layers []bool
}

// trains is the first epoch in which a layer trains, 0 for none.
func (f freeze) trains(layer int) int {
	if layer >= len(f.frozen) || !f.frozen[layer] {
		return 1
	}
	first := 0
	for _, t := range f.thaws {
		if t.layers[layer] && (first == 0 || t.epoch < first) {
			first = t.epoch
		}
	}
	return first
}

// newFreeze reads what the recipe says of freezing. A name that stands for no layer with
// parameters is an error.
func newFreeze(spec recipe.Network, a *architecture) (freeze, error) {
	f := freeze{updated: spec.FrozenNorm == "training"}
	var err error
	if f.frozen, err = a.named("network.freeze", spec.Freeze); err != nil {
		return f, err
	}
	for i, u := range spec.Unfreeze {
		t := thaw{epoch: u.Epoch}
		if t.layers, err = a.named(fmt.Sprintf("network.unfreeze[%d].layers", i), u.Layers); err != nil {
			return f, err
		}
		f.thaws = append(f.thaws, t)
	}
	return f, nil
}

// named returns, a layer, whether one of the names means it: all for what is not the head,
// else a pattern of a stage's name or of a module's.
func (a *architecture) named(key string, names recipe.Layers) ([]bool, error) {
	which := make([]bool, len(a.layers))
	for i, name := range names {
		found := false
		for j, l := range a.layers {
			meant := name == recipe.AllLayers && j < a.head() || l.is(name)
			which[j] = which[j] || meant
			found = found || meant && l.weight != nil
		}
		if !found {
			return nil, fmt.Errorf("%s[%d]: %q names no layer that has weights: there are %s", key, i, name, strings.Join(a.stages(), ", "))
		}
	}
	return which, nil
}

// is reports whether a pattern matches the layer's stage, its name, or that of a module
// that it lies in: layer1 for layer1.0.conv1.
func (l *layer) is(pattern string) bool {
	match := func(name string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	}
	for end, c := range l.name {
		if c == '.' && match(l.name[:end]) {
			return true
		}
	}
	return match(l.name) || l.stage != "" && match(l.stage)
}

// stages lists the names of the stages, or of the layers with parameters where there are
// no stages.
func (a *architecture) stages() []string {
	var names []string
	for _, l := range a.layers {
		name := l.stage
		if name == "" && l.weight != nil {
			name = l.name
		}
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// At makes the network what network.freeze and network.unfreeze say that it is in an epoch,
// counted from 1, and reports whether other parameters train than before.
func (n *Network) At(epoch int) (changed bool) {
	for i, l := range n.layers {
		frozen := i < len(n.freeze.frozen) && n.freeze.frozen[i]
		for _, t := range n.freeze.thaws {
			frozen = frozen && !(t.epoch <= epoch && t.layers[i])
		}
		if frozen != l.frozen {
			l.frozen, l.fixed, changed = frozen, frozen && !n.freeze.updated, true
		}
	}
	if changed {
		n.base = n.findBase()
		clear(n.trainings)
		clear(n.evaluations)
		n.changed()
	}
	return changed
}

// learning reports, a layer, whether its output depends on a parameter that trains, or on an
// output that is asked for.
func (n *Network) learning() []bool {
	learns := make([]bool, len(n.layers))
	for _, i := range n.order() {
		l := n.layers[i]
		learns[i] = l.asked || l.weight != nil && !l.frozen || l.input != none && learns[l.input] || l.other >= 0 && learns[l.other]
	}
	return learns
}

// random reports whether the layer leaves out something at random.
func (l *layer) random() bool { return l.kind == dropout || l.kind == stochasticDepth }

// findBase returns the last layer of the base, none where no parameter is frozen: up to it
// nothing trains or changes, and the layers behind it read nothing else of the base. A
// dropout behind the last frozen parameter belongs to what trains, as that of a head does.
// So do the features of a second input, which are not a picture's.
func (n *Network) findBase() int {
	base, last, learns := none, none, n.learning()
	for i, l := range n.layers {
		if l.frozen && l.weight != nil {
			last = i
		}
	}
	weights := false
	for i, l := range n.layers {
		if learns[i] || l.kind == batchNorm && !l.fixed || l.random() && i > last || l.kind == join {
			break
		}
		weights = weights || l.weight != nil
		if u := n.units[i]; weights && (u == nil || u.end == i) && n.separates(i) {
			base = i
		}
	}
	return base
}

// separates reports whether layer i is all that the layers behind it read of those up to it,
// and those read nothing behind it.
func (n *Network) separates(i int) bool {
	for j, l := range n.layers {
		if j <= i && l.other > i || j > i && (l.input < i || l.other >= 0 && l.other < i) {
			return false
		}
	}
	return true
}

// Base names the last layer of the base; it is empty where there is none.
func (n *Network) Base() string {
	if n.base == none {
		return ""
	}
	return n.layers[n.base].name
}

// BaseDigest names what the base computes: its layers and all their numbers.
func (n *Network) BaseDigest() digest.Digest {
	e := digest.New("base").Ints([]int{n.picture.Height, n.picture.Width, n.picture.Channels})
	base := map[string]bool{}
	for _, l := range n.layers[:n.base+1] {
		e.String(l.name).String(string(l.kind)).String(l.act.String()).Bool(l.fused)
		e.Ints([]int{l.input, l.other, l.window, l.stride, l.pad, l.end, l.dilation, l.groups, l.out.Channels}).Float32s([]float32{l.epsilon})
		for _, p := range l.parameters() {
			base[p.Name] = true
		}
		base[l.name+".running_mean"], base[l.name+".running_var"] = true, true
	}
	return e.Digest(weights.Digest(slices.DeleteFunc(n.Tensors(), func(t weights.Tensor) bool { return !base[t.Name] }))).Sum()
}

// FeatureSize is how many numbers Features gives a picture.
func (n *Network) FeatureSize() int { return n.outputOf(n.base).size() }

// Features returns what the base gives for count pictures x (count, H, W, C); the pictures
// themselves where there is no base.
func (n *Network) Features(x []float32, count int) ([]float32, error) {
	if n.base == none {
		return slices.Clone(x), nil
	}
	return n.evaluate(x, count, none, n.base)
}

// PredictFeatures is Predict for what Features has made of the pictures, with the features
// of the second input behind it as there, to the same bits.
func (n *Network) PredictFeatures(features []float32, count int) ([]float32, error) {
	return n.evaluate(features, count, n.base, len(n.layers)-1)
}

// trains returns the parameters that train, in torch's order.
func (n *Network) trains() []*Parameter {
	var list []*Parameter
	for _, l := range n.layers {
		if !l.frozen {
			list = append(list, l.parameters()...)
		}
	}
	return list
}

// TrainedCount returns the number of scalars that train.
func (n *Network) TrainedCount() int {
	sum := 0
	for _, p := range n.trains() {
		sum += len(p.Value)
	}
	return sum
}
