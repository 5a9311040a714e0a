package network

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/weights"
)

var (
	update   = flag.Bool("update", false, "write testdata/trained.json anew")
	patience = flag.Bool("portable", false, "train the larger networks in portable Go too")
)

// families has one network of each family of the zoo, for 10 outputs, and one with a
// head and features. That of vgg has a narrow classifier.
var families = map[string]func(in shape, outputs int) (*architecture, error){
	"resnet18":           zoo["resnet18"],
	"vgg16_bn":           func(in shape, outputs int) (*architecture, error) { return vgg16(in, outputs, true, 512) },
	"mobilenet_v2":       zoo["mobilenet_v2"],
	"mobilenet_v3_small": zoo["mobilenet_v3_small"],
	"efficientnet_b0":    zoo["efficientnet_b0"],
	"resnet20":           zoo["resnet20"],
	"mobilenet_v2_tf":    zoo["mobilenet_v2_tf"],
	joinedFamily: func(in shape, outputs int) (*architecture, error) {
		a, err := zoo["mobilenet_v3_small"](in, outputs)
		if err == nil {
			err = a.fit(recipe.Head{Hidden: []int{64, 32}, Dropout: []float64{0.5, 0.25, 0.25}, BatchNorm: true}, 5, outputs)
		}
		return a, err
	},
}

const joinedFamily = "mobilenet_v3_small with a head and features"

// initial has the initial states of the families that were asked for: drawing the
// 27 million numbers of a vgg takes seconds.
var initial = map[string][][]float32{}

// family returns a new network of a family for pictures of 32 x 32.
func family(t testing.TB, name string) *Network {
	t.Helper()
	a, err := families[name](shape{32, 32, 3}, 10)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(a, 10)
	if initial[name] == nil {
		n.Initialize(3)
		initial[name] = n.copied()
	}
	n.restore(initial[name])
	if err := n.SetLoss(Loss{Name: "cross_entropy", Smoothing: 0.1}); err != nil {
		t.Fatal(err)
	}
	return n
}

const familyBatch = 4

