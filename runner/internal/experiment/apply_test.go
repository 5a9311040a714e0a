package experiment

import (
	"bytes"
	"os"
	"testing"

	"biomass/runner/internal/progress"
)

// hashed counts how often the photos are hashed.
type hashed struct{ times int }

func (h *hashed) Start(name string, total int, unit string) progress.Task {
	if name == "hash" {
		h.times++
	}
	return progress.Silent.Start(name, total, unit)
}

// TestLockRestsOnNoMemory holds that a lock is not written by what is remembered of photos
// alone, even where no stage has work to do.
func TestLockRestsOnNoMemory(t *testing.T) {
	dir := t.TempDir()
	var before []byte
	for i, want := range []int{2, 1, 2} {
		count := &hashed{}
		e := rosettes(t, dir, count)
		if i == 2 {
			if err := os.Remove(e.Place.Lock("plants")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Apply(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if count.times != want {
			t.Errorf("run %d hashed %d times, want %d", i+1, count.times, want)
		}
		text, err := os.ReadFile(e.Place.Lock("plants"))
		if err != nil || i > 0 && !bytes.Equal(text, before) {
			t.Errorf("run %d wrote another lock (%v)", i+1, err)
		}
		before = text
	}
}
