package table

import (
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

// beside is data of folders with a table.
func beside(image string) recipe.Data {
	return recipe.Data{Folders: "kinds", Table: "notes.csv", Image: image, Target: "class", Missing: []string{"", "none"}}
}

func TestJoin(t *testing.T) {
	photos := map[string]string{"kinds/grass/a.jpg": "", "kinds/grass/b.jpg": "", "kinds/weed/a.jpg": "", "kinds/weed/ü.jpg": ""}
	photos["notes.csv"] = "age,photo,plant\n3,weed/a.jpg,p1\n4,b.jpg,p2\nnone,gone.jpg,p3\n5,weed/u\u0308.jpg,p4\n7,,p5\n"
	read, err := List(lay(t, photos), beside("photo"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"photo", "class", "age", "plant"}; !slices.Equal(read.Columns, want) {
		t.Errorf("columns %v", read.Columns)
	}
	want := []string{"grass/a.jpg grass  ", "grass/b.jpg grass 4 p2", "weed/a.jpg weed 3 p1", "weed/ü.jpg weed 5 p4", "gone.jpg   p3", "  7 p5"}
	if got := rows(read); !slices.Equal(got, want) {
		t.Errorf("rows %q", got)
	}
	for i, row := range read.Rows {
		if row.Line != i+1 || len(row.Cells) != 4 {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	for _, note := range []string{"1 photos have no row in notes.csv (first: grass/a.jpg)", `2 rows of notes.csv are of no photo (first: line 4, "gone.jpg")`} {
		if !slices.Contains(read.Notes, note) {
			t.Errorf("no note %q in %q", note, read.Notes)
		}
	}
	if ages, err := read.Floats("age"); err != nil || ages[1] != 4 {
		t.Errorf("%v, %v", ages, err)
	}

	// What the table says, and how it is written, is part of what was read.
	photos["notes.csv"] = strings.Replace(photos["notes.csv"], "4,b.jpg", "6,b.jpg", 1)
	other, err := List(lay(t, photos), beside("photo"))
	if err != nil || other.File == read.File || other.Digest() == read.Digest() {
		t.Errorf("another age is the same: %v", err)
	}
	photos["notes.csv"] = "age;photo\n1,5;b.jpg\n"
	german, err := List(lay(t, photos), beside("photo"))
	if err != nil || german.ReadAs["decimal"] != "comma" || rows(german)[1] != "grass/b.jpg grass 1.5" {
		t.Errorf("%v: %v, %q", err, german.ReadAs, rows(german))
	}
}

func TestJoinRefuses(t *testing.T) {
	for name, c := range map[string]struct{ notes, image, want string }{
		"name of two":  {"photo\na.jpg\n", "photo", `line 2, column 1: "a.jpg" is the name of several photos: write grass/a.jpg or weed/a.jpg`},
		"twice":        {"photo\nb.jpg\ngrass/a.jpg\ngrass/b.jpg\n", "photo", "line 2 and line 4 are of the same photo, grass/b.jpg: leave one of them"},
		"none":         {"photo\nx.jpg\ny.jpg\n", "photo", `no cell of the column "photo" names a photo: write names like grass/a.jpg`},
		"no column":    {"foto\nb.jpg\n", "photo", `has no column "photo": it has foto; data.image is the column that names the photo`},
		"class":        {"photo,class\nb.jpg,weed\n", "photo", `has a column "class", which here is the name of the folder: rename it`},
		"nothing":      {"", "photo", "notes.csv: "},
		"of one class": {"image\nweed/a.jpg\n", "image", ""},
	} {
		files := map[string]string{"kinds/grass/a.jpg": "", "kinds/grass/b.jpg": "", "kinds/weed/a.jpg": "", "notes.csv": c.notes}
		_, err := List(lay(t, files), beside(c.image))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := List(lay(t, map[string]string{"kinds/grass/a.jpg": ""}), beside("photo")); err == nil || !strings.Contains(err.Error(), "check data.root and data.table") {
		t.Errorf("a missing table: %v", err)
	}
}
