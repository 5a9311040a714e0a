package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"biomass/runner/internal/doctor"
	"biomass/runner/internal/project"
)

func (s *invocation) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Examine machine, git, store and disk; test for the locked bits",
		Long: "doctor looks at the machine, the git state, the store and the disk of the project in this folder, and\n" +
			"trains a small fixed network with every kind of kernel that runs here. Exit code 1 when a check fails.",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			place, err := project.Around(".")
			if err != nil {
				return err
			}
			objects, err := project.OpenStore(place.Root, s.machine.store)
			if err != nil {
				return err
			}
			checks, err := doctor.Examine(c.Context(), doctor.Options{Root: place.Root, Store: objects})
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(s.out).Encode(checks)
			} else {
				s.printChecks(checks)
			}
			for _, check := range checks {
				if err == nil && check.State == doctor.Failed {
					return exit(failed)
				}
			}
			return err
		},
	}
}

func (s *invocation) printChecks(checks []doctor.Check) {
	for _, c := range checks {
		mark := ""
		if c.State != doctor.Fine {
			mark = string(c.State) + ": "
		}
		fmt.Fprintf(s.out, "%-15s %s%s\n", c.Name, mark, c.Text)
	}
}
