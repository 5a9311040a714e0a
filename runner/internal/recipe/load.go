package recipe

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"

	"biomass/runner/internal/digest"
)

// maxFiles bounds how many files one recipe is made of.
const maxFiles = 64

// Options override keys of a recipe: what is in the file comes first, then the
// environment, then --set.
type Options struct {
	// Set holds settings KEY=VALUE, e.g. train.epochs=3, as --set takes them. VALUE is YAML. The last one wins.
	Set []string
	// Env is an environment, as os.Environ gives it: RUNNER_SET_TRAIN__EPOCHS=3 sets train.epochs.
	Env []string
}

// Loaded is a recipe that passed every check.
type Loaded struct {
	Recipe
	// Path is the name of the file that was loaded.
	Path string
	// Canonical is the canonical form: extends and overrides merged, keys at their default left out, sorted YAML.
	// data.root, a location, is no part of it.
	Canonical []byte
	// Digest is the SHA-256 of Canonical.
	Digest digest.Digest

	locate func(key string) place
}

// Problem returns a problem with the value of a key that only shows beside the
// data, e.g. a column that the table does not have.
func (l *Loaded) Problem(key, reason, hint string) Problem {
	return l.locate(key).problem(key, reason, hint)
}

// Load reads a recipe and everything that it extends; each file is read once.
// What is wrong in the recipe comes back as Problems, all at once. A file that
// cannot be read gives an error that wraps the one of package os.
func Load(name string, o Options) (*Loaded, error) {
	text, err := readFile(name)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = " (runner init writes a starter recipe)"
		}
		return nil, fmt.Errorf("read recipe %s: %w%s", name, reasonOf(err), hint)
	}
	return Parse(filepath.ToSlash(name), text, readFile, o)
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxBytes+1))
}

// reasonOf leaves out the path, which the message has already.
func reasonOf(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// Parse loads a recipe from its text. The name stands for the file in problems,
// and gives the experiment its name when the text does not. Files that the
// recipe extends are read by resolve, which gets their path joined to the
// folder of name; with a nil resolve, extends is a problem.
func Parse(name string, text []byte, resolve func(path string) ([]byte, error), o Options) (*Loaded, error) {
	l := newLoader(resolve)
	l.file(name, text, nil)
	root := l.defaultRoot(name) // another name for one run moves no data
	l.override(o)

	raw := l.values.Raw()
	if _, ok := raw["name"]; !ok {
		raw["name"] = stem(name)
	}
	d := &decoder{places: l.places, fallback: place{file: name}, problems: l.problems}
	loaded := &Loaded{Recipe: d.recipe(raw), Path: name, locate: d.locate}
	d.check(&loaded.Recipe)
	d.dropExplained(l.partial)
	if len(d.problems) > 0 {
		d.problems.sort()
		return nil, d.problems
	}
	if loaded.Data.Root == "" {
		loaded.Data.Root = root
	}
	if loaded.Data.Listed() {
		loaded.Data.Image, loaded.Data.Target = cmp.Or(loaded.Data.Image, listedImage), listedTarget
	}
	loaded.Canonical = marshal(loaded.Node())
	loaded.Digest = digest.Of(loaded.Canonical)
	if problems := loaded.variants(); len(problems) > 0 {
		return nil, problems
	}
	return loaded, nil
}

// DataRoot returns data.root as the file of this path, with slashes, says it, or its default, and asks
// nothing else of the recipe: what was made with an earlier state of the file
// finds its data by it.
func DataRoot(name string, read func(path string) ([]byte, error)) (string, error) {
	text, err := read(name)
	if err != nil {
		return "", fmt.Errorf("read recipe %s: %w", name, reasonOf(err))
	}
	l := newLoader(read)
	l.file(name, text, nil)
	switch root := lookup(l.values.Raw(), []string{"data", "root"}).(type) {
	case nil:
	case string:
		if root != "" {
			return root, nil
		}
	default:
		return "", Problems{l.places["data.root"].problem("data.root", "must be a text, not "+describe(root), "")}
	}
	if l.partial {
		return "", l.problems
	}
	return l.defaultRoot(name), nil
}

// NameOf returns the name that a file gives its experiment, and asks nothing else of the
// recipe, as DataRoot does.
func NameOf(name string, read func(path string) ([]byte, error)) (string, error) {
	text, err := read(name)
	if err != nil {
		return "", err
	}
	l := newLoader(read)
	l.file(name, text, nil)
	return l.name(name), nil
}

// name is what the file says, else its own name.
func (l *loader) name(file string) string {
	if own, ok := l.values.Raw()["name"].(string); ok {
		return own
	}
	return stem(file)
}

// stem is the name that a recipe has from its file.
func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }

func newLoader(resolve func(string) ([]byte, error)) *loader {
	return &loader{resolve: resolve, values: koanf.New(separator), places: map[string]place{}}
}

// defaultRoot returns where the data are unless data.root says it.
func (l *loader) defaultRoot(file string) string { return "data/" + l.name(file) }

