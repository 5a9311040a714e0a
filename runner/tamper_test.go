package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/text/unicode/norm"

	"biomass/runner/command"
	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/store"
	"biomass/runner/internal/table"
	"biomass/runner/internal/verify"
)

// tampered is a finished run that somebody has laid hands on.
type tampered struct {
	*testing.T
	dir string
}

func (p tampered) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p tampered) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p tampered) read(name string) []byte {
	p.Helper()
	data, err := os.ReadFile(p.path(name))
	p.check(err)
	return data
}

func (p tampered) write(name string, data []byte) {
	p.Helper()
	p.check(os.MkdirAll(filepath.Dir(p.path(name)), 0o777))
	p.check(os.WriteFile(p.path(name), data, 0o666))
}

// replace changes the first match of a regular expression, which must match.
func (p tampered) replace(name, pattern, text string) {
	p.Helper()
	data := p.read(name)
	at := regexp.MustCompile("(?m)" + pattern).FindIndex(data)
	if at == nil {
		p.Fatalf("%s has no match of %s", name, pattern)
	}
	p.write(name, slices.Concat(data[:at[0]], []byte(text), data[at[1]:]))
}

// lock edits the lock and closes it with a seal that fits: what a person does who
// knows how seals are made.
func (p tampered) lock(edit func(*lock.Lock)) {
	p.Helper()
	l, err := lock.Read(p.path(plantsLock))
	p.check(err)
	edit(l)
	p.seal(l)
}

func (p tampered) seal(l *lock.Lock) {
	p.Helper()
	sum, err := l.Sum()
	p.check(err)
	l.Seal = sum
	data, err := l.Bytes()
	p.check(err)
	p.write(plantsLock, data)
}

// forge edits the lock and then mends every key and output that follows from the
// lock alone: what a person does who has read runner's source. Nothing else may
// contradict it.
func (p tampered) forge(edit func(*lock.Lock)) {
	p.Helper()
	if left := p.follow(edit); len(left) > 0 {
		p.Fatalf("cannot be forged: %s", left[0])
	}
}

// follow is forge, but returns where the lock still contradicts itself.
func (p tampered) follow(edit func(*lock.Lock)) []lock.Difference {
	p.Helper()
	l, err := lock.Read(p.path(plantsLock))
	p.check(err)
	edit(l)
	for range 40 {
		loaded, err := project.LockedRecipe(l)
		p.check(err)
		objects, err := store.Open(p.TempDir())
		p.check(err)
		e := &experiment.Experiment{Loaded: loaded, Place: project.Place{Path: l.Recipe.Path}, Store: objects, Progress: progress.Silent, Log: zerolog.Nop()}
		contradictions, err := e.Contradictions(context.Background(), l)
		p.check(err)
		first := slices.IndexFunc(contradictions, func(d lock.Difference) bool { return strings.Contains(d.Path, "stages[") })
		if first < 0 {
			p.seal(l)
			return contradictions
		}
		d := contradictions[first]
		run, place, _ := strings.Cut(d.Path, "stages[")
		name, what, _ := strings.Cut(place, "].")
		follows, err := digest.Parse(d.B)
		p.check(err)
		stage := l.Stage(name)
		for i := range l.Runs {
			if run == "runs["+l.Runs[i].Name+"]." {
				stage = l.Runs[i].Stage(name)
			}
		}
		if l.Sweep != nil {
			for i := range l.Sweep.Variants {
				if run == "sweep.variants["+l.Sweep.Variants[i].Name+"]." {
					stage = l.Sweep.Variants[i].Stage(name)
				}
			}
		}
		if what == "key" {
			stage.Key = follows
		} else {
			stage.Output = follows
		}
	}
	p.Fatal("the forgery does not end")
	return nil
}

// best returns the epoch with the least validation loss.
func best(epochs []lock.Epoch) int {
	return slices.MinFunc(epochs, func(a, b lock.Epoch) int { return cmp.Compare(a.ValidationLoss, b.ValidationLoss) }).Epoch
}

// flipBit changes one bit of a file, counted from its end.
func (p tampered) flipBit(name string, fromEnd int) {
	p.Helper()
	data := p.read(name)
	data[len(data)-fromEnd] ^= 1
	p.write(name, data)
}

