package experiment

import (
	"errors"
	"fmt"
	"slices"

	"biomass/runner/internal/model"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/transform"
)

// This file holds what the line does with data.features, the network's second input.

// featured reports whether there is a second input.
func (e *Experiment) featured() bool { return len(e.Recipe.Data.Features) > 0 }

// width is how many numbers the second input has. Until they are fitted it is one a
// column, which tells as well whether the network's layers fit together.
func (l *line) width() int {
	if l.fitted == nil {
		return len(l.Recipe.Data.Features)
	}
	return l.fitted.Width()
}

// cells returns the cells of the features, a kept row each.
func (l *line) cells() ([][]transform.Cell, error) {
	rows := make([][]transform.Cell, len(l.ledger.Kept))
	for _, feature := range l.Recipe.Data.Features {
		column, err := l.table.Column(feature.Column)
		if err != nil {
			return nil, err
		}
		for i, row := range l.ledger.Kept {
			rows[i] = append(rows[i], model.Cell(l.table.Rows[row].Cells[column]))
		}
	}
	return rows, nil
}

// fitFeatures learns from the training rows how columns become numbers, and sees to it
// that all other rows can be used too.
func (l *line) fitFeatures() error {
	rows, err := l.cells()
	if err != nil {
		return err
	}
	var ofKey *transform.KeyError
	var ofCell *transform.CellError
	l.fitted.Features, err = transform.FitFeatures(l.Recipe.Transform, l.Recipe.Data.Features, pick(rows, l.split.Train))
	switch {
	case errors.As(err, &ofKey):
		return recipe.Problems{l.Problem(ofKey.Key, ofKey.Reason, ofKey.Hint)}
	case errors.As(err, &ofCell):
		return l.cellError(ofCell, l.split.Train[ofCell.Row])
	case err != nil:
		return err
	}
	_, err = l.encoded()
	return err
}

// cellError says where in the table the cell of a kept row stands.
func (l *line) cellError(err *transform.CellError, kept int) error {
	column, _ := l.table.Column(l.Recipe.Data.Features[err.Feature].Column)
	return fmt.Errorf("table %s, %s: data.features: %w", l.table.Path, l.table.Place(l.table.Rows[l.ledger.Kept[kept]].Line, column), err)
}

// encoded returns the second input of each kept row, nil where there is none.
func (l *line) encoded() ([][]float32, error) {
	if !l.featured() || l.features != nil {
		return l.features, nil
	}
	rows, err := l.cells()
	if err != nil {
		return nil, err
	}
	features := make([][]float32, len(rows))
	for i, row := range rows {
		features[i], err = l.fitted.Encode(row)
		var ofCell *transform.CellError
		if errors.As(err, &ofCell) {
			return nil, l.cellError(ofCell, i)
		}
	}
	l.features = features
	return features, nil
}

// seen counts, a feature, the kept rows whose cell is empty, and those whose category
// no training row has, and names some of these categories.
type seen struct {
	empty, unseen int
	categories    []string
}

// look counts what the cells of the features hold.
func (l *line) look() ([]seen, error) {
	rows, err := l.cells()
	if err != nil {
		return nil, err
	}
	const named = 5
	all := make([]seen, len(l.fitted.Features))
	for i := range all {
		s, feature := &all[i], &l.fitted.Features[i]
		for _, row := range rows {
			switch cell := row[i]; {
			case cell.Text == "":
				s.empty++
			case feature.Unseen(cell):
				s.unseen++
				if len(s.categories) < named && !slices.Contains(s.categories, cell.Text) {
					s.categories = append(s.categories, cell.Text)
				}
			}
		}
	}
	return all, nil
}

// describeFeatures returns what the report says of the second input.
func (l *line) describeFeatures() ([]report.Feature, error) {
	all, err := l.look()
	var features []report.Feature
	for i, s := range all {
		f := l.fitted.Features[i]
		features = append(features, report.Feature{
			Column: f.Column, Mean: f.Mean, Std: f.Std, Categories: f.Categories, Fill: f.Fill, FillCategory: f.FillCategory, Empty: s.empty,
			Unseen: s.unseen, UnseenCategories: s.categories,
		})
	}
	return features, err
}
