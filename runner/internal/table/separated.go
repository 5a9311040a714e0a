package table

import (
	"fmt"
	"strings"
)

// separated is how the cells of a text file are told apart.
type separated struct {
	separator byte
	quote     byte // 0 when there is none
}

// mark is a character that separates or quotes, as recipes name it and as people do.
type mark struct {
	char       byte
	word, name string
}

var (
	separators = []mark{{',', "comma", "commas"}, {';', "semicolon", "semicolons"}, {'\t', "tab", "tabs"}, {'|', "pipe", "vertical bars"}}
	quotes     = []mark{{'"', "double", "double quotes"}, {'\'', "single", "single quotes"}, {0, "none", "no quotes"}}
)

// named returns the mark of a recipe's word; it reports false for auto.
func named(marks []mark, word string) (mark, bool) {
	for _, m := range marks {
		if m.word == word {
			return m, true
		}
	}
	return mark{}, false
}

// marksOf finds the separator and the quotes of a text that begins with its header:
// those that are asked for, or what the header shows. Of separators that is the one
// that it has most of; vertical bars count where it has no other. Quotes are single
// ones where every cell of the header stands in them.
func marksOf(text, extension, separator, quote string) (mark, mark) {
	q, asked := named(quotes, quote)
	if asked {
		return separatorOf(text, extension, separator, q.char), q
	}
	header, _, _ := strings.Cut(text, "\n")
	q = quotes[1]
	s := separatorOf(text, extension, separator, q.char)
	if (separated{s.char, q.char}).allQuoted(strings.TrimSuffix(header, "\r")) {
		return s, q
	}
	q = quotes[0]
	return separatorOf(text, extension, separator, q.char), q
}

// separatorOf finds the separator, given the quotes.
func separatorOf(text, extension, asked string, quote byte) mark {
	if s, ok := named(separators, asked); ok {
		return s
	}
	if extension != ".csv" {
		return separators[2]
	}
	s, best := separators[0], 0
	for _, candidate := range separators {
		n := countOutside(text, candidate.char, quote)
		if n > best && (candidate.char != '|' || best == 0) {
			s, best = candidate, n
		}
	}
	return s
}

// allQuoted reports whether every cell of a line stands in quotes.
func (s separated) allQuoted(line string) bool {
	for line != "" && line[0] == s.quote {
		_, rest, err := s.quoted(line[1:])
		if err != nil || rest == "" {
			return err == nil
		}
		line = rest[1:]
	}
	return false
}

// countOutside counts a separator outside of quotes in the first line.
func countOutside(text string, separator, quote byte) int {
	count, quoted := 0, false
	for i := range len(text) {
		switch b := text[i]; {
		case quote != 0 && b == quote:
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

// records cuts a text into rows and cells (RFC 4180, in lines that end in a line
// feed, with or without a carriage return), of which the first has the given number.
// Lines without anything in them are no rows. Cells are parts of the text, not copies,
// wherever they hold no quotes.
func (s separated) records(text string, line int) ([]record, error) {
	var all []record
	for text != "" {
		if n := lineEnd(text); n > 0 {
			text, line = text[n:], line+1
			continue
		}
		r := record{line: line}
		if len(all) > 0 {
			r.fields = make([]string, 0, len(all[len(all)-1].fields))
		}
		for more := true; more; {
			field, rest, err := s.cell(text)
			if err != nil {
				return nil, fmt.Errorf("line %d, cell %d: %w", line, len(r.fields)+1, err)
			}
			line += strings.Count(field, "\n")
			r.fields, text = append(r.fields, field), rest
			if more = text != "" && text[0] == s.separator; more {
				text = text[1:]
			}
		}
		text = text[lineEnd(text):]
		line++
		all = append(all, r)
	}
	return all, nil
}

// lineEnd is the length of the end of line that a text begins with, 0 when there
// is none. A carriage return at the end of the file is one.
func lineEnd(text string) int {
	switch {
	case strings.HasPrefix(text, "\n"):
		return 1
	case strings.HasPrefix(text, "\r\n"):
		return 2
	case text == "\r":
		return 1
	}
	return 0
}

// cell cuts the next cell off.
func (s separated) cell(text string) (field, rest string, err error) {
	if s.quote != 0 && text != "" && text[0] == s.quote {
		return s.quoted(text[1:])
	}
	return s.plain(text)
}

// plain cuts a cell without quotes off.
func (s separated) plain(text string) (field, rest string, err error) {
	end := 0
	for ; end < len(text) && text[end] != s.separator && text[end] != '\n'; end++ {
		if s.quote != 0 && text[end] == s.quote {
			return "", "", fmt.Errorf("a quote %c stands inside of a cell that does not begin with one: put quotes around the whole cell and double those in it, or write data.csv.quote: none", s.quote)
		}
	}
	field, rest = text[:end], text[end:]
	if strings.HasSuffix(field, "\r") && (rest == "" || rest[0] == '\n') {
		field = field[:end-1]
	}
	return field, rest, nil
}

// quoted cuts a cell off, behind the quote that it begins with.
func (s separated) quoted(text string) (field, rest string, err error) {
	var b strings.Builder // of a cell with quotes in it
	for {
		end := strings.IndexByte(text, s.quote)
		if end < 0 {
			return "", "", fmt.Errorf("it begins with a quote %c and never ends: close it, or write data.csv.quote: none", s.quote)
		}
		part := text[:end]
		text = text[end+1:]
		if strings.HasPrefix(text, string(rune(s.quote))) {
			b.WriteString(part)
			b.WriteByte(s.quote)
			text = text[1:]
			continue
		}
		if text != "" && text[0] != s.separator && lineEnd(text) == 0 {
			return "", "", fmt.Errorf("something follows the quote %c that ends the cell: double the quotes in it", s.quote)
		}
		if b.Len() > 0 {
			b.WriteString(part)
			part = b.String()
		}
		return strings.ReplaceAll(part, "\r\n", "\n"), text, nil
	}
}
