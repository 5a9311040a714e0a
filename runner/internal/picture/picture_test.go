package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

const (
	composed   = "Pfl\u00e4nzchen.png"  // NFC
	decomposed = "Pfla\u0308nzchen.png" // NFD
)

type counter struct{ n, skipped atomic.Int64 }

func (c *counter) Add(n int)          { c.n.Add(int64(n)) }
func (c *counter) Skip(n int)         { c.skipped.Add(int64(n)); c.n.Add(int64(n)) }
func (c *counter) Note(func() string) {}
func (c *counter) Done()              {}

var quiet = progress.Silent.Start("", 0, "")

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// plants makes a folder of photos with the usual diseases and returns it with
// the names that a table has.
func plants(t *testing.T) (dir string, names []string) {
	dir = t.TempDir()
	photo := encode(t, formula(40, 30), writeJPEG)
	write(t, filepath.Join(dir, "a.jpg"), photo)
	write(t, filepath.Join(dir, "again.jpg"), photo)
	write(t, filepath.Join(dir, "tall.jpg"), withNote(photo, orientationNote(binary.LittleEndian, 6)))
	write(t, filepath.Join(dir, "half.jpg"), photo[:len(photo)/2])
	write(t, filepath.Join(dir, "deep", "b.png"), encode(t, formula(8, 9), png.Encode))
	write(t, filepath.Join(dir, decomposed), encode(t, formula(20, 20), png.Encode))
	return dir, []string{"tall.jpg", "a.jpg", "deep/b.png", "gone.jpg", "half.jpg", "a.jpg", "", composed, "again.jpg",
		"deep", "../a.jpg", "/a.jpg", "deep/../a.jpg", "a.jpg/b", "A.JPG", "./a.jpg"}
}

