package table

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

// lay writes files below a new folder and returns it. A name that ends in a slash
// is an empty folder.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// rows returns the table's rows as texts: maize/a.jpg maize.
func rows(t *Table) []string {
	var list []string
	for _, row := range t.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cell.Text)
		}
		list = append(list, strings.Join(cells, " "))
	}
	return list
}

func listed(data recipe.Data) recipe.Data {
	data.Image, data.Target = "image", "class"
	return data
}

func TestFolders(t *testing.T) {
	root := lay(t, map[string]string{
		"images/wheat/b.jpg": "", "images/wheat/a.PNG": "", "images/maize/c.tif": "", "images/007/d.bmp": "",
		"images/wheat/.DS_Store": "", "images/.git/x.jpg": "", "images/maize/.thumbs/a.jpg": "",
		"images/read.me": "", "images/stray.jpg": "", "images/maize/notes.txt": "",
	})
	read, err := List(root, listed(recipe.Data{Folders: "images"}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"007/d.bmp 007", "maize/c.tif maize", "wheat/a.PNG wheat", "wheat/b.jpg wheat"}; !slices.Equal(rows(read), want) {
		t.Errorf("got %q, want %q", rows(read), want)
	}
	if want := []string{
		"left out in images: 3 hidden files and folders (first: .git)",
		"left out in images: 3 files that are no photo of a class (first: read.me)",
	}; !slices.Equal(read.Notes, want) {
		t.Errorf("notes %q, want %q", read.Notes, want)
	}
	if !slices.Equal(read.Columns, []string{"image", "class"}) || read.Path != filepath.Join(root, "images") {
		t.Errorf("%v of %s", read.Columns, read.Path)
	}
	if got := read.Place(2, 1); got != "photo maize/c.tif" {
		t.Errorf("the second row is %s", got)
	}
	if classes, err := read.Distinct("class"); err != nil || !slices.Equal(classes, []string{"007", "maize", "wheat"}) {
		t.Errorf("%q, %v", classes, err)
	}
	if indices, err := read.Indices("class", []string{"wheat", "007", "maize"}); err != nil || !slices.Equal(indices, []float64{1, 2, 0, 0}) {
		t.Errorf("%v, %v", indices, err)
	}
	_, err = read.Indices("class", []string{"wheat", "maizes", "007"})
	check(t, err, "photo maize/c.tif", `"maize"`, "data.classes", `did you mean "maizes"?`)

	// What is in the photos is for package picture to hash; which there are is seen here.
	same, err := List(root, listed(recipe.Data{Folders: "images"}))
	if err != nil || same.File != read.File || same.Digest() != read.Digest() {
		t.Errorf("the same folder, another digest (%v)", err)
	}
	if err := os.Rename(filepath.Join(root, "images", "wheat", "b.jpg"), filepath.Join(root, "images", "maize", "b.jpg")); err != nil {
		t.Fatal(err)
	}
	if moved, err := List(root, listed(recipe.Data{Folders: "images"})); err != nil || moved.File == read.File || moved.Digest() == read.Digest() {
		t.Errorf("a photo of another class, the same digest (%v)", err)
	}
}

func TestFolderParts(t *testing.T) {
	root := lay(t, map[string]string{"Train/b/1.jpg": "", "Train/a/1.jpg": "", "data/Test/a/2.jpg": "", "V/b/3.jpg": ""})
	data := listed(recipe.Data{Parts: recipe.Origins{
		Train: recipe.Origin{Folders: "Train"}, Validation: recipe.Origin{Folders: "./V"}, Test: recipe.Origin{Folders: "data/Test"},
	}})
	read, err := List(root, data)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Train/a/1.jpg a train", "Train/b/1.jpg b train", "V/b/3.jpg b validation", "data/Test/a/2.jpg a test"}
	if !slices.Equal(rows(read), want) || !slices.Equal(read.Columns, []string{"image", "class", "part"}) {
		t.Errorf("got %q of %q, want %q", rows(read), read.Columns, want)
	}
}

func TestFolderErrors(t *testing.T) {
	root := lay(t, map[string]string{
		"nested/a/1.jpg": "", "nested/a/raw/2.jpg": "", "empty/a/1.jpg": "", "empty/b/": "", "empty/b/x.txt": "",
		"flat/1.jpg": "", "file": "",
	})
	for folder, wants := range map[string][]string{
		"gone":   {"no such file", "gone", "--data"},
		"nested": {filepath.Join("nested", "a"), "holds the folder raw", "move its photos up"},
		"empty":  {filepath.Join("empty", "b"), "holds no photo (.jpg, ", "remove it"},
		"flat":   {"flat holds no folders", "one a class"},
		"file":   {"file"},
	} {
		_, err := List(root, listed(recipe.Data{Folders: folder}))
		check(t, err, append(wants, "list photos: ")...)
		_, err = List(root, listed(recipe.Data{Parts: recipe.Origins{Train: recipe.Origin{Folders: folder}}}))
		check(t, err, append(wants, "data.parts.train: ")...)
	}
}

// pictures and labels return IDX files: n pictures of 2 x 2 pixels, and labels.
func pictures(n int) string {
	return string([]byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 2, 0, 0, 0, 2}) + strings.Repeat("abcd", n)
}

