package transform

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/recipe"
)

// Cell is what a table holds of a feature in one row. The zero Cell is empty.
type Cell struct {
	Text    string
	Number  float64
	Numeric bool // Number is what Text says
}

// Feature is a column of the second input and how it becomes numbers, as the training
// rows say: one of numbers becomes one, (x - Mean) / Std; one of categories becomes as
// many as there are, 1 for a row's category and 0 for all others. A category that no
// training row has is 0 everywhere.
type Feature struct {
	Column string `json:"column"`
	// Mean and Std of a numeric feature, in its unit.
	Mean float64 `json:"mean,omitempty"`
	Std  float64 `json:"std,omitempty"`
	// Categories of the other kind, numbers by their size before texts by their bytes.
	Categories []string `json:"categories,omitempty"`
	// Low and High are the ends between which values of a numeric feature are taken; nil without a clip.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	// Fill stands for an empty cell of a numeric feature, FillCategory for one of the
	// other kind: "" is none of the categories. Both are nil without a rule.
	Fill         *float64 `json:"fill,omitempty"`
	FillCategory *string  `json:"fill_category,omitempty"`
}

// Valid returns what of a feature that stands in somebody's file or lock no fitting gives: it
// would make a network of any width, or numbers that are none.
func (c *Feature) Valid() error {
	if c.Categories != nil {
		if n := len(c.Categories); n < 1 || n > maxCategories {
			return fmt.Errorf("%q has %d categories: a feature has from 1 to %d", c.Column, n, maxCategories)
		}
		return nil
	}
	for _, v := range []*float64{&c.Mean, &c.Std, c.Low, c.High, c.Fill} {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			return fmt.Errorf("%q is fitted with %v, which is no number", c.Column, *v)
		}
	}
	if c.Std <= 0 {
		return fmt.Errorf("%q is divided by %v", c.Column, c.Std)
	}
	return nil
}

// CellError is what is wrong with one cell.
type CellError struct {
	Row, Feature int // indices into the rows, and into data.features
	Reason       string
}

// Error implements error.
func (e *CellError) Error() string { return e.Reason }

// KeyError is what is wrong with the value of a key of the recipe, beside the data.
type KeyError struct{ Key, Reason, Hint string }

// Error implements error.
func (e *KeyError) Error() string { return fmt.Sprintf("%s: %s; %s", e.Key, e.Reason, e.Hint) }

// maxCategories bounds how many numbers one column becomes.
const maxCategories = 1000

// FitFeatures learns from the training rows, each of one cell a column. What cannot be
// learnt is a *CellError or a *KeyError.
func FitFeatures(spec recipe.Transform, columns []recipe.Feature, rows [][]Cell) ([]Feature, error) {
	features := make([]Feature, len(columns))
	for i, column := range columns {
		c := &features[i]
		c.Column = column.Column
		kind, err := kindOf(column, i, rows)
		if err != nil {
			return nil, err
		}
		fit := c.fitNumbers
		if kind == recipe.Categorical {
			fit = c.fitCategories
		}
		if err := fit(spec, i, rows); err != nil {
			return nil, err
		}
	}
	return features, nil
}

// kindOf returns whether column i holds numbers or categories: as the recipe says, or
// as all its cells agree.
func kindOf(column recipe.Feature, i int, rows [][]Cell) (string, error) {
	numbers, texts := 0, 0
	for _, row := range rows {
		switch {
		case row[i].Numeric:
			numbers++
		case row[i].Text != "":
			texts++
		}
	}
	kind := column.Kind
	if kind == "" {
		kind = recipe.Numeric
		if texts > numbers {
			kind = recipe.Categorical
		}
	}
	if numbers+texts == 0 {
		return "", &KeyError{columnKey(i), fmt.Sprintf("%q has no value in any training row", column.Column), "take it out"}
	}
	if kind == recipe.Categorical && (numbers == 0 || column.Kind != "") || kind == recipe.Numeric && texts == 0 {
		return kind, nil
	}
	odd := func(c Cell) bool { return c.Text != "" && c.Numeric == (kind == recipe.Categorical) }
	at := slices.IndexFunc(rows, func(row []Cell) bool { return odd(row[i]) })
	text, mend := rows[at][i].Text, fmt.Sprintf("correct it, list it in data.missing if it stands for no value, or write {%s: categorical} in data.features", column.Column)
	if kind == recipe.Categorical {
		return "", &CellError{at, i, fmt.Sprintf("column %q holds %s, a number, and %d of the %d training rows hold texts: %s", column.Column, text, texts, len(rows), mend)}
	}
	return "", &CellError{at, i, fmt.Sprintf("column %q holds %q, which is no number, and %d of the %d training rows hold numbers: %s", column.Column, text, numbers, len(rows), mend)}
}