// state returns the path of the kept state of an epoch in the store.
func (p tampered) state(epoch int) string {
	p.Helper()
	l, err := lock.Read(p.path(plantsLock))
	p.check(err)
	objects, err := store.Open(p.path(".runner/store"))
	p.check(err)
	for _, k := range checkpoint.Of(objects, l.Stage("train").Key).States() {
		if k.Epoch == epoch {
			name := strings.TrimPrefix(k.Object.String(), "sha256:")
			return ".runner/store/objects/" + name[:2] + "/" + name[2:]
		}
	}
	p.Fatalf("no state of epoch %d", epoch)
	return ""
}

const (
	plantsLock  = "lock/plants.lock.yaml"
	plantsTable = "data/plants/labels.csv"
	plantsModel = "reports/plants/model.safetensors"
	umlaut      = "data/plants/images/blüte.png"
)

// The levels, as flags.
var (
	onlyLock = []string{"--lock-only"}
	evaluate = []string{}
	spots    = []string{"--spot", "99", "--seed", "1"}
	rerun    = []string{"--rerun"}
)

// tampering is one thing that may have been done, and what is said of it.
type tampering struct {
	name  string
	level []string
	want  verify.Judgement
	says  string // a regular expression
	do    func(p tampered)
}

// tampers are what may have been done to a run. Each is found at the cheapest
// level that can find it, and the place is named.
var tampers = []tampering{
	// The data.
	{"label changed by 1e-9", evaluate, verify.InputsDiffer, `line 4, column weight: "0\.305000001", locked is "0\.305`, func(p tampered) { p.replace(plantsTable, `^(p03.png,plant2),0.3[^,]*`, "p03.png,plant2,0.305000001") }},
	{"two rows swapped", evaluate, verify.InputsDiffer, `line 3, column filename: "p03.png", locked is "p02.png"`, func(p tampered) {
		p.replace(plantsTable, `^(p02.png.*)\n(p03.png.*)$`, string(slices.Concat([]byte(rowOf(p, "p03.png")), []byte("\n"), []byte(rowOf(p, "p02.png")))))
	}},
	{"label changed, and what the store knows is no table", evaluate, verify.InputsDiffer, `which rows they are is not known here`, func(p tampered) {
		p.replace(plantsTable, `^(p03.png,plant2),0.3[^,]*`, "p03.png,plant2,0.305000001")
		objects, err := store.Open(p.path(".runner/store"))
		p.check(err)
		keys, err := filepath.Glob(p.path(".runner/store/keys/rows/*/*"))
		p.check(err)
		for _, key := range keys {
			d, err := digest.Parse(strings.TrimSpace(string(p.read(strings.TrimPrefix(filepath.ToSlash(key), filepath.ToSlash(p.dir)+"/")))))
			p.check(err)
			data, err := objects.Get(d)
			p.check(err)
			known := new(table.Table)
			p.check(json.Unmarshal(data, known))
			known.Rows[3].Cells = known.Rows[3].Cells[:1]
			data, err = json.Marshal(known)
			p.check(err)
			d, err = objects.Put(data)
			p.check(err)
			p.check(os.WriteFile(key, []byte(d.String()), 0o666))
			p.forge(func(l *lock.Lock) { l.Data.Table.Canonical = known.Digest() })
		}
	}},
	{"row added", evaluate, verify.InputsDiffer, `it has 21 rows, locked are 20\n.*line 22 was not there`, func(p tampered) {
		p.write(plantsTable, append(p.read(plantsTable), "p03.png,plant99,1,train,\n"...))
	}},
	{"row removed", evaluate, verify.InputsDiffer, `locked line 5 is gone: p04.png`, func(p tampered) { p.replace(plantsTable, `^p04.png.*\n`, "") }},
	{"group changed", evaluate, verify.InputsDiffer, `line 5, column plant: "plant9", locked is "plant2"`, func(p tampered) { p.replace(plantsTable, `^p04.png,plant2`, "p04.png,plant9") }},
	{"column renamed", evaluate, verify.InputsDiffer, `no column "weight"`, func(p tampered) { p.replace(plantsTable, `weight`, "mass") }},
	{"byte of an image flipped", evaluate, verify.InputsDiffer, `p07.png \(other bytes\)`, func(p tampered) { p.flipBit("data/plants/images/p07.png", 1) }},
	{"image mirrored", evaluate, verify.InputsDiffer, `p07.png \(other bytes\)`, func(p tampered) { p.edit("data/plants/images/p07.png", mirror) }},
	{"image truncated", evaluate, verify.InputsDiffer, `p07.png \(other bytes\)`, func(p tampered) {
		p.write("data/plants/images/p07.png", p.read("data/plants/images/p07.png")[:60])
	}},
	{"image in another's place", evaluate, verify.InputsDiffer, `p07.png \(other bytes\)`, func(p tampered) {
		p.write("data/plants/images/p07.png", p.read("data/plants/images/p09.png"))
	}},
	{"image renamed", evaluate, verify.InputsDiffer, `p07.png \(gone\)`, func(p tampered) {
		p.check(os.Rename(p.path("data/plants/images/p07.png"), p.path("data/plants/images/p70.png")))
	}},

	// The recipe in the checkout.
	{"split seed", onlyLock, verify.Differs, `says split.seed: 2, locked is 1`, func(p tampered) { p.replace("plants.yaml", `  seed: 1\n  by`, "  seed: 2\n  by") }},
	{"split fraction", onlyLock, verify.Differs, `split.train: 0.7, locked is 0.6`, func(p tampered) {
		p.replace("plants.yaml", `train: 0.6\n  validation: 0.2`, "train: 0.7\n  validation: 0.1")
	}},
	{"rate", onlyLock, verify.Differs, `train.optimizer.adam.rate: 0.02, locked is 0.01`, func(p tampered) { p.replace("plants.yaml", `1e-2`, "2e-2") }},
	{"batch", onlyLock, verify.Differs, `train.batch: 5, locked is 4`, func(p tampered) { p.replace("plants.yaml", `batch: 4`, "batch: 5") }},
	{"epochs", onlyLock, verify.Differs, `train.epochs: 9, locked is 4`, func(p tampered) { p.replace("plants.yaml", `epochs: 4`, "epochs: 9") }},
	{"layer", onlyLock, verify.Differs, `network.layers: .*conv: 5`, func(p tampered) { p.replace("plants.yaml", `conv: 4`, "conv: 5") }},
	{"target's scale", onlyLock, verify.Differs, `transform.target: none, locked is standardize`, func(p tampered) { p.replace("plants.yaml", `target: standardize`, "target: none") }},
	{"picture size", onlyLock, verify.Differs, `picture.size: 20, locked is 16`, func(p tampered) { p.replace("plants.yaml", `size: 16`, "size: 20") }},
	{"recipe made invalid", onlyLock, verify.Differs, `the recipe is not valid: plants.yaml:\d+: .*unknown key`, func(p tampered) { p.replace("plants.yaml", `^split:`, "epochs: 9\nsplit:") }},
	{"recipe made invalid, whole", evaluate, verify.Differs, `the recipe is not valid: plants.yaml:\d+: .*unknown key`, func(p tampered) { p.replace("plants.yaml", `^split:`, "epochs: 9\nsplit:") }},
	{"group column", onlyLock, verify.Differs, `data.group`, func(p tampered) { p.replace("plants.yaml", `group: \[plant\]`, "group: [part]") }},

	// The lock, by hand.
	{"metric edited", onlyLock, verify.Differs, `its seal is`, func(p tampered) { p.replace(plantsLock, `r2: .*`, "r2: 0.99") }},
	{"comment in the lock", onlyLock, verify.Differs, `line 1 of the lock is not as runner writes it`, func(p tampered) { p.replace(plantsLock, `^# Written`, "# written") }},
	{"metric edited, sealed", onlyLock, verify.Differs, `^results.test.rmse: locked 0.001, but the report says 0\.\d+`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Results["test"].Errors.RMSE = 0.001 }) }},
	{"interval edited, sealed", onlyLock, verify.Differs, `^results.test.rmse_interval: locked \[0 0.1\], but the report says`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Results["test"].Errors.RMSEInterval = []float64{0, 0.1} })
	}},
	{"baseline edited, sealed", onlyLock, verify.Differs, `^results.test.baseline_r2.ridge: locked -3, but the report says`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Results["test"].Errors.BaselineR2["ridge"] = -3 }) }},
	{"metric that is no number, sealed", evaluate, verify.Differs, `results.test.rmse: locked NaN, but the rest of the lock gives a number`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Results["test"].Errors.RMSE = math.NaN() }) }},
	{"seal removed", onlyLock, verify.Differs, `no seal`, func(p tampered) { p.replace(plantsLock, `^seal: .*\n`, "") }},
	{"numerics", onlyLock, verify.Differs, `its seal is`, func(p tampered) { p.replace(plantsLock, `^numerics: 1`, "numerics: 3") }},
	{"canonical recipe", onlyLock, verify.Differs, `recipe.canonical has digest`, func(p tampered) { p.replace(plantsLock, `rate: 0.01`, "rate: 0.02") }},

	// The lock, with a seal that fits.
	{"numerics, sealed", onlyLock, verify.Incomplete, `made with numerics 3`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Numerics = 3 }) }},
	{"stage's version, sealed", onlyLock, verify.Incomplete, `another version of runner: its stage 4 is split 9`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Stage("split").Version = 9 }) }},
	{"canonical recipe, sealed", onlyLock, verify.Differs, `recipe.canonical has digest`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Recipe.Canonical["picture"] = map[string]any{"size": 20} })
	}},
	{"recipe and its locked copy", onlyLock, verify.Differs, `parts first at stage train: expected key`, func(p tampered) {
		p.replace("plants.yaml", `1e-2`, "2e-2")
		p.relabel()
	}},
	{"table's digest, sealed", onlyLock, verify.Differs, `parts first at stage table: expected key`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Data.Table.Digest[0] ^= 1 }) }},
	{"table's rows, sealed", onlyLock, verify.Differs, `data.table.rows: locked 21, but the rest of the lock gives 20`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Data.Table.Rows++ }) }},
	{"dropped rows, sealed", onlyLock, verify.Differs, `data.table.rows: locked 20, but the rest of the lock gives 23`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Clean.Dropped["missing_image"] = 3 }) }},
	{"split's counts, sealed", onlyLock, verify.Differs, `clean.kept: locked 20`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Split.Test-- }) }},
	{"parameters, sealed", onlyLock, verify.Differs, `model.parameters: locked \d+, but`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Model.Parameters++ }) }},
	{"stage's key, sealed", onlyLock, verify.Differs, `parts first at stage transform: expected key`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Stage("transform").Key[5] ^= 1 }) }},
	{"initial weights, sealed", onlyLock, verify.Differs, `parts first at stage network: expected output`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Stage("network").Output[5] ^= 1 }) }},
	{"chain link, sealed", onlyLock, verify.Differs, `parts first at stage train: expected output`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Training[1].State[0] ^= 1 }) }},
	{"history, sealed", onlyLock, verify.Differs, `parts first at stage train: expected output`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Training[2].TrainLoss = math.Nextafter(l.Training[2].TrainLoss, 1) })
	}},
	{"kept epoch, sealed", onlyLock, verify.Differs, `parts first at stage train`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Model.Epoch = 1 + l.Model.Epoch%4 }) }},
	{"kept epoch that is none, sealed", onlyLock, verify.Differs, `model.epoch: locked 7`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Model.Epoch = 7 }) }},
	{"kept epoch that is none, sealed, spot", spots, verify.Differs, `model.epoch: locked 7`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Model.Epoch = 7 }) }},
	{"no training, sealed", rerun, verify.Differs, `training: locked an end after epoch 0`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Training = nil }) }},
	{"weights' digest, sealed", onlyLock, verify.Differs, `parts first at stage train`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Model.Weights[0] ^= 1 }) }},
	{"lock of another recipe", onlyLock, verify.Differs, `plants.lock.yaml is the lock of the recipe other`, func(p tampered) {
		p.write("other.yaml", append(p.read("plants.yaml"), "\n"...))
		p.replace("other.yaml", `name: plants`, "name: other")
		p.run(0, "apply", p.path("other.yaml"))
		p.write(plantsLock, p.read("lock/other.lock.yaml"))
	}},

	// What stands beside the lock.
	{"report edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/report.md", `RMSE`, "RMSF") }},
	{"page edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/report.html", `RMSE`, "RMSF") }},
	{"plot edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/fit.svg", `<circle`, "<Circle") }},
	{"pixel of a plot", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.edit("reports/plants/samples.png", mirror) }},
	{"page edited, whole", evaluate, verify.Differs, `(?m)^reports/plants/report.html is not the report that these results give$`, func(p tampered) { p.replace("reports/plants/report.html", `RMSE`, "RMSF") }},
	{"figures for programs edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/metrics.json", `"rmse": 0`, `"rmse": 1`) }},
	{"predictions edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/predictions.csv", `p0`, "p1") }},
	{"history edited", onlyLock, verify.Differs, `report.digest`, func(p tampered) { p.replace("reports/plants/history.csv", `^1,0`, "1,1") }},
	{"page of the report removed", onlyLock, verify.Differs, `report.digest: .*edited, or is missing`, func(p tampered) { p.check(os.Remove(p.path("reports/plants/history.csv"))) }},
	{"page of the report removed, whole", evaluate, verify.Differs, `(?m)^reports/plants/history.csv is missing`, func(p tampered) { p.check(os.Remove(p.path("reports/plants/history.csv"))) }},
	{"page added to the report", evaluate, verify.Differs, `(?m)^reports/plants/confusion.svg is no file of the report`, func(p tampered) { p.write("reports/plants/confusion.svg", []byte("<svg/>")) }},
	{"picture of a page taken out", onlyLock, verify.Differs, `report.html has a picture's digest where the picture belongs`, func(p tampered) {
		p.replace("reports/plants/report.html", `src="data:image/png;base64,[^"]*`, `src="sha256:`)
	}},
	{"folder in the place of a page", onlyLock, verify.Differs, `the report cannot be read: reports/plants/fit.svg is no file, but a folder`, func(p tampered) {
		p.check(os.Remove(p.path("reports/plants/fit.svg")))
		p.check(os.Mkdir(p.path("reports/plants/fit.svg"), 0o777))
	}},
	{"folder in the place of the weights", evaluate, verify.Differs, `the weights cannot be read: reports/plants/model.safetensors is no file, but a folder`, func(p tampered) {
		p.check(os.Remove(p.path(plantsModel)))
		p.check(os.Mkdir(p.path(plantsModel), 0o777))
	}},
	{"folder in the place of the recipe", onlyLock, verify.Differs, `read recipe plants.yaml: plants.yaml is no file, but a folder`, func(p tampered) {
		p.check(os.Remove(p.path("plants.yaml")))
		p.check(os.Mkdir(p.path("plants.yaml"), 0o777))
	}},
	{"weights of somebody else, by a link", onlyLock, verify.Incomplete, `the weights cannot be read: reports/plants/model.safetensors leads out of the folder by a link`, func(p tampered) {
		elsewhere := filepath.Join(p.TempDir(), "model.safetensors")
		p.check(os.Rename(p.path(plantsModel), elsewhere))
		if err := os.Symlink(elsewhere, p.path(plantsModel)); err != nil {
			p.Skip(err)
		}
	}},
	{"recipe by a link", onlyLock, verify.Incomplete, `plants.yaml leads out of the folder by a link, which is not followed: put what it leads to in its place`, func(p tampered) {
		elsewhere := filepath.Join(p.TempDir(), "plants.yaml")
		p.check(os.Rename(p.path("plants.yaml"), elsewhere))
		if err := os.Symlink(elsewhere, p.path("plants.yaml")); err != nil {
			p.Skip(err)
		}
	}},
	{"weights larger than any", onlyLock, verify.Differs, `the weights cannot be read: reports/plants/model.safetensors has 104857600 bytes, more than the`, func(p tampered) {
		p.check(os.Truncate(p.path(plantsModel), 100<<20))
	}},
	{"weights flipped", onlyLock, verify.Differs, `tensor 3.bias\[0\]: expected .* found`, func(p tampered) { p.flipBit(plantsModel, 4) }},
	{"weights of another seed", onlyLock, verify.Differs, `tensor 0.weight\[0,0,0,0\]: expected .* found`, func(p tampered) {
		p.run(0, "apply", p.path("plants.yaml"), "--name", "seed", "--set", "train.seed=5")
		p.write(plantsModel, p.read("reports/seed/model.safetensors"))
	}},

	// Forgeries: everything that follows from the lock alone is mended.
	{"metric, forged", evaluate, verify.Differs, `results.test.rmse: locked 0.001, found .* \(off by 0`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Results["test"].Errors.RMSE = 0.001 }) }},
	{"metric and report, forged", evaluate, verify.Differs, `results.test.rmse: locked 0.001`, func(p tampered) {
		p.replace("reports/plants/report.md", `RMSE`, "RMSE, excellent,")
		p.forge(func(l *lock.Lock) {
			l.Results["test"].Errors.RMSE = 0.001
			pages, err := report.Read(func(file string) ([]byte, error) { return project.Place{Root: p.dir}.ReadPage("plants", file) })
			p.check(err)
			sum, err := report.Digest(pages)
			p.check(err)
			l.Report.Digest = sum
		})
	}},
	{"predictions, forged", evaluate, verify.Differs, `results.test.predictions`, func(p tampered) {
		p.forge(func(l *lock.Lock) { s := l.Results["test"]; s.Predictions[0] ^= 1; l.Results["test"] = s })
	}},
	{"ledger, forged", evaluate, verify.Differs, `clean.ledger: locked`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Clean.Ledger[0] ^= 1 }) }},
	{"another epoch kept, forged", onlyLock, verify.Differs, `(?m)^model.epoch: locked \d, but the rest of the lock gives \d$`, func(p tampered) {
		p.follow(func(l *lock.Lock) { l.Model.Epoch = 1 + l.Model.Epoch%4 })
	}},
	{"training cut short, forged", onlyLock, verify.Differs, `(?m)^training: locked an end after epoch 3, but the rest of the lock gives no end before epoch 4$`, func(p tampered) {
		p.follow(func(l *lock.Lock) { l.Training, l.Model.Epoch = l.Training[:3], best(l.Training[:3]) })
	}},
	{"trained on, forged", onlyLock, verify.Differs, `(?m)^training: locked an end after epoch 5, but the rest of the lock gives an end after epoch 4$`, func(p tampered) {
		p.follow(func(l *lock.Lock) {
			more := l.Training[3]
			more.Epoch = 5
			l.Training = append(l.Training, more)
		})
	}},
	{"row moved from test to train, forged", evaluate, verify.Differs, `parts first at stage split: expected output`, func(p tampered) {
		p.forge(func(l *lock.Lock) {
			l.Split.Test--
			l.Split.Train++
			l.Split.Digest[0] ^= 1
			l.Stage("split").Output[0] ^= 1
			s := l.Results["test"]
			s.Photos--
			l.Results["test"] = s
		})
	}},
	{"pictures' digest, forged", evaluate, verify.InputsDiffer, `its data.images was edited`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Data.Images.Digest[0] ^= 1 }) }},
	{"weights flipped, forged", evaluate, verify.Differs, `parts first at stage evaluate: expected `, func(p tampered) {
		data := p.read(plantsModel)
		data[len(data)-2] ^= 0x40 // of an exponent
		p.write(plantsModel, data)
		p.forge(func(l *lock.Lock) { l.Model.Weights = digest.Of(data) })
	}},
	{"header of the weights, forged", evaluate, verify.Differs, `the header of the weights says target_mean: "9+", these data give "0\.\d+"`, func(p tampered) {
		data := p.read(plantsModel)
		at := regexp.MustCompile(`"target_mean":"([^"]*)"`).FindSubmatchIndex(data)
		copy(data[at[2]:at[3]], bytes.Repeat([]byte("9"), at[3]-at[2]))
		p.write(plantsModel, data)
		p.forge(func(l *lock.Lock) { l.Model.Weights = digest.Of(data) })
	}},
	{"bytes behind the weights, forged", evaluate, verify.Differs, `the line stops: .*weights`, func(p tampered) {
		data := append(p.read(plantsModel), 0)
		p.write(plantsModel, data)
		p.forge(func(l *lock.Lock) { l.Model.Weights = digest.Of(data) })
	}},
	{"state of another epoch", spots, verify.Differs, `stage train, epoch 2: expected state sha256:\w+, found sha256:\w+ in the state that was kept, which is that of epoch 3`, func(p tampered) {
		l, err := lock.Read(p.path(plantsLock))
		p.check(err)
		objects, err := store.Open(p.path(".runner/store"))
		p.check(err)
		kept := checkpoint.Of(objects, l.Stage("train").Key).States()
		kept[1].Object = kept[2].Object
		p.check(checkpoint.Of(objects, l.Stage("train").Key).Add(kept...))
	}},
	{"chain link, forged", spots, verify.Differs, `stage train, epoch 2: expected state sha256:\w+, found sha256:\w+`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Training[1].State[0] ^= 1 }) }},
	{"chain link, forged, rerun", rerun, verify.Differs, `stage train, epoch 2: expected state`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Training[1].State[0] ^= 1 }) }},
	{"loss of an epoch, forged", spots, verify.Differs, `stage train, epoch 3: expected losses and scores 0.5`, func(p tampered) { p.forge(func(l *lock.Lock) { l.Training[2].TrainLoss = 0.5 }) }},
	{"learning rate of an epoch, forged", spots, verify.Differs, `stage train, epoch 3: expected losses and scores .*, learning rate 0\.5, found losses and scores .*, [-.e\d]+\n`, func(p tampered) {
		p.forge(func(l *lock.Lock) { rate := 0.5; l.Training[2].Rate = &rate })
	}},
	{"state damaged", spots, verify.Verified, `the kept state of epoch 2 was damaged`, func(p tampered) { p.flipBit(p.state(2), 1) }},
}

