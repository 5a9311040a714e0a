package report

import "strings"

// Augmented shows training photos as the first epochs see them.
type Augmented struct {
	// Changes are the augmentations, as the recipe has them.
	Changes        string
	Size, Channels int // of the pixels, as in Contact
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

// drawAugmented draws the photos, a row each.
func drawAugmented(d Document) ([]byte, error) {
	if !d.showsAugmented() {
		return nil, nil
	}
	a := d.Augmented
	sheet := Contact{Language: d.Language, Columns: []string{d.t("as it is")}, Size: a.Size, Channels: a.Channels, Side: leastSide}
	for epoch := range len(a.Photos[0].Versions) - 1 {
		sheet.Columns = append(sheet.Columns, d.t("epoch %d", epoch+1))
	}
	for _, p := range a.Photos {
		sheet.Rows = append(sheet.Rows, Strip{Name: p.Image, Value: d.target(p.Target), Versions: p.Versions})
	}
	return sheet.PNG()
}
