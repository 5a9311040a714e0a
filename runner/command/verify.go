package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"biomass/runner/internal/verify"
)

func (s *invocation) verify() *cobra.Command {
	var rerun bool
	c := &cobra.Command{
		Use:   "verify LOCK",
		Short: "Check a lock: hash the data, evaluate the weights again, compare; or train again",
		Long: "verify hashes the data and evaluates the kept weights again, or, with --rerun, trains again from\n" +
			"nothing. Exit code 0: VERIFIED, bit for bit; 3: DIFFERS; 4: INPUTS DIFFER; 5: INCOMPLETE.",
		Args: exactly(1, "one lockfile"),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := verify.Run(c.Context(), verify.Options{
				Lock: args[0], Data: s.dataRoot(), Store: s.machine.store, Rerun: rerun, Progress: s.progress(),
			})
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(s.out).Encode(v)
			} else {
				s.printVerdict(v)
			}
			if code := verdictCode[v.Judgement]; err == nil && code != fine {
				return exit(code)
			}
			return err
		},
	}
	c.Flags().BoolVar(&rerun, "rerun", false, "train again from nothing and compare bit for bit")
	s.dataFlag(c)
	return c
}

var verdictCode = map[verify.Judgement]int{
	verify.Verified: fine, verify.Differs: differs, verify.InputsDiffer: inputs, verify.Incomplete: incomplete,
}

func (s *invocation) printVerdict(v *verify.Verdict) {
	fmt.Fprintf(s.out, "%s (%s)\n", v.Judgement, v.Level)
	for _, reason := range v.Reasons {
		fmt.Fprintf(s.out, "  %s\n", reason)
	}
	if v.Judgement == verify.Verified {
		fmt.Fprintf(s.out, "  proved: %s\n", v.Proves)
	}
}
