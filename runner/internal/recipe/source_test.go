package recipe

import (
	"strings"
	"testing"
)

// TestSource holds the ways of writing data.source with an address, and what is wrong.
func TestSource(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	fetched := "data.source={url: \"https://example.org/a.zip\", sha256: " + sum + "}"
	l := parse(t, short, Options{Set: []string{fetched}})
	if want := (Source{Plants: 500, Seed: 42, URL: "https://example.org/a.zip", SHA256: sum}); *l.Data.Source != want || !l.Data.Source.Fetched() {
		t.Errorf("%+v", l.Data.Source)
	}
	if strings.Contains(string(l.Canonical), "builtin") {
		t.Errorf("the canonical form says\n%s", l.Canonical)
	}
	if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest {
		t.Errorf("the canonical form became\n%s", again.Canonical)
	}
	if _, err := Parse("plants.yaml", []byte(listed), nil, Options{Set: []string{fetched}}); err != nil {
		t.Errorf("folders of classes cannot be fetched: %v", err)
	}

	const at = "--set data.source"
	for setting, want := range map[string][]string{
		"{url: https://a.org/b}":                                     {".sha256: is required with url; download the file once and write what sha256sum FILE prints, or shasum -a 256 FILE on macOS"},
		"{url: \"http://a.org/b\", sha256: " + sum + "}":             {".url: must begin with https://"},
		"{url: \"https://a.org/b\", sha256: AB}":                     {".sha256: must be 64 hexadecimal digits, in small letters"},
		"{url: 3, sha256: " + sum + "}":                              {".url: must be a text, not the number 3"},
		"{sha256: " + sum + "}":                                      {".builtin: is required; write rosettes; or url and sha256", ".sha256: is that of what url names, and there is no url; write url, or take it out"},
		"{}":                                                         {".builtin: is required; write rosettes; or url and sha256"},
		"{builtin: rosettes, sha256: " + sum + "}":                   {".sha256: is that of what url names, and there is no url; write url, or take it out"},
		"{url: \"https://a.org/b\", plants: 3, sha256: " + sum + "}": {".plants: is for what is drawn, and this is fetched; take it out"},
		"{url: \"https://a.org/b\", seed: 3, sha256: " + sum + ", builtin: rosettes}": {
			".builtin: is there beside url; write one of them", ".seed: is for what is drawn, and this is fetched; take it out",
		},
	} {
		var lines []string
		for _, line := range want {
			lines = append(lines, at+line)
		}
		got := problems(t, short, Options{Set: []string{"data.source=" + setting}})
		for i := range got {
			got[i] = strings.Replace(got[i], "--set: ", "--set ", 1)
		}
		expect(t, got, lines...)
	}
}

// TestSourceReplaced holds what an override of data.source leaves of the one before.
func TestSourceReplaced(t *testing.T) {
	sum, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	drawn := strings.Replace(short, "data:", "data:\n  source: {builtin: rosettes, plants: 9, seed: 3}", 1)
	fetched := strings.Replace(short, "data:", "data:\n  source: {url: \"https://a.org/b\", sha256: "+sum+"}", 1)
	for _, c := range []struct {
		base, set string
		want      Source
	}{
		{drawn, "{url: \"https://a.org/c\", sha256: " + other + "}", Source{Plants: 500, Seed: 42, URL: "https://a.org/c", SHA256: other}},
		{drawn, "{builtin: rosettes, seed: 4}", Source{Builtin: "rosettes", Plants: 9, Seed: 4}},
		{fetched, "{builtin: rosettes, seed: 4}", Source{Builtin: "rosettes", Plants: 500, Seed: 4}},
		{fetched, "{sha256: " + other + "}", Source{Plants: 500, Seed: 42, URL: "https://a.org/b", SHA256: other}},
	} {
		before, after := parse(t, c.base, Options{}), parse(t, c.base, Options{Set: []string{"data.source=" + c.set}})
		if *after.Data.Source != c.want {
			t.Errorf("%s: %+v", c.set, after.Data.Source)
		}
		changes := Diff(before, after)
		if kinds := before.Data.Source.Fetched() != after.Data.Source.Fetched(); kinds != (len(changes) == 1 && changes[0].Key == "data.source") || len(changes) != 1 {
			t.Errorf("%s: %v", c.set, changes)
		}
	}
	got := problems(t, fetched, Options{Set: []string{"data.source.url=https://a.org/c"}})
	if len(got) != 1 || !strings.Contains(got[0], "sha256: is required with url") {
		t.Errorf("another address with the sum of the one before: %q", got)
	}
}
