package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"biomass/runner/internal/fetch"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rosette"
	"biomass/runner/internal/store"
	"biomass/runner/internal/table"
)

// This file holds how data come to be where there are none: data.source draws or fetches
// them.

// ErrNoData says that a folder of the data is missing.
var ErrNoData = errors.New("no folder")

// makeData makes the data where their root folder is missing. The folder appears whole or
// not at all.
func (e *Experiment) makeData(ctx context.Context) error {
	root, r := e.Place.Data, e.Recipe
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return fmt.Errorf("data.root: %w", err)
		}
		if !r.Data.Listed() && !project.Exists(e.Place.Images(r.Data)) {
			return fmt.Errorf("data.images: %w %s: name the folder of the pictures, below data.root", ErrNoData, e.Place.Images(r.Data))
		}
		return e.sameSource()
	}
	s := r.Data.Source
	switch {
	case s == nil:
		recipe := ", or with data.root, which is data/NAME where the recipe does not say it"
		if e.Offline { // nothing but the lock is looked at
			recipe = ""
		}
		return fmt.Errorf("data.root: %w %s: put the data there, or say where they are with --data DIR or RUNNER_DATA%s", ErrNoData, root, recipe)
	case s.Fetched() && e.Offline:
		return fmt.Errorf("data.root: %w %s: %s", ErrNoData, root, byHand(s, root))
	}
	unlock, err := e.hold(ctx, "data", "makes data")
	if err != nil {
		return err
	}
	defer unlock()
	if project.Exists(root) { // another run made them meanwhile
		return nil
	}
	if err := e.fill(ctx, s, root); err != nil {
		return fmt.Errorf("data.source: %w", err)
	}
	if s.Fetched() {
		e.tell("there was no %s: unpacked %s there", root, s.URL)
	} else {
		e.tell("there was no %s: drew the built-in %s there, %d plants", root, s.Builtin, s.Plants)
	}
	return nil
}

// byHand says what people can do where nothing can be fetched.
func byHand(s *recipe.Source, root string) string {
	return fmt.Sprintf("download %s where there is a network and unpack it there, into the new folder %s, or say with --data DIR where it is", s.URL, root)
}

// fill makes the folder root, with the data in it.
func (e *Experiment) fill(ctx context.Context, s *recipe.Source, root string) error {
	if err := os.MkdirAll(filepath.Dir(root), 0o777); err != nil {
		return err
	}
	if err := store.Sweep(filepath.Dir(root), filepath.Base(root)); err != nil {
		return err
	}
	partial, err := store.TemporaryDir(root)
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if s.Fetched() {
		err = e.fetchData(ctx, s, partial)
	} else {
		err = e.draw(ctx, partial)
	}
	if err != nil {
		return err
	}
	name, made := mark(s)
	if err := os.WriteFile(filepath.Join(partial, name), []byte(made+"\n"), 0o666); err != nil {
		return err
	}
	return os.Rename(partial, root)
}

// The files that say, in a folder of data, what was made there.
const (
	fetchedFile = ".fetched"
	drawnFile   = ".drawn"
)

// mark returns such a file for a source: its name, and what it says.
func mark(s *recipe.Source) (name, made string) {
	if s.Fetched() {
		return fetchedFile, "an archive with SHA-256 " + s.SHA256
	}
	return drawnFile, fmt.Sprintf("%s, plants: %d, seed: %d", s.Builtin, s.Plants, s.Seed)
}

// sameSource refuses data in the root folder that another data.source made: made anew they
// would be others. Data without a file that says so are somebody's own.
func (e *Experiment) sameSource() error {
	if e.Recipe.Data.Source == nil {
		return nil
	}
	for _, name := range []string{fetchedFile, drawnFile} { // drawn data may have been put into an archive
		was, err := os.ReadFile(filepath.Join(e.Place.Data, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("data.root: %w", err)
		}
		if _, want := mark(e.Recipe.Data.Source); strings.TrimSpace(string(was)) != want {
			return fmt.Errorf("data.source: %s holds %s, the recipe asks for %s: give it another data.root, or delete that folder to have it made anew", e.Place.Data, strings.TrimSpace(string(was)), want)
		}
		return nil
	}
	return nil
}

// fetchData fetches the archive and unpacks it below dir. The archive is kept in the store
// until it is unpacked, so that what was cut goes on.
func (e *Experiment) fetchData(ctx context.Context, s *recipe.Source, dir string) error {
	published := fetch.File{URL: s.URL, SHA256: s.SHA256}
	archive, err := published.Get(ctx, filepath.Join(e.Store.Dir(), "data"), e.Progress)
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%w\n%s", err, byHand(s, e.Place.Data))
		}
		return err
	}
	if err := fetch.Unpack(ctx, archive, dir, e.Progress); err != nil {
		return err
	}
	return os.Remove(archive)
}

// draw writes the table and the photos below dir.
func (e *Experiment) draw(ctx context.Context, dir string) error {
	r := e.Recipe
	set := rosette.New(rosette.Options{Plants: r.Data.Source.Plants, Seed: r.Data.Source.Seed})
	path := filepath.Join(dir, filepath.FromSlash(r.Data.Table))
	images := filepath.Join(dir, filepath.FromSlash(r.Data.Images))
	for _, d := range []string{filepath.Dir(path), images} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			return err
		}
	}
	if err := table.Write(path, set.Columns(), set.Rows()); err != nil {
		return err
	}
	names := set.Photos()
	task := e.Progress.Start("draw", len(names), "photos")
	defer task.Done()
	failed := make([]error, len(names))
	kernel.Parallel(len(names), func(i int) {
		if failed[i] = ctx.Err(); failed[i] != nil {
			return
		}
		data, err := set.Photo(names[i])
		if err == nil {
			err = os.WriteFile(filepath.Join(images, names[i]), data, 0o666)
		}
		failed[i] = err
		task.Add(1)
	})
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
