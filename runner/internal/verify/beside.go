package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
)

// This file holds what can be judged without the data: the lock itself, and
// whether the recipe, the report and the weights beside it are its own.

// form checks that the lock is as runner wrote it.
func (t *trial) form() error {
	sum, err := t.claimed.Sum()
	if err != nil {
		return err
	}
	t.Claims = sum
	written, err := t.claimed.Bytes()
	if err != nil {
		return err
	}
	found, err := os.ReadFile(t.options.Lock)
	if err != nil {
		return err
	}
	found = bytes.ReplaceAll(found, []byte("\r\n"), []byte("\n")) // as git may have changed them
	switch {
	case t.claimed.Seal.IsZero():
		t.because(Differs, "the lock has no seal: it was edited, or written by a runner before there were seals (apply writes it anew)")
	case t.claimed.Seal != sum:
		t.because(Differs, "the lock was edited after runner wrote it: its seal is %s, its content has %s", t.claimed.Seal, sum)
	case !bytes.Equal(found, written):
		t.because(Differs, "line %d of the lock is not as runner writes it: it was edited", otherLine(found, written))
	}
	if t.claimed.Recorded.Unknown != "" {
		t.warn("no commit is recorded: %s", t.claimed.Recorded.Unknown)
	}
	return nil
}

// otherLine returns the number, from 1, of the first line in which two texts
// differ.
func otherLine(a, b []byte) int {
	n := 1
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return n
		}
		if a[i] == '\n' {
			n++
		}
	}
	return n
}

// beside checks what stands beside the lock. It reports true when there is
// nothing further to verify.
func (t *trial) beside(ctx context.Context) (ended bool, err error) {
	contradictions, err := t.experiment.Contradictions(ctx, t.claimed)
	switch {
	case errors.Is(err, experiment.ErrOtherStages):
		t.because(Incomplete, "%v: verify it with the runner that made it", err)
		return true, nil
	case ctx.Err() != nil:
		return true, ctx.Err()
	case err != nil:
		t.because(Differs, "%v", err)
		return true, nil
	}
	for _, d := range contradictions {
		t.because(Differs, "%s: locked %s, but the rest of the lock gives %s", d.Path, d.A, d.B)
		if stage, ok := strings.CutPrefix(d.Path, "stages["); ok {
			stage, what, _ := strings.Cut(stage, "].")
			t.parts(Parting{Stage: stage, Expected: what + " " + d.A, Found: d.B})
		}
	}
	if err := t.recipe(); err != nil {
		return true, err
	}
	name := t.experiment.Recipe.Name
	pages, err := t.report()
	var sum digest.Digest
	if err == nil {
		sum, err = report.Digest(pages)
	}
	switch {
	case failedMachine(err):
		return true, err
	case err != nil:
		t.unread(fmt.Errorf("the report cannot be read: %w", err))
	case len(pages) > 0 && sum != t.claimed.Report.Digest && t.Level == LockOnly: // else the line renders it, and names the file
		t.because(Differs, "report.digest: the %d files in reports/%s have %s, locked is %s: one was edited, or is missing", len(pages), name, sum, t.claimed.Report.Digest)
	}
	if metrics, ok := pages[report.MetricsFile]; ok && t.Level == LockOnly { // else they are computed
		others, err := experiment.OtherFigures(metrics, t.claimed)
		if err != nil {
			t.because(Differs, "the report cannot be read: %v", err)
		}
		for _, d := range others {
			t.because(Differs, "%s: locked %s, but the report says %s", d.Path, d.A, d.B)
		}
	}
	for _, m := range t.claimed.Trainings() {
		ended = ended || m.Epoch < 1 || m.Epoch > len(m.Training) // no epoch could have made the weights
	}
	for _, m := range t.claimed.Models() {
		if err := t.weights(m); err != nil {
			return true, err
		}
	}
	return ended, nil
}

