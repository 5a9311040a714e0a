package recipe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a recipe.
type Problem struct {
	// File is where the key stands: a file, "--set", or the name of an environment variable.
	File string
	// Line and Column start at 1; 0 when there is none.
	Line, Column int
	// Key is the full path of the key: network.layers[3].kernel. Empty when the file as a whole is wrong.
	Key string
	// Reason says what is wrong, Hint how to mend it (may be empty).
	Reason, Hint string
}

// String is the line that people see.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		if p.File == fromFlag {
			b.WriteString(" " + p.Key)
		} else {
			b.WriteString(": " + p.Key)
		}
	}
	b.WriteString(": " + p.Reason)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems is everything that is wrong in a recipe, in the order of the file;
// what stands nowhere, because it is missing, comes last. As an error its text has one line a problem.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.order(), b.order()), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
}

func (p Problem) order() int {
	if p.Line == 0 {
		return math.MaxInt
	}
	return p.Line
}
