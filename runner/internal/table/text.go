package table

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/recipe"
)

// readText reads a .csv or .tsv file: what the recipe does not say of how it is
// written is found out, and noted.
func (t *Table) readText(content []byte, extension string, data recipe.Data) ([]record, error) {
	csv := data.CSV
	text, encoding, err := decodeText(content, cmp.Or(csv.Encoding, auto))
	if err != nil {
		return nil, err
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // as the Macintosh had it
	}
	skipped, header := skipLines(text, headerLine(data)-1)
	separator, quote := marksOf(header, extension, csv.Separator, csv.Quote)
	records, err := separated{separator.char, quote.char}.records(header, 1+skipped)
	if err != nil {
		return nil, fmt.Errorf("%w (cells are separated by %s)", err, separator.name)
	}
	records = slices.DeleteFunc(records, func(r record) bool { return blank(r.fields) })
	for i := range records {
		if len(records[i].fields) < len(records[0].fields) {
			return nil, fmt.Errorf("line %d has %d cells where the header has %d, separated by %s: add what is missing, or put quotes around a value that holds a line break",
				records[i].line, len(records[i].fields), len(records[0].fields), separator.name)
		}
	}
	t.Notes = append(t.Notes, "cells are separated by "+separator.name)
	if separator.char == '|' {
		t.taken("separator", separator.word, "")
	}
	if encoding != utf8Text {
		note := "the text is in UTF-16"
		if encoding == windows1252 {
			note = "the text is in Windows-1252"
		}
		if encoding == windows1252 && csv.Encoding != windows1252 {
			note += ", as it is not UTF-8: look whether letters like ä are right, or say data.csv.encoding"
		}
		t.taken("encoding", encoding, note)
	}
	if quote.char != '"' {
		t.taken("quote", quote.word, "cells stand in "+quote.name)
	}
	return records, nil
}

// skipLines cuts lines off the beginning of a text, as many as there are.
func skipLines(text string, n int) (skipped int, rest string) {
	for skipped < n {
		_, after, found := strings.Cut(text, "\n")
		if !found {
			break
		}
		text, skipped = after, skipped+1
	}
	return skipped, text
}

func blank(fields []string) bool {
	for _, field := range fields {
		if strings.TrimSpace(field) != "" {
			return false
		}
	}
	return true
}

// looksLike says what content without the expected form seems to be, for error
// messages.
func looksLike(content []byte) string {
	begins := func(s string) bool { return bytes.HasPrefix(content, []byte(s)) }
	head := bytes.ToLower(bytes.TrimSpace(content[:min(len(content), 512)]))
	switch {
	case len(content) == 0:
		return "an empty file"
	case begins("PK\x03\x04"):
		return "a zip archive, perhaps an .xlsx"
	case begins("\xd0\xcf\x11\xe0"):
		return "an old .xls or a workbook with a password: save it as .xlsx without one"
	case begins("version https://git-lfs"):
		return "a git-lfs pointer instead of the file: run git lfs pull"
	case begins("%PDF"):
		return "a PDF"
	case bytes.HasPrefix(head, []byte("<!doctype html")), bytes.HasPrefix(head, []byte("<html")):
		return "a web page"
	case bytes.IndexByte(content, 0) >= 0:
		return "a binary file of another kind"
	}
	return "text"
}

// textOf returns a table as comma-separated values (RFC 4180, but with line
// feeds alone).
func textOf(columns []string, rows [][]any) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	fields := make([]string, len(columns))
	for i, row := range rows {
		if err := checkRow(columns, i, row); err != nil {
			return nil, err
		}
		for j, value := range row {
			switch value := value.(type) {
			case nil:
				fields[j] = ""
			case string:
				fields[j] = value
			case bool:
				fields[j] = strconv.FormatBool(value)
			case int:
				fields[j] = strconv.Itoa(value)
			case float64:
				fields[j] = strconv.FormatFloat(value, 'f', -1, 64)
			}
		}
		if err := w.Write(fields); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
