package picture

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// folder finds files below a root by their name in a table. It compares names
// with the listing of the folder, in Unicode's form NFC and with case, so that
// every file system gives the same answer: some store other forms than they
// were given, some do not tell a.JPG from a.jpg.
type folder struct {
	root     string
	listings map[string]map[string]string // folder below root -> NFC of a name in it -> that name
}

func openFolder(root string) (*folder, error) {
	f := &folder{root, map[string]map[string]string{}}
	if _, err := f.list("."); err != nil {
		return nil, err
	}
	return f, nil
}

// find returns the path below root of the entry that a table means by a name in
// NFC. A path of "" means that there is none; the reason is set when the name
// itself is at fault. What the entry is, stat tells.
func (f *folder) find(name string) (found, reason string, err error) {
	if name == "" {
		return "", "", nil
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", "the name leaves the image folder", nil
	}
	found = "."
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		names, err := f.list(found)
		if err != nil {
			return "", "", err
		}
		actual, ok := names[part]
		if !ok {
			return "", "", nil
		}
		found = path.Join(found, actual)
	}
	return found, "", nil
}

// stat says what the file system says of a path that find gave; nil with a reason,
// or without one for a link to nothing, where that is no file.
func (f *folder) stat(found string) (info fs.FileInfo, reason string, err error) {
	info, err = os.Stat(f.path(found))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil
	case err != nil:
		return nil, "", err
	case info.IsDir():
		return nil, "the name is that of a folder", nil
	case !info.Mode().IsRegular():
		return nil, "the name is not that of a regular file", nil
	}
	return info, "", nil
}

func (f *folder) path(below string) string { return filepath.Join(f.root, filepath.FromSlash(below)) }

// list returns the names in a folder; what is no folder has none, unless it is the root.
func (f *folder) list(below string) (map[string]string, error) {
	if names, ok := f.listings[below]; ok {
		return names, nil
	}
	names := map[string]string{}
	f.listings[below] = names
	info, err := os.Stat(f.path(below))
	switch {
	case below == "." && err == nil && !info.IsDir():
		return nil, &fs.PathError{Op: "list", Path: f.root, Err: errors.New("not a folder")}
	case below != "." && errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
		return names, nil // a link to nothing, or a file
	case err != nil:
		return nil, err
	}
	entries, err := os.ReadDir(f.path(below))
	if err != nil {
		return nil, err
	}
	for _, e := range entries { // in the order of bytes: of several forms of one name NFC is preferred, else the first
		key := norm.NFC.String(e.Name())
		if _, taken := names[key]; !taken || key == e.Name() {
			names[key] = e.Name()
		}
	}
	return names, nil
}
