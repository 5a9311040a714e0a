// Package command owns the command line: one file a command, which reads flags,
// calls one function and prints what it returns. It computes nothing.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"biomass/runner/internal/bundle"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/export"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/review"
)

// The exit codes.
const (
	fine        = 0
	failed      = 1
	usage       = 2   // wrong usage or an invalid recipe
	differs     = 3   // a difference was found
	inputs      = 4   // the inputs differ
	incomplete  = 5   // something is missing to decide
	interrupted = 130 // by the person at the keyboard
)

// exit is an error that only carries an exit code: what there is to say has
// been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// misuse is a wrong flag or argument.
type misuse struct{ error }

// Forms of output beyond text and JSON, and the annotations of commands that have
// them.
const (
	markdown = "markdown"
	commas   = "csv"
)

// cell escapes text for Markdown, so that it stays in its cell of a table.
var cell = strings.NewReplacer("|", `\|`, "[", `\[`, "<", "&lt;", "\r", " ", "\n", " ").Replace

// code sets text in a code span, which knows no escapes but that of a table.
func code(text string) string {
	return "`" + strings.NewReplacer("|", `\|`, "`", "'", "\r", " ", "\n", " ").Replace(text) + "`"
}

// invocation is one run of the program.
type invocation struct {
	machine   machine
	env       []string
	out, err  io.Writer
	screen    io.Writer // err as it is, for bars
	json      bool
	markdown  bool
	csv       bool
	quiet     bool
	overrides []string // of --set
	name      string   // of --name
	data      string   // of --data
	noCache   bool     // of --no-cache
}

// Run executes one command line and returns the exit code.
func Run(ctx context.Context, args, env []string, out, errOut io.Writer) int {
	s := &invocation{env: env, screen: errOut, err: printable{errOut, func() bool { return false }}}
	written := &output{Writer: out}
	s.out = printable{written, func() bool { return s.json || s.csv }}
	root := s.root()
	root.SetArgs(args)
	root.SetOut(s.out)
	root.SetErr(errOut)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = written.err
	}
	return s.code(c, err)
}

// output keeps the first error of writing to it: what a full disk took from people
// or programs must not end with exit code 0.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// code prints the error of a command and chooses the exit code.
func (s *invocation) code(c *cobra.Command, err error) int {
	var code exit
	var problems recipe.Problems
	var wrong misuse
	switch {
	case err == nil:
		return fine
	case errors.As(err, &code):
		return int(code)
	case experiment.Interrupted(err):
		return Interrupted(s.screen)
	case errors.As(err, &problems):
		fmt.Fprintln(s.err, problems.Error())
		return usage
	case errors.Is(err, experiment.ErrLocked):
		fmt.Fprintf(s.err, "runner: %v\n", err)
		return usage
	case errors.As(err, &wrong), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(s.err, "runner: %v\n", err)
		fmt.Fprintf(s.err, "%s --help shows what there is\n", c.CommandPath())
		return usage
	}
	fmt.Fprintf(s.err, "runner: %v\n", err)
	if errors.Is(err, syscall.ENOSPC) {
		fmt.Fprintln(s.err, "runner: the disk is full: make room and try again; RUNNER_STORE can name a folder on another one for the store")
	}
	return failed
}

// Interrupted says that a person ended the run and returns the exit code.
func Interrupted(errOut io.Writer) int {
	if isTerminal(errOut) {
		fmt.Fprint(errOut, "\r\x1b[K") // in place of a bar that was being drawn
	}
	fmt.Fprintln(errOut, "runner: interrupted; what was finished is kept, and apply goes on from there")
	return interrupted
}

func (s *invocation) root() *cobra.Command {
	var output string
	root := &cobra.Command{
		Use:           "runner",
		Short:         "Declarative, reproducible experiments on images",
		Long:          "runner trains what a recipe describes and locks what came out: the same recipe and data\ngive the same bits on every machine.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) (err error) {
			switch _, known := c.Annotations[output]; {
			case output == "text":
			case output == "json":
				s.json = true
			case known:
				s.markdown, s.csv = output == markdown, output == commas
			default:
				want := append([]string{"text", "json"}, slices.Sorted(maps.Keys(c.Annotations))...)
				return misuse{fmt.Errorf("--output %s: want %s or %s", output, strings.Join(want[:len(want)-1], ", "), want[len(want)-1])}
			}
			s.machine, err = settings(s.env)
			return err
		},
	}
	root.SetVersionTemplate("runner {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.PersistentFlags().StringVar(&output, "output", "text", "text, or json for machines; some commands know more")
	root.PersistentFlags().BoolVarP(&s.quiet, "quiet", "q", false, "no progress")
	root.AddCommand(s.initCommand(), s.plan(), s.apply(), s.verify(), s.diff(), s.lock(), s.inspect(), s.pack(), s.unpack(), s.export(), s.grade(), s.predict(), s.evaluate(), s.report(), s.schema(), s.store(), s.doctor(), s.bench(), s.version())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", helpColumns)))
	narrow(root)
	return root
}

// helpColumns is how wide help is, as most terminals are.
const helpColumns = 80

