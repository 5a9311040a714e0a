package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
)

func (s *invocation) plan() *cobra.Command {
	var exitCode bool
	c := s.recipeFlags(&cobra.Command{
		Use:   "plan RECIPE",
		Short: "Show what apply would do: = unchanged, ~ changed, + new",
		Args:  exactly(1, "one recipe"),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := s.experiment(args[0])
			if err != nil {
				return err
			}
			steps, err := e.Plan(c.Context())
			if err != nil {
				return err
			}
			if s.json {
				if err := json.NewEncoder(s.out).Encode(steps); err != nil {
					return err
				}
			} else {
				s.printPlan(steps)
			}
			if exitCode && pending(steps) {
				return exit(differs)
			}
			return nil
		},
	})
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when a stage is new or changed")
	return s.cacheFlag(c)
}

func (s *invocation) printPlan(steps []experiment.Step) {
	work := 0
	for _, step := range steps {
		line := fmt.Sprintf("%s %s", step.Action, step.Stage)
		if step.Reason != "" {
			line = fmt.Sprintf("%s %-10s %s", step.Action, step.Stage, step.Reason)
		}
		fmt.Fprintln(s.out, line)
		if !step.Kept {
			work++
		}
	}
	if work == 0 {
		fmt.Fprintln(s.out, "nothing to do")
	} else {
		fmt.Fprintf(s.out, "%d of %d stages to run\n", work, len(steps))
	}
}

func pending(steps []experiment.Step) bool {
	for _, step := range steps {
		if step.Action != experiment.Unchanged {
			return true
		}
	}
	return false
}