// harmless is what changes no claim.
var harmless = []struct {
	name string
	env  []string
	do   func(p tampered)
}{
	{"moved", nil, func(tampered) {}},
	{"one thread, portable", []string{"RUNNER_THREADS=1", "RUNNER_SIMD=portable"}, func(tampered) {}},
	{"time zone and locale", []string{"TZ=Pacific/Chatham", "LC_ALL=de_DE.UTF-8"}, func(tampered) {}},
	{"recipe with Windows' line ends", nil, func(p tampered) {
		p.write("plants.yaml", bytes.ReplaceAll(p.read("plants.yaml"), []byte("\n"), []byte("\r\n")))
	}},
	{"recipe with a comment, another order and a default", nil, func(p tampered) {
		p.replace("plants.yaml", `  seed: 1\n  by: group`, "  by: group # as plants\n  seed: 1\n  leak: warn")
	}},
	{"recorded commit", nil, func(p tampered) { p.replace(plantsLock, `^  unknown: .*`, "  commit: 1f3c") }},
	{"files beside the pictures", nil, func(p tampered) {
		p.write("data/plants/images/.DS_Store", []byte("x"))
		p.write("data/plants/images/more/Thumbs.db", []byte("x"))
		p.write("data/plants/notes.txt", []byte("x"))
		p.write("README.md", []byte("x"))
	}},
	{"names as macOS writes them", nil, func(p tampered) { p.check(os.Rename(p.path(umlaut), norm.NFD.String(p.path(umlaut)))) }},
	{"read only", nil, func(p tampered) {
		p.check(filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				err = os.Chmod(path, 0o444)
			}
			return err
		}))
	}},
	{"weights only in the store", nil, func(p tampered) { p.check(os.Remove(p.path(plantsModel))) }},
	{"without report", nil, func(p tampered) { p.check(os.RemoveAll(p.path("reports"))) }},
}

