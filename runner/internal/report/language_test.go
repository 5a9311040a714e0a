package report

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// noPackages is an importer that finds nothing: for the texts of this package, its own types do.
type noPackages struct{}

func (noPackages) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// texts reads the sources of the package and returns what they write in the report's language: texts, and
// nouns that stand behind a number.
func texts(t *testing.T) (keys, nouns map[string]bool) {
	t.Helper()
	files := token.NewFileSet()
	names, _ := filepath.Glob("*.go") // a pattern without fault
	var sources []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: noPackages{}, Error: func(error) {}}
	config.Check("report", files, sources, info) // fails for what is imported, which is not looked at
	keys, nouns = map[string]bool{}, map[string]bool{}
	take := func(into map[string]bool, e ast.Expr, what string) {
		value := info.Types[e].Value
		if value == nil || value.Kind() != constant.String {
			t.Errorf("%s: %s takes a text that stands in the sources, so that it can be translated", files.Position(e.Pos()), what)
			return
		}
		into[constant.StringVal(value)] = true
	}
	for _, source := range sources {
		ast.Inspect(source, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if v := info.Types[e]; v.Value != nil && v.Type != nil && v.Type.String() == "report.word" {
					take(keys, e, "a word")
					return false
				}
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
				switch selector.Sel.Name {
				case "t":
					take(keys, call.Args[0], "t")
					if v := info.Types[call.Args[0]].Value; v != nil && len(verbs(constant.StringVal(v))) != len(call.Args)-1 && !call.Ellipsis.IsValid() {
						t.Errorf("%s: t has %d arguments for %s", files.Position(call.Pos()), len(call.Args)-1, v)
					}
				case "plural":
					take(nouns, call.Args[1], "plural")
				}
			}
			return true
		})
	}
	delete(keys, "") // no text
	return keys, nouns
}

// TestGerman holds the catalogue: every text of the sources has a German one that takes the same arguments,
// and there is no other.
func TestGerman(t *testing.T) {
	keys, nouns := texts(t)
	if len(keys) < 100 || len(nouns) < 5 {
		t.Fatalf("only %d texts and %d nouns were found in the sources", len(keys), len(nouns))
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		text, ok := german[key]
		if !ok {
			t.Errorf("german.go has no text for %q", key)
		} else if fault := fits(key, text); fault != "" {
			t.Errorf("german.go: %q for %q: %s", text, key, fault)
		}
	}
	if len(german) < len(germanTexts) {
		for i, text := range germanTexts {
			if slices.ContainsFunc(germanTexts[:i], func(earlier [2]string) bool { return earlier[0] == text[0] }) {
				t.Errorf("german.go: %q is there twice", text[0])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(german)) {
		if !keys[key] {
			t.Errorf("german.go: no source has the text %q", key)
		}
	}
	for noun := range nouns {
		if forms := germanNouns[noun]; forms[0] == "" || forms[1] == "" {
			t.Errorf("germanNouns has no %q", noun)
		}
	}
	for noun := range germanNouns {
		if !nouns[noun] {
			t.Errorf("germanNouns: no source has %q", noun)
		}
	}
	for part := range parts {
		if germanFirst[part] == "" {
			t.Errorf("germanFirst has no %q", part)
		}
	}
}

// fits says what is wrong with a translation: empty where it takes what the key takes and begins and ends as it.
func fits(key, text string) string {
	want, got := verbs(key), verbs(text)
	for i, verb := range want {
		if got[i] != verb {
			return "argument " + strconv.Itoa(i) + " is written as %" + got[i] + ", not as %" + verb
		}
	}
	if len(got) > len(want) {
		return "it takes more arguments"
	}
	spaces := func(s string) string {
		return s[:len(s)-len(strings.TrimLeft(s, " "))] + "|" + s[len(strings.TrimRight(s, " ")):]
	}
	if spaces(key) != spaces(text) {
		return "other spaces at its ends"
	}
	return ""
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([-+# 0-9.]*[a-zA-Z%])`)

// verbs returns the verb of each argument that a format takes, by its place from 1.
func verbs(format string) map[int]string {
	all, next := map[int]string{}, 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1]) // digits by the expression
		}
		all[next] = m[2]
		next++
	}
	return all
}

// TestFits tries the rule for translations on good and bad ones.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		key, text string
		good      bool
	}{
		{"%s of %d", "%s von %d", true},
		{"%s of %d", "%[2]d mit %[1]s", true},
		{"%s of %d", "%d mit %s", false},
		{"%s of %d", "%s", false},
		{"once", "einmal %s", false},
		{"%.1f %% of it", "%.1f %% davon", true},
		{"%.1f", "%.2f", false},
		{"a, ", "b, ", true},
		{"a, ", "b,", false},
	} {
		if fault := fits(c.key, c.text); (fault == "") != c.good {
			t.Errorf("%q for %q: %q", c.text, c.key, fault)
		}
	}
}

// TestGermanNumbers writes numbers and nouns as German does.
func TestGermanNumbers(t *testing.T) {
	for got, want := range map[string]string{
		German.significant(0.15349): "0,153", German.significant(1234.5): "1234", German.significant(-5e-6): "−5,00e-06",
		German.decimal(-12.345, 1): "−12,3", German.decimal(-0.001, 2): "0,00",
		German.count(1234567): "1.234.567", German.count(999): "999",
		German.percent(0.9876): "98,8 %", German.with(0.5, "g"): "0,500 g", German.with(2, ""): "2,00",
		strings.Join(German.alike(0.1, 1, 0.25), " "): "1,000 0,250",
		German.plural(1, "photo"):                     "1 Foto", German.plural(1500, "individual"): "1.500 Individuen",
		German.part("validation"): "Validierung", German.first("train"): "Trainings", Language("").first("train"): "train",
		Language("en").t("All %s", "2 epochs"): "All 2 epochs", German.part("holdout"): "holdout",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
