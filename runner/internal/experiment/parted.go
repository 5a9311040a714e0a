package experiment

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/store"
	"biomass/runner/internal/table"
)

// This file says in words where inputs are not those that were locked.

// shownParts is how many rows or pictures are named one by one.
const shownParts = 8

// otherTable compares the table with the locked one.
func (l *line) otherTable(claimed *lock.Lock, before *store.Store) []string {
	want := claimed.Data.Table
	if l.table.File == want.Digest {
		return nil
	}
	found := l.table.Digest()
	words := []string{fmt.Sprintf("table %s has digest %s, locked is %s", want.Path, l.table.File, want.Digest)}
	switch {
	case found == want.Canonical:
		return append(words, "its cells are those that were locked: only the file's form is another")
	case len(l.table.Rows) != want.Rows:
		words = append(words, fmt.Sprintf("it has %d rows, locked are %d", len(l.table.Rows), want.Rows))
	}
	was := &Experiment{Loaded: l.Loaded, Store: before}
	old := new(table.Table)
	if before == nil {
		return words
	}
	if _, ok := was.recall("rows", l.rowsKey(want.Digest, filepath.Ext(want.Path)), old); !ok || old.Digest() != want.Canonical {
		return append(words, "which rows is not known here: the store has no copy of the locked table")
	}
	return append(words, otherRows(old, l.table)...)
}

// otherRows names the cells that differ, or the rows that came, went or moved.
func otherRows(old, now *table.Table) []string {
	if !slices.Equal(old.Columns, now.Columns) {
		return []string{fmt.Sprintf("its columns are %s, locked are %s", strings.Join(now.Columns, ", "), strings.Join(old.Columns, ", "))}
	}
	text := func(row table.Row) string {
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, c.Text)
		}
		return strings.Join(cells, ", ")
	}
	var words []string
	if len(old.Rows) == len(now.Rows) {
		for i := range old.Rows {
			for j := range old.Columns {
				if a, b := old.Rows[i].Cells[j].Text, now.Rows[i].Cells[j].Text; a != b {
					words = append(words, fmt.Sprintf("%s, column %s: %q, locked is %q", now.PlaceRow(now.Rows[i].Line), old.Columns[j], b, a))
				}
			}
		}
		return firstParts(words, "cells")
	}
	count := map[string]int{}
	for _, row := range old.Rows {
		count[text(row)]++
	}
	for _, row := range now.Rows {
		if key := text(row); count[key] > 0 {
			count[key]--
		} else {
			words = append(words, fmt.Sprintf("%s was not there: %s", now.PlaceRow(row.Line), key))
		}
	}
	for _, row := range old.Rows {
		if key := text(row); count[key] > 0 {
			count[key]--
			words = append(words, fmt.Sprintf("locked %s is gone: %s", old.PlaceRow(row.Line), key))
		}
	}
	return firstParts(words, "rows")
}

// otherPictures compares the pictures with the locked ones.
func (l *line) otherPictures(claimed *lock.Lock, before *store.Store) []string {
	want := claimed.Data.Images
	root, files := l.files.Root()
	if root == want.Digest {
		return nil
	}
	words := []string{fmt.Sprintf("the %d picture files below %s have digest %s, locked is %s of %d files", files, want.Path, root, want.Digest, want.Files)}
	stage := lockedStage(claimed, "picture")
	if before == nil || stage == nil {
		return words
	}
	old := new(picture.Catalogue)
	if data, err := before.Get(stage.Output); err != nil || json.Unmarshal(data, old) != nil {
		return append(words, "which pictures is not known here: the store has no list of the locked ones")
	}
	if known, _ := old.Root(); known != want.Digest {
		return words
	}
	return append(words, otherFiles(old, l.files)...)
}

// otherFiles names the pictures whose bytes differ, or that came, went or took
// another's place.
func otherFiles(old, now *picture.Catalogue) []string {
	names := map[digest.Digest]string{}
	for _, e := range old.Entries {
		if e.Exists {
			names[e.File] = e.Name
		}
	}
	var words []string
	for _, e := range now.Entries {
		was := old.Lookup(e.Name)
		switch {
		case was == nil && !e.Exists, was != nil && was.Exists == e.Exists && was.File == e.File:
		case !e.Exists:
			words = append(words, fmt.Sprintf("picture %s is missing", e.Name))
		case was == nil || !was.Exists:
			words = append(words, fmt.Sprintf("picture %s was not there%s", e.Name, other(names[e.File], e.Name)))
		default:
			words = append(words, fmt.Sprintf("picture %s has other bytes%s", e.Name, other(names[e.File], e.Name)))
		}
	}
	for _, e := range old.Entries {
		if e.Exists && now.Lookup(e.Name) == nil {
			words = append(words, fmt.Sprintf("the table no longer names picture %s", e.Name))
		}
	}
	return firstParts(words, "pictures")
}

// other says whose bytes a picture has, where those are another's.
func other(name, own string) string {
	if name == "" || name == own {
		return ""
	}
	return ": those of " + name
}

func firstParts(words []string, what string) []string {
	if more := len(words) - shownParts; more > 0 {
		words = append(words[:shownParts:shownParts], fmt.Sprintf("and %d more %s", more, what))
	}
	return words
}
