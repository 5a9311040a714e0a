package source

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"biomass/runner/internal/digest"
)

// tree is a repository that a test makes by the git program.
type tree struct {
	t   testing.TB
	dir string
}

// template is a repository with one commit, which tests copy.
var template = sync.OnceValue(func() string {
	tr := tree{dir: filepath.Join(scratch, "template")}
	tr.must(os.Mkdir(tr.dir, 0o777))
	tr.git("init", "-q", "-b", "main")
	tr.git("config", "user.name", "x")
	tr.git("config", "user.email", "x@y")
	tr.git("config", "gc.auto", "0")
	tr.write("README.md", "a project\n")
	tr.write("sub/one.txt", "one\n")
	tr.write("sub/deep/two.txt", "two\n")
	tr.write("run.sh", "#!/bin/sh\n")
	tr.must(os.Chmod(tr.path("run.sh"), 0o755))
	tr.write(".gitignore", "/data/*\n!/data/README.md\n/.runner/\n/reports/*/run.log\n*.tmp\n")
	tr.write("data/README.md", "the data\n")
	tr.commit()
	return tr.dir
})

var scratch string

// TestMain keeps the configuration of this machine away from the tests.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "source"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		os.Setenv("HOME", scratch)
		os.Unsetenv("XDG_CONFIG_HOME")
		os.Unsetenv("GIT_CONFIG_GLOBAL")
		os.Setenv("GIT_CONFIG_NOSYSTEM", "1")
		return m.Run()
	}())
}

// newTree returns a copy of the template in a new home folder.
func newTree(t testing.TB) tree {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git program to compare with")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	tr := tree{t, filepath.Join(home, "project")}
	tr.must(os.CopyFS(tr.dir, os.DirFS(template())))
	tr.age()
	return tr
}

func (tr tree) must(err error) {
	if err != nil && tr.t == nil {
		panic(err)
	}
	if err != nil {
		tr.t.Helper()
		tr.t.Fatal(err)
	}
}

func (tr tree) path(name string) string { return filepath.Join(tr.dir, filepath.FromSlash(name)) }

// git runs the git program and returns what it prints.
func (tr tree) git(arguments ...string) string {
	command := exec.Command("git", arguments...)
	command.Dir = tr.dir
	out, err := command.CombinedOutput()
	if err != nil {
		tr.must(fmt.Errorf("git %v: %w\n%s", arguments, err, out))
	}
	return string(out)
}

func (tr tree) write(name, content string) {
	tr.must(os.MkdirAll(filepath.Dir(tr.path(name)), 0o777))
	tr.must(os.WriteFile(tr.path(name), []byte(content), 0o666))
}

func (tr tree) touch(name string) { tr.must(os.Chtimes(tr.path(name), time.Now(), time.Now())) }

// commit commits everything, right away.
func (tr tree) commit() {
	tr.git("add", "-A")
	tr.git("commit", "-q", "-m", "x")
}

// age lets all files look an hour old, so that only what a test does to them
// afterwards makes them suspect.
func (tr tree) age() {
	past := time.Now().Add(-time.Hour)
	tr.must(filepath.WalkDir(tr.dir, func(path string, item fs.DirEntry, err error) error {
		switch {
		case item != nil && item.Name() == ".git":
			return fs.SkipDir
		case err == nil && item.Type().IsRegular():
			err = os.Chtimes(path, past, past)
		}
		return err
	}))
	tr.git("update-index", "-q", "--refresh")
}

