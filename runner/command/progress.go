package command

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"biomass/runner/internal/progress"
)

// progress returns what shows the work: bars on a terminal, a line a task
// elsewhere, nothing when asked to be quiet.
func (s *invocation) progress() progress.Reporter {
	if s.quiet || s.json {
		return progress.Silent
	}
	return &bars{out: s.screen, terminal: isTerminal(s.screen), columns: func() int { return columns(s.screen) }}
}

// bars draws one bar at a time; the newest task has it.
type bars struct {
	out      io.Writer
	terminal bool
	columns  func() int // of the terminal, whose window people resize
	mu       sync.Mutex
}

// Start implements progress.Reporter.
func (b *bars) Start(name string, total int, unit string) progress.Task {
	now := time.Now()
	return &bar{bars: b, name: name, total: total, unit: unit, start: now}
}

type bar struct {
	*bars
	name, unit   string
	note         func() string
	total, done  int
	skipped      int
	start, drawn time.Time
	ended        bool
}

// Add implements progress.Task.
func (b *bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	b.draw(false)
}

// Skip implements progress.Task.
func (b *bar) Skip(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	b.skipped += n
}

// Note implements progress.Task.
func (b *bar) Note(text func() string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = text
}

// Done implements progress.Task.
func (b *bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended = true
	b.draw(true)
}

const barWidth = 24

// draw shows the state: on a terminal ten times a second, elsewhere only once,
// at the end, and only for what took a second or more.
func (b *bar) draw(last bool) {
	elapsed := time.Since(b.start)
	if b.terminal && !last && time.Since(b.drawn) < 100*time.Millisecond {
		return
	}
	if !b.terminal && (!last || elapsed < time.Second) {
		return
	}
	b.drawn = time.Now()
	name := fmt.Sprintf("%-8s ", b.name)
	state := b.state(elapsed, last)
	if !b.terminal {
		fmt.Fprintln(b.out, name+state)
		return
	}
	// A line that wraps cannot be drawn over: the bar gives way first, then the
	// end of the line.
	room := b.columns() - 1
	line := name + b.gauge(room-utf8.RuneCountInString(name+state)-1) + state
	if runes := []rune(line); len(runes) > room {
		line = string(runes[:room])
	}
	fmt.Fprintf(b.out, "\r%s\x1b[K", line)
	if last {
		fmt.Fprintln(b.out)
	}
}

// state says in words how far the task is.
func (b *bar) state(elapsed time.Duration, last bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d", b.done)
	if b.total > 0 {
		fmt.Fprintf(&text, "/%d", b.total)
	}
	fmt.Fprintf(&text, " %s", b.unit)
	rate := float64(b.done-b.skipped) / elapsed.Seconds()
	if elapsed > 200*time.Millisecond {
		fmt.Fprintf(&text, ", %.0f/s", rate)
	}
	if last {
		fmt.Fprintf(&text, ", %s", elapsed.Round(100*time.Millisecond))
	} else if left := b.total - b.done; b.total > 0 && rate > 0 && elapsed > time.Second {
		fmt.Fprintf(&text, ", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	if b.note != nil {
		fmt.Fprintf(&text, ", %s", b.note())
	}
	return text.String()
}

// gauge is the bar itself, of at most so many columns, and a space; nothing where
// it would be too short to be read.
func (b *bar) gauge(room int) string {
	width := min(barWidth, room)
	if b.total <= 0 || width < 4 {
		return ""
	}
	filled := min(width, b.done*width/b.total)
	return strings.Repeat("█", filled) + strings.Repeat("░", width-filled) + " "
}
