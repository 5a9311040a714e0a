package network

import (
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/weights"
)

// Taken says what of a file of weights a network begins with. The names are tensors'.
type Taken struct {
	Loaded  []string `json:"loaded"`   // in the network and in the file
	LeftOut []string `json:"left_out"` // in the file alone, or those of another head
	Missing []string `json:"missing"`  // in the network alone: they stay as they are initialised
}

// Take sets parameters and running statistics from a file's tensors, by their names; the
// others stay as they are. A tensor of the head that has another shape is left out: the head
// of another task. Any other that does is an error that names both, and then, as where
// no tensor fits, nothing is changed. Numbers of batches, which no arithmetic reads, need
// not be there.
func (n *Network) Take(tensors []weights.Tensor) (Taken, error) {
	given := make(map[string]weights.Tensor, len(tensors))
	for _, t := range tensors {
		given[t.Name] = t
	}
	head := n.headNames()
	var taken Taken
	var other []string
	all := n.Tensors()
	for i, want := range all {
		t, ok := given[want.Name]
		switch {
		case !ok:
			if want.Int == nil {
				taken.Missing = append(taken.Missing, want.Name)
			}
			continue
		case (t.Int == nil) != (want.Int == nil) || !sameShape(t.Shape, want.Shape):
			if !head[want.Name] {
				other = append(other, fmt.Sprintf("%s is %v in the file and %v in the network", want.Name, t.Shape, want.Shape))
			}
			taken.Missing = append(taken.Missing, want.Name)
			continue
		}
		t.Shape = want.Shape
		all[i] = t
		taken.Loaded = append(taken.Loaded, want.Name)
	}
	for _, t := range tensors {
		if !slices.Contains(taken.Loaded, t.Name) {
			taken.LeftOut = append(taken.LeftOut, t.Name)
		}
	}
	switch {
	case len(other) > 0:
		const shown = 3
		if more := len(other) - shown; more > 0 {
			other = append(other[:shown], fmt.Sprintf("so are %d more", more))
		}
		return Taken{}, fmt.Errorf("the weights are of another network: %s", strings.Join(other, "; "))
	case len(taken.Loaded) == 0:
		return Taken{}, fmt.Errorf("the weights are of another network: none of their %d tensors (%s) is one of this backbone's (%s)",
			len(tensors), some(names(tensors)), some(names(all)))
	}
	return taken, n.Load(all)
}

// headNames holds the names of the head's parameters and running statistics.
func (n *Network) headNames() map[string]bool {
	names := map[string]bool{}
	for _, l := range n.layers[n.head():] {
		for _, p := range l.parameters() {
			names[p.Name] = true
		}
		if l.running != nil {
			names[l.name+".running_mean"], names[l.name+".running_var"] = true, true
		}
	}
	return names
}

// OutsideHead returns those of some names of tensors that are not the head's.
func (n *Network) OutsideHead(names []string) []string {
	head := n.headNames()
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return head[name] })
}

// sameShape compares shapes but for a kernel's height and width of 1: a dense layer is a
// convolution of 1x1.
func sameShape(a, b []int) bool {
	flat := func(shape []int) []int {
		for len(shape) > 2 && shape[len(shape)-1] == 1 {
			shape = shape[:len(shape)-1]
		}
		return shape
	}
	return slices.Equal(flat(a), flat(b))
}

func names(tensors []weights.Tensor) []string {
	list := make([]string, len(tensors))
	for i, t := range tensors {
		list[i] = t.Name
	}
	return list
}

// some shows the first names of a list.
func some(names []string) string {
	const shown = 3
	if len(names) > shown {
		names = append(slices.Clone(names[:shown]), "...")
	}
	return strings.Join(names, ", ")
}
