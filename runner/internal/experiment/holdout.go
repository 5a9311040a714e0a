package experiment

import (
	"context"
	"fmt"
	"os"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
)

// Holdout is a test set that no recipe knows of: a table of labels, and the folder
// of the photos that it names. Which columns count, each recipe says for itself.
type Holdout struct{ Table, Images string }

// Check finds out before any work that this is no test set.
func (h Holdout) Check() error {
	if _, err := table.Read(h.Table, recipe.Data{}); err != nil {
		return fmt.Errorf("the holdout: %w", err)
	}
	entries, err := os.ReadDir(h.Images)
	if err == nil && len(entries) == 0 {
		err = fmt.Errorf("%s is empty", h.Images)
	}
	if err != nil {
		return fmt.Errorf("the photos of the holdout: %w: name their folder with --holdout-images", err)
	}
	return nil
}

// Held is how a model does on a holdout.
type Held struct {
	Target string  `json:"target"` // the column
	Metric string  `json:"metric"` // rmse, or accuracy
	Value  float64 `json:"value"`
	Photos int     `json:"photos"` // that were judged
	// Dropped counts the rows that cannot be judged, by what they lack.
	Dropped []clean.Count    `json:"dropped"`
	Scores  *evaluate.Scores `json:"scores"`
}

// judgeable are the only rules of cleaning that a holdout knows: a recipe's own
// could drop what its network finds hard.
var judgeable = []recipe.Rule{{Drop: recipe.Drop{Kind: clean.MissingTarget}}, {Drop: recipe.Drop{Kind: clean.MissingImage}}, {Drop: recipe.Drop{Kind: clean.UnreadableImage}}}

// HoldOut judges the model in a file of weights on a holdout, as the recipe says:
// its columns, what counts as missing, its pictures, its network. What was fitted
// on training rows stands in the file itself.
func (e *Experiment) HoldOut(ctx context.Context, file []byte, h Holdout) (*Held, error) {
	model, err := NewModel(e.Loaded, file)
	if err != nil {
		return nil, err
	}
	l := &line{Experiment: e, classes: model.Classes, fitted: model.Fitted}
	if err := l.readHoldout(ctx, h); err != nil {
		return nil, err
	}
	return l.judgeHoldout(model.Network)
}

// readHoldout does for a holdout what the stages table, picture and clean do.
func (l *line) readHoldout(ctx context.Context, h Holdout) error {
	data := l.Recipe.Data
	data.Sheet = "" // the name of another file's sheet
	var err error
	if l.table, err = table.Read(h.Table, data); err != nil {
		return err
	}
	for _, use := range []struct{ key, column string }{{"data.image", data.Image}, {"data.target", data.Target}} {
		if _, err := l.table.Column(use.column); err != nil {
			return fmt.Errorf("%s: %w", use.key, err)
		}
	}
	targets, err := l.targets()
	if err != nil {
		return err
	}
	names, err := l.table.Strings(data.Image)
	if err != nil {
		return err
	}
	task := l.Progress.Start("holdout", 2*len(names), "photos") // hashed, then decoded
	defer task.Done()
	if l.catalogue, err = picture.Hash(ctx, h.Images, names, nil, task); err != nil {
		return err
	}
	if err := picture.Decode(ctx, l.catalogue, h.Images, l.Recipe.Picture, l.Store, task); err != nil {
		return err
	}
	l.ledger, err = clean.Apply(judgeable, data, targets, l.table, l.catalogue, nil)
	return err
}

// judgeHoldout scores what a network predicts for the rows that are left.
func (l *line) judgeHoldout(net *network.Network) (*Held, error) {
	all, err := l.all()
	if err != nil {
		return nil, err
	}
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	samples := make([]evaluate.Sample, len(images))
	for i := range samples {
		samples[i] = evaluate.Sample{Line: l.table.Rows[l.ledger.Kept[i]].Line, Image: images[i], True: all.Targets[i]}
	}
	features, err := l.encoded()
	if err != nil {
		return nil, err
	}
	outputs, err := train.Outputs(net, l.fitted, all.Pixels, features)
	if err != nil {
		return nil, err
	}
	held := &Held{Target: l.Recipe.Data.Target, Metric: "rmse", Photos: len(samples), Dropped: l.ledger.Counts}
	for i := range samples {
		if l.classifies() {
			n := len(l.classes)
			samples[i].Outputs = outputs[i*n : (i+1)*n]
		} else {
			samples[i].Predicted = l.fitted.Inverse(outputs[i])
		}
	}
	if held.Scores, err = evaluate.Score(l.classes, samples); err != nil {
		return nil, err
	}
	if l.classifies() {
		held.Metric, held.Value = "accuracy", held.Scores.Accuracy
	} else {
		held.Value = held.Scores.RMSE
	}
	return held, nil
}
