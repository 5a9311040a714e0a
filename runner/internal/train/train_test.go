package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/transform"
	"biomass/runner/internal/weights"
)

const size = 8

// memory keeps the newest checkpoint, and ends the run after some epochs.
type memory struct {
	newest *Checkpoint
	saves  int
	cancel func()
	after  int
}

func (m *memory) Load() (*Checkpoint, error) { return m.newest, nil }

func (m *memory) Save(c *Checkpoint) error {
	copied := *c
	copied.Epochs = append([]Epoch(nil), c.Epochs...)
	m.newest = &copied
	if m.saves++; m.saves == m.after {
		m.cancel()
	}
	return nil
}

// set returns pictures whose target is their brightness.
func set(n int, seed uint64) Set {
	s := rng.New(seed, "pictures")
	out := Set{}
	for range n {
		level := s.IntN(200)
		pixels := make([]uint8, size*size*3)
		for i := range pixels {
			pixels[i] = uint8(level + s.IntN(40))
		}
		out.Photos = append(out.Photos, InMemory(pixels))
		out.Targets = append(out.Targets, float64(level)/100)
	}
	return out
}

func input(t *testing.T, change func(*recipe.Train)) (Input, *memory) {
	t.Helper()
	spec := recipe.Train{
		BackboneFactor: 1,
		Seed:           3, Epochs: 5, Batch: 8, LastBatch: "keep", Loss: recipe.Loss{Kind: "mse"}, Keep: "best", Sampler: "shuffle", Accumulate: 1,
		Optimizer: recipe.Optimizer{Adam: &recipe.Adam{Rate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}},
	}
	if change != nil {
		change(&spec)
	}
	net, err := network.New(recipe.Network{Backbone: "layers", Layers: []recipe.Layer{
		{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, {Kind: "batch_norm"}, {Kind: "relu"},
		{Kind: "flatten"}, {Kind: "dropout", Probability: 0.2}, {Kind: "dense", Size: 1, Bias: true},
	}}, network.Input{Height: size, Width: size, Channels: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	net.Initialize(spec.Seed)
	training := set(27, 1)
	fitted, err := transform.Fit(recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: "standardize"},
		3, training.Targets, func(i int) ([]uint8, error) { return training.Photos[i]() }, len(training.Photos))
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	return Input{
		Spec: spec, Size: size, Network: net, Fitted: fitted, Train: training, Validation: set(10, 2),
		Augment:     []recipe.Augment{{Kind: "horizontal_flip", Value: 0.5}},
		Checkpoints: m, Progress: progress.Silent,
	}, m
}

func run(t *testing.T, in Input) *Result {
	t.Helper()
	r, err := Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLearnsAndKeepsBest checks that the loss falls and that the kept weights
// are those of the epoch with the lowest validation loss.
func TestLearnsAndKeepsBest(t *testing.T) {
	in, _ := input(t, func(s *recipe.Train) { s.Epochs = 12 })
	r := run(t, in)
	if first, last := r.Epochs[0].TrainLoss, r.Epochs[11].TrainLoss; last > first/2 {
		t.Errorf("the training loss went from %v to %v", first, last)
	}
	for _, e := range r.Epochs {
		if e.ValidationLoss < r.Epochs[r.Kept-1].ValidationLoss {
			t.Errorf("epoch %d is better than the kept epoch %d", e.Epoch, r.Kept)
		}
	}
	if err := in.Network.Load(r.Weights); err != nil {
		t.Fatal(err)
	}
	again := Epoch{}
	if err := (&loop{Input: in, loss: network.Loss{Name: "mse"}}).validate(&again); err != nil {
		t.Fatal(err)
	}
	if want := r.Epochs[r.Kept-1]; again.ValidationLoss != want.ValidationLoss || *again.ValidationRMSE != *want.ValidationRMSE {
		t.Errorf("the kept weights give %v, their epoch had %v", again, want)
	}
}

func TestKeepLast(t *testing.T) {
	in, _ := input(t, func(s *recipe.Train) { s.Keep = "last" })
	if r := run(t, in); r.Kept != in.Spec.Epochs {
		t.Errorf("epoch %d was kept, want the last", r.Kept)
	}
}

// TestResume cuts a training after each of its epochs and lets another one go
// on from the checkpoint: history, chain and weights are those of an uncut one.
// Replaying one epoch gives what that epoch gave.
func TestResume(t *testing.T) {
	optimizers := func(o recipe.Optimizer) func(*recipe.Train) {
		return func(s *recipe.Train) { s.Optimizer, s.Clip = o, 0.5 }
	}
	schedules := func(c recipe.Schedule) func(*recipe.Train) {
		return func(s *recipe.Train) { s.Schedule = c }
	}
	for name, change := range map[string]func(*recipe.Train){
		"adam":      optimizers(recipe.Optimizer{Adam: &recipe.Adam{Rate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}}),
		"adamw":     optimizers(recipe.Optimizer{AdamW: &recipe.AdamW{Rate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01}}),
		"sgd":       optimizers(recipe.Optimizer{SGD: &recipe.SGD{Rate: 1e-2, Momentum: 0.9}}),
		"rmsprop":   optimizers(recipe.Optimizer{RMSprop: &recipe.RMSprop{Rate: 1e-3, Alpha: 0.99, Epsilon: 1e-8, Momentum: 0.9, Centered: true}}),
		"step":      schedules(recipe.Schedule{Step: &recipe.Step{Every: 2, Factor: 0.5}}),
		"cosine":    schedules(recipe.Schedule{Cosine: &recipe.Cosine{Warmup: 1}}),
		"one_cycle": schedules(recipe.Schedule{OneCycle: &recipe.OneCycle{Rise: 0.3, StartDivisor: 25, EndDivisor: 1e4}}),
		"balanced":  func(s *recipe.Train) { s.Sampler = balanced },
		"average":   func(s *recipe.Train) { s.Average = 0.9 },
		"all": func(s *recipe.Train) {
			s.Sampler, s.Average, s.Accumulate, s.Stop = balanced, 0.5, 2, recipe.Stop{Patience: 4, On: "validation_rmse"}
			s.Schedule = recipe.Schedule{OneCycle: &recipe.OneCycle{Rise: 0.3, StartDivisor: 25, EndDivisor: 1e4}}
		},
		"plateau": schedules(recipe.Schedule{Plateau: &recipe.Plateau{Factor: 0.1, Threshold: 0.5}}),
	} {
		in, _ := input(t, change)
		whole := run(t, in)
		for after := 1; after < in.Spec.Epochs; after++ {
			in, m := input(t, change)
			ctx, cancel := context.WithCancel(context.Background())
			m.cancel, m.after = cancel, after
			if _, err := Run(ctx, in); !errors.Is(err, context.Canceled) {
				t.Fatalf("a cancelled run gave %v", err)
			}
			cut := m.newest
			rest, _ := input(t, change)
			rest.Checkpoints = m
			r := run(t, rest)
			if !reflect.DeepEqual(r.Epochs, whole.Epochs) || r.Kept != whole.Kept || weights.Digest(r.Weights) != weights.Digest(whole.Weights) {
				t.Errorf("%s cut after epoch %d: another result", name, after)
			}
			again, _ := input(t, change)
			to, err := Replay(context.Background(), again, &Checkpoint{Result: Result{Epochs: cut.Epochs}, State: cut.State}, after+1)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(to.Epochs, whole.Epochs[:after+1]) {
				t.Errorf("%s replayed epoch %d: got %v", name, after+1, to.Epochs[after])
			}
		}
	}
}

// TestLosses checks that steps and validation measure what train.loss says,
// by a second formula for validation and by the order of the losses for steps.
func TestLosses(t *testing.T) {
	first := map[string]Epoch{}
	for _, loss := range []string{"mse", "mae", "huber"} {
		in, _ := input(t, func(s *recipe.Train) { s.Loss, s.Epochs = recipe.Loss{Kind: loss}, 1 })
		first[loss] = run(t, in).Epochs[0]
		scaled, err := Outputs(in.Network, in.Fitted, in.Validation.Photos, in.Validation.Features)
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for i, p := range scaled {
			d := math.Abs(float64(p) - float64(in.Fitted.Target(in.Validation.Targets[i])))
			switch {
			case loss == "mse":
				d *= d
			case loss == "huber" && d < 1:
				d *= d / 2
			case loss == "huber":
				d -= 0.5
			}
			want += d / float64(len(scaled))
		}
		if got := first[loss].ValidationLoss; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: a validation loss of %v, want %v", loss, got, want)
		}
	}
	if h := first["huber"].TrainLoss; !(h < first["mae"].TrainLoss && h < first["mse"].TrainLoss) {
		t.Errorf("training losses %+v: Huber's is the smallest", first)
	}
}

// classify makes classes of the pictures, dark, middling and bright ones.
func classify(t *testing.T, change func(*recipe.Train)) (Input, *memory) {
	t.Helper()
	in, m := input(t, func(s *recipe.Train) {
		s.Loss = recipe.Loss{Kind: "cross_entropy", CrossEntropy: recipe.CrossEntropy{ClassWeights: recipe.ClassWeights{Kind: "none"}}}
		if change != nil {
			change(s)
		}
	})
	net, err := network.New(recipe.Network{Backbone: "layers", Layers: []recipe.Layer{
		{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, {Kind: "batch_norm"}, {Kind: "relu"},
		{Kind: "flatten"}, {Kind: "dense", Size: 3, Bias: true},
	}}, network.Input{Height: size, Width: size, Channels: 3}, 3)
	if err != nil {
		t.Fatal(err)
	}
	net.Initialize(in.Spec.Seed)
	in.Network, in.Classes = net, []string{"dark", "middling", "bright"}
	for _, set := range []Set{in.Train, in.Validation} {
		for i, level := range set.Targets {
			set.Targets[i] = math.Floor(min(level/0.6, 2))
		}
	}
	if in.Fitted, err = transform.Fit(recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: "none"}, 3, in.Train.Targets, nil, len(in.Train.Photos)); err != nil {
		t.Fatal(err)
	}
	return in, m
}

// TestClasses checks that a classification learns, what it measures after an
// epoch, and that a cut one goes on to the same bits.
func TestClasses(t *testing.T) {
	more := func(s *recipe.Train) { s.Epochs = 20 }
	in, _ := classify(t, more)
	r := run(t, in)
	last := r.Epochs[len(r.Epochs)-1]
	if last.TrainLoss > r.Epochs[0].TrainLoss/2 || last.ValidationRMSE != nil {
		t.Errorf("the last epoch is %+v", last)
	}
	if err := in.Network.Load(r.Weights); err != nil {
		t.Fatal(err)
	}
	outputs, err := Outputs(in.Network, in.Fitted, in.Validation.Photos, in.Validation.Features)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0.0
	for i, class := range metric.Largest(outputs, 3) {
		if float64(class) == in.Validation.Targets[i] {
			hits++
		}
	}
	kept := r.Epochs[r.Kept-1]
	if got := *kept.ValidationAccuracy; got != hits/10 || got < 0.8 || *kept.ValidationMacroF1 <= 0 {
		t.Errorf("the kept epoch has accuracy %v, its weights %v", got, hits/10)
	}
	again, m := classify(t, more)
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.after = cancel, 7
	if _, err := Run(ctx, again); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run gave %v", err)
	}
	rest, _ := classify(t, more)
	rest.Checkpoints = m
	if got := run(t, rest); !reflect.DeepEqual(got.Epochs, r.Epochs) {
		t.Error("cut after epoch 7 it gives another training")
	}
}

// TestClassWeights checks the weights of the classes in steps and validation.
func TestClassWeights(t *testing.T) {
	losses := func(weights recipe.ClassWeights) Epoch {
		in, _ := classify(t, func(s *recipe.Train) { s.Epochs, s.Loss.CrossEntropy.ClassWeights = 1, weights })
		return run(t, in).Epochs[0]
	}
	in, _ := classify(t, nil)
	counts := make([]float64, 3)
	for _, class := range in.Train.Targets {
		counts[int(class)]++
	}
	given := recipe.ClassWeights{Kind: "given"}
	for _, n := range counts {
		given.Given = append(given.Given, float64(len(in.Train.Targets))/(3*n))
	}
	none, balanced := losses(recipe.ClassWeights{Kind: "none"}), losses(recipe.ClassWeights{Kind: "balanced"})
	if !reflect.DeepEqual(balanced, losses(given)) {
		t.Errorf("balanced is not rows / (classes * rows of the class), %v", given.Given)
	}
	if none.State == balanced.State || none.ValidationLoss == balanced.ValidationLoss {
		t.Error("the weights change nothing")
	}
	in, _ = classify(t, func(s *recipe.Train) { s.Loss.CrossEntropy.ClassWeights.Kind = "balanced" })
	for i := range in.Train.Targets {
		in.Train.Targets[i] = float64(i % 2)
	}
	if _, err := Run(context.Background(), in); err == nil || !strings.Contains(err.Error(), "no training row is bright") {
		t.Errorf("a class without rows: %v", err)
	}
}

// TestClip checks that a limit that no gradient reaches changes nothing, and one
// that all exceed does.
func TestClip(t *testing.T) {
	var states []digest.Digest
	for _, clip := range []float64{0, 1e6, 1e-3} {
		in, _ := input(t, func(s *recipe.Train) {
			s.Clip, s.Epochs, s.Optimizer = clip, 1, recipe.Optimizer{SGD: &recipe.SGD{Rate: 1e-2}}
		})
		states = append(states, run(t, in).Epochs[0].State)
	}
	if states[0] != states[1] || states[0] == states[2] {
		t.Errorf("states %v", states)
	}
}

// smooth is an input without batch norm, dropout and augmentation, whose
// gradients are sums over rows.
func smooth(t *testing.T, change func(*recipe.Train)) Input {
	t.Helper()
	in, _ := input(t, change)
	net, err := network.New(recipe.Network{Backbone: "layers", Layers: []recipe.Layer{
		{Kind: "conv", Size: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, {Kind: "relu"}, {Kind: "flatten"}, {Kind: "dense", Size: 1, Bias: true},
	}}, network.Input{Height: size, Width: size, Channels: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	net.Initialize(in.Spec.Seed)
	in.Network, in.Augment = net, nil
	return in
}

// TestAccumulate: several batches make the step of one that has all their rows,
// up to rounding, be the last of them smaller or not; an epoch's last step takes
// what batches are left.
func TestAccumulate(t *testing.T) {
	train := func(batch, accumulate int) []weights.Tensor {
		r := run(t, smooth(t, func(s *recipe.Train) {
			s.Epochs, s.Batch, s.Accumulate, s.Keep, s.Clip = 2, batch, accumulate, "last", 1
			s.Optimizer = recipe.Optimizer{SGD: &recipe.SGD{Rate: 0.05, Momentum: 0.9}}
		}))
		return r.Weights
	}
	for _, c := range [][4]int{{27, 1, 9, 3}, {27, 1, 10, 3}, {18, 1, 9, 2}, {16, 1, 4, 4}} {
		whole, parts := train(c[0], c[1]), train(c[2], c[3])
		for i, tensor := range whole {
			for j, v := range tensor.Float {
				if d := math.Abs(float64(v - parts[i].Float[j])); d > 1e-5 {
					t.Fatalf("batch %d and %d times %d: %s differs by %v", c[0], c[3], c[2], tensor.Name, d)
				}
			}
		}
	}
	if weights.Digest(train(9, 1)) == weights.Digest(train(9, 3)) {
		t.Error("accumulation changes nothing")
	}
}

// TestAverage: what is evaluated and kept is the mean of the weights, and the
// training goes the way that it goes without.
func TestAverage(t *testing.T) {
	const decay = 0.75
	var plain []*Result
	for batches := 1; batches <= 3; batches++ { // the weights after each step: epochs of one
		plain = append(plain, run(t, smooth(t, func(s *recipe.Train) { s.Epochs, s.Batch, s.Keep = batches, 27, "last" })))
	}
	in := smooth(t, func(s *recipe.Train) { s.Epochs, s.Batch, s.Keep, s.Average = 3, 27, "last", decay })
	r := run(t, in)
	for i, e := range r.Epochs {
		if e.TrainLoss != plain[2].Epochs[i].TrainLoss {
			t.Errorf("epoch %d trains otherwise", i+1)
		}
	}
	for i, tensor := range r.Weights {
		for j, v := range tensor.Float {
			want := float64(plain[0].Weights[i].Float[j])
			for _, p := range plain[1:] {
				want = decay*want + (1-decay)*float64(p.Weights[i].Float[j])
			}
			if math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("%s: %v, want %v", tensor.Name, v, want)
			}
		}
	}
	if err := in.Network.Load(r.Weights); err != nil {
		t.Fatal(err)
	}
	again := Epoch{}
	if err := (&loop{Input: in, loss: network.Loss{Name: "mse"}}).validate(&again); err != nil || again.ValidationLoss != r.Epochs[2].ValidationLoss {
		t.Errorf("the average gives %v, its epoch had %v: %v", again.ValidationLoss, r.Epochs[2].ValidationLoss, err)
	}
}

// TestSeed checks that the seed matters, and nothing else does.
func TestSeed(t *testing.T) {
	in, _ := input(t, nil)
	a := run(t, in)
	in, _ = input(t, nil)
	b := run(t, in)
	in, _ = input(t, func(s *recipe.Train) { s.Seed = 4 })
	c := run(t, in)
	if !reflect.DeepEqual(a.Epochs, b.Epochs) {
		t.Error("the same seed gives another training")
	}
	if a.Epochs[0].State == c.Epochs[0].State {
		t.Error("another seed gives the same training")
	}
}

func TestDivergence(t *testing.T) {
	in, m := input(t, func(s *recipe.Train) { s.Optimizer = recipe.Optimizer{SGD: &recipe.SGD{Rate: 1e30}} })
	_, err := Run(context.Background(), in)
	if err == nil {
		t.Fatal("a rate of 1e30 trained")
	}
	var where *network.NonFiniteError
	if !errors.As(err, &where) || where.Layer == "" || !strings.Contains(err.Error(), "epoch 1, step ") {
		t.Errorf("the error does not say where: %v", err)
	}
	if m.newest != nil {
		t.Error("a diverged epoch was kept")
	}
}

// TestLostPhoto has photos become unreadable in the second epoch: the error says which
// and where, and the first epoch is kept.
func TestLostPhoto(t *testing.T) {
	for _, part := range []string{"train", "validation"} {
		in, m := input(t, nil)
		photos := in.Train.Photos
		if part == "validation" {
			photos = in.Validation.Photos
		}
		whole := photos[4]
		photos[4] = func() ([]uint8, error) {
			if m.newest != nil {
				return nil, errors.New("photo a.jpg: it is gone")
			}
			return whole()
		}
		_, err := Run(context.Background(), in)
		if err == nil || !strings.Contains(err.Error(), "epoch 2, step ") || !strings.HasSuffix(err.Error(), "photo a.jpg: it is gone") {
			t.Errorf("%s: %v", part, err)
		}
		if m.newest == nil || len(m.newest.Epochs) != 1 {
			t.Errorf("%s: the first epoch is not kept", part)
		}
	}
}

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		n, size int
		last    string
		want    []span
		err     string
	}{
		{8, 4, "keep", []span{{0, 4}, {4, 8}}, ""},
		{10, 4, "keep", []span{{0, 4}, {4, 8}, {8, 10}}, ""},
		{10, 4, "drop", []span{{0, 4}, {4, 8}}, ""},
		{10, 4, "merge", []span{{0, 4}, {4, 10}}, ""},
		{9, 4, "merge", []span{{0, 4}, {4, 9}}, ""},
		{3, 4, "drop", []span{{0, 3}}, ""},
		{3, 1, "keep", []span{{0, 1}, {1, 2}, {2, 3}}, ""},
		{9, 4, "keep", nil, "last batch of 1"},
		{1, 4, "merge", nil, "last batch of 1"},
		{0, 4, "keep", nil, "empty"},
	} {
		got, err := batches(c.n, c.size, c.last)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%d rows in batches of %d, %s: error %v, want %q", c.n, c.size, c.last, err, c.err)
		case c.err == "" && (err != nil || !reflect.DeepEqual(got, c.want)):
			t.Errorf("%d rows in batches of %d, %s: got %v, %v", c.n, c.size, c.last, got, err)
		}
	}
}
