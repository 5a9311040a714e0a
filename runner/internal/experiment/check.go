package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	all, err := l.contradictions(ctx, k)
	if err != nil {
		return nil, err
	}
	runs, err := l.otherRuns(ctx, k)
	return slices.Concat(all, runs, otherOutputs(k)), err
}

// otherOutputs returns where stages that were asked the same are said to have given
// something else: a sweep's winner is the lock's own training, say.
func otherOutputs(k *lock.Lock) []lock.Difference {
	outputs := map[digest.Digest]digest.Digest{} // by key
	var all []lock.Difference
	look := func(path string, list []lock.Stage) {
		for _, s := range list {
			if first, ok := outputs[s.Key]; !ok {
				outputs[s.Key] = s.Output
			} else if first != s.Output {
				all = append(all, lock.Difference{Path: path + s.Name, A: s.Output.String(), B: first.String()})
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

// otherVariants does the same for what the sweep tried. Where it finds anything, it is not
// known which recipe the rest is of.
func (l *line) otherVariants(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	if !asksSweep(l) || k.Sweep == nil {
		if asksSweep(l) != (k.Sweep != nil) {
			return []lock.Difference{{Path: "sweep", A: fmt.Sprint(k.Sweep != nil), B: fmt.Sprint(asksSweep(l))}}, nil
		}
		return nil, nil
	}
	all, err := l.others(ctx, "sweep.variants", k, l.asked.Variants(), k.Sweep.Variants, l.tried)
	if err != nil || len(all) > 0 {
		return all, err
	}
	for i, run := range l.asked.Variants() {
		if claimed := k.Sweep.Variants[i].Set; !slices.Equal(claimed, run.Set) {
			all = append(all, lock.Difference{Path: fmt.Sprintf("sweep.variants[%s].set", run.Name), A: fmt.Sprint(claimed), B: fmt.Sprint(run.Set)})
		}
	}
	follows := lock.Sweep{On: l.asked.Sweep.On, Variants: k.Sweep.Variants}
	if k.Sweep.On != follows.On {
		all = append(all, lock.Difference{Path: "sweep.on", A: k.Sweep.On, B: follows.On})
	}
	if winner := best(follows); k.Sweep.Winner != winner {
		all = append(all, lock.Difference{Path: "sweep.winner", A: k.Sweep.Winner, B: winner})
	}
	return all, nil
}

// otherRuns does the same for the runs.
func (l *line) otherRuns(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	all, err := l.others(ctx, "runs", k, l.Runs(), k.Runs, l.variant)
	if err != nil || len(k.Runs) == 0 {
		return all, err
	}
	follows := spreads(k.Results, k.Runs)
	if !slices.Equal(follows, k.Spread) {
		all = append(all, lock.Difference{Path: "spread", A: fmt.Sprint(k.Spread), B: fmt.Sprint(follows)})
	}
	if others := ofKind(k.Runs, folds); len(others) > 0 && k.OutOfFold != nil {
		rows := k.Split.Validation
		for _, run := range others {
			rows += run.Split.Validation
		}
		if rows != k.OutOfFold.Photos {
			all = append(all, lock.Difference{Path: "out_of_fold.photos", A: fmt.Sprint(k.OutOfFold.Photos), B: fmt.Sprint(rows)})
		}
	}
	return all, nil
}

// others are the contradictions of other trainings in a lock, whose lines branch makes.
func (l *line) others(ctx context.Context, path string, k *lock.Lock, wanted []recipe.Run, locked []lock.Run, branch func(recipe.Run) (*line, error)) ([]lock.Difference, error) {
	var want, have []string
	for _, run := range wanted {
		want = append(want, run.Name)
	}
	for _, run := range locked {
		have = append(have, run.Name)
	}
	if !slices.Equal(want, have) {
		return []lock.Difference{{Path: path, A: fmt.Sprint(have), B: fmt.Sprint(want)}}, nil
	}
	var all []lock.Difference
	for i, run := range wanted {
		v, err := branch(run)
		if err != nil {
			return nil, err
		}
		claimed := locked[i]
		differences, err := v.contradictions(ctx, &lock.Lock{
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

// contradictions are those of one line.
func (l *line) contradictions(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	l.canonical = k.Data.Table.Canonical
	l.fitted = claimedFeatures(k)
	l.trained = Trained{Epochs: k.Training, Kept: k.Model.Epoch, Weights: k.Model.Weights}
	if len(k.Stages) != len(l.stages) {
		return nil, fmt.Errorf("%w: it has %d stages, this one %d", ErrOtherStages, len(k.Stages), len(l.stages))
	}
	for i, s := range l.stages {
		if k.Stages[i].Name != s.name || k.Stages[i].Version != s.version {
			return nil, fmt.Errorf("%w: its stage %d is %s %d, here it is %s %d", ErrOtherStages, i+1, k.Stages[i].Name, k.Stages[i].Version, s.name, s.version)
		}
	}
	for i := range l.fitted.Features {
		if err := l.fitted.Features[i].Valid(); err != nil {
			return nil, fmt.Errorf("features: %w", err)
		}
	}
	all := l.sums(k)
	differ := func(path string, locked, follows any) {
		if a, b := fmt.Sprint(locked), fmt.Sprint(follows); a != b {
			all = append(all, lock.Difference{Path: path, A: a, B: b})
		}
	}
	for i, s := range l.stages {
		locked := k.Stages[i]
		outputs := !l.classifies() || len(l.classes) > 0 // else only the table says how many the network has
		if s.follows&followsKey != 0 && (outputs || s.name != "sweep" && s.name != "network" && s.name != "train") {
			key, _ := l.key(s)
			differ(fmt.Sprintf("stages[%s].key", s.name), locked.Key, key)
		}
		l.outputs[s.name] = locked.Output
		if s.follows&followsOutput == 0 {
			continue
		}
		if s.name == "network" {
			if !outputs {
				continue
			}
			if l.weights != nil { // what the network begins with does not follow from the lock
				net, err := l.build()
				if err != nil {
					return nil, err
				}
				differ("model.parameters", k.Model.Parameters, net.Count())
				continue
			}
			if err := s.run(ctx, l); err != nil {
				return nil, err
			}
			differ("model.parameters", k.Model.Parameters, l.initial.Parameters)
			if key, ok := l.key(s); ok { // so that a walk does not initialise it again
				if _, err := l.keep(s.name, key, l.initial); err != nil {
					return nil, err
				}
			}
		}
		data, err := json.Marshal(s.output(l))
		if err != nil {
			return nil, err
		}
		differ(fmt.Sprintf("stages[%s].output", s.name), locked.Output, digest.Of(data))
	}
	return all, nil
}

// OtherFigures returns where a report beside a lock, if there is one, states other results.
func (p Place) OtherFigures(recipe string, k *lock.Lock) ([]lock.Difference, error) {
	text, err := p.page(recipe, report.MetricsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
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
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, fmt.Errorf("%s: %w", report.MetricsFile, err)
	}
	var all []lock.Difference
	differ := func(path string, locked float64, found any) {
		if found != nil && found != locked {
			all = append(all, lock.Difference{Path: path, A: fmt.Sprint(locked), B: fmt.Sprint(found)})
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
			differ(path+f.Name, f.Value, part.Scores[f.Name])
		}
		if ends := score.Interval(); part.Interval != nil && len(figures) > 0 && !slices.Equal(ends, []float64{part.Interval.Low, part.Interval.High}) {
			all = append(all, lock.Difference{Path: path + figures[0].Name + "_interval", A: fmt.Sprint(ends), B: fmt.Sprint(*part.Interval)})
		}
		kind := "r2"
		if score.Hits != nil {
			kind = "accuracy"
		}
		for _, b := range said.Baselines {
			beside := map[string]scores{evaluate.Validation: b.Validation, evaluate.Test: b.Test}[part.Name]
			if value, ok := score.Baselines()[b.Name]; ok {
				differ(path+"baseline_"+kind+"."+b.Name, value, beside[kind])
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
func (e *Experiment) sums(k *lock.Lock) []lock.Difference {
	var all []lock.Difference
	differ := func(path string, locked, follows int) {
		if locked != follows {
			all = append(all, lock.Difference{Path: path, A: fmt.Sprint(locked), B: fmt.Sprint(follows)})
		}
	}
	for _, path := range []struct{ key, locked, follows string }{
		{"data.table.path", k.Data.Table.Path, tablePath(e.Recipe.Data)}, {"data.images.path", k.Data.Images.Path, imagesPath(e.Recipe.Data)},
	} {
		if path.locked != path.follows {
			all = append(all, lock.Difference{Path: path.key, A: path.locked, B: path.follows})
		}
	}
	var columns []string
	for _, feature := range k.Features {
		columns = append(columns, feature.Column)
	}
	if names := e.featureNames(); !slices.Equal(columns, names) {
		all = append(all, lock.Difference{Path: "features", A: strings.Join(columns, ", "), B: strings.Join(names, ", ")})
	}
	rows := k.Clean.Kept
	for _, n := range k.Clean.Dropped {
		rows += n
	}
	differ("data.table.rows", k.Data.Table.Rows, rows)
	differ("clean.kept", k.Clean.Kept, k.Split.Train+k.Split.Validation+k.Split.Test)
	for _, part := range []struct {
		name string
		rows int
	}{{evaluate.Validation, k.Split.Validation}, {evaluate.Test, k.Split.Test}} {
		if score, ok := k.Results[part.name]; ok {
			differ("results."+part.name+".photos", score.Photos, part.rows)
			for _, f := range stated(score) {
				if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
					all = append(all, lock.Difference{Path: "results." + part.name + "." + f.Name, A: fmt.Sprint(f.Value), B: "a number"})
				}
			}
		}
	}
	history := make([]train.Epoch, len(k.Training))
	for i, epoch := range k.Training {
		differ(fmt.Sprintf("training[%d].epoch", i), epoch.Epoch, i+1)
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
		all = append(all, lock.Difference{Path: "training", A: fmt.Sprintf("an end after epoch %d", len(history)), B: follows})
	}
	differ("model.epoch", k.Model.Epoch, kept)
	return all
}

// maxPage is what no file of a report exceeds, in bytes.
const maxPage = 64 << 20

// Pages returns the digest of the files of a recipe's report, and those of
// each; none are there when the map is empty. The ends of lines do not count:
// git may have changed them.
func (p Place) Pages(recipe string) (digest.Digest, map[string]digest.Digest, error) {
	files, pages := map[string][]byte{}, map[string]digest.Digest{}
	for _, name := range report.Files() {
		data, err := p.page(recipe, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return digest.Digest{}, nil, err
		}
		if !strings.HasSuffix(name, ".png") {
			data = []byte(strings.ReplaceAll(string(data), "\r\n", "\n"))
		}
		files[name] = data
		if pages[name], err = report.Digest(map[string][]byte{name: data}); err != nil {
			return digest.Digest{}, nil, err
		}
	}
	all, err := report.Digest(files)
	return all, pages, err
}

// PageDigests returns the digests of the files of the report, as Place.Pages does.
func (r *Replayed) PageDigests() (map[string]digest.Digest, error) {
	pages := map[string]digest.Digest{}
	for name, object := range r.Pages {
		data, err := r.line.Store.Get(object)
		if err != nil {
			return nil, err
		}
		if pages[name], err = report.Digest(map[string][]byte{name: data}); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// page reads a file of a report that somebody else may have written.
func (p Place) page(recipe, name string) ([]byte, error) {
	return p.read(reportOf(recipe)+"/"+name, maxPage)
}
