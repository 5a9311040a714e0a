// Package review owns the Review: how two experiments differ, in words and
// figures, for somebody who reads a change. It compares what is written, recipes
// and locks, and what the store still knows of their runs; it runs nothing.
package review

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/source"
)

// Side is one of two experiments: a recipe, its lock where there is one, and what
// the store knows of its run.
type Side struct {
	Name       string         // as people gave it
	Recipe     *recipe.Loaded // nil where a revision does not have the file
	Lock       *lock.Lock
	Ledger     *clean.Ledger
	Evaluation *evaluate.Evaluation
	note       string // why there is no lock
}

// What became of a file from A to B.
const (
	Kept    = "kept"
	New     = "new"
	Deleted = "deleted"
)

// Review is how B differs from A.
type Review struct {
	A string `json:"a"`
	B string `json:"b"`
	// File is what became of it.
	File string `json:"file"`
	// Settings of the recipes that differ; all of one that is new, as changes from "",
	// or deleted, as changes to "".
	Settings []recipe.Change `json:"recipe"`
	// Results are the places where the locks differ beyond the recipe, Words say
	// them.
	Results []lock.Difference `json:"lock"`
	Words   []string          `json:"words"`
	// Rows that were dropped or kept and are not now; Parts: rows that moved from
	// one part of the split to another.
	Rows  []string `json:"rows"`
	Parts []string `json:"parts"`
	// Deltas of the metric on samples that both runs were tested on.
	Deltas []Delta `json:"deltas"`
	// Notes say what could not be compared, and why.
	Notes []string `json:"notes"`
}

// Same reports whether nothing differs.
func (r *Review) Same() bool { return r.File == Kept && len(r.Settings)+len(r.Results) == 0 }

// Delta is how a metric differs on the same samples.
type Delta struct {
	Part       string           `json:"part"`
	Metric     string           `json:"metric"`
	Photos     int              `json:"photos"`
	Difference float64          `json:"difference"` // of B minus A
	Interval   *metric.Interval `json:"interval,omitempty"`
}

func (d Delta) String() string {
	line := fmt.Sprintf("%s %s differs by %+.4g on the %d photos that both were judged on", d.Part, d.Metric, d.Difference, d.Photos)
	if d.Interval == nil {
		return line + "; they show too few individuals for an interval"
	}
	line += fmt.Sprintf(" (95 %% interval %+.4g to %+.4g, paired bootstrap)", d.Interval.Low, d.Interval.High)
	if d.Interval.Low <= 0 && d.Interval.High >= 0 {
		line += ": it may be chance"
	}
	return line
}

// File returns the side of a file: a recipe, a lock (NAME.lock.yaml), or the
// folder of a report, which stands for the lock of its run. storeDir overrides
// where the store is.
func File(path, storeDir string) (*Side, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(absolute)
		path = filepath.Join(filepath.Dir(filepath.Dir(absolute)), "lock", name+lock.Suffix)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is no folder of a report: there is no %s", name, path)
		}
	}
	if !strings.HasSuffix(path, lock.Suffix) {
		loaded, err := recipe.Load(path, recipe.Options{})
		return &Side{Name: path, Recipe: loaded}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	return ofLock(path, path, text, storeDir)
}

// ofLock returns the side of a lock with this text.
func ofLock(name, path string, text []byte, storeDir string) (*Side, error) {
	l, err := lock.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read lock %s: %w", name, err)
	}
	loaded, err := project.LockedRecipe(l)
	if err != nil {
		// Not wrapped: it is no problem of a recipe that somebody wrote.
		return nil, fmt.Errorf("%s holds a recipe that is not valid: %v", name, err)
	}
	s := &Side{Name: name, Recipe: loaded, Lock: l}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	objects, err := project.OpenStore(filepath.Dir(filepath.Dir(absolute)), storeDir)
	if err != nil {
		return nil, err
	}
	s.Ledger, s.Evaluation = experiment.Recall(objects, l)
	return s, nil
}