// situations are what may have happened to a working tree. In each, runner must
// say the same as git status.
var situations = []struct {
	name string
	do   func(tr tree)
	want string // the changes, "path status" each
}{
	{"clean", func(tr tree) {}, ""},
	{"other content", func(tr tree) { tr.write("sub/one.txt", "changed\n") }, "sub/one.txt modified"},
	{"other content of the same size", func(tr tree) { tr.write("sub/one.txt", "two\n") }, "sub/one.txt modified"},
	{"changed right after add", func(tr tree) {
		tr.write("sub/one.txt", "now\n")
		tr.commit()
		tr.write("sub/one.txt", "new\n")
	}, "sub/one.txt modified"},
	{"touched", func(tr tree) { tr.touch("README.md") }, ""},
	{"rewritten with the same content", func(tr tree) { tr.write("README.md", "a project\n") }, ""},
	{"mode", func(tr tree) { tr.must(os.Chmod(tr.path("README.md"), 0o755)) }, "README.md modified"},
	{"mode back", func(tr tree) { tr.must(os.Chmod(tr.path("run.sh"), 0o644)) }, "run.sh modified"},
	{"mode for others", func(tr tree) { tr.must(os.Chmod(tr.path("README.md"), 0o640)) }, ""},
	{"mode that does not count", func(tr tree) {
		tr.git("config", "core.fileMode", "false")
		tr.must(os.Chmod(tr.path("README.md"), 0o755))
		tr.must(os.Chmod(tr.path("run.sh"), 0o644))
	}, ""},
	{"deleted", func(tr tree) { tr.must(os.Remove(tr.path("sub/one.txt"))) }, "sub/one.txt deleted"},
	{"deleted folder", func(tr tree) { tr.must(os.RemoveAll(tr.path("sub"))) }, "sub/deep/two.txt deleted, sub/one.txt deleted"},
	{"renamed", func(tr tree) { tr.must(os.Rename(tr.path("README.md"), tr.path("LIESMICH.md"))) }, "LIESMICH.md added, README.md deleted"},
	{"renamed by git", func(tr tree) { tr.git("mv", "README.md", "LIESMICH.md") }, "LIESMICH.md added, README.md deleted"},
	{"new", func(tr tree) { tr.write("new.txt", "new\n") }, "new.txt added"},
	{"new in a folder", func(tr tree) { tr.write("a/b/new.txt", "new\n"); tr.write("a/c.txt", "") }, "a/b/new.txt added, a/c.txt added"},
	{"new and empty folder", func(tr tree) { tr.must(os.MkdirAll(tr.path("a/b"), 0o777)) }, ""},
	{"new with a strange name", func(tr tree) { tr.write("ä b\"c.txt", "new\n") }, "ä b\"c.txt added"},
	{"staged new", func(tr tree) { tr.write("new.txt", "new\n"); tr.git("add", "new.txt") }, "new.txt added"},
	{"staged new, then deleted", func(tr tree) { tr.write("n", "new\n"); tr.git("add", "n"); tr.must(os.Remove(tr.path("n"))) }, "n staged"},
	{"intent to add", func(tr tree) { tr.write("new.txt", ""); tr.git("add", "-N", "new.txt") }, "new.txt added"},
	{"staged change", func(tr tree) { tr.write("README.md", "x\n"); tr.git("add", "-u") }, "README.md modified"},
	{"staged change taken back", func(tr tree) { tr.write("README.md", "x\n"); tr.git("add", "-u"); tr.write("README.md", "a project\n") }, "README.md staged"},
	{"staged deletion", func(tr tree) { tr.git("rm", "-q", "README.md") }, "README.md deleted"},
	{"deleted from the index alone", func(tr tree) { tr.git("rm", "-q", "--cached", "README.md") }, "README.md staged"},
	{"deleted from the index and ignored", func(tr tree) {
		tr.git("rm", "-q", "-r", "--cached", "sub")
		tr.write(".git/info/exclude", "/sub/\n")
	}, "sub/deep/two.txt staged, sub/one.txt staged"},
	{"no index", func(tr tree) { tr.must(os.Remove(tr.path(".git/index"))) },
		".gitignore staged, README.md staged, data/README.md staged, run.sh staged, sub/deep/two.txt staged, sub/one.txt staged"},
	{"merge conflict", func(tr tree) {
		tr.git("checkout", "-q", "-b", "side")
		tr.write("README.md", "side\n")
		tr.commit()
		tr.git("checkout", "-q", "main")
		tr.write("README.md", "main\n")
		tr.commit()
		command := exec.Command("git", "merge", "-q", "side")
		command.Dir = tr.dir
		if command.Run() == nil {
			tr.t.Error("the merge made no conflict")
		}
	}, "README.md modified"},
	{"ignored", func(tr tree) {
		tr.write("data/plants/x.jpg", "x")
		tr.write(".runner/objects/x", "x")
		tr.write("reports/biomass/run.log", "x")
		tr.write("sub/deep/x.tmp", "x")
		tr.write("d.tmp/x", "x")
	}, ""},
	{"not ignored after all", func(tr tree) { tr.write("reports/a/b/run.log", "x"); tr.write("sub/data/x", "x") }, "reports/a/b/run.log added, sub/data/x added"},
	{"tracked though ignored", func(tr tree) {
		tr.write("data/x/y", "x")
		tr.git("add", "-f", "data/x/y")
		tr.git("commit", "-q", "-m", "x")
		tr.write("data/x/y", "z")
		tr.write("data/x/other", "z")
	}, "data/x/y modified"},
	{"ignored by other means", func(tr tree) {
		tr.write(".git/info/exclude", "excluded\n")
		tr.write("../.config/git/ignore", "global\n")
		tr.write("excluded", "")
		tr.write("sub/global", "")
		tr.write("other", "")
	}, "other added"},
	{"ignored by a configured file", func(tr tree) {
		tr.write("../mine", "by_*\n")
		tr.write("../.gitconfig", "[include]\n\tpath = more\n")
		tr.write("../more", "[core]\n\texcludesFile = ~/mine\n")
		tr.write("by_me", "")
	}, ""},
	{"patterns", func(tr tree) {
		tr.write("p/.gitignore", "# comment\n\\#real\nspace\\ \ntrailing   \n*.[oa]\n!keep.o\nfolder/\n/rooted\nmid/dle\n**/any/x\nfrom/**/to\nall/**\nq?.c\n[!a-c]z\n[[:digit:]]n\nx[]-]y\nwindows\r\nback\\slash\n[a\nd**p\n")
		for _, name := range []string{"#real", "comment", "space ", "trailing", "x.o", "x.a", "x.b", "keep.o", "s/keep.o", "folder/x", "s/folder", "rooted", "s/rooted", "mid/dle", "s/mid/dle",
			"any/x", "s/any/x", "s/t/any/x", "any/y", "from/to", "from/a/to", "from/a/b/to", "from/x", "all/x", "all/y/z", "q1.c", "q.c", "q12.c", "az", "dz", "1n", "an", "x]y", "x-y", "xay",
			"windows", "backslash", "[a", "a", "dop", "dp", "d/p"} {
			tr.write("p/"+name, "")
		}
	}, "as git"},
	{"a folder that is ignored but for one file", func(tr tree) {
		tr.write("p/.gitignore", "out/*\n!out/keep\nlost/\n!lost/keep\n")
		tr.write("p/out/keep", "")
		tr.write("p/out/x", "")
		tr.write("p/lost/keep", "")
	}, "p/.gitignore added, p/out/keep added"},
	{"CR LF where LF is stored", func(tr tree) {
		tr.write(".gitattributes", "* text=auto\n")
		tr.write("w.txt", "a\r\nb\r\n")
		tr.commit()
		tr.touch("w.txt")
	}, ""},
	{"CR LF by configuration", func(tr tree) {
		tr.git("config", "core.autocrlf", "true")
		tr.must(os.Remove(tr.path("README.md")))
		tr.git("checkout", "-q", "README.md")
		if content, _ := os.ReadFile(tr.path("README.md")); !bytes.Contains(content, []byte("\r\n")) {
			tr.t.Error("git checked out no CR LF")
		}
		tr.touch("README.md")
	}, ""},
	{"CR LF by attribute", func(tr tree) {
		tr.write(".gitattributes", "*.md eol=crlf\nsub/** -text\n[attr]mine text\n*.sh mine\n")
		tr.write("x.sh", "a\r\n")
		tr.write("sub/x.sh", "a\r\n")
		tr.commit()
		tr.must(os.Remove(tr.path("README.md")))
		tr.git("checkout", "-q", "README.md")
		for _, name := range []string{"README.md", "x.sh", "sub/x.sh"} {
			tr.touch(name)
		}
	}, ""},
	{"CR LF that was stored", func(tr tree) {
		tr.write("w.txt", "a\r\nb\r\n")
		tr.commit()
		tr.git("config", "core.autocrlf", "true")
		tr.touch("w.txt")
	}, ""},
	{"CR LF in what is no text", func(tr tree) {
		tr.git("config", "core.autocrlf", "true")
		tr.write("b.bin", "a\r\nb\x00\r\n")
		tr.write("c.bin", "a\r\nb\r")
		tr.commit()
		tr.write("b.bin", "a\nb\x00\r\n\n")
		tr.touch("c.bin")
	}, "b.bin modified"},
	{"symbolic link", func(tr tree) {
		tr.must(os.Symlink("README.md", tr.path("link")))
		tr.must(os.Symlink("sub", tr.path("dirlink")))
		tr.commit()
		tr.must(os.Remove(tr.path("link")))
		tr.must(os.Symlink("run.sh", tr.path("link")))
	}, "link modified"},
	{"symbolic link unchanged", func(tr tree) {
		tr.must(os.Symlink("README.md", tr.path("link")))
		tr.commit()
		tr.must(os.Remove(tr.path("link")))
		tr.must(os.Symlink("README.md", tr.path("link")))
	}, ""},
	{"new symbolic link to a folder", func(tr tree) { tr.must(os.Symlink("sub", tr.path("link"))) }, "link added"},
	{"link instead of a file", func(tr tree) {
		tr.must(os.Remove(tr.path("README.md")))
		tr.must(os.Symlink("run.sh", tr.path("README.md")))
	}, "README.md modified"},
	{"folder instead of a file", func(tr tree) { tr.must(os.Remove(tr.path("README.md"))); tr.write("README.md/x", "") }, "README.md deleted, README.md/x added"},
	{"link instead of a folder", func(tr tree) {
		tr.must(os.Rename(tr.path("sub"), tr.path("../elsewhere")))
		tr.must(os.Symlink("../elsewhere", tr.path("sub")))
	}, "sub added, sub/deep/two.txt deleted, sub/one.txt deleted"},
	{"another repository inside", func(tr tree) { tr.git("init", "-q", "inner") }, "inner/ added"},
	{"another repository inside, ignored", func(tr tree) { tr.git("init", "-q", "data/inner") }, ""},
	{"case that does not count", func(tr tree) {
		tr.git("config", "core.ignoreCase", "true")
		tr.write("X.TMP", "")
	}, ""},
}

