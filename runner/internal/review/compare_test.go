package review

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
)

// Photos are paired by their file, and where several rows have it, one after the other;
// rows with another true value are none.
func TestPair(t *testing.T) {
	a := []photo{{row{"a", 0}, "x", 1, 1}, {row{"b", 0}, "x", 2, 1}, {row{"b", 1}, "y", 4, 4}, {row{"c", 0}, "", 1, 0}, {row{"d", 0}, "z", 1, 1}}
	b := []photo{{row{"b", 1}, "y", 4, 2}, {row{"b", 0}, "x", 2, 2}, {row{"a", 0}, "x", 1, 1}, {row{"c", 0}, "", 3, 0}, {row{"e", 0}, "z", 1, 1}}
	p, ok := pair("accuracy", 0.95, a, b)
	if !ok || p.Photos != 3 || p.Individuals != 2 || p.Difference != 0 || p.Interval == nil {
		t.Errorf("got %+v, %v", p, ok)
	}
	p, ok = pair("rmse", 0.95, a[:2], b)
	if !ok || p.Photos != 2 || p.Individuals != 1 || !(p.Difference < 0) || p.Interval != nil {
		t.Errorf("one individual gives %+v, %v", p, ok)
	}
	if p, ok := pair("rmse", 0.95, a[4:], b); ok {
		t.Errorf("no photo in common gives %+v", p)
	}
}

func run(name, path string) Run {
	k := &experiment.Locked{Experiment: &experiment.Experiment{Loaded: &recipe.Loaded{}}, Lock: &lock.Lock{}, Path: path}
	k.Loaded.Recipe.Name = name
	return Run{k, name}
}

func TestNames(t *testing.T) {
	a, b, c := run("plants", "lock/plants.lock.yaml"), run("plants", "alice.pack"), run("other", "lock/other.lock.yaml")
	var got []string
	for _, r := range Names([]*experiment.Locked{a.Locked, b.Locked, c.Locked}) {
		got = append(got, r.Name+" "+r.place())
	}
	want := "plants (lock/plants.lock.yaml) lock/plants.lock.yaml; plants (alice.pack) alice.pack; other lock/other.lock.yaml"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %q", got)
	}
	if got := Title([]Run{a, b, c, c, c, c}); got != "plants-plants-other-other-and-2-more" {
		t.Errorf("got %s", got)
	}
}

func TestRules(t *testing.T) {
	scored := func(rules map[string]float64) Run {
		r := run("a", "a")
		r.Lock.Results = map[string]lock.Score{"test": {Errors: &lock.Errors{BaselineR2: rules}}}
		return r
	}
	got := rules([]Run{scored(map[string]float64{"mean": -0.5, "ridge": 0.5, "linear": 0.25}), scored(map[string]float64{"mean": -0.5, "ridge": 0.5, "untrained": 1})}, "test")
	if len(got) != 2 || got[0].Name != "ridge" || got[1].Name != "mean" {
		t.Errorf("got %+v", got)
	}
	if got := rules([]Run{scored(nil), scored(nil)}, "test"); len(got) != 0 {
		t.Errorf("without rules: %+v", got)
	}
}

func TestLockOf(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"lock", "reports/plants", ".git"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"lock/plants.lock.yaml", "some.pack"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for word, want := range map[string]string{
		"plants": "lock/plants.lock.yaml", "reports/plants": "lock/plants.lock.yaml", "./reports/plants/": "lock/plants.lock.yaml",
		"lock/plants.lock.yaml": "lock/plants.lock.yaml", "some.pack": "some.pack",
		"nobody": "!there is no run nobody", "none.pack": "!there is no file none.pack", "lock": "!lock is no folder of a report", "../plants": "!there is no file ../plants",
	} {
		got, err := LockOf(word)
		if wrong, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.HasPrefix(err.Error(), wrong) {
				t.Errorf("%s: got %s, %v", word, got, err)
			}
		} else if err != nil || filepath.ToSlash(got) != want {
			t.Errorf("%s: got %s, %v", word, got, err)
		}
	}
}
