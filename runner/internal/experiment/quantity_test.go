package experiment

import (
	"math"
	"slices"
	"testing"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/split"
	"biomass/runner/internal/table"
)

// TestQuantities holds which columns of a table are quantities of the kept rows.
func TestQuantities(t *testing.T) {
	columns := map[string][]string{
		"weight": {"1", "2", "3", "4"},       // the target
		"photo":  {"10", "20", "30", "40"},   // names
		"plant":  {"7", "7", "8", "9"},       // names a group
		"row":    {"0", "1", "2", "3"},       // counts
		"bed":    {"2", "5", "2", "5"},       // a category
		"age":    {"12", "", "14", "99"},     // one cell is empty
		"light":  {"1", "1", "1", "3"},       // constant but for the dropped row
		"soil":   {"clay", "2", "3", "4"},    // not nine of ten are numbers
		"kind":   {"a", "b", "c", "d"},       // none is
		"dry":    {"0.5", "-1", "1e3", "-8"}, // a quantity
	}
	labels := &table.Table{}
	for name := range columns {
		labels.Columns = append(labels.Columns, name)
	}
	slices.Sort(labels.Columns)
	for i := range 4 {
		row := table.Row{Line: i + 2}
		for _, name := range labels.Columns {
			row.Cells = append(row.Cells, table.Parse(columns[name][i], nil))
		}
		labels.Rows = append(labels.Rows, row)
	}
	data := recipe.Data{Target: "weight", Image: "photo", Group: []string{"plant"}, Features: []recipe.Feature{{Column: "age"}, {Column: "bed", Kind: recipe.Categorical}}}
	l := &line{
		Experiment: &Experiment{Loaded: &recipe.Loaded{Recipe: recipe.Recipe{Data: data}}},
		inputs:     inputs{table: labels},
		made:       made{ledger: &clean.Ledger{Kept: []int{0, 1, 2}}},
	}
	got := l.quantities()
	if len(got) != 2 || got[0].Name != "age" || got[1].Name != "dry" {
		t.Fatalf("got %+v, want age and dry", got)
	}
	if v := got[0].Values; len(v) != 3 || v[0] != 12 || !math.IsNaN(v[1]) || v[2] != 14 {
		t.Errorf("age is %v", v)
	}
	if want := []float64{0.5, -1, 1000}; !slices.Equal(got[1].Values, want) {
		t.Errorf("dry is %v, want %v", got[1].Values, want)
	}

	l.Recipe.Split = recipe.Split{By: "column", Column: "dry"}
	if got := l.quantities(); len(got) != 1 {
		t.Errorf("the column of the split is a quantity: %+v", got)
	}
}

// TestAgainst holds which columns the target is drawn against: those that are asked
// for, else numbers beside the photo, else the one that goes best with it without
// being the same.
func TestAgainst(t *testing.T) {
	labels := &table.Table{Columns: []string{"weight", "copy", "age", "light", "bed"}}
	for i, cells := range [][]string{{"1", "10", "3", "8", "a"}, {"2", "20", "", "7", "b"}, {"4", "40", "5", "9", "a"}} {
		row := table.Row{Line: i + 2}
		for _, cell := range cells {
			row.Cells = append(row.Cells, table.Parse(cell, nil))
		}
		labels.Rows = append(labels.Rows, row)
	}
	r := func(x float64) *float64 { return &x }
	known := &evaluate.Correlation{Quantities: []evaluate.Quantity{{Name: "copy", Target: r(-0.95)}, {Name: "light", Target: r(-0.5)}, {Name: "age", Target: r(0.2)}}}
	for name, test := range map[string]struct {
		against, plots []string
		features       []recipe.Feature
		known          *evaluate.Correlation
		want           []string
	}{
		"asked for":      {against: []string{"copy", "age"}, features: []recipe.Feature{{Column: "light"}}, known: known, want: []string{"copy", "age"}},
		"features":       {features: []recipe.Feature{{Column: "bed"}, {Column: "age"}}, known: known, want: []string{"age"}},
		"categories":     {features: []recipe.Feature{{Column: "bed"}}, known: known, want: []string{"light"}},
		"the best":       {known: known, want: []string{"light"}},
		"too good":       {known: &evaluate.Correlation{Quantities: known.Quantities[:1]}},
		"just too good":  {known: &evaluate.Correlation{Quantities: []evaluate.Quantity{{Name: "light", Target: r(evaluate.SameThing)}}}},
		"no coefficient": {known: &evaluate.Correlation{Quantities: []evaluate.Quantity{{Name: "age"}}}},
		"no columns":     {},
		"errors alone":   {plots: []string{"residuals"}, against: []string{"age"}, want: []string{"age"}},
	} {
		if test.plots == nil {
			test.plots = []string{"fit", "against"}
		}
		l := &line{
			Experiment: &Experiment{Loaded: &recipe.Loaded{Recipe: recipe.Recipe{
				Data: recipe.Data{Target: "weight", Features: test.features}, Report: recipe.Report{Plots: test.plots, Against: test.against},
			}}},
			inputs: inputs{table: labels},
			made:   made{ledger: &clean.Ledger{Kept: []int{0, 1, 2}}, split: &split.Split{Train: []int{0, 2}, Test: []int{1}}, evaluation: &evaluate.Evaluation{Story: evaluate.Story{Correlation: test.known}}},
		}
		all, err := l.against()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range all {
			got = append(got, a.Column)
			if a.Column == "age" && (len(a.Points) != 2 || a.Points[1] != report.Point{Part: evaluate.Train, At: 5, Value: 4}) {
				t.Errorf("%s: age has the points %+v", name, a.Points)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
