package command

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestBarFits holds a bar to one line of any terminal: what wraps cannot be drawn
// over, and fills the window instead.
func TestBarFits(t *testing.T) {
	for _, columns := range []int{10, 40, 80, 120, 1000} {
		var out bytes.Buffer
		b := &bars{out: &out, terminal: true, columns: func() int { return columns }}
		task := b.Start("train fold-2", 10632, "photos").(*bar)
		task.start = time.Now().Add(-3 * time.Minute)
		task.Note(func() string { return "epoch 11/12, loss 0.1234" })
		task.Add(9000)
		task.Done()
		for line := range strings.FieldsFuncSeq(out.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			line = strings.TrimSuffix(line, "\x1b[K")
			if n := utf8.RuneCountInString(line); n >= columns {
				t.Errorf("%d columns: a line of %d: %q", columns, n, line)
			}
			if columns >= 80 && !strings.HasSuffix(line, "loss 0.1234") {
				t.Errorf("%d columns: the end is cut: %q", columns, line)
			}
			if columns >= 120 && !strings.Contains(line, "train fold-2 █") {
				t.Errorf("%d columns: no bar behind the name: %q", columns, line)
			}
		}
	}
}

// TestBarInAPipe wants one plain line a task.
func TestBarInAPipe(t *testing.T) {
	var out bytes.Buffer
	task := (&bars{out: &out}).Start("train fold-2-seed-43", 48, "photos").(*bar)
	task.start = time.Now().Add(-2 * time.Second)
	task.Add(24)
	task.Add(24)
	task.Done()
	if got, want := out.String(), "train fold-2-seed-43 48/48 photos, 24/s, 2s\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
