package doctor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/store"
)

// TestSelfTest holds the constant, with every variant and two numbers of threads.
func TestSelfTest(t *testing.T) {
	t.Cleanup(func() { kernel.SetThreads(0); kernel.SetVariant("") })
	for _, variant := range kernel.Variants() {
		for _, threads := range []int{1, 3} {
			if err := kernel.SetVariant(variant); err != nil {
				t.Fatal(err)
			}
			kernel.SetThreads(threads)
			got, err := SelfTest(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != SelfTestDigest {
				t.Errorf("%s, %d threads: SelfTestDigest is\n got %s\nwant %s", variant, threads, got, SelfTestDigest)
			}
		}
	}
}

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := s.Put([]byte("whole"))
	if err != nil {
		t.Fatal(err)
	}
	damaged, err := s.Put([]byte("damaged"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "store", "objects", damaged.String()[7:9], "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("Damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, want := range []State{Warning, Fine} { // the second time it is gone
		checks, err := Examine(context.Background(), Options{Root: dir, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]State{}
		for _, c := range checks {
			found[c.Name] = c.State
			if c.Text == "" {
				t.Errorf("%s says nothing", c.Name)
			}
		}
		if found["store"] != want || found["git"] != Warning || found["bits, portable"] != Fine {
			t.Errorf("store %q, want it %q: %+v", found["store"], want, checks)
		}
	}
	if !s.Has(whole) || s.Has(damaged) {
		t.Error("the wrong object was removed")
	}
}

// TestReadOnly finds out that nothing can be written, which no free space tells.
func TestReadOnly(t *testing.T) {
	const dir = "/proc/self" // of Linux: nobody may write there, not even root
	if _, err := os.Stat(dir); err != nil {
		t.Skip("there is no /proc")
	}
	if c := disk(filepath.Join(dir, "nothing", "store")); c.State != Warning || !strings.Contains(c.Text, "nothing can be written here, so apply will fail") {
		t.Errorf("%+v", c)
	}
}