func columnKey(i int) string { return fmt.Sprintf("data.features[%d]", i) }

// constant says that a column tells nothing.
func (c *Feature) constant(i int, value string) error {
	return &KeyError{columnKey(i), fmt.Sprintf("%q is %s in every training row, so that it tells nothing", c.Column, value), "take it out"}
}

// wrongRule says that a rule of transform.fill is not for this kind of column.
func (c *Feature) wrongRule(rule recipe.Fill, holds, rules string) error {
	word := rule.Rule
	if word == recipe.Given {
		word = fmt.Sprint(rule.Value)
	}
	return &KeyError{"transform.fill." + c.Column, fmt.Sprintf("%s is no rule for %q, which holds %s", word, c.Column, holds), "write " + rules}
}

// fitNumbers sets fill, mean and standard deviation, those of the filled column.
func (c *Feature) fitNumbers(spec recipe.Transform, i int, rows [][]Cell) error {
	var values []float64
	for _, row := range rows {
		if row[i].Text != "" {
			values = append(values, row[i].Number)
		}
	}
	if clip, ok := spec.Clip.Of(c.Column); ok {
		low, high := FitClip(clip, values)
		c.Low, c.High = &low, &high
		for i := range values {
			values[i] = clamp(values[i], c.Low, c.High)
		}
	}
	if rule, ok := spec.Fill.Of(c.Column); ok {
		fill := rule.Value
		switch rule.Rule {
		case "median":
			fill = median(values)
		case "mean":
			fill = mean(values)
		case "zero", recipe.Given:
		default:
			return c.wrongRule(rule, "numbers", "median, mean, zero or a number")
		}
		c.Fill = &fill
	}
	values = values[:0]
	for at, row := range rows {
		value, err := c.number(row[i])
		if err != nil {
			return &CellError{at, i, err.Error()}
		}
		values = append(values, value)
	}
	if low := slices.Min(values); low == slices.Max(values) {
		return c.constant(i, fmt.Sprint(low))
	}
	if c.Std = 1; spec.Features == standardize {
		c.Mean = mean(values)
		squares := 0.0
		for _, x := range values {
			d := x - c.Mean
			squares += float64(d * d)
		}
		c.Std = math.Sqrt(squares / float64(len(values)))
	}
	if math.IsInf(c.Std, 0) || math.IsNaN(c.Std) {
		return &KeyError{columnKey(i), fmt.Sprintf("%q holds numbers that are too large to have a standard deviation", c.Column), "list them in data.missing if they stand for no value"}
	}
	return nil
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum / float64(len(values))
}

// median is the middle value, or the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	return low + float64((high-low)/2)
}

