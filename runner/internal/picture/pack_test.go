package picture

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
)

// packs writes two IDX files of gray photos, 6 x 8 pixels, and returns their folder
// and parts.
func packs(t *testing.T) (dir string, parts []recipe.Part) {
	t.Helper()
	dir = t.TempDir()
	for name, n := range map[string]int{"train": 5, "test": 2} {
		file := []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 6, 0, 0, 0, 8}
		for i := range n * 48 {
			file = append(file, byte(i*i/5+i*len(name)))
		}
		write(t, filepath.Join(dir, name+".idx"), file)
	}
	for _, name := range []string{"train", "test"} {
		parts = append(parts, recipe.Part{Name: name, Origin: recipe.Origin{IDX: recipe.IDX{Images: name + ".idx"}}})
	}
	return dir, parts
}

func hashedPacks(t *testing.T, dir string, parts []recipe.Part) *Catalogue {
	t.Helper()
	c, err := HashIDX(context.Background(), dir, parts, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPacks(t *testing.T) {
	dir, parts := packs(t)
	var steps counter
	c, err := HashIDX(context.Background(), dir, parts, &steps)
	if err != nil {
		t.Fatal(err)
	}
	if photos, missing := c.Count(); photos != 7 || missing != 0 || steps.n.Load() != 7 {
		t.Errorf("%d photos, %d missing, %d steps", photos, missing, steps.n.Load())
	}
	if _, files := c.Root(); files != 2 {
		t.Errorf("%d files", files)
	}
	before := c.Digest()
	if err := c.Open(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "train.idx"))
	if err != nil {
		t.Fatal(err)
	}
	photo := file[16+2*48 : 16+3*48]
	if e := c.Lookup("train/00002"); e == nil || !e.Readable() || e.File != digest.Of(photo) || e.Bytes != 48 || e.Width != 8 || e.Height != 6 {
		t.Errorf("%+v", e)
	}
	for _, name := range []string{"train/00005", "validation/00000", "train", "test/2", ""} {
		if c.Lookup(name) != nil {
			t.Errorf("there is a photo %q", name)
		}
	}

	st := openStore(t)
	digests := map[digest.Digest]string{before: "before"}
	for name, spec := range map[string]recipe.Picture{
		"gray":     {Size: 16, Resize: "bilinear", Color: "gray"},
		"coloured": {Size: 16, Resize: "bilinear", Color: "rgb"},
		"small":    {Size: 8, Resize: "bilinear", Color: "gray"},
	} {
		c := hashedPacks(t, dir, parts)
		var steps counter
		if err := Decode(context.Background(), c, dir, spec, st, &steps); err != nil {
			t.Fatal(err)
		}
		if steps.n.Load() != 7 {
			t.Errorf("%d steps", steps.n.Load())
		}
		if other, ok := digests[c.Digest()]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		digests[c.Digest()] = name
		got, err := Load(c, "train/00002", st)
		want := resize(raster{8, 6, 1, photo}, spec.Size, spec.Size).pix
		if spec.Color == "rgb" {
			want = bytes.Join([][]byte{want}, nil)
			var three []byte
			for _, v := range want {
				three = append(three, v, v, v)
			}
			want = three
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other pixels (%v)", name, err)
		}
		if _, err := Load(c, "train/00005", st); err == nil || !strings.Contains(err.Error(), "not in the catalogue") {
			t.Errorf("%v", err)
		}

		// What was kept as JSON finds its files again.
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		kept := new(Catalogue)
		if err := json.Unmarshal(data, kept); err != nil {
			t.Fatal(err)
		}
		kept.Reopen(hashedPacks(t, dir, parts), spec)
		if again, err := Load(kept, "train/00002", st); err != nil || !bytes.Equal(again, want) || kept.Digest() != c.Digest() {
			t.Errorf("%s: the kept catalogue has other pixels (%v)", name, err)
		}
	}
}

// TestPackOfSize: pixels that need no change are those of the file, without a copy.
func TestPackOfSize(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), append([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2}, 1, 2, 3, 4))
	parts := []recipe.Part{{Name: "train", Origin: recipe.Origin{IDX: recipe.IDX{Images: "a"}}}}
	c, st := hashedPacks(t, dir, parts), openStore(t)
	if err := Decode(context.Background(), c, dir, recipe.Picture{Size: 2, Resize: "bilinear", Color: "gray"}, st, quiet); err != nil {
		t.Fatal(err)
	}
	got, err := Load(c, "train/00000", st)
	if err != nil || !bytes.Equal(got, []byte{1, 2, 3, 4}) {
		t.Errorf("%v, %v", got, err)
	}
	if again, _ := Load(c, "train/00000", st); &again[0] != &got[0] {
		t.Error("a copy")
	}
}

func TestPackErrors(t *testing.T) {
	dir, parts := packs(t)
	if _, err := HashIDX(context.Background(), filepath.Join(dir, "gone"), parts, quiet); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
	c := hashedPacks(t, dir, parts)
	path := filepath.Join(dir, "test.idx")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, append(file[:len(file)-1:len(file)-1], 99))
	if err := c.Open(); err == nil || !strings.Contains(err.Error(), "test.idx: the file changed after it was hashed") {
		t.Errorf("%v", err)
	}
	if changes := c.Changed(hashedPacks(t, dir, parts)); len(changes) != 1 || changes[0].String() != "test.idx (other bytes)" {
		t.Errorf("changed: %v", changes)
	}
	write(t, path, file[:len(file)-1])
	c = hashedPacks(t, dir, parts)
	if err := Decode(context.Background(), c, dir, spec, openStore(t), quiet); err == nil || !strings.Contains(err.Error(), "test.idx: it is cut short") {
		t.Errorf("%v", err)
	}
}
