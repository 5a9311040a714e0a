package experiment

import (
	"errors"
	"io/fs"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/source"
	"biomass/runner/internal/transform"
)

// This file says what a walk found as a lock states it.

// lock states what the walk found. The git state is recorded once: it stays as
// it was while what is verified stays the same.
func (l *line) lock(old *lock.Lock) (*lock.Lock, error) {
	r := l.Recipe
	root, files := l.files.Root()
	dropped := map[string]int{}
	for _, c := range l.ledger.Counts {
		dropped[c.Rule] = c.N
	}
	k := &lock.Lock{
		Lock: lock.Format, Numerics: lock.Numerics,
		Recipe: lock.Recipe{Path: l.Place.Path, Digest: l.asked.Digest, Canonical: l.asked.Node()},
		Data: lock.Data{
			Table:  lock.Table{Path: r.Data.TablePath(), Digest: l.table.File, ReadAs: l.table.ReadAs, Rows: len(l.table.Rows), Canonical: l.canonical},
			Images: lock.Images{Path: r.Data.ImagesPath(), Digest: root, Files: files}, Weights: l.lockedWeights(),
		},
		Clean:    lock.Clean{Kept: len(l.ledger.Kept), Dropped: dropped, Ledger: l.ledger.Digest()},
		Split:    l.lockedSplit(),
		Sweep:    l.found,
		Features: lockedFeatures(l.fitted.Features),
		Stages:   l.lockedStages(),
		Training: l.trained.Epochs,
		Model:    l.lockedModel(),
		Results:  l.results(),
		Runs:     l.series.Runs, Spread: l.series.Spread, OutOfFold: l.series.OutOfFold,
		Report: lock.Report{Digest: l.pages.Digest},
	}
	var err error
	if k.Seal, err = k.Sum(); err != nil {
		return nil, err
	}
	if old != nil {
		differences, err := lock.Compare(old, k)
		if err != nil {
			return nil, err
		}
		if len(differences) == 0 {
			k.Recorded = old.Recorded
			return k, nil
		}
	}
	state := source.Inspect(l.Place.Root)
	k.Recorded = lock.Recorded{Commit: state.Commit, Dirty: state.Dirty, Patch: state.Patch, Unknown: state.Unknown}
	return k, nil
}

func (l *line) lockedSplit() lock.Split {
	return lock.Split{
		Train: len(l.split.Train), Validation: len(l.split.Validation), Test: len(l.split.Test),
		Groups: l.split.Groups, Digest: l.split.Digest(),
	}
}

func (l *line) lockedStages() []lock.Stage {
	var list []lock.Stage
	for _, s := range l.stages {
		list = append(list, lock.Stage{Name: s.name, Version: s.version, Key: l.keys[s.name], Output: l.outputs[s.name]})
	}
	return list
}

func (l *line) lockedModel() lock.Model {
	return lock.Model{Parameters: l.initial.Parameters, Weights: l.trained.Weights, Epoch: l.trained.Kept}
}

// results states the scores of each part that the kept epoch was not trained on.
func (l *line) results() map[string]lock.Score {
	if l.evaluation == nil {
		return nil
	}
	results := map[string]lock.Score{}
	for _, p := range l.evaluation.Parts {
		if p.Name == evaluate.Train || p.Scores == nil {
			continue
		}
		score := lock.Score{Photos: p.Scores.N}
		if p.Name == l.evaluation.Headline {
			score.Predictions = l.evaluation.PredictionsDigest()
		}
		if l.classifies() {
			score.Hits = l.hits(p)
		} else {
			score.Errors = l.errors(p)
		}
		results[p.Name] = score
	}
	return results
}

// errors states the scores of a regression on one part.
func (l *line) errors(p evaluate.Part) *lock.Errors {
	e := &lock.Errors{RMSE: p.Scores.RMSE, RMSEInterval: bounds(p), MSE: p.Scores.MSE, MAE: p.Scores.MAE, R2: p.Scores.R2, BaselineR2: map[string]float64{}}
	for _, b := range l.evaluation.Baselines {
		if s := b.On(p.Name); s != nil {
			e.BaselineR2[b.Name] = s.R2
		}
	}
	return e
}

// hits states the scores of a classification on one part.
func (l *line) hits(p evaluate.Part) *lock.Hits {
	h := &lock.Hits{
		Accuracy: p.Scores.Accuracy, AccuracyInterval: bounds(p), BalancedAccuracy: p.Scores.BalancedAccuracy,
		MacroF1: p.Scores.MacroF1, WeightedF1: p.Scores.WeightedF1, CrossEntropy: *p.Scores.CrossEntropy, BaselineAccuracy: map[string]float64{},
	}
	for _, b := range l.evaluation.Baselines {
		if s := b.On(p.Name); s != nil {
			h.BaselineAccuracy[b.Name] = s.Accuracy
		}
	}
	return h
}

// bounds are those of a part's interval, if it has one.
func bounds(p evaluate.Part) []float64 {
	if p.Interval == nil {
		return nil
	}
	return []float64{p.Interval.Low, p.Interval.High}
}

// lockedFeatures states what was fitted, nil where there is no second input.
func lockedFeatures(fitted []transform.Feature) (all []lock.Feature) {
	for _, feature := range fitted {
		all = append(all, lock.Feature(feature))
	}
	return all
}

// claimedFeatures takes what was fitted from a lock.
func claimedFeatures(k *lock.Lock) *transform.Fitted {
	fitted := &transform.Fitted{}
	for _, feature := range k.Features {
		fitted.Features = append(fitted.Features, transform.Feature(feature))
	}
	return fitted
}

// lockedWeights names the file in a lock.
func (l *line) lockedWeights() *lock.Weights {
	if l.weights == nil {
		return nil
	}
	return &lock.Weights{File: l.weights.name, Digest: l.weights.file}
}

// oldLock returns the lock that stands in the checkout, or nil.
func (e *Experiment) oldLock() (*lock.Lock, error) {
	old, err := lock.Read(e.Place.Lock(e.Recipe.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return old, err
}

// lockedStage returns what a lock says of a stage, nil where there is no lock.
func lockedStage(l *lock.Lock, name string) *lock.Stage {
	if l == nil {
		return nil
	}
	return l.Stage(name)
}

// run states what the line found, as a part of another one's lock.
func (l *line) run(name string) lock.Run {
	return lock.Run{
		Name: name, Split: l.lockedSplit(), Features: lockedFeatures(l.fitted.Features), Stages: l.lockedStages(),
		Training: l.trained.Epochs, Model: l.lockedModel(), Results: l.results(),
	}
}
