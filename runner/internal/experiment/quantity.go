package experiment

import (
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/table"
)

// numericShare is how many of a column's filled cells have to be numbers.
const numericShare = 0.9

// quantities returns the columns of the table that hold numbers, a value each kept
// row, NaN for a cell that is empty or a text. The target is none of them, nor are
// columns that name something: the photo, groups, the part, categories; nor those
// that count the rows, and those of one value alone.
func (l *line) quantities() []evaluate.Column {
	names := slices.Concat([]string{l.Recipe.Data.Target, l.Recipe.Data.Image}, l.Recipe.Data.Group)
	if l.Recipe.Split.By == "column" {
		names = append(names, l.Recipe.Split.Column)
	}
	for _, feature := range l.Recipe.Data.Features {
		if feature.Kind == recipe.Categorical {
			names = append(names, feature.Column)
		}
	}
	var all []evaluate.Column
	for i, name := range l.table.Columns {
		if slices.Contains(names, name) || counts(l.table, i) {
			continue
		}
		if values, ok := numbers(l.table, i, l.ledger.Kept); ok {
			all = append(all, evaluate.Column{Name: name, Values: values})
		}
	}
	return all
}

// numbers returns the numbers of some rows in a column; it reports false where most
// are texts, or there is but one value.
func numbers(t *table.Table, column int, rows []int) ([]float64, bool) {
	values := make([]float64, len(rows))
	filled, numeric := 0, 0
	low, high := math.Inf(1), math.Inf(-1)
	for i, row := range rows {
		cell := t.Rows[row].Cells[column]
		values[i] = math.NaN()
		if cell.Kind != table.Empty {
			filled++
		}
		if cell.Kind == table.Number {
			numeric++
			values[i] = cell.Number
			low, high = min(low, cell.Number), max(high, cell.Number)
		}
	}
	return values, float64(numeric) >= float64(numericShare*float64(filled)) && low < high
}

// counts reports whether a column numbers the rows of a table, one by one.
func counts(t *table.Table, column int) bool {
	for i, row := range t.Rows {
		cell := row.Cells[column]
		if cell.Kind != table.Number || cell.Number != t.Rows[0].Cells[column].Number+float64(i) {
			return false
		}
	}
	return true
}

// holdsNumbers wants a column of numbers.
func holdsNumbers(t *table.Table, name string) error {
	column, err := t.Column(name)
	if err != nil {
		return err
	}
	rows := make([]int, len(t.Rows))
	for i := range rows {
		rows[i] = i
	}
	if _, ok := numbers(t, column, rows); !ok {
		return fmt.Errorf("the column %q holds no numbers, or one alone: the target is drawn against a quantity", name)
	}
	return nil
}

// against returns what the target is drawn against: the columns of the recipe, else
// the numbers that the network sees beside the photo, else the one that goes best with
// the target. The numbers of a column that the recipe names may be names, too. Errors are
// drawn against these columns as well, so that it does not matter which plots are shown.
func (l *line) against() ([]report.Against, error) {
	names, known := l.Recipe.Report.Against, l.evaluation.Story.Correlation
	if len(names) == 0 {
		quantities := l.quantities()
		for _, name := range l.Recipe.Data.FeatureNames() {
			if len(names) < mostAgainst && slices.ContainsFunc(quantities, func(c evaluate.Column) bool { return c.Name == name }) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 && known != nil {
		for _, q := range known.Quantities {
			if q.Target != nil && math.Abs(*q.Target) < evaluate.SameThing {
				names = []string{q.Name}
				break
			}
		}
	}
	targets, err := l.keptTargets()
	if err != nil {
		return nil, err
	}
	parts := l.parts()
	var all []report.Against
	for _, name := range names {
		column, err := l.table.Column(name)
		if err != nil {
			return nil, err
		}
		a := report.Against{Column: name}
		values, _ := numbers(l.table, column, l.ledger.Kept)
		for i, v := range values {
			if !math.IsNaN(v) {
				a.Points = append(a.Points, report.Point{Part: parts[i], At: v, Value: targets[i]})
			}
		}
		if len(a.Points) > 0 {
			all = append(all, a)
		}
	}
	return all, nil
}

// mostAgainst is how many columns the target is drawn against at most unless the recipe
// says.
const mostAgainst = 2
