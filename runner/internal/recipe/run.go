package recipe

import (
	"fmt"
	"strconv"
	"strings"
)

// Run is one more training that a recipe asks for beside its own: the same recipe with
// other settings, and so an experiment that anybody can repeat alone.
type Run struct {
	// Name is unique among the runs of a recipe, and may name a file: seed-43, fold-2, fold-2-seed-43.
	Name string
	// Set holds the settings, KEY=VALUE.
	Set []string
}

// Runs returns them in their order: the seeds, or the folds, or of both each fold with each
// seed. The recipe's own training, of the first fold with the first seed, comes before them.
func (l *Loaded) Runs() []Run {
	var runs []Run
	add := func(fold, repeat int) {
		var run Run
		if fold > 0 {
			run.Name = fmt.Sprintf("fold-%d", fold)
			run.Set = append(run.Set, fmt.Sprintf("split.fold=%d", fold))
		}
		if repeat > 0 {
			seed := strconv.FormatUint(l.Train.Seed+uint64(repeat), 10) // beyond the largest comes 0
			run.Name = strings.TrimPrefix(run.Name+"-seed-"+seed, "-")
			run.Set = append(run.Set, "train.seed="+seed)
		}
		if l.Train.Repeat > 1 {
			run.Set = append(run.Set, "train.repeat=1")
		}
		runs = append(runs, run)
	}
	if l.Split.Folds > 0 && l.Split.Fold == 0 {
		for fold := 1; fold <= l.Split.Folds; fold++ {
			for repeat := range l.Train.Repeat {
				if fold > 1 || repeat > 0 {
					add(fold, repeat)
				}
			}
		}
	} else {
		for repeat := 1; repeat < l.Train.Repeat; repeat++ {
			add(0, repeat)
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
	return Parse("recipe.canonical", without(l.Node(), "sweep"), nil, Options{Set: run.Set})
}
