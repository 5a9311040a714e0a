package experiment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
)

// This file holds the stage runs: the trainings that a recipe asks for beside its own.
// Each is a line of its own over the same inputs, whose stages have the keys that they
// would have alone, so that nothing is trained twice and each can be verified like any
// other. What they share, pixels above all, is there already.

// Series is the output of the stage: all of it stands in the lock.
type Series struct {
	Runs      []lock.Run      `json:"runs"`
	Spread    []lock.Spread   `json:"spread"`
	OutOfFold *lock.OutOfFold `json:"out_of_fold"`
}

// asksRuns reports whether there is anything for the stage to do.
func asksRuns(l *line) bool { return len(l.Runs()) > 0 }

func runRuns(ctx context.Context, l *line) error {
	var claims []Claim
	if l.Claim != nil {
		claims = l.Claim.Runs
	}
	var err error
	if l.runs, err = l.further(ctx, "run", l.Runs(), claims, l.variant); err != nil {
		return err
	}
	l.series = Series{}
	for i, run := range l.Runs() {
		l.series.Runs = append(l.series.Runs, l.runs[i].run(run.Name))
	}
	l.series.Spread = spreads(l.results(), l.series.Runs)
	predictions, err := l.outOfFold()
	if err != nil || predictions == nil {
		return err
	}
	judged := judge(predictions, l.classes)
	l.series.OutOfFold = &judged
	return nil
}

// further walks the lines of further trainings, one after the other, which branch makes.
// Where this line's training is claimed, theirs are.
func (l *line) further(ctx context.Context, what string, runs []recipe.Run, claims []Claim, branch func(recipe.Run) (*line, error)) ([]*line, error) {
	var all []*line
	for i, run := range runs {
		v, err := branch(run)
		if err != nil {
			return nil, err
		}
		if l.Claim != nil {
			if i >= len(claims) {
				return nil, fmt.Errorf("%s %s: the lock has no training of it", what, run.Name)
			}
			v.Claim = &claims[i]
		}
		if err := v.walk(ctx); err != nil {
			return nil, fmt.Errorf("%s %s (%s): %w", what, run.Name, strings.Join(run.Set, " "), err)
		}
		l.photos = v.photos // the next one need not load them
		all = append(all, v)
	}
	return all, nil
}

// variant returns the line of a run.
func (l *line) variant(run recipe.Run) (*line, error) { return l.branch(l.Loaded, run, "runs") }

// branch returns the line of a run of a recipe, over the inputs and the pixels of this one:
// its stages before end, but for the sweep.
func (l *line) branch(of *recipe.Loaded, run recipe.Run, end string) (*line, error) {
	loaded, err := of.Variant(run)
	if err != nil {
		return nil, err
	}
	e := *l.Experiment
	e.Loaded, e.Claim, e.Witness = loaded, nil, nil
	e.Progress, e.Log = named{l.Progress, run.Name}, l.Log.With().Str("run", run.Name).Logger()
	return &line{
		Experiment: &e, asked: loaded, keys: map[string]digest.Digest{}, outputs: map[string]digest.Digest{},
		stages: l.before(end), inputs: l.inputs, rows: rows{photos: l.photos},
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

// The kinds of runs: what those of a kind differ in.
const (
	seeds     = "seeds"
	folds     = "folds"     // with the first seed
	trainings = "trainings" // each fold with each seed
)

var kinds = []string{seeds, folds, trainings}

// ofKind returns the runs of a kind, by their names.
func ofKind(runs []lock.Run, kind string) []lock.Run {
	crossed := false
	list := slices.DeleteFunc(slices.Clone(runs), func(run lock.Run) bool {
		fold, _, both := strings.Cut(run.Name, "-seed-")
		crossed = crossed || both
		isFold := strings.HasPrefix(fold, "fold-")
		switch kind {
		case seeds:
			return !strings.HasPrefix(run.Name, "seed-")
		case folds:
			return !isFold || both
		}
		return !isFold
	})
	if kind == trainings && !crossed {
		return nil
	}
	return list
}

// spreads sums up each kind of runs, this line's own results among them.
func spreads(own map[string]lock.Score, runs []lock.Run) []lock.Spread {
	var all []lock.Spread
	for _, kind := range kinds {
		if list := ofKind(runs, kind); len(list) > 0 {
			all = append(all, spread(kind, append([]lock.Run{{Results: own}}, list...))...)
		}
	}
	return all
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

// seriesKept reports whether the weights and the predictions of all runs are there, and the
// states that this walk wants.
func seriesKept(l *line) bool {
	return !slices.ContainsFunc(l.series.Runs, func(run lock.Run) bool {
		_, err := l.Store.Get(run.Model.Weights)
		return err != nil || !l.Store.Has(run.Stage("evaluate").Output) || !l.statesKept(run)
	})
}

// statesKept reports whether the states that this walk wants of a training are there.
func (e *Experiment) statesKept(run lock.Run) bool {
	return checkpoint.Of(e.Store, run.Stage("train").Key).Complete(e.KeepEvery, len(run.Training))
}

// outOfFold returns the prediction of every photo that is in a fold, by the training with the
// first seed, in the order of the folds; nil where there are none.
func (l *line) outOfFold() ([]report.OutOfFold, error) {
	others := ofKind(l.series.Runs, folds)
	if len(others) == 0 {
		return nil, nil
	}
	var all []report.OutOfFold
	add := func(fold int, e *evaluate.Evaluation) {
		for _, p := range e.Of(evaluate.Validation) {
			all = append(all, report.OutOfFold{Fold: fold, Prediction: p})
		}
	}
	add(1, l.evaluation)
	for i, run := range others {
		data, err := l.Store.Get(run.Stage("evaluate").Output)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", run.Name, err)
		}
		e := new(evaluate.Evaluation)
		if err := json.Unmarshal(data, e); err != nil {
			return nil, fmt.Errorf("run %s: %w", run.Name, err)
		}
		add(i+2, e)
	}
	return all, nil
}

// judge scores the predictions of all folds together.
func judge(predictions []report.OutOfFold, classes []string) lock.OutOfFold {
	sum := digest.New("out of fold")
	var truth, predicted []float64
	for _, p := range predictions {
		sum.Int(int64(p.Fold)).Int(int64(p.Line)).String(p.Image).Float(p.True).Float(p.Predicted).Float(p.Probability)
		truth, predicted = append(truth, p.True), append(predicted, p.Predicted)
	}
	judged := lock.OutOfFold{Photos: len(predictions), Predictions: sum.Sum()}
	if classes == nil {
		judged.Figures = map[string]float64{"rmse": metric.RMSE(truth, predicted), "mae": metric.MAE(truth, predicted), "r2": metric.R2(truth, predicted)}
		return judged
	}
	index := func(values []float64) (indices []int) {
		for _, v := range values {
			indices = append(indices, int(v))
		}
		return indices
	}
	confusion := metric.NewConfusion(index(truth), index(predicted), len(classes))
	judged.Figures = map[string]float64{"accuracy": confusion.Accuracy(), "balanced_accuracy": confusion.BalancedAccuracy(), "macro_f1": confusion.MacroF1()}
	return judged
}
