// Package source owns what git knows about the project's folder: the commit,
// whether anything differs from it, and a digest of how. It only reads; it
// never writes to a repository, not even to refresh its index. What it cannot
// judge with certainty it calls unknown, never clean; it looks at files that git
// was told to assume unchanged, and finds untracked ones however git is set.
package source

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"biomass/runner/internal/digest"
)

// State is what is known about a working tree. Either Unknown or Commit is set.
type State struct {
	// Commit that is checked out, in hexadecimal digits.
	Commit string
	// Dirty says that files differ from the commit, are staged, or are neither
	// tracked nor ignored.
	Dirty bool
	// Patch is the digest of these differences; zero when there are none. It
	// covers, sorted by path: the path, how it differs ("added", "modified",
	// "deleted", or "staged" when only the index does), the file's git mode, and
	// the digest of its content, with line ends as git would store them. Whether
	// a change is staged does not count. Of untracked files over 256 MiB the
	// size stands for the content.
	Patch digest.Digest
	// Unknown says in words why nothing is known.
	Unknown string
}

// Inspect returns the state of the repository that dir belongs to. It never
// fails: reasons go to Unknown.
func Inspect(dir string) State {
	commit, changes, err := inspect(dir)
	if err != nil {
		return State{Unknown: err.Error()}
	}
	state := State{Commit: commit.String(), Dirty: len(changes) > 0}
	if state.Dirty {
		slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.path, b.path) })
		e := digest.New("patch").Int(int64(len(changes)))
		for _, c := range changes {
			e.String(c.path).String(c.status).Int(int64(c.mode)).Digest(c.content)
		}
		state.Patch = e.Sum()
	}
	return state
}

// change is one path that differs from the commit.
type change struct {
	path    string // with slashes, from the root of the working tree
	status  string
	mode    filemode.FileMode
	content digest.Digest
}

// How a path differs.
const (
	added    = "added"    // it is in the working tree alone
	modified = "modified" // its content or mode is another
	deleted  = "deleted"  // it is in the commit alone
	staged   = "staged"   // only the index differs
)

// file is what the commit or the index says of a path.
type file struct {
	mode filemode.FileMode
	hash plumbing.Hash
}

func inspect(dir string) (plumbing.Hash, []change, error) {
	repository, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return plumbing.ZeroHash, nil, errors.New("no git repository")
	}
	if err != nil {
		return plumbing.ZeroHash, nil, fmt.Errorf("a git repository that cannot be read: %w", err)
	}
	head, err := repository.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return plumbing.ZeroHash, nil, errors.New("no commit yet")
	}
	if err != nil {
		return plumbing.ZeroHash, nil, fmt.Errorf("HEAD cannot be read: %w", err)
	}
	changes, err := differences(repository, head.Hash())
	return head.Hash(), changes, err
}

// differences compares the commit, the index and the working tree.
func differences(repository *git.Repository, commit plumbing.Hash) ([]change, error) {
	checkout, err := repository.Worktree()
	if err != nil {
		return nil, fmt.Errorf("no working tree: %w", err)
	}
	store, ok := repository.Storer.(*filesystem.Storage)
	if !ok {
		return nil, errors.New("a git repository that is not kept in files")
	}
	repositoryFiles := store.Filesystem()
	settings, err := readSettings(repositoryFiles)
	if err != nil {
		return nil, err
	}
	indexed, err := readIndex(repository)
	if err != nil {
		return nil, err
	}
	staging, err := stagedFiles(repository, commit, indexed)
	if err != nil {
		return nil, fmt.Errorf("the commit %s cannot be read: %w", commit, err)
	}
	w := &worktree{
		root:       checkout.Filesystem.Root(),
		repository: repository,
		settings:   settings,
		entries:    make(map[string]*index.Entry, len(indexed.Entries)),
		folders:    map[string]bool{},
		staged:     staging,
		seen:       make(map[string]bool, len(indexed.Entries)),
	}
	if info, err := repositoryFiles.Stat("index"); err == nil {
		w.indexed = info.ModTime()
	}
	for _, entry := range indexed.Entries {
		w.entries[entry.Name] = entry
		w.addFolders(entry.Name)
	}
	for path := range staging {
		w.addFolders(path)
	}
	return w.changes(repositoryFiles)
}

// readIndex reads the index and refuses what cannot be judged by it.
func readIndex(repository *git.Repository) (*index.Index, error) {
	indexed, err := repository.Storer.Index()
	switch {
	case errors.Is(err, index.ErrUnknownExtension):
		return nil, errors.New("a split or sparse index")
	case err != nil:
		return nil, fmt.Errorf("an index that cannot be read: %w", err)
	}
	for _, entry := range indexed.Entries {
		switch {
		case entry.Mode == filemode.Submodule:
			return nil, fmt.Errorf("the submodule %s", entry.Name)
		case entry.SkipWorktree:
			return nil, fmt.Errorf("a sparse checkout, without %s", entry.Name)
		}
	}
	return indexed, nil
}

// stagedFiles returns the paths at which the commit and the index differ, and
// what the commit has there: nothing where the mode is filemode.Empty.
func stagedFiles(repository *git.Repository, commit plumbing.Hash, indexed *index.Index) (map[string]file, error) {
	object, err := repository.CommitObject(commit)
	if err != nil {
		return nil, err
	}
	if sameTree(indexed, object.TreeHash) {
		return nil, nil
	}
	committed := map[string]file{}
	if err := readTree(repository, object.TreeHash, "", committed); err != nil {
		return nil, err
	}
	differing := map[string]file{}
	for _, entry := range indexed.Entries {
		was := committed[entry.Name]
		delete(committed, entry.Name)
		if entry.Stage != 0 || entry.IntentToAdd || was != (file{entry.Mode, entry.Hash}) {
			if _, known := differing[entry.Name]; !known { // an unmerged path has several entries
				differing[entry.Name] = was
			}
		}
	}
	for path, was := range committed {
		differing[path] = was
	}
	return differing, nil
}

// sameTree reports whether the index says by itself that it holds exactly the
// tree: git keeps the hash of the tree that it last wrote or read there.
func sameTree(indexed *index.Index, tree plumbing.Hash) bool {
	if indexed.Cache == nil || len(indexed.Cache.Entries) == 0 {
		return false
	}
	for _, entry := range indexed.Entries {
		if entry.IntentToAdd {
			return false
		}
	}
	root := indexed.Cache.Entries[0]
	return root.Path == "" && root.Entries == len(indexed.Entries) && root.Hash == tree
}

// readTree adds the files of a tree, at all depths, to files.
func readTree(repository *git.Repository, hash plumbing.Hash, base string, files map[string]file) error {
	tree, err := repository.TreeObject(hash)
	if err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		if entry.Mode == filemode.Dir {
			if err := readTree(repository, entry.Hash, base+entry.Name+"/", files); err != nil {
				return err
			}
			continue
		}
		mode := entry.Mode
		if mode == filemode.Deprecated { // group-writable, in very old commits
			mode = filemode.Regular
		}
		files[base+entry.Name] = file{mode, entry.Hash}
	}
	return nil
}
