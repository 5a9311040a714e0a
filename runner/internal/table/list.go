package table

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/idx"
	"biomass/runner/internal/recipe"
)

// PartColumn is the column of a listed table that names each row's part.
const PartColumn = "part"

// pictureExtensions tell a photo in a class folder from another file.
var pictureExtensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"}

// List makes a table of pictures that say their classes themselves: data.folders
// or data.parts below root. Its columns are image, class and, of parts, part; those
// of a table beside the folders follow.
func List(root string, data recipe.Data) (*Table, error) {
	l := &listing{
		Table:   &Table{Path: root, Columns: []string{data.Image, data.Target}, Listed: true},
		root:    root,
		classes: data.Classes,
		seen:    digest.New("listing"),
	}
	var err error
	if data.Folders != "" {
		l.Path = filepath.Join(root, filepath.FromSlash(data.Folders))
		err = l.folders(data.Folders, "", "")
	} else {
		l.Columns = append(l.Columns, PartColumn)
		for _, part := range data.Parts.List() {
			if part.Folders != "" {
				err = l.folders(part.Folders, part.Folders, part.Name)
			} else {
				err = l.pair(part.IDX, part.Name)
			}
			if err != nil {
				err = fmt.Errorf("data.parts.%s: %w", part.Name, err)
				break
			}
		}
	}
	if err == nil && data.Table != "" {
		err = l.join(data)
	}
	if err == nil && len(l.Rows) > maxRows {
		err = fmt.Errorf("there are %d photos, more than the %d that are read", len(l.Rows), maxRows)
	}
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	l.File = l.seen.Sum()
	return l.Table, nil
}

// listing is a listed table under way.
type listing struct {
	*Table
	root    string
	classes []string // of the recipe, perhaps none
	seen    *digest.Encoder

	hidden, others []string // files that were left out
}

// add appends a row.
func (l *listing) add(image string, class Cell, part string) {
	cells := []Cell{name(image), class, name(part)}
	l.Rows = append(l.Rows, Row{Line: len(l.Rows) + 1, Cells: cells[:min(len(cells), len(l.Columns))]})
}

// name is a cell that holds a name, whatever it looks like.
func name(text string) Cell { return Cell{Text: text, Kind: Text} }

// folders adds the photos below a folder that holds one folder a class, in the
// order of their names, which begin with the prefix.
func (l *listing) folders(below, prefix, part string) error {
	dir := l.path(below)
	classes, files, err := entries(dir)
	if err != nil {
		return mislaid(err)
	}
	l.hidden, l.others = nil, nil
	l.leaveOut(files...)
	l.seen.String(below).String(part)
	rows := len(l.Rows)
	for _, folder := range classes {
		if isHidden(folder) {
			l.leaveOut(folder)
			continue
		}
		photos, err := l.class(dir, folder)
		if err != nil {
			return err
		}
		class := norm.NFC.String(folder)
		l.seen.String(class).Strings(photos)
		for _, photo := range photos {
			l.add(path.Join(prefix, class, photo), name(class), part)
		}
	}
	if len(l.Rows) == rows {
		return fmt.Errorf("%s holds no folders: it has to hold one a class", dir)
	}
	l.note(below, "hidden files and folders", l.hidden)
	l.note(below, "files that are no photo of a class", l.others)
	return nil
}

// class returns the names of the photos in a class folder, sorted.
func (l *listing) class(dir, folder string) (photos []string, err error) {
	nested, files, err := entries(filepath.Join(dir, folder))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !isHidden(file) && slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(file))) {
			photos = append(photos, norm.NFC.String(file))
		} else {
			l.leaveOut(path.Join(folder, file))
		}
	}
	for _, inner := range nested {
		if !isHidden(inner) {
			return nil, fmt.Errorf("the class folder %s holds the folder %s: move its photos up, or all of it elsewhere", filepath.Join(dir, folder), inner)
		}
		l.leaveOut(path.Join(folder, inner))
	}
	if len(photos) == 0 {
		return nil, fmt.Errorf("the class folder %s holds no photo (%s): put some there, or remove it", filepath.Join(dir, folder), strings.Join(pictureExtensions, ", "))
	}
	slices.Sort(photos)
	return slices.Compact(photos), nil
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

// leaveOut remembers files that become no rows.
func (l *listing) leaveOut(files ...string) {
	for _, file := range files {
		if isHidden(path.Base(file)) {
			l.hidden = append(l.hidden, file)
		} else {
			l.others = append(l.others, file)
		}
	}
}

// note says in words that files in a folder were left out, if any were.
func (l *listing) note(folder, what string, files []string) {
	if len(files) > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("left out in %s: %d %s (first: %s)", folder, len(files), what, files[0]))
	}
}

// pair adds the photos of a pair of IDX files. Of the pictures it reads how many
// they are, of the classes all.
func (l *listing) pair(files recipe.IDX, part string) error {
	content, err := idx.ReadFile(l.path(files.Labels))
	if err != nil {
		return mislaid(err)
	}
	labels, err := idx.Decode(content, 1)
	if err != nil {
		return fmt.Errorf("%s: %w", l.path(files.Labels), err)
	}
	dims, err := idx.Shape(l.path(files.Images), 3)
	if err != nil {
		return mislaid(err)
	}
	if dims[0] != labels.Len() {
		return fmt.Errorf("%s holds %d photos, but %s %d labels: the two files do not belong together", files.Images, dims[0], files.Labels, labels.Len())
	}
	l.seen.String(part).String(files.Labels).Digest(digest.Of(content))
	classes := l.labels()
	for i, label := range labels.Data {
		if int(label) >= len(classes) {
			return fmt.Errorf("%s: label %d, counted from 0, is %d, but data.classes names %d classes, 0 to %d: name them all",
				files.Labels, i, label, len(classes), len(classes)-1)
		}
		l.add(idx.Name(part, i), classes[label], part)
	}
	return nil
}

// labels returns the cell of each label: the name of its class or, where the
// recipe names none, the number itself.
func (l *listing) labels() []Cell {
	var cells []Cell
	for _, class := range l.classes {
		cells = append(cells, name(class))
	}
	for label := 0; len(l.classes) == 0 && label < 256; label++ {
		cells = append(cells, parse(strconv.Itoa(label)))
	}
	return cells
}

func (l *listing) path(below string) string { return filepath.Join(l.root, filepath.FromSlash(below)) }

// mislaid says what to do about a file or folder that is not there.
func mislaid(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: check data.root, or say with --data where the data are", err)
	}
	return err
}

// entries lists a folder: the folders and the other files in it, through links,
// in the order of their names' form NFC.
func entries(dir string) (folders, files []string, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range list {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
			folders = append(folders, e.Name())
		} else {
			files = append(files, e.Name())
		}
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Compare(norm.NFC.String(a), norm.NFC.String(b)) })
	return folders, files, nil
}