func TestSituations(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the situations need modes and symbolic links")
	}
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			tr := newTree(t)
			s.do(tr)
			_, changes, err := inspect(tr.dir)
			if err != nil {
				t.Fatal(err)
			}
			state := Inspect(tr.dir)
			status := tr.git("--no-optional-locks", "status", "--porcelain", "--no-renames", "-uall", "-z")
			if dirty := status != ""; state.Dirty != dirty {
				t.Errorf("dirty is %v, but git status says %q", state.Dirty, status)
			}
			if state.Dirty == state.Patch.IsZero() {
				t.Errorf("dirty is %v, but the patch is %s", state.Dirty, state.Patch)
			}
			ours, theirs := map[string]bool{}, map[string]bool{}
			for _, c := range changes {
				ours[c.path] = true
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(status, "\x00"), "\x00") {
				if line != "" {
					theirs[line[3:]] = true
				}
			}
			if fmt.Sprint(ours) != fmt.Sprint(theirs) {
				t.Errorf("paths %v, git says %v", ours, theirs)
			}
			if got := list(changes); s.want != "as git" && got != s.want {
				t.Errorf("got  %s\nwant %s", got, s.want)
			}
		})
	}
}

// list returns changes in words, sorted.
func list(changes []change) string {
	var words []string
	for _, c := range changes {
		words = append(words, c.path+" "+c.status)
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// TestLineEndsAlone has a case in which git status, not being sure, calls a
// file modified in which git diff finds nothing.
func TestLineEndsAlone(t *testing.T) {
	tr := newTree(t)
	tr.write(".gitattributes", "* text=auto\n")
	tr.commit()
	tr.write("README.md", "a project\r\n")
	if state := Inspect(tr.dir); state.Unknown != "" || state.Dirty {
		t.Errorf("got %+v, want it clean", state)
	}
	if diff := tr.git("diff"); strings.Contains(diff, "+") {
		t.Errorf("git diff says %s", diff)
	}
}

// TestSameSizeAndTime has a change that only the file system's own time gives
// away; git sees it from the next second on.
func TestSameSizeAndTime(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("when metadata changed is not known here")
	}
	tr := newTree(t)
	info, err := os.Stat(tr.path("sub/one.txt"))
	tr.must(err)
	tr.write("sub/one.txt", "two\n")
	tr.must(os.Chtimes(tr.path("sub/one.txt"), info.ModTime(), info.ModTime()))
	if state := Inspect(tr.dir); !state.Dirty {
		t.Errorf("got %+v, want it dirty", state)
	}
}

func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(tr tree)
		want string
	}{
		{"lfs", func(tr tree) { tr.write(".gitattributes", "*.sh filter=lfs diff=lfs merge=lfs -text\n") }, "run.sh is kept by git-lfs"},
		{"filter", func(tr tree) { tr.write(".git/info/attributes", "one.txt filter=x\n") }, "sub/one.txt has the git attribute filter"},
		{"encoding", func(tr tree) { tr.write("sub/.gitattributes", "*.txt working-tree-encoding=UTF-16\n") }, "attribute working-tree-encoding"},
		{"ident", func(tr tree) { tr.write(".gitattributes", "*.md ident\n") }, "README.md has the git attribute ident"},
		{"split index", func(tr tree) { tr.git("update-index", "--split-index") }, "split or sparse index"},
		{"sparse checkout", func(tr tree) { tr.git("update-index", "--skip-worktree", "README.md") }, "sparse checkout, without README.md"},
		{"submodule", func(tr tree) {
			tr.git("clone", "-q", ".", "inner")
			tr.git("-c", "advice.addEmbeddedRepo=false", "add", "inner")
		}, "the submodule inner"},
		{"damaged index", func(tr tree) { tr.write(".git/index", "DIRC") }, "an index that cannot be read"},
		{"damaged commit", func(tr tree) { tr.must(os.RemoveAll(tr.path(".git/objects"))) }, "cannot be read"},
		{"extension", func(tr tree) {
			tr.git("config", "core.repositoryFormatVersion", "1")
			tr.git("config", "extensions.refStorage", "reftable")
		}, "cannot be read: "},
		{"condition", func(tr tree) {
			tr.write("../.gitconfig", "[includeIf \"gitdir:~/\"]\n\tpath = more\n")
			tr.write("../more", "[core]\n\tautocrlf = true\n")
		}, "on the condition gitdir:~/"},
		{"moved working tree", func(tr tree) { tr.git("config", "core.worktree", "/tmp") }, "core.worktree"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := newTree(t)
			test.do(tr)
			state := Inspect(tr.dir)
			if state.Dirty || state.Commit != "" || !state.Patch.IsZero() || !strings.Contains(state.Unknown, test.want) {
				t.Errorf("got %+v, want it unknown: %q", state, test.want)
			}
		})
	}
	t.Run("sha256", func(t *testing.T) {
		tr := newTree(t)
		tr.git("init", "-q", "--object-format=sha256", "inner")
		inner := tree{t, tr.path("inner")}
		inner.git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "--allow-empty", "-m", "x")
		if state := Inspect(inner.dir); !strings.Contains(state.Unknown, "objectformat") {
			t.Errorf("got %+v", state)
		}
	})
	t.Run("no repository", func(t *testing.T) {
		if state := Inspect(t.TempDir()); state != (State{Unknown: "no git repository"}) {
			t.Errorf("got %+v", state)
		}
		if state := Inspect(filepath.Join(t.TempDir(), "missing")); state != (State{Unknown: "no git repository"}) {
			t.Errorf("got %+v", state)
		}
	})
	t.Run("no commit", func(t *testing.T) {
		tr := newTree(t)
		tr.git("init", "-q", "inner")
		if state := Inspect(tr.path("inner")); state != (State{Unknown: "no commit yet"}) {
			t.Errorf("got %+v", state)
		}
	})
}

