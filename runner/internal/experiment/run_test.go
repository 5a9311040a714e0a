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
		inputs:     inputs{table: labels},
		made:       made{ledger: &clean.Ledger{Kept: []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10}}},
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
		inputs:     inputs{table: labels},
		made:       made{ledger: &clean.Ledger{Kept: []int{0, 1, 2, 3, 4, 5}}},
	}
	got, err := l.groups()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "", `a\//b`, `a/\/b`, "a/", `a/\\`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSplitKeyNamesTheTask holds that the split of a regression is never taken for
// that of a classification of the same numbers.
func TestSplitKeyNamesTheTask(t *testing.T) {
	key := func(task string) digest.Digest {
		l := newLine(rosettes(t, t.TempDir(), progress.Silent))
		l.outputs = map[string]digest.Digest{"table": {1}, "clean": {2}}
		l.Recipe.Task = task
		for i := range stages {
			if s := &stages[i]; s.name == "split" {
				key, known := l.key(s)
				if !known {
					t.Fatal("the key of split is not known")
				}
				return key
			}
		}
		t.Fatal("no stage split")
		return digest.Digest{}
	}
	if a, b := key(recipe.Regression), key(recipe.Classification); a == b {
		t.Errorf("both tasks have the key %s", a)
	}
}
