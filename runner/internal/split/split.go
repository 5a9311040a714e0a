// Package split owns the Split: which rows train, which validate and which
// test. It sees rows only as indices with a group, a part and a stratum; it never
// looks at a picture. Its invariant: every row is in exactly one part, and the
// parts are a function of the recipe and of these alone.
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

// Rows is what a split knows of n rows.
type Rows struct {
	N int
	// Groups names each row's individual, "" for a row that stands alone; nil when the data have no groups.
	Groups []string
	// Parts holds what is stated of each row, when the parts are stated.
	Parts []string
	// Strata numbers, from 0, the stratum of each row whose share every part is to have. By given they may be nil.
	Strata []int
	// Times are the cells of the split column, when by is time.
	Times []string
	// Alike has a number for each row, which rows with the same photo share; nil when photos are not compared.
	// Names are the photos' names, for people.
	Alike []int
	Names []string
}

// Make splits rows.
func Make(spec recipe.Split, rows Rows) (*Split, error) {
	n, groups := rows.N, rows.Groups
	stated := spec.By == "column" || spec.By == "given"
	if groups != nil && len(groups) != n || stated && len(rows.Parts) != n || spec.Stratifies() && len(rows.Strata) != n || spec.By == "time" && len(rows.Times) != n {
		return nil, fmt.Errorf("split: %d rows, but %d groups, %d parts, %d strata and %d times", n, len(groups), len(rows.Parts), len(rows.Strata), len(rows.Times))
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
	case "stratified":
		part, err = stratified(spec, rows.Strata)
	case "stratified_group":
		part, warnings, err = balanced(spec, individuals, rows.Strata)
	case "time":
		part, warnings, err = byTime(spec, rows.Times)
	case "column":
		part, err = takeStated(spec, rows.Parts)
	case "given":
		part, err = given(spec, rows)
	default:
		err = fmt.Errorf("split.by: unknown %q", spec.By)
	}
	if err != nil {
		return nil, err
	}
	leaks, err := leak(spec, rows, individuals, part)
	if err != nil {
		return nil, err
	}
	s := &Split{Warnings: append(warnings, leaks...)}
	if groups != nil {
		s.Groups = len(individuals)
	}
	for row, p := range part {
		list := side(spec, s, p)
		*list = append(*list, row)
	}
	return s, nil
}

// side returns the list of a part's rows. Of folds one validates, the last part tests and
// the others train.
func side(spec recipe.Split, s *Split, p int) *[]int {
	if spec.Folds > 0 {
		switch p {
		case max(spec.Fold, 1) - 1:
			p = 1
		case spec.Folds:
			p = 2
		default:
			p = 0
		}
	}
	return [3]*[]int{&s.Train, &s.Validation, &s.Test}[p]
}

