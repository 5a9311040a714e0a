package evaluate

import (
	"cmp"
	"math"
	"slices"

	"biomass/runner/internal/metric"
)

// Correlation says how the table's columns of numbers go with the target and with
// each other, over all photos that were kept.
type Correlation struct {
	// Quantities are the columns, those first whose correlation with the target is
	// largest, whatever its sign; of a classification with more than two classes in the
	// order of the table.
	Quantities []Quantity `json:"quantities"`
	// LeftOut is how many columns there are besides.
	LeftOut int `json:"left_out"`
	// Between has Pearson's coefficient of every two quantities, a row for each but the
	// first with those of the quantities before it; nil where it has none.
	Between [][]*float64 `json:"between"`
}

// Quantity is a column of numbers.
type Quantity struct {
	Name string `json:"name"`
	// Photos have a value; these are their smallest, middle and largest.
	Photos int     `json:"photos"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
	// Target is Pearson's coefficient of correlation with the target, or of two
	// classes with the second one's being it, 1, or not, 0. Nil where there is none.
	Target *float64 `json:"target,omitempty"`
}

// mostQuantities is how many columns are shown, fewestPairs of how many photos a
// coefficient has to be.
const (
	mostQuantities = 12
	fewestPairs    = 10
)

// correlate describes the columns of numbers, nil where there are none.
func correlate(in Input) *Correlation {
	type entry struct {
		Quantity
		values []float64
	}
	targets, _, _ := columns(in.Samples, every(len(in.Samples)))
	var all []entry
	for _, column := range in.Columns {
		filled := metric.Sorted(column.Values)
		filled = filled[blanks(filled):]
		if len(filled) < 2 {
			continue
		}
		one := entry{Quantity{
			Name: column.Name, Photos: len(filled), Min: filled[0], Median: metric.Quantile(filled, 0.5), Max: filled[len(filled)-1],
		}, column.Values}
		if len(in.Classes) <= 2 {
			one.Target = correlation(column.Values, targets)
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil
	}
	size := func(r *float64) float64 {
		if r == nil {
			return -1
		}
		return math.Abs(*r)
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(size(b.Target), size(a.Target)) })
	c := &Correlation{LeftOut: max(len(all)-mostQuantities, 0), Between: [][]*float64{}}
	all = all[:len(all)-c.LeftOut]
	for i, one := range all {
		c.Quantities = append(c.Quantities, one.Quantity)
		if i == 0 {
			continue
		}
		row := make([]*float64, i)
		for k := range row {
			row[k] = correlation(one.values, all[k].values)
		}
		c.Between = append(c.Between, row)
	}
	return c
}

// blanks counts the NaN of sorted values, which stand first.
func blanks(sorted []float64) int {
	n := 0
	for n < len(sorted) && math.IsNaN(sorted[n]) {
		n++
	}
	return n
}

// correlation returns the coefficient of those pairs that have both values, nil where
// they are few, or all the same.
func correlation(x, y []float64) *float64 {
	var a, b []float64
	for i := range x {
		if !math.IsNaN(x[i]) && !math.IsNaN(y[i]) {
			a, b = append(a, x[i]), append(b, y[i])
		}
	}
	if len(a) < fewestPairs {
		return nil
	}
	r, ok := metric.Pearson(a, b)
	if !ok {
		return nil
	}
	return &r
}
