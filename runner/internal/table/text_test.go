package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rosette"
)

// german writes a table as a German spreadsheet program exports it.
func german(columns []string, rows [][]any, separator rune) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, true
	_ = w.Write(columns)
	for _, row := range rows {
		fields := make([]string, len(row))
		for i, value := range row {
			switch value := value.(type) {
			case nil:
			case bool:
				fields[i] = map[bool]string{true: "WAHR", false: "FALSCH"}[value]
			case float64:
				fields[i] = strings.Replace(fmt.Sprint(value), ".", ",", 1)
			default:
				fields[i] = fmt.Sprint(value)
			}
		}
		_ = w.Write(fields)
	}
	w.Flush()
	return b.String()
}

// TestGermanExport holds that the table of the built-in data, which is made like
// the university's, is the same however it is exported.
func TestGermanExport(t *testing.T) {
	set := rosette.New(rosette.Options{Plants: 60, Seed: 7})
	path := filepath.Join(t.TempDir(), "labels.xlsx")
	if err := Write(path, set.Columns(), set.Rows()); err != nil {
		t.Fatal(err)
	}
	data := recipe.Data{Missing: []string{"", "nan", "99999999"}}
	sheet, err := Read(path, data)
	if err != nil {
		t.Fatal(err)
	}
	if sheet.ReadAs != nil {
		t.Errorf("a plain sheet is read as %v", sheet.ReadAs)
	}
	text := german(set.Columns(), set.Rows(), ';')
	quoted := german(set.Columns(), set.Rows(), ',')
	if !strings.Contains(quoted, `,"`) || !strings.Contains(text, "Süd") {
		t.Fatal("the export shows nothing")
	}
	old, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	little, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	big, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	for name, test := range map[string]struct {
		content string
		readAs  string
	}{
		"semicolons.csv": {text, "map[booleans:WAHR, FALSCH decimal:comma]"},
		"commas.csv":     {quoted, "map[booleans:WAHR, FALSCH decimal:comma]"},
		"mark.csv":       {"\ufeff" + text, "map[booleans:WAHR, FALSCH decimal:comma]"},
		"excel.csv":      {old, "map[booleans:WAHR, FALSCH decimal:comma encoding:windows-1252]"},
		"unicode.csv":    {little, "map[booleans:WAHR, FALSCH decimal:comma encoding:utf-16]"},
		"big.csv":        {big, "map[booleans:WAHR, FALSCH decimal:comma encoding:utf-16]"},
		"tabs.tsv":       {german(set.Columns(), set.Rows(), '\t'), "map[booleans:WAHR, FALSCH decimal:comma]"},
		"bars.csv":       {german(set.Columns(), set.Rows(), '|'), "map[booleans:WAHR, FALSCH decimal:comma separator:pipe]"},
	} {
		read, err := Read(save(t, name, test.content), data)
		if err != nil {
			t.Error(err)
			continue
		}
		if read.Digest() != sheet.Digest() {
			t.Errorf("%s differs from the workbook: %q", name, read.Notes)
		}
		if got := fmt.Sprint(read.ReadAs); got != test.readAs {
			t.Errorf("%s is read as %s, want %s", name, got, test.readAs)
		}
		if read.Reading() == sheet.Reading() {
			t.Errorf("%s: the digest of its reading is that of a plain file", name)
		}
	}

	// An export of what is on display says so.
	rounded := german([]string{"weight", "size"}, [][]any{{"12,50", 1.25}, {"7,00", 1.5}, {nil, 2}}, ';')
	read, err := Read(save(t, "rounded.csv", rounded), data)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(read.Notes, "; "); !strings.Contains(notes, `padded to the same decimals in "weight" (2): `) {
		t.Errorf("notes: %s", notes)
	}
}

