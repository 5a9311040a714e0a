package transform

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

// cells makes rows of cells, in a line each, from texts between commas.
func cells(lines ...string) (rows [][]Cell) {
	for _, line := range lines {
		var row []Cell
		for text := range strings.SplitSeq(line, ",") {
			cell := Cell{Text: text}
			if x, err := strconv.ParseFloat(text, 64); err == nil {
				cell.Number, cell.Numeric = x, true
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

func fill(rules ...recipe.Fill) recipe.Transform {
	return recipe.Transform{Features: standardize, Fill: rules}
}

var ageAndPot = []recipe.Feature{{Column: "age"}, {Column: "pot"}}

// TestFeatures: a number and a category, standardised and one-hot, fitted on the
// training rows alone.
func TestFeatures(t *testing.T) {
	features, err := FitFeatures(fill(), ageAndPot, cells("3,clay", "5,peat", "10,clay"))
	if err != nil {
		t.Fatal(err)
	}
	f := &Fitted{Features: features}
	if f.Width() != 3 || features[0].Mean != 6 || features[0].Std != math.Sqrt(26./3) || !slices.Equal(features[1].Categories, []string{"clay", "peat"}) {
		t.Errorf("got %+v", features)
	}
	z := func(x float64) float32 { return float32((x - 6) / math.Sqrt(26./3)) }
	for row, want := range map[string][]float32{
		"3,clay":  {z(3), 1, 0},
		"99,peat": {z(99), 0, 1},
		"6,sand":  {0, 0, 0}, // no training row has that
	} {
		if got, err := f.Encode(cells(row)[0]); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v; error %v", row, got, want, err)
		}
	}
	if c := cells("6,sand")[0]; !features[1].Unseen(c[1]) || features[0].Unseen(c[0]) || features[1].Unseen(Cell{}) || features[1].Unseen(Cell{Text: "clay"}) {
		t.Error("sand, and nothing else, is unseen")
	}
	if (&Fitted{}).Width() != 0 {
		t.Error("no features are some numbers")
	}
}

// TestFeaturesAsTheyAre: transform.features none, and categories that are numbers.
func TestFeaturesAsTheyAre(t *testing.T) {
	spec := recipe.Transform{Features: none}
	columns := []recipe.Feature{{Column: "age", Kind: "numeric"}, {Column: "run", Kind: "categorical"}}
	features, err := FitFeatures(spec, columns, cells("3,10", "5,9", "10,b"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"9", "10", "b"}; !slices.Equal(features[1].Categories, want) {
		t.Errorf("categories %q, want %q", features[1].Categories, want)
	}
	f := &Fitted{Features: features}
	if got, err := f.Encode(cells("5,10")[0]); err != nil || !slices.Equal(got, []float32{5, 0, 1, 0}) {
		t.Errorf("got %v, error %v", got, err)
	}
}

// TestFillEmptyCells: what stands for an empty cell, under every rule, in training and later.
func TestFillEmptyCells(t *testing.T) {
	rows := cells("1,b", "2,a", "9,b", "4,a", ",")
	for _, test := range []struct {
		age    recipe.Fill
		pot    string
		number float64
		one    []float32 // of the categories
	}{
		{recipe.Fill{Rule: "median"}, "most_frequent", 3, []float32{1, 0}}, // a is the first of two
		{recipe.Fill{Rule: "mean"}, "zero", 4, []float32{0, 0}},
		{recipe.Fill{Rule: "zero"}, "zero", 0, []float32{0, 0}},
		{recipe.Fill{Rule: "given", Value: -7}, "zero", -7, []float32{0, 0}},
	} {
		test.age.Column = "age"
		features, err := FitFeatures(fill(test.age, recipe.Fill{Column: "pot", Rule: test.pot}), ageAndPot, rows)
		if err != nil {
			t.Fatal(err)
		}
		f := &Fitted{Features: features}
		sum := 0.0
		for _, x := range []float64{1, 2, 9, 4, test.number} {
			sum += x
		}
		if features[0].Mean != sum/5 {
			t.Errorf("%s: the mean of the filled column is %v, want %v", test.age.Rule, features[0].Mean, sum/5)
		}
		got, err := f.Encode(cells(",")[0])
		want := append([]float32{float32((test.number - features[0].Mean) / features[0].Std)}, test.one...)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v; error %v", test.age.Rule, got, want, err)
		}
	}
}

func TestFeatureErrors(t *testing.T) {
	both := []recipe.Fill{{Column: "age", Rule: "median"}, {Column: "pot", Rule: "zero"}}
	for want, test := range map[string]struct {
		spec    recipe.Transform
		columns []recipe.Feature
		rows    [][]Cell
		at      CellError // Row -1: an error of a key
	}{
		`column "age" is empty: write a value, or say what stands for it, e.g. transform.fill: {age: median}`:        {fill(), ageAndPot, cells("1,a", ",b"), CellError{1, 0, ""}},
		`column "pot" is empty: write a value, or say what stands for it, e.g. transform.fill: {pot: most_frequent}`: {fill(both[0]), ageAndPot, cells("1,a", ",b", "3,"), CellError{2, 1, ""}},
		`column "age" holds "old", which is no number, and 2 of the 3 training rows hold numbers: correct it, list it in data.missing if it stands for no value, or write {age: categorical} in data.features`: {
			fill(), ageAndPot, cells("1,a", "2,b", "old,a"), CellError{2, 0, ""}},
		`column "pot" holds 7, a number, and 2 of the 3 training rows hold texts: correct it`:                               {fill(), ageAndPot, cells("1,a", "2,7", "3,b"), CellError{1, 1, ""}},
		`data.features[1]: "pot" has no value in any training row; take it out`:                                             {fill(both...), ageAndPot, cells("1,", "2,"), CellError{Row: -1}},
		`data.features[0]: "age" is 2 in every training row, so that it tells nothing; take it out`:                         {fill(), ageAndPot, cells("2,a", "2,b"), CellError{Row: -1}},
		`data.features[1]: "pot" is a in every training row, so that it tells nothing; take it out`:                         {fill(recipe.Fill{Column: "pot", Rule: "most_frequent"}), ageAndPot, cells("2,a", "3,a", "4,"), CellError{Row: -1}},
		`transform.fill.pot: median is no rule for "pot", which holds categories; write most_frequent or zero`:              {fill(recipe.Fill{Column: "pot", Rule: "median"}), ageAndPot, cells("2,a", "3,b"), CellError{Row: -1}},
		`transform.fill.pot: 3 is no rule for "pot", which holds categories`:                                                {fill(recipe.Fill{Column: "pot", Rule: "given", Value: 3}), ageAndPot, cells("2,a", "3,b"), CellError{Row: -1}},
		`transform.fill.age: most_frequent is no rule for "age", which holds numbers; write median, mean, zero or a number`: {fill(recipe.Fill{Column: "age", Rule: "most_frequent"}), ageAndPot, cells("2,a", "3,b"), CellError{Row: -1}},
		`data.features[0]: "age" holds numbers that are too large to have a standard deviation`:                             {fill(), ageAndPot, cells("1e300,a", "-1e300,b"), CellError{Row: -1}},
		`data.features[0]: "id" holds 1001 categories in the training rows; at most 1000`:                                   {fill(), []recipe.Feature{{Column: "id"}}, many(1001), CellError{Row: -1}},
		`column "age" holds "old", which is no number, and 1 of the 2 training rows hold numbers`:                           {fill(), []recipe.Feature{{Column: "age", Kind: "numeric"}}, cells("1", "old"), CellError{1, 0, ""}},
	} {
		_, err := FitFeatures(test.spec, test.columns, test.rows)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
			continue
		}
		var cell *CellError
		if errors.As(err, &cell) != (test.at.Row >= 0) || cell != nil && (cell.Row != test.at.Row || cell.Feature != test.at.Feature) {
			t.Errorf("%s: at %+v, want %+v", want, cell, test.at)
		}
	}
	features, err := FitFeatures(fill(), ageAndPot, cells("1,a", "3,b"))
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[string]string{
		"old,a":  `column "age" holds "old", which is no number`,
		",a":     `column "age" is empty`,
		"1,":     `column "pot" is empty`,
		"1e39,a": `column "age" holds 1e39, which is too large`,
	} {
		var cell *CellError
		if _, err := (&Fitted{Features: features}).Encode(cells(row)[0]); !errors.As(err, &cell) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", row, err, want)
		}
	}
}

// many returns rows of n different texts.
func many(n int) [][]Cell {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = "x" + strconv.Itoa(i)
	}
	return cells(lines...)
}

// TestValid holds what no fitting gives, as a forged file may have it.
func TestValid(t *testing.T) {
	bad := math.Inf(1)
	for want, c := range map[string]Feature{
		"":                              {Std: 2, Fill: new(float64)},
		"has 0 categories":              {Categories: []string{}},
		"has 1001 categories":           {Categories: make([]string, 1001)},
		"is divided by 0":               {Mean: 3},
		"is divided by -1":              {Std: -1},
		"is fitted with NaN":            {Mean: math.NaN(), Std: 1},
		"is fitted with +Inf, which is": {Std: 1, Fill: &bad},
		"is fitted with +Inf":           {Std: 1, High: &bad},
	} {
		if err := c.Valid(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	if err := (&Feature{Categories: []string{"clay"}}).Valid(); err != nil {
		t.Error(err)
	}
}