// TestPlaces looks at a repository from a folder in it, in linked working
// trees, and with packed objects and a detached HEAD.
func TestPlaces(t *testing.T) {
	tr := newTree(t)
	clean := Inspect(tr.dir)
	if want := (State{Commit: strings.TrimSpace(tr.git("rev-parse", "HEAD"))}); clean != want {
		t.Fatalf("got %+v, want %+v", clean, want)
	}
	if got := Inspect(tr.path("sub/deep")); got != clean {
		t.Errorf("from a subfolder: %+v", got)
	}
	tr.git("gc", "-q")
	tr.git("checkout", "-q", "--detach")
	if got := Inspect(tr.dir); got != clean {
		t.Errorf("packed and detached: %+v", got)
	}
	tr.git("worktree", "add", "-q", "../linked")
	linked := tree{t, tr.path("../linked")}
	linked.write(".git-is-a-file", "")
	if got := Inspect(linked.dir); got.Commit != clean.Commit || !got.Dirty {
		t.Errorf("in a linked working tree: %+v", got)
	}
	tr.write(".git/info/exclude", ".git-is-*\n")
	if got := Inspect(linked.dir); got != clean {
		t.Errorf("in a clean linked working tree: %+v", got)
	}
	for version := range 3 {
		tr.git("update-index", "--index-version", fmt.Sprint(version+2))
		if got := Inspect(tr.dir); got != clean {
			t.Errorf("index of version %d: %+v", version+2, got)
		}
	}
}

