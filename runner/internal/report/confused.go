package report

import (
	"image"
	"image/draw"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
)

// confusedTable lists the classes that are most often taken for each other.
func confusedTable(m *markdown, d Document) {
	e := d.Evaluation
	pairs := e.Classification.Confused
	if len(pairs) == 0 {
		return
	}
	m.say(d.t("What is confused most often:"))
	var rows [][]string
	for _, p := range pairs {
		rows = append(rows, []string{plain(e.Classes[p.True]), plain(e.Classes[p.Predicted]), d.count(p.Photos), d.percent(float64(p.Photos) / float64(p.Of))})
	}
	m.table("llrr", d.words("class", "taken for", "photos", "share of the class"), rows...)
	if d.shows("samples") {
		m.picture(d.t("The most confused classes, and how sure the network was: %s", confusedText(d))+".", confusedFile)
	}
}

// confusedText lists the shown photos for those who do not see them.
func confusedText(d Document) string {
	e := d.Evaluation
	var list []string
	for _, p := range e.Classification.Confused {
		var sure []string
		for _, photo := range p.Shown {
			sure = append(sure, d.percent(photo.Probability))
		}
		list = append(list, d.t("%s taken for %s, %s", e.Classes[p.True], e.Classes[p.Predicted], strings.Join(sure, ", ")))
	}
	return strings.Join(list, "; ")
}

// drawConfused draws photos of the most confused classes, a row a pair.
func drawConfused(d Document) ([]byte, error) {
	e := d.Evaluation
	pairs := e.Classification.Confused
	if len(pairs) == 0 || !d.shows("samples") {
		return nil, nil
	}
	bold, err := face(liberationsansbold.TTF, textSize)
	if err != nil {
		return nil, err
	}
	regular, err := face(liberationsansregular.TTF, textSize)
	if err != nil {
		return nil, err
	}
	const height = lineStep + 8 + tile + lineStep + gutter
	width := gutter + perRow*(tile+gutter)
	sheet := image.NewRGBA(image.Rect(0, 0, width, gutter+len(pairs)*height))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for i, p := range pairs {
		y := gutter + i*height + lineStep
		write(sheet, bold, ink, gutter, y-4, width-2*gutter, d.t("%s taken for %s: %s of %s", e.Classes[p.True], e.Classes[p.Predicted], d.count(p.Photos), d.plural(p.Of, "photo")))
		y += 4
		for k, photo := range p.Shown {
			x := gutter + k*(tile+gutter)
			enlarge(sheet, x, y, tile, photo.Size, photo.Pixels)
			write(sheet, regular, muted, x, y+tile+lineStep, tile, d.t("probability %s", d.percent(photo.Probability)))
		}
	}
	return encode(sheet)
}
