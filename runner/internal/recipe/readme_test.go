package recipe

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// recipes is the folder of the recipes and of the page that explains every key.
const recipes = "../../../recipes"

// readme holds the rows of the page's tables by the first word of their header.
type readme map[string][][]string

// readReadme reads the tables of recipes/README.md, a row a list of cells.
func readReadme(t *testing.T) readme {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(recipes, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	page, header := readme{}, ""
	for line := range strings.Lines(string(text)) {
		row, isRow := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !isRow {
			header = ""
			continue
		}
		cells := strings.Split(strings.TrimSuffix(row, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case header == "":
			header = cells[0]
		case strings.Trim(cells[0], "-") != "":
			page[header] = append(page[header], cells)
		}
	}
	return page
}

var quoted = regexp.MustCompile("`([^`]*)`")

// code returns what stands in backquotes in a cell.
func code(cell string) []string {
	var words []string
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		words = append(words, match[1])
	}
	return words
}

// rows returns the rows of a table by the code in their first cell.
func (r readme) rows(t *testing.T, header string) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, cells := range r[header] {
		key := strings.Join(code(cells[0]), " ")
		if rows[key] != nil {
			t.Errorf("recipes/README.md: %s has two rows", key)
		}
		rows[key] = cells
	}
	return rows
}

// sameWords reports words that the page and the language do not share.
func sameWords(t *testing.T, what string, page, language []string) {
	t.Helper()
	for _, word := range language {
		if !slices.Contains(page, word) {
			t.Errorf("recipes/README.md: %s: %s is missing", what, word)
		}
	}
	for _, word := range page {
		if !slices.Contains(language, word) {
			t.Errorf("recipes/README.md: %s: there is no %s", what, word)
		}
	}
}

// isMandatory stands for the default of a key that has none.
const isMandatory = "required"

// kindWords are what the page says of the values of a kind.
var kindWords = map[reflect.Kind]*regexp.Regexp{
	reflect.Bool:    regexp.MustCompile(`^true or false$`),
	reflect.Int:     regexp.MustCompile(`whole number|epochs|^1$`),
	reflect.Uint64:  regexp.MustCompile(`^whole number, 0 or more$`),
	reflect.Float64: regexp.MustCompile(`\d|fraction`),
	reflect.Slice:   regexp.MustCompile("list|map|smallest and largest|a path|^as `"),
}

// wantKind holds that the page says what kind of value a key of a section takes.
func wantKind(t *testing.T, key, cell string, kind reflect.Kind) {
	t.Helper()
	if words := kindWords[kind]; words != nil && !words.MatchString(cell) {
		t.Errorf("recipes/README.md: %s takes a %s, and not %q", key, kind, cell)
	}
}

// walkDefaults notes every key below a section with its default as YAML, and the kind of
// its value.
func walkDefaults(key string, section reflect.Value, found map[string]string, kinds map[string]reflect.Kind) {
	for _, f := range fields(section.Type()) {
		below, value := join(key, f.name), section.Field(f.index)
		if isSection(value.Type()) {
			walkDefaults(below, value, found, kinds)
			continue
		}
		kinds[below] = value.Kind()
		found[below] = inline(value)
		if f.required && below != "name" {
			found[below] = isMandatory
		}
		if value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct && isSection(value.Type().Elem()) {
			walkDefaults(below+"[]", reflect.Zero(value.Type().Elem()), found, kinds)
		}
	}
}

// TestReadmeKeys holds that every key has a row in recipes/README.md, with its
// default and the words that it takes, and that no row has a key that is none.
func TestReadmeKeys(t *testing.T) {
	l := parse(t, short, Options{})
	want := map[string]string{
		"extends":                  "none",
		"transform.mix.mixup":      isMandatory,
		"transform.mix.cutmix":     isMandatory,
		"transform.normalize.mean": isMandatory,
		"transform.normalize.std":  isMandatory,
		"network.weights.file":     isMandatory,
		"network.weights.url":      isMandatory,
		"network.weights.sha256":   `""`,
	}
	kinds := map[string]reflect.Kind{}
	walkDefaults("", reflect.ValueOf(l.Recipe), want, kinds)
	walkDefaults("clean[].drop.duplicate_image", reflect.ValueOf(defaultDrop(duplicateImage).DuplicateImage), want, kinds)
	want["clean[].drop.where"] = isMandatory
	walkDefaults("data.source", reflect.ValueOf(*defaultSource()), want, kinds)
	walkDefaults("train.loss.cross_entropy", reflect.ValueOf(defaultLoss(crossEntropy).CrossEntropy), want, kinds)
	for _, word := range choices["train.optimizer"] {
		_, options := defaultOptimizer(word).chosen()
		walkDefaults("train.optimizer."+word, options, want, kinds)
	}
	for _, word := range choices["transform.augment[]"] {
		a := defaultAugment(word)
		if options, ok := a.options(); ok {
			walkDefaults("transform.augment[]."+word, options, want, kinds)
		}
	}
	for _, word := range choices["train.schedule"] {
		if _, options := defaultSchedule(word).chosen(); word != constant {
			walkDefaults("train.schedule."+word, options, want, kinds)
		}
	}

	rows := readReadme(t).rows(t, "Key")
	sameWords(t, "keys", slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(want)))
	for key, cells := range rows {
		values, standard := code(cells[1]), strings.ReplaceAll(strings.Trim(cells[2], "`"), "NAME", l.Name)
		if standard == isMandatory || want[key] == isMandatory {
			if standard != want[key] {
				t.Errorf("recipes/README.md: the default of %s is %s, not %s", key, want[key], standard)
			}
		} else if !sameYAML(t, standard, want[key]) {
			t.Errorf("recipes/README.md: the default of %s is %s, not %s", key, want[key], standard)
		}
		if words, ok := choices[key]; ok && wordTables[key] == "" {
			sameWords(t, key, values, words)
		}
		wantSpan(t, key, cells[1])
		wantKind(t, key, cells[1], kinds[key])
	}
}

