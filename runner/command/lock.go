package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (s *invocation) lock() *cobra.Command {
	var check, pin bool
	c := s.recipeFlags(&cobra.Command{
		Use:   "lock RECIPE",
		Short: "Say whether the lock is of this recipe, or which settings differ",
		Args:  exactly(1, "one recipe"),
		RunE: func(c *cobra.Command, args []string) error {
			if pin {
				return s.pinWeights(c.Context(), args[0])
			}
			e, err := s.experiment(args[0])
			if err != nil {
				return err
			}
			a, err := e.Agreement()
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(s.out).Encode(map[string]any{"lock": lockPath(e), "there": a.There, "agree": a.Agree(), "changes": orEmpty(a.Changes)})
			} else {
				switch {
				case !a.There:
					fmt.Fprintf(s.out, "there is no %s: apply makes it\n", lockPath(e))
				case a.Agree():
					fmt.Fprintf(s.out, "%s is of this recipe\n", lockPath(e))
				default:
					fmt.Fprintf(s.out, "%s is of other settings: apply makes it anew\n", lockPath(e))
				}
				for _, change := range a.Changes {
					fmt.Fprintf(s.out, "  %s: locked %s, the recipe says %s\n", change.Key, change.Old, change.New)
				}
			}
			if err == nil && check && !a.Agree() {
				return exit(differs)
			}
			return err
		},
	})
	c.Flags().BoolVar(&check, "check", false, "exit with 3 when recipe and lock disagree")
	c.Flags().BoolVar(&pin, "weights", false, "write the SHA-256 of network.weights into the recipe; fetch the file if need be")
	return c
}

// pinWeights writes what the recipe's file of weights is into the recipe.
func (s *invocation) pinWeights(ctx context.Context, path string) error {
	// A url without a sum is an error for all but this; what stands in for it is not used.
	s.overrides = append(s.overrides, "network.weights.sha256="+strings.Repeat("ab", 32))
	e, err := s.experiment(path)
	if err != nil {
		return err
	}
	sum, changed, err := e.PinWeights(ctx, path)
	if err != nil {
		return err
	}
	if !changed {
		fmt.Fprintf(s.out, "%s says so already: sha256: %s\n", path, sum)
		return nil
	}
	fmt.Fprintf(s.out, "wrote sha256: %s into %s\n", sum, path)
	return nil
}
