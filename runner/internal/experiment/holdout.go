package experiment

import (
	"context"
	"fmt"
	"os"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
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

// HoldOut judges the locked model, in its file of weights, on a holdout, as the recipe
// says: its columns, what counts as missing, its pictures, its network. What was fitted
// on training rows stands in the file itself.
func (k *Locked) HoldOut(ctx context.Context, file []byte, h Holdout) (*Held, error) {
	m, err := k.model(file)
	if err != nil {
		return nil, err
	}
	loaded := *m.Loaded
	loaded.Recipe.Clean, loaded.Recipe.Data.Sheet = judgeable, "" // the sheet is one of another file
	m.Loaded = &loaded
	a, err := k.assessNew(ctx, m, h.Table, h.Images)
	if err != nil {
		return nil, err
	}
	held := &Held{Target: loaded.Recipe.Data.Target, Photos: a.Photos, Dropped: a.Dropped, Scores: a.Scores}
	if k.classifies() {
		held.Metric, held.Value = "accuracy", a.Scores.Accuracy
	} else {
		held.Metric, held.Value = "rmse", a.Scores.RMSE
	}
	return held, nil
}
