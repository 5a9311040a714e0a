package recipe

import (
	"slices"
	"strings"
	"testing"
)

// TestFeatures holds how columns and the rules of their empty cells are written, and
// that they come back the same.
func TestFeatures(t *testing.T) {
	l := parse(t, short+"transform:\n  features: none\n  fill: {dose: 0x10, age: median, soil: most_frequent, light: zero, heat: -1.5, wind: mean}\n", Options{
		Set: []string{"data.features=[age, {soil: categorical}, {dose: numeric}, light, heat, wind]"},
	})
	want := []Feature{{"age", ""}, {"soil", "categorical"}, {"dose", "numeric"}, {"light", ""}, {"heat", ""}, {"wind", ""}}
	if !slices.Equal(l.Data.Features, want) || l.Transform.Features != "none" {
		t.Errorf("got %+v, %s", l.Data.Features, l.Transform.Features)
	}
	fills := Fills{{"age", "median", 0}, {"dose", Given, 16}, {"heat", Given, -1.5}, {"light", "zero", 0}, {"soil", "most_frequent", 0}, {"wind", "mean", 0}}
	if !slices.Equal(l.Transform.Fill, fills) {
		t.Errorf("got %+v", l.Transform.Fill)
	}
	again := parse(t, string(l.Canonical), Options{})
	if again.Digest != l.Digest || !slices.Equal(again.Data.Features, want) || !slices.Equal(again.Transform.Fill, fills) {
		t.Errorf("the canonical form is another recipe:\n%s", again.Canonical)
	}
	if fill, ok := l.Transform.Fill.Of("heat"); !ok || fill.Value != -1.5 {
		t.Errorf("the rule of heat is %+v", fill)
	}
	if _, ok := l.Transform.Fill.Of("cold"); ok {
		t.Error("cold has a rule")
	}
	changes := Diff(parse(t, short, Options{}), parse(t, short, Options{Set: []string{"data.features=[age]", "transform.fill.age=3", "transform.target=log1p"}}))
	var got []string
	for _, c := range changes {
		got = append(got, c.String())
	}
	expect(t, got,
		"data.features: [] -> [age]: tells the network something else beside the picture; invalidates table, picture, clean, split, transform, network, train, evaluate, report",
		"transform.target: none -> log1p: learns the target on another scale; figures stay in its unit; invalidates transform, network, train, evaluate, report",
		"transform.fill: {} -> {age: 3}: takes other values for the empty cells of features; invalidates transform, network, train, evaluate, report")
}

func TestBadFeatures(t *testing.T) {
	for set, want := range map[string]string{
		"data.features=age":                        `data.features: must be a list, not the text "age"; write [age]`,
		"data.features=[3]":                        "data.features[0]: must be a column, or a map of one column, not the number 3",
		`data.features=[""]`:                       "data.features[0]: is empty; write a column",
		"data.features=[age, {age: numeric}]":      `data.features[1]: "age" is there twice`,
		"data.features=[mass]":                     `data.features[0]: "mass" is data.target: the network would be told what it is to predict; take it out`,
		"data.features=[{photo: categorical}]":     `data.features[0]: "photo" is data.image, a name that no other photo has; take it out`,
		"data.features=[{age: number}]":            `data.features[0].age: must be numeric or categorical, not the text "number"`,
		"data.features=[{age: 1}]":                 "data.features[0].age: must be numeric or categorical, not the number 1",
		"data.features=[{a: numeric, b: numeric}]": `data.features[0]: must have one key, a column; not "a" and "b"; write one column an item`,
		"data.features=[{}]":                       "data.features[0]: must have one key, a column; not none; write one column an item",
		"transform.features=log1p":                 `transform.features: must be standardize or none, not "log1p"`,
		"transform.fill=median":                    `transform.fill: must be a map of keys, not the text "median"`,
		"transform.fill={age: median}":             `transform.fill.age: "age" is none of data.features; add it there, or take it out here`,
		"transform.fill={age: modian}":             `transform.fill.age: must be median, mean, most_frequent or zero, or a number, not "modian"; did you mean "median"?`,
		"transform.fill={age: [1]}":                "transform.fill.age: must be median, mean, most_frequent or zero, or a number, not a list",
		"transform.fill={age: given}":              `transform.fill.age: must be median, mean, most_frequent or zero, or a number, not "given"`,
		"transform.fill={age: .inf}":               "transform.fill.age: must be a finite number",
	} {
		got := problems(t, short, Options{Set: []string{set}})
		if len(got) == 0 || got[0] != "--set "+want {
			t.Errorf("%s\ngot  %q\nwant %q", set, got, want)
		}
	}
	expect(t, problems(t, short, Options{Set: []string{"data.features=[age_days]", "transform.fill.age_day=median"}}),
		`--set transform.fill.age_day: "age_day" is none of data.features; did you mean "age_days"?`)
	expect(t, problems(t, strings.Replace(listed, "folders: images", "folders: images\n  features: [age]", 1), Options{}),
		"plants.yaml:4: data.features: is only for a table, and the pictures are in data.folders or data.parts; take it out")
}