// Revisions returns the two sides that a range names for a file: A..B, A...B (the
// newest commit that both go back to, and B), or A alone (A, and the file as it
// is here). Beside a recipe stands its lock in the same revision.
func Revisions(between, path, storeDir string) (a, b *Side, err error) {
	dir := filepath.Dir(path)
	var from, to *source.Revision
	first, second, isRange := strings.Cut(between, "..")
	second, three := strings.CutPrefix(second, ".")
	head := func(name string) string {
		if name == "" {
			return "HEAD"
		}
		return name
	}
	first, second = head(first), head(second)
	if three {
		from, err = source.MergeBase(dir, first, second)
	} else {
		from, err = source.At(dir, first)
	}
	if err != nil {
		return nil, nil, err
	}
	if isRange {
		if to, err = source.At(dir, second); err != nil {
			return nil, nil, err
		}
	}
	if a, err = at(from, fmt.Sprintf("%s at %.12s", filepath.ToSlash(path), from.Commit), path, storeDir); err != nil {
		return nil, nil, err
	}
	name := filepath.ToSlash(path)
	if to != nil {
		name = fmt.Sprintf("%s at %.12s", name, to.Commit)
	}
	if b, err = at(to, name, path, storeDir); err != nil {
		return nil, nil, err
	}
	if a.Recipe == nil && b.Recipe == nil {
		return nil, nil, fmt.Errorf("neither %s nor %s is there", a.Name, b.Name)
	}
	return a, b, nil
}

