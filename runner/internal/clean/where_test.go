package clean

import (
	"reflect"
	"strings"
	"testing"

	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
)

func where(text string) recipe.Rule {
	return recipe.Rule{Drop: recipe.Drop{Kind: Where, Where: text}}
}

func TestWhere(t *testing.T) {
	labels := read(t, "name,weight,age days,alive,plant\n"+
		"a.jpg,0.5,61,TRUE,p1\n"+
		"b.jpg,0,5,FALSE,7\n"+
		"a.jpg,1,,,p2\n"+ // an empty cell satisfies nothing
		"b.jpg,2,60,TRUE,\n")
	ledger, err := apply([]recipe.Rule{where(`weight <= 0 or column("age days") > 60`), where("plant == 'p2' and missing(alive)"), where("weight > 100")}, labels)
	if err != nil {
		t.Fatal(err)
	}
	const first, second = `where weight <= 0 or column("age days") > 60`, "where plant == 'p2' and missing(alive)"
	want := &Ledger{
		Kept: []int{3},
		Dropped: []Dropped{
			{2, "a.jpg", first, "line 2: weight is 0.5, age days is 61"},
			{3, "b.jpg", first, "line 3: weight is 0, age days is 5"},
			{4, "a.jpg", second, "line 4: plant is p2, alive is empty"},
		},
		Counts: []Count{{first, 2}, {second, 1}, {"where weight > 100", 0}},
	}
	if !reflect.DeepEqual(ledger, want) {
		t.Errorf("got  %+v\nwant %+v", ledger, want)
	}

	for text, want := range map[string]string{
		"wieght > 1":   `has no column "wieght": did you mean "weight"?`,
		"plant > 1":    `plant is a text and 1 is a number: they cannot be compared by >: line 2, column 5 holds "p1"`,
		"weight > 'a'": `weight is a number and "a" is a text`,
		"alive":        "",
		"name":         "name is a text, not a condition",
	} {
		if _, err := Condition(text, labels); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	_, err = apply([]recipe.Rule{where("wieght > 1")}, labels)
	if err == nil || !strings.Contains(err.Error(), `clean: {where: "wieght > 1"}`) {
		t.Errorf("got %v", err)
	}
}

// TestLookalikes holds that rows are compared with those that are kept, and how it
// is said.
func TestLookalikes(t *testing.T) {
	labels := read(t, "name,weight\na.jpg,1\nb.jpg,2\ntwin.jpg,1\na.jpg,3\nbroken.jpg,1\ngone.jpg,1\n")
	near := func(bits uint64) picture.Look { return picture.Look{0, bits} }
	looks := []picture.Look{near(0), near(0b11111), near(0b111), near(0), {}, {}}
	rules := []recipe.Rule{{Drop: recipe.Drop{Kind: DuplicateImage, DuplicateImage: recipe.DuplicateImage{Near: 0.985}}},
		{Drop: recipe.Drop{Kind: UnreadableImage}}, {Drop: recipe.Drop{Kind: MissingImage}}}
	targets, err := labels.Floats(data.Target)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := Apply(rules, data, targets, labels, photos(), looks)
	if err != nil {
		t.Fatal(err)
	}
	const rule = "duplicate_image near 0.985"
	want := &Ledger{
		Kept: []int{0, 1},
		Dropped: []Dropped{
			{4, "twin.jpg", rule, "line 4: twin.jpg looks like b.jpg of line 3 (0.992 of 1)"},
			{5, "a.jpg", rule, "line 5: a.jpg looks like a.jpg of line 2 (1.000 of 1)"},
			{6, "broken.jpg", UnreadableImage, "line 6: broken.jpg cannot be read: unexpected EOF"},
			{7, "gone.jpg", MissingImage, "line 7: there is no file gone.jpg"},
		},
		Counts: []Count{{rule, 2}, {UnreadableImage, 1}, {MissingImage, 1}},
		Warnings: []string{"2 rows were dropped as duplicates although their weight is not that of the row with the same picture: " +
			"look at them (first: line 3 has 2, line 4 has 1)"},
	}
	if !reflect.DeepEqual(ledger, want) {
		t.Errorf("got  %+v\nwant %+v", ledger, want)
	}
}
