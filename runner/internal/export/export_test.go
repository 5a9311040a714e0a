package export

import (
	"path/filepath"
	"testing"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// TestExportWithoutFacts: a file of weights that somebody else locked may say nothing.
func TestExportWithoutFacts(t *testing.T) {
	objects, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := &experiment.Experiment{Loaded: &recipe.Loaded{}, Place: project.Place{Root: t.TempDir()}, Store: objects}
	file, err := weights.Encode([]weights.Tensor{{Name: "w", Shape: []int{1}, Float: []float32{1}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	object, err := e.Store.Put(file)
	if err != nil {
		t.Fatal(err)
	}
	k := &experiment.Locked{Experiment: e, Lock: &lock.Lock{Model: lock.Model{Weights: object}}}
	if _, err := Locked(k, Safetensors, filepath.Join(t.TempDir(), "w.safetensors")); err != nil {
		t.Error(err)
	}
	if _, err := Locked(k, ONNX, filepath.Join(t.TempDir(), "w.onnx")); err == nil {
		t.Error("a graph was made of it")
	}
}
