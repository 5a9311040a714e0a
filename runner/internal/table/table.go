// Package table owns the Table: the labels that somebody keeps in a spreadsheet
// or a text file, read into one canonical form, so that an .xlsx and the .csv
// exported from it have the same digest. Pictures that say their classes
// themselves, by their folder or in an IDX file, become such a table too. It reads
// and writes files and never judges rows: which of them are used is for package
// clean to say.
//
// The canonical form:
//   - White space around a text is no part of it; neither in cells nor in names
//     of columns.
//   - What a cell means is decided by its text, not by the type that a
//     spreadsheet gave it: 402 is a number even where it was stored as text. A
//     number has no superfluous leading zeros (007 is a text) and, when it is
//     whole, at most 15 digits (longer ones are identifiers).
//   - A number is a float64 rounded to 15 significant digits, which is what
//     spreadsheets keep; -0 is 0. Its text is its shortest one.
//   - Booleans are the texts true and false, however they were capitalised; so are
//     WAHR and FALSCH in a column that holds nothing else.
//   - Dates are what is stored: a text in a text file, days since 1899-12-30 in
//     a spreadsheet, where Notes says so.
//   - Rows without any value are left out. Cells whose value the recipe lists
//     as missing are empty.
package table

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// What is larger than this is not a table of labels.
const (
	maxBytes   = 512 << 20 // of the file
	maxRows    = 5_000_000
	maxCells   = 50_000_000
	maxColumns = 16_384
)

// Version counts the changes of this package that change what is read of a plain
// file; what ReadAs names is part of the table's identity anyway. Reader counts
// all changes, so that what an older reader kept is not taken for what this one says.
const (
	Version = 1
	Reader  = 2
)

// Table is what a file of labels says. Its exported fields are all of it.
type Table struct {
	// Path is the file that was read, or the folder.
	Path string
	// Columns are the names in the header, all different.
	Columns []string
	// Rows below the header that hold any value, in the order of the file.
	Rows []Row
	// File is the digest of the file's bytes, or of what stood for it in the folder.
	File digest.Digest
	// Notes say in words what reading had to decide: the sheet, the separator,
	// columns of dates.
	Notes []string
	// ReadAs says how the file was understood where it is not plain: by a word each for
	// encoding, separator, quote, decimal, booleans and merged. It is nil for a text file
	// in UTF-8 with commas, semicolons or tabs, double quotes and decimal points, and for
	// a sheet without merged cells.
	ReadAs map[string]string `json:",omitempty"`

	// Sheet is the name of the worksheet; empty for a text file.
	Sheet string
	// Header is the number of the row or line that names the columns; 0 is the first.
	Header int `json:",omitempty"`

	// Listed says that there is no such file: List made the table.
	Listed bool
}

// Row is one row of a Table.
type Row struct {
	// Line is the number of the row in the sheet, or of the line in the text
	// file where the row begins; the first is 1. A listed table just counts.
	Line int
	// Cells, one a column.
	Cells []Cell
}

// record is one row of a file before it is understood.
type record struct {
	line   int
	fields []string
}

// Read reads the table in the file at path; its name's extension says how.
func Read(path string, data recipe.Data) (*Table, error) {
	t, err := read(path, data)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", path, err)
	}
	return t, nil
}

func read(path string, data recipe.Data) (*Table, error) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, fmt.Errorf("%w: check data.root and data.table", errors.Unwrap(err)) // the path is said already
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("it is a folder: data.table must name a file")
	case info.Size() > maxBytes:
		return nil, fmt.Errorf("it has %d MiB, more than the %d MiB that a table of labels may have", info.Size()>>20, maxBytes>>20)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}

	t := &Table{Path: path, File: digest.Of(content)}
	var records []record
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".xlsx":
		records, err = t.readSheet(content, data.Sheet, headerLine(data))
	case ".csv", ".tsv":
		if data.Sheet != "" {
			return nil, fmt.Errorf("data.sheet is %q, but a %s file has no sheets: leave it out", data.Sheet, extension)
		}
		records, err = t.readText(content, extension, data)
	default:
		return nil, fmt.Errorf("tables of type %q are not yet read: use .xlsx, .csv or .tsv", extension)
	}
	if err != nil {
		return nil, err
	}
	return t, t.fill(records, data)
}

// headerLine is the number of the row that names the columns.
func headerLine(data recipe.Data) int { return max(data.Header, 1) }

// taken notes that a file is read in another way than a plain one.
func (t *Table) taken(what, how, note string) {
	if t.ReadAs == nil {
		t.ReadAs = map[string]string{}
	}
	t.ReadAs[what] = how
	if note != "" {
		t.Notes = append(t.Notes, note)
	}
}