// TestTextForms holds what is found out of a text file, and that the recipe has
// the last word.
func TestTextForms(t *testing.T) {
	for _, test := range []struct {
		name, content string
		csv           recipe.CSV
		want          string // the first cell, whose kind is told by quotes
		notes         string
	}{
		{"point", "a,b\n1.5,x\n", recipe.CSV{}, `1.5`, "commas"},
		{"comma", "a;b\n1,5;x\n", recipe.CSV{}, `1.5`, "decimals are written with a comma"},
		{"comma, not obeyed", "a;b\n1,5;x\n", recipe.CSV{Decimal: "point"}, `"1,5"`, "semicolons"},
		{"point, not obeyed", "a,b\n1.5,x\n", recipe.CSV{Decimal: "comma"}, `"1.5"`, "with a comma"},
		{"exponent", "a;b\n-1,5E-07;x\n", recipe.CSV{}, `-1.5e-07`, ""},
		{"both", "a;b\n1,5;2.5\n", recipe.CSV{}, `"1,5"`, `read with a point, as in "b"; the commas in "a" make texts`},
		{"both in a column", "a;b\n1,5;2\n1.5;2\n", recipe.CSV{}, `"1,5"`, ""},
		{"perhaps thousands", "a;b\n1,234;x\n", recipe.CSV{}, `"1,234"`, `"a" look like 1,234`},
		{"no thousands", "a;b\n1,234;x\n0,5;x\n", recipe.CSV{}, `1.234`, ""},
		{"no thousands, said", "a;b\n1,234;x\n", recipe.CSV{Decimal: "comma"}, `1.234`, ""},
		{"thousands' points", "a;b\n1.234;2,5\n", recipe.CSV{Decimal: "comma"}, `"1.234"`, ""},
		{"a list", "a;b\n1,5;x\n1,2,3;x\n", recipe.CSV{}, `"1,5"`, ""},
		{"two missing", "a;b\n1,5;x\nnan;x\n", recipe.CSV{}, `1.5`, ""},
		{"WAHR", "a;b\nWAHR;x\nnan;x\n", recipe.CSV{}, `"true"`, `true and false in "a"`},
		{"WAHR and more", "a;b\nWAHR;x\nvielleicht;x\n", recipe.CSV{}, `"WAHR"`, ""},
		{"wahr", "a;b\nwahr;x\n", recipe.CSV{}, `"wahr"`, ""},
		{"separator", "a;b,c;d\n1;5,2;3\n", recipe.CSV{Separator: "comma"}, `"1;5"`, "commas"},
		{"bars and others", "a|b,c\n1|2,3\n", recipe.CSV{}, `"1|2"`, "commas"},
		{"single quotes", "'a;1';'b'\n'x;''y';2\n", recipe.CSV{}, `"x;'y"`, "single quotes"},
		{"an apostrophe", "'a;b'c\n'x;2\n", recipe.CSV{}, `"'x"`, "semicolons"},
		{"no quotes", "a;b\n3\";2\n", recipe.CSV{Quote: "none"}, `"3""`, "no quotes"},
		{"old Macintosh", "a;b\r1;2\r", recipe.CSV{}, `1`, ""},
		{"line breaks", "a;b\r\n\"x\r\ny\";2\r\n", recipe.CSV{}, "\"x\ny\"", ""},
		{"Latin letters", "a;b\n\xfc;1\n", recipe.CSV{}, `"ü"`, "Windows-1252, as it is not UTF-8"},
		{"Latin letters, said", "a;b\nü;1\n", recipe.CSV{Encoding: "windows-1252"}, `"Ã¼"`, "Windows-1252"},
		{"UTF-16, said", "a\x00;\x00b\x00\n\x00\xb1\x03;\x001\x00", recipe.CSV{Encoding: "utf-16"}, `"α"`, "in UTF-16"},
	} {
		read, err := Read(save(t, "x.csv", test.content), recipe.Data{CSV: test.csv, Missing: []string{"nan"}})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := read.Rows[0].Cells[0].Text
		if read.Rows[0].Cells[0].Kind == Text {
			got = `"` + got + `"`
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		if notes := strings.Join(read.Notes, "; "); !strings.Contains(notes, test.notes) {
			t.Errorf("%s: notes: %s", test.name, notes)
		}
	}
}

// TestHeader reads tables whose first rows are no part of them.
func TestHeader(t *testing.T) {
	read, err := Read(save(t, "x.csv", "Messung \"2024\n\nname,weight\na.jpg,1\n"), recipe.Data{Header: 3})
	if err != nil || !slices.Equal(read.Columns, []string{"name", "weight"}) || len(read.Rows) != 1 || read.Rows[0].Line != 4 {
		t.Errorf("%+v, %v", read, err)
	}
	_, err = Read(save(t, "x.csv", "x\nname,,weight\na.jpg,1,2\n"), recipe.Data{Header: 2})
	check(t, err, "line 2, column 2 is empty")
	_, err = Read(save(t, "x.csv", "x\nname,weight\na.jpg,\"1\n"), recipe.Data{Header: 2})
	check(t, err, "line 3, cell 2")
}

// FuzzRecords holds that a text that package csv reads is cut into the same cells
// in the same lines, and one that it refuses is refused.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{textRows, "a,b\r\n\"x\r\n\"\"y\",\r\n\r\n,", "a\"b", "\"a\"b", "\"", "a\r", "\"a\"\r", "\r\r\n", "\"\r\"\n", "a,\"\"\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		var want []record
		for {
			fields, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				if got, err := (separated{',', '"'}).records(text, 1); err == nil {
					t.Fatalf("%q is not refused: %+v", text, got)
				}
				return
			}
			line, _ := r.FieldPos(0)
			want = append(want, record{line, fields})
		}
		got, err := separated{',', '"'}.records(text, 1)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !slices.EqualFunc(got, want, func(a, b record) bool { return a.line == b.line && slices.Equal(a.fields, b.fields) }) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	})
}