// wantSpan holds that the page says where a number may lie, if that is bounded.
func wantSpan(t *testing.T, key, cell string) {
	t.Helper()
	for _, spans := range []map[string]span{spans, pairs} {
		for _, full := range []string{key, key + "[]"} {
			if s, ok := spans[full]; ok && !strings.Contains(cell, s.String()) && !(s == share && cell == "fraction") && !(s == between(s.low, s.low)) {
				t.Errorf("recipes/README.md: %s is %s, and not %q", key, s, cell)
			}
		}
	}
}

// sameYAML compares values, so that a number may be written as people do.
func sameYAML(t *testing.T, a, b string) bool {
	t.Helper()
	return reflect.DeepEqual(value(t, a), value(t, b))
}

func value(t *testing.T, text string) (v any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("recipes/README.md: %q: %v", text, err)
	}
	return v
}

// wordTables are the choices that have a table of their own, by its header.
var wordTables = map[string]string{
	"clean[].drop":        "Rule",
	"transform.augment[]": "Augmentation",
	"network.layers[]":    "Layer",
	"report.plots[]":      "Plot",
}

// TestReadmeWords holds the tables of words.
func TestReadmeWords(t *testing.T) {
	page := readReadme(t)
	for key, header := range wordTables {
		rows := page.rows(t, header)
		sameWords(t, key, slices.Sorted(maps.Keys(rows)), choices[key])
		for word, cells := range rows {
			wantSpan(t, join(key, word), cells[1])
		}
	}
}

// TestReadmeLayers holds the options of layers, which layers they belong to and
// their defaults.
func TestReadmeLayers(t *testing.T) {
	page := map[string][]string{}
	for _, cells := range readReadme(t)["Option"] {
		option := code(cells[0])[0]
		for _, kind := range code(cells[1]) {
			page[kind] = append(page[kind], option)
			if got := defaultOption(t, kind, option); !sameYAML(t, strings.Trim(cells[3], "`"), got) {
				t.Errorf("recipes/README.md: the default of %s of %s is %s, not %s", option, kind, got, cells[3])
			}
		}
	}
	for _, kind := range choices["network.layers[]"] {
		sameWords(t, kind, page[kind], layerOptions[kind])
	}
}

// defaultOption returns the default of a layer's option as the page writes it.
func defaultOption(t *testing.T, kind, option string) string {
	t.Helper()
	if option == "kernel" {
		return isMandatory
	}
	const size = 3
	item := map[string]any{kind: size}
	if slices.Contains(layerOptions[kind], "kernel") {
		item["kernel"] = size
	}
	network := marshal(map[string]any{"network": map[string]any{"backbone": "layers", "layers": []any{item}}})
	l := parse(t, strings.Replace(short, "network:\n  backbone: resnet18\n", string(network), 1), Options{})
	layer := reflect.ValueOf(l.Network.Layers[0])
	field := layer.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, option) })
	if option == "stride" && field.Int() == size {
		return "the window"
	}
	return inline(field)
}

// TestReadmeRecipes holds that every recipe of the repository loads and has a
// row.
func TestReadmeRecipes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recipes, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	links := []string{"../biomass.yaml"}
	for _, file := range files {
		links = append(links, filepath.Base(file))
	}
	link := regexp.MustCompile(`^\[[^]]*\]\(([^)]*)\)$`)
	var page []string
	for _, cells := range readReadme(t)["Recipe"] {
		if match := link.FindStringSubmatch(cells[0]); match != nil {
			page = append(page, match[1])
		}
	}
	sameWords(t, "recipes", page, links)
	for _, name := range links {
		if _, err := Load(filepath.Join(recipes, name), Options{}); err != nil {
			t.Error(err)
		}
	}
}

// TestReadmeExamples holds that the page's complete examples load.
func TestReadmeExamples(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(recipes, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 6 {
		t.Fatalf("%d examples, not 6: the two smallest recipes, data.source, network.layers, network.weights, extends", len(blocks))
	}
	source, layers, weights, extends := blocks[2][1], blocks[3][1], blocks[4][1], blocks[5][1]
	parse(t, blocks[0][1], Options{})
	parse(t, blocks[1][1], Options{})
	parse(t, source+short[strings.Index(short, "split:"):], Options{})
	parse(t, strings.Replace(short, "network:\n  backbone: resnet18\n", layers, 1), Options{})
	parse(t, strings.Replace(short, "network:\n  backbone: resnet18\n", weights, 1), Options{})
	resolve := func(string) ([]byte, error) { return []byte(short), nil }
	if _, err := Parse("plants.yaml", []byte(extends), resolve, Options{}); err != nil {
		t.Error(err)
	}
}
