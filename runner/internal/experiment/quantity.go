package experiment

import (
	"math"
	"slices"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/recipe"
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
