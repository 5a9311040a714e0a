package table

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxUnzipped bounds what a workbook may unpack to.
const maxUnzipped = 2 << 30

// readSheet reads one worksheet of an .xlsx file (ECMA-376): its stored values,
// for a formula the one that was last computed, and for merged cells theirs in every
// row that they cover. Rows above the header are left out.
func (t *Table) readSheet(content []byte, sheet string, header int) ([]record, error) {
	holds, err := checkWorkbook(content)
	if err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnzipped})
	if err != nil {
		return nil, fmt.Errorf("it is no workbook that can be read: %w", err)
	}
	defer book.Close()

	sheets := book.GetSheetList()
	switch {
	case len(sheets) == 0:
		return nil, fmt.Errorf("the workbook has no sheet")
	case sheet == "":
		t.Sheet = sheets[0]
		if len(sheets) > 1 {
			t.Notes = append(t.Notes, fmt.Sprintf("the first of %d sheets, %q, is read; data.sheet names another", len(sheets), t.Sheet))
		}
	default:
		for _, name := range sheets {
			if name == sheet {
				t.Sheet = name
			}
		}
		if t.Sheet == "" {
			return nil, fmt.Errorf("it has no sheet %q: its sheets are %s", sheet, strings.Join(sheets, ", "))
		}
	}

	records, dates, err := readCells(book, t.Sheet)
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", t.Sheet, err)
	}
	if holds.formulas {
		if err := t.checkFormulas(book, records); err != nil {
			return nil, err
		}
	}
	if holds.merged {
		if err := t.spread(book, records, header); err != nil {
			return nil, err
		}
	}
	records = slices.DeleteFunc(records, func(r record) bool { return r.line < header })
	since := "1899-12-30"
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil && *props.Date1904 {
		since = "1904-01-01"
	}
	for column := range dates {
		if dates[column] && len(records) > 0 && column < len(records[0].fields) {
			t.Notes = append(t.Notes, fmt.Sprintf("column %q holds dates, read as they are stored: in days since %s", strings.TrimSpace(records[0].fields[column]), since))
		}
	}
	return records, nil
}

// readCells returns the rows that hold any value, and which columns are shown
// as dates or times. The sheet is walked twice in step, as stored and as shown,
// because only together they tell a truth value or a date from a number.
func readCells(book *excelize.File, sheet string) (records []record, dates []bool, err error) {
	stored, err := book.Rows(sheet)
	if err != nil {
		return nil, nil, err
	}
	defer stored.Close()
	shown, err := book.Rows(sheet)
	if err != nil {
		return nil, nil, err
	}
	defer shown.Close()

	for line := 1; stored.Next() && shown.Next(); line++ {
		fields, err := stored.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", line, err)
		}
		faces, err := shown.Columns()
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", line, err)
		}
		if blank(fields) {
			continue
		}
		for i := range min(len(fields), len(faces)) {
			switch stored, shown := fields[i], faces[i]; {
			case stored == "1" && shown == "TRUE", stored == "0" && shown == "FALSE":
				fields[i] = shown
			case stored != shown && isDate(stored, shown):
				for len(dates) <= i {
					dates = append(dates, false)
				}
				dates[i] = true
			}
		}
		records = append(records, record{line, fields})
	}
	if err := stored.Error(); err != nil {
		return nil, nil, err
	}
	return records, dates, nil
}

// spread writes the value of merged cells, which is stored in the first of them, to
// all rows that they cover, in their first column. In the header every column needs
// a cell of its own.
func (t *Table) spread(book *excelize.File, records []record, header int) error {
	merged, err := book.GetMergeCells(t.Sheet)
	if err != nil {
		return err
	}
	at := map[int]int{}
	for i, r := range records {
		at[r.line] = i
	}
	filled, first := 0, ""
	for _, m := range merged {
		column, top, err := excelize.CellNameToCoordinates(m.GetStartAxis())
		if err != nil {
			return err
		}
		right, bottom, err := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err != nil {
			return err
		}
		if top <= header && header <= bottom && column < right {
			return fmt.Errorf("sheet %q: cells %s of the header are merged: give every column a name of its own, or say in data.header which row has them", t.Sheet, m[0])
		}
		from, ok := at[top]
		if !ok || column > len(records[from].fields) {
			continue
		}
		value := records[from].fields[column-1]
		for line := top + 1; line <= bottom && value != ""; line++ {
			i, ok := at[line]
			if !ok {
				continue // a row without values of its own is none
			}
			for len(records[i].fields) < column {
				records[i].fields = append(records[i].fields, "")
			}
			records[i].fields[column-1] = value
			if filled++; first == "" {
				first = m[0]
			}
		}
	}
	if filled > 0 {
		t.taken("merged", "filled", fmt.Sprintf("the value of merged cells (first: %s) holds in every row that they cover", first))
	}
	return nil
}

