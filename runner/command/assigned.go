package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/recipe"
)

// assignedFlag is that of the recipe that a lock should be of.
func assignedFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "recipe", "", "`FILE` of the recipe that was assigned: tells the settings in which the lock's is another, which change no verdict")
}

// assigned reads the recipe at path as it stands, without the environment's settings; nil
// where the path is empty.
func assigned(path string) (*recipe.Loaded, error) {
	if path == "" {
		return nil, nil
	}
	return recipe.Load(path, recipe.Options{})
}

// sayChanges says in a line how a recipe differs from the one that was assigned, and
// nothing where none was.
func sayChanges(changes []recipe.Change) string {
	if changes == nil {
		return ""
	}
	if len(changes) == 0 {
		return "as assigned"
	}
	settings := make([]string, len(changes))
	for i, c := range changes {
		settings[i] = fmt.Sprintf("%s: %s -> %s", c.Key, c.Old, c.New)
	}
	return "not as assigned: " + strings.Join(settings, "; ")
}
