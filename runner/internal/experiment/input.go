package experiment

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/table"
)

// This file holds the inputs: how they are read and hashed, whether they fit the recipe, and
// that they are the same at the end of a walk as at its start.

// freeze makes the data if they are missing and can be made, then reads and hashes all
// inputs.
func (e *Experiment) freeze(ctx context.Context) (*line, error) {
	l := newLine(e)
	var err error
	if l.weights, err = e.findWeights(ctx); err != nil {
		return nil, err
	}
	if !l.classifies() { // else the table says how many outputs there are
		if err := l.architecture(); err != nil {
			return nil, err
		}
	}
	if err := e.makeData(ctx); err != nil {
		return nil, err
	}
	t, err := e.readTable()
	if err != nil {
		return nil, err
	}
	if err := e.columns(t); err != nil {
		return nil, err
	}
	l.table = t
	if l.classifies() {
		if err := l.nameClasses(); err != nil {
			return nil, err
		}
		if err := l.architecture(); err != nil {
			return nil, err
		}
	}
	l.files, err = e.hashImages(ctx, t, e.Memory)
	return l, err
}

// readTable reads the table, or takes what was read from the same bytes before:
// a spreadsheet takes longer to understand than to hash.
func (e *Experiment) readTable() (*table.Table, error) {
	if e.Recipe.Data.Listed() {
		return table.List(e.Place.Data, e.Recipe.Data)
	}
	path := e.Place.Table(e.Recipe.Data)
	file, _, err := digest.File(path)
	if err != nil { // reading says better what is wrong
		return table.Read(path, e.Recipe.Data)
	}
	key := e.rowsKey(file, filepath.Ext(path))
	before := new(table.Table)
	if _, ok := e.recall("rows", key, before); ok && before.File == file {
		before.Path = path
		return before, nil
	}
	t, err := table.Read(path, e.Recipe.Data)
	if err == nil && t.File == file {
		// Where nothing can be written, reading again only costs time.
		_, _ = e.keep("rows", key, t)
	}
	return t, err
}

// rowsKey names what was read from a table's file: its bytes, its extension and
// what the recipe says of it.
func (e *Experiment) rowsKey(file digest.Digest, extension string) digest.Digest {
	return digest.New("rows").Int(table.Reader).Digest(file).String(extension).Bytes(e.Section("data")).Sum()
}

// architecture finds out before anything long begins that the network's layers
// do not fit together. One whose initial weights are kept has passed before.
func (l *line) architecture() error {
	for i := range stages {
		if stages[i].name == "network" {
			key, _ := l.key(&stages[i])
			if _, ok := l.Store.Key("network", key); ok {
				return nil
			}
		}
	}
	net, err := l.build()
	if err == nil && l.weights != nil { // do they fit?
		return l.initialise(net)
	}
	if err == nil {
		return nil
	}
	key, reason := "network", err.Error()
	if place, rest, ok := strings.Cut(reason, ": "); ok && strings.HasPrefix(place, "network.") {
		key, _, _ = strings.Cut(place, " ")
		reason = rest
	}
	return recipe.Problems{l.Problem(key, reason, "")}
}

// use is a column that the recipe reads, and the key that names it.
type use struct{ key, column string }

// uses lists the columns that the recipe needs, but for those of conditions.
func (e *Experiment) uses() []use {
	uses := []use{{"data.image", e.Recipe.Data.Image}, {"data.target", e.Recipe.Data.Target}}
	for i, column := range e.Recipe.Data.Group {
		uses = append(uses, use{fmt.Sprintf("data.group[%d]", i), column})
	}
	for i, column := range e.Recipe.Data.FeatureNames() {
		uses = append(uses, use{fmt.Sprintf("data.features[%d]", i), column})
	}
	if e.Recipe.Split.By == "column" || e.Recipe.Split.By == "time" {
		uses = append(uses, use{"split.column", e.Recipe.Split.Column})
	}
	return uses
}

