package command

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
)

func (s *invocation) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the arithmetic and what this machine uses",
		Args:  exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			if s.json {
				return json.NewEncoder(s.out).Encode(map[string]any{
					"version": version(), "numerics": lock.Numerics, "lock": lock.Format, "go": runtime.Version(),
					"platform": runtime.GOOS + "/" + runtime.GOARCH, "simd": kernel.Variant(), "threads": kernel.Threads(),
				})
			}
			fmt.Fprintf(s.out, "runner %s, numerics %d, lock format %d\n", version(), lock.Numerics, lock.Format)
			fmt.Fprintf(s.out, "%s, %s/%s, %s, %d threads\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Variant(), kernel.Threads())
			return nil
		},
	}
}

// version returns the module version that the program was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
