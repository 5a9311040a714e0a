package clean

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
)

var data = recipe.Data{Image: "name", Target: "weight", Missing: []string{"-1"}}

func read(t *testing.T, content string) *table.Table {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	labels, err := table.Read(path, data)
	if err != nil {
		t.Fatal(err)
	}
	return labels
}

// photos is a catalogue in which twin.jpg has the bytes of a.jpg and the file
// that gone.jpg names does not exist.
func photos() *picture.Catalogue {
	bytes := func(s string) digest.Digest { return digest.Of([]byte(s)) }
	return &picture.Catalogue{Entries: []picture.Entry{
		{Name: "../e.jpg", Problem: "it is outside of the folder"},
		{Name: "a.jpg", Exists: true, File: bytes("a")},
		{Name: "b.jpg", Exists: true, File: bytes("b")},
		{Name: "broken.jpg", Exists: true, File: bytes("broken"), Problem: "unexpected EOF"},
		{Name: "gone.jpg"},
		{Name: "twin.jpg", Exists: true, File: bytes("a")},
	}}
}

// apply cleans the rows of a table whose target is a number.
func apply(rules []recipe.Rule, labels *table.Table) (*Ledger, error) {
	targets, err := labels.Floats(data.Target)
	if err != nil {
		return nil, err
	}
	return Apply(rules, data, targets, labels, photos(), nil)
}

func rules(names ...string) (list []recipe.Rule) {
	for _, name := range names {
		list = append(list, recipe.Rule{Drop: recipe.Drop{Kind: name, DuplicateImage: recipe.DuplicateImage{Near: 1}}})
	}
	return list
}

var all = rules(MissingTarget, MissingImage, UnreadableImage, DuplicateImage)

func TestApply(t *testing.T) {
	labels := read(t, "name,weight\n"+
		"a.jpg,\n"+ // dropped before it could be the first of its duplicates
		"twin.jpg,0.5\n"+
		"gone.jpg,-1\n"+
		"gone.jpg,0.1\n"+
		",0.2\n"+
		"../e.jpg,0.2\n"+
		"broken.jpg,0.3\n"+
		"a.jpg,0.5\n"+
		"b.jpg,0.4\n"+
		"b.jpg,0.6\n"+
		"b.jpg,0.7\n")
	ledger, err := apply(all, labels)
	if err != nil {
		t.Fatal(err)
	}
	want := &Ledger{
		Kept: []int{1, 8},
		Dropped: []Dropped{
			{2, "a.jpg", MissingTarget, "line 2: weight holds no value"},
			{4, "gone.jpg", MissingTarget, "line 4: weight holds no value"},
			{5, "gone.jpg", MissingImage, "line 5: there is no file gone.jpg"},
			{6, "", MissingImage, "line 6: no picture is named"},
			{7, "../e.jpg", MissingImage, "line 7: there is no file ../e.jpg: it is outside of the folder"},
			{8, "broken.jpg", UnreadableImage, "line 8: broken.jpg cannot be read: unexpected EOF"},
			{9, "a.jpg", DuplicateImage, "line 9: a.jpg has the same bytes as twin.jpg of line 3"},
			{11, "b.jpg", DuplicateImage, "line 11: b.jpg is the picture of line 10 too"},
			{12, "b.jpg", DuplicateImage, "line 12: b.jpg is the picture of line 10 too"},
		},
		Counts: []Count{{MissingTarget, 2}, {MissingImage, 3}, {UnreadableImage, 1}, {DuplicateImage, 3}},
		Warnings: []string{"2 rows were dropped as duplicates although their weight is not that of the row with the same picture: " +
			"look at them (first: line 10 has 0.4, line 11 has 0.6)"},
	}
	if !reflect.DeepEqual(ledger, want) {
		t.Errorf("got  %+v\nwant %+v", ledger, want)
	}

	again, err := apply(all, labels)
	if err != nil || again.Digest() != ledger.Digest() {
		t.Errorf("the same rules give another digest (%v)", err)
	}
	again.Dropped[0].Line++
	if again.Digest() == ledger.Digest() {
		t.Error("the digest does not cover the dropped rows")
	}
}

// TestApplyOrder checks that a row is dropped by the first rule that applies.
func TestApplyOrder(t *testing.T) {
	labels := read(t, "name,weight\ngone.jpg,\na.jpg,1\n")
	for _, order := range [][]recipe.Rule{rules(MissingTarget, MissingImage), rules(MissingImage, MissingTarget)} {
		ledger, err := apply(order, labels)
		if err != nil {
			t.Fatal(err)
		}
		if got := ledger.Dropped[0].Rule; got != order[0].Drop.Kind {
			t.Errorf("%s dropped the row, want %s", got, order[0].Drop.Kind)
		}
		if n := ledger.Counts[1].N; n != 0 {
			t.Errorf("the second rule dropped %d rows, want 0", n)
		}
	}
}

func TestApplyErrors(t *testing.T) {
	for _, test := range []struct {
		content string
		rules   []recipe.Rule
		wants   []string
	}{
		{"name,weight\na.jpg,1\nb.jpg,\n", nil, []string{"line 3", "weight holds no value", "{drop: missing_target}"}},
		{"name,weight\na.jpg,1\ngone.jpg,1\n", rules(MissingTarget), []string{"line 3", "no file gone.jpg", "{drop: missing_image}"}},
		{"name,weight\nbroken.jpg,1\n", rules(MissingTarget, MissingImage), []string{"line 2", "unexpected EOF", "{drop: unreadable_image}"}},
		{"name,weight\ngone.jpg,1\na.jpg,\n", all, []string{"no row", "of 2 rows", "missing_target dropped 1, missing_image dropped 1"}},
		{"name,weight\na.jpg,heavy\n", all, []string{"line 2, column 2", `"heavy"`}},
		{"name,wieght\na.jpg,1\n", all, []string{`no column "weight"`, `"wieght"`}},
		{"nmae,weight\na.jpg,1\n", all, []string{`no column "name"`}},
		{"name,weight\na.jpg,1\n", rules("missing_traget"), []string{"missing_traget", MissingTarget}},
	} {
		_, err := apply(test.rules, read(t, test.content))
		if err == nil {
			t.Errorf("%q: no error", test.content)
			continue
		}
		for _, want := range test.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
	}
}
