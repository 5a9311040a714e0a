package command

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"biomass/runner/internal/progress"
)

// progress returns what shows the work: bars on a terminal, a line a task
// elsewhere, nothing when asked to be quiet.
func (s *invocation) progress() progress.Reporter {
	if s.quiet || s.json {
		return progress.Silent
	}
	return &bars{out: s.err, terminal: isTerminal(s.err)}
}

// bars draws one bar at a time; the newest task has it.
type bars struct {
	out      io.Writer
	terminal bool
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
	rate := float64(b.done-b.skipped) / elapsed.Seconds()
	var line strings.Builder
	fmt.Fprintf(&line, "%-9s", b.name)
	if b.terminal && b.total > 0 {
		filled := min(barWidth, b.done*barWidth/b.total)
		line.WriteString(strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled) + " ")
	}
	fmt.Fprintf(&line, "%d", b.done)
	if b.total > 0 {
		fmt.Fprintf(&line, "/%d", b.total)
	}
	fmt.Fprintf(&line, " %s", b.unit)
	if elapsed > 200*time.Millisecond {
		fmt.Fprintf(&line, ", %.0f/s", rate)
	}
	if last {
		fmt.Fprintf(&line, ", %s", elapsed.Round(100*time.Millisecond))
	} else if left := b.total - b.done; b.total > 0 && rate > 0 && elapsed > time.Second {
		fmt.Fprintf(&line, ", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	if b.note != nil {
		fmt.Fprintf(&line, ", %s", b.note())
	}
	if b.terminal {
		fmt.Fprintf(b.out, "\r%s\x1b[K", line.String())
		if last {
			fmt.Fprintln(b.out)
		}
		return
	}
	fmt.Fprintln(b.out, line.String())
}