// loader merges the layers of a recipe.
type loader struct {
	resolve  func(string) ([]byte, error)
	values   *koanf.Koanf
	places   map[string]place
	problems Problems
	files    int
	partial  bool // a file could not be read, so missing keys are no problem
}

// file merges what a file extends, then the file itself.
func (l *loader) file(name string, text []byte, below []string) {
	l.files++
	doc := readDocument(text, place{file: name, line: 1, column: 1}, "")
	raw := doc.values.Raw()
	if extends, ok := raw["extends"]; ok {
		doc.values.Delete("extends")
		l.extend(name, doc, extends, append(below, path.Clean(name)))
	}
	l.merge(doc)
	l.partial = l.partial || doc.broken
}

func (l *loader) extend(name string, doc *document, value any, below []string) {
	bases, ok := value.([]any)
	if !ok {
		bases = []any{value}
	}
	for i, base := range bases {
		at := doc.places["extends"]
		if ok {
			at = doc.places[fmt.Sprintf("extends[%d]", i)]
		}
		problem := func(reason, hint string) {
			l.partial = true
			doc.problem(at, "extends", reason, hint)
		}
		relative, isText := base.(string)
		if !isText || relative == "" || path.IsAbs(relative) || strings.ContainsAny(relative, "\\:\r\n") {
			problem("must be the path of a recipe, relative to this one, or a list of them; not "+describe(base), "")
			continue
		}
		file := path.Join(path.Dir(name), relative)
		if slices.Contains(below, file) {
			problem("goes in a circle: "+strings.Join(append(below, file), " -> "), "")
			continue
		}
		if l.files >= maxFiles {
			problem(fmt.Sprintf("joins more than %d files", maxFiles), "")
			return
		}
		if l.resolve == nil {
			problem("cannot be followed here", "this recipe has to stand alone")
			continue
		}
		text, err := l.resolve(file)
		if err != nil {
			problem(fmt.Sprintf("read %s: %v", file, reasonOf(err)), "the path is relative to "+name)
			continue
		}
		l.file(file, text, below)
	}
}

// merge lays a document over what is there: maps are merged, everything else is
// replaced.
func (l *loader) merge(doc *document) {
	raw := doc.values.Raw()
	for _, key := range [][]string{{"train", "optimizer"}, {"train", "loss"}, {"train", "schedule"}, {"transform", "normalize"}, {"transform", "mix"}} {
		// Such a map makes a choice, so another choice replaces it: adam and sgd do not add up.
		if later, ok := lookup(raw, key).(map[string]any); ok && !shareKey(later, lookup(l.values.Raw(), key)) {
			l.values.Delete(strings.Join(key, separator))
		}
	}
	source := []string{"data", "source"}
	if later, ok := lookup(raw, source).(map[string]any); ok && (later["url"] != nil || later["builtin"] != nil && lookup(l.values.Raw(), append(source, "url")) != nil) {
		l.values.Delete(strings.Join(source, separator)) // what is fetched is not drawn, and an archive is not another one's sha256
	}
	weights := []string{"network", "weights"}
	if later, ok := lookup(raw, weights).(map[string]any); ok && (later["file"] != nil || later["url"] != nil) {
		l.values.Delete(strings.Join(weights, separator)) // a file is not another one's sha256
	}
	if err := l.values.Merge(doc.values); err != nil {
		doc.problem(doc.root, "", err.Error(), "")
	}
	l.problems = append(l.problems, doc.problems...)
	maps.Copy(l.places, doc.places)
}

func lookup(raw map[string]any, key []string) any {
	var value any = raw
	for _, name := range key {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	return value
}

func shareKey(a map[string]any, value any) bool {
	b, _ := value.(map[string]any)
	for key := range a {
		if _, ok := b[key]; ok {
			return true
		}
	}
	return false
}

const (
	fromFlag        = "--set"
	fromEnvironment = "RUNNER_SET_"
)

// override merges the settings of the environment, then those of --set.
func (l *loader) override(o Options) {
	env := slices.Sorted(slices.Values(o.Env))
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		if key, ok := strings.CutPrefix(name, fromEnvironment); ok {
			l.set(name, strings.ReplaceAll(strings.ToLower(key), "__", "."), value)
		}
	}
	for _, setting := range o.Set {
		key, value, ok := strings.Cut(setting, "=")
		if !ok {
			l.problems = append(l.problems, Problem{File: fromFlag, Key: setting, Reason: "has no value", Hint: "write --set KEY=VALUE"})
			continue
		}
		l.set(fromFlag, key, value)
	}
}

func (l *loader) set(from, key, value string) {
	problem := func(reason, hint string) {
		l.problems = append(l.problems, Problem{File: from, Key: key, Reason: reason, Hint: hint})
	}
	for _, part := range strings.Split(key, ".") {
		if !plainKey.MatchString(part) {
			problem("is no key", "write it with dots, e.g. train.epochs; lists are set as a whole")
			return
		}
	}
	if key == "extends" {
		problem("can only stand in a file", "")
		return
	}
	if value == "" {
		value = `""`
	}
	l.merge(readDocument([]byte(value), place{file: from}, key))
}