// Reading digests ReadAs; it is zero for a plain file.
func (t *Table) Reading() digest.Digest {
	if len(t.ReadAs) == 0 {
		return digest.Digest{}
	}
	e := digest.New("reading")
	for _, what := range slices.Sorted(maps.Keys(t.ReadAs)) {
		e.String(what).String(t.ReadAs[what])
	}
	return e.Sum()
}

// fill understands the records, of which the first is the header.
func (t *Table) fill(records []record, data recipe.Data) error {
	t.Header = headerLine(data)
	if len(records) == 0 || records[0].line != t.Header {
		which := "its first row"
		if t.Header > 1 {
			which = fmt.Sprintf("its row %d, where data.header says that it is,", t.Header)
		}
		return fmt.Errorf("%s is empty: it must hold the names of the columns", which)
	}
	if err := t.header(records[0].fields); err != nil {
		return err
	}
	records = records[1:]
	switch {
	case len(records) == 0:
		return fmt.Errorf("it has a header and no rows below it")
	case len(records) > maxRows:
		return fmt.Errorf("it has %d rows, more than the %d that are read", len(records), maxRows)
	case len(records)*len(t.Columns) > maxCells:
		return fmt.Errorf("it has %d rows of %d columns, more than the %d cells that are read", len(records), len(t.Columns), maxCells)
	}

	empty := newEmptyValues(data.Missing)
	m := t.understand(records, empty, data)
	cells := make([]Cell, len(records)*len(t.Columns))
	t.Rows = make([]Row, len(records))
	for i, r := range records {
		row := Row{Line: r.line, Cells: cells[:len(t.Columns):len(t.Columns)]}
		cells = cells[len(t.Columns):]
		for column, field := range r.fields {
			cell := m.parse(field, column)
			switch {
			case column < len(t.Columns):
				if !empty.has(cell) {
					row.Cells[column] = cell
				}
			case cell.Kind != Empty:
				mend := "name the column, or remove what is in it"
				if len(t.Columns) == 1 && strings.HasPrefix(t.Columns[0], "sep=") {
					mend = fmt.Sprintf("%q is a note for Excel: take that line out, or write data.header: %d", t.Columns[0], t.Header+1)
				}
				return fmt.Errorf("%s holds %q, but the header has only %d columns: %s",
					t.Place(r.line, column), field, len(t.Columns), mend)
			}
		}
		t.Rows[i] = row
	}
	return nil
}

// header checks and keeps the names of the columns.
func (t *Table) header(fields []string) error {
	for len(fields) > 0 && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) > maxColumns {
		return fmt.Errorf("its header has %d columns, more than the %d that are read", len(fields), maxColumns)
	}
	first := map[string]int{}
	for i, field := range fields {
		name := strings.TrimSpace(field)
		if name == "" {
			return fmt.Errorf("%s is empty, but every column needs a name: name it, or remove the column", t.Place(t.Header, i))
		}
		if j, ok := first[name]; ok {
			return fmt.Errorf("two columns are named %q (%s and %s): rename one", name, t.Place(1, j), t.Place(t.Header, i))
		}
		first[name] = i
		t.Columns = append(t.Columns, name)
	}
	return nil
}

// Place says where a cell is, as people find it: "cell C17" of a sheet, "line
// 17, column 3" of a text file. The column is an index into Columns.
func (t *Table) Place(line, column int) string {
	if t.Listed {
		return t.PlaceRow(line)
	}
	if t.Sheet != "" {
		return fmt.Sprintf("cell %s%d", letters(column), line)
	}
	return fmt.Sprintf("line %d, column %d", line, column+1)
}

// PlaceRow says where a row is: "row 17" of a sheet, "line 17" of a text file,
// "photo train/00016" of a listed table.
func (t *Table) PlaceRow(line int) string {
	if t.Listed {
		return "photo " + t.Rows[line-1].Cells[0].Text
	}
	if t.Sheet != "" {
		return fmt.Sprintf("row %d", line)
	}
	return fmt.Sprintf("line %d", line)
}

// Column returns the index of the named column.
func (t *Table) Column(name string) (int, error) {
	if i := slices.Index(t.Columns, name); i >= 0 {
		return i, nil
	}
	hint := "it has " + strings.Join(t.Columns, ", ")
	if near := recipe.Suggest(name, t.Columns); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return 0, fmt.Errorf("table %s has no column %q: %s", t.Path, name, hint)
}

// Digest returns the digest of the canonical table: names of columns and
// values of cells, whatever the kind of file and the line of each row.
func (t *Table) Digest() digest.Digest {
	e := digest.New("table").Strings(t.Columns).Int(int64(len(t.Rows)))
	for _, row := range t.Rows {
		for _, cell := range row.Cells {
			switch cell.Kind {
			case Empty:
				e.Bool(false)
			case Number:
				e.Float(cell.Number)
			case Text:
				e.String(cell.Text)
			}
		}
	}
	return e.Sum()
}

