// Package condition owns the Condition: what a recipe asks of a row of a table,
// e.g. "fresh_weight_total <= 0 or age_days > 60". The grammar is that of the
// library expr, of which it takes the parser alone; what the words mean is
// defined here, so that no version of a library changes which rows are dropped.
//
// A condition is typed before any row is looked at, and total: it ends, in time
// that its length bounds, with an answer for every row. It has no loops and calls
// nothing but missing and column.
//
// Answers are true, false or unknown, as in SQL (Kleene's logic): a comparison
// with an empty cell is unknown, so is a sum, difference, product or quotient
// that is no finite number; "not unknown" is unknown, "true or unknown" is true,
// "false and unknown" is false. A condition holds when it is true. So an empty
// cell satisfies nothing but missing.
package condition

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// maxLength bounds a condition, in bytes, and so what is parsed and computed.
const maxLength = 2000

// Kind is what a column holds.
type Kind uint8

// The kinds of columns. Nothing is one without any value: every comparison with it
// is unknown.
const (
	Nothing Kind = iota
	Number
	Text
	Truth // the texts true and false
)

// String names a value of the kind.
func (k Kind) String() string {
	return [...]string{"nothing", "a number", "a text", "a truth value"}[k]
}

// Column is what a condition has to know of a column.
type Column struct {
	// Index of the column, as it is asked for.
	Index int
	Kind  Kind
	// Remark says in words why the column is not of another kind, for people whose condition does not fit.
	Remark string
}

// Value is a cell: empty, a number, or a text. A truth value is the text true or false.
type Value struct {
	Empty  bool
	Number float64
	Text   string
}

// Condition is a condition whose grammar is right.
type Condition struct {
	root    ast.Node
	columns []string
}

// Parse reads a condition. An error says where and what is wrong.
func Parse(text string) (*Condition, error) {
	if len(text) > maxLength || !utf8.ValidString(text) {
		return nil, fmt.Errorf("it has %d bytes; a condition is a text of at most %d", len(text), maxLength)
	}
	tree, err := parser.Parse(text)
	if err != nil {
		var broken *file.Error
		if errors.As(err, &broken) {
			return nil, fmt.Errorf("character %d: %s", broken.From+1, reason(broken.Message))
		}
		return nil, err
	}
	c := &Condition{root: tree.Node}
	// Compiled for columns that may be of any kind, it shows what no column can mend.
	_, err = c.Compile(func(name string) (Column, error) {
		if !slices.Contains(c.columns, name) {
			c.columns = append(c.columns, name)
		}
		return Column{}, nil
	})
	if err == nil && len(c.columns) == 0 {
		err = errors.New("it names no column")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

var token = regexp.MustCompile(`^unexpected token \w+\((".*")\)$`)

// reason says in our words what the parser did not expect.
func reason(message string) string {
	if message == "unexpected token EOF" {
		return "it ends too early"
	}
	m := token.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	text := m[1] + " cannot stand here"
	switch m[1] {
	case `","`:
		text += ": decimals have a point, as in 8.5"
	case `"="`:
		text += ": equal is =="
	}
	return text
}

// Columns returns the columns that the condition names, each once, in its order.
func (c *Condition) Columns() []string { return c.columns }

// Test is a condition for the columns of one table.
type Test struct{ truth truth }

// Holds reports whether the condition is true of a row, whose cells are given by
// the index of their column.
func (t *Test) Holds(cell func(index int) Value) bool { return t.truth(cell) == yes }

// Compile checks the condition against the columns that find knows, and returns
// what tests rows. An error says where and what does not fit.
func (c *Condition) Compile(find func(name string) (Column, error)) (*Test, error) {
	p := &compiler{find: find}
	e, err := p.compile(c.root)
	if err != nil {
		return nil, err
	}
	t, err := e.asTruth(c.root)
	if err != nil {
		return nil, err
	}
	return &Test{t}, nil
}
