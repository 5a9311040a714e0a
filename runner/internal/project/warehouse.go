package project

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
)

// Warehouse is the store of a project, and what its locks name there.
type Warehouse struct {
	Store *store.Store
	// Locks are the paths of the project's lockfiles.
	Locks []string
	// Own says that the store lies below the project folder, so that no other
	// project keeps anything there.
	Own bool
}

// OpenWarehouse finds the project that a folder lies in, and its store.
func OpenWarehouse(folder, override string) (*Warehouse, error) {
	place, err := Around(folder)
	if err != nil {
		return nil, err
	}
	objects, err := OpenStore(place.Root, override)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(place.Root, "lock"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	w := &Warehouse{Store: objects}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), lock.Suffix) {
			w.Locks = append(w.Locks, filepath.Join(place.Root, "lock", e.Name()))
		}
	}
	dir, err := filepath.Abs(objects.Dir())
	if err != nil {
		return nil, err
	}
	below, err := filepath.Rel(place.Root, dir)
	w.Own = err == nil && filepath.IsLocal(below)
	return w, nil
}

// Prune counts the objects that are there and those that no lock names, and
// removes these, if they are older than age, unless dry.
func (w *Warehouse) Prune(ctx context.Context, age time.Duration, dry bool) (store.Census, error) {
	var texts [][]byte
	for _, path := range w.Locks {
		text, err := os.ReadFile(path)
		if err != nil {
			return store.Census{}, err
		}
		texts = append(texts, text)
	}
	return w.Store.Prune(ctx, texts, age, dry)
}