func labels(list ...byte) string {
	return string([]byte{0, 0, 8, 1, 0, 0, 0, byte(len(list))}) + string(list)
}

func pair(images, labels string) recipe.Origin {
	return recipe.Origin{IDX: recipe.IDX{Images: images, Labels: labels}}
}

func TestIDX(t *testing.T) {
	root := lay(t, map[string]string{"i": pictures(4), "l": labels(10, 2, 0, 2), "ti": pictures(1), "tl": labels(2)})
	data := listed(recipe.Data{Parts: recipe.Origins{Train: pair("i", "l"), Test: pair("ti", "tl")}})
	read, err := List(root, data)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"train/00000 10 train", "train/00001 2 train", "train/00002 0 train", "train/00003 2 train", "test/00000 2 test"}
	if !slices.Equal(rows(read), want) {
		t.Errorf("got %q, want %q", rows(read), want)
	}
	if classes, err := read.Distinct("class"); err != nil || !slices.Equal(classes, []string{"0", "2", "10"}) {
		t.Errorf("%q, %v", classes, err)
	}
	if got := read.PlaceRow(5); got != "photo test/00000" {
		t.Errorf("the last row is %s", got)
	}
	data.Classes = []string{"c0", "1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"}
	named, err := List(root, data)
	if err != nil || rows(named)[0] != "train/00000 c10 train" || named.File != read.File || named.Digest() == read.Digest() {
		t.Errorf("%q, %v", rows(named), err)
	}
	if err := os.WriteFile(filepath.Join(root, "l"), []byte(labels(10, 2, 1, 2)), 0o666); err != nil {
		t.Fatal(err)
	}
	if again, err := List(root, data); err != nil || again.File == named.File {
		t.Errorf("other labels, the same digest (%v)", err)
	}
}

func TestIDXErrors(t *testing.T) {
	root := lay(t, map[string]string{
		"i": pictures(3), "l": labels(0, 1, 2), "short": labels(0, 1, 2)[:10], "two": labels(0, 1), "page": "<html>", "empty": "",
	})
	for _, test := range []struct {
		images, labels string
		wants          []string
	}{
		{"i", "gone", []string{"gone", "no such file", "--data"}},
		{"gone", "l", []string{"gone", "no such file", "--data"}},
		{"i", "short", []string{"short: it is cut short", "within item 2", "after 2 of 3 bytes"}},
		{"i", "two", []string{"i holds 3 photos, but two 2 labels", "do not belong together"}},
		{"i", "page", []string{"page: it is no IDX file"}},
		{"page", "l", []string{"page: it is no IDX file"}},
		{"empty", "l", []string{"empty: it is empty"}},
		{"l", "i", []string{"exchanged"}},
		{"i", "l", []string{"l: label 2, counted from 0, is 2", "names 2 classes, 0 to 1"}},
	} {
		_, err := List(root, listed(recipe.Data{Parts: recipe.Origins{Train: pair(test.images, test.labels)}, Classes: []string{"a", "b"}}))
		check(t, err, append(test.wants, "list photos: data.parts.train: ")...)
	}
}
