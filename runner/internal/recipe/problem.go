package recipe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
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

// Suggest returns the option that was probably meant by a mistyped or shortened
// word, or "".
func Suggest(word string, options []string) string {
	best, found := 1+max(1, utf8.RuneCountInString(word)/3), ""
	for _, option := range options {
		if d := distance(strings.ToLower(word), strings.ToLower(option)); d < best {
			best, found = d, option
		}
	}
	if found != "" || utf8.RuneCountInString(word) < 3 {
		return found
	}
	for _, option := range options {
		if strings.HasPrefix(strings.ToLower(option), strings.ToLower(word)) {
			return option
		}
	}
	return ""
}

// distance is the optimal string alignment distance: the number of letters
// added, dropped, changed or swapped with their neighbour.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			change := last[j]
			if s[i] != t[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}