// at returns the side of a file in a revision, nil for the working tree. It has no
// recipe where the file is not there.
func at(revision *source.Revision, name, path, storeDir string) (*Side, error) {
	read := os.ReadFile
	if revision != nil {
		read = revision.ReadFile
	}
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Side{Name: name}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if strings.HasSuffix(path, lock.Suffix) {
		return ofLock(name, path, text, storeDir)
	}
	loaded, err := recipe.Parse(filepath.ToSlash(path), text, func(path string) ([]byte, error) { return read(filepath.FromSlash(path)) }, recipe.Options{})
	if err != nil {
		return nil, err
	}
	place, err := project.Find(path, "", "")
	if err != nil {
		return nil, err
	}
	s := &Side{Name: name, Recipe: loaded}
	file := place.Lock(loaded.Name)
	text, err = read(file)
	if errors.Is(err, fs.ErrNotExist) {
		s.note = fmt.Sprintf("%s has no lock", name)
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	locked, err := ofLock("the lock of "+name, file, text, storeDir)
	if err != nil {
		return nil, err
	}
	if locked.Recipe.Digest != loaded.Digest {
		s.note = fmt.Sprintf("%s: its lock is of other settings; runner lock --check says which", name)
		return s, nil
	}
	s.Lock, s.Ledger, s.Evaluation = locked.Lock, locked.Ledger, locked.Evaluation
	return s, nil
}

// Of compares two sides.
func Of(a, b *Side) (*Review, error) {
	r := &Review{
		A: a.Name, B: b.Name, File: Kept, Settings: []recipe.Change{}, Results: []lock.Difference{}, Words: []string{},
		Rows: []string{}, Parts: []string{}, Deltas: []Delta{}, Notes: []string{},
	}
	switch {
	case a.Recipe == nil:
		r.alone(New, b)
	case b.Recipe == nil:
		r.alone(Deleted, a)
		for i := range r.Settings {
			c := &r.Settings[i]
			c.Old, c.New = c.New, c.Old
		}
	default:
		r.Settings = append(r.Settings, recipe.Diff(a.Recipe, b.Recipe)...)
	}
	for _, s := range []*Side{a, b} {
		if s.note != "" {
			r.Notes = append(r.Notes, s.note)
		}
	}
	if a.Lock == nil || b.Lock == nil {
		return r, nil
	}
	differences, err := lock.Compare(a.Lock, b.Lock)
	if err != nil {
		return nil, err
	}
	for _, d := range differences {
		if !strings.HasPrefix(d.Path, "recipe.") { // the settings tell those in words
			r.Results = append(r.Results, d)
		}
	}
	if len(r.Results) == 0 {
		return r, nil
	}
	r.Words = append(r.Words, lock.Describe(a.Lock, b.Lock)...)
	if len(r.Words) == 0 { // what has no words, a stage's key for one, is shown as it is
		for _, d := range r.Results {
			r.Words = append(r.Words, d.String())
		}
	}
	if a.Ledger == nil || b.Ledger == nil || a.Evaluation == nil || b.Evaluation == nil {
		r.Notes = append(r.Notes, "which rows moved, and by how much the metric differs on the same photos, only the store of both runs knows")
		return r, nil
	}
	r.rows(a, b)
	r.parts(a, b)
	r.deltas(a, b)
	return r, nil
}

// alone says what there is to say of the only side that has the file.
func (r *Review) alone(file string, s *Side) {
	r.File, r.Settings = file, recipe.Settings(s.Recipe)
	if s.Lock == nil {
		return
	}
	if part, name, value := s.Lock.Headline(); part != "" {
		r.Words = append(r.Words, fmt.Sprintf("its lock: %s %s %v on %d photos", part, name, value, s.Lock.Results[part].Photos))
	}
}

// shown is how many rows are named one by one.
const shown = 8

// row names a row in both tables: its picture and, where rows share one, its line or
// which of them it is.
type row struct {
	image string
	line  int
}

// name lets rows of two tables meet: by their picture alone where the tables
// differ, since lines may have moved.
func name(image string, line int, sameTable bool) row {
	if sameTable {
		return row{image, line}
	}
	return row{image: image}
}

func sameTable(a, b *Side) bool { return a.Lock.Data.Table.Digest == b.Lock.Data.Table.Digest }

// rows compares what cleaning dropped.
func (r *Review) rows(a, b *Side) {
	same := sameTable(a, b)
	rules := func(l *clean.Ledger) map[row]string {
		m := map[row]string{}
		for _, d := range l.Dropped {
			m[name(d.Image, d.Line, same)] = d.Rule
		}
		return m
	}
	before, after := rules(a.Ledger), rules(b.Ledger)
	var all []string
	for _, d := range b.Ledger.Dropped {
		if _, was := before[name(d.Image, d.Line, same)]; !was {
			all = append(all, fmt.Sprintf("%s is dropped now: %s", d.Image, d.Rule))
		}
	}
	for _, d := range a.Ledger.Dropped {
		if _, is := after[name(d.Image, d.Line, same)]; !is {
			all = append(all, fmt.Sprintf("%s is no longer dropped for %s", d.Image, d.Rule))
		}
	}
	r.Rows = append(r.Rows, first(all)...)
}

// parts compares on which side of the split rows are. Rows that were trained on
// may have no prediction, so that what has none and was not dropped trained.
func (r *Review) parts(a, b *Side) {
	same := sameTable(a, b)
	of := func(s *Side) func(row) string {
		part := map[row]string{}
		for _, d := range s.Ledger.Dropped {
			part[name(d.Image, d.Line, same)] = "" // told by rows
		}
		for _, p := range s.Evaluation.Predictions {
			part[name(p.Image, p.Line, same)] = p.Part
		}
		return func(k row) string {
			if p, known := part[k]; known {
				return p
			}
			return evaluate.Train
		}
	}
	before, after := of(a), of(b)
	moves := map[[2]string][]string{}
	seen := map[row]bool{}
	for _, s := range []*Side{a, b} {
		for _, p := range s.Evaluation.Predictions {
			k := name(p.Image, p.Line, same)
			from, to := before(k), after(k)
			if !seen[k] && from != to && from != "" && to != "" {
				moves[[2]string{from, to}] = append(moves[[2]string{from, to}], p.Image)
			}
			seen[k] = true
		}
	}
	order := []string{evaluate.Train, evaluate.Validation, evaluate.Test}
	for _, from := range order {
		for _, to := range order {
			if images := moves[[2]string{from, to}]; len(images) > 0 {
				r.Parts = append(r.Parts, fmt.Sprintf("%d rows from %s to %s: %s", len(images), from, to, strings.Join(first(images), ", ")))
			}
		}
	}
}

// deltas compares the headline metric on the samples that both runs judged.
func (r *Review) deltas(a, b *Side) {
	x, y := a.Evaluation, b.Evaluation
	if x.Headline != y.Headline || x.Task != y.Task || x.Target != y.Target {
		return
	}
	figure, same := "RMSE", sameTable(a, b)
	if x.Task == recipe.Classification {
		figure = "accuracy"
	}
	photos := func(e *evaluate.Evaluation) (all []photo) {
		for _, p := range e.Of(x.Headline) {
			if x.Task == recipe.Classification && e != x { // a class has another number there
				p.True, p.Predicted = sameClass(p.True, e, x), sameClass(p.Predicted, e, x)
			}
			all = append(all, photo{name(p.Image, p.Line, same), p.Group, p.True, p.Predicted})
		}
		return all
	}
	p, ok := pair(figure, evaluate.Level, photos(x), photos(y))
	if !ok {
		r.Notes = append(r.Notes, "no photo was judged by both runs: their figures cannot be compared")
		return
	}
	r.Deltas = append(r.Deltas, Delta{Part: x.Headline, Metric: figure, Photos: p.Photos, Difference: p.Difference, Interval: p.Interval})
}

// sameClass returns the index that a class of one evaluation has in another, -1
// where it is none there.
func sameClass(index float64, from, to *evaluate.Evaluation) float64 {
	if index < 0 || index >= float64(len(from.Classes)) {
		return -1
	}
	return float64(slices.Index(to.Classes, from.Classes[int(index)]))
}

func first(all []string) []string {
	if more := len(all) - shown; more > 0 {
		return append(all[:shown:shown], fmt.Sprintf("and %d more", more))
	}
	return all
}
