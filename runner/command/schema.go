package command

import (
	"github.com/spf13/cobra"

	"biomass/runner/internal/recipe"
)

func (s *invocation) schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of recipes, for editors",
		Long: "schema prints the JSON Schema (draft 2020-12) of a recipe: every key with what it is for, its values and its default.\n" +
			"Editors complete and check recipes by it: in VS Code with the extension YAML, in others with yaml-language-server,\n" +
			"by the line that runner init writes: # yaml-language-server: $schema=recipe.schema.json",
		Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(recipe.Schema())
			return err
		},
	}
}
