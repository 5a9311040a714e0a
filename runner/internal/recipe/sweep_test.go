package recipe

import (
	"fmt"
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

// TestFoldsAndSeeds: each fold is trained with each seed; what folds alone are asked stays.
func TestFoldsAndSeeds(t *testing.T) {
	for set, want := range map[string]string{
		"split.folds=3":                              "[{fold-2 [split.fold=2]} {fold-3 [split.fold=3]}]",
		"split.folds=3 split.fold=2":                 "[]",
		"split.folds=3 split.fold=2 train.repeat=2":  "[{seed-43 [train.seed=43 train.repeat=1]}]",
		"split.folds=2 train.repeat=2":               "[{fold-1-seed-43 [split.fold=1 train.seed=43 train.repeat=1]} {fold-2 [split.fold=2 train.repeat=1]} {fold-2-seed-43 [split.fold=2 train.seed=43 train.repeat=1]}]",
		"split.folds=50 train.repeat=2 train.seed=0": "",
	} {
		l := parse(t, short, Options{Set: strings.Fields(set)})
		if got := fmt.Sprint(l.Runs()); got != want && want != "" || want == "" && len(l.Runs()) != 99 {
			t.Errorf("%s: %s", set, got)
		}
		for _, run := range l.Runs() {
			if v, err := l.Variant(run); err != nil || len(v.Runs()) != 0 {
				t.Errorf("%s: %v: %v", set, run, err)
			}
		}
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

// TestRanges: numbers are drawn within their ends, evenly on their scale, in few digits,
// by the seed alone; more of them begin with the same.
func TestRanges(t *testing.T) {
	const over = "sweep.over={train.optimizer.adam.rate: {min: 1e-5, max: 1e-2, scale: log}, train.average: {min: 0.9, max: 0.999}, train.batch: {min: 1, max: 64, scale: log, whole: true}, transform.normalize: [none, dataset, imagenet]}"
	drawn := func(draw, seed string) *Loaded {
		return parse(t, short, Options{Set: []string{over, "sweep.draw=" + draw, "sweep.seed=" + seed, "network={backbone: vgg16}"}})
	}
	all := drawn("100", "1")
	if again := parse(t, string(all.Canonical), Options{}); again.Digest != all.Digest || !reflect.DeepEqual(again.Variants(), all.Variants()) {
		t.Errorf("the canonical form became\n%s", again.Canonical)
	}
	if want := "{max: 0.01, min: 1e-05, scale: log}"; !strings.Contains(inline(reflect.ValueOf(all.Sweep.Over)), "train.optimizer.adam.rate: "+want) {
		t.Errorf("the range is written %s", inline(reflect.ValueOf(all.Sweep.Over)))
	}
	rates, batches, kinds := map[int]int{}, map[bool]int{}, map[string]int{}
	for _, run := range all.Variants() {
		v, err := all.Variant(run)
		if err != nil {
			t.Fatal(err)
		}
		rate, average, batch := v.Train.Optimizer.Rate(), v.Train.Average, v.Train.Batch
		if rate < 1e-5 || rate > 1e-2 || rate != rounded(rate, 'e', 1) || average < 0.9 || average > 0.999 || average != rounded(average, 'f', 4) || batch < 1 || batch > 64 {
			t.Errorf("%q", run.Set)
		}
		for _, setting := range run.Set {
			if len(setting) > len("train.optimizer.adam.rate=0.000034") {
				t.Errorf("%s has many digits", setting)
			}
		}
		rates[exponent(rate)]++
		batches[batch <= 8]++
		kinds[v.Transform.Normalize.Kind]++
	}
	for _, count := range []int{rates[-5], rates[-4], rates[-3], kinds["none"], kinds["dataset"], kinds["imagenet"]} {
		if count < 20 || count > 47 {
			t.Errorf("of 100 variants a third is %d: %v %v", count, rates, kinds)
		}
	}
	if batches[true] < 35 || batches[true] > 70 {
		t.Errorf("%d of 100 batches are at most 8", batches[true])
	}
	if !reflect.DeepEqual(drawn("7", "1").Variants(), all.Variants()[:7]) {
		t.Error("a smaller draw is no beginning of a larger one")
	}
	if reflect.DeepEqual(drawn("7", "2").Variants(), drawn("7", "1").Variants()) {
		t.Error("another seed draws the same")
	}

	for _, c := range []struct{ over, draw, want string }{
		{"train.batch: {min: 4, max: 64, whole: true}", "0", "sweep.draw: is required with a range; write how many variants to draw"},
		{"train.batch: {min: 4, max: 6, whole: true}", "4", "sweep.draw: must be at most the 3 variants that there are, not 4"},
		{"train.batch: {min: 4, max: 6, whole: true}", "3", ""},
		{"train.batch: {min: 4, max: 6}", "3", "makes no recipe: --set train.batch: must be a whole number"},
		{"train.average: {min: 0.5}", "3", `"train.average".max: is required`},
		{"train.average: {min: 0.5, max: 0.5}", "3", `"train.average".max: must be above min, 0.5, not 0.5`},
		{"train.average: {min: 0, max: 0.5, scale: log}", "3", `"train.average".min: must be above 0 with scale: log, not 0`},
		{"train.average: {min: 0.1, max: 0.5, scale: lgo}", "3", `"train.average".scale: must be linear or log, not "lgo"; did you mean "log"?`},
		{"train.average: {min: 0.1, max: 0.5, step: 1}", "3", `"train.average".step: unknown key; here can stand: min, max, scale, whole`},
		{"train.average: {min: 0.1, max: 0.5, whole: true}", "3", `"train.average".whole: wants whole numbers for min and max`},
		{"train.average: {min: nothing, max: 0.5}", "3", `"train.average".min: must be a number, not the text "nothing"`},
		{"train.average: 0.5", "0", "must be a list of values to try, or a range, not the number 0.5; write e.g. [1e-3, 1e-4], or {min: 1e-5, max: 1e-2, scale: log}"},
	} {
		got := strings.Join(problems(t, short, Options{Set: []string{"sweep.over={" + c.over + "}", "sweep.draw=" + c.draw}}), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s, draw %s: %q, want %q", c.over, c.draw, got, c.want)
		}
	}
}

// TestRangeEnds: what is drawn at the ends of a range.
func TestRangeEnds(t *testing.T) {
	const most = 1 - 1./(1<<53)
	for _, c := range []struct {
		r                 Range
		low, middle, high any
	}{
		{Range{0, 1, "linear", false}, 0.0, 0.5, 1.0},
		{Range{0.9, 0.999, "linear", false}, 0.9, 0.9495, 0.999},
		{Range{1000, 1010, "linear", false}, 1000.0, 1005.0, 1010.0},
		{Range{1e5, 9e5, "linear", false}, 1e5, 5e5, 9e5},
		{Range{1e-5, 1e-3, "log", false}, 1e-5, 1e-4, 1e-3},
		{Range{1.23e-5, 4.56e-5, "log", false}, 1.23e-5, 2.4e-5, 4.56e-5}, // two digits would leave the range
		{Range{8, 64, "linear", true}, 8, 36, 64},
		{Range{1, 100, "log", true}, 1, 7, 100},
		{Range{-3, 3, "linear", true}, -3, 0, 3},
	} {
		if low, middle, high := c.r.at(0), c.r.at(0.5), c.r.at(most); low != c.low || middle != c.middle || high != c.high {
			t.Errorf("%+v: from %v over %v to %v, want %v, %v, %v", c.r, low, middle, high, c.low, c.middle, c.high)
		}
	}
}
