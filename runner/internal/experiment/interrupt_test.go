package experiment

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// interrupter ends a walk during its first task of a name, and counts how far it
// went. It is the reporter and every task.
type interrupter struct {
	name   string
	cancel context.CancelFunc
	total  int
	done   atomic.Int64
	progress.Task
}

func (r *interrupter) Start(name string, total int, unit string) progress.Task {
	if name != r.name {
		return progress.Silent.Start(name, total, unit)
	}
	r.total = total
	return r
}

func (r *interrupter) Add(n int) { r.done.Add(int64(n)); r.cancel() }

// rosettes is an experiment on built-in data that are not drawn yet.
func rosettes(t *testing.T, dir string, r progress.Reporter) *Experiment {
	t.Helper()
	const text = `
data: {root: drawn, source: {builtin: rosettes, plants: 6, seed: 1}, table: labels.xlsx, image: filename, target: fresh_weight_total, missing: [nan, 99999999]}
picture: {size: 16}
split: {seed: 1, train: 0.6, validation: 0.2, test: 0.2}
network: {backbone: layers, layers: [flatten, {dense: 1}]}
train: {epochs: 1, batch: 4, last_batch: merge}
`
	loaded, err := recipe.Parse("plants.yaml", []byte(text), nil, recipe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	return &Experiment{
		Loaded: loaded, Place: project.Place{Root: dir, Path: "plants.yaml", Data: filepath.Join(dir, "drawn")},
		Store: objects, Progress: r, Log: zerolog.Nop(),
	}
}

// TestInterrupted ends runs while they draw, hash and decode: they stop soon and
// leave nothing half made.
func TestInterrupted(t *testing.T) {
	was := runtime.GOMAXPROCS(2) // fewer workers than photos
	kernel.SetThreads(2)
	t.Cleanup(func() { runtime.GOMAXPROCS(was); kernel.SetThreads(0) })
	dir := t.TempDir()
	for _, name := range []string{"draw", "hash", "decode"} {
		ctx, cancel := context.WithCancel(t.Context())
		r := &interrupter{name: name, cancel: cancel, Task: progress.Silent.Start("", 0, "")}
		_, err := rosettes(t, dir, r).Apply(ctx, false)
		if !Interrupted(err) {
			t.Fatalf("%s: %v", name, err)
		}
		if done := int(r.done.Load()); done == 0 || done == r.total {
			t.Errorf("%s: went on to the end, %d of %d", name, done, r.total)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name == "draw" && e.Name() == "drawn" || strings.HasPrefix(e.Name(), ".tmp-") {
				t.Errorf("%s: left %s", name, e.Name())
			}
		}
	}
	if _, err := rosettes(t, dir, progress.Silent).Apply(t.Context(), false); err != nil {
		t.Fatal(err)
	}
}

// TestPhotoMemory trains with all photos in memory, with some and with none: the same
// bits. A photo that is not in memory and has gone from the store is decoded again.
func TestPhotoMemory(t *testing.T) {
	dir := t.TempDir()
	var whole *lock.Lock
	for _, bytes := range []int64{0, 5 * 16 * 16 * 3, 1} {
		e := rosettes(t, dir, progress.Silent)
		if err := os.RemoveAll(e.Store.Dir()); err != nil {
			t.Fatal(err)
		}
		e.PhotoMemory = bytes
		e.Witness = func(lock.Epoch, []weights.Tensor) { // the training is under way
			pixels, err := filepath.Glob(filepath.Join(e.Store.Dir(), "objects", "*", "*"))
			if err != nil || len(pixels) == 0 {
				t.Fatalf("%d objects: %v", len(pixels), err)
			}
			for _, path := range pixels {
				if info, err := os.Stat(path); err == nil && info.Size() == 16*16*3 {
					os.Remove(path)
				}
			}
		}
		result, err := e.Apply(t.Context(), false)
		if err != nil {
			t.Fatalf("%d bytes: %v", bytes, err)
		}
		if whole == nil {
			whole = result.Lock
		}
		if result.Lock.Model.Weights != whole.Model.Weights || result.Lock.Report != whole.Report {
			t.Errorf("%d bytes: other weights or another report", bytes)
		}
	}
}

// TestWaiting holds that a run says whom it waits for and can be interrupted
// while it does.
func TestWaiting(t *testing.T) {
	e := rosettes(t, t.TempDir(), progress.Silent)
	unlock, err := e.Store.Lock(t.Context(), "recipe-plants", func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	var said []string
	e.Tell = func(line string) { said = append(said, line); cancel() }
	if _, err := e.Apply(ctx, false); !Interrupted(err) {
		t.Errorf("%v", err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "waiting for process ") || !strings.HasSuffix(said[0], ", which applies plants; Ctrl-C ends the wait") {
		t.Errorf("said %q", said)
	}
}