func TestHash(t *testing.T) {
	dir, names := plants(t)
	var steps counter
	c, err := Hash(t.Context(), dir, names, nil, &steps)
	if err != nil {
		t.Fatal(err)
	}
	if steps.n.Load() != int64(len(names)) {
		t.Errorf("%d steps, want %d", steps.n.Load(), len(names))
	}
	if !slices.IsSortedFunc(c.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) }) || len(c.Entries) != len(names)-1 {
		t.Errorf("%d entries, or not sorted", len(c.Entries))
	}
	want := map[string]string{ // "+" exists
		"tall.jpg": "+", "a.jpg": "+", "deep/b.png": "+", "half.jpg": "+", composed: "+", "again.jpg": "+",
		"deep/../a.jpg": "+", "./a.jpg": "+", "gone.jpg": "", "": "", "a.jpg/b": "", "A.JPG": "",
		"deep":     "the name is that of a folder",
		"../a.jpg": "the name leaves the image folder",
		"/a.jpg":   "the name leaves the image folder",
	}
	for name, want := range want {
		e := c.Lookup(name)
		if e == nil {
			t.Errorf("%q: not found", name)
			continue
		}
		got := e.Problem
		if e.Exists {
			got = "+"
		}
		if got != want || e.Exists == e.File.IsZero() {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if c.Lookup(decomposed) != c.Lookup(composed) {
		t.Error("the two forms of a name are two photos")
	}
	if c.Lookup("other.jpg") != nil {
		t.Error("an entry that nobody asked for")
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err == nil { // some systems have none
		if links := hashed(t, dir, []string{"link", "link/a.jpg"}); links.Entries[0].Exists || links.Entries[1].Exists {
			t.Error("a link to nothing exists")
		}
	}
	if d, n, _ := digest.File(filepath.Join(dir, "a.jpg")); c.Lookup("a.jpg").File != d || c.Lookup("a.jpg").Bytes != n {
		t.Error("a.jpg: wrong digest or length")
	}
	root, files := c.Root()
	if files != 8 {
		t.Errorf("%d files, want 8", files)
	}
	slices.Reverse(names)
	again, err := Hash(t.Context(), dir, names, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if other, _ := again.Root(); other != root || again.Digest() != c.Digest() {
		t.Error("the digest depends on the order of names")
	}
	write(t, filepath.Join(dir, "gone.jpg"), nil)
	more, err := Hash(t.Context(), dir, names, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if other, n := more.Root(); other == root || n != 9 || more.Digest() == c.Digest() {
		t.Error("a file more, the same digest")
	}
}

func TestNoFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Hash(t.Context(), filepath.Join(dir, "photos"), nil, nil, quiet); err == nil || !strings.Contains(err.Error(), "there is no such folder; set data.images") {
		t.Errorf("%v", err)
	}
	write(t, filepath.Join(dir, "file"), nil)
	if _, err := Hash(t.Context(), filepath.Join(dir, "file"), nil, nil, quiet); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("%v", err)
	}
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func hashed(t *testing.T, dir string, names []string) *Catalogue {
	t.Helper()
	c, err := Hash(t.Context(), dir, names, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var spec = recipe.Picture{Size: 16, Resize: "bilinear"}

func TestDecode(t *testing.T) {
	dir, names := plants(t)
	st := openStore(t)
	var first digest.Digest
	for _, processors := range []int{1, 4, 2} { // the first fills the store, the others find it full
		old := runtime.GOMAXPROCS(processors)
		c := hashed(t, dir, names)
		before := c.Digest()
		var steps counter
		err := Decode(t.Context(), c, dir, spec, st, &steps)
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		if steps.n.Load() != int64(len(c.Entries)) {
			t.Errorf("%d steps, want %d", steps.n.Load(), len(c.Entries))
		}
		if first.IsZero() {
			first = c.Digest()
		}
		if c.Digest() != first || c.Digest() == before || c.Size != 16 {
			t.Errorf("%d processors: another digest, or the same as before decoding", processors)
		}
		if e := c.Lookup("tall.jpg"); e.Width != 30 || e.Height != 40 || !e.Readable() {
			t.Errorf("tall.jpg: %d x %d %s, want 30 x 40", e.Width, e.Height, e.Problem)
		}
		if e := c.Lookup("half.jpg"); e.Problem != "truncated JPEG: the file ends before the picture does" || !e.Pixels.IsZero() {
			t.Errorf("half.jpg: %q", e.Problem)
		}
		if c.Lookup("again.jpg").Pixels != c.Lookup("a.jpg").Pixels {
			t.Error("two copies, two results")
		}
		got, err := Load(c, composed, st)
		if err != nil || !bytes.Equal(got, resize(rgb(formula(20, 20)), 16, 16).pix) {
			t.Errorf("%s: not its pixels, %v", composed, err)
		}
		for name, want := range map[string]string{
			"half.jpg": "photo half.jpg: truncated JPEG", "gone.jpg": "photo gone.jpg: there is no such file", "x": "photo x: not in the catalogue",
		} {
			if _, err := Load(c, name, st); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
	if c := hashed(t, dir, names); Decode(t.Context(), c, dir, recipe.Picture{Size: 17, Resize: "bilinear"}, st, quiet) != nil || c.Digest() == first {
		t.Error("another size, the same digest")
	}
	c := hashed(t, dir, names)
	if _, err := Load(c, "a.jpg", st); err == nil || err.Error() != "photo a.jpg: not decoded yet" {
		t.Errorf("%v", err)
	}
	for _, wrong := range []recipe.Picture{{Size: 16, Resize: "cubic"}, {Resize: "bilinear"}} {
		if Decode(t.Context(), c, dir, wrong, st, quiet) == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
}

// TestStoreIsUsed decodes with the photo gone: its pixels must come from the store.
func TestStoreIsUsed(t *testing.T) {
	dir, names := plants(t)
	st := openStore(t)
	c, again := hashed(t, dir, names), hashed(t, dir, names)
	if err := Decode(t.Context(), c, dir, spec, st, quiet); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.jpg", "half.jpg"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Decode(t.Context(), again, dir, spec, st, quiet); err != nil || again.Digest() != c.Digest() {
		t.Errorf("%v, or another digest", err)
	}
}

func TestStoreIsHealed(t *testing.T) {
	dir, names := plants(t)
	st := openStore(t)
	c := hashed(t, dir, names)
	if err := Decode(t.Context(), c, dir, spec, st, quiet); err != nil {
		t.Fatal(err)
	}
	want, err := Load(c, "deep/b.png", st)
	if err != nil {
		t.Fatal(err)
	}
	e := c.Lookup("deep/b.png")
	st.Remove(e.Pixels)
	if got, err := Load(c, "deep/b.png", st); err != nil || !bytes.Equal(got, want) || !st.Has(e.Pixels) {
		t.Errorf("not healed by Load: %v", err)
	}
	st.Remove(e.Pixels)
	if err := Decode(t.Context(), hashed(t, dir, names), dir, spec, st, quiet); err != nil || !st.Has(e.Pixels) {
		t.Errorf("not healed by Decode: %v", err)
	}
	st.Remove(e.Pixels)
	path := filepath.Join(dir, "deep", "b.png")
	write(t, path, encode(t, formula(8, 8), png.Encode))
	if _, err := Load(c, "deep/b.png", st); err == nil || !strings.Contains(err.Error(), "the file changed after it was hashed") {
		t.Errorf("a changed file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(c, "deep/b.png", st); err == nil || !strings.Contains(err.Error(), "the store lost its pixels, and the file that they came from cannot be read") {
		t.Errorf("a file that is gone: %v", err)
	}
}

// TestReopen holds that a catalogue that was kept as JSON heals the store too.
func TestReopen(t *testing.T) {
	dir, names := plants(t)
	st := openStore(t)
	files, c := hashed(t, dir, names), hashed(t, dir, names)
	if err := Decode(t.Context(), c, dir, spec, st, quiet); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	kept := new(Catalogue)
	if err := json.Unmarshal(data, kept); err != nil {
		t.Fatal(err)
	}
	kept.Reopen(files, spec)
	st.Remove(kept.Lookup("deep/b.png").Pixels)
	if _, err := Load(kept, "deep/b.png", st); err != nil {
		t.Error(err)
	}
}

func TestFileChangesDuringRun(t *testing.T) {
	dir, names := plants(t)
	c := hashed(t, dir, names)
	write(t, filepath.Join(dir, "tall.jpg"), encode(t, formula(8, 8), png.Encode))
	if err := Decode(t.Context(), c, dir, spec, openStore(t), quiet); err == nil || !strings.HasPrefix(err.Error(), "photo tall.jpg: the file changed") {
		t.Errorf("%v", err)
	}
}

func TestTooManyBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jpg")
	write(t, path, nil)
	if err := os.Truncate(path, maxBytes+1); err != nil { // sparse: takes no room
		t.Skip(err)
	}
	c := &Catalogue{Entries: []Entry{{Name: "a.jpg", Exists: true, Bytes: maxBytes + 1, path: "a.jpg"}}}
	if err := Decode(t.Context(), c, dir, spec, openStore(t), quiet); err != nil || c.Entries[0].Problem != "268435457 bytes: larger than the limit of 256 MiB" {
		t.Errorf("%v, %q", err, c.Entries[0].Problem)
	}
}

func TestParallelReportsTheFirst(t *testing.T) {
	for range 50 {
		err := parallel(t.Context(), 100, func(i int) error {
			if i%7 == 6 {
				return os.ErrInvalid
			}
			if i == 40 {
				return os.ErrClosed
			}
			return nil
		})
		if err != os.ErrInvalid {
			t.Fatal(err)
		}
	}
}
