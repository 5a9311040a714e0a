package idx

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// file returns the bytes of an IDX file.
func file(kind byte, dims []int, data ...byte) []byte {
	out := []byte{0, 0, kind, byte(len(dims))}
	for _, n := range dims {
		out = append(out, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, data...)
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecode(t *testing.T) {
	plain := file(8, []int{3, 2, 1}, 1, 2, 3, 4, 5, 255)
	for name, content := range map[string][]byte{"plain": plain, "gzip": zipped(t, plain)} {
		a, err := Decode(content, 3)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(a.Dims, []int{3, 2, 1}) || a.Len() != 3 || !slices.Equal(a.Item(0), []uint8{1, 2}) || !slices.Equal(a.Item(2), []uint8{5, 255}) {
			t.Errorf("%s: %+v", name, a)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if dims, err := Shape(path, 3); err != nil || !slices.Equal(dims, a.Dims) {
			t.Errorf("%s: %v, %v", name, dims, err)
		}
		if read, err := ReadFile(path); err != nil || !bytes.Equal(read, content) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrors(t *testing.T) {
	labels := file(8, []int{4}, 0, 1, 2, 3)
	damaged := zipped(t, file(8, []int{4}, 0, 1, 2, 3))
	damaged[len(damaged)-6] ^= 1 // the checksum
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "it is empty"},
		{"short", []byte{0, 0}, "it is no IDX file: it begins with the bytes 00 00, and"},
		{"a picture", []byte("\x89PNG\r\n"), "it is no IDX file: it begins with the bytes 89 50 4e 47"},
		{"floats", file(0x0d, []int{1}, 0, 0, 0, 0), "its numbers are of type 0x0d; only unsigned bytes, type 0x08, are read"},
		{"exchanged", file(8, []int{1, 1, 1}, 0), "its dimensions are 3, not 1: are the files"},
		{"half a header", labels[:6], "it ends within its header of 8 bytes"},
		{"nothing", file(8, []int{0}), "its dimension 1 is 0"},
		{"huge", file(8, []int{-1}, 1, 2), "its header says more than the 2048 MiB"},
		{"large", file(8, []int{1 << 30}, 1, 2), "it is cut short: its header says 1073741824, and it ends within item 2 (counted from 0), after 2 of 1073741824 bytes"},
		{"cut", labels[:10], "it is cut short: its header says 4, and it ends within item 2 (counted from 0), after 2 of 4 bytes"},
		{"more", append(slices.Clone(labels), 4), "its header says 4, but more follows the 4 bytes of data"},
		{"gzip alone", []byte("\x1f\x8b"), "it begins as gzip does, but is damaged"},
		{"cut gzip", zipped(t, labels)[:20], "it is cut short"},
		{"gzip that is cut inside", zipped(t, labels[:10]), "it is cut short: its header says 4, and it ends within item 2"},
		{"checksum", damaged, "it is damaged: gzip: invalid checksum"},
		{"more in gzip", zipped(t, append(slices.Clone(labels), 4)), "but more follows"},
	} {
		start := time.Now()
		if _, err := Decode(test.content, 1); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %s", test.name, err, test.want)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: took %v", test.name, took)
		}
	}
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "gone")} {
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%v", err)
		}
		if _, err := Shape(path, 1); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%v", err)
		}
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]int{"train/00017": 17, "train/00000": 0, "train/123456": 123456} {
		if part, i, ok := ParseName(name); !ok || part != "train" || i != want || Name(part, i) != name {
			t.Errorf("%s: %s, %d, %t", name, part, i, ok)
		}
	}
	for _, name := range []string{"", "train", "train/", "train/x", "train/-1", "/"} {
		if _, _, ok := ParseName(name); ok {
			t.Errorf("%q is read", name)
		}
	}
}

// TestFashion reads FashionMNIST as Debian's package dataset-fashion-mnist has it.
func TestFashion(t *testing.T) {
	dir := os.Getenv("RUNNER_FASHION")
	if dir == "" {
		dir = "/usr/share/datasets/fashion-mnist"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("FashionMNIST is not at %s: install the package dataset-fashion-mnist, or set RUNNER_FASHION", dir)
	}
	for name, dims := range map[string][]int{
		"train-images-idx3-ubyte.gz": {60000, 28, 28}, "train-labels-idx1-ubyte.gz": {60000},
		"t10k-images-idx3-ubyte.gz": {10000, 28, 28}, "t10k-labels-idx1-ubyte.gz": {10000},
	} {
		content, err := ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		a, err := Decode(content, len(dims))
		if err != nil || !slices.Equal(a.Dims, dims) {
			t.Errorf("%s: %v, want %v", name, err, dims)
		}
		t.Log(name, time.Since(start))
	}
}

// FuzzDecode checks that no content makes reading panic, and that what is read
// has the length that its dimensions say.
func FuzzDecode(f *testing.F) {
	plain := file(8, []int{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)
	f.Add(plain, 3)
	f.Add(zipped(f, plain), 3)
	f.Add(file(8, []int{3}, 1, 2, 3), 1)
	f.Add(plain[:9], 3)
	f.Fuzz(func(t *testing.T, content []byte, dimensions int) {
		a, err := Decode(content, dimensions&3+1)
		if err != nil {
			return
		}
		size := 1
		for _, n := range a.Dims {
			size *= n
		}
		if size != len(a.Data) || len(a.Item(a.Len()-1))*a.Len() != size {
			t.Errorf("%v and %d bytes", a.Dims, len(a.Data))
		}
	})
}