func rowOf(p tampered, image string) string {
	return string(regexp.MustCompile("(?m)^" + image + ".*$").Find(p.read(plantsTable)))
}

// edit changes the pixels of a PNG.
func (p tampered) edit(name string, change func(image.Image) image.Image) {
	p.Helper()
	m, err := png.Decode(bytes.NewReader(p.read(name)))
	p.check(err)
	var b bytes.Buffer
	p.check(png.Encode(&b, change(m)))
	p.write(name, b.Bytes())
}

func mirror(m image.Image) image.Image {
	out := image.NewNRGBA(m.Bounds())
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			out.Set(m.Bounds().Max.X-1-x+m.Bounds().Min.X, y, m.At(x, y))
		}
	}
	return out
}

// relabel writes the recipe of the checkout into the lock and mends its digest.
func (p tampered) relabel() {
	p.Helper()
	place, err := project.Find(p.path("plants.yaml"), "", "")
	p.check(err)
	loaded, err := place.Load(recipe.Options{})
	p.check(err)
	p.lock(func(l *lock.Lock) { l.Recipe.Canonical, l.Recipe.Digest = loaded.Node(), loaded.Digest })
}

// run runs the program in this process and wants an exit code.
func (p tampered) run(want int, args ...string) string {
	p.Helper()
	var out bytes.Buffer
	if code := command.Run(context.Background(), append(args, "--quiet"), nil, &out, &out); code != want {
		p.Fatalf("exit code %d, want %d:\n%s", code, want, out.String())
	}
	return out.String()
}

