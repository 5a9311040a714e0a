package clean

import (
	"fmt"
	"strings"

	"biomass/runner/internal/condition"
	"biomass/runner/internal/table"
)

// Condition reads a condition and checks it against the columns of a table: they
// must be there, and hold what they are compared with.
func Condition(text string, t *table.Table) (*condition.Test, error) {
	_, test, err := compile(text, t)
	return test, err
}

func compile(text string, t *table.Table) (*condition.Condition, *condition.Test, error) {
	c, err := condition.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	test, err := c.Compile(func(name string) (condition.Column, error) {
		index, err := t.Column(name)
		if err != nil {
			return condition.Column{}, err
		}
		return kind(t, index), nil
	})
	return c, test, err
}

// kind tells what a column holds: numbers if all of its values are numbers, truth
// values if all are true or false, else texts, and of those the first place where
// one stands among numbers.
func kind(t *table.Table, index int) condition.Column {
	c := condition.Column{Index: index}
	var numbers, truths, texts int
	first := ""
	for _, row := range t.Rows {
		switch cell := row.Cells[index]; {
		case cell.Kind == table.Number:
			numbers++
		case cell.Text == "true" || cell.Text == "false":
			truths++
		case cell.Kind == table.Text:
			if texts++; texts == 1 {
				first = fmt.Sprintf("%s holds %q; correct it, or list it in data.missing if it stands for no value", t.Place(row.Line, index), cell.Text)
			}
		}
	}
	switch {
	case numbers+truths+texts == 0:
		c.Kind = condition.Nothing
	case truths+texts == 0:
		c.Kind = condition.Number
	case numbers+texts == 0:
		c.Kind = condition.Truth
	default:
		if c.Kind = condition.Text; numbers > 0 {
			c.Remark = first
		}
	}
	return c
}

// where judges rows by a condition.
func (s *sheet) where(text string) (func(i int) string, error) {
	c, test, err := compile(text, s.table)
	if err != nil {
		return nil, fmt.Errorf("clean: {where: %q}: %w", text, err)
	}
	return func(i int) string {
		cells := s.table.Rows[i].Cells
		holds := test.Holds(func(index int) condition.Value {
			cell := cells[index]
			return condition.Value{Empty: cell.Kind == table.Empty, Number: cell.Number, Text: cell.Text}
		})
		if !holds {
			return ""
		}
		var values []string
		for _, name := range c.Columns() {
			value := "empty"
			if index, _ := s.table.Column(name); cells[index].Kind != table.Empty {
				value = cells[index].Text
			}
			values = append(values, name+" is "+value)
		}
		return strings.Join(values, ", ")
	}, nil
}
