package table

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"biomass/runner/internal/recipe"
)

// book saves a workbook that excelize writes, and returns its path.
func book(t *testing.T, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	path := filepath.Join(t.TempDir(), "labels.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// put writes rows of values from cell A1 on; nil leaves a cell out.
func put(t *testing.T, f *excelize.File, rows ...[]any) {
	t.Helper()
	for i, row := range rows {
		for j, value := range row {
			cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
			if value == nil {
				continue
			}
			if err := f.SetCellValue("Sheet1", cell, value); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// texts returns what is read, cells by rows, a text in quotes.
func texts(t *Table) [][]string {
	var rows [][]string
	for _, row := range t.Rows {
		var cells []string
		for _, cell := range row.Cells {
			text := cell.Text
			if cell.Kind == Text {
				text = `"` + text + `"`
			}
			cells = append(cells, text)
		}
		rows = append(rows, cells)
	}
	return rows
}

// TestSheetCells holds what the kinds of cells mean that people have in sheets.
func TestSheetCells(t *testing.T) {
	seen := time.Date(2024, 5, 12, 12, 0, 0, 0, time.UTC)
	path := book(t, func(f *excelize.File) {
		put(t, f,
			[]any{"a", "b"},
			[]any{"402", 402},           // a text that looks like a number is one
			[]any{"007", "1,5"},         // these do not
			[]any{"1e3", " 2.50 "},      //
			[]any{true, false},          // truth values,
			[]any{"True", "FALSE"},      // as texts too
			[]any{"WAHR", "FALSCH"},     // these only in a column of their own
			[]any{seen, 6 * time.Hour},  // days
			[]any{1.0 / 3, 0.1 + 0.2},   // 15 digits
			[]any{"#N/A", "12.05.2024"}, // texts
		)
	})
	read, err := Read(path, recipe.Data{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"402", "402"}, {`"007"`, `"1,5"`}, {"1000", "2.5"}, {`"true"`, `"false"`}, {`"true"`, `"false"`}, {`"WAHR"`, `"FALSCH"`},
		{"45424.5", "0.25"}, {"0.333333333333333", "0.3"}, {`"#N/A"`, `"12.05.2024"`},
	}
	if got := texts(read); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if read.ReadAs != nil {
		t.Errorf("read as %v", read.ReadAs)
	}

	// Workbooks of the old Macintosh count days from elsewhere.
	macintosh := true
	path = book(t, func(f *excelize.File) {
		put(t, f, []any{"seen"}, []any{seen})
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &macintosh}); err != nil {
			t.Fatal(err)
		}
	})
	if read, err = Read(path, recipe.Data{}); err != nil || !strings.Contains(strings.Join(read.Notes, "; "), "days since 1904-01-01") {
		t.Errorf("%q, %v", read.Notes, err)
	}

	path = book(t, func(f *excelize.File) {
		put(t, f, []any{"x", "alive"}, []any{1, "WAHR"}, []any{2, "FALSCH"}, []any{3, nil})
	})
	if read, err = Read(path, recipe.Data{}); err != nil {
		t.Fatal(err)
	}
	if got, want := texts(read), [][]string{{"1", `"true"`}, {"2", `"false"`}, {"3", ""}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if read.ReadAs["booleans"] != "WAHR, FALSCH" || !strings.Contains(strings.Join(read.Notes, "; "), `in "alive"`) {
		t.Errorf("read as %v, notes %q", read.ReadAs, read.Notes)
	}
}

// TestSheetLayout holds header rows further down, merged cells and formulas.
func TestSheetLayout(t *testing.T) {
	layout := func(f *excelize.File) {
		put(t, f,
			[]any{"Harvest 2024"},
			[]any{"plant", "image", "weight", "dried"},
			[]any{"p1", "a.jpg", 1.5, nil},
			[]any{nil, "b.jpg", 2.5, nil},
			[]any{},
			[]any{nil, "c.jpg", 3, nil},
			[]any{"p2", "d.jpg", 4, nil},
		)
		for _, cells := range [][2]string{{"A1", "D1"}, {"A3", "A6"}} {
			if err := f.MergeCell("Sheet1", cells[0], cells[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	read, err := Read(book(t, layout), recipe.Data{Header: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{`"p1"`, `"a.jpg"`, "1.5", ""}, {`"p1"`, `"b.jpg"`, "2.5", ""}, {`"p1"`, `"c.jpg"`, "3", ""}, {`"p2"`, `"d.jpg"`, "4", ""}}
	if got := texts(read); !slices.EqualFunc(got, want, slices.Equal) || !slices.Equal(read.Columns, []string{"plant", "image", "weight", "dried"}) {
		t.Errorf("%q: got  %q\nwant %q", read.Columns, got, want)
	}
	if read.Rows[2].Line != 6 || read.PlaceRow(read.Rows[2].Line) != "row 6" {
		t.Errorf("the third row is row %d", read.Rows[2].Line)
	}
	if read.ReadAs["merged"] != "filled" || !strings.Contains(strings.Join(read.Notes, "; "), "first: A3:A6") {
		t.Errorf("read as %v, notes %q", read.ReadAs, read.Notes)
	}

	_, err = Read(book(t, layout), recipe.Data{})
	check(t, err, "A1:D1", "header are merged", "data.header")
	_, err = Read(book(t, layout), recipe.Data{Header: 5})
	check(t, err, "row 5", "data.header", "empty")

	// A formula's result is what was saved with it.
	path := book(t, func(f *excelize.File) {
		put(t, f, []any{"a", "b"}, []any{2, 4})
		if err := f.SetCellFormula("Sheet1", "B2", "A2*2"); err != nil {
			t.Fatal(err)
		}
	})
	if read, err = Read(path, recipe.Data{}); err != nil {
		t.Fatal(err)
	}
	if got := texts(read); got[0][1] != "4" {
		t.Errorf("got %q", got)
	}
}
