package recipe

import (
	"strings"
	"testing"
)

func TestPinWeights(t *testing.T) {
	sum, old := strings.Repeat("ab", 32), strings.Repeat("12", 32)
	for text, want := range map[string]string{
		"network: {backbone: resnet18, weights: {url: https://example.org/a.pth}} # why\n": "network: {backbone: resnet18, weights: {url: https://example.org/a.pth, sha256: SUM}} # why\n",
		"network:\n  weights: { file: \"a b.pth\" }\n":                                     "network:\n  weights: { file: \"a b.pth\", sha256: SUM }\n",
		"network:\n  weights:\n    url: https://example.org/a.pth   # here\n  freeze: all": "network:\n  weights:\n    url: https://example.org/a.pth   # here\n    sha256: SUM\n  freeze: all",
		"network:\n  weights:\n    file: a.pth":                                            "network:\n  weights:\n    file: a.pth\n    sha256: SUM",
		"network:\n  weights: {sha256: OLD, file: a.pth}\n":                                "network:\n  weights: {sha256: SUM, file: a.pth}\n",
		"network:\n  weights:\n    file: a.pth\n    sha256: \"SUM\"\n":                     "network:\n  weights:\n    file: a.pth\n    sha256: \"SUM\"\n",
	} {
		fill := func(s string) string { return strings.NewReplacer("SUM", sum, "OLD", old).Replace(s) }
		got, err := PinWeights([]byte(fill(text)), sum)
		if err != nil || string(got) != fill(want) {
			t.Errorf("%q gives %q: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "name: a\n", "network: {weights: imagenet}\n", "network: {weights: {}}\n", "network:\n  weights:\n    file:\n      a.pth\n", "a: [\n"} {
		if got, err := PinWeights([]byte(text), sum); err == nil {
			t.Errorf("%q gives %q", text, got)
		}
	}
}
