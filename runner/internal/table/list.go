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

// pictureExtensions tell a photo in a class folder from another file.
var pictureExtensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}

// List makes a table of pictures that say their classes themselves: data.folders
// or data.parts below root. Its columns are image, class and, of parts, part.
func List(root string, data recipe.Data) (*Table, error) {
	l := &listing{root: root, classes: data.Classes, digest: digest.New("listing")}
	l.table = &Table{Path: root, Columns: []string{data.Image, data.Target}, Listed: true}
	if data.Folders != "" {
		l.table.Path = filepath.Join(root, filepath.FromSlash(data.Folders))
		if err := l.folders(data.Folders, "", ""); err != nil {
			return nil, fmt.Errorf("data.folders: %w", err)
		}
	} else {
		l.table.Columns = append(l.table.Columns, PartColumn)
	}
	for _, part := range data.Parts.List() {
		key := "data.parts." + part.Name
		var err error
		if part.Folders != "" {
			err = l.folders(part.Folders, part.Folders, part.Name)
			key += ".folders"
		} else {
			err = l.pair(part.IDX, part.Name)
			key += ".idx"
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(l.table.Rows) > maxRows {
		return nil, fmt.Errorf("%s holds %d photos, more than the %d that are read", l.table.Path, len(l.table.Rows), maxRows)
	}
	l.table.File = l.digest.Sum()
	return l.table, nil
}

// PartColumn is the column of a listed table that names each row's part.
const PartColumn = "part"

// listing is a table under way.
type listing struct {
	root    string
	classes []string // of the recipe, perhaps none
	table   *Table
	digest  *digest.Encoder
}

// add appends a row.
func (l *listing) add(image string, class Cell, part string) {
	cells := []Cell{{Text: image, Kind: Text}, class, {Text: part, Kind: Text}}
	l.table.Rows = append(l.table.Rows, Row{Line: len(l.table.Rows) + 1, Cells: cells[:len(l.table.Columns)]})
}

// name is a cell that holds a name, whatever it looks like.
func name(text string) Cell { return Cell{Text: text, Kind: Text} }

// note says in words that files were left out, if any were.
func (l *listing) note(left []string, what, dir string) {
	if len(left) > 0 {
		l.table.Notes = append(l.table.Notes, fmt.Sprintf("left out in %s: %d %s (first: %s)", dir, len(left), what, left[0]))
	}
}

// folders adds the pictures below a folder that holds one folder a class. Their
// names begin with the prefix.
func (l *listing) folders(below, prefix, part string) error {
	dir := filepath.Join(l.root, filepath.FromSlash(below))
	folders, files, err := entries(dir)
	if err != nil {
		return mislaid(err)
	}
	var hidden, others []string
	for _, file := range files {
		if strings.HasPrefix(file, ".") {
			hidden = append(hidden, file)
		} else {
			others = append(others, file)
		}
	}
	l.digest.String(below).String(part)
	before := len(l.table.Rows)
	for _, folder := range folders {
		if strings.HasPrefix(folder, ".") {
			hidden = append(hidden, folder)
			continue
		}
		class := norm.NFC.String(folder)
		inner, files, err := entries(filepath.Join(dir, folder))
		if err != nil {
			return err
		}
		var images []string
		for _, file := range files {
			below := folder + "/" + file
			switch {
			case strings.HasPrefix(file, "."):
				hidden = append(hidden, below)
			case slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(file))):
				images = append(images, norm.NFC.String(file))
			default:
				others = append(others, below)
			}
		}
		for _, nested := range inner {
			if !strings.HasPrefix(nested, ".") {
				return fmt.Errorf("%s holds the folder %s, and a class folder holds photos alone: move its photos up, or it elsewhere", filepath.Join(dir, folder), nested)
			}
			hidden = append(hidden, folder+"/"+nested)
		}
		if len(images) == 0 {
			return fmt.Errorf("the class folder %s holds no photo (%s): put some there, or remove it", filepath.Join(dir, folder), strings.Join(pictureExtensions, ", "))
		}
		slices.Sort(images)
		l.digest.String(class).Strings(images)
		for _, image := range slices.Compact(images) {
			l.add(path.Join(prefix, class, image), name(class), part)
		}
	}
	if len(l.table.Rows) == before {
		return fmt.Errorf("%s holds no folders, and it has to hold one a class", dir)
	}
	l.note(hidden, "hidden files and folders", below)
	l.note(others, "files that are no photo of a class", below)
	return nil
}

// mislaid says what to do about a file or folder that is not there.
func mislaid(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: check data.root, or say with --data where the data are", err)
	}
	return err
}

// entries lists a folder: the folders and the other files in it, by their bytes.
func entries(dir string) (folders, files []string, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range list {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // through links
		if err == nil && info.IsDir() {
			folders = append(folders, e.Name())
		} else {
			files = append(files, e.Name())
		}
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Compare(norm.NFC.String(a), norm.NFC.String(b)) })
	return folders, files, nil
}

// pair adds the pictures of a pair of IDX files. Of the pictures it reads how
// many they are, of the classes all.
func (l *listing) pair(files recipe.IDX, part string) error {
	file := filepath.Join(l.root, filepath.FromSlash(files.Labels))
	content, err := idx.ReadFile(file)
	if err != nil {
		return fmt.Errorf("labels: %w", mislaid(err))
	}
	labels, err := idx.Decode(content, 1)
	if err != nil {
		return fmt.Errorf("labels: %s: %w", file, err)
	}
	dims, err := idx.Shape(filepath.Join(l.root, filepath.FromSlash(files.Images)), 3)
	if err != nil {
		return fmt.Errorf("images: %w", mislaid(err))
	}
	if dims[0] != labels.Len() {
		return fmt.Errorf("%s holds %d photos, but %s holds %d classes: the two files do not belong together", files.Images, dims[0], files.Labels, labels.Len())
	}
	l.digest.String(part).String(files.Labels).Digest(digest.Of(content))
	var names []Cell // of a label: its class, or the number itself
	for _, class := range l.classes {
		names = append(names, name(class))
	}
	for label := 0; len(l.classes) == 0 && label < 256; label++ {
		names = append(names, parse(strconv.Itoa(label)))
	}
	for i, label := range labels.Data {
		if int(label) >= len(names) {
			return fmt.Errorf("%s: label %d (counted from 0) is %d, and data.classes names %d classes, 0 to %d: name them all", files.Labels, i, label, len(names), len(names)-1)
		}
		l.add(idx.Name(part, i), names[label], part)
	}
	return nil
}
