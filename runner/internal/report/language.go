package report

import "fmt"

// Language is the one that a report is written in: en, which the zero value is too, or de.
//
// The sources hold the English texts. Each is the key under which german.go has the German one, so that
// whoever reads a page's code reads the page; a test finds every text in the sources and fails where one has
// no German. Texts of the data and the recipe (classes, columns, settings) are never translated, and what
// programs read (out_of_fold.csv) is the same in every language.
type Language string

// German is the language de.
const German Language = "de"

// tag is the language's tag in HTML.
func (l Language) tag() string {
	if l == "" {
		return "en"
	}
	return string(l)
}

// word is a text that a table in the sources holds, such as the name of a figure.
type word string

// t writes a text. The format is a literal; its translation takes the same arguments, in another order
// where it says so (%[2]s).
func (l Language) t(format string, args ...any) string {
	if text := german[format]; l == German && text != "" {
		return fmt.Sprintf(text, args...)
	}
	return fmt.Sprintf(format, args...)
}

// word writes a text of a table.
func (l Language) word(w word) string {
	if text := german[string(w)]; l == German && text != "" {
		return text
	}
	return string(w)
}

// fill writes a text of a table that takes arguments.
func (l Language) fill(w word, args ...any) string { return fmt.Sprintf(l.word(w), args...) }

// words writes several, such as the head of a table.
func (l Language) words(list ...word) []string {
	texts := make([]string, len(list))
	for i, w := range list {
		texts[i] = l.word(w)
	}
	return texts
}

// plural writes a number and its noun: 1 photo, 2 photos.
func (l Language) plural(n int, noun string) string {
	forms, known := germanNouns[noun]
	if l != German || !known {
		forms = [2]string{noun, noun + "s"}
	}
	if n == 1 {
		return "1 " + forms[0]
	}
	return l.count(n) + " " + forms[1]
}

// parts are the parts of a split as they are named by themselves, in a table's head or a legend.
var parts = map[string]word{"train": "train", "validation": "validation", "test": "test"}

// part names a part of the split by itself.
func (l Language) part(name string) string {
	if w := parts[name]; w != "" {
		return l.word(w)
	}
	return name
}

// first names a part of the split as the first half of a compound: in German, Trainings before menge.
func (l Language) first(part string) string {
	if l == German && germanFirst[part] != "" {
		return germanFirst[part]
	}
	return part
}
