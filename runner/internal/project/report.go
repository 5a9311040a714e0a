package project

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
)

// ComparisonFolder returns the folder of a page of this name in the project that we are
// in.
func ComparisonFolder(name string) (string, error) {
	place, err := Around(".")
	return place.Report(name), err
}

// NoRun refuses a folder that holds the report of a run, which nothing else may replace.
// own is the folder of what is written, empty where it has none.
func NoRun(dir, own string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil || absolute == own {
		return err
	}
	locked := "lock/" + filepath.Base(absolute) + lock.Suffix
	if Exists(filepath.Join(filepath.Dir(filepath.Dir(absolute)), filepath.FromSlash(locked))) {
		return fmt.Errorf("%s is the folder of the report of %s: say another --dir", filepath.ToSlash(dir), locked)
	}
	return nil
}

// WriteReport writes the files of a page into a folder, all or nothing, and removes those
// of a page that was there before: possible are the names that it may have. Returned are
// the paths of the files that are new or changed.
func WriteReport(dir string, files map[string][]byte, possible []string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	var all []store.File
	var old []string
	for _, name := range slices.Sorted(slices.Values(possible)) {
		path := filepath.Join(dir, name)
		if data, ok := files[name]; ok {
			all = append(all, store.File{Path: path, Data: data})
		} else {
			old = append(old, path)
		}
	}
	written, err := store.WriteFiles(all)
	for i := range written {
		written[i] = filepath.ToSlash(written[i])
	}
	if err != nil {
		return written, err
	}
	return written, store.RemoveFiles(old)
}
