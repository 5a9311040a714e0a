package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports is the table of who may import whom among our own packages; the
// arrows only ever point down. A package is named by its path below runner.
var imports = map[string][]string{
	".":                   {"command"},
	"command":             {"internal/benchmark", "internal/bundle", "internal/checkpoint", "internal/doctor", "internal/evaluate", "internal/experiment", "internal/export", "internal/grade", "internal/kernel", "internal/lock", "internal/metric", "internal/model", "internal/picture", "internal/progress", "internal/project", "internal/recipe", "internal/report", "internal/review", "internal/store", "internal/verify"},
	"internal/export":     {"internal/digest", "internal/experiment", "internal/lock", "internal/project", "internal/recipe", "internal/store", "internal/weights"},
	"internal/benchmark":  {"internal/kernel", "internal/network", "internal/recipe", "internal/rng"},
	"internal/grade":      {"internal/bundle", "internal/digest", "internal/experiment", "internal/lock", "internal/progress", "internal/recipe", "internal/verify"},
	"internal/verify":     {"internal/bundle", "internal/checkpoint", "internal/digest", "internal/experiment", "internal/lock", "internal/network", "internal/progress", "internal/project", "internal/recipe", "internal/report", "internal/rng", "internal/store", "internal/weights"},
	"internal/review":     {"internal/clean", "internal/evaluate", "internal/experiment", "internal/lock", "internal/metric", "internal/project", "internal/recipe", "internal/report", "internal/rng", "internal/source"},
	"internal/doctor":     {"internal/digest", "internal/kernel", "internal/network", "internal/progress", "internal/recipe", "internal/rng", "internal/source", "internal/store", "internal/train", "internal/transform"},
	"internal/bundle":     {"internal/checkpoint", "internal/digest", "internal/lock", "internal/project", "internal/report", "internal/store"},
	"internal/experiment": {"internal/checkpoint", "internal/clean", "internal/digest", "internal/evaluate", "internal/fetch", "internal/kernel", "internal/lock", "internal/metric", "internal/model", "internal/network", "internal/picture", "internal/progress", "internal/project", "internal/recipe", "internal/report", "internal/rosette", "internal/source", "internal/split", "internal/store", "internal/table", "internal/train", "internal/transform", "internal/weights"},
	"internal/model":      {"internal/evaluate", "internal/metric", "internal/network", "internal/picture", "internal/progress", "internal/recipe", "internal/table", "internal/train", "internal/transform", "internal/weights"},
	"internal/checkpoint": {"internal/digest", "internal/store", "internal/train", "internal/weights"},
	"internal/project":    {"internal/digest", "internal/lock", "internal/recipe", "internal/store"},
	"internal/report":     {"internal/digest", "internal/elementary", "internal/evaluate", "internal/metric", "internal/typeface"},
	"internal/lock":       {"internal/digest"},
	"internal/evaluate":   {"internal/digest", "internal/elementary", "internal/metric", "internal/rng"},
	"internal/train":      {"internal/digest", "internal/elementary", "internal/kernel", "internal/metric", "internal/network", "internal/progress", "internal/recipe", "internal/rng", "internal/transform", "internal/weights"},
	"internal/network":    {"internal/digest", "internal/kernel", "internal/onnx", "internal/recipe", "internal/rng", "internal/weights"},
	"internal/onnx":       {"internal/weights"},
	"internal/transform":  {"internal/elementary", "internal/metric", "internal/picture", "internal/recipe", "internal/rng"},
	"internal/split":      {"internal/digest", "internal/recipe", "internal/rng"},
	"internal/idx":        {},
	"internal/clean":      {"internal/condition", "internal/digest", "internal/picture", "internal/recipe", "internal/table"},
	"internal/picture":    {"internal/digest", "internal/elementary", "internal/idx", "internal/progress", "internal/recipe", "internal/store"},
	"internal/table":      {"internal/digest", "internal/idx", "internal/recipe", "internal/store"},
	"internal/rosette":    {"internal/elementary", "internal/rng"},
	"internal/fetch":      {"internal/digest", "internal/progress"},
	"internal/weights":    {"internal/digest"},
	"internal/store":      {"internal/digest"},
	"internal/source":     {"internal/digest"},
	"internal/recipe":     {"internal/condition", "internal/digest", "internal/elementary"},
	"internal/condition":  {},
	"internal/metric":     {"internal/elementary", "internal/rng"},
	"internal/kernel":     {"internal/elementary", "internal/rng"},
	"internal/progress":   {},
	"internal/rng":        {"internal/digest", "internal/elementary"},
	"internal/typeface":   {},
	"internal/digest":     {},
	"internal/elementary": {},
}

// owners are the only users of a library, by the library's module path.
var owners = map[string][]string{
	"github.com/go-git/go-git/v5": {"internal/source"},
	"github.com/xuri/excelize/v2": {"internal/table"},
	"github.com/expr-lang/expr":   {"internal/condition"},
	"gorgonia.org/gorgonia":       {"internal/network"},
	"gorgonia.org/tensor":         {"internal/network"},
	"gorgonia.org/cu":             {"internal/kernel/cuda"},
	"github.com/knadh/koanf":      {"internal/recipe"},
	"github.com/spf13/cobra":      {"command"},
	"github.com/rs/zerolog":       {"command", "internal/experiment", "internal/verify"},
	"gonum.org/v1/plot":           {"internal/report"},
	"github.com/yuin/goldmark":    {"internal/report"},
}

// TestImports reads the imports of every file that is not a test and holds them
// to the two tables.
func TestImports(t *testing.T) {
	seen, made := map[string]bool{}, map[[2]string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			if strings.Contains(group.Text(), "go:build ignore") || strings.Contains(group.List[0].Text, "go:build ignore") {
				return nil // a generator, no part of the program
			}
		}
		from := filepath.ToSlash(filepath.Dir(path))
		seen[from] = true
		allowed, listed := imports[from]
		if !listed {
			t.Errorf("package %s is not in the import table", from)
		}
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(to, "biomass/runner/"); ok {
				made[[2]string{from, own}] = true
				if !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s, which the import table does not allow to %s", path, own, from)
				}
			}
			for library, users := range owners {
				if (to == library || strings.HasPrefix(to, library+"/")) && !slices.Contains(users, from) {
					t.Errorf("%s imports %s, which only %s may", path, to, strings.Join(users, ", "))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if !seen[name] {
			t.Errorf("the import table lists %s, which does not exist", name)
		}
		for _, to := range imports[name] {
			if !made[[2]string{name, to}] {
				t.Errorf("the import table allows %s to %s, which does not need it", to, name)
			}
		}
	}
}
