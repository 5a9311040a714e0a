package source

import (
	"strconv"
	"strings"
)

// attributesName is the file of attributes that may be in any folder.
const attributesName = ".gitattributes"

// attribute is a name and a state that a rule gives it: set, unset,
// unspecified, or a value.
type attribute struct{ name, state string }

// States that are no value; a value begins with "=".
const (
	set         = "+"
	unset       = "-"
	unspecified = "!"
)

// rule gives the paths that match a pattern some attributes (gitattributes(5)).
type rule struct {
	pattern
	attributes []attribute
}

// macros are attributes that stand for others.
type macros map[string][]attribute

// builtinMacros are those that git knows by itself.
func builtinMacros() macros {
	return macros{"binary": {{"diff", unset}, {"merge", unset}, {"text", unset}}}
}

// readAttributes reads the rules of a .gitattributes file in the folder base,
// and adds the macros that it defines.
func readAttributes(text, base string, foldCase bool, known macros) []rule {
	var rules []rule
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.Trim(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest := cutName(line)
		attributes := parseAttributes(rest, known)
		if macro, ok := strings.CutPrefix(name, "[attr]"); ok {
			known[macro] = attributes
		} else if name[0] != '!' { // git allows no negative patterns here
			rules = append(rules, rule{newPattern(name, base, foldCase), attributes})
		}
	}
	return rules
}

// cutName splits a line into its pattern, which may be in quotes, and the rest.
func cutName(line string) (name, rest string) {
	if quoted, err := strconv.QuotedPrefix(line); err == nil && line[0] == '"' {
		if name, err := strconv.Unquote(quoted); err == nil && name != "" {
			return name, line[len(quoted):]
		}
	}
	if end := strings.IndexAny(line, " \t"); end >= 0 {
		return line[:end], line[end:]
	}
	return line, ""
}

// parseAttributes reads what follows a pattern. A macro comes before what it
// stands for, as later attributes win.
func parseAttributes(text string, known macros) []attribute {
	var attributes []attribute
	for _, word := range strings.Fields(text) {
		name, value, hasValue := strings.Cut(word, "=")
		switch {
		case hasValue:
			attributes = append(attributes, attribute{name, "=" + value})
		case word[0] == '-':
			attributes = append(attributes, attribute{word[1:], unset})
		case word[0] == '!':
			attributes = append(attributes, attribute{word[1:], unspecified})
		default:
			attributes = append(append(attributes, attribute{word, set}), known[word]...)
		}
	}
	return attributes
}

// state returns the state of the named attribute for a path, by the last rule
// that gives one.
func state(rules []rule, path, name string) string {
	for i := len(rules) - 1; i >= 0; i-- {
		given := rules[i].attributes
		for j := len(given) - 1; j >= 0; j-- {
			if given[j].name == name && !rules[i].folder && rules[i].matches(path, false) {
				return given[j].state
			}
		}
	}
	return unspecified
}

// foreign are attributes for which git runs content through something that is
// not known here: a program such as git-lfs, or an encoding.
var foreign = []string{"filter", "ident", "working-tree-encoding"}

// mentionsForeign reports whether any rule gives such an attribute.
func mentionsForeign(rules []rule) bool {
	for _, r := range rules {
		for _, a := range r.attributes {
			for _, name := range foreign {
				if a.name == name && (a.state == set || a.state[0] == '=') {
					return true
				}
			}
		}
	}
	return false
}

// lineEnds says what git does about carriage returns in a file.
type lineEnds int

const (
	keepEnds lineEnds = iota // nothing
	textEnds                 // CR LF is stored as LF
	autoEnds                 // the same, if the content looks like a text
)

// endsOf returns how the line ends of a path are stored.
func endsOf(rules []rule, path string, autocrlf bool) lineEnds {
	text := state(rules, path, "text")
	if text == unspecified {
		text = state(rules, path, "crlf") // its name before git 1.7.2
	}
	switch text {
	case set, "=input":
		return textEnds
	case unset:
		return keepEnds
	case "=auto":
		return autoEnds
	}
	if eol := state(rules, path, "eol"); eol == "=lf" || eol == "=crlf" {
		return textEnds
	}
	if autocrlf {
		return autoEnds
	}
	return keepEnds
}
