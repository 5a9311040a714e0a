package picture

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/idx"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
)

// Pack is an IDX file of gray photos. They are too many and too small for an entry
// and objects in the store each: they stay in the file, which is read once a
// catalogue, when first needed.
type Pack struct {
	// Name of the part; its photos are named as idx.Name does.
	Name string
	// File is the digest of the file's bytes.
	File digest.Digest
	// Photos is how many there are, each of this Height and Width.
	Photos, Height, Width int
	// Pixels is the digest of all decoded and resized pixels; zero before Decode.
	Pixels digest.Digest

	path string                     // below the data folder
	read func() (*idx.Array, error) // the content, which must still be that of File
}

// HashIDX hashes the IDX files of the parts, below dir. p is advanced by the
// number of photos.
func HashIDX(ctx context.Context, dir string, parts []recipe.Part, p progress.Task) (*Catalogue, error) {
	c := &Catalogue{dir: dir, Packs: make([]Pack, len(parts))}
	err := parallel(ctx, len(parts), func(i int) error {
		part := parts[i]
		path := filepath.Join(dir, filepath.FromSlash(part.IDX.Images))
		dims, err := idx.Shape(path, 3)
		if err != nil {
			return err
		}
		file, _, err := digest.File(path)
		if err != nil {
			return err
		}
		c.Packs[i] = Pack{Name: part.Name, File: file, Photos: dims[0], Height: dims[1], Width: dims[2], path: part.IDX.Images}
		c.Packs[i].read = sync.OnceValues(func() (*idx.Array, error) { return readPack(path, file) })
		p.Add(dims[0])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("hash photos: %w", err)
	}
	return c, nil
}

func readPack(path string, file digest.Digest) (*idx.Array, error) {
	content, err := idx.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if digest.Of(content) != file {
		return nil, fmt.Errorf("%s: %w", path, errChanged)
	}
	array, err := idx.Decode(content, 3)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return array, nil
}

var errChanged = errors.New("the file changed after it was hashed; start again when the data are at rest, with --no-cache if this comes again")

// Open reads the packs, if there are any, so that nothing can fail later.
func (c *Catalogue) Open() error {
	for i := range c.Packs {
		if _, err := c.Packs[i].read(); err != nil {
			return err
		}
	}
	return nil
}

// pack returns the pack of a photo and its index there; nil when there is none.
func (c *Catalogue) pack(name string) (*Pack, int) {
	part, i, ok := idx.ParseName(name)
	for p := range c.Packs {
		if pack := &c.Packs[p]; ok && pack.Name == part && i < pack.Photos {
			return pack, i
		}
	}
	return nil, 0
}

// entry describes photo i of an opened pack.
func (p *Pack) entry(i int) *Entry {
	e := &Entry{Name: idx.Name(p.Name, i), Exists: true, Bytes: int64(p.Height * p.Width), Pixels: p.Pixels, Width: p.Width, Height: p.Height}
	if p.read == nil { // one that somebody sent, and nobody opened
		return e
	}
	array, err := p.read()
	if err != nil {
		e.Problem = err.Error()
		return e
	}
	e.File = digest.Of(array.Item(i))
	return e
}

// develop returns the pixels of photo i. Where nothing is to do they are those of
// the file, not a copy.
func (p *Pack) develop(i int, spec recipe.Picture) ([]uint8, error) {
	array, err := p.read()
	if err != nil {
		return nil, err
	}
	photo := square(raster{p.Width, p.Height, 1, array.Item(i)}, spec)
	if spec.Channels() == 1 {
		return photo.pix, nil
	}
	pixels := make([]uint8, 0, 3*len(photo.pix))
	for _, v := range photo.pix {
		pixels = append(pixels, v, v, v)
	}
	return pixels, nil
}

// decode sets the digest of all pixels of a pack.
func (p *Pack) decode(ctx context.Context, spec recipe.Picture, task progress.Task) error {
	digests := make([]digest.Digest, p.Photos)
	err := parallel(ctx, p.Photos, func(i int) error {
		pixels, err := p.develop(i, spec)
		digests[i] = digest.Of(pixels)
		return err
	})
	p.Pixels = digest.Tree(digests)
	task.Add(p.Photos)
	return err
}
