package experiment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/store"
)

// Outcome is what Apply did.
type Outcome struct {
	Lock     *lock.Lock
	Worked   []string // the stages that had to run
	Written  []string // the files that are new or changed, below the project folder
	Warnings []string
	States   []checkpoint.State // that are kept for spot checks
	// Weights are the file that the network begins with, where it was initialised now.
	Weights *Weights
}

// ErrLocked says that a lock made from other settings would be replaced by
// overrides of the command line.
var ErrLocked = errors.New("the lock was made from other settings")

// Apply runs the line and writes lock, report and weights. Where nothing
// changed it does no work. overridden says that --set, --name or the environment
// changed the recipe: such a run does not silently replace another one's lock.
func (e *Experiment) Apply(ctx context.Context, overridden bool) (*Outcome, error) {
	name := e.Recipe.Name
	if err := e.fits(); err != nil {
		return nil, err
	}
	unlock, err := e.hold(ctx, "recipe-"+name, "applies "+name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	old, err := e.oldLock()
	if err != nil {
		return nil, fmt.Errorf("%w: restore it from git, or delete it to have it made anew", err)
	}
	if overridden && old != nil && old.Recipe.Digest != e.Digest {
		return nil, fmt.Errorf("%s: %w: keep this run apart with --name NEW, or write the settings into the recipe", e.Place.Lock(name), ErrLocked)
	}
	locks, file := filepath.Split(e.Place.Lock(name))
	for _, place := range []struct{ dir, file string }{{locks, file}, {e.Place.Report(name), ""}} {
		if err := writable(place.dir); err != nil {
			return nil, err
		}
		if err := store.Sweep(place.dir, place.file); err != nil {
			return nil, err
		}
	}
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.walk(ctx); err != nil {
		return nil, err
	}
	out := &Outcome{Worked: l.worked, States: checkpoint.Of(l.Store, l.keys["train"]).States()}
	if out.Warnings, err = l.warnings(); err != nil {
		return nil, err
	}
	if l.weights != nil && slices.Contains(l.worked, "network") {
		out.Weights = l.weights.taking()
	}
	if out.Lock, err = l.lock(old); err != nil {
		return nil, err
	}
	// A lock that equals the old one rests on what was read for the old one.
	if len(l.worked) > 0 || old == nil || old.Seal != out.Lock.Seal {
		if err := l.unchanged(ctx); err != nil {
			return nil, err
		}
		l.Store.Sweep()
	}
	out.compare(old, l.relative(e.Place.Lock(name)))
	if err := l.publish(out); err != nil {
		return nil, err
	}
	for _, t := range out.Lock.Trainings() {
		checkpoint.Of(l.Store, t.Key).Forget()
	}
	return out, nil
}

// fits refuses, before the work, more epochs than a lock may hold. How many of them
// train.stop leaves out is not known yet.
func (e *Experiment) fits() error {
	trainings := 1 + len(e.Runs()) + len(e.Variants())
	if epochs := e.Recipe.Train.Epochs; e.Recipe.Train.Stop.Patience == 0 && trainings > lock.MaxEpochs/epochs {
		return recipe.Problems{e.Problem("train.epochs", fmt.Sprintf("%d in %d trainings are more than the %d epochs that a lock holds", epochs, trainings, lock.MaxEpochs), "")}
	}
	return nil
}

// hold takes a lock of the store. While it waits it tells which process has it, and what
// that process does.
func (e *Experiment) hold(ctx context.Context, lock, work string) (unlock func(), err error) {
	return e.Store.Lock(ctx, lock, func(holder string) {
		e.tell("waiting for %s, which %s; Ctrl-C ends the wait", holder, work)
	})
}

func (e *Experiment) tell(format string, args ...any) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf(format, args...))
	}
}

// writable checks before the work, not after it, that files can be written to dir.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("cannot write below %s: %w", dir, err)
	}
	f, err := os.CreateTemp(dir, store.Temporary("probe"))
	if err != nil {
		return fmt.Errorf("cannot write below %s: %w", dir, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// compare warns when a stage has the locked key and another output: then this machine, or
// the one before it, broke the contract.
func (o *Outcome) compare(old *lock.Lock, path string) {
	for _, s := range o.Lock.Stages {
		if was := lockedStage(old, s.Name); was != nil && was.Key == s.Key && was.Output != s.Output {
			o.Warnings = append(o.Warnings, fmt.Sprintf(
				"stage %s gave another output than the lock says, from the same input: the runs are not bit-identical (git diff %s shows where)", s.Name, path))
			return
		}
	}
}

// publish writes what people see, all or nothing: the report, the weights and
// last the lock, so that a lock never speaks of a report that is not there.
func (l *line) publish(out *Outcome) error {
	name := l.Recipe.Name
	var files []store.File
	add := func(path string, object digest.Digest) error {
		if have, _, err := digest.File(path); err == nil && have == object {
			return nil
		}
		data, err := l.Store.Get(object)
		files = append(files, store.File{Path: path, Data: data})
		return err
	}
	for _, page := range slices.Sorted(maps.Keys(l.pages.Files)) {
		if err := add(filepath.Join(l.Place.Report(name), page), l.pages.Files[page]); err != nil {
			return err
		}
	}
	if err := add(l.Place.Model(name, ""), l.trained.Weights); err != nil {
		return err
	}
	for _, run := range l.series.Runs {
		if err := add(l.Place.Model(name, run.Name), run.Model.Weights); err != nil {
			return err
		}
	}
	data, err := out.Lock.Bytes()
	if err != nil {
		return err
	}
	files = append(files, store.File{Path: l.Place.Lock(name), Data: data})
	written, err := store.WriteFiles(files)
	if err != nil {
		return fmt.Errorf("write report, weights and lock: %w", err)
	}
	for _, path := range written {
		out.Written = append(out.Written, l.relative(path))
	}
	return l.removeStale(l.Place.Report(name))
}

// removeStale removes the plots of an earlier report that this one does not have, and
// the weights of runs that are no longer asked for.
func (l *line) removeStale(dir string) error {
	stale := slices.DeleteFunc(report.Files(), func(page string) bool {
		_, ok := l.pages.Files[page]
		return ok
	})
	for i, page := range stale {
		stale[i] = filepath.Join(dir, page)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		run, ok := project.RunOfModel(entry.Name())
		if ok && run != "" && !slices.ContainsFunc(l.series.Runs, func(r lock.Run) bool { return r.Name == run }) {
			stale = append(stale, filepath.Join(dir, entry.Name()))
		}
	}
	return store.RemoveFiles(stale)
}

// warnings collects what a person should know, in the order of the line.
func (l *line) warnings() ([]string, error) {
	d := report.Document{Evaluation: l.evaluation}
	if err := l.observe(&d); err != nil {
		return nil, err
	}
	all := d.Cautions()
	if w := l.takenWarning(); w != "" {
		all = append(all, w)
	}
	return all, nil
}

// observe tells the report what the stages before the training saw.
func (l *line) observe(d *report.Document) (err error) {
	d.Observed, d.Clipped = slices.Concat(l.ledger.Warnings, l.split.Warnings), l.clipped()
	d.Features, err = l.describeFeatures()
	return err
}

func (l *line) relative(path string) string {
	if r, err := filepath.Rel(l.Place.Root, path); err == nil {
		return filepath.ToSlash(r)
	}
	return path
}
