package recipe

import (
	"slices"
	"strings"
	"testing"
)

// TestHead holds what a head may be, and that none is none.
func TestHead(t *testing.T) {
	set := func(values ...string) Options {
		for i := range values {
			values[i] = "network.head" + values[i]
		}
		return Options{Set: values}
	}
	l := parse(t, short, set("={hidden: [512, 128], dropout: [0.5, 0.25, 0.25], batch_norm: true}"))
	if h := l.Network.Head; !slices.Equal(h.Hidden, []int{512, 128}) || !slices.Equal(h.Dropout, []float64{0.5, 0.25, 0.25}) || !h.BatchNorm {
		t.Errorf("got %+v", h)
	}
	if want := "head:\n    batch_norm: true\n    dropout:\n      - 0.5\n      - 0.25\n      - 0.25\n    hidden:\n      - 512\n      - 128\n"; !strings.Contains(string(l.Canonical), want) {
		t.Errorf("got\n%s\nwant\n%s", l.Canonical, want)
	}
	if parse(t, short, set("={}", ".hidden=[]", ".dropout=[]", ".batch_norm=false")).Digest != parse(t, short, Options{}).Digest {
		t.Error("a head of nothing changes the recipe")
	}
	parse(t, short, set("={dropout: [0.3]}"))

	vgg := strings.Replace(short, "resnet18", "vgg16", 1)
	parse(t, vgg, Options{Set: []string{"train.batch=1", "network.head.hidden=[8]"}})
	expect(t, problems(t, vgg, Options{Set: []string{"train.batch=1", "network.head={hidden: [8], batch_norm: true}"}}),
		"--set train.batch: must be 2 or more: the network has a batch norm")

	for head, want := range map[string]string{
		"={hidden: [0]}":                    "network.head.hidden[0]: must be from 1 to 65536, not 0",
		"={hidden: 512}":                    "network.head.hidden: must be a list, not the number 512",
		"={hidden: [8], dropout: [0.5]}":    "network.head.dropout: must have a probability for each linear layer, those of hidden and the last: 2, not 1",
		"={hidden: [8], dropout: [0, 1]}":   "network.head.dropout[1]: must be from 0 to below 1, not 1",
		"={batch_norm: true}":               "network.head.batch_norm: is behind hidden layers, and there are none; write hidden, e.g. [512, 128]",
		"={hidden: [8], batchnorm: true}":   `network.head.batchnorm: unknown key; did you mean "batch_norm"?`,
		"={hidden: [" + ones(17) + "]}":     "network.head.hidden: has 17 layers; at most 16",
		"={hidden: [8], dropout: [a, 0.5]}": `network.head.dropout[0]: must be a number, not the text "a"`,
		"=512-128":                          `network.head: must be a map of keys, not the text "512-128"`,
	} {
		expect(t, problems(t, short, set(head)), "--set "+want)
	}
	expect(t, problems(t, strings.Replace(short, "resnet18", "layers\n  layers: [flatten, {dense: 1}]\n  head: {hidden: [8]}", 1), Options{}),
		"plants.yaml:10: network.head: takes the place of a backbone's last layer, and network.layers has its own; write its layers at the end of network.layers")
	changes := Diff(parse(t, short, Options{}), parse(t, short, set("={dropout: [0.3]}")))
	if len(changes) != 1 || changes[0].String() != "network.head.dropout: [] -> [0.3]: drops other shares of what the head's layers read; invalidates network, train, evaluate, report" {
		t.Errorf("got %v", changes)
	}
}

func ones(n int) string { return strings.TrimSuffix(strings.Repeat("1, ", n), ", ") }
