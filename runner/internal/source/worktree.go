package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/digest"
)

// worktree is the comparison of a working tree with the index and the commit.
type worktree struct {
	root       string
	repository *git.Repository
	settings   settings

	entries map[string]*index.Entry // the index, by path
	folders map[string]bool         // those that hold an entry or did in the commit, at any depth
	indexed time.Time               // when the index was written
	staged  map[string]file         // where commit and index differ: what the commit has

	folded     map[string]string // paths of the index by their lower-case form, where case does not count
	macros     macros
	attributes []rule // those that win over all files in the tree

	seen  map[string]bool // paths of the index or the commit that the tree has
	found []change
}

// addFolders notes that the folders of a path hold something known to git.
func (w *worktree) addFolders(path string) {
	for {
		end := strings.LastIndexByte(path, '/')
		if end < 0 || w.folders[path[:end]] {
			return
		}
		path = path[:end]
		w.folders[path] = true
	}
}

// folder is one folder on the walk, with what it takes over from those above.
type folder struct {
	path    string // with a slash at its end; "" at the root
	ignored bool   // only tracked files in it count
	ignore  []pattern
	rules   []rule // of this folder and those above
	all     []rule // rules, and those that win over them
	foreign bool   // some rule names a filter or an encoding
}

// changes walks the tree. The repository's files hold patterns of their own.
func (w *worktree) changes(repository billy.Filesystem) ([]change, error) {
	if w.settings.ignoreCase {
		w.folded = map[string]string{}
		for path := range w.entries {
			w.folded[strings.ToLower(path)] = path
		}
		for path := range w.folders {
			w.folded[strings.ToLower(path)] = path
		}
	}
	top, err := w.top(repository)
	if err != nil {
		return nil, fmt.Errorf("a file of git patterns that cannot be read: %w", err)
	}
	if err := w.walk(top); err != nil {
		return nil, err
	}
	for path := range w.entries {
		was, changed := w.staged[path]
		switch {
		case w.seen[path]:
		case changed && was.mode == filemode.Empty:
			w.found = append(w.found, change{path: path, status: staged}) // the index alone has it
		default:
			w.found = append(w.found, change{path: path, status: deleted})
		}
	}
	for path := range w.staged {
		if !w.seen[path] && w.entries[path] == nil {
			w.found = append(w.found, change{path: path, status: deleted})
		}
	}
	return w.found, nil
}

// top returns the root folder, with the patterns and rules of the system, the
// user and the repository.
func (w *worktree) top(repository billy.Filesystem) (folder, error) {
	top := folder{}
	w.macros = builtinMacros()
	for _, path := range append(systemFiles("gitattributes"), w.settings.attributesFile) {
		text, err := readOptional(os.Open(path))
		if err != nil {
			return top, err
		}
		top.rules = append(top.rules, readAttributes(text, "", w.settings.ignoreCase, w.macros)...)
	}
	text, err := readOptional(repository.Open("info/attributes"))
	if err != nil {
		return top, err
	}
	w.attributes = readAttributes(text, "", w.settings.ignoreCase, w.macros)

	if text, err = readOptional(os.Open(w.settings.excludesFile)); err != nil {
		return top, err
	}
	top.ignore = readIgnore(text, "", w.settings.ignoreCase)
	if text, err = readOptional(repository.Open("info/exclude")); err != nil {
		return top, err
	}
	top.ignore = append(top.ignore, readIgnore(text, "", w.settings.ignoreCase)...)
	return top, nil
}

// readOptional reads a small file that need not be there.
func readOptional[F io.ReadCloser](f F, err error) (string, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}

