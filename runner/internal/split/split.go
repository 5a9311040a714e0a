// Package split owns the Split: which rows train, which validate and which
// test. It sees rows only as indices with a group and a part; it never looks at
// a target. Its invariant: every row is in exactly one part, and the parts are
// a function of the recipe and the groups alone.
package split

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// Split holds indices of rows, 0 to n-1, ascending in each part.
type Split struct {
	Train, Validation, Test []int
	// Groups is how many individuals the rows show: distinct groups, and every row without one. 0 when the
	// data have no groups at all.
	Groups int
	// Warnings are sentences for the report.
	Warnings []string
}

// Digest covers the three parts.
func (s *Split) Digest() digest.Digest {
	return digest.New("split").Ints(s.Train).Ints(s.Validation).Ints(s.Test).Sum()
}

// UnknownPart is the error of rows whose cell in the split column names no part.
type UnknownPart struct {
	Column string
	// Values are what stands there, each once, in the order of the rows.
	Values []string
	// Rows are all such rows, as indices: the caller knows their lines in the table.
	Rows  []int
	parts recipe.Parts
}

func (e *UnknownPart) Error() string {
	rows := counted(len(e.Rows), "row") + " name"
	if len(e.Rows) == 1 {
		rows += "s"
	}
	return fmt.Sprintf("split by column %s: %s no part, but %s; split.parts knows train: %q, validation: %q, test: %q",
		e.Column, rows, examples(e.Values), e.parts.Train, e.parts.Validation, e.parts.Test)
}

// names of the parts, in the order in which this package counts them.
var names = [3]string{"train", "validation", "test"}

