package recipe

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write keys.json and the schema anew")

// pageWords collects what recipes/README.md says that each key, word and option is
// for.
func pageWords(t *testing.T) map[string]string {
	t.Helper()
	page := readReadme(t)
	words := map[string]string{}
	link := regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
	note := func(key, text string) { words[key] = link.ReplaceAllString(text, "$1") }
	for key, cells := range page.rows(t, "Key") {
		note(key, cells[3])
	}
	for key, header := range wordTables {
		for word, cells := range page.rows(t, header) {
			text := cells[len(cells)-1]
			switch header {
			case "Augmentation":
				note(join(key, word), text)
			case "Rule":
				text = "Drops a row when " + text + "."
			case "Plot":
				text = "Shows " + text + "."
			}
			note(key+"="+word, text)
		}
	}
	for _, cells := range page["Option"] {
		for _, kind := range code(cells[1]) {
			note("network.layers[]."+kind+"."+code(cells[0])[0], cells[4])
		}
	}
	return words
}

// TestSchema holds that keys.json is what recipes/README.md says, and the
// committed schema what the language is. `go generate ./...` writes both.
func TestSchema(t *testing.T) {
	words := pageWords(t)
	var collected bytes.Buffer
	e := json.NewEncoder(&collected)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(words); err != nil {
		t.Fatal(err)
	}
	committed := filepath.Join(recipes, "recipe.schema.json")
	if *update {
		for path, data := range map[string][]byte{"keys.json": collected.Bytes(), committed: writeSchema(words)} {
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if !bytes.Equal(keyWords, collected.Bytes()) {
		t.Error("keys.json is not what recipes/README.md says: go generate ./... makes it anew")
	}
	have, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, Schema()) {
		t.Error("recipes/recipe.schema.json is not the schema of this language: go generate ./... makes it anew")
	}
}

// TestSchemaIsExplained walks the schema and wants words for every key and every
// word that has a table of its own.
func TestSchemaIsExplained(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	explained := 0
	var walk func(key string, s map[string]any)
	walk = func(key string, s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		for name, value := range properties {
			below := join(key, name)
			own, _ := value.(map[string]any)
			words, _ := own["description"].(string)
			_, isCondition := s["required"] // of if and else, which say nothing new
			_, closed := s["additionalProperties"]
			if isSection := own["properties"] != nil; len(words) < 10 && !isSection && (closed || !isCondition) && own["type"] != "null" {
				t.Errorf("the schema does not say what %s is for: its row in recipes/README.md is missing", below)
			}
			explained++
			walk(below, own)
		}
		for _, part := range []string{"anyOf", "items"} {
			switch v := s[part].(type) {
			case map[string]any:
				walk(key+"[]", v)
			case []any:
				for _, one := range v {
					walk(key, one.(map[string]any))
				}
			}
		}
	}
	delete(root, "else")
	walk("", root)
	if explained < 150 {
		t.Errorf("only %d keys were found", explained)
	}
}

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("recipe.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("recipe.schema.json")
})

// wantSchema holds that the schema accepts a recipe, or does not. What is no
// YAML or no document is not for it to judge.
func wantSchema(t *testing.T, text string, accepted bool) {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	var raw any
	if yaml.Unmarshal([]byte(text), &raw) != nil || raw == nil {
		return
	}
	data, err := json.Marshal(raw)
	if err != nil {
		return // keys that are no texts, numbers that are none
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	switch err := s.Validate(value); {
	case accepted && err != nil:
		t.Errorf("the schema refuses a recipe that loads: %v\n%s", err, text)
	case !accepted && err == nil:
		t.Errorf("the schema accepts what it could see is wrong:\n%s", text)
	}
}

// seenBySchema are the problems that one key, or the keys of one section, show.
var seenBySchema = regexp.MustCompile(`: (unknown key|is required(;|$)|has no value|` +
	`must be (a list|a map of keys|a text|a number|a whole number|true or false)\b|` +
	`must be (from )?[\d.]+ to (below )?[\d.]+, not |must be (above 0|0 or more|between [\d.]+ and [\d.]+), not |` +
	`must be [a-z0-9_, ]+ or [a-z0-9_]+, not |must have one key, |names no layer|.* has no options|[a-z_]+ has no value)`)

// TestSchemaOfRecipes: the schema accepts every recipe of the repository.
func TestSchemaOfRecipes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recipes, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(recipes, "..", "biomass.yaml"), filepath.Join("..", "..", "testdata", "plants.yaml"))
	if len(files) < 7 {
		t.Fatalf("only %d recipes", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wantSchema(t, string(text), true)
	}
	wantSchema(t, string(Starter("plants", "recipe.schema.json")), true)
}

