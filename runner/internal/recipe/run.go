package recipe

import (
	"fmt"
	"strconv"
)

// Run is one more training that a recipe asks for beside its own: the same recipe with
// other settings, and so an experiment that anybody can repeat alone.
type Run struct {
	// Name is unique among the runs of a recipe, and may name a file: seed-43.
	Name string
	// Set holds the settings, KEY=VALUE.
	Set []string
}

// Runs returns them in their order. The recipe's own training comes before them.
func (l *Loaded) Runs() []Run {
	var runs []Run
	for i := 1; i < l.Train.Repeat; i++ {
		seed := strconv.FormatUint(l.Train.Seed+uint64(i), 10) // beyond the largest comes 0
		runs = append(runs, Run{Name: "seed-" + seed, Set: []string{"train.seed=" + seed}})
	}
	return runs
}

// alone are the settings of a run that asks for no further ones.
var alone = []string{"train.repeat=1"}

// Variant returns the recipe of a run.
func (l *Loaded) Variant(run Run) (*Loaded, error) {
	nothing := func(path string) ([]byte, error) {
		return nil, fmt.Errorf("the canonical form extends nothing, and this one extends %s", path)
	}
	v, err := Parse("recipe.canonical", l.Canonical, nothing, Options{Set: append(append([]string{}, alone...), run.Set...)})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", run.Name, err)
	}
	return v, nil
}
