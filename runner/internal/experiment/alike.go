package experiment

import (
	"context"
	"slices"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/split"
)

// comparesLooks reports whether a rule drops photos that look alike.
func comparesLooks(rules []recipe.Rule) bool {
	return slices.ContainsFunc(rules, func(r recipe.Rule) bool {
		return r.Drop.Kind == clean.DuplicateImage && r.Drop.DuplicateImage.Near < 1
	})
}

// looks returns what the photo of each row of the table looks like, made once a walk.
func (l *line) looks(ctx context.Context) ([]picture.Look, error) {
	if l.seen != nil {
		return l.seen, nil
	}
	names, err := l.table.Strings(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	task := l.Progress.Start("compare", len(names), "photos")
	defer task.Done()
	l.seen, err = picture.Looks(ctx, l.catalogue, names, l.Store, task)
	return l.seen, err
}

// alike numbers the kept rows so that those whose photos are the same have the same
// number: of the same bytes where near is 1, else of a likeness of near or more.
func (l *line) alike(ctx context.Context, near float64) ([]int, error) {
	if near < 1 {
		looks, err := l.looks(ctx)
		if err != nil {
			return nil, err
		}
		return picture.Alike(pick(looks, l.ledger.Kept), near), nil
	}
	names, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	if err := l.catalogue.Open(); err != nil {
		return nil, err
	}
	numbers, known := make([]int, len(names)), map[digest.Digest]int{}
	for i, name := range names {
		file := l.catalogue.Lookup(name).File
		if _, ok := known[file]; !ok {
			known[file] = i
		}
		numbers[i] = known[file]
	}
	return numbers, nil
}

// compare tells the evaluation which photos are the same and, where the split asks for
// it, which look the same.
func (l *line) compare(ctx context.Context, in *evaluate.Input) (err error) {
	if in.Copies, err = l.alike(ctx, 1); err != nil {
		return err
	}
	if near := l.Recipe.Split.Near; near > 0 && near < 1 {
		in.Likeness = near
		in.Alike, err = l.alike(ctx, near)
	}
	return err
}

// lookedFor is the likeness that is looked for where the recipe does not say one.
const lookedFor = 0.98

// copies says which photos have a copy in another part, where the split was not
// asked to.
func (l *line) copies(ctx context.Context) ([]string, error) {
	if l.Recipe.Split.Near > 0 {
		return nil, nil
	}
	alike, err := l.alike(ctx, lookedFor)
	if err != nil {
		return nil, err
	}
	names, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	part := make([]int, len(names))
	for i, rows := range [][]int{l.split.Train, l.split.Validation, l.split.Test} {
		for _, row := range rows {
			part[row] = i
		}
	}
	if message := split.Copies(alike, names, part); message != "" {
		return []string{message}, nil
	}
	return nil, nil
}
