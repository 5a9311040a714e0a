package model

import (
	"os"
	"path/filepath"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/transform"
)

// TestRowsOfAnotherTable: the values beside pictures may come from a text file where the
// recipe's own table is a sheet.
func TestRowsOfAnotherTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "field.csv")
	if err := os.WriteFile(path, []byte("photo,age\na.jpg,12\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	data := recipe.Data{Table: "labels.xlsx", Sheet: "plants", Image: "photo"}
	m := &Model{Loaded: &recipe.Loaded{Recipe: recipe.Recipe{Data: data}}}
	rows, err := m.rows(path, []string{"age"}, []transform.Cell{{}})
	if err != nil {
		t.Fatal(err)
	}
	if cell := rows["a.jpg"]; len(cell) != 1 || cell[0].Number != 12 {
		t.Errorf("got %+v", rows)
	}
}
