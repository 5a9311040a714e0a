package table

import (
	"math"
	"strconv"
	"strings"
)

// Kind says what a Cell holds.
type Kind uint8

// The kinds of cells.
const (
	Empty Kind = iota
	Text
	Number
)

// Cell is one value. The zero Cell is empty.
type Cell struct {
	// Text of the value; of a Number, the shortest one that brings it back.
	Text string
	// Number is set when Kind is Number, and finite.
	Number float64
	Kind   Kind
}

// precision is how many significant digits of a number are kept.
const precision = 15

// Parse understands a text as a cell of a table in which these values stand for
// none.
func Parse(text string, missing []string) Cell {
	c := parse(text)
	if newEmptyValues(missing).has(c) {
		return Cell{}
	}
	return c
}

// parse understands the text of a cell.
func parse(text string) Cell {
	text = strings.TrimSpace(text)
	if text == "" {
		return Cell{}
	}
	if x, ok := number(text); ok {
		return Cell{Text: shortest(x), Number: x, Kind: Number}
	}
	if strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
		text = strings.ToLower(text)
	}
	return Cell{Text: text, Kind: Text}
}

// number reads a decimal number and rounds it to the precision that is kept.
func number(text string) (float64, bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || strings.Trim(digits, "0123456789.eE+-") != "" {
		return 0, false // also hexadecimal numbers, nan, inf and 1_000, which strconv would take
	}
	if len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		return 0, false
	}
	if len(digits) > precision && !strings.ContainsAny(digits, ".eE") && strings.TrimRight(digits[precision:], "0") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'e', precision-1, 64), 64)
	if math.IsInf(x, 0) {
		return 0, false
	}
	return x + 0, true // -0 + 0 is 0
}

// shortest returns the shortest decimal text of x, with an exponent only where
// it would be very long without.
func shortest(x float64) string {
	if size := math.Abs(x); x == 0 || 1e-6 <= size && size < 1e16 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'e', -1, 64)
}

// emptyValues are the values that stand for no value.
type emptyValues map[Cell]bool

func newEmptyValues(missing []string) emptyValues {
	values := emptyValues{}
	for _, text := range missing {
		values[parse(text)] = true
	}
	return values
}

// has compares numbers as numbers, so that 99999999 is also 99999999.0.
func (e emptyValues) has(c Cell) bool { return e[c] }
