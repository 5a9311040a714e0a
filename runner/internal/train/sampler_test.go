package train

import (
	"reflect"
	"slices"
	"testing"

	"biomass/runner/internal/recipe"
)

// TestBalanced: each class comes about as often, whatever its rows, and every
// epoch has draws of its own that follow from the seed.
func TestBalanced(t *testing.T) {
	in, _ := classify(t, func(s *recipe.Train) { s.Sampler = balanced })
	in.Train = set(2000, 5)
	for i := range in.Train.Targets {
		in.Train.Targets[i] = 0
		if i%100 == 7 {
			in.Train.Targets[i] = 2 // 20 rows; class 1 has none
		}
	}
	l := &loop{Input: in, strata: in.strata()}
	order := l.order(1)
	rare := 0
	for _, row := range order {
		if in.Train.Targets[row] == 2 {
			rare++
		}
	}
	if len(order) != 2000 || len(l.strata) != 2 || rare < 900 || rare > 1100 {
		t.Errorf("%d of %d rows are of the rare class, of %d strata", rare, len(order), len(l.strata))
	}
	if !reflect.DeepEqual(order, l.order(1)) || reflect.DeepEqual(order, l.order(2)) {
		t.Error("the draws do not follow from seed and epoch alone")
	}
	if a, b := l.augmentation(1, 3, 4), l.augmentation(1, 3, 5); a.Uint64() == b.Uint64() {
		t.Error("a row that is drawn twice is augmented alike")
	}
}

// TestSeen: what is shown of an epoch is, normalised, what the epoch's batches hold.
func TestSeen(t *testing.T) {
	for _, sampler := range []string{"shuffle", balanced} {
		in, _ := classify(t, func(s *recipe.Train) { s.Sampler = sampler })
		in.Augment = []recipe.Augment{{Kind: "horizontal_flip", Value: 0.5}, {Kind: "rotate", Value: 90}}
		l := &loop{Input: in}
		if sampler == balanced {
			l.strata = in.strata()
		}
		rows := []int{0, 5, 3}
		seen, err := Seen(in, rows, 3)
		if err != nil {
			t.Fatal(err)
		}
		missing := 0
		for i, row := range rows {
			for epoch := 1; epoch <= 3; epoch++ {
				order, bytes := l.order(epoch), seen[i][epoch-1]
				place := slices.Index(order, row)
				if bytes == nil {
					missing++
				}
				if (place < 0) != (bytes == nil) {
					t.Fatalf("%s: row %d is drawn at %d of epoch %d, and shown: %v", sampler, row, place, epoch, bytes != nil)
				}
				if bytes == nil {
					continue
				}
				var b batch
				if err := l.fill(&b, epoch, order[place:place+1], place); err != nil {
					t.Fatal(err)
				}
				want := make([]float32, len(bytes))
				in.Fitted.Pixels(want, bytes)
				if !slices.Equal(b.x, want) {
					t.Errorf("%s: row %d is not shown as epoch %d sees it", sampler, row, epoch)
				}
			}
		}
		if sampler == "shuffle" && missing > 0 || sampler == balanced && missing == 0 {
			t.Errorf("%s: %d are missing", sampler, missing)
		}
	}
}

// TestFirst: the rows are those of the batches that a training steps on, in their order.
func TestFirst(t *testing.T) {
	for _, sampler := range []string{"shuffle", balanced} {
		in, _ := classify(t, func(s *recipe.Train) { s.Sampler, s.LastBatch = sampler, "merge" })
		l := &loop{Input: in}
		if sampler == balanced {
			l.strata = in.strata()
		}
		var err error
		if l.batches, err = batches(len(in.Train.Photos), in.Spec.Batch, in.Spec.LastBatch); err != nil {
			t.Fatal(err)
		}
		first, err := First(in, 100)
		if err != nil || len(first) != len(l.batches) {
			t.Fatalf("%s: %d batches of %d: %v", sampler, len(first), len(l.batches), err)
		}
		for step, b := range l.ahead(1) {
			var want batch
			l.fill(&want, 1, first[step], l.batches[step].start)
			if !slices.Equal(b.x, want.x) || !slices.Equal(b.target, want.target) {
				t.Errorf("%s: step %d trains on other rows", sampler, step)
			}
		}
		if few, err := First(in, 2); err != nil || !reflect.DeepEqual(few, first[:2]) {
			t.Errorf("%s: the first two are %v (%v)", sampler, few, err)
		}
	}
}

// TestTargetBins: a regression's strata are bins of equal width on the scale that
// is learnt; empty ones are left out.
func TestTargetBins(t *testing.T) {
	in, _ := input(t, nil)
	in.Train.Targets = []float64{5, 0, 0.9, 1.1, 10, 9.1, 5.5}
	if got, want := in.strata(), [][]int{{1, 2}, {3}, {0, 6}, {4, 5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("strata %v, want %v", got, want)
	}
	in.Train.Targets = []float64{2, 2}
	if got, want := in.strata(), [][]int{{0, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("strata %v, want %v", got, want)
	}
}
