package experiment

import (
	"context"
	"slices"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/split"
	"biomass/runner/internal/table"
	"biomass/runner/internal/transform"
)

// Story is what the data are, before any training.
type Story struct {
	Table    string         `json:"table"`
	Notes    []string       `json:"notes"` // how the table was read
	Rows     int            `json:"rows"`
	Photos   int            `json:"photos"` // different files that the table names
	Missing  int            `json:"missing_photos"`
	Forms    []picture.Form `json:"forms,omitempty"` // how photos are stored
	Columns  []Column       `json:"columns"`
	Counts   []clean.Count  `json:"dropped"`
	Ledger   *clean.Ledger  `json:"-"`
	Kept     int            `json:"kept"`
	Split    map[string]int `json:"split"`
	Groups   int            `json:"groups"`
	Target   *Range         `json:"target,omitempty"`  // of a regression, over the kept rows
	Classes  []Class        `json:"classes,omitempty"` // of a classification
	Weights  *Weights       `json:"weights,omitempty"` // that the network begins with
	Warnings []string       `json:"warnings"`
}

// Weights are the file that a network begins with, and what of it fits.
type Weights struct {
	File   string        `json:"file"`
	Digest digest.Digest `json:"digest"`
	network.Taken
}

// Class counts the kept rows of one class.
type Class struct {
	Name       string `json:"name"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
}

// Column describes one column of the table.
type Column struct {
	Name     string `json:"name"`
	Empty    int    `json:"empty"`
	Texts    int    `json:"texts"`
	Numbers  int    `json:"numbers"`
	Distinct int    `json:"distinct"`
	Range    Range  `json:"range"` // of the numbers
}

// Range summarises numbers; all its fields are 0 when there are none.
type Range struct {
	Min    float64 `json:"min"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Inspect walks the line as far as the split and tells what it saw.
func (e *Experiment) Inspect(ctx context.Context) (*Story, error) {
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range l.before("transform") {
		if err := l.do(ctx, s); err != nil {
			return nil, err
		}
	}
	targets, err := l.keptTargets()
	if err != nil {
		return nil, err
	}
	copies, err := l.copies(ctx)
	if err != nil {
		return nil, err
	}
	forms, err := picture.Forms(ctx, l.files)
	if err != nil {
		return nil, err
	}
	photos, missing := l.files.Count()
	story := &Story{
		Table: l.Recipe.Data.TablePath(), Notes: l.table.Notes, Rows: len(l.table.Rows),
		Photos: photos, Missing: missing, Forms: forms,
		Columns: columns(l.table), Counts: l.ledger.Counts, Ledger: l.ledger, Kept: len(l.ledger.Kept),
		Split:    sizes(l.split),
		Groups:   l.split.Groups,
		Warnings: slices.Concat([]string{}, l.ledger.Warnings, l.split.Warnings, copies),
	}
	if l.featured() {
		l.fitted = &transform.Fitted{}
		if err := l.fitFeatures(); err != nil {
			story.Warnings = append(story.Warnings, "apply would stop here: "+err.Error())
		}
		l.fitted, l.features = nil, nil
	}
	if l.weights != nil {
		net, err := l.build()
		if err != nil {
			return nil, err
		}
		if err := l.initialise(net); err != nil {
			return nil, err
		}
		story.Weights = l.weights.story()
	}
	if l.classifies() {
		story.Classes = l.countClasses(targets)
	} else {
		whole := span(targets)
		story.Target = &whole
	}
	return story, nil
}

// countClasses counts the kept rows, whose targets are given, by class and part.
func (l *line) countClasses(targets []float64) []Class {
	list := make([]Class, len(l.classes))
	for i, name := range l.classes {
		list[i].Name = name
	}
	for _, row := range l.split.Train {
		list[int(targets[row])].Train++
	}
	for _, row := range l.split.Validation {
		list[int(targets[row])].Validation++
	}
	for _, row := range l.split.Test {
		list[int(targets[row])].Test++
	}
	return list
}

func sizes(s *split.Split) map[string]int {
	return map[string]int{"train": len(s.Train), "validation": len(s.Validation), "test": len(s.Test)}
}

func columns(t *table.Table) []Column {
	list := make([]Column, len(t.Columns))
	for i, name := range t.Columns {
		c := Column{Name: name}
		distinct := map[string]bool{}
		var numbers []float64
		for _, row := range t.Rows {
			switch cell := row.Cells[i]; cell.Kind {
			case table.Empty:
				c.Empty++
				continue
			case table.Number:
				numbers = append(numbers, cell.Number)
			}
			distinct[row.Cells[i].Text] = true
		}
		c.Numbers = len(numbers)
		c.Texts = len(t.Rows) - c.Empty - c.Numbers
		c.Distinct, c.Range = len(distinct), span(numbers)
		list[i] = c
	}
	return list
}

func span(values []float64) Range {
	if len(values) == 0 {
		return Range{}
	}
	ascending := metric.Sorted(values)
	return Range{
		Min: ascending[0], Mean: metric.Mean(values),
		Median: metric.Quantile(ascending, 0.5), Max: ascending[len(ascending)-1],
	}
}
