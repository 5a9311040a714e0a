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
		runs = append(runs, Run{Name: "seed-" + seed, Set: []string{"train.seed=" + seed, "train.repeat=1"}})
	}
	if l.Split.Folds > 0 && l.Split.Fold == 0 {
		for fold := 2; fold <= l.Split.Folds; fold++ {
			runs = append(runs, Run{Name: fmt.Sprintf("fold-%d", fold), Set: []string{fmt.Sprintf("split.fold=%d", fold)}})
		}
	}
	if l.Report.Leakage {
		runs = append(runs, Run{Name: Leaking, Set: []string{
			"split.by=random", "split.seed=" + strconv.FormatUint(l.Split.Seed, 10), "split.leak=ignore", "train.repeat=1", "report.leakage=false",
		}})
	}
	return runs
}

// Leaking is the name of the run that report.leakage asks for.
const Leaking = "random"

// Variant returns the recipe of a run, or of a variant of the sweep.
func (l *Loaded) Variant(run Run) (*Loaded, error) {
	nothing := func(path string) ([]byte, error) {
		return nil, fmt.Errorf("the canonical form extends nothing, and this one extends %s", path)
	}
	return Parse("recipe.canonical", without(l.Node(), "sweep"), nothing, Options{Set: run.Set})
}
