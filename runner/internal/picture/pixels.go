package picture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// Version counts the changes of this package that change pixels or problems.
const Version = 2

// kindPixels is the kind of this package's keys in the store.
const kindPixels = "pixels"

// record is what decoding a file found out. The store keeps it beside the
// pixels, so that an unchanged file is not decoded again.
type record struct {
	Pixels        digest.Digest
	Width, Height int
	Problem       string
}

// key names a record: what the pixels depend on. The decoders come with Go and
// change with it.
func (c *Catalogue) key(file digest.Digest) digest.Digest {
	e := digest.New(kindPixels).Int(Version).String(runtime.Version()).
		Digest(file).Int(int64(c.spec.Size)).String(c.spec.Resize)
	if c.spec.Channels() == 1 {
		e.String(c.spec.Color)
	}
	if c.spec.Cropped() {
		e.String("crop").String(c.spec.Crop)
	}
	return e.Sum()
}

// Decode fills in the pixels, the size and the problem of every photo that
// exists. Pixels go to the store, and photos whose pixels are there already are
// not read again: p skips them. It is advanced by the number of entries.
// What was decoded before ctx ends stays in the store.
func Decode(ctx context.Context, c *Catalogue, dir string, spec recipe.Picture, st *store.Store, p progress.Task) error {
	if spec.Resize != "bilinear" {
		return fmt.Errorf("picture.resize: %q is not a filter; use bilinear", spec.Resize)
	}
	if spec.Size < 1 {
		return fmt.Errorf("picture.size: %d is not a number of pixels; use 1 or more", spec.Size)
	}
	c.Size, c.dir, c.spec, c.limit = spec.Size, dir, spec, newBudget(maxPixels)
	for i := range c.Packs {
		if err := c.Packs[i].decode(ctx, spec, p); err != nil {
			return err
		}
	}
	return parallel(ctx, len(c.Entries), func(i int) error {
		entry := &c.Entries[i]
		if !entry.Readable() {
			p.Skip(1)
			return nil
		}
		found, known := c.recall(entry.File, st)
		if known {
			p.Skip(1)
		} else {
			var err error
			if found, err = c.develop(entry, st); err != nil {
				return fmt.Errorf("photo %s: %w", entry.Name, err)
			}
			p.Add(1)
		}
		entry.Pixels, entry.Width, entry.Height, entry.Problem = found.Pixels, found.Width, found.Height, found.Problem
		return nil
	})
}

// Reopen lets a catalogue that was decoded before and kept elsewhere find its
// files again, so that Load can make lost pixels anew: files is what Hash says
// of the same photos now.
func (c *Catalogue) Reopen(files *Catalogue, spec recipe.Picture) {
	c.dir, c.spec, c.limit = files.dir, spec, newBudget(maxPixels)
	for i := range c.Entries {
		if entry := files.Lookup(c.Entries[i].Name); entry != nil {
			c.Entries[i].path = entry.path
		}
	}
	for i := range c.Packs {
		c.Packs[i].path, c.Packs[i].read = files.Packs[i].path, files.Packs[i].read
	}
}

// recall looks in the store for what was found out about a file before.
func (c *Catalogue) recall(file digest.Digest, st *store.Store) (record, bool) {
	object, ok := st.Key(kindPixels, c.key(file))
	if !ok {
		return record{}, false
	}
	data, err := st.Get(object)
	if err != nil {
		return record{}, false
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, false
	}
	if strings.HasPrefix(r.Problem, unknownFormat) {
		return record{}, false
	}
	return r, r.Problem != "" || st.Has(r.Pixels)
}

