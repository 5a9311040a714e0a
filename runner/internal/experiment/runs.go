package experiment

import (
	"context"
	"fmt"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
)

// This file holds the stage runs: the trainings that a recipe asks for beside its own.
// Each is a line of its own over the same inputs, whose stages have the keys that they
// would have alone, so that nothing is trained twice and each can be verified like any
// other. What they share, pixels above all, is there already.

// Series is the output of the stage: all of it stands in the lock.
type Series struct {
	Runs   []lock.Run    `json:"runs"`
	Spread []lock.Spread `json:"spread"`
}

// asksRuns reports whether there is anything for the stage to do.
func asksRuns(l *line) bool { return len(l.Runs()) > 0 }

func runRuns(ctx context.Context, l *line) error {
	l.series, l.runs = Series{}, nil
	for i, run := range l.Runs() {
		v, err := l.variant(run)
		if err != nil {
			return err
		}
		if l.Claim != nil {
			if i >= len(l.Claim.Runs) {
				return fmt.Errorf("run %s: the lock has no training of it", run.Name)
			}
			v.Claim = &l.Claim.Runs[i]
		}
		if err := v.walk(ctx); err != nil {
			return fmt.Errorf("run %s: %w", run.Name, err)
		}
		l.series.Runs, l.runs = append(l.series.Runs, v.run(run.Name)), append(l.runs, v)
	}
	l.series.Spread = spread("seeds", append([]lock.Run{{Results: l.results()}}, l.series.Runs...))
	return nil
}

// variant returns the line of a run, over the inputs and the pixels of this one.
func (l *line) variant(run recipe.Run) (*line, error) {
	loaded, err := l.Variant(run)
	if err != nil {
		return nil, err
	}
	e := *l.Experiment
	e.Loaded, e.Claim, e.Witness = loaded, nil, nil
	e.Progress, e.Log = named{l.Progress, run.Name}, l.Log.With().Str("run", run.Name).Logger()
	return &line{
		Experiment: &e, keys: map[string]digest.Digest{}, outputs: map[string]digest.Digest{},
		stages: l.stages[:slices.IndexFunc(l.stages, func(s *stage) bool { return s.name == "runs" })],
		table:  l.table, classes: l.classes, files: l.files, weights: l.weights, photos: l.photos,
	}, nil
}

// named tells which run a task is of.
type named struct {
	progress.Reporter
	name string
}

func (n named) Start(name string, total int, unit string) progress.Task {
	return n.Reporter.Start(name+" "+n.name, total, unit)
}

// run states what the line found, as a part of another one's lock.
func (l *line) run(name string) lock.Run {
	return lock.Run{
		Name: name, Recipe: l.Digest, Split: l.lockedSplit(), Features: lockedFeatures(l.fitted.Features), Stages: l.lockedStages(),
		Training: l.trained.Epochs, Model: l.lockedModel(), Results: l.results(),
	}
}

// spread sums up what the results of runs differ in.
func spread(over string, runs []lock.Run) []lock.Spread {
	var all []lock.Spread
	for _, part := range []string{evaluate.Test, evaluate.Validation} {
		for i, figure := range runs[0].Results[part].Figures() {
			var values []float64
			for _, run := range runs {
				if figures := run.Results[part].Figures(); i < len(figures) {
					values = append(values, figures[i].Value)
				}
			}
			if len(values) == len(runs) {
				all = append(all, lock.Spread{Over: over, Runs: len(runs), Part: part, Figure: figure.Name, Mean: metric.Mean(values), Deviation: metric.SampleDeviation(values)})
			}
		}
	}
	return all
}

// seriesKept reports whether the weights of all runs are there.
func seriesKept(l *line) bool {
	return !slices.ContainsFunc(l.series.Runs, func(run lock.Run) bool {
		_, err := l.Store.Get(run.Model.Weights)
		return err != nil
	})
}
