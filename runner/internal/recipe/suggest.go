package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file owns the guesses at what was meant.

// didYouMean is the hint for the first word that looks like an option.
func didYouMean(words, options []string) string {
	for _, word := range words {
		if near := Suggest(word, options); near != "" && near != word {
			return fmt.Sprintf("did you mean %q?", near)
		}
	}
	return ""
}

// Suggest returns the option that was probably meant by a mistyped or shortened
// word, or "".
func Suggest(word string, options []string) string {
	best, found := 1+max(1, utf8.RuneCountInString(word)/3), ""
	for _, option := range options {
		if d := distance(strings.ToLower(word), strings.ToLower(option)); d < best {
			best, found = d, option
		}
	}
	if found != "" || utf8.RuneCountInString(word) < 3 {
		return found
	}
	for _, option := range options {
		if strings.HasPrefix(strings.ToLower(option), strings.ToLower(word)) {
			return option
		}
	}
	return ""
}

// distance is the optimal string alignment distance: the number of letters
// added, dropped, changed or swapped with their neighbour.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			change := last[j]
			if s[i] != t[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

// synonyms are what other programs call some of our keys.
var synonyms = map[string]string{"lr": "rate", "learning_rate": "rate", "model": "backbone", "scheduler": "schedule", "lr_scheduler": "schedule"}

// beside returns the option that another word for a key contains, as batch_size
// does batch, or "" where none or several do.
func beside(name string, options []string) string {
	found := ""
	for _, word := range append(strings.Split(name, "_"), synonyms[name]) {
		if slices.Contains(options, word) && word != found {
			if found != "" {
				return ""
			}
			found = word
		}
	}
	return found
}

// elsewhere returns keys of the language that a section's unknown key may stand
// for: the one that it spells without dots; else those that are called so, or by
// one of its words, in the same section of the recipe or else in all.
func elsewhere(above, name string) []string {
	words := append(strings.Split(name, "_"), name, synonyms[name])
	var called, near []string
	for _, key := range slices.Sorted(maps.Keys(said())) {
		if strings.Contains(key, "=") {
			continue // a word, no key
		}
		if strings.ReplaceAll(key, ".", "_") == name {
			return []string{key}
		}
		if _, last := cutName(key); slices.Contains(words, last) && strings.Contains(key, ".") {
			called = append(called, key)
			if section, _, _ := strings.Cut(above, "."); section != "" && strings.HasPrefix(key, section+".") {
				near = append(near, key)
			}
		}
	}
	for _, keys := range [][]string{near, called} {
		if len(keys) > 0 && len(keys) <= 4 {
			return keys
		}
	}
	return nil
}