// recipe checks that the recipe in the checkout is the locked one.
func (t *trial) recipe() error {
	place, locked := t.experiment.Place, t.experiment.Loaded
	file := filepath.Base(t.options.Lock)
	if name, ok := strings.CutSuffix(file, lock.Suffix); ok && name != locked.Name {
		t.because(Differs, "%s is the lock of the recipe %s", file, locked.Name)
	}
	found, err := place.Load(recipe.Options{})
	var problems recipe.Problems
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if t.Level == LockOnly {
			t.because(Incomplete, "the recipe is missing: there is no %s", place.Path)
		} else { // a lock may be sent alone
			t.warn("the recipe is missing: there is no %s to compare the locked one with", place.Path)
		}
		return nil
	case errors.As(err, &problems):
		return t.invalid(problems)
	case failedMachine(err):
		return err
	case err != nil:
		t.unread(err)
		return nil
	}
	if found.Digest == locked.Digest {
		return nil
	}
	changes := recipe.Diff(found, locked)
	if found.Name != locked.Name { // a run under another name, of this recipe with other settings
		var words []string
		for _, c := range changes {
			words = append(words, fmt.Sprintf("%s %s instead of %s", c.Key, c.New, c.Old))
		}
		t.warn("locked is %s with other settings: %s", place.Path, strings.Join(words, ", "))
		return nil
	}
	for _, c := range changes {
		t.because(Differs, "the lock is not of the recipe in this checkout: %s says %s: %s, locked is %s", place.Path, c.Key, c.Old, c.New)
	}
	return nil
}

// invalid judges a recipe in the checkout that is none. A run under another name was
// made from an earlier state of it, as one from other settings is.
func (t *trial) invalid(problems recipe.Problems) error {
	place := t.experiment.Place
	name, err := place.RecipeName()
	if err != nil {
		return err
	}
	if t.Level != LockOnly && name != t.experiment.Recipe.Name {
		t.warn("the recipe in this checkout is not valid and was not compared with the locked one")
		return nil
	}
	t.because(Differs, "the recipe is not valid: %s", strings.ReplaceAll(problems.Error(), "\n", "; "))
	return nil
}

// unread judges what cannot be read: a link out of the folder is nobody's edit, and what
// it leads to is not looked at.
func (t *trial) unread(err error) {
	if errors.Is(err, project.ErrLink) {
		t.because(Incomplete, "%v: put what it leads to in its place", err)
	} else {
		t.because(Differs, "%v", err)
	}
}

// weights checks the weights of a training that stand beside the report, if there are any.
func (t *trial) weights(m lock.Trained) error {
	data, err := t.weightsFile(m.Run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case failedMachine(err):
		return err
	case err != nil:
		t.unread(fmt.Errorf("the weights cannot be read: %w", err))
		return nil
	}
	found := digest.Of(data)
	if found == m.Weights {
		return nil
	}
	if expected, err := t.made.Get(m.Weights); err == nil && m.Run == "" {
		t.tensors(expected, data)
	}
	t.because(Differs, "%smodel.weights: %s has digest %s, locked is %s", ofRun(m.Run), project.ModelOf(t.experiment.Recipe.Name, m.Run), found, m.Weights)
	return nil
}

// ofRun begins the path of a key that belongs to a run.
func ofRun(run string) string {
	if run == "" {
		return ""
	}
	return "runs[" + run + "]."
}

// weightsFile reads the weights of a run, or with "" the lock's own, beside the report.
func (t *trial) weightsFile(run string) ([]byte, error) {
	return t.experiment.Place.Read(project.ModelOf(t.experiment.Recipe.Name, run), t.room(1))
}

// room bounds the bytes of so many sets of weights: a value has four, and a batch norm two
// running statistics for two parameters. What a lock claims is believed up to a point.
func (t *trial) room(sets int64) int64 {
	return sets * (8*int64(min(max(t.claimed.Model.Parameters, 0), network.MaxParameters)) + 64<<20)
}

// report reads the report in the checkout.
func (t *trial) report() (map[string][]byte, error) {
	return report.Read(func(file string) ([]byte, error) {
		return t.experiment.Place.ReadPage(t.experiment.Recipe.Name, file)
	})
}

// pages compares the report's files in the checkout with those that the line
// renders. Where there are none, nothing is judged: a lock may be sent alone.
func (t *trial) pages(found, rendered map[string][]byte) error {
	if len(found) == 0 {
		return nil
	}
	both := maps.Clone(rendered)
	maps.Copy(both, found)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		file := "reports/" + t.experiment.Recipe.Name + "/" + name
		have, here := found[name]
		want, given := rendered[name]
		switch {
		case !here:
			t.because(Differs, "%s is missing, though the rest of the report is here", file)
			continue
		case !given:
			t.because(Differs, "%s is no file of the report that these results give", file)
			continue
		}
		same, err := sameFile(name, have, want)
		if err != nil {
			return err
		}
		if !same {
			t.because(Differs, "%s is not the report that these results give", file)
		}
	}
	return nil
}

// sameFile compares files of a report as its digest does: the pixels of PNGs count.
func sameFile(name string, a, b []byte) (bool, error) {
	x, err := report.Digest(map[string][]byte{name: a})
	if err != nil {
		return false, err
	}
	y, err := report.Digest(map[string][]byte{name: b})
	return x == y, err
}
