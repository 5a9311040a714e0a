package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/split"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
)

// Story is what the data are, before any training.
type Story struct {
	Table    string         `json:"table"`
	Notes    []string       `json:"notes"` // how the table was read
	Rows     int            `json:"rows"`
	Photos   int            `json:"photos"` // different files that the table names
	Missing  int            `json:"missing_photos"`
	Forms    []picture.Form `json:"forms,omitempty"` // how photos are stored
	Columns  []Column       `json:"columns"`
	Counts   []clean.Count  `json:"dropped"`
	Ledger   *clean.Ledger  `json:"-"`
	Kept     int            `json:"kept"`
	Split    map[string]int `json:"split"`
	Groups   int            `json:"groups"`
	Target   *Range         `json:"target,omitempty"`  // of a regression, over the kept rows
	Classes  []Class        `json:"classes,omitempty"` // of a classification
	Weights  *Weights       `json:"weights,omitempty"` // that the network begins with
	Warnings []string       `json:"warnings"`
}

// Weights are the file that a network begins with, and what of it fits.
type Weights struct {
	File   string        `json:"file"`
	Digest digest.Digest `json:"digest"`
	network.Taken
}

// Class counts the kept rows of one class.
type Class struct {
	Name       string `json:"name"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
}

// Column describes one column of the table.
type Column struct {
	Name     string `json:"name"`
	Empty    int    `json:"empty"`
	Texts    int    `json:"texts"`
	Numbers  int    `json:"numbers"`
	Distinct int    `json:"distinct"`
	Range    Range  `json:"range"` // of the numbers
}

// Range summarises numbers; all its fields are 0 when there are none.
type Range struct {
	Min    float64 `json:"min"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Inspect walks the line as far as the split and tells what it saw.
func (e *Experiment) Inspect(ctx context.Context) (*Story, error) {
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range l.before("transform") {
		if err := l.do(ctx, s); err != nil {
			return nil, err
		}
	}
	targets, err := l.keptTargets()
	if err != nil {
		return nil, err
	}
	copies, err := l.copies(ctx)
	if err != nil {
		return nil, err
	}
	forms, err := picture.Forms(ctx, l.files)
	if err != nil {
		return nil, err
	}
	photos, missing := l.files.Count()
	story := &Story{
		Table: tablePath(l.Recipe.Data), Notes: l.table.Notes, Rows: len(l.table.Rows),
		Photos: photos, Missing: missing, Forms: forms,
		Columns: columns(l.table), Counts: l.ledger.Counts, Ledger: l.ledger, Kept: len(l.ledger.Kept),
		Split:    sizes(l.split),
		Groups:   l.split.Groups,
		Warnings: slices.Concat([]string{}, l.ledger.Warnings, l.split.Warnings, copies),
	}
	if l.weights != nil {
		net, err := l.build()
		if err != nil {
			return nil, err
		}
		if err := l.initialise(net); err != nil {
			return nil, err
		}
		story.Weights = l.weights.story()
	}
	if l.classifies() {
		story.Classes = l.countClasses(targets)
	} else {
		whole := span(targets)
		story.Target = &whole
	}
	return story, nil
}

// Sheets of augmented photos show so many rows and epochs.
const (
	sheetRows   = 6
	sheetEpochs = 7
)

// Augmentations returns a PNG that shows training photos, from the smallest target
// to the largest or of all classes, as they were resized and then as the first
// epochs see them. It trains nothing.
func (e *Experiment) Augmentations(ctx context.Context) ([]byte, error) {
	if len(e.Recipe.Transform.Augment) == 0 {
		return nil, recipe.Problems{e.Problem("transform.augment", "is empty: every epoch sees the photos as they are", "write e.g. [{horizontal_flip: 0.5}, {rotate: 20}]")}
	}
	alone, err := e.Variant(recipe.Run{}) // what a sweep would change is as the recipe has it
	if err != nil {
		return nil, err
	}
	one := *e
	one.Loaded = alone
	l, err := one.freeze(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range l.before("network") {
		if err := l.do(ctx, s); err != nil {
			return nil, err
		}
	}
	seen, err := l.augmented(sheetRows, sheetEpochs)
	if err != nil {
		return nil, err
	}
	return seen.PNG(l.Recipe.Name+": training photos as the epochs see them", func(target float64) string {
		if l.classifies() {
			return l.classes[int(target)]
		}
		return strings.TrimSpace(fmt.Sprintf("%.4g %s", target, l.Recipe.Data.Unit))
	})
}

// augmented shows so many training photos, from the smallest target to the largest or of all
// classes, as they were resized and then as the first epochs see them.
func (l *line) augmented(photos, epochs int) (*report.Augmented, error) {
	all, err := l.keptTargets()
	if err != nil {
		return nil, err
	}
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	if err := l.catalogue.Open(); err != nil {
		return nil, err
	}
	targets := pick(all, l.split.Train)
	order := make([]int, len(targets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(targets[a], targets[b]) })
	rows := make([]int, min(photos, len(order)))
	set := train.Set{Pixels: make([][]uint8, len(targets)), Targets: targets} // the pixels of those rows alone
	for i := range rows {
		row := order[i*(len(order)-1)/max(len(rows)-1, 1)]
		rows[i] = row
		if set.Pixels[row], err = picture.Load(l.catalogue, images[l.split.Train[row]], l.Store); err != nil {
			return nil, err
		}
	}
	seen := train.Seen(train.Input{
		Spec: l.Recipe.Train, Classes: l.classes, Augment: l.Recipe.Transform.Augment, Size: l.Recipe.Picture.Size,
		Fitted: l.fitted, Train: set,
	}, rows, epochs)
	a := &report.Augmented{Changes: l.augmentationWords(), Size: l.Recipe.Picture.Size, Channels: l.Recipe.Picture.Channels()}
	for i, row := range rows {
		a.Photos = append(a.Photos, report.AugmentedPhoto{
			Image: images[l.split.Train[row]], Target: targets[row], Versions: append([][]uint8{set.Pixels[row]}, seen[i]...),
		})
	}
	return a, nil
}

// augmentationWords says what changes photos, as the recipe does.
func (l *line) augmentationWords() string {
	section, _ := l.Node()["transform"].(map[string]any)
	items, _ := section["augment"].([]any)
	plain := strings.NewReplacer(`"`, "", ":", ": ", ",", ", ", "{", "", "}", "")
	var words []string
	for _, item := range items {
		text, err := json.Marshal(item)
		if err != nil {
			panic("experiment: a recipe always encodes: " + err.Error())
		}
		words = append(words, plain.Replace(string(text)))
	}
	return strings.Join(words, "  ·  ")
}

// countClasses counts the kept rows, whose targets are given, by class and part.
func (l *line) countClasses(targets []float64) []Class {
	list := make([]Class, len(l.classes))
	for i, name := range l.classes {
		list[i].Name = name
	}
	for _, row := range l.split.Train {
		list[int(targets[row])].Train++
	}
	for _, row := range l.split.Validation {
		list[int(targets[row])].Validation++
	}
	for _, row := range l.split.Test {
		list[int(targets[row])].Test++
	}
	return list
}

func sizes(s *split.Split) map[string]int {
	return map[string]int{"train": len(s.Train), "validation": len(s.Validation), "test": len(s.Test)}
}

func columns(t *table.Table) []Column {
	list := make([]Column, len(t.Columns))
	for i, name := range t.Columns {
		c := Column{Name: name}
		distinct := map[string]bool{}
		var numbers []float64
		for _, row := range t.Rows {
			switch cell := row.Cells[i]; cell.Kind {
			case table.Empty:
				c.Empty++
				continue
			case table.Number:
				numbers = append(numbers, cell.Number)
			}
			distinct[row.Cells[i].Text] = true
		}
		c.Numbers = len(numbers)
		c.Texts = len(t.Rows) - c.Empty - c.Numbers
		c.Distinct, c.Range = len(distinct), span(numbers)
		list[i] = c
	}
	return list
}

func span(values []float64) Range {
	if len(values) == 0 {
		return Range{}
	}
	ascending := metric.Sorted(values)
	return Range{
		Min: ascending[0], Mean: metric.Mean(values),
		Median: metric.Quantile(ascending, 0.5), Max: ascending[len(ascending)-1],
	}
}
