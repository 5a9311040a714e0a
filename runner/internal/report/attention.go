package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
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

// drawAttention draws a row of photos a rank, each beside the same photo under its map, or
// the map alone where the report shows no photos.
func drawAttention(d Document) ([]byte, error) {
	a := d.Evaluation.Attention
	if a == nil {
		return nil, nil
	}
	bold, regular, err := faces(textSize)
	if err != nil {
		return nil, err
	}
	var ranks []string
	ofRank := map[string][]evaluate.Attended{}
	columns := 0
	for _, p := range a.Photos {
		if len(ofRank[p.Rank]) == 0 {
			ranks = append(ranks, p.Rank)
		}
		ofRank[p.Rank] = append(ofRank[p.Rank], p)
		columns = max(columns, len(ofRank[p.Rank]))
	}
	const between, barWidth, barHeight = 3, 96, 12
	photos, side, cell := d.shows("samples"), tile, tile
	if photos {
		side = leastSide // so that a page has room for two beside each other, three times
		cell = 2*side + between
	}
	height := headStep + side + len(d.caption(a.Photos[0].Photo))*lineStep + gutter
	sheet := image.NewRGBA(image.Rect(0, 0, gutter+columns*(cell+2*gutter)-gutter, gutter+len(ranks)*height+lineStep+gutter))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for r, rank := range ranks {
		y := gutter + r*height
		write(sheet, bold, ink, gutter, y+lineStep-3, cell, heading(d.word(rankNames[rank])))
		y += headStep
		for k, p := range ofRank[rank] {
			x := gutter + k*(cell+2*gutter)
			if len(p.Pixels) != p.Size*p.Size*3 || p.Size == 0 || len(p.Map) != p.Height*p.Width || len(p.Map) == 0 {
				return nil, fmt.Errorf("photo %s: %d bytes of pixels and a map of %d do not make a square of %d and one of %d × %d", p.Image, len(p.Pixels), len(p.Map), p.Size, p.Height, p.Width)
			}
			under, heat := smooth(side, p.Size, p.Pixels), spread(p, side)
			left := x
			if photos {
				paint(sheet, x, y, side, func(i int) color.NRGBA { return color.NRGBA{under[3*i], under[3*i+1], under[3*i+2], 255} })
				left += side + between
			}
			paint(sheet, left, y, side, func(i int) color.NRGBA {
				if !photos {
					return viridis(heat[i])
				}
				return tinted(under[3*i:3*i+3], viridis(heat[i]))
			})
			for line, w := range d.caption(p.Photo) {
				f := regular
				if w.bold {
					f = bold
				}
				write(sheet, f, w.color, x, y+side+(line+1)*lineStep, cell, w.text)
			}
		}
	}
	x, y := gutter, sheet.Rect.Dy()-gutter
	x = write(sheet, regular, muted, x, y, cell, d.t("not at all")) + 8
	for i := range barWidth {
		draw.Draw(sheet, image.Rect(x+i, y-barHeight+1, x+i+1, y+1), image.NewUniform(viridis(uint8(255*i/(barWidth-1)))), image.Point{}, draw.Src)
	}
	write(sheet, regular, muted, x+barWidth+8, y, cell, d.t("most"))
	return encode(sheet)
}

// paint fills a square of this side, whose pixels are counted row by row.
func paint(sheet *image.RGBA, x0, y0, side int, pixel func(i int) color.NRGBA) {
	for i := range side * side {
		sheet.Set(x0+i%side, y0+i/side, pixel(i))
	}
}

// tinted lays a colour over the brightness of a pixel: 0.299 red, 0.587 green and 0.114 blue
// (ITU-R BT.601), in 256ths.
func tinted(pixel []byte, c color.NRGBA) color.NRGBA {
	const opacity = 144 // of 256
	gray := (77*int(pixel[0]) + 150*int(pixel[1]) + 29*int(pixel[2])) / 256
	mixed := func(v uint8) uint8 { return uint8((gray*(256-opacity) + int(v)*opacity) / 256) }
	return color.NRGBA{mixed(c.R), mixed(c.G), mixed(c.B), 255}
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
