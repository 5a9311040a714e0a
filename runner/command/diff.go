package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
)

func (s *invocation) diff() *cobra.Command {
	var exitCode bool
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Say in words how two recipes or two locks differ",
		Args:  exactly(2, "two recipes or two locks"),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := s.side(args[0])
			if err != nil {
				return err
			}
			b, err := s.side(args[1])
			if err != nil {
				return err
			}
			changes := recipe.Diff(a.recipe, b.recipe)
			var differences []lock.Difference
			var words []string
			if a.lock != nil && b.lock != nil {
				if differences, err = lock.Compare(a.lock, b.lock); err != nil {
					return err
				}
				differences, words = beyondRecipe(differences), lock.Describe(a.lock, b.lock)
			}
			switch {
			case s.json:
				err = json.NewEncoder(s.out).Encode(map[string]any{"recipe": orEmpty(changes), "lock": orEmpty(differences)})
			case len(words) > 0:
				s.printDiff(changes, words)
			default: // what has no words, a stage's key for one, is shown as it is
				for _, d := range differences {
					words = append(words, d.String())
				}
				s.printDiff(changes, words)
			}
			if err == nil && exitCode && len(changes)+len(differences) > 0 {
				return exit(differs)
			}
			return err
		},
	}
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when they differ")
	return c
}

// side is one side of a comparison: a recipe, and its lock where that was named.
type side struct {
	recipe *recipe.Loaded
	lock   *lock.Lock
}

func (s *invocation) side(path string) (side, error) {
	if !strings.HasSuffix(path, ".lock.yaml") {
		loaded, err := recipe.Load(path, recipe.Options{Env: nil})
		return side{recipe: loaded}, err
	}
	l, err := lock.Read(path)
	if err != nil {
		return side{}, err
	}
	loaded, err := experiment.LockedRecipe(l)
	if err != nil {
		var problems recipe.Problems
		if errors.As(err, &problems) {
			err = fmt.Errorf("%s holds a recipe that is not valid: %v", path, problems)
		}
		return side{}, err
	}
	return side{loaded, l}, nil
}

// beyondRecipe leaves out the differences that the recipes' own comparison has
// told in words.
func beyondRecipe(all []lock.Difference) []lock.Difference {
	var list []lock.Difference
	for _, d := range all {
		if !strings.HasPrefix(d.Path, "recipe.") {
			list = append(list, d)
		}
	}
	return list
}

func (s *invocation) printDiff(changes []recipe.Change, results []string) {
	for _, c := range changes {
		line := fmt.Sprintf("%s: %s -> %s", c.Key, c.Old, c.New)
		if c.Meaning != "" {
			line += ": " + c.Meaning
		}
		if len(c.Stages) > 0 {
			line += fmt.Sprintf(" (runs again: %s)", strings.Join(c.Stages, ", "))
		}
		fmt.Fprintln(s.out, line)
	}
	for _, line := range results {
		fmt.Fprintln(s.out, line)
	}
	if len(changes)+len(results) == 0 {
		fmt.Fprintln(s.out, "no difference")
	}
}
