package lock

import (
	"fmt"
	"sort"
	"strconv"

	"go.yaml.in/yaml/v3"

	"biomass/runner/internal/digest"
)

// Difference is one place where two locks differ. An empty value stands for a
// key that is not there.
type Difference struct {
	Path string `json:"path"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// String reads "training[epoch 3].state: sha256:… -> sha256:…".
func (d Difference) String() string {
	show := func(s string) string {
		if s == "" {
			return "(none)"
		}
		return s
	}
	return fmt.Sprintf("%s: %s -> %s", d.Path, show(d.A), show(d.B))
}

// Compare returns where the verified parts of two locks differ, but for their
// seals, in the order of the file: what comes first is nearest to the cause.
func Compare(a, b *Lock) ([]Difference, error) {
	var na, nb yaml.Node
	for _, side := range []struct {
		lock *Lock
		node *yaml.Node
	}{{a, &na}, {b, &nb}} {
		verified := *side.lock
		verified.Recorded, verified.Seal = Recorded{}, digest.Digest{}
		if err := side.node.Encode(&verified); err != nil {
			return nil, fmt.Errorf("compare locks: %w", err)
		}
	}
	var differences []Difference
	walk("", &na, &nb, &differences)
	return differences, nil
}

// walk compares two nodes; either may be nil.
func walk(path string, a, b *yaml.Node, out *[]Difference) {
	if kind(a) != kind(b) || kind(a) == yaml.ScalarNode {
		if text(a) != text(b) {
			*out = append(*out, Difference{path, text(a), text(b)})
		}
		return
	}
	switch kind(a) {
	case yaml.MappingNode:
		fa, fb := fields(a), fields(b)
		for _, key := range union(a, b) {
			child := key
			if path != "" {
				child = path + "." + key
			}
			walk(child, fa[key], fb[key], out)
		}
	case yaml.SequenceNode:
		for i := range max(len(a.Content), len(b.Content)) {
			walk(fmt.Sprintf("%s[%s]", path, label(i, item(a, i), item(b, i))), item(a, i), item(b, i), out)
		}
	}
}

func kind(n *yaml.Node) yaml.Kind {
	if n == nil {
		return 0
	}
	return n.Kind
}

// text shows a node on one line.
func text(n *yaml.Node) string {
	switch kind(n) {
	case 0:
		return ""
	case yaml.ScalarNode:
		return n.Value
	}
	flow := *n
	flow.Style = yaml.FlowStyle
	b, err := yaml.Marshal(&flow)
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return string(b[:len(b)-1])
}

// label is how people find the item i of a list: by the stage's name, the
// feature's column or the number of the epoch, else by i, from 0.
func label(i int, sides ...*yaml.Node) string {
	for _, n := range sides {
		if kind(n) != yaml.MappingNode {
			continue
		}
		f := fields(n)
		if name := f["name"]; name != nil {
			return name.Value
		}
		if column := f["column"]; column != nil {
			return column.Value
		}
		if epoch := f["epoch"]; epoch != nil {
			return "epoch " + epoch.Value
		}
	}
	return strconv.Itoa(i)
}

func item(n *yaml.Node, i int) *yaml.Node {
	if i < len(n.Content) {
		return n.Content[i]
	}
	return nil
}

func fields(n *yaml.Node) map[string]*yaml.Node {
	m := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		m[n.Content[i].Value] = n.Content[i+1]
	}
	return m
}

// union returns the keys of a in their order, then those that only b has,
// sorted.
func union(a, b *yaml.Node) []string {
	have := fields(a)
	var keys, added []string
	for i := 0; i+1 < len(a.Content); i += 2 {
		keys = append(keys, a.Content[i].Value)
	}
	for key := range fields(b) {
		if have[key] == nil {
			added = append(added, key)
		}
	}
	sort.Strings(added)
	return append(keys, added...)
}