// columns checks that the table has every column that the recipe names, and that
// conditions fit what they hold.
func (e *Experiment) columns(t *table.Table) error {
	var problems recipe.Problems
	for _, u := range e.uses() {
		if _, err := t.Column(u.column); err != nil {
			problems = append(problems, e.Problem(u.key, err.Error(), ""))
		}
	}
	for i, name := range e.Recipe.Report.Against {
		if err := holdsNumbers(t, name); err != nil {
			problems = append(problems, e.Problem(fmt.Sprintf("report.against[%d]", i), err.Error(), ""))
		}
	}
	for i, rule := range e.Recipe.Clean {
		if rule.Drop.Kind != clean.Where {
			continue
		}
		if _, err := clean.Condition(rule.Drop.Where, t); err != nil {
			problems = append(problems, e.Problem(fmt.Sprintf("clean[%d].drop.where", i), err.Error(), ""))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// classifies reports whether the target is a class, not a number.
func (e *Experiment) classifies() bool { return e.Recipe.Task == recipe.Classification }

// nameClasses finds the classes, in the recipe or else in the table, and checks
// that every row names one of them.
func (l *line) nameClasses() error {
	l.classes = l.Recipe.Data.Classes
	if len(l.classes) == 0 {
		found, err := l.table.Distinct(l.Recipe.Data.Target)
		if err != nil {
			return err
		}
		if len(found) < 2 {
			return recipe.Problems{l.Problem("data.target", fmt.Sprintf("the column %q holds %d classes; there must be two or more", l.Recipe.Data.Target, len(found)), "")}
		}
		l.classes = found
	}
	if w := l.Recipe.Train.Loss.CrossEntropy.ClassWeights.Given; w != nil && len(w) != len(l.classes) {
		return recipe.Problems{l.Problem("train.loss.cross_entropy.class_weights",
			fmt.Sprintf("has %d weights; there are %d classes: %s", len(w), len(l.classes), strings.Join(l.classes, ", ")), "")}
	}
	_, err := l.targets()
	return err
}

// targets returns the target of every row of the table, NaN where it is empty: a
// number, or the index of a class.
func (l *line) targets() ([]float64, error) {
	if l.classifies() {
		return l.table.Indices(l.Recipe.Data.Target, l.classes)
	}
	return l.table.Floats(l.Recipe.Data.Target)
}

// hashImages looks at every picture file that the table names, or that holds the
// pictures of a part.
func (e *Experiment) hashImages(ctx context.Context, t *table.Table, memory *picture.Memory) (*picture.Catalogue, error) {
	if parts := e.Recipe.Data.Parts; parts.Train.IDX != (recipe.IDX{}) {
		task := e.Progress.Start("hash", len(t.Rows), "photos")
		defer task.Done()
		return picture.HashIDX(ctx, e.Place.Data, parts.List(), task)
	}
	names, err := t.Strings(e.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	task := e.Progress.Start("hash", len(names), "photos")
	defer task.Done()
	return picture.Hash(ctx, e.Place.Images(e.Recipe.Data), names, memory, task)
}

// unchanged checks at the end of a walk that the inputs are still those that it
// froze. It trusts no memory: what a lock states was read.
func (l *line) unchanged(ctx context.Context) error {
	file, err := l.tableFile()
	if err != nil {
		return err
	}
	if file != l.table.File {
		return fmt.Errorf("%s changed while the run read it: nothing was written; run again", l.table.Path)
	}
	files, err := l.hashImages(ctx, l.table, l.Memory.Doubt())
	if err != nil {
		return err
	}
	if changes := l.files.Changed(files); len(changes) > 0 {
		return fmt.Errorf("picture %s changed while the run read it: nothing was written; run again", changes[0].Name)
	}
	if l.weights == nil {
		return nil
	}
	again, err := l.findWeights(ctx)
	if err == nil && again.file != l.weights.file {
		err = fmt.Errorf("%s changed while the run read it: nothing was written; run again", l.weights.path)
	}
	return err
}

// tableFile hashes the table's file, or what stands for it, once more.
func (l *line) tableFile() (digest.Digest, error) {
	if l.table.Listed {
		again, err := l.readTable()
		if err != nil {
			return digest.Digest{}, err
		}
		return again.File, nil
	}
	file, _, err := digest.File(l.table.Path)
	return file, err
}
