// Package rosette owns the built-in data: top-view photos of potted rosettes
// that no camera took, and the label table of a laboratory that never was. The
// fresh weight of a plant follows from what is drawn: the area of its leaves,
// their thickness, which shows as a darker green, and its condition, which
// shows as faded and dried leaves. The table carries the faults of a real
// export: weights never taken, photos lost, a photo cut off, photos stored
// twice, sensors that overflowed.
//
// A set is a function of its Options alone, byte for byte on every platform:
// streams are named, transcendental functions come from elementary, products
// that are added to are rounded first, and colours are integers. The package
// never touches a file.
package rosette

import (
	"fmt"
	"slices"
)

// Version names the drawing and the table. It changes whenever the same
// Options give other bytes.
const Version = "rosettes 1"

// Options is the size of the set.
type Options struct {
	// Plants is how many plants there are, each on 2 to 4 photos.
	Plants int
	// Seed of everything drawn.
	Seed uint64
}

// Set is the label table, decided, and the photos, not drawn yet. It does not
// change after New and may be used from several goroutines.
type Set struct {
	options Options
	plants  []plant
	shots   []shot
	byName  map[string]int // index into shots
}

// New decides every plant, photo and label of a set. Fewer plants than one
// give an empty set.
func New(o Options) *Set {
	s := &Set{options: o, plants: growPlants(o)}
	s.shots = takeShots(o, s.plants)
	s.byName = make(map[string]int, len(s.shots))
	for i, shot := range s.shots {
		s.byName[shot.name] = i
	}
	return s
}

// Columns returns the names of the columns of the label table.
func (s *Set) Columns() []string { return slices.Clone(columns) }

// Rows returns the label table, one row a photo. A cell is a string, float64,
// int, bool or nil, which is an empty cell.
func (s *Set) Rows() [][]any {
	rows := make([][]any, len(s.shots))
	for i := range s.shots {
		shot := &s.shots[i]
		rows[i] = s.row(&s.plants[shot.plant], shot)
	}
	return rows
}

// Photos returns the names of the files that exist, in the order of the rows.
func (s *Set) Photos() []string {
	var names []string
	for i := range s.shots {
		if !s.shots[i].lost {
			names = append(names, s.shots[i].name)
		}
	}
	return names
}

// Photo draws a photo and returns its file, a JPEG. One file of a set ends in
// the middle and no decoder reads it whole. A name that is not among Photos is
// an error.
func (s *Set) Photo(name string) ([]byte, error) {
	i, ok := s.byName[name]
	if !ok || s.shots[i].lost {
		return nil, fmt.Errorf("draw %s: no such photo in %s with %d plants, seed %d",
			name, Version, s.options.Plants, s.options.Seed)
	}
	shot := &s.shots[i]
	data, err := shot.draw(s.options.Seed, &s.plants[shot.plant])
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", name, err)
	}
	if shot.cutOff {
		data = data[:len(data)*2/5]
	}
	return data, nil
}
