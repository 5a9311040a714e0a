package experiment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
)

// Action says what apply would do with a stage.
type Action string

const (
	Unchanged Action = "=" // as the lock says
	Changed   Action = "~" // something that feeds it changed
	New       Action = "+" // there is no lock yet
)

// Step is one stage of a plan.
type Step struct {
	Stage  string `json:"stage"`
	Action Action `json:"action"`
	// Kept says that the output is in the store: applying takes no work.
	Kept bool `json:"kept"`
	// Reason says what changed, or what there is to do.
	Reason string `json:"reason"`
}

// Plan says, for each stage, whether it would give what is locked, and whether
// there is work to do. It hashes the inputs and runs nothing, but makes the
// built-in data where they are missing.
func (e *Experiment) Plan(ctx context.Context) ([]Step, error) {
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, err
	}
	old, err := e.oldLock()
	if err != nil {
		return nil, err
	}
	var before *recipe.Loaded
	if old != nil {
		if before, err = project.LockedRecipe(old); err != nil {
			return nil, fmt.Errorf("%s: %w: restore it from git, or apply to have it made anew", e.Place.Lock(e.Recipe.Name), err)
		}
	}
	var steps []Step
	changed := map[string]bool{}
	for _, s := range l.stages {
		step := l.step(s, old, before, changed)
		changed[step.Stage] = step.Action != Unchanged
		steps = append(steps, step)
		if s.name != "sweep" {
			continue
		}
		if !step.Kept && step.Action == Unchanged {
			l.found = old.Sweep
		}
		if err := l.follow(); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// step plans one stage. Where its output is known, from the store or from the
// lock, the stages after it can be judged too.
func (l *line) step(s *stage, old *lock.Lock, before *recipe.Loaded, changed map[string]bool) Step {
	step := Step{Stage: s.name, Action: New}
	locked := lockedStage(old, s.name)
	key, known := l.key(s)
	if known {
		l.keys[s.name] = key
		output, ok := l.kept(s, key)
		if step.Kept = ok; ok {
			l.outputs[s.name] = output
		} else if locked != nil && locked.Key == key {
			l.outputs[s.name] = locked.Output
		}
	}
	switch {
	case locked == nil:
	case known && locked.Key == key:
		step.Action = Unchanged
	default:
		step.Action, step.Reason = Changed, l.reason(s, old, before, changed)
	}
	switch {
	case step.Reason != "":
	case !step.Kept:
		step.Reason = "to be made"
	case step.Action == New:
		step.Reason = "in the store already"
	}
	if s.name == "train" && known && !step.Kept {
		if n := checkpoint.Of(l.Store, key).Begun(); n > 0 {
			step.Reason += fmt.Sprintf("; goes on after epoch %d", n)
		}
	}
	if s.name == "network" && l.weights != nil && !step.Kept {
		taken := l.weights.taken
		step.Reason += fmt.Sprintf("; %s: %d tensors loaded, %d left out, %d not in it and so drawn", l.weights.name, len(taken.Loaded), len(taken.LeftOut), len(taken.Missing))
	}
	return step
}

// reason says which of a stage's inputs made its key another.
func (l *line) reason(s *stage, old *lock.Lock, before *recipe.Loaded, changed map[string]bool) string {
	var reasons []string
	sections := map[string]bool{}
	for _, name := range s.sections {
		sections[name] = true
	}
	for _, c := range recipe.Diff(before, l.asked) {
		section, _, _ := strings.Cut(c.Key, ".")
		if sections[strings.SplitN(section, "[", 2)[0]] || slices.Contains(s.keys, c.Key) {
			reasons = append(reasons, fmt.Sprintf("%s: %s -> %s", c.Key, c.Old, c.New))
		}
	}
	var earlier []string
	for _, name := range l.reads(s) {
		if changed[name] {
			earlier = append(earlier, name)
		}
	}
	if s.swept && changed["sweep"] {
		earlier = append(earlier, "sweep")
	}
	if len(earlier) > 0 {
		reasons = append(reasons, "follows "+strings.Join(earlier, ", "))
	}
	switch {
	case len(reasons) > 0:
	case s.name == "table" && old.Data.Table.Digest != l.table.File && l.table.Listed:
		words := "the photos or their classes changed"
		if l.Recipe.Data.Table != "" {
			words += ", or what is known of them"
		}
		reasons = append(reasons, words)
	case (s.name == "table" || s.name == "sweep" || s.name == "runs") && old.Data.Table.Digest != l.table.File:
		reasons = append(reasons, "the table's file changed")
	case s.name == "picture":
		reasons = append(reasons, "picture files changed")
	case (s.name == "network" || s.name == "sweep" || s.name == "runs") && l.weights != nil && old.Data.Weights != nil && old.Data.Weights.Digest != l.weights.file:
		reasons = append(reasons, "the file of network.weights changed")
	case s.name == "network" && l.classifies():
		reasons = append(reasons, "the number of classes changed")
	case s.name == "train":
		reasons = append(reasons, "the arithmetic changed")
	case s.name == "report" && old.Recipe.Path != l.Place.Path:
		reasons = append(reasons, fmt.Sprintf("the recipe moved from %s", old.Recipe.Path))
	default:
		reasons = append(reasons, "the stage itself changed in this version of runner")
	}
	return strings.Join(reasons, ", ")
}

// Agreement says whether a recipe and the lock in its checkout are of the same
// experiment.
type Agreement struct {
	There   bool            // the lock
	Changes []recipe.Change // from the locked recipe to this one
}

// Agree reports whether there is a lock, and of this recipe.
func (a Agreement) Agree() bool { return a.There && len(a.Changes) == 0 }

// Agreement compares recipe and lock without looking at the data.
func (e *Experiment) Agreement() (Agreement, error) {
	old, err := e.oldLock()
	if old == nil || err != nil {
		return Agreement{}, err
	}
	locked, err := project.LockedRecipe(old)
	if err != nil {
		return Agreement{}, fmt.Errorf("%s: %v: restore it from git, or apply to have it made anew", e.Place.Lock(e.Recipe.Name), err)
	}
	return Agreement{There: true, Changes: recipe.Diff(locked, e.Loaded)}, nil
}
