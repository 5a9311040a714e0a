package recipe

import (
	"slices"
	"testing"
)

// TestClips holds how clips are written, and that they come back the same.
func TestClips(t *testing.T) {
	l := parse(t, short, Options{Set: []string{"transform.clip={mass: [0, 0.999], age: [0.01, 1]}", "data.features=[age]"}})
	want := Clips{{"age", 0.01, 1}, {"mass", 0, 0.999}}
	again := parse(t, string(l.Canonical), Options{})
	if !slices.Equal(l.Transform.Clip, want) || !slices.Equal(again.Transform.Clip, want) || again.Digest != l.Digest {
		t.Errorf("got %+v\n%s", l.Transform.Clip, l.Canonical)
	}
	if clip, ok := l.Transform.Clip.Of("mass"); !ok || clip.High != 0.999 {
		t.Errorf("the clip of mass is %+v", clip)
	}
	if _, ok := l.Transform.Clip.Of("size"); ok {
		t.Error("size has a clip")
	}
	if l := parse(t, short, Options{Set: []string{"transform.clip={}"}}); l.Digest != parse(t, short, Options{}).Digest {
		t.Error("no clip is another recipe")
	}
	for value, want := range map[string]string{
		"[0, 1]":            "must be a map of keys, not a list",
		"{mass: 0.999}":     "mass: must be a list of two quantiles, not the number 0.999; write e.g. [0, 0.999]",
		"{mass: [0]}":       "mass: must be a list of two quantiles, not a list; write e.g. [0, 0.999]",
		"{mass: [0, high]}": `mass[1]: must be a number, not the text "high"`,
		"{mass: [0, 2]}":    "mass: must be two quantiles from 0 to 1, the smaller first, not 0 and 2",
		"{mass: [0.5, 0]}":  "mass: must be two quantiles from 0 to 1, the smaller first, not 0.5 and 0",
		"{age: [0, 1]}":     `age: "age" is neither the target of a regression nor one of data.features`,
	} {
		separator := "."
		if value[0] == '[' {
			separator = ": "
		}
		expect(t, problems(t, short, Options{Set: []string{"transform.clip=" + value}}), "--set transform.clip"+separator+want)
	}
}
