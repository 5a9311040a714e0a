package table

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
)

// save writes content to a new file and returns its path.
func save(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// workbook returns an .xlsx whose sheets "notes" and "labels" hold the given
// rows in SpreadsheetML. Cell style 1 is a date, 2 a number without decimals.
func workbook(notes, labels string) string {
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const packaged = "http://schemas.openxmlformats.org/package/2006/"
	const typed = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	sheet := func(rows string) string {
		return "<worksheet " + main + "><sheetData>" + rows + "</sheetData></worksheet>"
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, entry := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="` + packaged + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + typed + `sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="` + typed + `styles+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + typed + `worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="` + typed + `worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + packaged + `relationships"><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + main + ` xmlns:r="` + office + `"><sheets><sheet name="notes" sheetId="1" r:id="rId1"/><sheet name="labels" sheetId="2" r:id="rId2"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packaged + `relationships"><Relationship Id="rId1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="` + office + `/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="` + office + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", `<styleSheet ` + main + `><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="1" applyNumberFormat="1"/></cellXfs></styleSheet>`},
		{"xl/worksheets/sheet1.xml", sheet(notes)},
		{"xl/worksheets/sheet2.xml", sheet(labels)},
	} {
		f, _ := w.Create(entry[0])
		f.Write([]byte(entry[1]))
	}
	w.Close()
	return b.String()
}

