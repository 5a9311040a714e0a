package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"biomass/runner/command"
)

// TestReadmePython runs the README's Python on exported files, and wants what predict
// says. RUNNER_PYTHON names the Python, or it is python3; what that cannot import is
// skipped.
func TestReadmePython(t *testing.T) {
	python := os.Getenv("RUNNER_PYTHON")
	if python == "" {
		python = "python3"
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d blocks of Python, want 2", len(blocks))
	}
	imports := regexp.MustCompile(`(?m)^(?:import|from) .*$`)
	var want float64
	dir := t.TempDir()
	for _, block := range blocks {
		code := string(block[1])
		lines := imports.FindAllString(code, -1)
		t.Run(strings.TrimSuffix(strings.Fields(lines[0])[2], ","), func(t *testing.T) {
			if out, err := exec.Command(python, "-c", strings.Join(lines, "\n")).CombinedOutput(); err != nil {
				t.Skipf("%s cannot import what the README does: %v: %.300s", python, err, out)
			}
			if want == 0 {
				want = exportBiomass(t, dir)
			}
			c := exec.Command(python, "-c", code)
			c.Dir = dir
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			value, unit, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
			got, err := strconv.ParseFloat(value, 64)
			if err != nil || unit != "g" || !(math.Abs(got-want) < 1e-3*math.Abs(want)) {
				t.Errorf("printed %q, predict says %v g", out, want)
			}
		})
	}
}

// exportBiomass trains a small biomass in dir, exports it in every format and returns
// what predict says of photo.jpg there.
func exportBiomass(t *testing.T, dir string) float64 {
	t.Helper()
	run := func(args ...string) string {
		var out, said bytes.Buffer
		if code := command.Run(context.Background(), append(args, "--quiet"), nil, &out, &said); code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, &said)
		}
		return out.String()
	}
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	recipe := `
data: {table: labels.xlsx, image: filename, target: fresh_weight_total, unit: g, group: [experiment_id, farmbot_name, plant_number],
  missing: ["", nan, 99999999], source: {builtin: rosettes, plants: 12}, root: plants}
split: {seed: 1}
picture: {size: 32}
transform: {target: standardize}
network: {backbone: resnet18}
train: {epochs: 1, batch: 8, last_batch: merge}
`
	for _, err := range []error{os.Mkdir(in(".git"), 0o777), os.WriteFile(in("biomass.yaml"), []byte(recipe), 0o666)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run("apply", in("biomass.yaml"))
	for _, name := range []string{"biomass.pth", "biomass.safetensors", "biomass.onnx"} {
		run("export", in("lock/biomass.lock.yaml"), "--out", in(name))
	}
	photos, err := filepath.Glob(in("plants/images/*.jpg"))
	if err == nil && len(photos) == 0 {
		photos, err = filepath.Glob(in("plants/*/*.jpg"))
	}
	if err != nil || len(photos) == 0 {
		t.Fatalf("no photos were drawn: %v", err)
	}
	if err := os.Rename(photos[0], in("photo.jpg")); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(run("predict", in("biomass.pth"), in("photo.jpg"), "--output", "csv"))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("predict says %v: %v", rows, err)
	}
	value, err := strconv.ParseFloat(rows[1][1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
