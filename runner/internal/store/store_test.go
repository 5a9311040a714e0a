package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"biomass/runner/internal/digest"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestObjects(t *testing.T) {
	s := open(t)
	if _, err := s.Get(digest.Of([]byte("x"))); !errors.Is(err, ErrMissing) {
		t.Fatalf("an empty store has an object: %v", err)
	}
	d, err := s.Put([]byte("content"))
	if err != nil || d != digest.Of([]byte("content")) {
		t.Fatalf("Put: %v, %v", d, err)
	}
	if data, err := s.Get(d); err != nil || string(data) != "content" || !s.Has(d) {
		t.Fatalf("Get: %q, %v", data, err)
	}
	key := digest.Of([]byte("key"))
	if _, ok := s.Key("kind", key); ok {
		t.Fatal("a key before it was set")
	}
	if err := s.SetKey("kind", key, d); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Key("kind", key); !ok || got != d {
		t.Fatalf("Key: %v, %v", got, ok)
	}
	if _, ok := s.Key("other", key); ok {
		t.Fatal("kinds are not kept apart")
	}
	s.Remove(d)
	if s.Has(d) {
		t.Fatal("removed, and still there")
	}
}

// TestDamage flips a bit of an object, cuts another and tears a key: none is
// believed, all can be made again.
func TestDamage(t *testing.T) {
	s := open(t)
	for name, damage := range map[string]func([]byte) []byte{
		"flipped": func(b []byte) []byte { b[3] ^= 4; return b },
		"cut":     func(b []byte) []byte { return b[:4] },
		"emptied": func([]byte) []byte { return nil },
	} {
		content := []byte("content of " + name)
		d, err := s.Put(content)
		if err != nil {
			t.Fatal(err)
		}
		path := s.object(d)
		data, _ := os.ReadFile(path)
		if err := os.WriteFile(path, damage(data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(d); !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Put(content); err != nil {
			t.Fatal(err)
		}
		if back, err := s.Get(d); err != nil || string(back) != string(content) {
			t.Errorf("%s was not healed: %v", name, err)
		}
		// Nobody needs to have read it: putting it in again heals it too.
		if err := os.WriteFile(path, damage(data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(content); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(d); err != nil {
			t.Errorf("%s was not healed by Put: %v", name, err)
		}
	}
	key := digest.Of([]byte("key"))
	if err := s.SetKey("kind", key, key); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.key("kind", key), []byte("sha256:12"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Key("kind", key); ok {
		t.Error("a torn key counts")
	}
}

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Fatal("a file was opened as a store")
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	if err := WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); !info.ModTime().Equal(old) {
		t.Error("the same content was written again")
	}
	if err := WriteFile(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "two" {
		t.Errorf("got %q", data)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("temporary files stay behind: %v", entries)
	}
}

// TestWriteFiles holds that a file that cannot be written keeps the ones before
// it as they were.
func TestWriteFiles(t *testing.T) {
	dir := t.TempDir()
	first, second, blocked := filepath.Join(dir, "first"), filepath.Join(dir, "second"), filepath.Join(dir, "first", "below")
	written, err := WriteFiles([]File{{first, []byte("1")}, {second, []byte("2")}})
	if err != nil || !slices.Equal(written, []string{first, second}) {
		t.Fatalf("wrote %v, %v", written, err)
	}
	written, err = WriteFiles([]File{{first, []byte("one")}, {blocked, []byte("x")}})
	if err == nil || len(written) > 0 {
		t.Fatalf("wrote %v, %v", written, err)
	}
	if data, _ := os.ReadFile(first); string(data) != "1" {
		t.Errorf("the first file changed to %q", data)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("temporary files stay behind: %v", entries)
	}
	if written, err = WriteFiles([]File{{first, []byte("1")}, {second, []byte("two")}}); err != nil || !slices.Equal(written, []string{second}) {
		t.Errorf("wrote %v, %v", written, err)
	}
}

func TestLock(t *testing.T) {
	s := open(t)
	free := func(holder string) { t.Errorf("waits for %s", holder) }
	unlock, err := s.Lock(t.Context(), "recipe", free)
	if err != nil {
		t.Fatal(err)
	}
	var entered atomic.Bool
	waits, done := make(chan string, 1), make(chan error)
	go func() {
		second, err := s.Lock(t.Context(), "recipe", func(holder string) { waits <- holder })
		entered.Store(true)
		if err == nil {
			second()
		}
		done <- err
	}()
	if got, want := <-waits, fmt.Sprintf("process %d on ", os.Getpid()); !strings.HasPrefix(got, want) {
		t.Errorf("waits for %q, want %q", got, want)
	}
	if entered.Load() {
		t.Error("two hold the lock at once")
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Lock(ctx, "recipe", func(string) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt while waiting gives %v", err)
	}
	unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if unlock, err = s.Lock(t.Context(), "recipe", free); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// TestSweep holds that only what killed processes left behind of a name goes,
// also where the name or the folder looks like a pattern.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b")
	for _, name := range []string{".tmp-d[t-1", ".tmp-other-1", "d[t"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "below"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, left string }{{"d[t", ".tmp-other-1 d[t"}, {"", "d[t"}} {
		if err := Sweep(dir, c.name); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if got := strings.Join(left, " "); got != c.left {
			t.Errorf("after %q there is %q, want %q", c.name, got, c.left)
		}
	}
}

// TestSweepStore holds that old temporary files go, and nothing else does.
func TestSweepStore(t *testing.T) {
	s := open(t)
	s.Sweep() // there is no folder yet
	kept, err := s.Put([]byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetKey("kind", kept, kept); err != nil {
		t.Fatal(err)
	}
	var left, stay []string
	for _, beside := range []string{s.object(kept), s.key("kind", kept)} {
		for age, list := range map[time.Duration]*[]string{abandoned + time.Hour: &left, abandoned - time.Hour: &stay} {
			name, err := stage(beside, []byte("half"), false)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
				t.Fatal(err)
			}
			*list = append(*list, name)
		}
		if err := os.Chtimes(beside, time.Time{}, time.Now().Add(-10*abandoned)); err != nil {
			t.Fatal(err)
		}
	}
	s.Sweep()
	for _, name := range left {
		if exists(name) {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range append(stay, s.object(kept), s.key("kind", kept)) {
		if !exists(name) {
			t.Errorf("%s is gone", name)
		}
	}
}

// TestSweptWriter holds that a writer whose temporary file is swept before it is
// whole writes it once more.
func TestSweptWriter(t *testing.T) {
	s := open(t)
	first, err := s.Put([]byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				Sweep(filepath.Dir(s.key("kind", first)), "")
			}
		}
	}()
	for i := range 200 {
		if err := s.SetKey("kind", first, digest.Of([]byte{byte(i)})); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-stopped
}

// TestRecall: a value comes back by its key; what is damaged, of another form or not there
// is as if it had never been kept.
func TestRecall(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key := digest.Of([]byte("key"))
	var got []int
	if _, ok := s.Recall("numbers", key, &got); ok {
		t.Error("an empty store has it")
	}
	object, err := s.Keep("numbers", key, []int{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if found, ok := s.Recall("numbers", key, &got); !ok || found != object || len(got) != 2 || got[1] != 2 {
		t.Errorf("got %v, %v, %v", found, got, ok)
	}
	var text string
	if _, ok := s.Recall("numbers", key, &text); ok {
		t.Error("numbers are taken for a text")
	}
	if _, err := s.Keep("numbers", key, func() {}); err == nil {
		t.Error("what has no JSON was kept")
	}
	s.Remove(object)
	if _, ok := s.Recall("numbers", key, &got); ok {
		t.Error("its object is gone, and it is there")
	}
}

// TestWriteLink writes through a link, which stays one.
func TestWriteLink(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != "new" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v, %v", info, err)
	}
}

// TestLimited reads nothing of a store that is no file, or larger than it can be.
func TestLimited(t *testing.T) {
	s := open(t)
	d, err := s.Put([]byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Limited(7).Get(d); err != nil {
		t.Error(err)
	}
	if _, err := s.Limited(6).Get(d); !errors.Is(err, ErrMissing) {
		t.Errorf("an object that is too large: %v", err)
	}
	folder, key := digest.Of([]byte("folder")), digest.Of([]byte("key"))
	for _, path := range []string{s.object(folder), s.key("kind", key)} {
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(folder); !errors.Is(err, ErrMissing) {
		t.Errorf("a folder in an object's place: %v", err)
	}
	if _, ok := s.Key("kind", key); ok {
		t.Error("a folder is a key")
	}
}
