package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
)

func anything([]Entry) error { return nil }

// discard takes files and forgets them.
type discard struct{ io.Writer }

func (discard) Close() error { return nil }

func forget(Entry) (io.WriteCloser, error) { return discard{io.Discard}, nil }

func packed(t testing.TB, files ...File) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(&b, files, 1<<20); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var example = []File{{Path: "lock/a.lock.yaml", Data: []byte("lock: 1\n")}, {Path: "a.yaml", Data: []byte("name: a\n")}, {Path: "reports/a/empty"}}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.pack")
	data := packed(t, example...)
	if !bytes.Equal(data, packed(t, example[2], example[0], example[1])) {
		t.Error("the order of the files changes the pack")
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if !Is(path) {
		t.Error("not taken for a pack")
	}
	out := filepath.Join(dir, "out", "deep")
	d, err := Unpack(path, out, 1<<20, anything)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if same, err := Write(&again, example, 1<<20); err != nil || same != d {
		t.Errorf("the pack was written as %s and read as %s: %v", same, d, err)
	}
	for _, f := range example {
		if got, err := os.ReadFile(filepath.Join(out, f.Path)); err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s: got %q, %v", f.Path, got, err)
		}
	}
	if _, err := Unpack(path, out, 1<<20, anything); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder with files: %v", err)
	}
	refused := errors.New("refused")
	if _, err := Unpack(path, filepath.Join(dir, "none"), 1<<20, func([]Entry) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("a refused pack left something behind: %v %v", left, err)
	}
}

// archive makes a tar of what a hostile hand may write.
func archive(t testing.TB, m manifest, entries ...tar.Header) []byte {
	t.Helper()
	head, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, data []byte) {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	add(*header(manifestName, int64(len(head))), head)
	for _, h := range entries {
		add(h, make([]byte, h.Size))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostile(t *testing.T) {
	zeros := func(n int) digest.Digest { return digest.Of(make([]byte, n)) }
	one := func(name string) []byte {
		return archive(t, manifest{1, []Entry{{name, 4, zeros(4)}}}, *header(name, 4))
	}
	entries := func(names ...string) manifest {
		m := manifest{Pack: 1}
		for _, n := range names {
			m.Files = append(m.Files, Entry{n, 4, zeros(4)})
		}
		return m
	}
	whole := packed(t, example...)
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, []byte("name: a\n"))] ^= 1
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":          {nil, "not a pack"},
		"text":             {[]byte("lock: 1\n"), "not a pack"},
		"climbs":           {one("../a.yaml"), "not one that a pack may have"},
		"climbs inside":    {one("a/../../b.yaml"), "not one that a pack may have"},
		"absolute":         {one("/etc/a.yaml"), "not one that a pack may have"},
		"drive":            {one("C:/a.yaml"), "not one that a pack may have"},
		"backslash":        {one(`..\a.yaml`), "not one that a pack may have"},
		"hidden":           {one(".git/config"), "not one that a pack may have"},
		"device":           {one("reports/nul.yaml"), "not one that a pack may have"},
		"dot at the end":   {one("a."), "not one that a pack may have"},
		"line end":         {one("a\nb"), "not one that a pack may have"},
		"long":             {one(strings.Repeat("a", maxPath+1)), "not one that a pack may have"},
		"twice":            {archive(t, entries("a", "a")), "not in order"},
		"other case":       {archive(t, entries("A", "a")), "one file on some systems"},
		"file and folder":  {archive(t, entries("a", "a/b")), "is a file and the folder of"},
		"later format":     {archive(t, manifest{Pack: 2}), "pack format 2"},
		"too large":        {archive(t, manifest{1, []Entry{{"a", 2 << 20, zeros(4)}}}), "more than the limit"},
		"sum too large":    {archive(t, manifest{1, []Entry{{"a", 1 << 19, zeros(4)}, {"b", 1<<19 + 1, zeros(4)}}}), "more than the limit"},
		"negative":         {archive(t, manifest{1, []Entry{{"a", -1, zeros(4)}}}), "more than the limit"},
		"link":             {archive(t, entries("a"), tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc/passwd"}), "in its place"},
		"other name":       {archive(t, entries("a"), *header("b", 4)), "in its place"},
		"other size":       {archive(t, entries("a"), *header("a", 5)), "in its place"},
		"more than listed": {archive(t, entries("a"), *header("a", 4), *header("b", 4)), "more than its manifest names"},
		"fewer":            {archive(t, entries("a", "b"), *header("a", 4)), "cut short"},
		"other bytes":      {flipped, "the manifest says"},
		"cut":              {whole[:len(whole)/2], "cut short"},
	} {
		if _, err := Read(bytes.NewReader(c.data), 1<<20, anything, forget); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	if _, err := Write(io.Discard, []File{{Path: "a.yaml", Data: make([]byte, 11)}}, 10); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("too large: %v", err)
	}
	if _, err := Write(io.Discard, []File{{Path: ".git/config"}}, 10); err == nil {
		t.Error("a hidden path was packed")
	}
}

// FuzzRead wants an error or files that are what the manifest says, never a panic
// and never more than the limit.
func FuzzRead(f *testing.F) {
	f.Add(packed(f, example...))
	f.Add(archive(f, manifest{1, []Entry{{"a", 4, digest.Of(make([]byte, 4))}}}, *header("a", 4)))
	f.Add([]byte(manifestName))
	f.Fuzz(func(t *testing.T, data []byte) {
		var total int64
		_, err := Read(bytes.NewReader(data), 1<<16, func(all []Entry) error {
			for _, e := range all {
				if !safe(e.Path) || e.Bytes < 0 {
					t.Errorf("took %q of %d bytes", e.Path, e.Bytes)
				}
				total += e.Bytes
			}
			return nil
		}, forget)
		if err == nil && total > 1<<16 {
			t.Errorf("took %d bytes", total)
		}
	})
}
