package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"biomass/runner/command"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/rosette"
	"biomass/runner/internal/table"
)

const leakRecipe = `
data:
  table: labels.csv
  images: images
  image: filename
  target: fresh_weight_total
  group: [experiment_id, farmbot_name, plant_number]
  missing: ["", nan, 99999999]
picture: {size: 32}
split: {seed: 1, by: group, train: 0.6, validation: 0.1, test: 0.3}
transform: {target: standardize, augment: [{horizontal_flip: 0.5}, {vertical_flip: 0.5}]}
network:
  backbone: layers
  layers:
    - {conv: 16, kernel: 3, padding: 1, stride: 2, bias: false}
    - batch_norm
    - relu
    - {conv: 32, kernel: 3, padding: 1, stride: 2, bias: false}
    - batch_norm
    - relu
    - {conv: 32, kernel: 3, padding: 1, stride: 2, bias: false}
    - batch_norm
    - relu
    - global_avg_pool
    - flatten
    - {dense: 1}
train: {seed: 1, epochs: 24, batch: 16, last_batch: merge, optimizer: {adam: {rate: 1e-2}}}
`

// TestNoLeak trains on real weights and on weights that were exchanged between
// plants. What can be learned from the first is clearly there; from the second
// there is nothing to learn, unless something of the test part leaks into the
// training: its photos, its plants, its targets.
func TestNoLeak(t *testing.T) {
	dir := t.TempDir()
	set := rosette.New(rosette.Options{Plants: 240, Seed: 3})
	if err := os.Mkdir(filepath.Join(dir, "images"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range set.Photos() {
		data, err := set.Photo(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "images", name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if r2 := testR2(t, dir, set.Columns(), set.Rows()); r2 < 0.3 {
		t.Errorf("true weights: R² on the test part is %.3f, want at least 0.3: nothing was learned", r2)
	}
	if r2 := testR2(t, dir, set.Columns(), exchange(set.Columns(), set.Rows())); r2 > 0.05 {
		t.Errorf("exchanged weights: R² on the test part is %.3f, want at most 0.05: something leaks", r2)
	}
}

// testR2 trains on the table with the photos in dir.
func testR2(t *testing.T, dir string, columns []string, rows [][]any) float64 {
	t.Helper()
	if err := table.Write(filepath.Join(dir, "labels.csv"), columns, rows); err != nil {
		t.Fatal(err)
	}
	project := t.TempDir()
	recipe := filepath.Join(project, "leak.yaml")
	if err := os.WriteFile(recipe, []byte(leakRecipe), 0o666); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := command.Run(context.Background(), []string{"apply", recipe, "--quiet", "--data", dir}, nil, &out, &out); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out.String())
	}
	l, err := lock.Read(filepath.Join(project, "lock", "leak.lock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return l.Results["test"].R2
}

// exchange gives every plant the weight of another one; all photos of a plant
// keep one weight.
func exchange(columns []string, rows [][]any) [][]any {
	target := slices.Index(columns, "fresh_weight_total")
	plant := func(row []any) [3]any {
		var key [3]any
		for i, name := range []string{"experiment_id", "farmbot_name", "plant_number"} {
			key[i] = row[slices.Index(columns, name)]
		}
		return key
	}
	var plants [][3]any
	weights := map[[3]any]any{}
	for _, row := range rows {
		key := plant(row)
		if _, seen := weights[key]; !seen {
			plants = append(plants, key)
			weights[key] = row[target]
		}
	}
	order := rng.New(1, "exchange").Perm(len(plants))
	given := map[[3]any]any{}
	for i, key := range plants {
		given[key] = weights[plants[order[i]]]
	}
	exchanged := make([][]any, len(rows))
	for i, row := range rows {
		exchanged[i] = slices.Clone(row)
		exchanged[i][target] = given[plant(row)]
	}
	return exchanged
}
