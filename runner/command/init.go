package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/recipe"
)

func (s *invocation) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init NAME.yaml",
		Short: "Write a commented starter recipe",
		Args:  exactly(1, "the file to write"),
		RunE: func(_ *cobra.Command, args []string) error {
			path := args[0]
			if !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".yml") {
				return misuse{fmt.Errorf("init %s: a recipe is a .yaml file", path)}
			}
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("init: %s is already there; nothing was written", path)
			}
			if err != nil {
				return fmt.Errorf("init: %w", err)
			}
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			_, err = f.Write(recipe.Starter(name))
			if err = errors.Join(err, f.Close()); err != nil {
				os.Remove(path)
				return fmt.Errorf("init: %w", err)
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(map[string]any{"written": []string{path}})
			}
			fmt.Fprintf(s.out, "wrote %s; runner plan %s shows what it would do\n", path, path)
			return nil
		},
	}
}