// TestSchemaOfScripts: what loads of the recipes in the scripts of package main the
// schema accepts, what it can see is wrong it refuses.
func TestSchemaOfScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("..", "..", "testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused := 0, 0
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		resolve := func(name string) ([]byte, error) {
			for _, f := range archive.Files {
				if f.Name == name {
					return f.Data, nil
				}
			}
			return os.ReadFile(filepath.Join("..", "..", "testdata", name))
		}
		for _, f := range archive.Files {
			if !strings.HasSuffix(f.Name, ".yaml") {
				continue
			}
			_, err := Parse(f.Name, f.Data, resolve, Options{})
			switch {
			case err == nil:
				wantSchema(t, string(f.Data), true)
				accepted++
			case slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
				return strings.HasPrefix(line, f.Name+":") && seenBySchema.MatchString(line)
			}):
				wantSchema(t, string(f.Data), false)
				refused++
			}
		}
	}
	if accepted < 10 || refused < 3 {
		t.Errorf("only %d and %d recipes", accepted, refused)
	}
}

// TestSchemaRefuses holds that what is wrong in one key alone is seen, section by
// section.
func TestSchemaRefuses(t *testing.T) {
	for _, text := range []string{
		"- a list\n",
		short + "nonsense: 1\n",
		short + "version: 2\n",
		short + "name: Too Large\n",
		short + "extends: 3\n",
		"extends: []\ntrain: {epochs: many}\n",
		strings.Replace(short, "seed: 7", "by: random", 1),
		strings.Replace(short, "seed: 7", "by: given", 1),
		strings.Replace(listed, "folders: images", "classes: [a, b]", 1),
		short + "train: {epochs: 1.5}\n",
		short + "train: {optimizer: {adam: {}, sgd: {}}}\n",
		short + "train: {schedule: {constant: {}}}\n",
		short + "transform: {augment: [rotate]}\n",
		short + "clean: [missing_target]\n",
	} {
		wantSchema(t, text, false)
	}
	for _, text := range []string{
		"extends: base.yaml\n",
		"extends: [a.yaml, b.yaml]\nsplit: {by: group}\n",
		strings.Replace(short, "seed: 7", "by: column\n  column: part", 1),
		strings.Replace(short, "seed: 7", "by: given\n  validation: 0", 1),
	} {
		wantSchema(t, text, true)
	}
}

// TestEverySpanIsUsed holds that a bounded key is one of the language.
func TestEverySpanIsUsed(t *testing.T) {
	text := string(Schema())
	for _, spans := range []map[string]span{spans, pairs} {
		for key := range spans {
			_, name := cutName(strings.TrimSuffix(key, "[]"))
			if !strings.Contains(text, `"`+name+`": {`) {
				t.Errorf("there is no key %s", key)
			}
		}
	}
}

// TestEverySpanIsChecked holds that each number is refused just outside of its
// span and taken at its ends.
func TestEverySpanIsChecked(t *testing.T) {
	for key, s := range spans {
		for _, c := range []struct {
			value float64
			fine  bool
		}{{s.low, !s.openLow}, {s.low - 1, false}, {s.high, !s.openHigh || s.noHigh}, {s.high + 1, s.noHigh}} {
			if got := s.holds(c.value); got != c.fine && !(s.noHigh && c.value < s.low) && !(s.noHigh && c.value == s.low) {
				t.Errorf("%s: %s holds %v: %v", key, s, c.value, got)
			}
			d := &decoder{places: map[string]place{}}
			d.within(strings.ReplaceAll(key, "[]", "[3]"), c.value)
			if (len(d.problems) == 0) != s.holds(c.value) {
				t.Errorf("%s: %v is judged another way than by %s", key, c.value, s)
			}
		}
	}
}

// TestSchemaDefaults holds that the defaults in the schema are those of a recipe.
func TestSchemaDefaults(t *testing.T) {
	var root struct {
		Properties map[string]struct {
			Properties map[string]struct{ Default any }
		}
	}
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{"train.epochs": 10.0, "picture.size": 224.0, "split.by": "random", "data.missing": []any{""}, "train.optimizer": map[string]any{"adam": map[string]any{}}} {
		section, key, _ := strings.Cut(path, ".")
		if got := root.Properties[section].Properties[key].Default; !reflect.DeepEqual(got, want) {
			t.Errorf("the default of %s is %v, not %v", path, got, want)
		}
	}
	if !slices.Contains(strings.Fields(string(Schema())), `"https://json-schema.org/draft/2020-12/schema",`) {
		t.Error("the schema does not say its draft")
	}
}
