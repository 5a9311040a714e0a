// Package progress owns one small interface: what is being done, how far it
// is, how fast. Stages report through it and never print.
package progress

// Reporter starts tasks. Its methods are safe for concurrent use.
type Reporter interface {
	// Start announces a task of total steps; unit names them, in plural
	// ("photos", "steps"). A total of 0 means that it is not known.
	Start(name string, total int, unit string) Task
}

// Task is one piece of work under way. Its methods are safe for concurrent use.
type Task interface {
	// Add says that n more steps are done.
	Add(n int)
	// Skip says that n steps had been done before: they do not count for the rate.
	Skip(n int)
	// Note says how to show a short state beside the bar ("loss 0.31"). Add and
	// Done call text when they show something, so that a step costs no words.
	Note(text func() string)
	// Done ends the task. It may be called more than once.
	Done()
}

// Silent reports nothing.
var Silent Reporter = silent{}

type silent struct{}

func (silent) Start(string, int, string) Task { return silent{} }
func (silent) Add(int)                        {}
func (silent) Skip(int)                       {}
func (silent) Note(func() string)             {}
func (silent) Done()                          {}