// text is a cell of inline text.
func text(cell, value string) string {
	return fmt.Sprintf(`<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, cell, value)
}

const header = "name,weight,active,seen,lux,plant"

var sheetRows = `<row r="1">` + text("A1", "name") + text("B1", " weight ") + text("C1", "active") + text("D1", "seen") + text("E1", "lux") + text("F1", "plant") + `</row>` +
	`<row r="2">` + text("A2", "a.jpg ") + `<c r="B2" s="2"><v>0.30000000000000004</v></c><c r="C2" t="b"><v>1</v></c><c r="D2" s="1"><v>43590.5</v></c><c r="E2"><v>99999999</v></c>` + text("F2", "402") + `</row>` +
	`<row r="3"><c r="A3" t="inlineStr"><is><r><t>b</t></r><r><t>.jpg</t></r></is></c><c r="B3"><f>1/4</f><v>0.25</v></c><c r="C3" t="b"><v>0</v></c><c r="F3" t="str"><f>"00"&amp;7</f><v>007</v></c></row>` +
	`<row r="4"><c r="A4" s="1"/></row>` +
	`<row r="6">` + text("A6", "c.jpg") + `<c r="B6"><v>-1.5E-7</v></c><c r="E6" t="str"><f>""</f><v></v></c>` + text("F6", "12345678901234567") + `</row>` +
	`<row r="900"><c r="A900" t="inlineStr"><is><t> </t></is></c></row>`

const textRows = header + "\na.jpg,.3,True,43590.5,99999999.0,402\nb.jpg,0.250,FALSE,,,007\n,,,,,\n\"c.jpg\",-1.50e-07,,,,12345678901234567\n\n"

func TestSheetEqualsText(t *testing.T) {
	data := recipe.Data{Sheet: "labels", Missing: []string{"99999999"}}
	sheet, err := Read(save(t, "labels.xlsx", workbook("", sheetRows)), data)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(sheet.Columns, ","); got != header {
		t.Fatalf("columns %s", got)
	}
	want := []Row{
		{2, []Cell{{"a.jpg", 0, Text}, {"0.3", 0.3, Number}, {"true", 0, Text}, {"43590.5", 43590.5, Number}, {}, {"402", 402, Number}}},
		{3, []Cell{{"b.jpg", 0, Text}, {"0.25", 0.25, Number}, {"false", 0, Text}, {}, {}, {"007", 0, Text}}},
		{6, []Cell{{"c.jpg", 0, Text}, {"-1.5e-07", -1.5e-7, Number}, {}, {}, {}, {"12345678901234567", 0, Text}}},
	}
	if !slices.EqualFunc(sheet.Rows, want, func(a, b Row) bool { return a.Line == b.Line && slices.Equal(a.Cells, b.Cells) }) {
		t.Errorf("got  %+v\nwant %+v", sheet.Rows, want)
	}
	if notes := strings.Join(sheet.Notes, "; "); !strings.Contains(notes, `"seen" holds dates`) || strings.Contains(notes, "weight") {
		t.Errorf("notes: %s", notes)
	}

	data.Sheet = ""
	for name, content := range map[string]string{
		"commas.csv":     textRows,
		"semicolons.csv": strings.ReplaceAll(textRows, ",", ";"),
		"tabs.csv":       strings.ReplaceAll(textRows, ",", "\t"),
		"tabs.tsv":       strings.ReplaceAll(textRows, ",", "\t"),
		"mark.csv":       "\ufeff" + textRows,
		"windows.csv":    strings.ReplaceAll(textRows, "\n", "\r\n"),
	} {
		read, err := Read(save(t, name, content), data)
		if err != nil {
			t.Fatal(err)
		}
		if read.Digest() != sheet.Digest() {
			t.Errorf("%s differs from the workbook: %+v", name, read.Rows)
		}
		if read.File != digest.Of([]byte(content)) {
			t.Errorf("%s: wrong digest of the file", name)
		}
		if got := read.Rows[2].Line; got != 5 {
			t.Errorf("%s: the third row is in line %d", name, got)
		}
	}
}

func TestDigestSeparates(t *testing.T) {
	seen := map[digest.Digest]string{}
	for _, content := range []string{"a,b\n1,2", "a,b\n1,", "a,b\n,1", "b,a\n1,2", "a,b\n1,2\n1,2", "a,b\n1,x", "a,b\n1,01", "a,b\n1,2.00000000000001"} {
		read, err := Read(save(t, "x.csv", content), recipe.Data{})
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[read.Digest()]; ok {
			t.Errorf("%q and %q have the same digest", content, other)
		}
		seen[read.Digest()] = content
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Cell{
		"":                   {},
		" \t ":               {},
		"0":                  {"0", 0, Number},
		"-0.0":               {"0", 0, Number},
		"+1":                 {"1", 1, Number},
		"5.":                 {"5", 5, Number},
		"1E5":                {"100000", 1e5, Number},
		"99999999":           {"99999999", 99999999, Number},
		"0.1000000000000001": {"0.1", 0.1, Number},
		"0.100000000000001":  {"0.100000000000001", 0.100000000000001, Number},
		"123456789012345":    {"123456789012345", 123456789012345, Number},
		"1234567890123450":   {"1234567890123450", 1234567890123450, Number},
		"1234567890123456":   {"1234567890123456", 0, Text},
		"1e300":              {"1e+300", 1e300, Number},
		"1e999":              {"1e999", 0, Text},
		"01":                 {"01", 0, Text},
		"0x10":               {"0x10", 0, Text},
		"1_000":              {"1_000", 0, Text},
		"--1":                {"--1", 0, Text},
		"nan":                {"nan", 0, Text},
		"Inf":                {"Inf", 0, Text},
		"2019-05-05":         {"2019-05-05", 0, Text},
		"0,5":                {"0,5", 0, Text},
		"e":                  {"e", 0, Text},
		"TRUE":               {"true", 0, Text},
		"\u00a0x y ":         {"x y", 0, Text},
	} {
		if got := parse(text); got != want || math.Signbit(got.Number) != math.Signbit(want.Number) {
			t.Errorf("parse(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestFloatsAndStrings(t *testing.T) {
	data := recipe.Data{Missing: []string{"n/a", "99999999.0", "nan"}}
	read, err := Read(save(t, "x.csv", "a,b\n1.50,x\nn/a,y\n99999999,nan\nnan,2.0\n"), data)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := read.Floats("a")
	if err != nil || numbers[0] != 1.5 || !math.IsNaN(numbers[1]) || !math.IsNaN(numbers[2]) || !math.IsNaN(numbers[3]) {
		t.Errorf("got %v, %v", numbers, err)
	}
	texts, err := read.Strings("b")
	if err != nil || !slices.Equal(texts, []string{"x", "y", "", "2"}) {
		t.Errorf("got %q, %v", texts, err)
	}
}

func TestClasses(t *testing.T) {
	read, err := Read(save(t, "x.csv", "a,b\nwheat,10\nmaize,2\n,2.0\nwheat,x\n2,0\n"), recipe.Data{})
	if err != nil {
		t.Fatal(err)
	}
	for column, want := range map[string][]string{"a": {"2", "maize", "wheat"}, "b": {"0", "2", "10", "x"}} {
		if got, err := read.Distinct(column); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", column, got, err)
		}
	}
	for _, test := range []struct {
		column  string
		classes []string
		want    []float64
	}{
		{"a", []string{"2", "maize", "wheat"}, []float64{2, 1, math.NaN(), 2, 0}}, // by name, though 2 were an index
		{"a", []string{" wheat ", "maize", "charlock"}, []float64{0, 1, math.NaN(), 0, 2}},
		{"b", []string{"x", "2.0", "0", "10"}, []float64{3, 1, 1, 0, 2}},
	} {
		got, err := read.Indices(test.column, test.classes)
		if err != nil || !slices.EqualFunc(got, test.want, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
			t.Errorf("%q: got %v, %v", test.classes, got, err)
		}
	}
	_, err = read.Indices("a", []string{"weat", "maize"})
	check(t, err, "line 2, column 1", `"wheat"`, `did you mean "weat"?`, "data.classes")
	_, err = read.Indices("b", []string{"a", "b", "c"})
	check(t, err, "line 2, column 2", `"10"`, "the classes are a, b, c")
	_, err = read.Indices("b", []string{"x", "10", "1", "2"}) // 0 is a slip, and not the index of x
	check(t, err, "line 6, column 2", `"0", which is no class`)
	_, err = read.Indices("c", nil)
	check(t, err, `no column "c"`)
	_, err = read.Distinct("c")
	check(t, err, `no column "c"`)
}

// TestErrors checks that errors say where, what and how to mend it.
func TestErrors(t *testing.T) {
	labels := recipe.Data{Sheet: "labels"}
	book := func(rows string) string {
		return workbook("", `<row r="1">`+text("A1", "a")+text("B1", "b")+`</row>`+rows)
	}
	damaged := []byte(book(`<row r="2">` + text("A2", strings.Repeat("x", 5000)) + `</row>`))
	damaged[bytes.LastIndex(damaged[:len(damaged)/2], []byte("PK"))+80] ^= 4

	for _, test := range []struct {
		name, content string
		data          recipe.Data
		wants         []string
	}{
		{"missing.csv", "", recipe.Data{}, []string{"no such file", "data.root"}},
		{"x.ods", "x", recipe.Data{}, []string{`".ods"`, "not yet"}},
		{"x.csv", " ", recipe.Data{}, []string{"first row is empty"}},
		{"x.csv", "a,b\n", recipe.Data{}, []string{"no rows"}},
		{"x.csv", "\na,b\n1,2\n", recipe.Data{}, []string{"first row is empty"}},
		{"x.csv", "a,b\n1,2\n", labels, []string{"data.sheet", "no sheets"}},
		{"x.csv", "a,,b\n1,2,3\n", recipe.Data{}, []string{"line 1, column 2 is empty"}},
		{"x.csv", "a,b, a\n1,2,3\n", recipe.Data{}, []string{`"a"`, "line 1, column 1", "line 1, column 3"}},
		{"x.csv", "a,b\n1,2\n1\n", recipe.Data{}, []string{"line 3 has 1 cells where the header has 2", "commas"}},
		{"x.csv", "a,b\n1,2,3\n", recipe.Data{}, []string{"line 2, column 3", `"3"`, "2 columns"}},
		{"x.csv", "a,b\n1,\"2\n", recipe.Data{}, []string{"line 2, cell 2", "never ends", "commas"}},
		{"x.csv", "a,b\n1,2\"3\n", recipe.Data{}, []string{"line 2, cell 2", "inside of a cell", "data.csv.quote"}},
		{"x.csv", "a,b\n1,\"2\"3\n", recipe.Data{}, []string{"line 2, cell 2", "double the quotes"}},
		{"x.csv", "a,b\nä,M\xfcller\n", recipe.Data{}, []string{"line 2", "0xFC", "UTF-8", "data.csv.encoding"}},
		{"x.csv", "a,b\n1,M\xfcller\n", recipe.Data{CSV: recipe.CSV{Encoding: "utf-8"}}, []string{"line 2", "0xFC", "UTF-8", "data.csv.encoding"}},
		{"x.csv", "a,b\n1,\x81\n", recipe.Data{}, []string{"line 2", "0x81", "Windows-1252", "data.csv.encoding"}},
		{"x.csv", "\xff\xfea\x00b", recipe.Data{}, []string{"UTF-16", "odd number of bytes"}},
		{"x.csv", "\xff\xfea\x00\n\x00\x00\xd8\n\x00", recipe.Data{}, []string{"line 2", "half a character"}},
		{"x.csv", "a\n\x00\n", recipe.Data{CSV: recipe.CSV{Encoding: "utf-8"}}, []string{"no text file"}},
		{"x.csv", "a,b\n1,2\n", recipe.Data{Header: 9}, []string{"row 9", "data.header", "empty"}},
		{"x.csv", "PK\x03\x04", recipe.Data{}, []string{"zip archive"}},
		{"x.csv", "version https://git-lfs.github.com/spec/v1\n", recipe.Data{}, []string{"git lfs pull"}},
		{"x.xlsx", "a,b\n1,2\n", recipe.Data{}, []string{"no .xlsx", "looks like text"}},
		{"x.xlsx", "", recipe.Data{}, []string{"empty file"}},
		{"x.xlsx", "<html>", recipe.Data{}, []string{"web page"}},
		{"x.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", recipe.Data{}, []string{".xls", "password"}},
		{"x.xlsx", book("")[:900], recipe.Data{}, []string{"cut short"}},
		{"x.xlsx", string(damaged), labels, []string{"damaged"}},
		{"x.xlsx", book(""), recipe.Data{Sheet: "label"}, []string{`no sheet "label"`, "notes, labels"}},
		{"x.xlsx", book(`<row r="2"><c r="D2"><v>1</v></c></row>`), labels, []string{"cell D2", `"1"`, "2 columns"}},
		{"x.xlsx", book(`<row r="2">` + text("A2", "x") + `<c r="B2"><f>1+1</f></c></row>`), labels, []string{"cell B2", "=1+1", "save it"}},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if test.name != "missing.csv" {
			path = save(t, test.name, test.content)
		}
		_, err := Read(path, test.data)
		check(t, err, append(test.wants, path)...)
	}

	read, err := Read(save(t, "x.xlsx", book(`<row r="17">`+text("A17", "x")+text("B17", "1,5")+`</row>`)), labels)
	if err != nil {
		t.Fatal(err)
	}
	_, err = read.Floats("a")
	check(t, err, `sheet "labels"`, "cell A17", `"x"`, "task: classification")
	_, err = read.Floats("b")
	check(t, err, "cell B17", `"1,5"`, "stored as a text", "1.5")
	_, err = read.Floats("c")
	check(t, err, `no column "c"`)

	read, err = Read(save(t, "x.csv", "fresh_weight_total,Age\n1,\"x\ny\"\n"), recipe.Data{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read.Column("fresh_weigth_total")
	check(t, err, `did you mean "fresh_weight_total"?`)
	_, err = read.Column("age")
	check(t, err, `did you mean "Age"?`)
	_, err = read.Strings("humidity")
	check(t, err, "it has fresh_weight_total, Age")
	_, err = read.Floats("Age")
	check(t, err, "line 2, column 2")
}

func check(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", wants)
		return
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

// TestWrite holds the bytes that are written: they are the same on every
// machine and change only with excelize or the compressor of the toolchain.
func TestWrite(t *testing.T) {
	columns := []string{"name", "weight", "leaves", "active", "note"}
	rows := [][]any{
		{"a.jpg", 0.1, 3, true, "<&> \"quoted\", ünïcode"},
		{"b.jpg", 99999999.0, -4, false, nil},
		{"c.jpg", nil, nil, nil, "007"},
	}
	want := map[string]string{
		"x.xlsx": "sha256:ca819f25ace46cb936d1ac71822ca806c887393796e301cc054c6465368446db",
		"x.csv":  "sha256:a3416f700fcf921f410cf082dc220e64ac56a48a33747feb487199854b27f5fd",
	}
	var digests []digest.Digest
	for name, file := range want {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, columns, rows); err != nil {
			t.Fatal(err)
		}
		read, err := Read(path, recipe.Data{})
		if err != nil {
			t.Fatal(err)
		}
		if got := read.File.String(); got != file {
			t.Errorf("%s has the digest %s", name, got)
		}
		digests = append(digests, read.Digest())
	}
	if digests[0] != digests[1] {
		t.Error("the written .xlsx and .csv are read differently")
	}

	path := filepath.Join(t.TempDir(), "x.csv")
	check(t, Write(path, columns, [][]any{{1}}), path, "row 1 has 1 values for 5 columns")
	check(t, Write(path, columns[:1], [][]any{{math.NaN()}}), `column "name"`, "no finite number")
	check(t, Write(path, columns[:1], [][]any{{struct{}{}}}), "struct {}")
	check(t, Write(filepath.Join(t.TempDir(), "x.ods"), columns, nil), ".ods")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a file was left behind by a write that failed")
	}
}

// FuzzRead checks that no content makes reading panic or hang.
func FuzzRead(f *testing.F) {
	f.Add(sheetRows, false)
	f.Add(textRows, true)
	f.Fuzz(func(t *testing.T, content string, text bool) {
		name := "x.csv"
		if !text {
			name, content = "x.xlsx", workbook(content, "")
		}
		if read, err := Read(save(t, name, content), recipe.Data{}); err == nil {
			read.Digest()
		}
	})
}
