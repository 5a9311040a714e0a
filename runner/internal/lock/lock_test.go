package lock

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
)

func measured(score float64) *float64 { return &score }

// classified is the example with the results of a classification.
func classified() *Lock {
	l := example()
	for i := range l.Training {
		l.Training[i].ValidationRMSE = nil
		l.Training[i].ValidationAccuracy, l.Training[i].ValidationMacroF1 = measured(0), measured(0.5)
	}
	l.Results = map[string]Score{"test": {Photos: 4, Hits: &Hits{
		Accuracy: 0.75, AccuracyInterval: []float64{0.5, 1}, BalancedAccuracy: 0.7, MacroF1: 0.6, WeightedF1: 0.65, CrossEntropy: 0.9,
		BaselineAccuracy: map[string]float64{"majority": 0.25},
	}, Predictions: digest.Of([]byte("predictions"))}}
	return l
}

func example() *Lock {
	d := func(s string) digest.Digest { return digest.Of([]byte(s)) }
	return &Lock{
		Lock: Format, Numerics: Numerics,
		Recorded: Recorded{Commit: "1f3c", Dirty: true, Patch: d("patch")},
		Recipe: Recipe{Path: "plants.yaml", Digest: d("recipe"), Canonical: map[string]any{
			"name": "plants", "split": map[string]any{"seed": 42}, "clean": []any{map[string]any{"drop": "missing_target"}},
		}},
		Data:   Data{Table: Table{"labels.xlsx", d("table"), map[string]string{"decimal": "comma"}, 10, d("rows")}, Images: Images{"images", d("images"), 9}, Weights: &Weights{"w.pth", d("file")}},
		Clean:  Clean{Kept: 8, Dropped: map[string]int{"missing_target": 1, "missing_image": 1}, Ledger: d("ledger")},
		Split:  Split{Train: 5, Validation: 2, Test: 1, Groups: 4, Digest: d("split")},
		Sweep:  &Sweep{On: "validation_loss", Winner: "v01", Variants: []Run{{Name: "v01", Set: []string{"train.batch=4"}, Stages: []Stage{}, Training: []Epoch{}}, {Name: "v02", Set: []string{"train.batch=8"}, Stages: []Stage{}, Training: []Epoch{}}}},
		Stages: []Stage{{"table", 1, d("key"), d("output")}, {"train", 2, d("key 2"), d("output 2")}},
		Training: []Epoch{
			{Epoch: 1, TrainLoss: 1. / 3, ValidationLoss: 0.1, ValidationRMSE: measured(1e-17), State: d("state 1")},
			{Epoch: 2, TrainLoss: 0.25, ValidationLoss: math.Pi, ValidationRMSE: measured(0), State: d("state 2")},
		},
		Model:   Model{Parameters: 100, Weights: d("weights"), Epoch: 2},
		Results: map[string]Score{"test": {Photos: 1, Errors: &Errors{RMSE: 0.1, RMSEInterval: []float64{0.05, 0.2}, BaselineR2: map[string]float64{"mean": -0.1}}}},
		Report:  Report{d("report")},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, l := range []*Lock{example(), classified()} {
		data, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if !reflect.DeepEqual(back, l) {
			t.Errorf("got %+v, want %+v", back, l)
		}
		again, err := back.Bytes()
		if err != nil || string(again) != string(data) {
			t.Errorf("written again it is another file: %v\n%s", err, again)
		}
	}
}

// TestMaxEpochs holds that as many epochs as a lock may have can be read again.
func TestMaxEpochs(t *testing.T) {
	long := -1.2345678901234567e-300 // nothing has more digits
	e := Epoch{MaxEpochs, &long, long, long, nil, &long, &long, digest.Of(nil)}
	l := example()
	l.Sweep.Variants[0].Training = slices.Repeat([]Epoch{e}, 100)
	with, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	l.Sweep.Variants[0].Training = nil
	without, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if all := (len(with) - len(without)) / 100 * MaxEpochs; all > limit-1<<20 { // the rest has room, too
		t.Errorf("%d epochs have %d bytes, and %d are read", MaxEpochs, all, limit)
	}
	if all := (bytes.Count(with, []byte("\n")) - bytes.Count(without, []byte("\n"))) / 100 * MaxEpochs; all > maxValues-100_000 {
		t.Errorf("%d epochs have %d lines, and %d are read", MaxEpochs, all, maxValues)
	}
}

// TestRateShows holds that an epoch has a learning rate only where a schedule gives one.
func TestRateShows(t *testing.T) {
	l := example()
	l.Training[1].Rate = measured(5e-4)
	data, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if text := string(data); strings.Count(text, "rate:") != 1 || !strings.Contains(text, "epoch: 2\n    rate: 0.0005\n    train_loss: 0.25\n") {
		t.Errorf("got\n%s", text)
	}
}

// TestTaskShows holds that a lock has the scores of its task and no others.
func TestTaskShows(t *testing.T) {
	for task, c := range map[string]struct {
		lock              *Lock
		results, training string
	}{
		"regression": {example(), "  test:\n    photos: 1\n    rmse: 0.1\n    rmse_interval: [0.05, 0.2]\n    mse: 0\n    mae: 0\n    r2: 0\n    baseline_r2:\n      mean: -0.1\nreport:",
			"    validation_loss: 3.141592653589793\n    validation_rmse: 0\n    state: "},
		"classification": {classified(), "  test:\n    photos: 4\n    accuracy: 0.75\n    accuracy_interval: [0.5, 1]\n    balanced_accuracy: 0.7\n    macro_f1: 0.6\n" +
			"    weighted_f1: 0.65\n    cross_entropy: 0.9\n    baseline_accuracy:\n      majority: 0.25\n    predictions: ",
			"    validation_loss: 3.141592653589793\n    validation_accuracy: 0\n    validation_macro_f1: 0.5\n    state: "},
	} {
		data, err := c.lock.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if text := string(data); !strings.Contains(text, c.results) || !strings.Contains(text, c.training) {
			t.Errorf("%s: got\n%s", task, text)
		}
	}
}

func TestCompare(t *testing.T) {
	for path, change := range map[string]func(*Lock){
		"":                            func(l *Lock) { l.Recorded = Recorded{Unknown: "no git repository"} },
		"numerics":                    func(l *Lock) { l.Numerics++ },
		"recipe.canonical.split.seed": func(l *Lock) { l.Recipe.Canonical["split"] = map[string]any{"seed": 43} },
		"recipe.canonical.added":      func(l *Lock) { l.Recipe.Canonical["added"] = true },
		"clean.dropped.missing_image": func(l *Lock) { delete(l.Clean.Dropped, "missing_image") },
		"stages[train].output":        func(l *Lock) { l.Stages[1].Output[0] ^= 1 },
		"training[epoch 2].validation_loss": func(l *Lock) {
			l.Training[1].ValidationLoss = math.Nextafter(math.Pi, 4)
		},
		"results.test.rmse_interval[0]": func(l *Lock) { l.Results["test"].RMSEInterval[0] = 0.06 },
	} {
		changed := example()
		change(changed)
		differences, err := Compare(example(), changed)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case path == "" && len(differences) == 0:
		case len(differences) == 1 && differences[0].Path == path && differences[0].A != differences[0].B:
		default:
			t.Errorf("%q: got %v", path, differences)
		}
	}
}

