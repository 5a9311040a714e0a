package model

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/table"
	"biomass/runner/internal/transform"
)

// Given are the values of data.features that people say beside pictures which are
// to be predicted.
type Given struct {
	// Values holds settings COLUMN=VALUE, for every picture.
	Values []string
	// Table is the path of a table with the columns, and one of the pictures' names:
	// its cells come before Values.
	Table string
}

// second returns the second input of a picture by its file, nil of a model that
// has none.
func (m *Model) second(given Given) (func(file string) ([]float32, error), error) {
	data := m.Loaded.Recipe.Data
	columns := data.FeatureNames()
	if len(columns) == 0 {
		if len(given.Values) > 0 || given.Table != "" {
			return nil, fmt.Errorf("the model sees pictures alone: its recipe has no data.features")
		}
		return func(string) ([]float32, error) { return nil, nil }, nil
	}
	if len(given.Values) == 0 && given.Table == "" {
		return nil, fmt.Errorf("the model sees %s beside the picture: say --feature '%s=VALUE', or --table FILE with a row a picture", strings.Join(columns, ", "), columns[0])
	}
	all := make([]transform.Cell, len(columns))
	for _, setting := range given.Values {
		column, value, ok := strings.Cut(setting, "=")
		at := slices.Index(columns, column)
		if !ok || at < 0 {
			return nil, fmt.Errorf("--feature %s: want COLUMN=VALUE, and the columns are %s", setting, strings.Join(columns, ", "))
		}
		all[at] = Cell(table.Parse(value, data.Missing))
	}
	rows, err := m.rows(given.Table, columns, all)
	if err != nil {
		return nil, err
	}
	return func(file string) ([]float32, error) {
		cells := all
		if rows != nil {
			var ok bool
			if cells, ok = lookupFile(rows, file); !ok {
				return nil, fmt.Errorf("%s has no row for it", given.Table)
			}
		}
		return m.Fitted.Encode(cells)
	}, nil
}

// Cell is a cell of a table as the features are made from it.
func Cell(c table.Cell) transform.Cell {
	return transform.Cell{Text: c.Text, Number: c.Number, Numeric: c.Kind == table.Number}
}

// rows returns the cells of the features by the name of the picture, nil where no
// table is given. Where a cell is empty, or a column is not there, standard stands.
func (m *Model) rows(path string, columns []string, standard []transform.Cell) (map[string][]transform.Cell, error) {
	if path == "" {
		return nil, nil
	}
	data := m.Loaded.Recipe.Data
	if !strings.EqualFold(filepath.Ext(path), ".xlsx") {
		data.Sheet = "" // the recipe's table has sheets, this one has none
	}
	t, err := table.Read(path, data)
	if err != nil {
		return nil, err
	}
	names, err := t.Strings(data.Image)
	if err != nil {
		return nil, err
	}
	rows := map[string][]transform.Cell{}
	for i, name := range names {
		cells := slices.Clone(standard)
		for k, column := range columns {
			at, err := t.Column(column)
			if err != nil && standard[k] == (transform.Cell{}) {
				return nil, err
			}
			if err == nil && t.Rows[i].Cells[at].Kind != table.Empty {
				cells[k] = Cell(t.Rows[i].Cells[at])
			}
		}
		name = norm.NFC.String(name)
		if before, twice := rows[name]; twice && !slices.Equal(before, cells) {
			return nil, fmt.Errorf("table %s: two rows name %s, with other values", path, name)
		}
		rows[name] = cells
	}
	return rows, nil
}

// lookupFile finds the row of a file: by its path, or as much of the end of it as a
// row names.
func lookupFile(rows map[string][]transform.Cell, file string) ([]transform.Cell, bool) {
	name := norm.NFC.String(filepath.ToSlash(file))
	for {
		if cells, ok := rows[name]; ok {
			return cells, true
		}
		_, rest, more := strings.Cut(name, "/")
		if !more {
			return nil, false
		}
		name = rest
	}
}