// walk compares everything below a folder.
func (w *worktree) walk(f folder) error {
	items, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(f.path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went away while we looked
	}
	if err != nil {
		return fmt.Errorf("a folder that cannot be read: %w", err)
	}
	if err := w.enter(&f, items); err != nil {
		return err
	}
	for _, item := range items {
		path := w.pathOf(f.path + item.Name())
		switch {
		case item.Name() == git.GitDirName:
		case item.IsDir():
			err = w.walkFolder(f, path)
		case item.Type().IsRegular() || item.Type() == fs.ModeSymlink:
			err = w.compare(f, path, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pathOf returns the path as the index spells it, on file systems that do not
// tell spellings apart.
func (w *worktree) pathOf(path string) string {
	if w.settings.precompose {
		path = norm.NFC.String(path)
	}
	if spelled, ok := w.folded[strings.ToLower(path)]; ok && w.entries[path] == nil {
		return spelled
	}
	return path
}

// enter adds the patterns and rules that a folder brings itself.
func (w *worktree) enter(f *folder, items []os.DirEntry) error {
	for _, item := range items {
		name := item.Name()
		if name != ignoreName && name != attributesName || !item.Type().IsRegular() {
			continue
		}
		text, err := readOptional(os.Open(filepath.Join(w.root, filepath.FromSlash(f.path), name)))
		if err != nil {
			return fmt.Errorf("a file of git patterns that cannot be read: %w", err)
		}
		if name == ignoreName {
			f.ignore = append(f.ignore[:len(f.ignore):len(f.ignore)], readIgnore(text, f.path, w.settings.ignoreCase)...)
		} else {
			f.rules = append(f.rules[:len(f.rules):len(f.rules)], readAttributes(text, f.path, w.settings.ignoreCase, w.macros)...)
		}
	}
	f.all = append(f.rules[:len(f.rules):len(f.rules)], w.attributes...)
	f.foreign = mentionsForeign(f.all)
	return nil
}

// walkFolder goes on into the folder at path.
func (w *worktree) walkFolder(in folder, path string) error {
	f := folder{path: path + "/", ignored: in.ignored || ignored(in.ignore, path, true), ignore: in.ignore, rules: in.rules}
	tracked := w.folders[path]
	if f.ignored && !tracked {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(path), git.GitDirName)); err == nil && !tracked {
		// Another repository counts even when it is empty.
		w.found = append(w.found, change{path: f.path, status: added, mode: filemode.Submodule})
	}
	return w.walk(f)
}

// compare judges one file or symbolic link.
func (w *worktree) compare(f folder, path string, item os.DirEntry) error {
	entry := w.entries[path]
	was, changed := w.staged[path]
	if entry == nil && was.mode == filemode.Empty && (f.ignored || ignored(f.ignore, path, false)) {
		return nil
	}
	info, err := item.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went away while we looked
	}
	if err != nil {
		return fmt.Errorf("a file that cannot be read: %w", err)
	}
	w.seen[path] = true
	if entry != nil {
		if f.foreign {
			if err := w.checkForeign(f, path); err != nil {
				return err
			}
		}
		if !changed {
			if w.untouched(entry, info) {
				return nil
			}
			was = file{entry.Mode, entry.Hash}
		}
	}
	mode := w.modeOf(info, was.mode)
	content, err := w.hash(f, path, info, entry)
	if err != nil {
		return fmt.Errorf("a file that cannot be read: %w", err)
	}
	status := modified
	switch {
	case was.mode == filemode.Empty:
		status = added
	case was == file{mode, content.git} && !changed:
		return nil
	case was == file{mode, content.git}:
		status = staged
	}
	w.found = append(w.found, change{path, status, mode, content.content})
	return nil
}

// checkForeign refuses a path whose content git changes in ways not known here.
func (w *worktree) checkForeign(f folder, path string) error {
	for _, name := range foreign {
		switch given := state(f.all, path, name); {
		case given == "=lfs":
			return fmt.Errorf("%s is kept by git-lfs", path)
		case given == set, given[0] == '=':
			return fmt.Errorf("%s has the git attribute %s", path, name)
		}
	}
	return nil
}

// untouched reports whether a file's metadata alone prove that it holds what
// the index says. They do not when it was changed so late that the index, when
// it was written, could have been of the same moment ("racy git").
func (w *worktree) untouched(entry *index.Entry, info fs.FileInfo) bool {
	if entry.Size != uint32(info.Size()) || !sameMoment(entry.ModifiedAt, info.ModTime()) {
		return false
	}
	if created := changeTime(info); !created.IsZero() && !entry.CreatedAt.IsZero() && !sameMoment(entry.CreatedAt, created) {
		return false
	}
	written := w.indexed
	if entry.ModifiedAt.Nanosecond() == 0 {
		written = written.Truncate(time.Second)
	}
	if !entry.ModifiedAt.Before(written) {
		return false
	}
	return w.modeOf(info, entry.Mode) == entry.Mode
}

// sameMoment compares a time in the index, which may be of whole seconds, with
// one of the file system.
func sameMoment(recorded, actual time.Time) bool {
	return recorded.Unix() == actual.Unix() && (recorded.Nanosecond() == 0 || recorded.Nanosecond() == actual.Nanosecond())
}

// modeOf returns a file's mode in git's terms. Where the file system cannot say,
// it is taken to be what it was.
func (w *worktree) modeOf(info fs.FileInfo, was filemode.FileMode) filemode.FileMode {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return filemode.Symlink
	case was == filemode.Symlink && !w.settings.symlinks:
		return filemode.Symlink
	case w.settings.fileMode && info.Mode()&0o100 != 0, !w.settings.fileMode && was == filemode.Executable:
		return filemode.Executable
	}
	return filemode.Regular
}

// hash returns the hashes of a file as git would store it.
func (w *worktree) hash(f folder, path string, info fs.FileInfo, entry *index.Entry) (hashes, error) {
	full := filepath.Join(w.root, filepath.FromSlash(path))
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(full)
		return hashesOf([]byte(filepath.ToSlash(target))), err
	}
	if info.Size() > maxContent {
		if entry == nil {
			return hashes{content: digest.New("large").Int(info.Size()).Sum()}, nil
		}
		return hashLarge(full, info.Size())
	}
	content, err := os.ReadFile(full)
	if err != nil {
		return hashes{}, err
	}
	var blob plumbing.Hash
	if entry != nil {
		blob = entry.Hash
	}
	content, err = stored(content, endsOf(f.all, path, w.settings.autocrlf), w.repository, blob)
	return hashesOf(content), err
}
