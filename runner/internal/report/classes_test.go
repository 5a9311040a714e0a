package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// balanced has two classes, whose photos come alike in three batches and count differently.
func balanced(in *evaluate.Input) {
	classes(2, 1.5)(in)
	in.Learning = evaluate.Learning{Weights: []float64{0.5, 4}, Batches: [][]int{{9, 7}, {8, 8}, {6, 10}}}
}

// What only two classes have, and only a sampler that balances them, is drawn as the golden
// files have it.
func TestTwoClasses(t *testing.T) {
	files, err := Render(document(t, balanced))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{rocFile, precisionRecallFile, batchesFile} {
		path := filepath.Join("testdata", "two_classes", name)
		if *update {
			writeFiles(t, filepath.Dir(path), map[string][]byte{name: files[name]})
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(files[name], want) {
			t.Errorf("%s differs (%v): look at both, then run the test with -update", path, err)
		}
	}
}

// Photos of others are shown nowhere where the samples are not wanted.
func TestNoPhotosOfOthers(t *testing.T) {
	d := document(t, balanced)
	d.Plots = []string{"target", "curves", "fit"}
	files, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	if files[confusedFile] != nil || files[samplesFile] != nil || bytes.Contains(files[pageFile], []byte(".png")) {
		t.Error("photos are shown")
	}
	if !bytes.Contains(files[pageFile], []byte("| "+d.Evaluation.Classes[0][:5])) || !strings.Contains(string(files[pageFile]), d.t("What is confused most often:")) {
		t.Errorf("the confused classes are not told:\n%s", files[pageFile])
	}
}

// Of steps, each holds since the point before.
func TestCorners(t *testing.T) {
	stair := corners([]metric.Point{{X: 0, Y: 1}, {X: 0.5, Y: 0.75}, {X: 1, Y: 0.25}}, true)
	want := [][2]float64{{0, 100}, {0, 75}, {50, 75}, {50, 25}, {100, 25}}
	for i, p := range stair {
		if len(stair) != len(want) || [2]float64{p.X, p.Y} != want[i] {
			t.Fatalf("steps are %v, want %v", stair, want)
		}
	}
}
