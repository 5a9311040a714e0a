package experiment

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/model"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/report"
	"biomass/runner/internal/store"
)

// Locked is a finished experiment: its lock, and where its files are here.
type Locked struct {
	*Experiment
	Lock *lock.Lock
	Path string // of the lockfile
}

// OpenLock reads a lock and finds its experiment. The data's root and the store's
// folder may be overridden.
func OpenLock(path, data, objects string) (*Locked, error) {
	claimed, err := lock.Read(path)
	if err != nil {
		return nil, err
	}
	if claimed.Numerics != lock.Numerics {
		return nil, fmt.Errorf("%s was made with numerics %d and this runner has numerics %d: the same weights would predict something else; use the runner that made it", path, claimed.Numerics, lock.Numerics)
	}
	loaded, err := project.LockedRecipe(claimed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	place, err := project.OfLock(path, claimed, loaded, data)
	if err != nil {
		return nil, err
	}
	kept, err := project.OpenStore(place.Root, objects)
	if err != nil {
		return nil, err
	}
	return &Locked{
		Experiment: &Experiment{Loaded: loaded, Place: place, Store: kept, Progress: progress.Silent, Log: zerolog.Nop(), Finished: true, Offline: true},
		Lock:       claimed, Path: path,
	}, nil
}

// Weights returns the locked weights file: from beside the report, else from the
// store. Others than the locked ones are an error.
func (k *Locked) Weights() ([]byte, error) {
	return project.LockedWeights(k.Place.Model(k.Recipe.Name, ""), k.Lock.Model.Weights, k.Store)
}

// Model returns the locked model.
func (k *Locked) Model() (*model.Model, error) {
	file, err := k.Weights()
	if err != nil {
		return nil, err
	}
	return k.model(file)
}

// line returns one whose recipe is that of the locked network: of a sweep, the winner's. It
// has no inputs.
func (k *Locked) line() (*line, error) {
	l := newLine(k.Experiment)
	l.found = k.Lock.Sweep
	return l, l.follow()
}

// model builds the model from its file of weights.
func (k *Locked) model(file []byte) (*model.Model, error) {
	l, err := k.line()
	if err != nil {
		return nil, err
	}
	return model.New(l.Loaded, file)
}

// Calibrate finds out how wide the intervals of a regression's predictions are,
// from the predictions that the run left in the store. An error says why that
// cannot be known here.
func (k *Locked) Calibrate(m *model.Model, level float64) (*evaluate.Calibration, error) {
	if k.classifies() {
		return nil, errors.New("a class has a probability in place of an interval")
	}
	_, evaluation := Recall(k.Store, k.Lock)
	if evaluation == nil {
		return nil, errors.New("the run's predictions, whose errors they are made of, are not in the store: apply or a pack brings them there")
	}
	return evaluation.Calibrate(level, m.Fitted.Scale)
}

// History is the locked training as a report shows it.
func (k *Locked) History() []report.Epoch { return history(k.Lock.Training, k.Lock.Model.Epoch) }

// Series are the locked run and its further trainings as a report shows them.
func (k *Locked) Series() []report.Series {
	own := lock.Run{Training: k.Lock.Training, Model: k.Lock.Model, Results: k.Lock.Results}
	return documentSeries(own, k.Lock.Runs, k.Lock.Spread, k.Recipe.Train.Seed)
}

// Pages returns the files of the locked report, by name: from the store or, where they
// are those that are locked, from the report's folder.
func (k *Locked) Pages() (map[string][]byte, error) {
	stored, err := k.storedPages()
	if err == nil {
		return stored, nil
	}
	if beside, locked := k.pagesBeside(); locked {
		return beside, nil
	}
	return nil, err
}

func (k *Locked) storedPages() (map[string][]byte, error) {
	missing := func(what string, err error) error {
		return fmt.Errorf("%s of %s is not in the store (%w); runner apply %s makes it anew", what, k.Path, err, k.Lock.Recipe.Path)
	}
	stage := k.Lock.Stage("report")
	if stage == nil {
		return nil, fmt.Errorf("%s has no report", k.Path)
	}
	data, err := k.Store.Get(stage.Output)
	if err != nil {
		return nil, missing("the report", err)
	}
	var pages Pages
	if err := json.Unmarshal(data, &pages); err != nil || pages.Digest != k.Lock.Report.Digest {
		return nil, fmt.Errorf("the store has another report than %s says", k.Path)
	}
	files := map[string][]byte{}
	for _, name := range report.Files() {
		object, made := pages.Files[name]
		if !made {
			continue
		}
		if files[name], err = k.Store.Get(object); err != nil {
			return nil, missing(name+" in the report", err)
		}
	}
	return files, nil
}

// pagesBeside returns the files in the report's folder, if they are those that are locked.
func (k *Locked) pagesBeside() (map[string][]byte, bool) {
	files, err := report.Read(func(file string) ([]byte, error) { return k.Place.ReadPage(k.Recipe.Name, file) })
	if err != nil {
		return nil, false
	}
	sum, err := report.Digest(files)
	return files, err == nil && sum == k.Lock.Report.Digest
}

// ReportIsLocked reports whether the files in the report's folder are those that are
// locked.
func (k *Locked) ReportIsLocked() bool {
	_, locked := k.pagesBeside()
	return locked
}

// Recall returns the ledger and the evaluation of the run that made a lock, each
// nil where the store does not have it.
func Recall(objects *store.Store, l *lock.Lock) (ledger *clean.Ledger, evaluation *evaluate.Evaluation) {
	read := func(name string, value any) bool {
		stage := l.Stage(name)
		return stage != nil && objects.Decode(stage.Output, value) == nil
	}
	ledger, evaluation = new(clean.Ledger), new(evaluate.Evaluation)
	if !read("clean", ledger) {
		ledger = nil
	}
	if !read("evaluate", evaluation) {
		evaluation = nil
	}
	return ledger, evaluation
}
