package experiment

import (
	"context"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// LockedRecipe returns the recipe that a lock carries, and checks that it is
// the one whose digest the lock states.
func LockedRecipe(l *lock.Lock) (*recipe.Loaded, error) {
	text, err := yaml.Marshal(l.Recipe.Canonical)
	if err != nil {
		return nil, fmt.Errorf("recipe.canonical: %w", err)
	}
	nothing := func(path string) ([]byte, error) {
		return nil, fmt.Errorf("a locked recipe extends nothing, and this one extends %s", path)
	}
	loaded, err := recipe.Parse("recipe.canonical", text, nothing, recipe.Options{})
	if err != nil {
		return nil, err
	}
	if loaded.Digest != l.Recipe.Digest {
		return nil, fmt.Errorf("recipe.canonical has digest %s, but recipe.digest says %s: one of them was edited", loaded.Digest, l.Recipe.Digest)
	}
	return loaded, nil
}

// Inputs are the digests of what an experiment reads.
type Inputs struct {
	Table, Images digest.Digest
	Files         int // how many pictures there are
	pictures      *picture.Catalogue
}

// Inputs hashes the inputs and runs nothing.
func (e *Experiment) Inputs(ctx context.Context) (Inputs, error) {
	l, err := e.freeze(ctx)
	if err != nil {
		return Inputs{}, err
	}
	root, files := l.files.Root()
	return Inputs{Table: l.table.File, Images: root, Files: files, pictures: l.files}, nil
}

// ChangedPictures compares the pictures with those of the lock. A lock has one
// digest for all of them; which they were is known only where objects still has
// the catalogue of the run that made it. It reports false elsewhere.
func (in Inputs) ChangedPictures(l *lock.Lock, objects *store.Store) ([]picture.Change, bool) {
	stage := lockedStage(l, "picture")
	if stage == nil {
		return nil, false
	}
	data, err := objects.Get(stage.Output)
	locked := new(picture.Catalogue)
	if err != nil || json.Unmarshal(data, locked) != nil {
		return nil, false
	}
	return locked.Changed(in.pictures), true
}

// Replay walks the line and returns the lock that this machine makes, and the
// files of the report. It writes nothing but to the store.
func (e *Experiment) Replay(ctx context.Context) (*lock.Lock, map[string]digest.Digest, error) {
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := l.walk(ctx); err != nil {
		return nil, nil, err
	}
	made, err := l.lock(nil)
	return made, l.pages.Files, err
}
