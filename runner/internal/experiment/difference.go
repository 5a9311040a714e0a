package experiment

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/store"
	"biomass/runner/internal/table"
)

// This file says in words where inputs are not those that were locked.

// How many are named one by one.
const (
	shownRows     = 8
	shownPictures = 5
)

// otherTable compares the table with the locked one.
func (l *line) otherTable(claimed *lock.Lock, before *store.Store) []string {
	want := claimed.Data.Table
	if l.table.File == want.Digest {
		return nil
	}
	found := l.table.Digest()
	if l.table.Listed {
		what := want.Path
		if l.Recipe.Data.Table != "" {
			what += ", or the table beside it,"
		}
		return []string{fmt.Sprintf("the list of photos and classes below %s has digest %s, locked is %s: it has %d rows, locked are %d",
			what, l.table.File, want.Digest, len(l.table.Rows), want.Rows)}
	}
	words := []string{fmt.Sprintf("table %s has digest %s, locked is %s", want.Path, l.table.File, want.Digest)}
	switch {
	case found == want.Canonical:
		return append(words, "its cells are those that were locked: only the file's form is another")
	case len(l.table.Rows) != want.Rows:
		words = append(words, fmt.Sprintf("it has %d rows, locked are %d", len(l.table.Rows), want.Rows))
	}
	old := new(table.Table)
	if _, ok := before.Recall("rows", l.rowsKey(want.Digest, filepath.Ext(want.Path)), old); !ok || old.Digest() != want.Canonical || !even(old) {
		return append(words, "which rows they are is not known here: the store of the run that made the lock knows them, see RUNNER_STORE")
	}
	return append(words, otherRows(old, l.table)...)
}

// even reports whether a table is one that was read from a file, row by row: what a
// submission knows of its own may be anything.
func even(t *table.Table) bool {
	return !t.Listed && !slices.ContainsFunc(t.Rows, func(row table.Row) bool { return len(row.Cells) != len(t.Columns) })
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
		return first(words, shownRows, "more cells")
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
	return first(words, shownRows, "more rows")
}

// maxEntry is what no photo has in a catalogue, in bytes: somebody else's is not taken apart
// where it is larger than such ones of as many photos, and some more.
const maxEntry = 4 << 10

// otherPictures compares the pictures with the locked ones. A lock has one digest
// for all of them; each is known only to the store of the run that made it.
func (l *line) otherPictures(claimed *lock.Lock, before *store.Store) []string {
	want := claimed.Data.Images
	root, files := l.files.Root()
	if root == want.Digest {
		return nil
	}
	words := []string{fmt.Sprintf("the %d picture files below %s have digest %s, locked is %s of %d files", files, want.Path, root, want.Digest, want.Files)}
	old := new(picture.Catalogue)
	stage := claimed.Stage("picture")
	known := stage != nil
	if known {
		data, err := before.Get(stage.Output)
		known = err == nil && len(data) <= maxEntry*(len(l.files.Entries)+1000) && json.Unmarshal(data, old) == nil
	}
	changes := old.Changed(l.files)
	switch {
	case !known:
		return append(words, "which they are is not known here, the lock has one digest for all: the store of the run that made it knows each, see RUNNER_STORE")
	case len(changes) == 0:
		return append(words, "they are those of the run that made the lock: its data.images was edited")
	}
	var names []string
	for _, c := range changes {
		names = append(names, c.String())
	}
	return append(words, "not as locked: "+strings.Join(first(names, shownPictures, "more"), ", "))
}

// first returns the first n of a list, and how many more there are.
func first(list []string, n int, more string) []string {
	if rest := len(list) - n; rest > 0 {
		return append(list[:n:n], fmt.Sprintf("%d %s", rest, more))
	}
	return list
}
