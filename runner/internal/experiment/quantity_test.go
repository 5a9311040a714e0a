package experiment

import (
	"math"
	"slices"
	"testing"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/recipe"
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
		table:      labels,
		ledger:     &clean.Ledger{Kept: []int{0, 1, 2}},
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
