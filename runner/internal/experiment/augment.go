package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/train"
)

// Sheets of augmented photos show so many rows and epochs.
const (
	sheetRows   = 6
	sheetEpochs = 7
)

// The report shows so many augmented photos and epochs.
const (
	reportRows   = 3
	reportEpochs = 5
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
	sheet := report.Contact{
		Title:   l.Recipe.Name + ": training photos as the epochs see them",
		Notes:   []string{seen.Changes},
		Columns: []string{"resized"}, Size: seen.Size, Channels: seen.Channels,
	}
	for epoch := range sheetEpochs {
		sheet.Columns = append(sheet.Columns, fmt.Sprintf("epoch %d", epoch+1))
	}
	for _, photo := range seen.Photos {
		strip := report.Strip{Name: photo.Image, Versions: photo.Versions}
		if l.classifies() {
			strip.Value = l.classes[int(photo.Target)]
		} else {
			strip.Value = strings.TrimSpace(fmt.Sprintf("%.4g %s", photo.Target, l.Recipe.Data.Unit))
		}
		sheet.Rows = append(sheet.Rows, strip)
	}
	return sheet.PNG()
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
	set := train.Set{Photos: make([]train.Photo, len(targets)), Targets: targets} // the photos of those rows alone
	plain := make([][]uint8, len(rows))
	for i := range rows {
		row := order[i*(len(order)-1)/max(len(rows)-1, 1)]
		rows[i] = row
		if plain[i], err = picture.Load(l.catalogue, images[l.split.Train[row]], l.Store); err != nil {
			return nil, err
		}
		set.Photos[row] = train.InMemory(plain[i])
	}
	seen, err := train.Seen(train.Input{
		Spec: l.Recipe.Train, Classes: l.classes, Augment: l.Recipe.Transform.Augment, Size: l.Recipe.Picture.Size,
		Fitted: l.fitted, Train: set,
	}, rows, epochs)
	if err != nil {
		return nil, err
	}
	a := &report.Augmented{Changes: l.augmentationWords(), Size: l.Recipe.Picture.Size, Channels: l.Recipe.Picture.Channels()}
	for i, row := range rows {
		a.Photos = append(a.Photos, report.AugmentedPhoto{
			Image: images[l.split.Train[row]], Target: targets[row], Versions: append([][]uint8{plain[i]}, seen[i]...),
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
		text, _ := json.Marshal(item) // maps, lists, texts and numbers always encode
		words = append(words, plain.Replace(string(text)))
	}
	return strings.Join(words, "  ·  ")
}