// Make splits n rows. groups names each row's individual, "" for a row that
// stands alone; nil when the data have no groups. parts holds each row's cell
// of the split column, and is read only when the recipe splits by column.
func Make(spec recipe.Split, groups []string, parts []string, n int) (*Split, error) {
	if groups != nil && len(groups) != n || spec.By == "column" && len(parts) != n {
		return nil, fmt.Errorf("split: %d rows, but %d groups and %d parts", n, len(groups), len(parts))
	}
	individuals := gather(groups, n)
	var part []int // of each row
	var err error
	var warnings []string
	switch spec.By {
	case "random":
		part, err = random(spec, n)
	case "group":
		part, warnings, err = grouped(spec, individuals, n)
	case "column":
		part, err = byColumn(spec, parts)
	default:
		err = fmt.Errorf("split.by: unknown %q", spec.By)
	}
	if err != nil {
		return nil, err
	}
	warning, err := leak(spec, individuals, part)
	if err != nil {
		return nil, err
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	s := &Split{Warnings: warnings}
	if groups != nil {
		s.Groups = len(individuals)
	}
	lists := [3]*[]int{&s.Train, &s.Validation, &s.Test}
	for row, p := range part {
		*lists[p] = append(*lists[p], row)
	}
	return s, nil
}

// individual is what must stay together.
type individual struct {
	name string // "" for a row without group
	rows []int
}

// gather returns the individuals in the order of their first row.
func gather(groups []string, n int) []individual {
	var list []individual
	known := map[string]int{}
	for row := range n {
		name := ""
		if groups != nil {
			name = groups[row]
		}
		at, ok := known[name]
		if !ok || name == "" {
			at = len(list)
			known[name] = at
			list = append(list, individual{name: name})
		}
		list[at].rows = append(list[at].rows, row)
	}
	return list
}

// shares returns how many of n rows each part is to get: the whole rows of its
// fraction, and those left over one by one to the largest remainders.
func shares(spec recipe.Split, n int) [3]int {
	var share [3]int
	var remainder [3]float64
	left := n
	for p, fraction := range fractions(spec) {
		exact := float64(float64(n) * fraction)         // rounded: never fused with what follows
		whole := min(int(math.Floor(exact+1e-9)), left) // 0.7 of 10 is 7, whatever the last bit says
		share[p], remainder[p] = whole, exact-float64(whole)
		left -= whole
	}
	for ; left > 0; left-- {
		p := 0
		for q := range remainder {
			if remainder[q] > remainder[p] {
				p = q
			}
		}
		share[p]++
		remainder[p]--
	}
	return share
}

func fractions(spec recipe.Split) [3]float64 {
	return [3]float64{spec.Train, spec.Validation, spec.Test}
}

// random deals the shuffled rows out.
func random(spec recipe.Split, n int) ([]int, error) {
	part := make([]int, n)
	order := rng.New(spec.Seed, "split").Perm(n)
	start := 0
	for p, share := range shares(spec, n) {
		if fraction := fractions(spec)[p]; share == 0 && fraction > 0 {
			return nil, fmt.Errorf("split: the %s part would be empty: split.%s: %v of %s", names[p], names[p], fraction, counted(n, "row"))
		}
		for _, row := range order[start : start+share] {
			part[row] = p
		}
		start += share
	}
	return part, nil
}

// farOff is how far a part may be from its fraction before people are told.
const farOff = 0.05

// grouped deals out whole individuals, the largest first, so that the small
// ones can fill what the large ones leave open. Among the parts with room for
// an individual one is drawn with the chance that its room gives it, so that
// every part gets large and small ones; when there is room in none, the part
// that lacks most of its share gets it.
func grouped(spec recipe.Split, individuals []individual, n int) ([]int, []string, error) {
	stream := rng.New(spec.Seed, "split")
	order := make([]individual, len(individuals))
	for i, at := range stream.Perm(len(individuals)) {
		order[i] = individuals[at]
	}
	slices.SortStableFunc(order, func(a, b individual) int { return cmp.Compare(len(b.rows), len(a.rows)) })

	share := shares(spec, n)
	room := share
	if largest := slices.Index(room[:], slices.Max(room[:])); len(order) > 0 && len(order[0].rows) > room[largest] {
		return nil, nil, fmt.Errorf("split by group: %s has %s of %d, more than any part may have: %s gets %d; "+
			"give it a larger fraction, or group by more columns", describe(order[0]), counted(len(order[0].rows), "row"), n, names[largest], room[largest])
	}
	part := make([]int, n)
	var size [3]int
	for _, one := range order {
		p := choose(stream, share, room, len(one.rows))
		room[p] -= len(one.rows)
		size[p] += len(one.rows)
		for _, row := range one.rows {
			part[row] = p
		}
	}

	off := false
	for p, fraction := range fractions(spec) {
		if fraction > 0 && size[p] == 0 {
			return nil, nil, fmt.Errorf("split by group: the %s part would be empty: %v of %s is %d, but groups stay whole, and %s has %s; "+
				"collect more groups, or give split.%s a larger fraction",
				names[p], fraction, counted(n, "row"), share[p], describe(order[0]), counted(len(order[0].rows), "row"), names[p])
		}
		off = off || math.Abs(float64(size[p])/float64(n)-fraction) > farOff
	}
	if !off {
		return part, nil, nil
	}
	return part, []string{fmt.Sprintf("train, validation and test have %d, %d and %d rows, though their fractions ask for %d, %d and %d: groups stay whole, and %s has %s",
		size[0], size[1], size[2], share[0], share[1], share[2], describe(order[0]), counted(len(order[0].rows), "row"))}, nil
}

// choose returns the part of an individual with size rows.
func choose(stream *rng.Stream, share, room [3]int, size int) int {
	fitting, lacking := 0, 0
	for p := range room {
		if room[p] >= size {
			fitting += room[p]
		}
		if room[p]*share[lacking] > room[lacking]*share[p] { // compares room/share, which may be 0/0
			lacking = p
		}
	}
	if fitting == 0 {
		return lacking
	}
	ticket, p := stream.IntN(fitting), 0
	for ; room[p] < size || ticket >= room[p]; p++ {
		if room[p] >= size {
			ticket -= room[p]
		}
	}
	return p
}

func describe(one individual) string {
	if one.name == "" {
		return "each row without group"
	}
	return fmt.Sprintf("group %q", one.name)
}

// byColumn takes the parts as the table names them.
func byColumn(spec recipe.Split, cells []string) ([]int, error) {
	values := [3]string{spec.Parts.Train, spec.Parts.Validation, spec.Parts.Test}
	part := make([]int, len(cells))
	var count [3]int
	unknown := &UnknownPart{Column: spec.Column, parts: spec.Parts}
	for row, cell := range cells {
		p := slices.Index(values[:], cell)
		if p < 0 || cell == "" {
			unknown.Rows = append(unknown.Rows, row)
			if !slices.Contains(unknown.Values, cell) {
				unknown.Values = append(unknown.Values, cell)
			}
			continue
		}
		part[row] = p
		count[p]++
	}
	if len(unknown.Rows) > 0 {
		return nil, unknown
	}
	for p, value := range values {
		if count[p] == 0 && value != "" {
			hint := ""
			if p > 0 {
				hint = fmt.Sprintf("; write split.parts.%s: \"\" if there is no such part", names[p])
			}
			return nil, fmt.Errorf("split by column %s: the %s part is empty: none of %s has %q%s", spec.Column, names[p], counted(len(cells), "row"), value, hint)
		}
	}
	return part, nil
}

// leak looks for individuals on two sides of the split and returns a warning or
// an error, as the recipe wants it.
func leak(spec recipe.Split, individuals []individual, part []int) (string, error) {
	var torn []string
	groups := 0
	for _, one := range individuals {
		if one.name == "" {
			continue
		}
		groups++
		if slices.ContainsFunc(one.rows, func(row int) bool { return part[row] != part[one.rows[0]] }) {
			torn = append(torn, one.name)
		}
	}
	if len(torn) == 0 || spec.Leak == "ignore" {
		return "", nil
	}
	message := fmt.Sprintf("%d of %s have rows in more than one part (%s): what is measured on validation and test is not what new groups would give; "+
		"split.by: group keeps them together", len(torn), counted(groups, "group"), examples(torn))
	if spec.Leak == "error" {
		return "", fmt.Errorf("split: %s", message)
	}
	return message, nil
}

func examples(list []string) string {
	const shown = 3
	var quoted []string
	for _, name := range list[:min(shown, len(list))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	if len(list) > shown {
		quoted = append(quoted, "...")
	}
	return strings.Join(quoted, ", ")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
