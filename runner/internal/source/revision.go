package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// maxFile bounds the file that ReadFile reads.
const maxFile = 32 << 20

// Revision is a commit whose files can be read.
type Revision struct {
	Commit string // in hexadecimal digits
	root   string // of the working tree
	tree   *object.Tree
}

// At returns the commit that a name stands for, a branch, tag or HEAD~2, in the
// repository that dir belongs to.
func At(dir, name string) (*Revision, error) {
	repository, err := open(dir)
	if err != nil {
		return nil, err
	}
	commit, err := resolve(repository, name)
	if err != nil {
		return nil, err
	}
	return revision(repository, commit)
}

// MergeBase returns the newest commit that both names go back to.
func MergeBase(dir, a, b string) (*Revision, error) {
	repository, err := open(dir)
	if err != nil {
		return nil, err
	}
	first, err := resolve(repository, a)
	if err != nil {
		return nil, err
	}
	second, err := resolve(repository, b)
	if err != nil {
		return nil, err
	}
	bases, err := first.MergeBase(second)
	if errors.Is(err, plumbing.ErrObjectNotFound) || err == nil && len(bases) == 0 {
		return nil, fmt.Errorf("%s and %s have no merge base here: a shallow clone does not reach that far back; run git fetch --unshallow, or in GitHub Actions set fetch-depth: 0 for actions/checkout", a, b)
	}
	if err != nil {
		return nil, fmt.Errorf("merge base of %s and %s: %w", a, b, err)
	}
	return revision(repository, bases[0])
}

func open(dir string) (*git.Repository, error) {
	repository, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return nil, fmt.Errorf("%s belongs to no git repository", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open the git repository of %s: %w", dir, err)
	}
	return repository, nil
}

func resolve(repository *git.Repository, name string) (*object.Commit, error) {
	hash, err := repository.ResolveRevision(plumbing.Revision(name))
	if err != nil {
		hint := ""
		if _, remote := repository.ResolveRevision(plumbing.Revision("origin/" + name)); remote == nil {
			hint = ": there is origin/" + name
		}
		return nil, fmt.Errorf("git knows no revision %q here%s", name, hint)
	}
	commit, err := repository.CommitObject(*hash)
	if err != nil {
		return nil, fmt.Errorf("revision %s: %w", name, err)
	}
	return commit, nil
}

func revision(repository *git.Repository, commit *object.Commit) (*Revision, error) {
	checkout, err := repository.Worktree()
	if err != nil {
		return nil, fmt.Errorf("no working tree: %w", err)
	}
	tree, err := commit.Tree()
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", commit.Hash, err)
	}
	return &Revision{Commit: commit.Hash.String(), root: checkout.Filesystem.Root(), tree: tree}, nil
}

// ReadFile returns the content that the file at path, a place on this machine,
// has in the revision; where it has none, the error is fs.ErrNotExist.
func (r *Revision) ReadFile(path string) ([]byte, error) {
	name, err := r.below(path)
	if err != nil {
		return nil, err
	}
	file, err := r.tree.File(name)
	if errors.Is(err, object.ErrFileNotFound) {
		return nil, fmt.Errorf("commit %.12s has no %s: %w", r.Commit, name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("commit %.12s, %s: %w", r.Commit, name, err)
	}
	if file.Size > maxFile {
		return nil, fmt.Errorf("commit %.12s: %s has %d MiB, more than the %d MiB that are read", r.Commit, name, file.Size>>20, maxFile>>20)
	}
	reader, err := file.Reader()
	if err != nil {
		return nil, fmt.Errorf("commit %.12s, %s: %w", r.Commit, name, err)
	}
	defer reader.Close()
	return io.ReadAll(reader)
}

// below returns a path as git names it: from the root of the working tree, with
// slashes.
func (r *Revision) below(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	// The file itself need not exist here, but its folder may lie behind a link.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(absolute)); err == nil {
		absolute = filepath.Join(dir, filepath.Base(absolute))
	}
	root := r.root
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	name, err := filepath.Rel(root, absolute)
	if err != nil || !filepath.IsLocal(name) {
		return "", fmt.Errorf("%s is not in the git repository at %s", path, r.root)
	}
	return filepath.ToSlash(name), nil
}
