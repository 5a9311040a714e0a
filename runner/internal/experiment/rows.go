package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/train"
)

// This file holds what the stages read of the kept rows.

// rows are what is made of them once a walk, when it is first asked for.
type rows struct {
	photos   *train.Set     // of all kept rows, without their second input
	seen     []picture.Look // of all rows of the table
	features [][]float32    // the second input of all kept rows
}

// column returns a column's texts, a kept row each.
func (l *line) column(name string) ([]string, error) {
	all, err := l.table.Strings(name)
	if err != nil {
		return nil, err
	}
	return pick(all, l.ledger.Kept), nil
}

// keptTargets returns the target of each kept row.
func (l *line) keptTargets() ([]float64, error) {
	all, err := l.targets()
	if err != nil {
		return nil, fmt.Errorf("data.target: %w", err)
	}
	return pick(all, l.ledger.Kept), nil
}

// groups returns the name of each kept row's group: its cells, joined so that
// other cells give another name. It is empty where all of them are, and where the
// recipe names no columns: such a row stands alone.
func (l *line) groups() ([]string, error) {
	escape := strings.NewReplacer(`\`, `\\`, "/", `\/`)
	groups := make([]string, len(l.ledger.Kept))
	alone := strings.Repeat("/", max(len(l.Recipe.Data.Group)-1, 0)) // the name of empty cells
	for i, name := range l.Recipe.Data.Group {
		cells, err := l.column(name)
		if err != nil {
			return nil, fmt.Errorf("data.group: %w", err)
		}
		for j, cell := range cells {
			if i > 0 {
				groups[j] += "/"
			}
			groups[j] += escape.Replace(cell)
		}
	}
	for j, group := range groups {
		if group == alone {
			groups[j] = ""
		}
	}
	return groups, nil
}

// groupLabels returns the columns that name the groups, one by one.
func (l *line) groupLabels() ([]evaluate.Labels, error) {
	var all []evaluate.Labels
	for _, name := range l.Recipe.Data.Group {
		values, err := l.column(name)
		if err != nil {
			return nil, fmt.Errorf("data.group: %w", err)
		}
		all = append(all, evaluate.Labels{Column: name, Values: values})
	}
	return all, nil
}

// all returns the photos, targets and second inputs of all kept rows.
func (l *line) all() (train.Set, error) {
	if l.photos == nil {
		set, err := l.load()
		if err != nil {
			return train.Set{}, err
		}
		l.photos = &set
	}
	set := *l.photos
	var err error
	set.Features, err = l.encoded()
	return set, err
}

// PhotoMemory is how many bytes of pixels are held in memory, where nothing else is said.
const PhotoMemory = 2 << 30

// load returns the photos and targets of all kept rows. The first photos are loaded, as far
// as the memory for them goes; the others are read, and compared with their digests,
// whenever they are asked for.
func (l *line) load() (train.Set, error) {
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return train.Set{}, fmt.Errorf("data.image: %w", err)
	}
	targets, err := l.keptTargets()
	if err != nil {
		return train.Set{}, err
	}
	if err := l.catalogue.Open(); err != nil {
		return train.Set{}, err
	}
	n := len(l.ledger.Kept)
	set := train.Set{Photos: make([]train.Photo, n), Targets: targets}
	failed := make([]error, n)
	photo := l.Recipe.Picture.Size * l.Recipe.Picture.Size * l.Recipe.Picture.Channels()
	held := min(n, int(cmp.Or(l.PhotoMemory, PhotoMemory))/photo)
	kernel.Parallel(held, func(i int) {
		pixels, err := picture.Load(l.catalogue, images[i], l.Store)
		set.Photos[i], failed[i] = train.InMemory(pixels), err
	})
	for i := held; i < n; i++ {
		set.Photos[i] = func() ([]uint8, error) { return picture.Load(l.catalogue, images[i], l.Store) }
	}
	return set, errors.Join(failed...)
}

// set returns the same of some kept rows.
func (l *line) set(rows []int) (train.Set, error) {
	all, err := l.all()
	return train.Set{Photos: pick(all.Photos, rows), Targets: pick(all.Targets, rows), Features: pick(all.Features, rows)}, err
}

// samples joins what is known of each kept row before anything is predicted.
func (l *line) samples() ([]evaluate.Sample, error) {
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	groups, err := l.groups()
	if err != nil {
		return nil, err
	}
	all, err := l.all()
	if err != nil {
		return nil, err
	}
	samples := make([]evaluate.Sample, len(l.ledger.Kept))
	for i := range samples {
		samples[i] = evaluate.Sample{
			Line: l.table.Rows[l.ledger.Kept[i]].Line, Image: images[i], Group: groups[i], True: all.Targets[i],
		}
		if all.Features != nil {
			samples[i].Features = floats(all.Features[i])
		}
	}
	for i, part := range l.parts() {
		samples[i].Part = part
	}
	return samples, nil
}

// parts returns the part of each kept row.
func (l *line) parts() []string {
	parts := make([]string, len(l.ledger.Kept))
	for _, part := range []struct {
		name string
		rows []int
	}{{evaluate.Train, l.split.Train}, {evaluate.Validation, l.split.Validation}, {evaluate.Test, l.split.Test}} {
		for _, row := range part.rows {
			parts[row] = part.name
		}
	}
	return parts
}

// places says where in the table some of the kept rows stand, and what in a column.
func (l *line) places(rows []int, cells []string) string {
	const shown = 5
	var places []string
	for _, row := range rows {
		places = append(places, fmt.Sprintf("%s (%q)", l.table.PlaceRow(l.table.Rows[l.ledger.Kept[row]].Line), cells[row]))
	}
	return strings.Join(first(places, shown, "more"), ", ")
}

func floats(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return wide
}

// pick returns what a list has for some kept rows, nil where it is nil.
func pick[T any](list []T, rows []int) []T {
	if list == nil {
		return nil
	}
	picked := make([]T, len(rows))
	for i, row := range rows {
		picked[i] = list[row]
	}
	return picked
}
