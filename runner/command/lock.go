package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (s *invocation) lock() *cobra.Command {
	var check bool
	c := s.recipeFlags(&cobra.Command{
		Use:   "lock RECIPE",
		Short: "Say whether the lock is of this recipe, or by which settings they differ",
		Args:  exactly(1, "one recipe"),
		RunE: func(_ *cobra.Command, args []string) error {
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
	return c
}
