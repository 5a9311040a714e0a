package picture

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/store"
)

// later is a memory of the same store for which an hour has passed, so that all
// files are at rest.
func later(st *store.Store) *Memory {
	return &Memory{store: st, now: func() time.Time { return time.Now().Add(time.Hour) }}
}

// TestMemory edits files in every way that people and programs do: what is said of
// them is always what they hold.
func TestMemory(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(path string) error
		// unseen where the file system tells no time of change.
		changeTime bool
	}{
		"nothing":   {edit: func(string) error { return nil }},
		"longer":    {edit: func(path string) error { return os.WriteFile(path, []byte("longer than it was"), 0o666) }},
		"same size": {edit: func(path string) error { return os.WriteFile(path, []byte("9876"), 0o666) }},
		"same size and time": {changeTime: true, edit: func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte("9876"), 0o666); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, info.ModTime())
		}},
		"replaced, same size and time": {changeTime: true, edit: func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			other := path + ".new"
			if err := os.WriteFile(other, []byte("9876"), 0o666); err != nil {
				return err
			}
			if err := os.Chtimes(other, time.Time{}, info.ModTime()); err != nil {
				return err
			}
			return os.Rename(other, path)
		}},
		"gone": {edit: os.Remove},
	} {
		t.Run(name, func(t *testing.T) {
			if c.changeTime && runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
				t.Skip("this system tells no time of change")
			}
			st, dir := emptyStore(t), t.TempDir()
			for _, name := range []string{"a.png", "b.png"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("0123"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			look := func(m *Memory) digest.Digest {
				t.Helper()
				c, err := Hash(t.Context(), dir, []string{"a.png", "b.png"}, m, quiet)
				if err != nil {
					t.Fatal(err)
				}
				return c.Digest()
			}
			look(later(st))
			if n := len(later(st).recall(dir)); n != 2 {
				t.Fatalf("%d files are remembered, want 2", n)
			}
			if err := c.edit(filepath.Join(dir, "a.png")); err != nil {
				t.Fatal(err)
			}
			want := look(nil)
			if got := look(later(st)); got != want {
				t.Errorf("with a memory %s, without %s", got, want)
			}
			if got := look(later(st)); got != want {
				t.Errorf("the second time %s, want %s", got, want)
			}
		})
	}
}

// TestMemoryBelieves finds that files are not read again, unless somebody doubts.
func TestMemoryBelieves(t *testing.T) {
	st, dir := emptyStore(t), t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, []byte("0123"), 0o666); err != nil {
		t.Fatal(err)
	}
	hash := func(m *Memory) digest.Digest {
		t.Helper()
		c, err := Hash(t.Context(), dir, []string{"a.png"}, m, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return c.Entries[0].File
	}
	truth := digest.Of([]byte("0123"))
	hash(NewMemory(st))
	if len(NewMemory(st).recall(dir)) != 0 {
		t.Fatal("a file is remembered that was written just now")
	}
	hash(later(st))
	all := later(st).recall(dir)
	lie := all["a.png"]
	lie.File = digest.Of([]byte("a lie"))
	later(st).keep(dir, all, []Entry{{path: "a.png"}}, []memo{lie})
	if got := hash(later(st)); got != lie.File {
		t.Errorf("the file was hashed although nothing of it changed: %s", got)
	}
	if got := hash(nil); got != truth {
		t.Errorf("without a memory %s", got)
	}
	if got := hash(later(st).Doubt()); got != truth {
		t.Errorf("somebody who doubts is told %s", got)
	}
	if got := hash(later(st)); got != truth {
		t.Errorf("after a doubt %s: the lie is still remembered", got)
	}
}

// TestMemos reads back what was written, and nothing of what is torn.
func TestMemos(t *testing.T) {
	all := map[string]memo{
		"a.png":        {stamp{1, 2, -3, 4, 5}, digest.Of([]byte("a"))},
		"Café/ü b.png": {stamp{1 << 60, 2, 3, 1 << 63, 0}, digest.Of(nil)},
	}
	data := encodeMemos(all)
	if got := decodeMemos(data); !maps.Equal(got, all) {
		t.Errorf("got %v", got)
	}
	for n := range data {
		for path, m := range decodeMemos(data[:n]) {
			if m != all[path] {
				t.Fatalf("cut after %d bytes: %s is %v", n, path, m)
			}
		}
	}
}

func emptyStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return st
}
