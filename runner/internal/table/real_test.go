package table

import (
	"os"
	"path/filepath"
	"testing"

	"biomass/runner/internal/recipe"
)

// TestRealTable reads a published table in both of its forms.
func TestRealTable(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: it names the folder with the real data")
	}
	var tables []*Table
	for _, name := range []string{"labels.xlsx", "labels.csv"} {
		read, err := Read(filepath.Join(shared, "data", "maize", name), recipe.Data{})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name, len(read.Rows), "rows", len(read.Columns), "columns", read.Notes)
		tables = append(tables, read)
	}
	if tables[0].Digest() != tables[1].Digest() {
		t.Error("the .xlsx and the .csv have different digests")
		for i, row := range tables[0].Rows {
			for j, cell := range row.Cells {
				if other := tables[1].Rows[i].Cells[j]; cell != other {
					t.Fatalf("%s: %+v, %+v", tables[0].Place(row.Line, j), cell, other)
				}
			}
		}
	}
}
