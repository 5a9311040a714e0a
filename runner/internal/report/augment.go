package report

import (
	"fmt"
	"strings"
)

// Augmented shows training photos as the first epochs see them.
type Augmented struct {
	// Changes are the augmentations, as the recipe has them.
	Changes        string
	Size, Channels int // of the pixels: 3 channels for RGB, 1 for gray
	Photos         []AugmentedPhoto
}

// AugmentedPhoto is one photo in versions: as it was resized, then epoch by epoch; nil where the
// sampler left it out.
type AugmentedPhoto struct {
	Image    string
	Target   float64 // a number, or the index of a class
	Versions [][]uint8
}

// showsAugmented reports whether the photos are shown, as those of samples are.
func (d Document) showsAugmented() bool {
	return d.Augmented != nil && len(d.Augmented.Photos) > 0 && d.shows("augment") && d.shows("samples")
}

// augmented says how photos are changed before the network sees them.
func augmented(m *markdown, d Document) {
	if d.Augmented == nil {
		return
	}
	text := d.t("Every epoch sees each training photo changed anew: %s.", code(d.Augmented.Changes))
	if !d.showsAugmented() {
		m.say(text)
		return
	}
	m.say(text + " " + d.t("Photos as they are, and as the first epochs saw them:"))
	var values []string
	for _, p := range d.Augmented.Photos {
		values = append(values, d.target(p.Target))
	}
	m.picture(d.t("Training photos (%s), each as it is and in the versions of %s",
		strings.Join(values, "; "), d.plural(len(d.Augmented.Photos[0].Versions)-1, "epoch")), augmentFile)
}

// target writes a true value: a number with its unit, or a class.
func (d Document) target(x float64) string {
	if d.classifies() {
		return d.class(x)
	}
	return d.value(x)
}

// drawAugmented shows the photos, a row each.
func drawAugmented(d Document) (*sheet, error) {
	if !d.showsAugmented() {
		return nil, nil
	}
	return d.Augmented.sheet(d.Language, small, d.target)
}

// PNG draws the photos under a title; value writes a target.
func (a *Augmented) PNG(title string, value func(target float64) string) ([]byte, error) {
	s, err := a.sheet("", min(max(a.Size, small), 2*small), value)
	if err != nil {
		return nil, err
	}
	s.title, s.notes = title, []string{a.Changes}
	return s.png()
}

// sheet shows a photo a row, drawn with this side.
func (a *Augmented) sheet(l Language, side int, value func(target float64) string) (*sheet, error) {
	s := &sheet{Language: l, side: side}
	for _, p := range a.Photos {
		s.columns = len(p.Versions)
		row := strip{value: value(p.Target), name: p.Image}
		for epoch, pixels := range p.Versions {
			f := frame{caption: []words{{l.t("epoch %d", epoch), muted, false}}}
			if epoch == 0 {
				f.caption = []words{{l.t("as it is"), ink, true}}
			}
			if pixels != nil {
				r, err := newRaster(a.Size, a.Channels, pixels, side)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", p.Image, err)
				}
				f.pictures = []raster{r}
			}
			row.frames = append(row.frames, f)
		}
		s.rows = append(s.rows, row)
	}
	return s, nil
}
