package source

import (
	"strings"
)

// ignoreName is the file of patterns that may be in any folder.
const ignoreName = ".gitignore"

// readIgnore reads the patterns of a .gitignore file in the folder base.
func readIgnore(text, base string, foldCase bool) []pattern {
	var patterns []pattern
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = trimSpaces(strings.TrimSuffix(line, "\r"))
		if line != "" && line[0] != '#' {
			patterns = append(patterns, newPattern(line, base, foldCase))
		}
	}
	return patterns
}

// trimSpaces removes spaces at the end, but for one that a backslash precedes.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	slashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if slashes%2 == 1 && len(trimmed) < len(line) {
		return line[:len(trimmed)+1]
	}
	return trimmed
}

// ignored judges a path by the last pattern that matches it. The folders that
// it is in are taken to have been judged before.
func ignored(patterns []pattern, path string, folder bool) bool {
	for i := len(patterns) - 1; i >= 0; i-- {
		if patterns[i].matches(path, folder) {
			return !patterns[i].negative
		}
	}
	return false
}
