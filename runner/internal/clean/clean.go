// Package clean owns the Ledger: which rows of a table are used, and for each
// other row which rule dropped it and why. It drops whole rows and changes no
// value. After it, every kept row has a numeric target and a readable picture.
package clean

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
)

// The rules, as recipes name them.
const (
	MissingTarget   = "missing_target"   // the target cell is empty
	MissingImage    = "missing_image"    // the image cell is empty, or there is no such file
	UnreadableImage = "unreadable_image" // the file is no picture that can be decoded
	DuplicateImage  = "duplicate_image"  // a row above, still kept, has a picture of the same bytes, or that looks the same
	Where           = "where"            // its condition holds
)

// Ledger says what became of every row.
type Ledger struct {
	// Kept are indices into the table's rows, ascending.
	Kept []int
	// Dropped rows in the order of the table.
	Dropped []Dropped
	// Counts of dropped rows, one a rule, in the order of the recipe.
	Counts []Count
	// Warnings are what a person should look at, in words.
	Warnings []string
}

// Dropped is one row that is not used.
type Dropped struct {
	// Line of the row in its file.
	Line int
	// Image is what the row's image cell says.
	Image string
	// Rule that dropped the row: the first one in the recipe's order that applies, with its condition.
	Rule string
	// Detail says where the row is and why it was dropped, in words.
	Detail string
}

// Count is how many rows one rule dropped.
type Count struct {
	Rule string `json:"rule"`
	N    int    `json:"rows"`
}

// Digest returns the digest of what was kept and dropped, and why.
func (l *Ledger) Digest() digest.Digest {
	e := digest.New("ledger").Ints(l.Kept).Int(int64(len(l.Dropped)))
	for _, d := range l.Dropped {
		e.Int(int64(d.Line)).String(d.Image).String(d.Rule).String(d.Detail)
	}
	e.Int(int64(len(l.Counts)))
	for _, c := range l.Counts {
		e.String(c.Rule).Int(int64(c.N))
	}
	return e.Strings(l.Warnings).Sum()
}

// sheet is a table seen through the two columns that the rules look at.
type sheet struct {
	table   *table.Table
	target  string
	targets []float64 // NaN where empty
	cells   []string  // the target as the table writes it
	images  []string
	entries []*picture.Entry // nil where the image cell is empty
	looks   []picture.Look   // of each row, where a rule compares them

	conflicts []string // pairs of rows with the same picture and different targets, in words
}

// Apply works the rules off, in order, each on the rows that the ones before it
// left. targets holds each row's target, NaN where it is empty; looks what each
// row's photo looks like, for duplicate_image with near. It is an error when
// a row remains that cannot be used, or none at all.
func Apply(rules []recipe.Rule, data recipe.Data, targets []float64, t *table.Table, c *picture.Catalogue, looks []picture.Look) (*Ledger, error) {
	cells, err := t.Strings(data.Target)
	if err != nil {
		return nil, err
	}
	images, err := t.Strings(data.Image)
	if err != nil {
		return nil, err
	}
	if err := c.Open(); err != nil {
		return nil, err
	}
	s := &sheet{table: t, target: data.Target, targets: targets, cells: cells, images: images, entries: make([]*picture.Entry, len(images)), looks: looks}
	for i, name := range images {
		if name != "" {
			s.entries[i] = c.Lookup(name)
		}
	}

	ledger := &Ledger{}
	dropped := make([]*Dropped, len(t.Rows))
	for _, rule := range rules {
		name := rule.Drop.String()
		judge, err := s.judge(rule.Drop)
		if err != nil {
			return nil, err
		}
		count := Count{Rule: name}
		for i, row := range t.Rows {
			if dropped[i] != nil {
				continue
			}
			if reason := judge(i); reason != "" {
				dropped[i] = &Dropped{Line: row.Line, Image: images[i], Rule: name, Detail: t.PlaceRow(row.Line) + ": " + reason}
				count.N++
			}
		}
		ledger.Counts = append(ledger.Counts, count)
	}

	for i, d := range dropped {
		if d != nil {
			ledger.Dropped = append(ledger.Dropped, *d)
			continue
		}
		for _, rule := range []string{MissingTarget, MissingImage, UnreadableImage} {
			if reason := s.lack(rule, i); reason != "" {
				return nil, fmt.Errorf("table %s, %s: %s: correct it, or add the rule {drop: %s} to clean",
					t.Path, t.PlaceRow(t.Rows[i].Line), reason, rule)
			}
		}
		ledger.Kept = append(ledger.Kept, i)
	}
	if len(ledger.Kept) == 0 {
		first := ""
		if at := slices.IndexFunc(ledger.Dropped, func(d Dropped) bool { return d.Rule == MissingImage }); at >= 0 {
			first = fmt.Sprintf(" (first: %s)", ledger.Dropped[at].Detail)
			if there := c.Example(); there != "" {
				first = strings.TrimSuffix(first, ")") + fmt.Sprintf("; data.images holds e.g. %q)", there)
			}
		}
		return nil, fmt.Errorf("no row of table %s is left after cleaning: of %d rows %s%s", t.Path, len(t.Rows), ledger.counts(), first)
	}
	if n := len(s.conflicts); n > 0 {
		ledger.Warnings = append(ledger.Warnings, fmt.Sprintf("%d rows were dropped as duplicates although their %s is not that of the row with the same picture: look at them (first: %s)",
			n, data.Target, s.conflicts[0]))
	}
	return ledger, nil
}

