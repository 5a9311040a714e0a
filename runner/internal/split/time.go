package split

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"biomass/runner/internal/recipe"
)

// BadTime is the error of rows whose cell in the split column is no time, or not one
// of the kind that the others are.
type BadTime struct {
	Column, Reason string
	// Rows are all such rows, as indices: the caller knows their lines in the table.
	Rows []int
}

func (e *BadTime) Error() string {
	return fmt.Sprintf("split by time, column %s: %s %s", e.Column, counted(len(e.Rows), "row"), e.Reason)
}

// dateForms are how a date is written: as ISO 8601 says, or in German.
var dateForms = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339,
	"02.01.2006", "02.01.2006 15:04", "02.01.2006 15:04:05", "2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05",
}

// instant returns the number that orders a cell: itself, or of a date its seconds
// since 1970, without a zone those of UTC.
func instant(cell string) (at float64, isDate, ok bool) {
	if number, err := strconv.ParseFloat(cell, 64); err == nil && number-number == 0 { // not NaN or infinite
		return number, false, true
	}
	for _, form := range dateForms {
		if date, err := time.Parse(form, cell); err == nil {
			return float64(date.Unix()), true, true
		}
	}
	return 0, false, false
}

// instants returns those of all cells. They must be all numbers, or all dates: which
// kind it is, the first that is any says.
func instants(column string, cells []string) ([]float64, error) {
	at := make([]float64, len(cells))
	var empty, strange, other []int
	known, dates := false, false
	for row, cell := range cells {
		number, isDate, ok := instant(cell)
		switch {
		case cell == "":
			empty = append(empty, row)
		case !ok:
			strange = append(strange, row)
		case known && isDate != dates:
			other = append(other, row)
		default:
			at[row], known, dates = number, true, isDate
		}
	}
	kind := [2]string{"numbers", "dates"}
	switch {
	case len(strange) > 0:
		return nil, &BadTime{column, "hold neither a number nor a date such as 2024-05-31 or 31.05.2024", strange}
	case len(other) > 0:
		i, j := 0, 1
		if dates {
			i, j = 1, 0
		}
		return nil, &BadTime{column, fmt.Sprintf("hold %s where the others hold %s", kind[j], kind[i]), other}
	case len(empty) > 0:
		return nil, &BadTime{column, "have no time there", empty}
	}
	return at, nil
}

// byTime gives the oldest rows to train and the newest to test. Rows of one time stay
// together: where a part would end among them, it ends at the nearer side of them, before
// them where both are as near.
func byTime(spec recipe.Split, cells []string) ([]int, []string, error) {
	at, err := instants(spec.Column, cells)
	if err != nil {
		return nil, nil, err
	}
	n := len(cells)
	share := shares(fractions(spec), n)
	if err := checkShares(spec, fractions(spec), share, n); err != nil {
		return nil, nil, err
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at[a], at[b]) })

	var warnings []string
	size := make([]int, len(share))
	part := make([]int, n)
	start, want := 0, 0
	for p := range share {
		want += share[p]
		end := start
		if share[p] > 0 {
			end = edge(want, n, func(i int) bool { return at[order[i-1]] != at[order[i]] })
		}
		if end != want && share[p] > 0 {
			warnings = append(warnings, fmt.Sprintf("the %s part ends %s %s than its fraction asks for: rows of one time, %s, stay together",
				names[p], counted(max(end-want, want-end), "row"), map[bool]string{true: "later", false: "earlier"}[end > want], cells[order[min(want, n-1)]]))
		}
		for _, row := range order[start:max(start, end)] {
			part[row] = p
			size[p]++
		}
		start = max(start, end)
	}
	for p, rows := range size {
		if share[p] > 0 && rows == 0 {
			return nil, nil, fmt.Errorf("split by time, column %s: the %s part would be empty: rows of one time stay together, and there are too few times; "+
				"take a column of finer times, or give split.%s a larger fraction", spec.Column, names[p], names[p])
		}
	}
	return part, warnings, nil
}

// edge returns the nearest i to want, from 0 to n, that lies between two times.
func edge(want, n int, differ func(i int) bool) int {
	for d := range n {
		for _, i := range []int{want - d, want + d} {
			if i == 0 || i == n || i > 0 && i < n && differ(i) {
				return i
			}
		}
	}
	return n
}