// isDate reports whether a stored number is shown as a date or a time.
func isDate(stored, shown string) bool {
	_, ok := number(stored)
	return ok && strings.ContainsAny(strings.TrimPrefix(shown, "-"), "-/:") && strings.ContainsAny(shown, "0123456789")
}

// checkFormulas refuses formulas that were never computed, as some programs
// write them: their cells would look empty.
func (t *Table) checkFormulas(book *excelize.File, records []record) error {
	for _, r := range records {
		for column, field := range r.fields {
			if field != "" {
				continue
			}
			cell := fmt.Sprintf("%s%d", letters(column), r.line)
			formula, err := book.GetCellFormula(t.Sheet, cell)
			if err != nil {
				return fmt.Errorf("cell %s: %w", cell, err)
			}
			kind, err := book.GetCellType(t.Sheet, cell)
			if err != nil {
				return fmt.Errorf("cell %s: %w", cell, err)
			}
			// A formula whose value is the empty text says so by its type.
			if formula != "" && kind == excelize.CellTypeUnset {
				return fmt.Errorf("cell %s holds the formula =%s without a stored value: open the file in a spreadsheet program and save it", cell, formula)
			}
		}
	}
	return nil
}

// held is what any worksheet of a workbook holds, as far as its text tells.
type held struct{ formulas, merged bool }

// checkWorkbook makes sure that content is a whole zip archive, since excelize
// does not compare checksums and reads a damaged sheet up to the damage. It
// also tells what has to be looked at in particular.
func checkWorkbook(content []byte) (holds held, err error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		kind := looksLike(content)
		if strings.HasPrefix(kind, "a zip archive") {
			kind = "a zip archive that was cut short"
		}
		return held{}, fmt.Errorf("it is no .xlsx (a zip archive): it looks like %s", kind)
	}
	var total uint64
	for _, entry := range archive.File {
		if total += entry.UncompressedSize64; total > maxUnzipped {
			return held{}, fmt.Errorf("it unpacks to more than the %d MiB that are read", maxUnzipped>>20)
		}
		r, err := entry.Open()
		if err != nil {
			return held{}, fmt.Errorf("the workbook is damaged: %s: %w", entry.Name, err)
		}
		if strings.HasPrefix(strings.ToLower(entry.Name), "xl/worksheets/") {
			err = holds.look(r)
		} else {
			_, err = io.Copy(io.Discard, r)
		}
		r.Close()
		if err != nil {
			return held{}, fmt.Errorf("the workbook is damaged: %s: %w", entry.Name, err)
		}
	}
	return holds, nil
}

// look reads a worksheet to its end.
func (h *held) look(r io.Reader) error {
	const overlap = len("<mergeCell ")
	buffer := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		seen := buffer[:kept+n]
		for _, word := range []string{"<f>", "<f ", "<f/>"} {
			h.formulas = h.formulas || bytes.Contains(seen, []byte(word))
		}
		h.merged = h.merged || bytes.Contains(seen, []byte("<mergeCell "))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		kept = copy(buffer, buffer[max(0, kept+n-overlap):kept+n])
	}
}

// letters returns the name of a column in a sheet, A for index 0.
func letters(column int) string {
	name, err := excelize.ColumnNumberToName(column + 1)
	if err != nil {
		return fmt.Sprintf("column %d, row ", column+1)
	}
	return name
}

// sheetOf returns a workbook of one sheet. Excelize writes its entries sorted
// and without times, so the same values give the same bytes.
func sheetOf(columns []string, rows [][]any) ([]byte, error) {
	book := excelize.NewFile()
	defer book.Close()
	w, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	header := make([]any, len(columns))
	for i, name := range columns {
		header[i] = name
	}
	if err := w.SetRow("A1", header); err != nil {
		return nil, err
	}
	for i, row := range rows {
		if err := checkRow(columns, i, row); err != nil {
			return nil, err
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), row); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// checkRow refuses what a table cannot hold.
func checkRow(columns []string, index int, row []any) error {
	if len(row) != len(columns) {
		return fmt.Errorf("row %d has %d values for %d columns", index+1, len(row), len(columns))
	}
	for j, value := range row {
		switch value := value.(type) {
		case nil, string, bool, int:
		case float64:
			if math.IsNaN(value) || math.IsInf(value, 0) {
				return fmt.Errorf("row %d, column %q: %v is no finite number", index+1, columns[j], value)
			}
		default:
			return fmt.Errorf("row %d, column %q: a value of type %T cannot be written", index+1, columns[j], value)
		}
	}
	return nil
}
