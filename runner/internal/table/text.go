package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// separators that are looked for, and how they are called.
var separators = []struct {
	rune byte
	name string
}{{',', "commas"}, {';', "semicolons"}, {'\t', "tabs"}}

// readText reads a .csv or .tsv file (RFC 4180, in UTF-8).
func (t *Table) readText(content []byte, extension string) ([]record, error) {
	if err := checkText(content); err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	separator := separators[2]
	if extension == ".csv" {
		best := -1
		for _, candidate := range separators {
			if n := countInHeader(content, candidate.rune); n > best {
				separator, best = candidate, n
			}
		}
	}
	t.Notes = append(t.Notes, "cells are separated by "+separator.name)

	r := csv.NewReader(bytes.NewReader(content))
	r.Comma = rune(separator.rune)
	r.FieldsPerRecord = -1
	var records []record
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return records, nil
		}
		if broken := (*csv.ParseError)(nil); errors.As(err, &broken) {
			return nil, fmt.Errorf("line %d, character %d: %w (a row with quotes begins in line %d)", broken.Line, broken.Column, broken.Err, broken.StartLine)
		}
		if err != nil {
			return nil, err
		}
		if blank(fields) {
			continue
		}
		line, _ := r.FieldPos(0)
		if len(records) > 0 && len(fields) < len(records[0].fields) {
			return nil, fmt.Errorf("line %d has %d cells where the header has %d, separated by %s: add what is missing, or put quotes around a value that holds a line break",
				line, len(fields), len(records[0].fields), separator.name)
		}
		records = append(records, record{line, fields})
	}
}

// checkText refuses what is no text in UTF-8.
func checkText(content []byte) error {
	switch kind := looksLike(content); {
	case kind != "text":
		return fmt.Errorf("it is no text file: it looks like %s", kind)
	case utf8.Valid(content):
		return nil
	}
	line := 1
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("line %d holds the byte 0x%02X, which is not UTF-8; other encodings are not yet read: save the table as \"CSV UTF-8\"", line, content[i])
		}
		if r == '\n' {
			line++
		}
		i += size
	}
	return nil
}

// countInHeader counts a separator outside of quotes in the first line.
func countInHeader(content []byte, separator byte) int {
	count, quoted := 0, false
	for _, b := range content {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\n':
			return count
		case b == separator:
			count++
		}
	}
	return count
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
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return "text in UTF-16, which is not yet read: save the table as \"CSV UTF-8\""
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
