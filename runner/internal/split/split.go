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

// UnknownPart is the error of a row whose cell in the split column names no
// part. Rows are all such rows with this value, as indices.
type UnknownPart struct {
	Column, Value string
	Rows          []int
	parts         recipe.Parts
}

func (e *UnknownPart) Error() string {
	return fmt.Sprintf("split by column %s: %q in %s is no part; split.parts knows train: %q, validation: %q, test: %q",
		e.Column, e.Value, counted(len(e.Rows), "row"), e.parts.Train, e.parts.Validation, e.parts.Test)
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
		exact := float64(float64(n) * fraction) // rounded: never fused with what follows
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
// that lacks most gets it.
func grouped(spec recipe.Split, individuals []individual, n int) ([]int, []string, error) {
	stream := rng.New(spec.Seed, "split")
	order := make([]individual, len(individuals))
	for i, at := range stream.Perm(len(individuals)) {
		order[i] = individuals[at]
	}
	slices.SortStableFunc(order, func(a, b individual) int { return cmp.Compare(len(b.rows), len(a.rows)) })

	room := shares(spec, n)
	if largest := slices.Index(room[:], slices.Max(room[:])); len(order) > 0 && len(order[0].rows) > room[largest] {
		return nil, nil, fmt.Errorf("split by group: %s has %s of %d, more than any part may have: %s gets %d; "+
			"give it a larger fraction, or group by more columns", describe(order[0]), counted(len(order[0].rows), "row"), n, names[largest], room[largest])
	}
	part := make([]int, n)
	var size, count [3]int
	for _, one := range order {
		p := choose(stream, room, fractions(spec), len(one.rows))
		room[p] -= len(one.rows)
		size[p] += len(one.rows)
		count[p]++
		for _, row := range one.rows {
			part[row] = p
		}
	}

	var warnings []string
	for p, fraction := range fractions(spec) {
		if fraction > 0 && count[p] == 0 {
			return nil, nil, fmt.Errorf("split by group: the %s part would be empty: %v of %s is %d, but groups stay whole, and %s has %s; "+
				"collect more groups, or give split.%s a larger fraction",
				names[p], fraction, counted(n, "row"), shares(spec, n)[p], describe(order[0]), counted(len(order[0].rows), "row"), names[p])
		}
		if got := float64(size[p]) / float64(n); math.Abs(got-fraction) > farOff {
			warnings = append(warnings, fmt.Sprintf("the %s part has %.0f %% of the rows, not %.0f %%: groups stay whole, and %s has %s of %d",
				names[p], 100*got, 100*fraction, describe(order[0]), counted(len(order[0].rows), "row"), n))
		}
	}
	return part, warnings, nil
}

func choose(stream *rng.Stream, room [3]int, fraction [3]float64, size int) int {
	fitting, lacking := 0, -1
	for p := range room {
		if room[p] >= size {
			fitting += room[p]
		}
		if fraction[p] > 0 && (lacking < 0 || room[p] > room[lacking]) {
			lacking = p
		}
	}
	if fitting == 0 {
		return lacking
	}
	ticket := stream.IntN(fitting)
	for p := range room {
		if room[p] < size {
			continue
		}
		if ticket -= room[p]; ticket < 0 {
			return p
		}
	}
	return lacking // not reached: the ticket is below the sum
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
	for row, cell := range cells {
		p := slices.Index(values[:], cell)
		if p < 0 || cell == "" {
			unknown := &UnknownPart{Column: spec.Column, Value: cell, parts: spec.Parts}
			for other, value := range cells {
				if value == cell {
					unknown.Rows = append(unknown.Rows, other)
				}
			}
			return nil, unknown
		}
		part[row] = p
		count[p]++
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
