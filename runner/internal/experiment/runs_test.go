package experiment

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
)

// asking is the experiment on rosettes with further settings.
func asking(t *testing.T, dir string, r progress.Reporter, set ...string) *Experiment {
	t.Helper()
	e := rosettes(t, dir, r)
	loaded, err := recipe.Parse("plants.yaml", e.Canonical, nil, recipe.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	e.Loaded = loaded
	return e
}

// cutter ends a walk when so many epochs' worth of photos were trained on in a run.
type cutter struct {
	run    string
	after  int
	cancel context.CancelFunc
	progress.Task
}

func (c *cutter) Start(name string, total int, unit string) progress.Task {
	if name != "train "+c.run {
		return progress.Silent.Start(name, total, unit)
	}
	return c
}

func (c *cutter) Skip(int) {}
func (c *cutter) Add(n int) {
	if c.after -= n; c.after < 0 {
		c.cancel()
	}
}

// TestRunsGoOn cuts an experiment in one of its further trainings, and lets another one go
// on: its lock is that of one that was never cut.
func TestRunsGoOn(t *testing.T) {
	t.Run("repeat", func(t *testing.T) {
		goOn(t, "seed-44", []string{"runs", "report"}, "train.repeat=3", "train.epochs=4")
	})
	t.Run("sweep", func(t *testing.T) { // the stages behind it are the winner's, which are there
		goOn(t, "v02", []string{"sweep", "evaluate", "report"}, "sweep.over={train.batch: [4, 2]}", "train.epochs=4")
	})
}

func goOn(t *testing.T, run string, work []string, set ...string) {
	whole, cut := t.TempDir(), t.TempDir()
	if _, err := asking(t, whole, progress.Silent, set...).Apply(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := &cutter{run: run, after: 25, cancel: cancel, Task: progress.Silent.Start("", 0, "")}
	if _, err := asking(t, cut, c, set...).Apply(ctx, false); !Interrupted(err) {
		t.Fatalf("a cut run gave %v", err)
	}
	out, err := asking(t, cut, progress.Silent, set...).Apply(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(out.Worked, work) {
		t.Errorf("the stages %v worked, want %v", out.Worked, work)
	}
	a, err := os.ReadFile(asking(t, whole, nil, set...).Place.Lock("plants"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(asking(t, cut, nil, set...).Place.Lock("plants"))
	if err != nil || string(a) != string(b) {
		t.Errorf("the locks are not the same (%v)", err)
	}
}

func TestSpread(t *testing.T) {
	runs := []lock.Run{}
	for _, rmse := range []float64{1, 2, 6} {
		runs = append(runs, lock.Run{Results: map[string]lock.Score{"test": {Errors: &lock.Errors{RMSE: rmse, R2: -rmse}}}})
	}
	got := spread("seeds", runs)
	if len(got) != 3 || got[0].Figure != "rmse" || got[0].Mean != 3 || strings.Join([]string{got[1].Figure, got[2].Figure}, " ") != "mae r2" || got[2].Mean != -3 {
		t.Errorf("spread %+v", got)
	}
	if d := got[0].Deviation * got[0].Deviation; d < 6.999999 || d > 7.000001 || got[0].Runs != 3 {
		t.Errorf("spread %+v", got[0])
	}
}

// TestFits refuses more epochs than a lock holds before anything is trained.
func TestFits(t *testing.T) {
	for want, set := range map[string][]string{
		"": {"train.epochs=40000"},
		"20001 in 2 trainings are more than the 40000 epochs that a lock holds": {"train.epochs=20001", "train.repeat=2"},
		"500 in 81 trainings are more than":                                     {"train.epochs=500", "sweep.over={train.batch: [2, 3], train.optimizer.adam.rate: [1e-3, 1e-4]}", "train.repeat=77"},
	} {
		if err := asking(t, t.TempDir(), progress.Silent, set...).fits(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", set, err, want)
		}
	}
	if err := asking(t, t.TempDir(), progress.Silent, "train.epochs=100000", "train.stop={patience: 5}").fits(); err != nil {
		t.Error(err)
	}
}
