package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// folder returns a folder with these files, each of which holds its own name.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		files          []string
		root, override string
		path, data     string // below the folder that is looked at
	}{
		"git":               {[]string{".git/HEAD"}, "data/plants", "", "recipes/plants.yaml", "data/plants"},
		"locks":             {[]string{"lock/plants.lock.yaml"}, "data/plants", "", "recipes/plants.yaml", "data/plants"},
		"any folder lock":   {[]string{"lock/door"}, "data/plants", "", "plants.yaml", "recipes/data/plants"},
		"the nearest":       {[]string{".git/HEAD", "recipes/.git/HEAD"}, "plants", "", "plants.yaml", "recipes/plants"},
		"data by override":  {[]string{".git/HEAD"}, "data/plants", "elsewhere", "recipes/plants.yaml", "!elsewhere"},
		"data by full path": {[]string{".git/HEAD"}, "/data", "", "recipes/plants.yaml", "!/data"},
	} {
		dir := folder(t, append(test.files, "recipes/plants.yaml")...)
		p, err := Find(filepath.Join(dir, "recipes", "plants.yaml"), test.root, test.override)
		if err != nil {
			t.Fatal(err)
		}
		data := filepath.Join(dir, test.data)
		if given, ok := strings.CutPrefix(test.data, "!"); ok {
			data = given
		}
		if p.Path != test.path || p.Data != data || filepath.Join(p.Root, filepath.FromSlash(p.Path)) != filepath.Join(dir, "recipes", "plants.yaml") {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

func TestOfLock(t *testing.T) {
	dir := folder(t, "lock/plants.lock.yaml")
	locked := &recipe.Loaded{Recipe: recipe.Recipe{Data: recipe.Data{Root: "data/locked"}}}
	of := func(path, override string) (Place, error) {
		return OfLock(filepath.Join(dir, "lock", "plants.lock.yaml"), &lock.Lock{Recipe: lock.Recipe{Path: path}}, locked, override)
	}
	if p, err := of("plants.yaml", ""); err != nil || p.Root != dir || p.Data != filepath.Join(dir, "data", "locked") {
		t.Errorf("without the recipe's file: %+v, %v", p, err)
	}
	if p, err := of("plants.yaml", "here"); err != nil || p.Data != "here" {
		t.Errorf("with an override: %+v, %v", p, err)
	}
	if _, err := of("../plants.yaml", ""); err == nil || !strings.Contains(err.Error(), "leaves the project folder") {
		t.Errorf("a path out of the project: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plants.yaml"), []byte("data: {root: data/own}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if p, err := of("plants.yaml", ""); err != nil || p.Data != filepath.Join(dir, "data", "own") {
		t.Errorf("with the recipe's file: %+v, %v", p, err)
	}
}

func TestRunOfModel(t *testing.T) {
	p := Place{}
	for _, run := range []string{"", "seed-43", "fold-2-seed-43"} {
		if got, ok := RunOfModel(filepath.Base(p.Model("plants", run))); !ok || got != run {
			t.Errorf("%q: got %q, %v", run, got, ok)
		}
	}
	for _, file := range []string{"model.pth", "model-.safetensors", "model-A.safetensors", "my-model.safetensors"} {
		if run, ok := RunOfModel(file); ok {
			t.Errorf("%s is taken for the model of %q", file, run)
		}
	}
}

func TestNoRun(t *testing.T) {
	dir := folder(t, "lock/plants.lock.yaml")
	own := filepath.Join(dir, "reports", "plants")
	if err := NoRun(own, ""); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("a run's folder: %v", err)
	}
	if err := NoRun(own, own); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	if err := NoRun(filepath.Join(dir, "reports", "others"), ""); err != nil {
		t.Errorf("a free folder: %v", err)
	}
}

func TestWriteReport(t *testing.T) {
	dir := folder(t, "old.svg", "mine.txt", "page.md")
	written, err := WriteReport(dir, map[string][]byte{"page.md": []byte("page.md"), "new.svg": []byte("x")}, []string{"page.md", "old.svg", "new.svg"})
	if err != nil || len(written) != 1 || filepath.Base(written[0]) != "new.svg" {
		t.Errorf("wrote %v, %v", written, err)
	}
	if Exists(filepath.Join(dir, "old.svg")) || !Exists(filepath.Join(dir, "mine.txt")) {
		t.Error("an old plot is kept, or somebody's own file is gone")
	}
}

func TestLockedWeights(t *testing.T) {
	dir := folder(t, "model.safetensors")
	objects, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := objects.Put([]byte("stored"))
	if err != nil {
		t.Fatal(err)
	}
	beside, own := filepath.Join(dir, "model.safetensors"), digest.Of([]byte("model.safetensors"))
	for _, test := range []struct {
		path string
		want digest.Digest
		says string
	}{
		{beside, own, "model.safetensors"},
		{filepath.Join(dir, "none"), stored, "stored"},
		{beside, stored, "!is not what is locked"},
		{filepath.Join(dir, "none"), own, "!the weights are missing"},
	} {
		data, err := LockedWeights(test.path, test.want, objects)
		wrong, bad := strings.CutPrefix(test.says, "!")
		if bad && (err == nil || !strings.Contains(err.Error(), wrong)) || !bad && (err != nil || string(data) != test.says) {
			t.Errorf("%s: got %q, %v", test.says, data, err)
		}
	}
}
