package recipe

import (
	"reflect"
	"strings"
	"testing"
)

// TestVariants: all combinations, the last key fastest; those that are drawn are some of
// them, in the same order, by the seed.
func TestVariants(t *testing.T) {
	set := []string{"sweep.over={train.optimizer: [sgd, {adam: {rate: 1e-4}}], train.batch: [4, 8, 16], transform.augment: [[], [{horizontal_flip: 0.5}]]}"}
	all := parse(t, short, Options{Set: set})
	runs := all.Variants()
	if len(runs) != 12 || runs[0].Name != "v01" || runs[11].Name != "v12" {
		t.Fatalf("%d variants: %v", len(runs), runs)
	}
	if want := []string{"train.batch=4", "train.optimizer=sgd", "transform.augment=[{horizontal_flip: 0.5}]"}; !reflect.DeepEqual(runs[1].Set, want) {
		t.Errorf("the second is %q, want %q", runs[1].Set, want)
	}
	won, err := all.Variant(runs[11])
	if err != nil {
		t.Fatal(err)
	}
	if won.Train.Batch != 16 || won.Train.Optimizer.Adam == nil || won.Train.Optimizer.Rate() != 1e-4 || len(won.Transform.Augment) != 1 || len(won.Sweep.Over) != 0 {
		t.Errorf("the last is\n%s", won.Canonical)
	}
	if alone := parse(t, short, Options{Set: runs[11].Set}); alone.Digest != won.Digest {
		t.Errorf("a variant is not what its settings give alone:\n%s\n%s", won.Canonical, alone.Canonical)
	}
	if again := parse(t, string(all.Canonical), Options{}); again.Digest != all.Digest {
		t.Errorf("the canonical form became\n%s", again.Canonical)
	}

	sets := func(seed string) (list []string) {
		for _, run := range parse(t, short, Options{Set: append(set[:1:1], "sweep.draw=5", "sweep.seed="+seed)}).Variants() {
			list = append(list, strings.Join(run.Set, " "))
		}
		return list
	}
	drawn := sets("1")
	next := 0
	for _, run := range runs {
		if next < len(drawn) && drawn[next] == strings.Join(run.Set, " ") {
			next++
		}
	}
	if len(drawn) != 5 || next != 5 || reflect.DeepEqual(drawn, sets("2")) || !reflect.DeepEqual(drawn, sets("1")) {
		t.Errorf("drawn were %q", drawn)
	}
}

// TestRepeats: the seeds follow the recipe's, and how often is no part of train.
func TestRepeats(t *testing.T) {
	l := parse(t, short, Options{Set: []string{"train.repeat=3", "train.seed=7"}})
	runs := l.Runs()
	if len(runs) != 2 || runs[0].Name != "seed-8" || runs[1].Name != "seed-9" {
		t.Fatalf("runs %v", runs)
	}
	v, err := l.Variant(runs[1])
	if err != nil {
		t.Fatal(err)
	}
	if alone := parse(t, short, Options{Set: []string{"train.seed=9"}}); alone.Digest != v.Digest || len(v.Runs()) != 0 {
		t.Errorf("a repeat is not what its seed gives alone:\n%s", v.Canonical)
	}
	if got := string(l.Section("train")); got != "seed: 7\n" {
		t.Errorf("train is %q", got)
	}
}

// TestComparable: variants that measure other losses are not ranked by them.
func TestComparable(t *testing.T) {
	for _, c := range []struct{ over, on, want string }{
		{"train.batch: [4, 8]", "validation_loss", ""},
		{"transform.target: [none, standardize]", "validation_rmse", ""},
		{"transform.target: [none, standardize]", "validation_loss", "validation_loss cannot rank variants of transform.target, each of which measures its own loss; write validation_rmse"},
		{"train.loss: [mse, mae]", "validation_loss", "cannot rank variants of train.loss"},
		{"train.loss.huber: [0.5, 1]", "validation_loss", "cannot rank variants of train.loss.huber"},
	} {
		got := strings.Join(problems(t, short, Options{Set: []string{"sweep.over={" + c.over + "}", "sweep.on=" + c.on}}), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s by %s: %q, want %q", c.over, c.on, got, c.want)
		}
	}
}
