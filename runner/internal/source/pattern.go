package source

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// pattern is one line of a .gitignore or .gitattributes file (gitignore(5)).
type pattern struct {
	base     string // folder of the file, with a slash at its end; "" at the root
	glob     *regexp.Regexp
	whole    bool // the glob is for the path below base, not for the last name in it
	folder   bool // only folders match
	negative bool // what matches is not ignored after all
}

// newPattern reads a pattern of a file in the folder base; foldCase makes
// letters of either case equal.
func newPattern(text, base string, foldCase bool) pattern {
	p := pattern{base: base}
	if p.negative = strings.HasPrefix(text, "!"); p.negative {
		text = text[1:]
	}
	if p.folder = strings.HasSuffix(text, "/"); p.folder {
		text = text[:len(text)-1]
	}
	p.whole = strings.Contains(text, "/")
	p.glob = compile(strings.TrimPrefix(text, "/"), foldCase)
	return p
}

// matches reports whether the pattern is about a path.
func (p pattern) matches(path string, folder bool) bool {
	if p.folder && !folder {
		return false
	}
	below, ok := strings.CutPrefix(path, p.base)
	if !ok {
		return false
	}
	if !p.whole {
		below = below[strings.LastIndexByte(below, '/')+1:]
	}
	return p.glob.MatchString(below)
}

var never = regexp.MustCompile(`[^\x00-\x{10FFFF}]`)

// compile translates a glob. One that git could not match either becomes an
// expression that never matches.
func compile(glob string, foldCase bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^(?s")
	if foldCase {
		b.WriteByte('i')
	}
	b.WriteByte(':')
	for i := 0; i < len(glob); {
		rest := glob[i:]
		switch {
		case strings.HasPrefix(rest, "**/") && (i == 0 || glob[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += len("**/")
		case rest == "**" && i > 0 && glob[i-1] == '/':
			b.WriteString(".+")
			i += len("**")
		case rest[0] == '*':
			b.WriteString("[^/]*")
			i += len(rest) - len(strings.TrimLeft(rest, "*"))
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[':
			class, length := bracket(rest)
			if length == 0 {
				return never
			}
			b.WriteString(class)
			i += length
		case rest[0] == '\\':
			if len(rest) == 1 {
				return never
			}
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default:
			end := strings.IndexAny(rest, `*?[\`)
			if end < 0 {
				end = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:end]))
			i += end
		}
	}
	b.WriteString(")$")
	compiled, err := regexp.Compile(b.String())
	if err != nil {
		return never
	}
	return compiled
}

// bracket translates the class of letters that a glob begins with, and returns
// its length there, 0 if it has no end. A slash is in no class.
func bracket(glob string) (class string, length int) {
	var members strings.Builder
	i := 1
	negative := i < len(glob) && (glob[i] == '!' || glob[i] == '^')
	if negative {
		i++
	}
	for first := true; ; first = false {
		if i >= len(glob) {
			return "", 0
		}
		if glob[i] == ']' && !first {
			break
		}
		if name, _, ok := strings.Cut(glob[i:], ":]"); ok && strings.HasPrefix(name, "[:") && !strings.Contains(name[2:], "[") {
			members.WriteString(name + ":]")
			i += len(name) + len(":]")
			continue
		}
		low, n := letter(glob[i:])
		i += n
		high := low
		if i+1 < len(glob) && glob[i] == '-' && glob[i+1] != ']' {
			high, n = letter(glob[i+1:])
			i += 1 + n
		}
		if low <= high {
			members.WriteString(span(low, min(high, '/'-1)) + span(max(low, '/'+1), high))
		}
	}
	switch {
	case negative:
		return "[^/" + members.String() + "]", i + 1
	case members.Len() == 0:
		return never.String(), i + 1
	}
	return "[" + members.String() + "]", i + 1
}

// letter returns the letter that s begins with, which a backslash may precede,
// and how long it is there.
func letter(s string) (r rune, length int) {
	skip := 0
	if s[0] == '\\' && len(s) > 1 {
		skip = 1
	}
	r, n := utf8.DecodeRuneInString(s[skip:])
	return r, skip + n
}

// span is the part of a class from low to high, nothing if high is lower.
func span(low, high rune) string {
	if low > high {
		return ""
	}
	quote := func(r rune) string {
		if strings.ContainsRune(`\]^-[&~`, r) {
			return `\` + string(r)
		}
		return string(r)
	}
	return quote(low) + "-" + quote(high)
}
