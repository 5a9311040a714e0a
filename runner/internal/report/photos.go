package report

import (
	"fmt"

	"biomass/runner/internal/evaluate"
)

// drawSamples shows the evaluation's photos.
func drawSamples(d Document) (*sheet, error) { return d.photos(d.Evaluation.Photos, 4) }

// drawWorst shows those with the largest errors.
func drawWorst(d Document) (*sheet, error) {
	if d.Evaluation.Regression == nil {
		return nil, nil
	}
	return d.photos(d.Evaluation.Regression.Worst, 3)
}

// drawConfused shows photos of the most confused classes, pair by pair.
func drawConfused(d Document) (*sheet, error) {
	if !d.shows("samples") {
		return nil, nil
	}
	var photos []evaluate.Photo
	for _, p := range d.Evaluation.Classification.Confused {
		photos = append(photos, p.Shown...)
	}
	return d.photos(photos, 4)
}

// photos makes a sheet of photos, each with its true and its predicted value; nil where there
// are none.
func (d Document) photos(list []evaluate.Photo, columns int) (*sheet, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var row strip
	for _, photo := range list {
		picture, err := picture(photo)
		if err != nil {
			return nil, err
		}
		row.frames = append(row.frames, frame{[]raster{picture}, d.caption(photo)})
	}
	return &sheet{Language: d.Language, columns: columns, side: tile, rows: []strip{row}}, nil
}

// picture is what a photo shows.
func picture(photo evaluate.Photo) (raster, error) {
	r, err := newRaster(photo.Size, 3, photo.Pixels, tile)
	if err != nil {
		return r, fmt.Errorf("photo %s: %w", photo.Image, err)
	}
	return r, nil
}

// caption says below a photo what it shows and what the network sees in it.
func (d Document) caption(photo evaluate.Photo) []words {
	if !d.classifies() {
		return []words{{d.t("true %s", d.value(photo.True)), ink, true}, {d.t("predicted %s", d.number(photo.Predicted)), muted, false}}
	}
	judged := muted
	if photo.Predicted != photo.True {
		judged = red
	}
	return []words{
		{d.class(photo.True), ink, true},
		{d.t("as %s", d.class(photo.Predicted)), judged, false},
		{d.t("probability %s", d.percent(photo.Probability)), muted, false},
	}
}
