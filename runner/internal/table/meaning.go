package table

import (
	"cmp"
	"fmt"
	"strings"

	"biomass/runner/internal/recipe"
)

// meaning is what the texts in a table's cells mean beyond what they say by
// themselves: decided for the whole table or column, never for a single cell.
type meaning struct {
	comma    bool   // decimals are written with a comma, in a text file
	booleans []bool // of each column: it holds WAHR and FALSCH alone
}

// parse understands a field.
func (m meaning) parse(field string, column int) Cell {
	if column < len(m.booleans) && m.booleans[column] {
		switch strings.TrimSpace(field) {
		case "WAHR":
			return Cell{Text: "true", Kind: Text}
		case "FALSCH":
			return Cell{Text: "false", Kind: Text}
		}
	}
	if m.comma {
		if cell, ok := commaNumber(field); ok {
			return cell
		}
		if text := strings.TrimSpace(field); strings.Contains(text, ".") {
			return Cell{Text: text, Kind: Text} // 1.234 is a thousand and more, if anything
		}
	}
	return parse(field)
}

// commaNumber reads a number with a decimal comma.
func commaNumber(text string) (Cell, bool) {
	whole, fraction, found := strings.Cut(strings.TrimSpace(text), ",")
	if !found || strings.ContainsAny(text, ".") || strings.Contains(fraction, ",") {
		return Cell{}, false
	}
	cell := parse(whole + "." + fraction)
	return cell, cell.Kind == Number
}

// column counts what the cells of one column look like.
type column struct {
	points, commas  int // numbers with a decimal point, with a decimal comma
	thousands       int // of commas: those that may as well part thousands, 1,234
	others          int // no numbers
	whole           int
	booleans, words int // WAHR or FALSCH; all that is neither that nor empty
	decimals        int // the most that a number has
	padded, uneven  bool
}

// understand decides what the cells below the header mean. Only text files have
// decimals to find: a sheet stores numbers.
func (t *Table) understand(records []record, empty emptyValues, data recipe.Data) meaning {
	columns := make([]column, len(t.Columns))
	for _, r := range records {
		for i, field := range r.fields[:min(len(r.fields), len(columns))] {
			if field != "" {
				columns[i].look(strings.TrimSpace(field), empty)
			}
		}
	}
	m := meaning{booleans: make([]bool, len(columns))}
	var booleans []string
	for i, c := range columns {
		if c.booleans > 0 && c.words == 0 {
			m.booleans[i] = true
			booleans = append(booleans, fmt.Sprintf("%q", t.Columns[i]))
		}
	}
	if len(booleans) > 0 {
		t.taken("booleans", "WAHR, FALSCH", "WAHR and FALSCH mean true and false in "+strings.Join(booleans, ", "))
	}
	if t.Sheet == "" {
		m.comma = t.decimal(columns, cmp.Or(data.CSV.Decimal, auto))
		t.padding(columns, m.comma)
	}
	return m
}

// look counts one cell that holds something.
func (c *column) look(text string, empty emptyValues) {
	if text == "" {
		return
	}
	cell := parse(text)
	comma, isComma := commaNumber(text)
	if empty.has(cell) || isComma && empty.has(comma) {
		return
	}
	if text == "WAHR" || text == "FALSCH" {
		c.booleans++
	} else {
		c.words++
	}
	switch {
	case isComma:
		c.commas++
		if grouped(text) {
			c.thousands++
		}
	case cell.Kind != Number:
		c.others++
		return
	case strings.Contains(text, "."):
		c.points++
	default:
		c.whole++
		return
	}
	_, fraction, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	digits := fraction
	if i := strings.IndexAny(fraction, "eE"); i >= 0 {
		digits = fraction[:i]
	}
	c.uneven = c.uneven || c.decimals != 0 && c.decimals != len(digits)
	c.decimals = max(c.decimals, len(digits))
	c.padded = c.padded || strings.HasSuffix(digits, "0")
}

// grouped reports whether the comma of a number may part thousands: 1,234.
func grouped(text string) bool {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ",")
	return len(fraction) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole[0] != '0'
}

// decimal decides whether a text file has decimal commas: it says so by a column
// whose every value is a number that way, when no column has decimal points. 1,234
// alone says nothing, as it may be a thousand and more.
func (t *Table) decimal(columns []column, asked string) bool {
	var commas, points, unclear []string
	for i, c := range columns {
		name := fmt.Sprintf("%q", t.Columns[i])
		switch {
		case c.others > 0 || c.commas > 0 && c.points > 0:
		case c.points > 0:
			points = append(points, name)
		case c.commas > c.thousands:
			commas = append(commas, name)
		case c.commas > 0:
			unclear = append(unclear, name)
		}
	}
	switch {
	case asked == "comma", asked == auto && len(commas) > 0 && len(points) == 0:
		t.taken("decimal", "comma", "decimals are written with a comma")
		return true
	case asked == "point":
	case len(commas) > 0:
		t.Notes = append(t.Notes, fmt.Sprintf("decimals are read with a point, as in %s; the commas in %s make texts: data.csv.decimal says otherwise", points[0], commas[0]))
	case len(unclear) > 0:
		t.Notes = append(t.Notes, fmt.Sprintf("values of %s look like 1,234, which may be a thousand and more or one and a bit: they are read as texts; data.csv.decimal: comma makes them numbers", unclear[0]))
	}
	return false
}

// padding notes the columns whose numbers all have the same decimals, some of
// them zeros at the end: whoever wrote them wrote what was on display, and there may
// have been more digits.
func (t *Table) padding(columns []column, comma bool) {
	var padded []string
	for i, c := range columns {
		numbers := c.points
		if comma {
			numbers = c.commas
		}
		if numbers > 1 && c.padded && !c.uneven && c.others == 0 && c.whole == 0 {
			padded = append(padded, fmt.Sprintf("%q (%d)", t.Columns[i], c.decimals))
		}
	}
	if len(padded) > 0 {
		t.Notes = append(t.Notes, "numbers are padded to the same decimals in "+strings.Join(padded, ", ")+": the export wrote what was on display, and may have rounded")
	}
}
