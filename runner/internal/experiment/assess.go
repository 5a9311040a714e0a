package experiment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/model"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/split"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
)

// newPart is the name of a part that no split knows: data that came later.
const newPart = "new"

// Assessment is how a locked model does on one part of its data, or on new ones.
type Assessment struct {
	*evaluate.Part
	Classes     []string              `json:"classes,omitempty"`
	Predictions []evaluate.Prediction `json:"-"`
	// Locked says whether the scores are those that the lock states, bit for bit; it
	// is nil for a part of which the lock states none.
	Locked *bool `json:"as_locked,omitempty"`
	// Rows of a new table, what cleaning dropped of them, and how it was read.
	Rows    int           `json:"rows,omitempty"`
	Dropped []clean.Count `json:"dropped,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
	// Calibration is what the intervals of predictions are made of, where that is
	// known, and Coverage how many photos of this part lie in theirs.
	Calibration *evaluate.Calibration `json:"interval_of_predictions,omitempty"`
	Coverage    *evaluate.Coverage    `json:"coverage,omitempty"`
}

// ErrOtherInputs says that the data are not those that were locked.
var ErrOtherInputs = errors.New("the data are not those that were locked")

// AssessPart judges the locked model on a part of the split, or on the part that
// the results are of where it has no name.
func (k *Locked) AssessPart(ctx context.Context, part string) (*Assessment, error) {
	if part == "" {
		if part, _, _ = k.Lock.Headline(); part == "" {
			return nil, errors.New("the lock states no results: say --part train, validation or test")
		}
	}
	m, err := k.Model()
	if err != nil {
		return nil, err
	}
	frozen, words, err := k.Inputs(ctx, k.Lock, k.Store)
	if err != nil {
		return nil, err
	}
	if len(words) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrOtherInputs, strings.Join(words, "\n  "))
	}
	l := frozen.line
	l.found = k.Lock.Sweep // its winner is what is judged
	if err := l.follow(); err != nil {
		return nil, err
	}
	for _, s := range l.before("network") {
		if err := l.do(ctx, s); err != nil {
			return nil, err
		}
		if locked := k.Lock.Stage(s.name); locked == nil || locked.Output != l.outputs[s.name] {
			return nil, fmt.Errorf("stage %s gives something else here than %s says: runner verify says more", s.name, k.Path)
		}
	}
	a, err := l.assess(m, part)
	if err != nil {
		return nil, err
	}
	if score, ok := k.Lock.Results[part]; ok {
		same := sameScores(score, a.Part)
		a.Locked = &same
	}
	k.cover(a, m)
	return a, nil
}

// sameScores reports whether a lock states exactly these scores.
func sameScores(locked lock.Score, p *evaluate.Part) bool {
	if locked.Photos != p.Photos || p.Scores == nil {
		return false
	}
	if e, s := locked.Errors, p.Scores.Errors; e != nil && s != nil {
		return s.MSE == e.MSE && s.RMSE == e.RMSE && s.MAE == e.MAE && s.R2 == e.R2 && slices.Equal(bounds(*p), e.RMSEInterval)
	}
	if h, s := locked.Hits, p.Scores.Hits; h != nil && s != nil {
		return reflect.DeepEqual(*s, evaluate.Hits{
			Accuracy: h.Accuracy, BalancedAccuracy: h.BalancedAccuracy, MacroF1: h.MacroF1, WeightedF1: h.WeightedF1, CrossEntropy: &h.CrossEntropy,
		}) && slices.Equal(bounds(*p), h.AccuracyInterval)
	}
	return false
}

// AssessNew judges the locked model on other data: a table and the folder of its
// pictures, or, of a classification, a folder of one folder of pictures a class
// alone. They are read and cleaned as the recipe says.
func (k *Locked) AssessNew(ctx context.Context, tablePath, images string) (*Assessment, error) {
	m, err := k.Model()
	if err != nil {
		return nil, err
	}
	a, err := k.assessNew(ctx, m, tablePath, images)
	if err != nil {
		return nil, err
	}
	k.cover(a, m)
	return a, nil
}

// assessNew judges a model on other data, which its recipe says how to read and clean.
func (e *Experiment) assessNew(ctx context.Context, m *model.Model, tablePath, images string) (*Assessment, error) {
	l, warnings, err := e.other(ctx, m, tablePath, images)
	if err != nil {
		return nil, err
	}
	if err := runPicture(ctx, l); err != nil {
		return nil, err
	}
	if err := runClean(ctx, l); err != nil {
		return nil, err
	}
	if len(l.ledger.Kept) == 0 {
		return nil, fmt.Errorf("table %s: none of its %d rows can be judged: cleaning drops them all", l.table.Path, len(l.table.Rows))
	}
	l.fitted, l.split = m.Fitted, &split.Split{}
	a, err := l.assess(m, newPart)
	if err != nil {
		return nil, err
	}
	a.Rows, a.Dropped, a.Notes = len(l.table.Rows), l.ledger.Counts, append(l.table.Notes, warnings...)
	a.Notes = append(a.Notes, l.ledger.Warnings...)
	return a, nil
}

// other reads other data than the experiment's, as a model's recipe says.
func (e *Experiment) other(ctx context.Context, m *model.Model, tablePath, images string) (l *line, warnings []string, err error) {
	loaded, there := *m.Loaded, *e
	d := &loaded.Recipe.Data
	d.Source, d.Folders, d.Parts = nil, "", recipe.Origins{}
	loaded.Recipe.Split.By = "random"
	there.Loaded, there.Place.Data = &loaded, images
	l = newLine(&there)
	l.classes = m.Classes
	if tablePath == "" {
		if !l.classifies() {
			return nil, nil, errors.New("a folder of pictures says no values: name the table of labels too, --table")
		}
		d.Folders, d.Table, d.Classes = ".", "", m.Classes
		l.table, err = table.List(images, *d)
	} else {
		if filepath.Ext(tablePath) != ".xlsx" {
			d.Sheet = ""
		}
		if images == "" {
			there.Place.Data = filepath.Dir(tablePath)
		}
		d.Table, d.Images = filepath.Base(tablePath), "."
		l.table, err = table.Read(tablePath, *d)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, column := range d.Group {
		if _, err := l.table.Column(column); err != nil {
			warnings = append(warnings, fmt.Sprintf("there is no column %q, which tells individuals apart: every photo counts as one", column))
			d.Group = nil
			break
		}
	}
	for _, use := range l.uses() {
		if _, err := l.table.Column(use.column); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", use.key, err)
		}
	}
	l.files, err = l.hashImages(ctx, l.table, nil)
	return l, warnings, err
}

// assess predicts the photos of a part and judges the predictions. Of new data,
// whose split is empty, that part is all of them.
func (l *line) assess(m *model.Model, part string) (*Assessment, error) {
	all, err := l.all()
	if err != nil {
		return nil, err
	}
	samples, err := l.samples()
	if err != nil {
		return nil, err
	}
	var own []int
	have := map[string]bool{}
	for i := range samples {
		if part == newPart {
			samples[i].Part = newPart
		}
		have[samples[i].Part] = true
		if samples[i].Part == part {
			own = append(own, i)
		}
	}
	if len(own) == 0 {
		return nil, fmt.Errorf("the split has no %s part; it has %s", part, strings.Join(slices.Sorted(maps.Keys(have)), ", "))
	}
	task := l.Progress.Start("evaluate", len(own), "photos")
	defer task.Done()
	outputs, err := train.Outputs(m.Network, m.Fitted, pick(all.Photos, own), pick(all.Features, own))
	if err != nil {
		return nil, err
	}
	task.Add(len(own))
	n := max(len(m.Classes), 1)
	for k, i := range own {
		if m.Classes != nil {
			samples[i].Outputs = outputs[k*n : (k+1)*n]
		} else {
			samples[i].Predicted = m.Fitted.Inverse(outputs[k])
		}
	}
	a := &Assessment{Classes: m.Classes}
	a.Part, a.Predictions, err = evaluate.Judge(evaluate.Input{
		Task: l.Recipe.Task, Unit: l.Recipe.Data.Unit, Target: l.Recipe.Data.Target, Classes: m.Classes,
		Seed: l.Recipe.Train.Seed, Level: l.Recipe.Report.Interval, Samples: samples,
	}, part)
	return a, err
}

// cover tells how many photos lie in the intervals that predict gives them, where
// these are known.
func (k *Locked) cover(a *Assessment, m *model.Model) {
	var err error
	if a.Calibration, err = k.Calibrate(m, evaluate.Level); err == nil {
		a.Coverage = a.Calibration.Cover(a.Name, a.Predictions, m.Fitted.Scale)
	}
}