// TestTampered lays hands on a finished run in every way that is listed.
func TestTampered(t *testing.T) {
	whole := finished(t)
	whole.lay(t, tampers)
}

// lay does each of these things to a copy, and looks at the verdict.
func (p tampered) lay(t *testing.T, all []tampering) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			copied := p.copy(t)
			c.do(copied)
			v, text := copied.verify(nil, c.level...)
			if v.Judgement != c.want || !regexp.MustCompile(c.says).MatchString(text) {
				t.Errorf("got %s, want %s and %q:\n%s", v.Judgement, c.want, c.says, text)
			}
		})
	}
}

// TestForgedTraining lets somebody who has read runner's source claim the weights
// of another seed, with everything made anew that follows from them: what the
// levels say that they leave open is open, and a spot check finds it.
func TestForgedTraining(t *testing.T) {
	p := finished(t)
	p.run(0, "apply", p.path("plants.yaml"), "--name", "seed", "--set", "train.seed=5", "--keep-checkpoints")
	other, err := lock.Read(p.path("lock/seed.lock.yaml"))
	p.check(err)
	place, err := project.Find(p.path("plants.yaml"), "data/plants", "")
	p.check(err)
	loaded, err := place.Load(recipe.Options{})
	p.check(err)
	objects, err := store.Open(p.path(".runner/store"))
	p.check(err)
	fresh, err := store.Open(t.TempDir())
	p.check(err)
	e := &experiment.Experiment{Loaded: loaded, Place: place, Store: fresh, Progress: progress.Silent, Log: zerolog.Nop(), Claim: &experiment.Claim{
		Trained: experiment.Trained{Epochs: other.Training, Kept: other.Model.Epoch, Weights: other.Model.Weights},
		Weights: p.read("reports/seed/model.safetensors"),
	}}
	frozen, _, err := e.Inputs(context.Background(), other, fresh)
	p.check(err)
	forged, err := frozen.Replay(context.Background())
	p.check(err)
	p.seal(forged.Lock)
	for name, page := range forged.Pages {
		data, err := fresh.Get(page)
		p.check(err)
		p.write("reports/plants/"+name, data)
	}
	p.write(plantsModel, p.read("reports/seed/model.safetensors"))
	p.check(checkpoint.Of(objects, forged.Lock.Stage("train").Key).Add(checkpoint.Of(objects, other.Stage("train").Key).States()...))

	for _, level := range [][]string{onlyLock, evaluate} {
		if v, text := p.verify(nil, level...); v.Judgement != verify.Verified || !strings.Contains(v.Open, "whether") {
			t.Errorf("%v: got %s, leaving open %q:\n%s", level, v.Judgement, v.Open, text)
		}
	}
	for _, level := range [][]string{spots, rerun} {
		v, text := p.verify(nil, level...)
		if v.Judgement != verify.Differs || v.Parts == nil || v.Parts.Stage != "train" || v.Parts.Epoch != 1 || v.Parts.Tensor == "" {
			t.Errorf("%v: got %s, parting at %v:\n%s", level, v.Judgement, v.Parts, text)
		}
	}
}

