// Package picture owns the catalogue: what is known of every photo that a table
// names, and the pixels that the network sees of it. It finds, hashes, decodes
// and resizes photos; what it cannot read it says so of, and never fails for.
// The same bytes of a file always give the same pixels.
package picture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
)

// Entry is one photo.
type Entry struct {
	// Name in the table, in Unicode's form NFC: a path with slashes below the image folder.
	Name string
	// Exists is false when no file has this name, when the name is empty, and when it leaves the folder.
	Exists bool
	// Problem says why an existing photo cannot be read, or why the name of one that does not exist is refused.
	Problem string
	// Bytes is the length of the file.
	Bytes int64
	// File is the digest of the file's bytes, Pixels that of the decoded and resized pixels.
	File, Pixels digest.Digest
	// Width and Height of the upright photo, before it is resized.
	Width, Height int

	path string // of the file, below the image folder
}

// Readable reports whether there is a file without a problem.
func (e *Entry) Readable() bool { return e.Exists && e.Problem == "" }

// Catalogue holds one entry for every distinct name, in the order of their bytes;
// or packs.
type Catalogue struct {
	// Size is the height and width of decoded pixels, 0 before Decode.
	Size    int
	Entries []Entry
	Packs   []Pack `json:",omitempty"`

	// Where the photos came from and how they were decoded, for making lost pixels again.
	dir   string
	spec  recipe.Picture
	limit *budget
}

// Example returns the name of a file that is in the folder of the photos, "" where
// there is none: beside a name that is not there, it shows how they are written.
func (c *Catalogue) Example() string {
	found := ""
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error { // what cannot be listed is no example
		if err != nil || path == c.dir {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		found = filepath.ToSlash(name)
		return filepath.SkipAll
	})
	return found
}

// Count returns how many photos were asked for, and how many of them are missing.
func (c *Catalogue) Count() (photos, missing int) {
	photos = len(c.Entries)
	for _, entry := range c.Entries {
		if !entry.Exists {
			missing++
		}
	}
	for _, pack := range c.Packs {
		photos += pack.Photos
	}
	return photos, missing
}

// Change is a photo, or a file of a pack, that another look found changed.
type Change struct {
	Name string
	How  string // gone, new, other bytes
}

// String reads "a.jpg (gone)".
func (c Change) String() string { return c.Name + " (" + c.How + ")" }

// Changed compares with a later look at the files. What is gone or has other bytes
// comes first, in the order of names, then what is new. The earlier catalogue may
// be one that was kept elsewhere.
func (c *Catalogue) Changed(now *Catalogue) []Change {
	var changes []Change
	for _, was := range c.Entries {
		switch is := now.Lookup(was.Name); {
		case !was.Exists:
		case is == nil || !is.Exists:
			changes = append(changes, Change{was.Name, "gone"})
		case is.File != was.File:
			changes = append(changes, Change{was.Name, "other bytes"})
		}
	}
	for _, is := range now.Entries {
		if was := c.Lookup(is.Name); is.Exists && (was == nil || !was.Exists) {
			changes = append(changes, Change{is.Name, "new"})
		}
	}
	for i, is := range now.Packs { // the recipe says how many there are
		if i < len(c.Packs) && is.File != c.Packs[i].File {
			changes = append(changes, Change{is.path, "other bytes"})
		}
	}
	return changes
}

// Lookup returns the entry of a name in any Unicode form, nil when it was not asked for. Packs must be open.
func (c *Catalogue) Lookup(name string) *Entry {
	if pack, i := c.pack(name); pack != nil {
		return pack.entry(i)
	}
	i, ok := slices.BinarySearchFunc(c.Entries, norm.NFC.String(name), func(e Entry, name string) int {
		return strings.Compare(e.Name, name)
	})
	if !ok {
		return nil
	}
	return &c.Entries[i]
}

// Digest covers every name, whether it exists, and the bytes of its file; after
// Decode also the pixels and the problems.
func (c *Catalogue) Digest() digest.Digest {
	e := digest.New("catalogue").Int(int64(c.Size)).Int(int64(len(c.Entries)))
	for _, entry := range c.Entries {
		e.String(entry.Name).Bool(entry.Exists).Digest(entry.File).Digest(entry.Pixels).String(entry.Problem)
	}
	for _, pack := range c.Packs {
		e.String(pack.Name).Digest(pack.File).Digest(pack.Pixels)
	}
	return e.Sum()
}

// Root returns the Merkle root over the files that exist, in the order of
// their names, and how many they are.
func (c *Catalogue) Root() (digest.Digest, int) {
	var leaves []digest.Digest
	for _, entry := range c.Entries {
		if entry.Exists {
			leaves = append(leaves, digest.New("file").String(entry.Name).Digest(entry.File).Sum())
		}
	}
	for _, pack := range c.Packs {
		leaves = append(leaves, digest.New("file").String(pack.path).Digest(pack.File).Sum())
	}
	return digest.Tree(leaves), len(leaves)
}

// Hash finds the named photos below dir and hashes their files, but for those
// that the memory knows. Names may come more than once; p is advanced by
// len(names). A photo that is missing is an entry, one that the machine fails to
// read is an error.
func Hash(ctx context.Context, dir string, names []string, memory *Memory, p progress.Task) (*Catalogue, error) {
	files, err := openFolder(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("image folder %s: there is no such folder; set data.images, or --data to where the data are", dir)
	case err != nil:
		return nil, fmt.Errorf("image folder: %w", err)
	}
	c := &Catalogue{dir: dir}
	for _, name := range names {
		c.Entries = append(c.Entries, Entry{Name: norm.NFC.String(name)})
	}
	slices.SortFunc(c.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	c.Entries = slices.CompactFunc(c.Entries, func(a, b Entry) bool { return a.Name == b.Name })
	p.Skip(len(names) - len(c.Entries))

	for i := range c.Entries { // one after the other: listings of folders are shared
		entry := &c.Entries[i]
		if entry.path, entry.Problem, err = files.find(entry.Name); err != nil {
			return nil, fmt.Errorf("look for photo %s: %w", entry.Name, err)
		}
	}
	known := memory.recall(dir)
	memos := make([]memo, len(c.Entries))
	err = parallel(ctx, len(c.Entries), func(i int) (err error) {
		memos[i], err = c.Entries[i].hash(files, memory, known[c.Entries[i].path])
		if c.Entries[i].Exists {
			p.Add(1)
		} else {
			p.Skip(1)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hash photos: %w", err)
	}
	memory.keep(dir, known, c.Entries, memos)
	return c, nil
}

// hash finds out whether the photo exists and what its file holds, and returns
// what there is to remember.
func (e *Entry) hash(files *folder, memory *Memory, was memo) (is memo, err error) {
	if e.path == "" {
		return memo{}, nil
	}
	info, reason, err := files.stat(e.path)
	if info == nil {
		e.path, e.Problem = "", reason
		return memo{}, err
	}
	e.Exists = true
	is, e.File, e.Bytes, err = memory.look(files.path(e.path), info, was)
	return is, err
}
