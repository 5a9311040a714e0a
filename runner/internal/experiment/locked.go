package experiment

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/model"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
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
