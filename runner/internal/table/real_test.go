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

// TestRealFolders reads a published set of photos in one folder a class.
func TestRealFolders(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: it names the folder with the real data")
	}
	read, err := List(filepath.Join(shared, "data", "seedlings"), listed(recipe.Data{Folders: "images"}))
	if err != nil {
		t.Fatal(err)
	}
	classes, err := read.Distinct("class")
	if err != nil || len(classes) != 12 || len(read.Rows) != 720 || len(read.Notes) != 0 {
		t.Errorf("%d rows of %q, %q, %v", len(read.Rows), classes, read.Notes, err)
	}
}
