// Package project owns where things lie on a machine: a project folder with its recipes,
// lock/ and reports/, the data, and the store. None of it is part of what an experiment
// is, and nothing here looks into what the files hold, but for the recipe in a lock.
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// Place says where the files of an experiment are on this machine. None of it
// is part of the experiment's identity.
type Place struct {
	Root string // the project folder, which holds lock/ and reports/
	Path string // the recipe's path below Root, with slashes
	Data string // the data's root folder
	// Weights is the folder of files of weights; empty is the folder weights of the project.
	Weights string
	// Fetched is the folder of those that were fetched.
	Fetched string
}

// Find returns the place of a recipe: the project folder is the nearest folder
// at or above the recipe that holds .git or lock/*.lock.yaml, else the recipe's
// own; a folder lock alone may be any program's, as /var/lock is. The data are
// at the override, if there is one, else at root (the recipe's data.root) below
// the project folder.
func Find(recipePath, root, override string) (Place, error) {
	absolute, err := filepath.Abs(recipePath)
	if err != nil {
		return Place{}, err
	}
	project := filepath.Dir(absolute)
	for dir := project; ; dir = filepath.Dir(dir) {
		// Below os.DirFS, because the folder's own name may hold what a pattern is made of.
		if locks, _ := fs.Glob(os.DirFS(dir), "lock/*"+lock.Suffix); Exists(filepath.Join(dir, ".git")) || len(locks) > 0 {
			project = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	path, err := filepath.Rel(project, absolute)
	if err != nil {
		return Place{}, err
	}
	return Place{Root: project, Path: filepath.ToSlash(path), Data: dataFolder(project, root, override)}, nil
}

// Around returns the place of the project that a folder lies in.
func Around(folder string) (Place, error) { return Find(filepath.Join(folder, "any.yaml"), "", "") }

// dataFolder returns the override, if there is one, else root below the project
// folder.
func dataFolder(project, root, override string) string {
	switch {
	case override != "":
		return override
	case filepath.IsAbs(root):
		return root
	}
	return filepath.Join(project, filepath.FromSlash(root))
}

// OfLock returns the place of a lock's experiment: the project folder is the
// one above lock/, and the data's root is the override, else what the recipe's
// file there says, which need not be the recipe that was locked nor a valid one,
// else, where there is none or only a link out of the folder, the default of the locked recipe.
func OfLock(lockPath string, l *lock.Lock, locked *recipe.Loaded, override string) (Place, error) {
	absolute, err := filepath.Abs(lockPath)
	if err != nil {
		return Place{}, err
	}
	p := Place{Root: filepath.Dir(filepath.Dir(absolute)), Path: l.Recipe.Path, Data: override}
	if !filepath.IsLocal(filepath.FromSlash(p.Path)) {
		return Place{}, fmt.Errorf("recipe.path %q leaves the project folder", p.Path)
	}
	if override != "" {
		return p, nil
	}
	file := filepath.Join(p.Root, filepath.FromSlash(p.Path))
	root, err := recipe.DataRoot(p.Path, p.recipeText)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrLink):
		root = locked.Recipe.Data.Root
	case err != nil:
		// Not wrapped: it is no problem of the recipe that is verified.
		return Place{}, fmt.Errorf("%s says where the data are, and cannot be read: mend it, or say where they are with --data DIR\n%v", file, err)
	}
	p.Data = dataFolder(p.Root, root, "")
	return p, nil
}

// Load loads the recipe at the place. Neither it nor what it extends may lie
// outside of the project folder: whoever checks somebody's lock reads nothing
// else of theirs.
func (p Place) Load(o recipe.Options) (*recipe.Loaded, error) {
	loaded, _, err := p.load(o)
	return loaded, err
}

// RecipeFiles returns the paths, below the project folder and with slashes, of
// the recipe and of all that it extends, sorted.
func (p Place) RecipeFiles() ([]string, error) {
	_, files, err := p.load(recipe.Options{})
	slices.Sort(files)
	return slices.Compact(files), err
}