// TestPatch checks that the digest follows what the files hold, not how they
// came to be staged.
func TestPatch(t *testing.T) {
	tr := newTree(t)
	seen := map[digest.Digest]string{}
	look := func(what string) digest.Digest {
		state := Inspect(tr.dir)
		if other, ok := seen[state.Patch]; ok || state.Unknown != "" {
			t.Errorf("%s: %+v, as %q", what, state, other)
		}
		seen[state.Patch] = what
		return state.Patch
	}
	look("clean")
	tr.write("README.md", "changed\n")
	look("changed")
	tr.write("README.md", "Changed\n")
	look("changed otherwise")
	tr.write("new", "1")
	look("and new")
	tr.write("new", "2")
	unstaged := look("and new otherwise")
	tr.git("add", "-A")
	if staged := Inspect(tr.dir).Patch; staged != unstaged {
		t.Errorf("staging changed the patch from %s to %s", unstaged, staged)
	}
	tr.must(os.Chmod(tr.path("new"), 0o755))
	look("and executable")
	tr.must(os.Remove(tr.path("new")))
	look("new in the index alone")
	tr.git("reset", "-q", "--hard")
	if state := Inspect(tr.dir); state.Dirty || !state.Patch.IsZero() {
		t.Errorf("after a reset: %+v", state)
	}
}

// BenchmarkInspect looks at 10,000 files in 100 folders.
func BenchmarkInspect(b *testing.B) {
	tr := newTree(b)
	for i := range 10_000 {
		tr.write(fmt.Sprintf("many/%02d/%02d.txt", i/100, i%100), fmt.Sprint(i))
	}
	tr.commit()
	tr.age()
	for b.Loop() {
		if state := Inspect(tr.dir); state.Unknown != "" || state.Dirty {
			b.Fatalf("got %+v", state)
		}
	}
}