// TestHarmless changes what is no claim: the verdict stays.
func TestHarmless(t *testing.T) {
	t.Cleanup(func() { kernel.SetThreads(0); kernel.SetVariant("") })
	whole := finished(t)
	for _, c := range harmless {
		t.Run(c.name, func(t *testing.T) {
			p := whole.copy(t)
			c.do(p)
			for _, level := range [][]string{onlyLock, evaluate, spots} {
				if v, text := p.verify(c.env, level...); v.Judgement != verify.Verified {
					t.Errorf("%v: got %s:\n%s", level, v.Judgement, text)
				}
			}
		})
	}
}

// finished returns a run of a small recipe whose states are kept.
func finished(t *testing.T) tampered {
	t.Helper()
	p := tampered{t, t.TempDir()}
	p.check(os.Mkdir(p.path(".git"), 0o777))
	text, err := os.ReadFile("testdata/plants.yaml")
	p.check(err)
	p.write("plants.yaml", bytes.Replace(text, []byte("epochs: 2"), []byte("epochs: 4"), 1))
	var labels strings.Builder
	labels.WriteString("filename,plant,weight,part,note\n")
	for i := range 20 {
		green := 4 + (7*(i/2))%16
		name := fmt.Sprintf("p%02d.png", i+1)
		if i == 19 {
			name = filepath.Base(umlaut)
		}
		var file bytes.Buffer
		p.check(png.Encode(&file, plant(green, i)))
		p.write("data/plants/images/"+name, file.Bytes())
		fmt.Fprintf(&labels, "%s,plant%d,%.4f,train,\n", name, i/2+1, float64(green*green)/400+0.0025)
	}
	p.write(plantsTable, []byte(labels.String()))
	p.run(0, "apply", p.path("plants.yaml"), "--keep-checkpoints")
	return p
}

// copy returns a copy at another path.
func (p tampered) copy(t *testing.T) tampered {
	t.Helper()
	c := tampered{t, filepath.Join(t.TempDir(), "copy")}
	c.check(os.CopyFS(c.dir, os.DirFS(p.dir)))
	return c
}

// verify returns the verdict, and its reasons and warnings a line each.
func (p tampered) verify(env []string, level ...string) (*verify.Verdict, string) {
	p.Helper()
	var out, errOut bytes.Buffer
	args := append([]string{"verify", p.path(plantsLock), "--quiet", "--output", "json"}, level...)
	code := command.Run(context.Background(), args, env, &out, &errOut)
	v := new(verify.Verdict)
	if err := json.Unmarshal(out.Bytes(), v); err != nil {
		p.Fatalf("exit code %d: %v\n%s", code, err, errOut.String())
	}
	return v, strings.Join(append(v.Reasons, v.Warnings...), "\n")
}
