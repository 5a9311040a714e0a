package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
)

// ledgerHead is how many dropped rows the report lists.
const ledgerHead = 20

// document gathers what the report shows. It holds nothing that could differ
// between two runs of the same line: no git state, time or machine.
func (l *line) document() (report.Document, error) {
	r := l.Recipe
	net, err := l.build()
	if err != nil {
		return report.Document{}, err
	}
	d := report.Document{
		Language: report.Language(r.Report.Language), Name: r.Name, RecipePath: l.Place.Path, Canonical: l.asked.Canonical, Plots: r.Report.Plots,
		Rate:       r.Train.Optimizer.Rate(),
		Evaluation: l.evaluation, Chosen: r.Train.Keep == "best",
		Cleaning: report.Cleaning{Rows: len(l.table.Rows), Kept: len(l.ledger.Kept)},
		Network:  r.Network.Backbone, Parameters: l.initial.Parameters, Trained: l.initial.Trained,
		Lock: fmt.Sprintf("lock/%s.lock.yaml", r.Name), Numerics: lock.Numerics,
	}
	d.Verify = "bin/runner verify " + d.Lock
	if d.Against, err = l.against(); err != nil {
		return d, err
	}
	if err := l.observe(&d); err != nil {
		return d, err
	}
	if t := l.initial.Taken; t != nil {
		d.Weights = &report.Weights{File: l.weights.name, ImageNet: r.Network.Weights.Kind == "imagenet", Loaded: len(t.Loaded), LeftOut: t.LeftOut, Missing: t.Missing}
	}
	for _, c := range l.ledger.Counts {
		d.Cleaning.Steps = append(d.Cleaning.Steps, report.Step{Rule: c.Rule, Dropped: c.N})
	}
	for _, row := range l.ledger.Dropped[:min(ledgerHead, len(l.ledger.Dropped))] {
		d.Cleaning.Head = append(d.Cleaning.Head, report.DroppedRow(row))
	}
	d.History = history(l.trained.Epochs, l.trained.Kept)
	for _, layer := range net.Layers() {
		d.Layers = append(d.Layers, report.Layer{
			Name: layer.Name, Kind: layer.Kind, Stage: layer.Stage, Parameters: layer.Parameters, MultiplyAdds: layer.MultiplyAdds, Trains: layer.Trains,
			Shape: fmt.Sprintf("%d × %d × %d", layer.Output.Height, layer.Output.Width, layer.Output.Channels),
		})
	}
	if len(r.Transform.Augment) > 0 {
		if d.Augmented, err = l.augmented(reportRows, reportEpochs); err != nil {
			return d, err
		}
	}
	d.Sweep, d.Series, d.Leakage = l.documentSweep(), documentSeries(l.run(""), l.series.Runs, l.series.Spread, l.Recipe.Train.Seed), l.documentLeakage()
	if d.Folds, err = l.documentFolds(); err != nil {
		return report.Document{}, err
	}
	d.Digests = l.documentDigests()
	return d, nil
}

// documentDigests are what the report shows of inputs and results.
func (l *line) documentDigests() []report.NamedDigest {
	root, _ := l.files.Root()
	all := []report.NamedDigest{{Name: "recipe", Digest: l.asked.Digest}, {Name: "table", Digest: l.table.File}, {Name: "pictures", Digest: root}}
	if l.weights != nil {
		all = append(all, report.NamedDigest{Name: "weights_before", Digest: l.weights.file})
	}
	return append(all,
		report.NamedDigest{Name: "split", Digest: l.split.Digest()},
		report.NamedDigest{Name: "weights", Digest: l.trained.Weights},
		report.NamedDigest{Name: "predictions", Digest: l.evaluation.PredictionsDigest()},
	)
}

// documentSweep is what was tried, as the report shows it.
func (l *line) documentSweep() *report.Sweep {
	if l.found == nil {
		return nil
	}
	s := &report.Sweep{On: l.found.On, Drawn: l.asked.Sweep.Draw > 0}
	for _, v := range l.found.Variants {
		s.Variants = append(s.Variants, report.Variant{
			Name: v.Name, Set: v.Set, Epochs: len(v.Training), Kept: v.Model.Epoch, Score: v.Kept().Measure(s.On), Won: v.Name == l.found.Winner,
		})
	}
	return s
}

// history is a training as the report shows it.
func history(epochs []lock.Epoch, kept int) []report.Epoch {
	var all []report.Epoch
	for _, e := range epochs {
		all = append(all, report.Epoch{
			Epoch: e.Epoch, TrainLoss: e.TrainLoss, ValidationLoss: e.ValidationLoss, ValidationRMSE: measured(e.ValidationRMSE),
			ValidationAccuracy: measured(e.ValidationAccuracy), ValidationMacroF1: measured(e.ValidationMacroF1), Rate: measured(e.Rate), Kept: e.Epoch == kept,
		})
	}
	return all
}

// documentSeries are the runs as the report shows them, a training's own first.
func documentSeries(own lock.Run, further []lock.Run, spread []lock.Spread, seed uint64) []report.Series {
	first := strconv.FormatUint(seed, 10)
	var all []report.Series
	for _, kind := range kinds {
		runs := ofKind(further, kind)
		if len(runs) == 0 {
			continue
		}
		s := report.Series{Over: kind}
		for _, c := range spread {
			if c.Over == kind {
				s.Columns = append(s.Columns, report.SeriesColumn{Part: c.Part, Figure: c.Figure, Mean: c.Mean, Deviation: c.Deviation})
			}
		}
		own.Name = "fold-1"
		if kind == seeds {
			own.Name = "seed-" + first
		}
		for _, run := range append([]lock.Run{own}, runs...) {
			fold, seed, crossed := strings.Cut(run.Name, "-seed-")
			shown := report.SeriesRun{Name: fold[strings.IndexByte(fold, '-')+1:], Epochs: len(run.Training), Kept: run.Model.Epoch}
			if !crossed {
				seed = first
			}
			if kind == trainings {
				shown.Name += ", " + seed
			}
			for _, c := range s.Columns {
				shown.Values = append(shown.Values, run.Results[c.Part].Figure(c.Figure))
			}
			s.Runs = append(s.Runs, shown)
		}
		all = append(all, s)
	}
	return all
}

// documentFolds are the predictions of all folds; nil without folds.
func (l *line) documentFolds() (*report.Folds, error) {
	predictions, err := l.outOfFold()
	if err != nil || predictions == nil {
		return nil, err
	}
	return &report.Folds{Figures: l.series.OutOfFold.Figures, Predictions: predictions}, nil
}

// documentLeakage compares the result with that on a random split; nil where it is not asked
// for.
func (l *line) documentLeakage() *report.Leakage {
	i := slices.IndexFunc(l.series.Runs, func(run lock.Run) bool { return run.Name == recipe.Leaking })
	if i < 0 {
		return nil
	}
	part := l.evaluation.Headline
	leakage := &report.Leakage{By: l.Recipe.Split.By, Part: part}
	random := l.series.Runs[i].Results[part]
	for _, f := range l.results()[part].Figures() {
		leakage.Figures = append(leakage.Figures, report.Gap{Figure: f.Name, Own: f.Value, Random: random.Figure(f.Name)})
	}
	return leakage
}

// measured is a score, or 0 where the task or an empty validation part has none.
func measured(score *float64) float64 {
	if score == nil {
		return 0
	}
	return *score
}
