package experiment

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// TestForgedFeatures holds that what a file says of a second input is looked at before a
// network is made by it.
func TestForgedFeatures(t *testing.T) {
	e := rosettes(t, t.TempDir(), progress.Silent)
	e.Recipe.Data.Features = []recipe.Feature{{Column: "age"}}
	for features, want := range map[string]string{
		`[{"column":"age","mean":3,"std":2}]`: "",
		``:                                    "and the recipe has 1",
		`[]`:                                  "and the recipe has 1",
		`[{"column":"age","std":NaN}]`:        "and the recipe has 1",
		`[{"column":"soil","std":1}]`:         `the feature "soil" where the recipe has "age"`,
		`[{"column":"age"}]`:                  `"age" is divided by 0`,
		`[{"column":"age","categories":[]}]`:  "has 0 categories",
		fmt.Sprintf(`[{"column":"age","categories":["a"%s]}]`, strings.Repeat(`,""`, 5000)): "has 5001 categories",
	} {
		facts := map[string]string{
			"features": features, "normalize_mean": "0 0 0", "normalize_std": "1 1 1", "target_mean": "0", "target_std": "1",
		}
		if _, _, err := readFacts(e.Loaded, facts); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", features, err, want)
		}
	}
}

// TestExportWithoutFacts: a file of weights that somebody else locked may say nothing.
func TestExportWithoutFacts(t *testing.T) {
	e := rosettes(t, t.TempDir(), progress.Silent)
	file, err := weights.Encode([]weights.Tensor{{Name: "w", Shape: []int{1}, Float: []float32{1}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	object, err := e.Store.Put(file)
	if err != nil {
		t.Fatal(err)
	}
	k := &Locked{Experiment: e, Lock: &lock.Lock{Model: lock.Model{Weights: object}}}
	if _, err := k.Export(FormatSafetensors, filepath.Join(t.TempDir(), "w.safetensors")); err != nil {
		t.Error(err)
	}
	if _, err := k.Export(FormatONNX, filepath.Join(t.TempDir(), "w.onnx")); err == nil {
		t.Error("a graph was made of it")
	}
}

// hashed counts how often the photos are hashed.
type hashed struct{ times int }

func (h *hashed) Start(name string, total int, unit string) progress.Task {
	if name == "hash" {
		h.times++
	}
	return progress.Silent.Start(name, total, unit)
}

// TestLockRestsOnNoMemory holds that a lock is not written by what is remembered of photos
// alone, even where no stage has work to do.
func TestLockRestsOnNoMemory(t *testing.T) {
	dir := t.TempDir()
	var before []byte
	for i, want := range []int{2, 1, 2} {
		count := &hashed{}
		e := rosettes(t, dir, count)
		if i == 2 {
			if err := os.Remove(e.Place.Lock("plants")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Apply(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if count.times != want {
			t.Errorf("run %d hashed %d times, want %d", i+1, count.times, want)
		}
		text, err := os.ReadFile(e.Place.Lock("plants"))
		if err != nil || i > 0 && !bytes.Equal(text, before) {
			t.Errorf("run %d wrote another lock (%v)", i+1, err)
		}
		before = text
	}
}
