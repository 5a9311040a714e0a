package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/transform"
)

// TestMixedBatches compares the batches of an epoch with the mixtures of the batches
// without, recomputed one by one.
func TestMixedBatches(t *testing.T) {
	for _, mix := range []recipe.Mix{{Kind: "mixup", Alpha: 0.5}, {Kind: "cutmix", Alpha: 1}} {
		for _, classes := range []int{0, 3} {
			collect := func(mix recipe.Mix) (list []batch) {
				in, _ := input(t, nil)
				if classes > 0 {
					in, _ = classify(t, nil)
				}
				in.Mix = mix
				l := &loop{Input: in}
				var err error
				if l.batches, err = batches(len(in.Train.Photos), in.Spec.Batch, "keep"); err != nil {
					t.Fatal(err)
				}
				for _, b := range l.ahead(2) {
					list = append(list, batch{rows: b.rows, x: slices.Clone(b.x), target: slices.Clone(b.target)})
				}
				return list
			}
			plain, mixed := collect(recipe.Mix{}), collect(mix)
			area := size * size * 3
			for step, b := range plain {
				m := transform.Mix(mix, size, rng.New(3, "mix", 2, uint64(step)))
				for i := range b.rows {
					before := i - 1
					if before < 0 {
						before = b.rows - 1
					}
					want := make([]float32, area)
					m.Pixels(want, b.x[i*area:(i+1)*area], b.x[before*area:(before+1)*area], size)
					if !reflect.DeepEqual(mixed[step].x[i*area:(i+1)*area], want) {
						t.Fatalf("%s: picture %d of step %d is another", mix.Kind, i, step)
					}
					if classes == 0 {
						if mixed[step].target[i] != m.Target(b.target[i], b.target[before]) {
							t.Fatalf("%s: target %d of step %d is %v", mix.Kind, i, step, mixed[step].target[i])
						}
						continue
					}
					shares := make([]float32, classes)
					m.Classes(shares, int(b.target[i]), int(b.target[before]))
					if !reflect.DeepEqual(mixed[step].target[i*classes:(i+1)*classes], shares) {
						t.Fatalf("%s: shares %d of step %d are %v, want %v", mix.Kind, i, step, mixed[step].target, shares)
					}
				}
			}
		}
	}
}

// TestMixLearns: with mixed pictures a classification with weights and smoothing still
// learns, its epochs are others than without, and a cut training goes on to the same bits.
func TestMixLearns(t *testing.T) {
	for _, mix := range []recipe.Mix{{Kind: "mixup", Alpha: 0.2}, {Kind: "cutmix", Alpha: 1}} {
		make := func() (Input, *memory) {
			in, m := classify(t, func(s *recipe.Train) {
				s.Epochs = 20
				s.Loss.CrossEntropy = recipe.CrossEntropy{ClassWeights: recipe.ClassWeights{Kind: "balanced"}, LabelSmoothing: 0.05}
			})
			in.Mix = mix
			return in, m
		}
		in, _ := make()
		r := run(t, in)
		if best := *r.Epochs[r.Kept-1].ValidationAccuracy; best < 0.8 || math.IsNaN(r.Epochs[0].TrainLoss) {
			t.Errorf("%s: accuracy %v", mix.Kind, best)
		}
		plain, _ := make()
		plain.Mix = recipe.Mix{}
		plain.Spec.Epochs = 1
		if run(t, plain).Epochs[0].State == r.Epochs[0].State {
			t.Errorf("%s changes nothing", mix.Kind)
		}
		cut, m := make()
		ctx, cancel := context.WithCancel(context.Background())
		m.cancel, m.after = cancel, 7
		if _, err := Run(ctx, cut); !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled run gave %v", err)
		}
		rest, _ := make()
		rest.Checkpoints = m
		if got := run(t, rest); !reflect.DeepEqual(got.Epochs, r.Epochs) {
			t.Errorf("%s: cut after epoch 7 it gives another training", mix.Kind)
		}
	}
}

// TestBuffersGrow holds that a buffer which held a small batch of mixed classes takes a
// large one in the next epoch.
func TestBuffersGrow(t *testing.T) {
	in, _ := classify(t, func(s *recipe.Train) { s.Epochs, s.Batch = 3, 25 }) // of 27 rows: 25 and 2
	in.Mix = recipe.Mix{Kind: "mixup", Alpha: 0.2}
	l := &loop{Input: in}
	l.batches = []span{{0, 25}, {25, 27}, {0, 2}} // three, so that the buffers change places
	for epoch := 1; epoch <= 3; epoch++ {
		for _, b := range l.ahead(epoch) {
			if len(b.target) != b.rows*len(in.Classes) {
				t.Fatalf("epoch %d: %d shares of %d rows", epoch, len(b.target), b.rows)
			}
		}
	}
	// Nor may one that held few rows of much, as features of a low layer are.
	plain, _ := input(t, nil)
	l = &loop{Input: plain}
	b := &batch{x: make([]float32, 1<<20), target: make([]float32, 2)}
	l.fill(b, 1, []int{1, 2, 3, 4, 5}, 0)
	if len(b.target) != 5 {
		t.Errorf("%d targets of 5 rows", len(b.target))
	}
}
