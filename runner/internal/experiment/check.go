package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
)

// ErrOtherStages says that a lock was made by a runner whose stages are others.
var ErrOtherStages = errors.New("the lock was made by another version of runner")

// contradictions collects where a lock says something else than what follows from it.
type contradictions []lock.Difference

func (c *contradictions) add(path string, locked, follows any) {
	*c = append(*c, lock.Difference{Path: path, A: fmt.Sprint(locked), B: fmt.Sprint(follows)})
}

// compare adds two figures, texts or digests that are not the same.
func (c *contradictions) compare(path string, locked, follows any) {
	if locked != follows {
		c.add(path, locked, follows)
	}
}

// Contradictions returns where a lock cannot be true whatever the data are,
// nearest to the cause first: sums that do not add up, and keys and outputs of
// stages that do not follow from what else the lock says. It initialises the
// network, and trains nothing.
func (e *Experiment) Contradictions(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	l := newLine(e)
	l.table = &table.Table{File: k.Data.Table.Digest, ReadAs: k.Data.Table.ReadAs}
	l.classes = e.Recipe.Data.Classes
	l.series, l.found = Series{Runs: k.Runs, Spread: k.Spread, OutOfFold: k.OutOfFold}, k.Sweep
	if e.Recipe.Network.Weights.Given() {
		if k.Data.Weights == nil {
			return []lock.Difference{{Path: "data.weights", A: "none", B: "a file, as network.weights says"}}, nil
		}
		l.weights = &pretrained{name: k.Data.Weights.File, file: k.Data.Weights.Digest}
	}
	tried, err := l.otherVariants(ctx, k)
	if err != nil || len(tried) > 0 {
		return tried, err
	}
	if err := l.follow(); err != nil {
		return nil, err
	}
	all, err := l.check(ctx, k)
	if err != nil {
		return nil, err
	}
	runs, err := l.otherRuns(ctx, k)
	return slices.Concat(all, runs, otherOutputs(k)), err
}

// otherOutputs returns where stages that were asked the same are said to have given
// something else: a sweep's winner is the lock's own training, say.
func otherOutputs(k *lock.Lock) (all contradictions) {
	outputs := map[digest.Digest]digest.Digest{} // by key
	look := func(path string, list []lock.Stage) {
		for _, s := range list {
			if first, ok := outputs[s.Key]; ok {
				all.compare(path+s.Name, s.Output, first)
			} else {
				outputs[s.Key] = s.Output
			}
		}
	}
	look("", k.Stages)
	for _, run := range k.Runs {
		look("runs["+run.Name+"].", run.Stages)
	}
	if k.Sweep != nil {
		for _, variant := range k.Sweep.Variants {
			look("sweep.variants["+variant.Name+"].", variant.Stages)
		}
	}
	return all
}

// otherVariants returns the contradictions in what the sweep tried. Where there are any, it
// is not known which recipe the rest of the lock is of.
func (l *line) otherVariants(ctx context.Context, k *lock.Lock) (all contradictions, err error) {
	if all.compare("sweep", k.Sweep != nil, asksSweep(l)); k.Sweep == nil || len(all) > 0 {
		return all, nil
	}
	wanted := l.asked.Variants()
	all, err = l.others(ctx, "sweep.variants", k, wanted, k.Sweep.Variants, l.tried)
	if err != nil || len(all) > 0 {
		return all, err
	}
	for i, run := range wanted {
		if claimed := k.Sweep.Variants[i].Set; !slices.Equal(claimed, run.Set) {
			all.add(fmt.Sprintf("sweep.variants[%s].set", run.Name), claimed, run.Set)
		}
	}
	follows := lock.Sweep{On: l.asked.Sweep.On, Variants: k.Sweep.Variants}
	all.compare("sweep.on", k.Sweep.On, follows.On)
	all.compare("sweep.winner", k.Sweep.Winner, best(follows))
	return all, nil
}

// otherRuns returns the contradictions in the runs.
func (l *line) otherRuns(ctx context.Context, k *lock.Lock) (contradictions, error) {
	all, err := l.others(ctx, "runs", k, l.Runs(), k.Runs, l.variant)
	if err != nil || len(k.Runs) == 0 {
		return all, err
	}
	if follows := spreads(k.Results, k.Runs); !slices.Equal(follows, k.Spread) {
		all.add("spread", k.Spread, follows)
	}
	if others := ofKind(k.Runs, folds); len(others) > 0 && k.OutOfFold != nil {
		rows := k.Split.Validation
		for _, run := range others {
			rows += run.Split.Validation
		}
		all.compare("out_of_fold.photos", k.OutOfFold.Photos, rows)
	}
	return all, nil
}

