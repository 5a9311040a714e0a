package source

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// TestRevisions reads files of commits, and finds where two branches part.
func TestRevisions(t *testing.T) {
	tr := newTree(t)
	first := strings.TrimSpace(tr.git("rev-parse", "HEAD"))
	tr.git("branch", "other")
	tr.write("sub/one.txt", "later\n")
	tr.commit()
	tr.git("checkout", "-q", "other")
	tr.write("sub/new.txt", "new\n")
	tr.commit()
	tr.git("checkout", "-q", "-")

	head, err := At(tr.dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := head.ReadFile(tr.path("sub/one.txt")); err != nil || string(data) != "later\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := head.ReadFile(tr.path("sub/new.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of another branch: %v", err)
	}
	if _, err := head.ReadFile(tr.path("../outside.txt")); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file outside of the repository: %v", err)
	}
	base, err := MergeBase(tr.path("sub"), "HEAD", "other")
	if err != nil || base.Commit != first {
		t.Fatalf("got %v, %v, want %s", base, err, first)
	}
	if data, err := base.ReadFile(tr.path("sub/one.txt")); err != nil || string(data) == "later\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := At(tr.dir, "nowhere"); err == nil || !strings.Contains(err.Error(), "knows no revision") {
		t.Errorf("an unknown revision: %v", err)
	}
	if _, err := At(t.TempDir(), "HEAD"); err == nil || !strings.Contains(err.Error(), "belongs to no git repository") {
		t.Errorf("no repository: %v", err)
	}
}

// TestShallow says what a shallow clone lacks.
func TestShallow(t *testing.T) {
	tr := newTree(t)
	tr.git("branch", "other")
	tr.write("sub/one.txt", "later\n")
	tr.commit()
	tr.git("checkout", "-q", "other")
	tr.write("sub/new.txt", "new\n")
	tr.commit()
	tr.git("checkout", "-q", "-")
	main := strings.TrimSpace(tr.git("rev-parse", "--abbrev-ref", "HEAD"))
	clone := tr.dir + "-clone"
	tr.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+tr.dir, clone)
	if _, err := MergeBase(clone, "origin/other", "HEAD"); err == nil || !strings.Contains(err.Error(), "fetch-depth: 0") {
		t.Errorf("got %v", err)
	}
	if _, err := At(clone, "origin/"+main); err != nil {
		t.Errorf("a commit that is there: %v", err)
	}
	if _, err := At(clone, "other"); err == nil || !strings.Contains(err.Error(), "there is origin/other") {
		t.Errorf("got %v", err)
	}
}