// develop reads and decodes a photo and puts its pixels and record into the
// store.
func (c *Catalogue) develop(entry *Entry, st *store.Store) (record, error) {
	pixels, r, err := c.read(entry)
	if err != nil {
		return record{}, err
	}
	if r.Problem == "" {
		if _, err := st.Put(pixels); err != nil {
			return record{}, err
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		return record{}, err
	}
	object, err := st.Put(data)
	if err != nil {
		return record{}, err
	}
	return r, st.SetKey(kindPixels, c.key(entry.File), object)
}

// read decodes a photo from its file, which must still be the one that was
// hashed. What is wrong with the photo is a problem in the record; what is
// wrong with the machine is an error.
func (c *Catalogue) read(entry *Entry) ([]uint8, record, error) {
	if entry.Bytes > maxBytes {
		return nil, record{Problem: tooLarge(entry.Bytes)}, nil
	}
	data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(entry.path)))
	if err != nil {
		return nil, record{}, err
	}
	if digest.Of(data) != entry.File {
		return nil, record{}, errChanged
	}
	pixels, r := develop(data, c.spec, c.limit)
	return pixels, r, nil
}

// develop decodes and resizes a photo from its bytes.
func develop(data []byte, spec recipe.Picture, limit *budget) ([]uint8, record) {
	format, area, err := probe(data)
	if err != nil {
		return nil, record{Problem: err.Error()}
	}
	limit.take(area)
	defer limit.give(area)
	photo, err := decode(data, format, spec.Channels())
	if err != nil {
		return nil, record{Problem: err.Error()}
	}
	pixels := square(photo, spec).pix
	return pixels, record{Pixels: digest.Of(pixels), Width: photo.width, Height: photo.height}
}

// Files decodes photos by the paths of their files, with the pixels that Decode
// gives of the same bytes, and keeps nothing. A photo that cannot be read has no
// pixels and an error that says why; err is that of ctx.
func Files(ctx context.Context, paths []string, spec recipe.Picture, p progress.Task) (pixels [][]uint8, problems []error, err error) {
	pixels, problems = make([][]uint8, len(paths)), make([]error, len(paths))
	limit := newBudget(maxPixels)
	err = parallel(ctx, len(paths), func(i int) error {
		pixels[i], problems[i] = readFile(paths[i], spec, limit)
		p.Add(1)
		return nil
	})
	return pixels, problems, err
}

func readFile(path string, spec recipe.Picture, limit *budget) ([]uint8, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file")
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("a folder, not a picture")
	case info.Size() > maxBytes:
		return nil, errors.New(tooLarge(info.Size()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pixels, r := develop(data, spec, limit)
	if r.Problem != "" {
		return nil, errors.New(r.Problem)
	}
	return pixels, nil
}

func tooLarge(bytes int64) string {
	return fmt.Sprintf("%d bytes: larger than the limit of %d MiB", bytes, maxBytes>>20)
}

// Load returns the pixels (size, size, channels) of a photo. Pixels
// that the store lost are made again from the file. It may be called by several
// goroutines. The pixels are not to be changed.
func Load(c *Catalogue, name string, st *store.Store) ([]uint8, error) {
	if pack, i := c.pack(name); pack != nil {
		return pack.develop(i, c.spec)
	}
	entry := c.Lookup(name)
	switch {
	case entry == nil:
		return nil, fmt.Errorf("photo %s: not in the catalogue", name)
	case !entry.Exists:
		return nil, fmt.Errorf("photo %s: there is no such file", name)
	case entry.Problem != "":
		return nil, fmt.Errorf("photo %s: %s", name, entry.Problem)
	case entry.Pixels.IsZero():
		return nil, fmt.Errorf("photo %s: not decoded yet", name)
	}
	pixels, err := st.Get(entry.Pixels)
	switch {
	case err == nil:
		return pixels, nil
	case !errors.Is(err, store.ErrMissing):
		return nil, fmt.Errorf("photo %s: %w", name, err)
	}
	pixels, again, err := c.read(entry)
	switch {
	case err != nil:
		return nil, fmt.Errorf("photo %s: the store lost its pixels, and the file that they came from cannot be read: %w", name, err)
	case again.Pixels != entry.Pixels:
		return nil, fmt.Errorf("photo %s: the store lost its pixels, and decoding the file again gives others: %s, not %s",
			name, again.Pixels.Short(), entry.Pixels.Short())
	}
	if _, err := st.Put(pixels); err != nil {
		return nil, fmt.Errorf("photo %s: %w", name, err)
	}
	return pixels, nil
}