// others are the contradictions of other trainings in a lock, whose lines branch makes.
func (l *line) others(ctx context.Context, path string, k *lock.Lock, wanted []recipe.Run, locked []lock.Run, branch func(recipe.Run) (*line, error)) (all contradictions, err error) {
	var want, have []string
	for _, run := range wanted {
		want = append(want, run.Name)
	}
	for _, run := range locked {
		have = append(have, run.Name)
	}
	if !slices.Equal(want, have) {
		all.add(path, have, want)
		return all, nil
	}
	for i, run := range wanted {
		v, err := branch(run)
		if err != nil {
			return nil, err
		}
		claimed := locked[i]
		differences, err := v.check(ctx, &lock.Lock{
			Data: k.Data, Clean: k.Clean, Split: claimed.Split, Features: claimed.Features, Stages: claimed.Stages, Training: claimed.Training, Model: claimed.Model, Results: claimed.Results,
		})
		if err != nil {
			return nil, err
		}
		for _, d := range differences {
			d.Path = fmt.Sprintf("%s[%s].%s", path, run.Name, d.Path)
			all = append(all, d)
		}
	}
	return all, nil
}

// check returns the contradictions of one line.
func (l *line) check(ctx context.Context, k *lock.Lock) (contradictions, error) {
	l.canonical = k.Data.Table.Canonical
	l.fitted = claimedFeatures(k)
	l.trained = Trained{Epochs: k.Training, Kept: k.Model.Epoch, Weights: k.Model.Weights}
	if err := l.sameStages(k); err != nil {
		return nil, err
	}
	for i := range l.fitted.Features {
		if err := l.fitted.Features[i].Valid(); err != nil {
			return nil, fmt.Errorf("features: %w", err)
		}
	}
	all := l.sums(k)
	for i, s := range l.stages {
		if err := l.checkStage(ctx, &all, s, k.Stages[i], k.Model.Parameters); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sameStages refuses a lock of other stages than the line's.
func (l *line) sameStages(k *lock.Lock) error {
	if len(k.Stages) != len(l.stages) {
		return fmt.Errorf("%w: it has %d stages, this one %d", ErrOtherStages, len(k.Stages), len(l.stages))
	}
	for i, s := range l.stages {
		if k.Stages[i].Name != s.name || k.Stages[i].Version != s.version {
			return fmt.Errorf("%w: its stage %d is %s %d, here it is %s %d", ErrOtherStages, i+1, k.Stages[i].Name, k.Stages[i].Version, s.name, s.version)
		}
	}
	return nil
}

// checkStage checks what of a stage follows from the lock: its key, its output, and of the
// network how many parameters it has.
func (l *line) checkStage(ctx context.Context, all *contradictions, s *stage, locked lock.Stage, parameters int) error {
	if s.follows&followsKey != 0 && (l.outputsKnown() || s.name != "sweep" && s.name != "network" && s.name != "train") {
		key, _ := l.key(s)
		all.compare(fmt.Sprintf("stages[%s].key", s.name), locked.Key, key)
	}
	l.outputs[s.name] = locked.Output
	if s.follows&followsOutput == 0 {
		return nil
	}
	if s.name == "network" {
		if follows, err := l.checkNetwork(ctx, all, s, parameters); !follows || err != nil {
			return err
		}
	}
	data, err := json.Marshal(s.output(l))
	if err != nil {
		return err
	}
	all.compare(fmt.Sprintf("stages[%s].output", s.name), locked.Output, digest.Of(data))
	return nil
}

// checkNetwork initialises the network, and reports whether the numbers that it begins with
// follow from the lock.
func (l *line) checkNetwork(ctx context.Context, all *contradictions, s *stage, parameters int) (follows bool, err error) {
	switch {
	case !l.outputsKnown():
		return false, nil
	case l.weights != nil: // they are in a file
		net, err := l.build()
		if err == nil {
			all.compare("model.parameters", parameters, net.Count())
		}
		return false, err
	}
	if err := s.run(ctx, l); err != nil {
		return false, err
	}
	all.compare("model.parameters", parameters, l.initial.Parameters)
	if key, ok := l.key(s); ok { // so that a walk does not initialise it again
		_, err = l.Store.Keep(s.name, key, l.initial)
	}
	return true, err
}

// outputsKnown reports whether recipe and lock say how many outputs the network has; else
// only the table does.
func (l *line) outputsKnown() bool { return !l.classifies() || len(l.classes) > 0 }

// OtherFigures returns where the figures of a report, its file for programs, are not a
// lock's results.
func OtherFigures(metrics []byte, k *lock.Lock) ([]lock.Difference, error) {
	type scores map[string]any // figures, and other things beside them
	var said struct {
		Parts []struct {
			Name     string
			Scores   scores
			Interval *struct{ Low, High float64 }
		}
		Baselines []struct {
			Name             string
			Validation, Test scores
		}
	}
	if err := json.Unmarshal(metrics, &said); err != nil {
		return nil, fmt.Errorf("%s: %w", report.MetricsFile, err)
	}
	var all contradictions
	compare := func(path string, locked float64, found any) {
		if found != nil {
			all.compare(path, locked, found)
		}
	}
	for _, part := range said.Parts {
		score, locked := k.Results[part.Name]
		if !locked {
			continue
		}
		path := "results." + part.Name + "."
		figures := stated(score)
		for _, f := range figures {
			compare(path+f.Name, f.Value, part.Scores[f.Name])
		}
		if ends := score.Interval(); part.Interval != nil && len(figures) > 0 && !slices.Equal(ends, []float64{part.Interval.Low, part.Interval.High}) {
			all.add(path+figures[0].Name+"_interval", ends, *part.Interval)
		}
		kind := "r2"
		if score.Hits != nil {
			kind = "accuracy"
		}
		for _, b := range said.Baselines {
			beside := map[string]scores{evaluate.Validation: b.Validation, evaluate.Test: b.Test}[part.Name]
			if value, ok := score.Baselines()[b.Name]; ok {
				compare(path+"baseline_"+kind+"."+b.Name, value, beside[kind])
			}
		}
	}
	return all, nil
}

// stated lists all figures of a score, the one that it is known by first.
func stated(s lock.Score) []lock.Figure {
	switch {
	case s.Errors != nil:
		return append(s.Figures(), lock.Figure{Name: "mse", Value: s.MSE})
	case s.Hits != nil:
		return append(s.Figures(), lock.Figure{Name: "weighted_f1", Value: s.WeightedF1})
	}
	return nil
}

// sums checks that the counts of a lock add up, and that the training ended and
// the kept epoch was chosen by its history as the recipe says.
func (e *Experiment) sums(k *lock.Lock) (all contradictions) {
	all.compare("data.table.path", k.Data.Table.Path, e.Recipe.Data.TablePath())
	all.compare("data.images.path", k.Data.Images.Path, e.Recipe.Data.ImagesPath())
	var columns []string
	for _, feature := range k.Features {
		columns = append(columns, feature.Column)
	}
	if names := e.Recipe.Data.FeatureNames(); !slices.Equal(columns, names) {
		all.add("features", strings.Join(columns, ", "), strings.Join(names, ", "))
	}
	rows := k.Clean.Kept
	for _, n := range k.Clean.Dropped {
		rows += n
	}
	all.compare("data.table.rows", k.Data.Table.Rows, rows)
	all.compare("clean.kept", k.Clean.Kept, k.Split.Train+k.Split.Validation+k.Split.Test)
	if score, ok := k.Results[evaluate.Validation]; ok {
		all.compare("results.validation.photos", score.Photos, k.Split.Validation)
	}
	if score, ok := k.Results[evaluate.Test]; ok {
		all.compare("results.test.photos", score.Photos, k.Split.Test)
	}
	for _, part := range []string{evaluate.Validation, evaluate.Test} {
		for _, f := range stated(k.Results[part]) {
			if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
				all.add("results."+part+"."+f.Name, f.Value, "a number")
			}
		}
	}
	history := make([]train.Epoch, len(k.Training))
	for i, epoch := range k.Training {
		all.compare(fmt.Sprintf("training[%d].epoch", i), epoch.Epoch, i+1)
		history[i] = train.Epoch(epoch)
	}
	end, kept := train.Outcome(e.Recipe.Train, history)
	if end != len(history) || end == 0 {
		follows := fmt.Sprintf("an end after epoch %d", end)
		if end == 0 {
			follows = fmt.Sprintf("no end before epoch %d", e.Recipe.Train.Epochs)
			if e.Recipe.Train.Stop.Patience > 0 {
				follows += ", or where train.stop ends it"
			}
		}
		all.add("training", fmt.Sprintf("an end after epoch %d", len(history)), follows)
	}
	all.compare("model.epoch", k.Model.Epoch, kept)
	return all
}
