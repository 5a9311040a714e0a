package digest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	d := Of([]byte("abc"))
	const want = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if d.String() != want {
		t.Fatalf("got %s, want %s", d, want)
	}
	back, err := Parse(d.String())
	if err != nil || back != d {
		t.Fatalf("Parse(%s) = %s, %v", d, back, err)
	}
	for _, bad := range []string{"", "sha256:", want[:20], strings.TrimPrefix(want, "sha256:"), want[:len(want)-1] + "g", want + "00"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) gave no error", bad)
		}
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	d, n, err := File(path)
	if err != nil || n != 3 || d != Of([]byte("abc")) {
		t.Fatalf("got %s, %d, %v", d, n, err)
	}
	if _, _, err := File(path + "x"); !os.IsNotExist(err) {
		t.Fatalf("missing file: %v", err)
	}
}

// TestEncoderSeparates checks that fields cannot run into each other.
func TestEncoderSeparates(t *testing.T) {
	seen := map[Digest]string{}
	for name, d := range map[string]Digest{
		"empty":       New("x").Sum(),
		"other":       New("y").Sum(),
		"a,b":         New("x").String("a").String("b").Sum(),
		"ab":          New("x").String("ab").Sum(),
		"bytes ab":    New("x").Bytes([]byte("ab")).Sum(),
		"list a,b":    New("x").Strings([]string{"a", "b"}).Sum(),
		"1":           New("x").Int(1).Sum(),
		"1.0":         New("x").Float(1).Sum(),
		"true":        New("x").Bool(true).Sum(),
		"false":       New("x").Bool(false).Sum(),
		"float32 1":   New("x").Float32s([]float32{1}).Sum(),
		"float32 1 0": New("x").Float32s([]float32{1, 0}).Sum(),
		"ints":        New("x").Ints([]int{1}).Sum(),
		"-0":          New("x").Float(negativeZero()).Sum(),
		"0":           New("x").Float(0).Sum(),
	} {
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[d] = name
	}
}

func negativeZero() float64 { z := 0.0; return -z }

func TestTree(t *testing.T) {
	var leaves []Digest
	seen := map[Digest]bool{}
	for i := range 9 {
		root := Tree(leaves)
		if seen[root] {
			t.Fatalf("%d leaves give the root of fewer", i)
		}
		seen[root] = true
		leaves = append(leaves, Of([]byte{byte(i)}))
	}
	leaves[2], leaves[3] = leaves[3], leaves[2]
	if seen[Tree(leaves)] {
		t.Fatal("the order of leaves does not count")
	}
}
