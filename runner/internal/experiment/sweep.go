package experiment

import (
	"context"
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/train"
)

// This file holds the stage sweep. Each variant is a line of its own that ends with its
// training: it is judged by its kept epoch on validation, and never sees the test part. The
// stages behind go on with the recipe of the best.

// asksSweep reports whether there is anything for the stage to do.
func asksSweep(l *line) bool { return len(l.asked.Sweep.Over) > 0 }

func runSweep(ctx context.Context, l *line) error {
	var claims []Claim
	if l.Claim != nil {
		claims = l.Claim.Variants
	}
	var err error
	if l.tries, err = l.further(ctx, "variant", l.asked.Variants(), claims, l.tried); err != nil {
		return err
	}
	found := lock.Sweep{On: l.asked.Sweep.On}
	for i, run := range l.asked.Variants() {
		variant := l.tries[i].run(run.Name)
		variant.Set = run.Set
		found.Variants = append(found.Variants, variant)
	}
	found.Winner = best(found)
	l.found = &found
	return nil
}

// tried returns the line of a variant.
func (l *line) tried(run recipe.Run) (*line, error) { return l.branch(l.asked, run, "evaluate") }

// best returns the name of the variant whose kept epoch is best, the first of those that
// are.
func best(s lock.Sweep) string {
	name, least := "", math.Inf(1)
	for _, v := range s.Variants {
		if badness := badnessOf(s.On, v); name == "" || badness < least {
			name, least = v.Name, badness
		}
	}
	return name
}

// badnessOf is what the kept epoch of a variant is judged by: less is better.
func badnessOf(on string, v lock.Run) float64 {
	if v.Model.Epoch < 1 || v.Model.Epoch > len(v.Training) {
		return math.Inf(1) // as somebody's lock may have it
	}
	e := train.Epoch(v.Training[v.Model.Epoch-1])
	return e.Badness(on)
}

// follow goes on with the recipe of the variant that won.
func (l *line) follow() error {
	if l.found == nil {
		return nil
	}
	i := slices.IndexFunc(l.asked.Variants(), func(run recipe.Run) bool { return run.Name == l.found.Winner })
	if i < 0 {
		return fmt.Errorf("sweep: there is no variant %s", l.found.Winner)
	}
	won, err := l.asked.Variant(l.asked.Variants()[i])
	if err != nil {
		return err
	}
	e := *l.Experiment
	e.Loaded = won
	l.Experiment = &e
	return nil
}

// sweepKept reports whether the states are there that this walk wants of every variant.
func sweepKept(l *line) bool {
	return l.found == nil || !slices.ContainsFunc(l.found.Variants, func(v lock.Run) bool { return !l.statesKept(v) })
}
