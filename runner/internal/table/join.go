package table

import (
	"fmt"
	"path"
	"slices"

	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/recipe"
)

// join adds the columns of data.table to the listed photos. A row is that of the photo that
// its column data.image names: by its path below the folder, or by its file's name where
// one class alone has it. A photo without a row has empty cells. A row without a photo
// becomes one of the whole: it has no class, and a name of no file.
func (l *listing) join(data recipe.Data) error {
	beside, err := Read(l.path(data.Table), data)
	if err != nil {
		return err
	}
	key, err := beside.Column(data.Image)
	if err != nil {
		return fmt.Errorf("%w; data.image is the column that names the photo", err)
	}
	if slices.Contains(beside.Columns, data.Target) {
		return fmt.Errorf("table %s has a column %q, which here is the name of the folder: rename it", beside.Path, data.Target)
	}
	l.seen.String(data.Table).Digest(beside.File)
	l.ReadAs, l.Notes = beside.ReadAs, append(l.Notes, beside.Notes...)
	rowOf, lone, err := l.match(beside, key)
	if err != nil {
		return err
	}
	if len(lone) == len(beside.Rows) {
		return fmt.Errorf("table %s: no cell of the column %q names a photo: write names like %s", beside.where(), data.Image, l.Rows[0].Cells[0].Text)
	}
	width := len(l.Columns)
	l.Columns = append(l.Columns, slices.Delete(slices.Clone(beside.Columns), key, key+1)...)
	if rows := len(l.Rows) + len(lone); rows*len(l.Columns) > maxCells {
		return fmt.Errorf("table %s: with the photos there are %d rows of %d columns, more than the %d cells that are read", beside.where(), rows, len(l.Columns), maxCells)
	}
	rest := make([]Cell, len(beside.Columns)-1) // of a photo without a row
	var bare []string
	for i := range l.Rows {
		cells := rest
		if row := rowOf[i]; row != nil {
			cells = slices.Delete(slices.Clone(row.Cells), key, key+1)
		} else {
			bare = append(bare, l.Rows[i].Cells[0].Text)
		}
		l.Rows[i].Cells = slices.Concat(l.Rows[i].Cells, cells)
	}
	for _, row := range lone {
		l.add(norm.NFC.String(row.Cells[key].Text), Cell{}, "")
		last := &l.Rows[len(l.Rows)-1]
		last.Cells = slices.Concat(last.Cells[:width], slices.Delete(slices.Clone(row.Cells), key, key+1))
	}
	if len(bare) > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%d photos have no row in %s (first: %s)", len(bare), data.Table, bare[0]))
	}
	if len(lone) > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%d rows of %s are of no photo (first: %s, %q)", len(lone), data.Table, beside.PlaceRow(lone[0].Line), lone[0].Cells[key].Text))
	}
	return nil
}

// match returns the row of each listed photo, nil for none, and the rows of no photo. key is
// the column that names photos.
func (l *listing) match(beside *Table, key int) (rowOf []*Row, lone []Row, err error) {
	photos := l.photos()
	rowOf = make([]*Row, len(l.Rows))
	for i := range beside.Rows {
		row := &beside.Rows[i]
		name := norm.NFC.String(row.Cells[key].Text)
		of := photos[name]
		switch {
		case len(of) == 0:
			lone = append(lone, *row)
		case len(of) > 1:
			return nil, nil, fmt.Errorf("table %s, %s: %q is the name of several photos: write %s or %s", beside.where(), beside.Place(row.Line, key), name, l.Rows[of[0]].Cells[0].Text, l.Rows[of[1]].Cells[0].Text)
		case rowOf[of[0]] != nil:
			return nil, nil, fmt.Errorf("table %s: %s and %s are of the same photo, %s: leave one of them", beside.where(), beside.PlaceRow(rowOf[of[0]].Line), beside.PlaceRow(row.Line), l.Rows[of[0]].Cells[0].Text)
		default:
			rowOf[of[0]] = row
		}
	}
	return rowOf, lone, nil
}

// photos finds listed photos by what a table may call them: their names, and their files'
// names as far as these are no other photo's whole name.
func (l *listing) photos() map[string][]int {
	found := map[string][]int{}
	for i, row := range l.Rows {
		if file := path.Base(row.Cells[0].Text); file != row.Cells[0].Text {
			found[file] = append(found[file], i)
		}
	}
	for i, row := range l.Rows {
		found[row.Cells[0].Text] = []int{i}
	}
	return found
}
