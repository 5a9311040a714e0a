package report

import (
	"math"
	"strings"
)

// Series is the trainings that differ in one thing, the page's own first.
type Series struct {
	// Over says in what: seeds, folds, or trainings, each fold with each seed.
	Over    string         `json:"over"`
	Columns []SeriesColumn `json:"columns"`
	Runs    []SeriesRun    `json:"runs"`
}

// SeriesColumn is a figure that the runs differ in, and its mean and standard deviation
// over them.
type SeriesColumn struct {
	Part      string  `json:"part"`   // test
	Figure    string  `json:"figure"` // rmse
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"standard_deviation"`
}

// SeriesRun is one training and its figures, one a column.
type SeriesRun struct {
	Name   string    `json:"name"`
	Epochs int       `json:"epochs"`
	Kept   int       `json:"kept_epoch"`
	Values []float64 `json:"values"`
}

// figureNames are those that the table of a series has, as people write them.
var figureNames = map[string]word{
	"rmse": "RMSE", "mae": "MAE", "r2": "R²", "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1",
}

// figuresOf are the same of a part of the split.
var figuresOf = map[string]word{
	"rmse": "%s RMSE", "mae": "%s MAE", "r2": "%s R²", "accuracy": "%s accuracy", "balanced_accuracy": "%s balanced accuracy", "macro_f1": "%s macro F1",
}

// over names what the runs of a series differ in, overOne one of it.
var (
	over    = map[string]word{"seeds": "seeds", "folds": "folds", "trainings": "trainings"}
	overOne = map[string]word{"seeds": "seed", "folds": "fold", "trainings": "fold, seed"}
)

// name is what the column holds, without its unit.
func (c SeriesColumn) name(l Language) string {
	if c.Part == "" {
		return l.word(figureNames[c.Figure])
	}
	return l.fill(figuresOf[c.Figure], l.first(c.Part))
}

// write returns the column's head, its values, one a run, and their mean with deviation. Of
// errors, unit is the target's.
func (c SeriesColumn) write(l Language, unit string, values []float64) (name string, texts []string, mean string) {
	name = c.name(l)
	switch c.Figure {
	case "rmse", "mae":
		name = named(name, plain(unit))
		measure := math.Abs(c.Mean)
		all := l.alike(measure, append(append([]float64{}, values...), c.Mean, c.Deviation)...)
		n := len(values)
		return name, all[:n], all[n] + " ± " + all[n+1]
	case "accuracy", "balanced_accuracy":
		for _, v := range values {
			texts = append(texts, l.percent(v))
		}
		return name, texts, l.decimal(100*c.Mean, 1) + " ± " + l.percent(c.Deviation)
	}
	for _, v := range values {
		texts = append(texts, l.decimal(v, 3))
	}
	return name, texts, l.decimal(c.Mean, 3) + " ± " + l.decimal(c.Deviation, 3)
}

// seriesTable shows every run of a series and what they come to together.
func seriesTable(m *markdown, d Document, s Series) {
	header := append([]string{d.word(overOne[s.Over])}, d.words("epochs", "kept")...)
	rows := make([][]string, len(s.Runs), len(s.Runs)+1)
	for i, run := range s.Runs {
		rows[i] = []string{plain(run.Name), d.count(run.Epochs), d.count(run.Kept)}
	}
	last := []string{d.t("mean ± standard deviation"), "", ""}
	for k, c := range s.Columns {
		if figureNames[c.Figure] == "" {
			continue
		}
		var values []float64
		for _, run := range s.Runs {
			values = append(values, run.Values[k])
		}
		name, texts, mean := c.write(d.Language, d.Evaluation.Unit, values)
		header, last = append(header, name), append(last, mean)
		for i := range rows {
			rows[i] = append(rows[i], texts[i])
		}
	}
	m.table("l"+strings.Repeat("r", len(header)-1), header, append(rows, bold(last))...)
}

// series shows how much the result depends on what was drawn, or on which rows train.
func series(m *markdown, d Document) {
	for _, s := range d.Series {
		m.section(heading(d.word(over[s.Over])))
		switch s.Over {
		case "folds":
			m.say(d.t("The rows that do not test were dealt into %d folds. Each validated once, while the others trained; the kept epoch was chosen on it. "+
				"Model, predictions and all other figures on this page are those of fold %s.", len(s.Runs), s.Runs[0].Name))
		case "trainings":
			m.say(d.t("Each fold was trained with each seed: %d trainings, which differ in what validates and in what was drawn.", len(s.Runs)))
		default:
			m.say(d.t("Trained with %d seeds on the same split. Model, predictions and all other figures on this page are those of seed %s.", len(s.Runs), s.Runs[0].Name))
		}
		seriesTable(m, d, s)
		if s.Over == "folds" && d.Folds != nil {
			m.say(d.t("All %s together, each predicted by the network that did not train on it: %s. The predictions are in [%s](%s).",
				d.plural(len(d.Folds.Predictions), "photo"), d.Folds.text(d), foldsFile, foldsFile))
		}
	}
}
