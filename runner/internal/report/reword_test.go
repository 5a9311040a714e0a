package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// TestReword words what stages say in German, and leaves what it does not know, and English.
func TestReword(t *testing.T) {
	for text, want := range map[string]string{
		`192 of 435 groups have rows in more than one part ("1/Süd/1", "2", ...): what is measured on validation and test is not what new groups would give; split.by: group keeps them together`:                                                                                                        `192 von 435 Gruppen haben Zeilen in mehr als einem Teil ("1/Süd/1", "2", ...): Was auf Validierung und Test gemessen wird, ist nicht, was neue Gruppen ergäben; split.by: group hält sie zusammen`,
		"2 photos have a copy in another part, or one that looks the same (a.jpg of train and b of c.jpg of test, d.jpg of validation and e.jpg of train): what is measured on validation and test was partly trained on; drop them with clean, or keep them together by data.group and split.by: group": "2 Fotos haben eine Kopie oder ein gleich aussehendes Foto in einem anderen Teil (a.jpg im Training und b of c.jpg im Test, d.jpg in der Validierung und e.jpg im Training): Was auf Validierung und Test gemessen wird, wurde teils schon trainiert; clean lässt sie weg, data.group mit split.by: group hält sie zusammen",
		"the train part ends 1 row earlier than its fraction asks for: rows of one time, 2024-01-03, stay together":                                                                                                                                                                                      "das Training endet um 1 Zeile früher, als sein Anteil verlangt: Zeilen einer Zeit, 2024-01-03, bleiben zusammen",
		"something new": "something new",
	} {
		if got := German.reword(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := Language("en").reword(text); got != text {
			t.Errorf("English has become %q", got)
		}
	}
	for detail, want := range map[string]string{
		"row 12: weight holds no value":                         "weight hat keinen Wert",
		"photo a.jpg: it has the same bytes as photo b.jpg":     "es hat dieselben Bytes wie Foto b.jpg",
		"line 3: a.jpg looks like b.jpg of line 2 (0.991 of 1)": "a.jpg sieht aus wie b.jpg von Zeile 2 (0.991 von 1)",
		"row 4: there is no file x.jpg":                         "die Datei x.jpg gibt es nicht",
		"row 5: age < 3 and pot = 2":                            "age < 3 and pot = 2",
		"nothing to cut":                                        "nothing to cut",
	} {
		if got := German.reason(detail); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestObserved finds every sentence that reword knows in the sources of the stages: one that is said
// otherwise there would be shown in English.
func TestObserved(t *testing.T) {
	verbs := regexp.MustCompile(`(%[-+0-9.]*[a-z])+`)
	blank := func(text string) string { return verbs.ReplaceAllString(text, "%") }
	var said []string
	for _, dir := range []string{"clean", "split", "experiment", "table"} {
		names, _ := filepath.Glob(filepath.Join("..", dir, "*.go"))
		for _, name := range names {
			source, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(source, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok && !strings.HasSuffix(name, "_test.go") {
					if text, ok := joined(e); ok {
						said = append(said, blank(text))
						return false
					}
				}
				return true
			})
		}
	}
	if len(said) == 0 {
		t.Fatal("no source was read")
	}
	for _, sentence := range observations {
		want := blank(string(sentence))
		for _, part := range []string{"train", "validation"} { // by time names the part, and the side
			want = strings.Replace(want, "the "+part+" part ends % later", "the % part ends % %", 1)
			want = strings.Replace(want, "the "+part+" part ends % earlier", "the % part ends % %", 1)
		}
		if !slices.Contains(said, want) && !slices.Contains(said, strings.TrimSuffix(want, "%")) {
			t.Errorf("no stage says %q", sentence)
		}
	}
}

// joined returns the text of a literal, or of several with a plus between them.
func joined(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, one := joined(e.X)
		right, two := joined(e.Y)
		return left + right, one && two && e.Op == token.ADD
	}
	return "", false
}

// TestCautions holds what is said before a result that must not be taken for more than it is.
func TestCautions(t *testing.T) {
	for name, c := range map[string]struct {
		change         func(*evaluate.Input)
		edit           func(*Document)
		english, other string
	}{
		"observed":     {nil, nil, "3 images have the same bytes.", "3 images have the same bytes."},
		"no test part": {func(in *evaluate.Input) { move(in, "test", "train") }, nil, "makes them too good.", "macht sie zu gut."},
		"torn": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].Group = "plant " + strconv.Itoa(i%7)
			}
		}, nil, "individuals in the test part are in the training part too: ", "Individuen der Testmenge sind auch in der Trainingsmenge"},
		"few": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].Group = in.Samples[i].Part + strconv.Itoa(i%4)
			}
		}, nil, "The test part has only 4 independent samples", "Die Testmenge hat nur 4 unabhängige Beispiele"},
		"constant": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].True = 3
			}
		}, nil, "Every photo of the test part has the same fresh_weight_total", "denselben Wert von fresh_weight_total"},
		"no photo of a class": {classes(5, 2.5), nil, "The test part has no photo of <Stellaria> media & al.:", "Die Testmenge hat kein Foto von <Stellaria> media & al.:"},
		"clipped": {nil, func(d *Document) { d.Clipped = &Clipped{12, 1440, 0.0125, 1.5} },
			"12 of 1,440 training targets are learnt as the end of the range from 0.0125 to 1.50 g", "12 von 1.440 Zielwerten des Trainings werden als das nähere Ende des Bereichs von 0,0125 bis 1,50 g"},
		"unseen": {nil, func(d *Document) {
			d.Features = []Feature{{Column: "soil", Unseen: 3, UnseenCategories: []string{"peat", "chalk"}}}
		}, "3 rows have a soil that no training row has (peat, chalk)", "3 Zeilen haben in soil etwas, das keine Trainingszeile hat (peat, chalk)"},
	} {
		d := document(t, c.change)
		if c.edit != nil {
			c.edit(&d)
		}
		if got := strings.Join(d.Cautions(), "\n"); !strings.Contains(got, c.english) {
			t.Errorf("%s: %q is not in %q", name, c.english, got)
		}
		d.Language = German
		if got := strings.Join(d.Cautions(), "\n"); !strings.Contains(got, c.other) {
			t.Errorf("%s: %q is not in %q", name, c.other, got)
		}
	}
}