// judge returns the function that says why row i is to be dropped, or "".
// Rows are shown to it in order.
func (s *sheet) judge(rule recipe.Drop) (func(i int) string, error) {
	switch rule.Kind {
	case MissingTarget, MissingImage, UnreadableImage:
		return func(i int) string { return s.lack(rule.Kind, i) }, nil
	case DuplicateImage:
		if near := rule.DuplicateImage.Near; near < 1 {
			return s.lookalikes(near), nil
		}
		return s.duplicates(), nil
	case Where:
		return s.where(rule.Where)
	}
	return nil, fmt.Errorf("clean: the rule {drop: %s} does not exist: use %s, %s, %s, %s or %s",
		rule.Kind, MissingTarget, MissingImage, UnreadableImage, DuplicateImage, Where)
}

// lack says what row i lacks that the rule asks for, or "".
func (s *sheet) lack(rule string, i int) string {
	entry := s.entries[i]
	absent := entry == nil || !entry.Exists
	switch {
	case rule == MissingTarget && math.IsNaN(s.targets[i]):
		return fmt.Sprintf("%s holds no value", s.target)
	case rule == MissingImage && s.images[i] == "":
		return "no picture is named"
	case rule == MissingImage && absent && entry != nil && entry.Problem != "":
		return fmt.Sprintf("there is no file %s: %s", s.images[i], entry.Problem)
	case rule == MissingImage && absent:
		return fmt.Sprintf("there is no file %s", s.images[i])
	case rule == UnreadableImage && !absent && entry.Problem != "":
		return fmt.Sprintf("%s cannot be read: %s", s.images[i], entry.Problem)
	}
	return ""
}

// duplicates judges rows by the bytes of their pictures. Equal pictures with
// different targets are a contradiction in the data, which it notes.
func (s *sheet) duplicates() func(i int) string {
	first := map[digest.Digest]int{}
	return func(i int) string {
		entry := s.entries[i]
		if entry == nil || !entry.Exists {
			return ""
		}
		j, seen := first[entry.File]
		if !seen {
			first[entry.File] = i
			return ""
		}
		s.compare(i, j)
		there := s.table.PlaceRow(s.table.Rows[j].Line)
		if s.table.Listed { // the place is the photo
			return "it has the same bytes as " + there
		}
		if s.images[i] == s.images[j] {
			return fmt.Sprintf("%s is the picture of %s too", s.images[i], there)
		}
		return fmt.Sprintf("%s has the same bytes as %s of %s", s.images[i], s.images[j], there)
	}
}

// lookalikes judges rows by what their pictures look like.
func (s *sheet) lookalikes(near float64) func(i int) string {
	album := picture.NewAlbum(near)
	var rows []int // of the pictures in the album
	return func(i int) string {
		if entry := s.entries[i]; entry == nil || !entry.Readable() {
			return ""
		}
		k, found := album.Nearest(s.looks[i])
		if !found {
			album.Add(s.looks[i])
			rows = append(rows, i)
			return ""
		}
		j := rows[k]
		s.compare(i, j)
		there := s.table.PlaceRow(s.table.Rows[j].Line)
		if !s.table.Listed { // else the place is the photo
			there = s.images[j] + " of " + there
		}
		return fmt.Sprintf("%s looks like %s (%.3f of 1)", s.images[i], there, s.looks[i].Likeness(s.looks[j]))
	}
}

// compare notes that row i is dropped for row j although their targets differ.
func (s *sheet) compare(i, j int) {
	if a, b := s.targets[j], s.targets[i]; a != b && !math.IsNaN(a) && !math.IsNaN(b) {
		s.conflicts = append(s.conflicts, fmt.Sprintf("%s has %s, %s has %s",
			s.table.PlaceRow(s.table.Rows[j].Line), s.cells[j], s.table.PlaceRow(s.table.Rows[i].Line), s.cells[i]))
	}
}

// counts says how many rows each rule dropped, in words.
func (l *Ledger) counts() string {
	parts := make([]string, len(l.Counts))
	for i, c := range l.Counts {
		parts[i] = fmt.Sprintf("%s dropped %d", c.Rule, c.N)
	}
	return strings.Join(parts, ", ")
}