// Floats returns the numbers in a column, one a row. An empty cell is NaN; a
// text is an error.
func (t *Table) Floats(column string) ([]float64, error) {
	index, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	numbers := make([]float64, len(t.Rows))
	for i, row := range t.Rows {
		switch cell := row.Cells[index]; cell.Kind {
		case Number:
			numbers[i] = cell.Number
		case Empty:
			numbers[i] = math.NaN()
		case Text:
			return nil, fmt.Errorf("table %s, %s: column %q holds %q, which is no number: %s",
				t.where(), t.Place(row.Line, index), column, cell.Text, t.mend(index, cell.Text))
		}
	}
	return numbers, nil
}

// where names the file, and its sheet.
func (t *Table) where() string {
	if t.Sheet != "" {
		return fmt.Sprintf("%s, sheet %q", t.Path, t.Sheet)
	}
	return t.Path
}

// mend says what to do about a text in a column of the target's numbers.
func (t *Table) mend(column int, text string) string {
	cell, isNumber := commaNumber(text)
	switch {
	case isNumber && t.Sheet != "":
		return fmt.Sprintf("it is stored as a text: store the number %s", cell.Text)
	case isNumber:
		return fmt.Sprintf("write %s, or data.csv.decimal: comma if all of the file is written so", cell.Text)
	case t.ReadAs["decimal"] == "comma" && parse(text).Kind == Number:
		return "decimals are read with a comma: write the number without points, or say data.csv.decimal: point"
	}
	if text[0] >= '0' && text[0] <= '9' {
		return fmt.Sprintf("a cell holds the number alone, its unit stands in data.unit; or list %s in data.missing if it stands for no value", strconv.Quote(text))
	}
	if !slices.ContainsFunc(t.Rows, func(row Row) bool { return row.Cells[column].Kind == Number }) {
		return "no cell of it is one: name another column as data.target, or write task: classification to tell what it holds apart"
	}
	return fmt.Sprintf("correct it, or list %s in data.missing if it stands for no value", strconv.Quote(text))
}

// Strings returns the values in a column as texts, one a row; an empty cell is
// "" and a number its shortest text.
func (t *Table) Strings(column string) ([]string, error) {
	index, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		texts[i] = row.Cells[index].Text
	}
	return texts, nil
}

// Distinct returns the values in a column, each once: numbers by their size, then
// texts by their bytes.
func (t *Table) Distinct(column string) ([]string, error) {
	index, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	seen := map[Cell]bool{{}: true}
	var cells []Cell
	for _, row := range t.Rows {
		if cell := row.Cells[index]; !seen[cell] {
			seen[cell] = true
			cells = append(cells, cell)
		}
	}
	slices.SortFunc(cells, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Text, b.Text))
	})
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = cell.Text
	}
	return texts, nil
}

// Indices returns which of the classes each row's cell in a column names, NaN for
// an empty one. A cell names a class by its name or, where no class's name is a
// number, by its index.
func (t *Table) Indices(column string, classes []string) ([]float64, error) {
	index, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	known := map[string]int{}
	for i, class := range classes {
		known[class] = i
	}
	byIndex := true
	for i, class := range classes {
		if cell := parse(class); cell.Kind != Empty {
			byIndex = byIndex && cell.Kind != Number
			if _, ok := known[cell.Text]; !ok {
				known[cell.Text] = i
			}
		}
	}
	indices := make([]float64, len(t.Rows))
	for i, row := range t.Rows {
		cell := row.Cells[index]
		class, ok := known[cell.Text]
		switch x := cell.Number; {
		case cell.Kind == Empty:
			indices[i] = math.NaN()
		case ok:
			indices[i] = float64(class)
		case byIndex && cell.Kind == Number && x >= 0 && x < float64(len(classes)) && x == math.Trunc(x):
			indices[i] = x
		default:
			hint := "the classes are " + strings.Join(classes, ", ")
			if near := recipe.Suggest(cell.Text, classes); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, fmt.Errorf("table %s, %s: column %q holds %q, which is no class: correct it, or name it in data.classes; %s",
				t.where(), t.Place(row.Line, index), column, cell.Text, hint)
		}
	}
	return indices, nil
}

// Write writes a table to path, an .xlsx or .csv file. The same values give the
// same bytes on every machine. Values are string, bool, int, float64, or nil
// for an empty cell.
func Write(path string, columns []string, rows [][]any) error {
	var content []byte
	var err error
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".xlsx":
		content, err = sheetOf(columns, rows)
	case ".csv":
		content, err = textOf(columns, rows)
	default:
		err = fmt.Errorf("tables of type %q are not written: use .xlsx or .csv", extension)
	}
	if err == nil {
		err = store.WriteFile(path, content)
	}
	if err != nil {
		return fmt.Errorf("write table %s: %w", path, err)
	}
	return nil
}
