package command

import (
	"cmp"
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
		Long: "init writes a recipe that works as it is. Its first line tells editors where the schema of recipes is: recipes/recipe.schema.json\n" +
			"of the project, or else a recipe.schema.json that init writes beside the recipe.",
		Args: exactly(1, "the file to write"),
		RunE: func(_ *cobra.Command, args []string) error {
			path := args[0]
			if !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".yml") {
				return misuse{fmt.Errorf("init %s: a recipe is a .yaml file", path)}
			}
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if !recipe.Names(name) {
				return misuse{fmt.Errorf("init %q: a recipe's file names the lock and the report: take a-z, 0-9, _ and -, e.g. %s", path, plainName(name)+filepath.Ext(path))}
			}
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("init: %s is already there; nothing was written", path)
			}
			if err != nil {
				return fmt.Errorf("init: %w", err)
			}
			written := []string{path}
			schema := findSchema(filepath.Dir(path))
			if schema == "" {
				schema = schemaFile
				beside := filepath.Join(filepath.Dir(path), schemaFile)
				err = os.WriteFile(beside, recipe.Schema(), 0o666)
				written = append(written, beside)
			}
			if err == nil {
				_, err = f.Write(recipe.Starter(name, schema))
			}
			if err = errors.Join(err, f.Close()); err != nil {
				os.Remove(path)
				return fmt.Errorf("init: %w", err)
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(map[string]any{"written": written})
			}
			for _, file := range written[1:] {
				fmt.Fprintf(s.out, "wrote %s, by which editors complete recipes\n", file)
			}
			fmt.Fprintf(s.out, "wrote %s; runner plan %s shows what it would do\n", path, path)
			return nil
		},
	}
}

// plainName writes a name with the letters that names may have.
func plainName(name string) string {
	name = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(name))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return cmp.Or(strings.Trim(name, "_-"), "experiment")
}

// schemaFile is the name of the schema of recipes.
const schemaFile = "recipe.schema.json"

// findSchema returns the path, relative to the folder and with slashes, of the
// schema that is there or in the project above it: the nearest folder upwards that
// holds one, itself or in recipes, and none beyond the one that holds .git. It is
// empty where there is none.
func findSchema(folder string) string {
	dir, err := filepath.Abs(folder)
	for up := ""; err == nil; up += "../" {
		for _, name := range []string{schemaFile, "recipes/" + schemaFile} {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
				return up + name
			}
		}
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