// nameOf says which part p is, which key of split decides on its size, and how it becomes larger.
func nameOf(spec recipe.Split, p int) (name, key, mend string) {
	if spec.Folds > 0 && p < spec.Folds {
		return fmt.Sprintf("fold %d", p+1), "folds", "take fewer split.folds"
	}
	if spec.Folds > 0 {
		p = 2
	}
	return names[p], names[p], fmt.Sprintf("give split.%s a larger fraction", names[p])
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
func shares(fractions []float64, n int) []int {
	share, remainder := make([]int, len(fractions)), make([]float64, len(fractions))
	left := n
	for p, fraction := range fractions {
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

// fractions are those of train, validation and test; or of the folds, which are alike, and
// of test.
func fractions(spec recipe.Split) []float64 {
	if spec.Folds == 0 {
		return []float64{spec.Train, spec.Validation, spec.Test}
	}
	return append(slices.Repeat([]float64{(1 - spec.Test) / float64(spec.Folds)}, spec.Folds), spec.Test)
}

// random deals the shuffled rows out.
func random(spec recipe.Split, n int) ([]int, error) {
	part := make([]int, n)
	order := rng.New(spec.Seed, "split").Perm(n)
	start := 0
	share := shares(fractions(spec), n)
	if err := checkShares(spec, fractions(spec), share, n); err != nil {
		return nil, err
	}
	for p, share := range share {
		for _, row := range order[start : start+share] {
			part[row] = p
		}
		start += share
	}
	return part, nil
}

// checkShares refuses a part that is wanted and would get no row of n.
func checkShares(spec recipe.Split, fractions []float64, share []int, n int) error {
	for p, fraction := range fractions {
		if share[p] == 0 && fraction > 0 {
			name, key, _ := nameOf(spec, p)
			if key == "folds" {
				return fmt.Errorf("split: %s would be empty: %s of %s", name, counted(spec.Folds, "fold"), counted(n, "row"))
			}
			return fmt.Errorf("split: the %s part would be empty: split.%s: %v of %s", name, key, fraction, counted(n, "row"))
		}
	}
	return nil
}

// stratified deals the rows out so that every part has its share of each stratum.
func stratified(spec recipe.Split, strata []int) ([]int, error) {
	share := shares(fractions(spec), len(strata))
	if err := checkShares(spec, fractions(spec), share, len(strata)); err != nil {
		return nil, err
	}
	return deal(spec.Seed, share, strata), nil
}

// deal shuffles the rows of each stratum and deals them out one by one, stratum
// after stratum, each row to the part that is furthest behind its share of the
// rows so far. The parts end with exactly their shares. No part is ever a whole row
// ahead, nor so more than 4/3 of a row behind; where the shares of a stratum and
// of those before it come out even, the parts have exactly them.
func deal(seed uint64, share []int, strata []int) []int {
	n := len(strata)
	order := rng.New(seed, "split").Perm(n)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(strata[a], strata[b]) })
	part := make([]int, n)
	size := make([]int, len(share))
	for i, row := range order {
		behind := func(p int) int { return (i+1)*share[p] - n*size[p] } // in rows, times n
		p := 0
		for q := range share {
			if behind(q) > behind(p) {
				p = q
			}
		}
		part[row] = p
		size[p]++
	}
	return part
}

// given takes the parts as the data state them and, where they have no validation
// part, cuts one from the training rows: of each stratum its share.
func given(spec recipe.Split, rows Rows) ([]int, error) {
	part, err := takeStated(spec, rows.Parts)
	if err != nil || spec.Parts.Validation != "" || spec.Validation == 0 {
		return part, err
	}
	var training, strata []int
	for row, p := range part {
		if p == 0 {
			training = append(training, row)
			stratum := 0
			if rows.Strata != nil {
				stratum = rows.Strata[row]
			}
			strata = append(strata, stratum)
		}
	}
	cut := []float64{1 - spec.Validation, spec.Validation, 0}
	share := shares(cut, len(training))
	if err := checkShares(spec, cut, share, len(training)); err != nil {
		return nil, err
	}
	for i, p := range deal(spec.Seed, share, strata) {
		part[training[i]] = p
	}
	return part, nil
}

// tenths is how many strata numbers are put into.
const tenths = 10

// Strata returns the stratum of each number: which tenth of them, by size, it
// belongs to.
func Strata(numbers []float64) []int {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(numbers[a], numbers[b]) })
	strata := make([]int, len(numbers))
	for rank, i := range order {
		strata[i] = rank * tenths / len(numbers)
	}
	return strata
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

	share := shares(fractions(spec), n)
	room := slices.Clone(share)
	if err := tooLarge(spec, order, share, n); err != nil {
		return nil, nil, err
	}
	part := make([]int, n)
	size := make([]int, len(share))
	for _, one := range order {
		p := choose(stream, share, room, len(one.rows))
		room[p] -= len(one.rows)
		size[p] += len(one.rows)
		for _, row := range one.rows {
			part[row] = p
		}
	}

	return part, checkSizes(spec, order, share, size, n), emptyPart(spec, order, share, size, n)
}

// tooLarge refuses an individual, of those in order of their size, that fits into no part.
func tooLarge(spec recipe.Split, order []individual, share []int, n int) error {
	largest := slices.Index(share, slices.Max(share))
	if len(order) == 0 || len(order[0].rows) <= share[largest] {
		return nil
	}
	name, _, _ := nameOf(spec, largest)
	return fmt.Errorf("split by group: %s has %s of %d, more than any part may have: %s gets %d; "+
		"give it a larger fraction, or group by more columns", describe(order[0]), counted(len(order[0].rows), "row"), n, name, share[largest])
}

// emptyPart refuses a part that is wanted and got no individual.
func emptyPart(spec recipe.Split, order []individual, share, size []int, n int) error {
	for p, fraction := range fractions(spec) {
		if fraction > 0 && size[p] == 0 {
			name, _, mend := nameOf(spec, p)
			return fmt.Errorf("split by group: the %s part would be empty: %v of %s is %d, but groups stay whole, and %s has %s; "+
				"collect more groups, or %s",
				name, fraction, counted(n, "row"), share[p], describe(order[0]), counted(len(order[0].rows), "row"), mend)
		}
	}
	return nil
}

// checkSizes warns of parts that are far off what their fractions ask for.
func checkSizes(spec recipe.Split, order []individual, share, size []int, n int) []string {
	off := false
	for p, fraction := range fractions(spec) {
		off = off || math.Abs(float64(size[p])/float64(n)-fraction) > farOff
	}
	if !off {
		return nil
	}
	if spec.Folds > 0 {
		return []string{fmt.Sprintf("the folds, and behind them test, have %d rows, though their fractions ask for %d: groups stay whole, and %s has %s",
			size, share, describe(order[0]), counted(len(order[0].rows), "row"))}
	}
	return []string{fmt.Sprintf("train, validation and test have %d, %d and %d rows, though their fractions ask for %d, %d and %d: groups stay whole, and %s has %s",
		size[0], size[1], size[2], share[0], share[1], share[2], describe(order[0]), counted(len(order[0].rows), "row"))}
}

// choose returns the part of an individual with size rows.
func choose(stream *rng.Stream, share, room []int, size int) int {
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

// takeStated takes the parts as the data name them, in a column.
func takeStated(spec recipe.Split, cells []string) ([]int, error) {
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
			if p > 0 && spec.By == "column" {
				hint = fmt.Sprintf("; write split.parts.%s: \"\" if there is no such part", names[p])
			}
			return nil, fmt.Errorf("split by column %s: the %s part is empty: none of %s has %q%s", spec.Column, names[p], counted(len(cells), "row"), value, hint)
		}
	}
	return part, nil
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
