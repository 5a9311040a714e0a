package report

import (
	"fmt"
	"image/color"
	"strings"

	"biomass/runner/internal/evaluate"
)

// attention shows where the network looks, by Grad-CAM.
func attention(m *markdown, d Document) {
	a := d.Evaluation.Attention
	if a == nil || !d.shows("gradcam") {
		return
	}
	m.section(d.t("Where the network looks"))
	what, by := d.t("what raises the predicted %s most", plain(d.Evaluation.Target)), d.t("the absolute error")
	if d.classifies() {
		what, by = d.t("what speaks most for the predicted class"), d.t("the probability of the true class")
	}
	m.say(d.t("[Grad-CAM](https://arxiv.org/abs/1610.02391) at the layer %s, a map of %d × %d places. Yellow is %s, dark blue what does not, or speaks against it. Each photo has its own scale: it tells where, not how much. The photos are those of the %s part with the best, the median and the worst result, by %s:",
		code(a.Layer), a.Photos[0].Height, a.Photos[0].Width, what, d.first(d.Evaluation.Headline), by))
	m.picture(d.attentionText(), attentionFile)
}

// rankNames are the ranks of photos.
var rankNames = map[string]word{"best": "the best", "median": "the median", "worst": "the worst"}

// attentionText says where each photo is brightest, for those who do not see it.
func (d Document) attentionText() string {
	var list []string
	for _, p := range d.Evaluation.Attention.Photos {
		said := d.t("%s predicted as %s", d.value(p.True), d.value(p.Predicted))
		if d.classifies() {
			said = d.t("%s taken for %s", d.class(p.True), d.sure(p.Prediction))
		}
		list = append(list, fmt.Sprintf("%s: %s, %s", d.word(rankNames[p.Rank]), said, d.word(brightest(p))))
	}
	return d.t("Where the network looks: %s", strings.Join(list, "; "))
}

// places are the ninths of a photo, row by row.
var places = [...]word{
	"brightest at the top left", "brightest at the top", "brightest at the top right",
	"brightest at the left", "brightest in the middle", "brightest at the right",
	"brightest at the bottom left", "brightest at the bottom", "brightest at the bottom right",
}

// brightest says in words where the highest place of a map is.
func brightest(p evaluate.Attended) word {
	for i, v := range p.Map {
		if v == 255 {
			row, column := (2*(i/p.Width)+1)*3/(2*p.Height), (2*(i%p.Width)+1)*3/(2*p.Width)
			return places[3*row+column]
		}
	}
	return "dark everywhere"
}

// drawAttention shows a row of photos a rank, each beside the same photo under its map, or
// the map alone where the report shows no photos.
func drawAttention(d Document) (*sheet, error) {
	a := d.Evaluation.Attention
	if a == nil {
		return nil, nil
	}
	s := &sheet{Language: d.Language, columns: 3, side: tile, scale: true}
	if d.shows("samples") {
		s.side = small // so that a page has room for two beside each other, three times
	}
	for _, p := range a.Photos {
		under, err := picture(p.Photo)
		if err != nil {
			return nil, err
		}
		if len(p.Map) != p.Height*p.Width || len(p.Map) == 0 {
			return nil, fmt.Errorf("photo %s: %d levels do not make a map of %d × %d", p.Image, len(p.Map), p.Height, p.Width)
		}
		pictures := []raster{{tile, colours(spread(p, tile))}}
		if d.shows("samples") {
			pictures = []raster{under, tinted(under, spread(p, under.side))}
		}
		if name := heading(d.word(rankNames[p.Rank])); len(s.rows) == 0 || s.rows[len(s.rows)-1].value != name {
			s.rows = append(s.rows, strip{value: name})
		}
		row := &s.rows[len(s.rows)-1]
		row.frames = append(row.frames, frame{pictures, d.caption(p.Photo)})
	}
	return s, nil
}

// colours writes levels in the colours of maps.
func colours(levels []uint8) []byte {
	rgb := make([]byte, 0, 3*len(levels))
	for _, level := range levels {
		c := viridis(level)
		rgb = append(rgb, c.R, c.G, c.B)
	}
	return rgb
}

// tinted lays the colours of levels over the brightness of a picture: 0.299 red, 0.587 green
// and 0.114 blue (ITU-R BT.601), in 256ths.
func tinted(under raster, levels []uint8) raster {
	const opacity = 144 // of 256
	rgb := colours(levels)
	for i := range levels {
		pixel := under.rgb[3*i : 3*i+3]
		gray := (77*int(pixel[0]) + 150*int(pixel[1]) + 29*int(pixel[2])) / 256
		for c := range 3 {
			rgb[3*i+c] = uint8((gray*(256-opacity) + int(rgb[3*i+c])*opacity) / 256)
		}
	}
	return raster{under.side, rgb}
}

// spread returns a map as a square of this side whose highest level is 255. The levels of
// a place fade as a quadratic B-spline, so that no edges show that the photo does not have.
func spread(p evaluate.Attended, side int) []uint8 {
	// around returns the three places of n around pixel i and their weights, in whole numbers
	// that add up to 1<<17: t is how far the pixel is from the middle one, in 1/256.
	around := func(i, n int) (places [3]int, weights [3]int64) {
		at := (2*i + 1) * n * 128 / side
		t := int64(at%256 - 128)
		for k := range places {
			places[k] = min(max(at/256+k-1, 0), n-1)
		}
		return places, [3]int64{(128 - t) * (128 - t), 98304 - 2*t*t, (128 + t) * (128 + t)}
	}
	sums, highest := make([]int64, side*side), int64(1)
	for i := range sums {
		rows, down := around(i/side, p.Height)
		columns, across := around(i%side, p.Width)
		for j, row := range rows {
			for k, column := range columns {
				sums[i] += down[j] * across[k] * int64(p.Map[row*p.Width+column])
			}
		}
		highest = max(highest, sums[i])
	}
	levels := make([]uint8, len(sums))
	for i, sum := range sums {
		levels[i] = uint8(sum * 255 / highest)
	}
	return levels
}

// viridisAt is the colour map viridis (van der Walt, Smith, 2015) at nine places: as even to
// the eye as it is to a printer without colours, and with any colour vision.
var viridisAt = [...]color.NRGBA{
	{0x44, 0x01, 0x54, 255}, {0x47, 0x2D, 0x7B, 255}, {0x3B, 0x52, 0x8B, 255}, {0x2C, 0x72, 0x8E, 255}, {0x21, 0x91, 0x8C, 255},
	{0x28, 0xAE, 0x80, 255}, {0x5E, 0xC9, 0x62, 255}, {0xAD, 0xDC, 0x30, 255}, {0xFD, 0xE7, 0x25, 255},
}

// viridis returns the colour of a level.
func viridis(level uint8) color.NRGBA {
	at := int(level) * (len(viridisAt) - 1) // in 255ths of the way from one place to the next
	a, b, far := viridisAt[at/255], viridisAt[min(at/255+1, len(viridisAt)-1)], at%255
	mixed := func(a, b uint8) uint8 { return uint8((int(a)*(255-far) + int(b)*far) / 255) }
	return color.NRGBA{mixed(a.R, b.R), mixed(a.G, b.G), mixed(a.B, b.B), 255}
}
