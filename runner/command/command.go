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
	"slices"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
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
	s := &invocation{env: env, err: errOut}
	s.out = printable{out, func() bool { return s.json || s.csv }}
	root := s.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	return s.code(root.ExecuteContext(ctx))
}

// code prints an error and chooses the exit code.
func (s *invocation) code(err error) int {
	var code exit
	var problems recipe.Problems
	var wrong misuse
	s.err = printable{s.err, func() bool { return false }}
	switch {
	case err == nil:
		return fine
	case errors.As(err, &code):
		return int(code)
	case experiment.Interrupted(err):
		return Interrupted(s.err)
	case errors.As(err, &problems):
		fmt.Fprintln(s.err, problems.Error())
		return usage
	case errors.Is(err, experiment.ErrLocked):
		fmt.Fprintf(s.err, "runner: %v\n", err)
		return usage
	case errors.As(err, &wrong), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(s.err, "runner: %v\n", err)
		fmt.Fprintln(s.err, "runner help shows what there is")
		return usage
	}
	fmt.Fprintf(s.err, "runner: %v\n", err)
	if errors.Is(err, syscall.ENOSPC) {
		fmt.Fprintln(s.err, "runner: the disk is full: make room and apply again, or set RUNNER_STORE to a folder on another one")
	}
	return failed
}

// Interrupted says that a person ended the run and returns the exit code.
func Interrupted(errOut io.Writer) int {
	fmt.Fprintln(errOut, "runner: interrupted; what was finished is kept, and apply goes on from there")
	return interrupted
}

func (s *invocation) root() *cobra.Command {
	var output string
	root := &cobra.Command{
		Use:           "runner",
		Short:         "Declarative, reproducible experiments on images",
		Long:          "runner trains what a recipe describes and locks what came out: the same recipe and data\ngive the same bits on every machine.",
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.PersistentFlags().StringVar(&output, "output", "text", "text, or json for machines; some commands know more")
	root.PersistentFlags().BoolVarP(&s.quiet, "quiet", "q", false, "no progress")
	root.AddCommand(s.initCommand(), s.plan(), s.apply(), s.verify(), s.diff(), s.lock(), s.inspect(), s.pack(), s.unpack(), s.export(), s.grade(), s.predict(), s.evaluate(), s.report(), s.schema(), s.store(), s.doctor(), s.bench(), s.version())
	return root
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

// exactly wants n arguments and says which.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			plural := "s"
			if len(args) == 1 {
				plural = ""
			}
			return misuse{fmt.Errorf("want %s, got %d argument%s", what, len(args), plural)}
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
	loaded, err := recipe.Load(path, recipe.Options{Set: set, Env: s.env})
	if err != nil {
		return nil, err
	}
	place, err := experiment.Find(path, loaded.Recipe.Data.Root, s.dataRoot())
	if err != nil {
		return nil, err
	}
	place.Weights = s.machine.weights
	objects, err := experiment.OpenStore(place.Root, s.machine.store)
	if err != nil {
		return nil, err
	}
	memory := picture.NewMemory(objects)
	if s.noCache {
		memory = memory.Doubt()
	}
	place.Fetched = experiment.FetchedWeights(objects)
	return &experiment.Experiment{
		Loaded: loaded, Place: place, Store: objects, Memory: memory, Progress: s.progress(), Log: zerolog.Nop(),
		Waiting: func(line string) { fmt.Fprintln(s.err, line) },
	}, nil
}

// tellMade says that the data are not somebody's own, once they were made.
func (s *invocation) tellMade(e *experiment.Experiment) {
	switch source := e.Recipe.Data.Source; {
	case e.Made == "":
	case source.Fetched():
		fmt.Fprintf(s.err, "there was no %s: unpacked %s there\n", e.Made, source.URL)
	default:
		fmt.Fprintf(s.err, "there was no %s: drew the built-in %s there, %d plants\n", e.Made, source.Builtin, source.Plants)
	}
}

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