func (p Place) load(o recipe.Options) (loaded *recipe.Loaded, files []string, err error) {
	read := func(path string) ([]byte, error) {
		text, err := p.recipeText(path)
		if err == nil {
			files = append(files, path)
		}
		return text, err
	}
	text, err := read(p.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("read recipe %s: %w", p.Path, err)
	}
	loaded, err = recipe.Parse(p.Path, text, read, o)
	return loaded, files, err
}

// RecipeName returns the name that the recipe's file gives its experiment, though
// the recipe may be none.
func (p Place) RecipeName() (string, error) { return recipe.NameOf(p.Path, p.recipeText) }

func (p Place) recipeText(path string) ([]byte, error) { return p.Read(path, recipe.MaxBytes) }

// ErrLink says that a path leads out of the project folder by a link.
var ErrLink = errors.New("leads out of the folder by a link, which is not followed")

// Read reads a file below the project folder that somebody else may have written, by
// its path with slashes: no link leads out of the folder, and what is no plain file, for
// a pipe may never end, or longer than the limit is an error.
func (p Place) Read(path string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(p.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.FromSlash(path)
	info, err := root.Stat(name)
	switch {
	case err == nil:
	case strings.HasSuffix(err.Error(), "path escapes from parent"): // os has no word for it
		return nil, fmt.Errorf("%s %w", path, ErrLink)
	default:
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file, but a %s", path, kindOf(info.Mode()))
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that such a file may have", path, info.Size(), limit)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// kindOf says what is there in the place of a file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// Exists reports whether there is something at a path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Lock returns the path of the recipe's lockfile.
func (p Place) Lock(name string) string { return filepath.Join(p.Root, "lock", name+lock.Suffix) }

// Report returns the folder of the recipe's report.
func (p Place) Report(name string) string {
	return filepath.Join(p.Root, filepath.FromSlash(reportOf(name)))
}

// reportOf is its path below the project folder, with slashes.
func reportOf(name string) string { return "reports/" + name }

// Model returns the path of the weights beside the report: of a run, or with "" the
// recipe's own.
func (p Place) Model(name, run string) string {
	return filepath.Join(p.Root, filepath.FromSlash(ModelOf(name, run)))
}

// ModelOf is its path below the project folder, with slashes.
func ModelOf(name, run string) string {
	file := "model.safetensors"
	if run != "" {
		file = "model-" + run + ".safetensors"
	}
	return reportOf(name) + "/" + file
}

// maxPage is what no file of a report exceeds, in bytes.
const maxPage = 64 << 20

// ReadPage reads a file of a report.
func (p Place) ReadPage(name, file string) ([]byte, error) {
	return p.Read(reportOf(name)+"/"+file, maxPage)
}

var modelFile = regexp.MustCompile(`^model(?:-([a-z0-9-]+))?\.safetensors$`)

// RunOfModel says whose weights a file beside a report holds, by its name: a run's, or
// with "" the recipe's own. It reports false where it holds none.
func RunOfModel(file string) (run string, ok bool) {
	match := modelFile.FindStringSubmatch(file)
	if match == nil {
		return "", false
	}
	return match[1], true
}

// WeightsFolder is where files of weights are looked for.
func (p Place) WeightsFolder() string {
	if p.Weights != "" {
		return p.Weights
	}
	return filepath.Join(p.Root, "weights")
}

// Table returns the path of the label table.
func (p Place) Table(d recipe.Data) string {
	return filepath.Join(p.Data, filepath.FromSlash(d.Table))
}

// Images returns the folder of the pictures.
func (p Place) Images(d recipe.Data) string {
	return filepath.Join(p.Data, filepath.FromSlash(d.ImagesPath()))
}

// FetchedWeights is the folder of a store for files of weights that were fetched.
func FetchedWeights(s *store.Store) string { return filepath.Join(s.Dir(), "weights") }

// OpenStore returns the store of a project: at the override, else below the
// project folder.
func OpenStore(root, override string) (*store.Store, error) {
	if override == "" {
		override = filepath.Join(root, ".runner", "store")
	}
	return store.Open(override)
}