// narrow breaks the descriptions of a command, and of those below, into lines
// that fit.
func narrow(c *cobra.Command) {
	var lines []string
	line := ""
	for _, word := range strings.Fields(c.Long) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > helpColumns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	c.Long = strings.Join(append(lines, line), "\n")
	for _, below := range c.Commands() {
		narrow(below)
	}
}

// recipeFlags adds the flags of a command that reads a recipe.
func (s *invocation) recipeFlags(c *cobra.Command) *cobra.Command {
	c.Flags().StringArrayVar(&s.overrides, "set", nil, "override a `KEY=VALUE` of the recipe, e.g. train.epochs=3")
	c.Flags().StringVar(&s.name, "name", "", "`NAME` of the run, instead of the recipe's")
	s.dataFlag(c)
	return c
}

func (s *invocation) dataFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.data, "data", "", "`DIR` of the data, instead of data.root (or RUNNER_DATA)")
}

// cacheFlag adds the flag of a command that reads the photos.
func (s *invocation) cacheFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&s.noCache, "no-cache", false, "hash every photo, also those whose size and times are as they were")
	return c
}

// counted is a number of things: 1 lock, 2 locks.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

// exactly wants n arguments and says which.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return misuse{fmt.Errorf("want %s, got %s", what, counted(len(args), "argument"))}
		}
		return nil
	}
}

// experiment loads a recipe and finds its place on this machine.
func (s *invocation) experiment(path string) (*experiment.Experiment, error) {
	set := s.overrides
	if s.name != "" {
		set = append(set[:len(set):len(set)], "name="+s.name)
	}
	if s.name != "" && !recipe.Names(s.name) {
		return nil, misuse{fmt.Errorf("--name %q: a name has a-z, 0-9, _ and -, e.g. %s", s.name, plainName(s.name))}
	}
	loaded, err := recipe.Load(path, recipe.Options{Set: set, Env: s.env})
	if err != nil {
		return nil, err
	}
	place, err := project.Find(path, loaded.Recipe.Data.Root, s.dataRoot())
	if err != nil {
		return nil, err
	}
	place.Weights = s.machine.weights
	objects, err := project.OpenStore(place.Root, s.machine.store)
	if err != nil {
		return nil, err
	}
	memory := picture.NewMemory(objects)
	if s.noCache {
		memory = memory.Doubt()
	}
	place.Fetched = project.FetchedWeights(objects)
	return &experiment.Experiment{
		Loaded: loaded, Place: place, Store: objects, Memory: memory, Progress: s.progress(), Log: zerolog.Nop(), PhotoMemory: s.machine.photos,
		Tell: s.tell,
	}, nil
}

// tell says what a person should know while a walk goes on.
func (s *invocation) tell(line string) { fmt.Fprintln(s.err, line) }

// dataRoot returns the override of data.root, if there is one.
func (s *invocation) dataRoot() string {
	if s.data != "" {
		return s.data
	}
	return s.machine.data
}

// overridden reports whether anything but the recipe's file shaped the recipe.
func (s *invocation) overridden() bool {
	if len(s.overrides) > 0 || s.name != "" {
		return true
	}
	for _, entry := range s.env {
		if strings.HasPrefix(entry, "RUNNER_SET_") {
			return true
		}
	}
	return false
}

// isTerminal reports whether w is a terminal that a person looks at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// columns returns how wide a terminal is: 80 columns where it does not say.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n := windowColumns(f); n > 0 {
			return n
		}
	}
	return 80
}

// locked opens a lock, that of a recipe or a name, or the lock in a pack or in an
// exported file, which is taken apart in a folder that closeLock removes.
func (s *invocation) locked(path string, limit int64) (locked *experiment.Locked, closeLock func(), err error) {
	closeLock = func() {}
	if path, err = review.LockOf(path); err != nil {
		return nil, nil, err
	}
	if strings.EqualFold(filepath.Ext(path), ".onnx") {
		return nil, nil, fmt.Errorf("%s: an ONNX file is for other programs: name the lock, or a .safetensors or .pth that export wrote", path)
	}
	given, data, objects := path, s.dataRoot(), s.machine.store
	packed, exported := bundle.Is(path), export.FormatOf(path) != "" || export.Is(path)
	if packed || exported {
		dir, err := os.MkdirTemp("", "runner-pack-*")
		if err != nil {
			return nil, nil, err
		}
		closeLock = func() { os.RemoveAll(dir) }
		if packed {
			var opened *bundle.Submission
			if opened, err = bundle.Open(path, filepath.Join(dir, "pack"), limit<<20); err == nil {
				path, objects = opened.Lock, opened.Store
			}
		} else {
			path, err = export.Unfold(path, dir)
		}
		if err != nil {
			closeLock()
			return nil, nil, err
		}
		if data == "" { // what a pack says of places on this machine is not followed
			data = filepath.Join(dir, "data")
		}
	}
	locked, err = experiment.OpenLock(path, data, objects)
	if err != nil {
		closeLock()
		return nil, nil, err
	}
	locked.Path, locked.Progress, locked.Tell, locked.PhotoMemory = given, s.progress(), s.tell, s.machine.photos
	return locked, closeLock, nil
}
