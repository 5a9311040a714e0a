package network

import (
	"testing"

	"biomass/runner/internal/recipe"
)

// TestPlan: what is alive at the same time lies apart, and the arena is hardly
// larger than the most that is alive at once.
func TestPlan(t *testing.T) {
	networks := map[string]*Network{"residual blocks": residualNetwork(t), "adaptive pool": adaptiveNetwork(t), "every kind": layersNetwork(t, everyItem)}
	networks["resnet18"] = mustNew(t, recipe.Network{Backbone: "resnet18"}, Input{32, 32, 3}, 2)
	for name, n := range networks {
		const batch = 2
		x := noise("pictures", batch*n.picture.size())
		if _, err := n.Step(x, noise("targets", batch*2), batch, streams); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Predict(x, batch); err != nil {
			t.Fatal(err)
		}
		for what, g := range map[string]*graph{"training": n.trainings[batch].graph, "evaluation": n.evaluations[piece{batch, none, len(n.layers) - 1}].graph} {
			size, alive := apart(t, g)
			t.Logf("%s, %s: %d numbers, %d alive", name, what, size, alive)
			if size > len(n.arena) || float64(size) > 1.1*float64(alive) {
				t.Errorf("%s: the %s has %d numbers at once in an arena of %d, of %d", name, what, alive, size, len(n.arena))
			}
		}
	}
}

// TestNormKeepsNoOutput: the output of a batch norm with a ReLU is not kept for the
// backward pass, no more than with another activation, unless something was added.
func TestNormKeepsNoOutput(t *testing.T) {
	arena := func(act string) int {
		n := layersNetwork(t, []recipe.Layer{convItem, normItem, {Kind: act}, maxItem, flat, head})
		const batch = 2
		if _, err := n.Step(noise("pictures", batch*n.picture.size()), noise("targets", batch*2), batch, streams); err != nil {
			t.Fatal(err)
		}
		return len(n.arena)
	}
	if got, want := arena("relu"), arena("relu6"); got != want {
		t.Errorf("a step with relu needs %d numbers, with relu6 %d", got, want)
	}
}

// apart fails where two blocks that are alive at the same time overlap. It returns
// how far the blocks reach and the most that is alive at once.
func apart(t *testing.T, g *graph) (size, most int) {
	t.Helper()
	var blocks []*block
	seen := map[*block]bool{nil: true}
	for _, o := range g.sequence {
		if !seen[o.block] {
			seen[o.block] = true
			blocks = append(blocks, o.block)
		}
	}
	for at := range g.sequence {
		sum := 0
		for i, b := range blocks {
			if at < b.first || b.last < at {
				continue
			}
			sum += b.size
			for _, other := range blocks[:i] {
				if other.first <= at && at <= other.last && other.offset < b.offset+b.size && b.offset < other.offset+other.size {
					t.Fatalf("at %d, %s: %+v and %+v overlap", at, g.sequence[at].name, b, other)
				}
			}
		}
		most = max(most, sum)
	}
	for _, b := range blocks {
		size = max(size, b.offset+b.size)
	}
	return size, most
}