// fitCategories sets the categories and the fill, the first of those that are equally
// frequent.
func (c *Feature) fitCategories(spec recipe.Transform, i int, rows [][]Cell) error {
	if _, ok := spec.Clip.Of(c.Column); ok {
		return &KeyError{"transform.clip." + c.Column, fmt.Sprintf("%q holds categories, which have no quantiles", c.Column), "take it out"}
	}
	count := map[string]int{}
	var cells []Cell
	for _, row := range rows {
		cell := row[i]
		if cell.Text == "" {
			continue
		}
		if count[cell.Text]++; count[cell.Text] == 1 {
			cells = append(cells, cell)
		}
	}
	if len(cells) > maxCategories {
		return &KeyError{columnKey(i), fmt.Sprintf("%q holds %d categories in the training rows; at most %d", c.Column, len(cells), maxCategories), "take it out"}
	}
	slices.SortFunc(cells, func(a, b Cell) int {
		if a.Numeric != b.Numeric {
			return map[bool]int{true: -1, false: 1}[a.Numeric]
		}
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Text, b.Text))
	})
	most := cells[0].Text
	for _, cell := range cells {
		c.Categories = append(c.Categories, cell.Text)
		if count[cell.Text] > count[most] {
			most = cell.Text
		}
	}
	if rule, ok := spec.Fill.Of(c.Column); ok {
		fill := ""
		switch rule.Rule {
		case "most_frequent":
			fill = most
		case "zero":
		default:
			return c.wrongRule(rule, "categories", "most_frequent or zero")
		}
		c.FillCategory = &fill
	}
	seen := map[string]bool{}
	for at, row := range rows {
		category, err := c.category(row[i])
		if err != nil {
			return &CellError{at, i, err.Error()}
		}
		seen[category] = true
	}
	if len(seen) == 1 {
		return c.constant(i, most)
	}
	return nil
}

// number returns what a cell of a numeric feature stands for.
func (c *Feature) number(cell Cell) (float64, error) {
	switch {
	case cell.Numeric:
		return clamp(cell.Number, c.Low, c.High), nil
	case cell.Text != "":
		return 0, fmt.Errorf("column %q holds %q, which is no number: correct it, or list it in data.missing if it stands for no value", c.Column, cell.Text)
	case c.Fill == nil:
		return 0, fmt.Errorf("column %q is empty: write a value, or say what stands for it, e.g. transform.fill: {%s: median}", c.Column, c.Column)
	}
	return *c.Fill, nil
}

// category returns what a cell of the other kind stands for, "" for none of the
// categories.
func (c *Feature) category(cell Cell) (string, error) {
	switch {
	case cell.Text == "" && c.FillCategory == nil:
		return "", fmt.Errorf("column %q is empty: write a value, or say what stands for it, e.g. transform.fill: {%s: most_frequent}", c.Column, c.Column)
	case cell.Text == "":
		return *c.FillCategory, nil
	case !slices.Contains(c.Categories, cell.Text):
		return "", nil
	}
	return cell.Text, nil
}

// Width is how many numbers the feature becomes.
func (c *Feature) Width() int { return max(len(c.Categories), 1) }

// Unseen reports whether a cell holds a category that no training row has.
func (c *Feature) Unseen(cell Cell) bool {
	return c.Categories != nil && cell.Text != "" && !slices.Contains(c.Categories, cell.Text)
}

// Width is how many numbers all features become.
func (f *Fitted) Width() int {
	width := 0
	for i := range f.Features {
		width += f.Features[i].Width()
	}
	return width
}

// Encode returns the numbers of one row of cells. One that cannot be used is a *CellError
// of row 0.
func (f *Fitted) Encode(row []Cell) ([]float32, error) {
	x := make([]float32, 0, f.Width())
	for i := range f.Features {
		c := &f.Features[i]
		if c.Categories != nil {
			category, err := c.category(row[i])
			if err != nil {
				return nil, &CellError{0, i, err.Error()}
			}
			for _, other := range c.Categories {
				x = append(x, map[bool]float32{true: 1}[category == other])
			}
			continue
		}
		value, err := c.number(row[i])
		if err != nil {
			return nil, &CellError{0, i, err.Error()}
		}
		scaled := float32((value - c.Mean) / c.Std)
		if math.IsInf(float64(scaled), 0) {
			return nil, &CellError{0, i, fmt.Sprintf("column %q holds %s, which is too large: correct it, or list it in data.missing", c.Column, row[i].Text)}
		}
		x = append(x, scaled)
	}
	return x, nil
}