// stepFamily trains for one step and returns the loss.
func stepFamily(t testing.TB, n *Network, step uint64) float32 {
	t.Helper()
	x := noise(fmt.Sprintf("pictures %d", step), familyBatch*n.exampleSize())
	streams := func(layer uint64) *rng.Stream { return rng.New(5, "dropout", step, layer) }
	loss, err := n.Step(x, []float32{1, 9, 4, 0}, familyBatch, streams)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// state returns the memory of all parameters and running statistics.
func (n *Network) state() [][]float32 {
	var all [][]float32
	for _, l := range n.layers {
		for _, p := range l.parameters() {
			all = append(all, p.Value)
		}
		if l.running != nil {
			all = append(all, l.running.mean, l.running.variance)
		}
	}
	return all
}

// copied returns a copy of the state, restore brings it back.
func (n *Network) copied() [][]float32 {
	var all [][]float32
	for _, part := range n.state() {
		all = append(all, slices.Clone(part))
	}
	return all
}

func (n *Network) restore(state [][]float32) {
	for i, part := range n.state() {
		copy(part, state[i])
	}
	n.stale = true
}

// TestSameBits trains a network of every family for three steps with every variant
// and number of threads, and wants the weights that are written down. They change
// only together with the arithmetic contract; -update writes them.
func TestSameBits(t *testing.T) {
	defer kernel.SetThreads(kernel.Threads())
	defer kernel.SetVariant(kernel.Variant())
	const file = "testdata/trained.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name := range families {
		small := name == "mobilenet_v3_small" || name == "efficientnet_b0" || name == "mobilenet_v2_tf" || name == joinedFamily
		threads := []int{2, 1, 3, 5, 8}
		if testing.Short() { // for an emulated processor
			if threads = threads[:1]; name == "vgg16_bn" {
				continue
			}
		}
		n := family(t, name)
		var first [][]float32
		// Each variant meets some of the numbers of threads; portable Go, which is slow,
		// is the last.
		variants := slices.DeleteFunc(kernel.Variants(), func(v string) bool { return v == "portable" })
		slices.Reverse(variants)
		var runs []string
		for i := range threads {
			if len(variants) > 0 {
				runs = append(runs, variants[i%len(variants)])
			}
		}
		if small || *patience || len(variants) == 0 {
			runs = append(runs, "portable")
		}
		for i, variant := range runs {
			threads := threads[i%len(threads)]
			if err := kernel.SetVariant(variant); err != nil {
				t.Fatal(err)
			}
			kernel.SetThreads(threads)
			n.restore(initial[name])
			o := n.NewOptimizer(adamSpec)
			for step := range uint64(3) {
				stepFamily(t, n, step)
				o.Step()
			}
			if first != nil {
				for j, part := range n.state() {
					if !slices.EqualFunc(part, first[j], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
						t.Errorf("%s: %s with %d threads gives other bits", name, variant, threads)
						break
					}
				}
				continue
			}
			first = n.copied()
			digest := weights.Digest(n.Tensors()).String()
			if *update {
				want[name] = digest
			}
			if digest != want[name] {
				t.Errorf("%s: got  %s\nwant %s", name, digest, want[name])
			}
		}
	}
	if *update {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetIndent("", "  ")
		if err := e.Encode(want); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFamiliesPredictTheSameInAnyBatch takes pictures out of a batch of 32, one and
// seven at a time.
func TestFamiliesPredictTheSameInAnyBatch(t *testing.T) {
	for name := range families {
		n := family(t, name)
		stepFamily(t, n, 0) // the running statistics are no longer 0 and 1
		x := noise("pictures", 32*n.exampleSize())
		predict := func(from, count int) []float32 {
			y, err := n.Predict(n.part(x, from, from+count), count)
			if err != nil {
				t.Fatal(err)
			}
			return y
		}
		want := predict(0, 32)
		for _, part := range [][2]int{{0, 1}, {31, 1}, {9, 7}} {
			if from, count := part[0], part[1]; !slices.Equal(predict(from, count), want[from*10:(from+count)*10]) {
				t.Errorf("%s: pictures %d and on, %d at a time, give other bits", name, from, count)
			}
		}
	}
}

// TestFoldsOnlyWhatChanged: what changes parameters or running statistics is seen by
// the next Predict, and nothing else is folded.
func TestFoldsOnlyWhatChanged(t *testing.T) {
	n := family(t, "mobilenet_v3_small")
	o := n.NewOptimizer(adamSpec)
	x := noise("pictures", n.picture.size())
	predict := func() []float32 {
		y, err := n.Predict(x, 1)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	before := predict()
	saved := n.Tensors()
	for what, change := range map[string]func(){
		"Step":           func() { stepFamily(t, n, 0) },
		"Optimizer.Step": func() { o.Step() },
		"Initialize":     func() { n.Initialize(8) },
		"Load": func() {
			if err := n.Load(n.Tensors()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if predict(); n.stale {
			t.Errorf("before %s: folded, but still stale", what)
		}
		if change(); !n.stale {
			t.Errorf("%s: not stale", what)
		}
	}
	if err := n.Load(saved); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(predict(), before) {
		t.Error("the same weights give other outputs")
	}
}

// TestGraphOverhead holds the share of a step that is not arithmetic: a step whose
// ops do nothing, against one that works, each the fastest of some.
func TestGraphOverhead(t *testing.T) {
	n := mustNew(t, recipe.Network{Backbone: "mobilenet_v3_small"}, Input{224, 224, 3}, 1000)
	const batch = 4
	x, target := noise("pictures", batch*n.picture.size()), make([]float32, batch*1000)
	fastest := func(count int) time.Duration {
		least := time.Hour
		for range count {
			start := time.Now()
			if _, err := n.Step(x, target, batch, streams); err != nil {
				t.Fatal(err)
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	step := fastest(3)
	ops := n.trainings[batch].sequence
	for _, o := range ops {
		if o.forward != nil {
			o.forward = func(_, _ [][]float32) {}
		}
	}
	overhead := fastest(10)
	t.Logf("%d ops, %v of %v", len(ops), overhead, step)
	if float64(overhead) > 0.05*float64(step) {
		t.Errorf("the graph of %d ops takes %v of a step of %v", len(ops), overhead, step)
	}
}