func TestDescribeClasses(t *testing.T) {
	better := classified()
	better.Results["test"].Hits.Accuracy, better.Results["test"].Hits.CrossEntropy = 0.8, 0.5
	better.Training[1].ValidationAccuracy = measured(0.1)
	for want, other := range map[string]*Lock{
		"": classified(),
		"training: apart from epoch 2 on\ntest: accuracy 0.75 -> 0.8, cross entropy 0.9 -> 0.5": better,
		"training: apart from epoch 1 on\ntest: photos 4 -> 1, another task, other predictions": example(),
	} {
		if got := strings.Join(Describe(classified(), other), "\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for want, change := range map[string]func(*Lock){
		"":                                  func(l *Lock) { l.Recorded = Recorded{} },
		"table: rows 10 -> 11, other cells": func(l *Lock) { l.Data.Table.Rows++; l.Data.Table.Canonical[0] ^= 1; l.Data.Table.Digest[0] ^= 1 },
		"table: another file with the same cells": func(l *Lock) { l.Data.Table.Digest[0] ^= 1 },
		"pictures: files 9 -> 8, other bytes":     func(l *Lock) { l.Data.Images.Files--; l.Data.Images.Digest[0] ^= 1 },
		"cleaning: rows kept 8 -> 7, missing_image 1 -> 2, another ledger": func(l *Lock) {
			l.Clean = Clean{Kept: 7, Dropped: map[string]int{"missing_target": 1, "missing_image": 2}}
		},
		"weights to begin with: other bytes":                                func(l *Lock) { l.Data.Weights.Digest[0] ^= 1 },
		"sweep: winner train.batch=4 -> train.batch=8":                      func(l *Lock) { l.Sweep.Winner = "v02" },
		"split: other rows on each side":                                    func(l *Lock) { l.Split.Digest[0] ^= 1 },
		"training: apart from epoch 2 on, kept epoch 2 -> 1, other weights": func(l *Lock) { l.Training[1].State[0] ^= 1; l.Model.Epoch = 1; l.Model.Weights[0] ^= 1 },
		"test: RMSE 0.1 -> 0.10001":                                         func(l *Lock) { s := l.Results["test"]; s.RMSE = 0.10001; l.Results["test"] = s },
		"validation: measured only in the second":                           func(l *Lock) { l.Results["validation"] = Score{} },
		"report: another content":                                           func(l *Lock) { l.Report.Digest[0] ^= 1 },
	} {
		changed := example()
		change(changed)
		if got := strings.Join(Describe(example(), changed), "\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	named := func(change func(*Lock)) string {
		l := example()
		change(l)
		text, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := named(func(*Lock) {})
	for name, c := range map[string]struct{ text, want string }{
		"nothing":       {"", "no key lock"},
		"no mapping":    {"- 1\n", "not a lockfile"},
		"no YAML":       {"lock: [", "not a lockfile"},
		"another file":  {"version: 1\nname: plants\n", "no key lock"},
		"later format":  {strings.Replace(good, "lock: 1\n", "lock: 2\n", 1), "format 2"},
		"unknown key":   {good + "extra: 1\n", "unknown key extra"},
		"bad digest":    {strings.Replace(good, "sha256:", "sha256:x", 1), "is no digest"},
		"run's name":    {named(func(l *Lock) { l.Runs = []Run{{Name: "../../seed-2"}} }), `"../../seed-2" is no name of a run`},
		"no name":       {named(func(l *Lock) { l.Runs = []Run{{}} }), `"" is no name of a run`},
		"variant's":     {named(func(l *Lock) { l.Sweep.Variants[0].Name = "v/01" }), `"v/01" is no name of a run`},
		"two documents": {good + "---\nlock: 1\n", "more than one"},
		"too many":      {"lock: 1\nx: [" + strings.Repeat("a,", maxValues) + "]", "no lockfile has more than 500000"},
		"too large":     {strings.Repeat("#", limit+1), "larger than"},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "plants.lock.yaml")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err != nil {
		t.Error(err)
	}
}

// FuzzParse wants an error or a lock, never a panic, and that what was read can
// be written.
func FuzzParse(f *testing.F) {
	good, err := example().Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("lock: 1\ntraining: [&a [*a]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data)
		if err != nil {
			return
		}
		if _, err := l.Bytes(); err != nil {
			t.Errorf("read, but not written: %v", err)
		}
	})
}
