package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"biomass/runner/internal/evaluate"
)

// The sheet of photos, in pixels.
const (
	tile     = 152
	gutter   = 14
	perRow   = 4
	lineStep = 17
)

// words is one line below a photo.
type words struct {
	text  string
	color color.Color
	bold  bool
}

// drawSamples draws the evaluation's photos.
func drawSamples(d Document) ([]byte, error) { return d.sheet(d.Evaluation.Photos, perRow) }

// sheet draws photos in rows, each with its true and its predicted value below; nil
// where there are none. Letters are drawn by freetype, which computes in whole
// numbers only and so gives the same pixels everywhere.
func (d Document) sheet(photos []evaluate.Photo, perRow int) ([]byte, error) {
	if len(photos) == 0 {
		return nil, nil
	}
	captions := make([][]words, len(photos))
	for i, photo := range photos {
		captions[i] = d.caption(photo)
	}
	columns := min(perRow, len(photos))
	rows := (len(photos) + perRow - 1) / perRow
	height := tile + len(captions[0])*lineStep + 6
	sheet := image.NewRGBA(image.Rect(0, 0, gutter+columns*(tile+gutter), gutter+rows*(height+gutter)))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	bold, regular, err := faces(textSize)
	if err != nil {
		return nil, err
	}
	for i, photo := range photos {
		if len(photo.Pixels) != photo.Size*photo.Size*3 || photo.Size == 0 {
			return nil, fmt.Errorf("photo %s: %d bytes of pixels do not make a square of %d", photo.Image, len(photo.Pixels), photo.Size)
		}
		x, y := gutter+i%perRow*(tile+gutter), gutter+i/perRow*(height+gutter)
		enlarge(sheet, x, y, tile, photo.Size, photo.Pixels)
		for k, w := range captions[i] {
			f := regular
			if w.bold {
				f = bold
			}
			write(sheet, f, w.color, x, y+tile+(k+1)*lineStep, tile+gutter-2, w.text)
		}
	}
	return encode(sheet)
}

// encode returns a picture as a PNG.
func encode(sheet image.Image) ([]byte, error) {
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err := encoder.Encode(&out, sheet)
	return out.Bytes(), err
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

// faces returns bold and regular letters of a size.
func faces(size float64) (bold, regular font.Face, err error) {
	if bold, err = face(liberationsansbold.TTF, size); err != nil {
		return nil, nil, err
	}
	regular, err = face(liberationsansregular.TTF, size)
	return bold, regular, err
}

// face returns letters of a size.
func face(ttf []byte, size float64) (font.Face, error) {
	f, err := truetype.Parse(ttf)
	if err != nil {
		return nil, err
	}
	return truetype.NewFace(f, &truetype.Options{Size: size, DPI: 72, Hinting: font.HintingVertical}), nil
}

// write writes a text, shortened to a width, and returns where it ends.
func write(sheet *image.RGBA, f font.Face, c color.Color, x, baseline, width int, text string) int {
	d := font.Drawer{Dst: sheet, Src: image.NewUniform(c), Face: f, Dot: fixed.P(x, baseline)}
	d.DrawString(fitting(text, func(s string) bool { return d.MeasureString(s).Ceil() <= width }))
	return d.Dot.X.Ceil()
}

// enlarge draws pixels (n, n, 3) as a square of this side whose upper left corner
// is (x0, y0).
func enlarge(sheet *image.RGBA, x0, y0, side, n int, pixels []byte) {
	large := smooth(side, n, pixels)
	for i := range side * side {
		sheet.SetRGBA(x0+i%side, y0+i/side, color.RGBA{large[3*i], large[3*i+1], large[3*i+2], 255})
	}
}

// smooth returns pixels (n, n, 3) as a square of this side, bilinear between the centres of
// the pixels, in whole numbers of 1/256.
func smooth(side, n int, pixels []byte) []byte {
	// place returns the two source pixels beside pixel i of the square and the
	// weight, 0 to 256, of the second.
	place := func(i int) (first, second, weight int) {
		at := (2*i+1)*n*256/(2*side) - 128
		at = min(max(at, 0), (n-1)*256)
		return at / 256, min(at/256+1, n-1), at % 256
	}
	large := make([]byte, 0, side*side*3)
	for y := range side {
		top, bottom, wy := place(y)
		for x := range side {
			left, right, wx := place(x)
			for c := range 3 {
				at := func(row, column int) int { return int(pixels[(row*n+column)*3+c]) }
				above := at(top, left)*(256-wx) + at(top, right)*wx
				below := at(bottom, left)*(256-wx) + at(bottom, right)*wx
				large = append(large, uint8((above*(256-wy)+below*wy+1<<15)>>16))
			}
		}
	}
	return large
}
