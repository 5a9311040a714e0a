package experiment

import (
	"context"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
)

// TestUnknownPart holds that rows whose split column names no part are told by
// their lines in the file, not by their place among the rows kept.
func TestUnknownPart(t *testing.T) {
	labels := &table.Table{Path: "labels.csv", Columns: []string{"part"}}
	for i, text := range []string{"train", "dropped", "tset", "validation", "", "test", "x", "y", "z", "x", "x"} {
		labels.Rows = append(labels.Rows, table.Row{Line: i + 2, Cells: []table.Cell{{Text: text, Kind: table.Text}}})
	}
	spec := recipe.Split{By: "column", Column: "part", Parts: recipe.Parts{Train: "train", Validation: "validation", Test: "test"}}
	l := &line{
		Experiment: &Experiment{Loaded: &recipe.Loaded{Recipe: recipe.Recipe{Split: spec}}},
		table:      labels,
		ledger:     &clean.Ledger{Kept: []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
	}
	err := runSplit(context.Background(), l)
	if err == nil {
		t.Fatal("no error")
	}
	const want = `correct line 4 ("tset"), line 6 (""), line 8 ("x"), line 9 ("y"), line 10 ("z"), 2 more, or name the values in split.parts`
	if got := err.Error(); !strings.HasPrefix(got, "table labels.csv: split by column part: 7 rows name no part") || !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}

// TestGroups holds that rows without any group cell stand alone, however many
// columns there are, and that joined cells cannot be mistaken for others.
func TestGroups(t *testing.T) {
	labels := &table.Table{Columns: []string{"bed", "plant"}}
	for _, cells := range [][2]string{{"", ""}, {"", ""}, {"a/", "b"}, {"a", "/b"}, {"a", ""}, {"a", `\`}} {
		row := table.Row{}
		for _, cell := range cells {
			row.Cells = append(row.Cells, table.Cell{Text: cell, Kind: table.Text})
		}
		labels.Rows = append(labels.Rows, row)
	}
	l := &line{
		Experiment: &Experiment{Loaded: &recipe.Loaded{Recipe: recipe.Recipe{Data: recipe.Data{Group: labels.Columns}}}},
		table:      labels,
		ledger:     &clean.Ledger{Kept: []int{0, 1, 2, 3, 4, 5}},
	}
	got, err := l.groups()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "", `a\//b`, `a/\/b`, "a/", `a/\\`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// keyOf returns the key of a stage whose inputs are always the same.
func keyOf(t *testing.T, stage string, change func(*recipe.Recipe)) digest.Digest {
	t.Helper()
	l := &line{Experiment: rosettes(t, t.TempDir(), progress.Silent), outputs: map[string]digest.Digest{}, table: &table.Table{}}
	change(&l.Recipe)
	for i := range stages {
		l.outputs[stages[i].name] = digest.Digest{byte(i)}
	}
	for i := range stages {
		if stages[i].name == stage {
			key, _ := l.key(&stages[i])
			return key
		}
	}
	t.Fatalf("no stage %s", stage)
	return digest.Digest{}
}

// TestKeysNameWhatIsObserved holds that the split of a regression is never taken for
// that of a classification of the same numbers, nor the evaluation of a best epoch for
// that of a last one with the same weights.
func TestKeysNameWhatIsObserved(t *testing.T) {
	for _, c := range []struct {
		stage  string
		change func(*recipe.Recipe)
	}{
		{"split", func(r *recipe.Recipe) { r.Task = recipe.Classification }},
		{"evaluate", func(r *recipe.Recipe) { r.Train.Keep = "last" }},
	} {
		a, b := keyOf(t, c.stage, func(*recipe.Recipe) {}), keyOf(t, c.stage, c.change)
		if a == b {
			t.Errorf("%s: both have the key %s", c.stage, a)
		}
	}
}
