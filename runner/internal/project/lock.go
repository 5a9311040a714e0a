package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v3"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
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

// LockedWeights returns the weights of this digest: from the path beside the
// report, else from the store.
func LockedWeights(path string, want digest.Digest, objects *store.Store) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil && digest.Of(data) == want:
		return data, nil
	case err == nil:
		return nil, fmt.Errorf("%s is not what is locked: apply makes it anew", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if data, err = objects.Get(want); err != nil {
		return nil, fmt.Errorf("the weights are missing: no %s, and none in the store; apply makes them anew", path)
	}
	return data, nil
}
