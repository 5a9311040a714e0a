package command

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"biomass/runner/internal/benchmark"
)

func (s *invocation) bench() *cobra.Command {
	o := benchmark.Options{}
	c := &cobra.Command{
		Use:   "bench NETWORK",
		Short: "Measure how fast a network trains here, as one line of JSON",
		Args:  exactly(1, "one network, e.g. resnet18"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Backbone = args[0]
			m, err := benchmark.Run(o)
			if err != nil {
				return misuse{err}
			}
			return json.NewEncoder(s.out).Encode(m)
		},
	}
	c.Flags().IntVar(&o.Size, "size", 224, "height and width of the pictures")
	c.Flags().IntVar(&o.Batch, "batch", 32, "pictures a step")
	c.Flags().IntVar(&o.Outputs, "outputs", 1000, "outputs of the network")
	c.Flags().BoolVar(&o.Evaluate, "evaluate", false, "evaluate instead of training")
	c.Flags().IntVar(&o.Warmup, "warmup", 2, "steps before the measured ones")
	c.Flags().IntVar(&o.Steps, "steps", 5, "measured steps")
	return c
}
