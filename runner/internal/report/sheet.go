package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// sheet is photos with what is said of them: a PNG for report.md, which stands on white
// paper, and for report.html the photos and the text themselves, in the colours of the page
// and as many beside each other as it has room for.
type sheet struct {
	Language
	title   string // none where it is empty, as in a report
	notes   []string
	columns int // photos in a row
	side    int // how high and wide a photo is drawn in the PNG
	rows    []strip
	scale   bool // the sheet ends with the colours of maps
}

// strip is photos under a heading, if they have one.
type strip struct {
	value, name string
	frames      []frame
}

// frame is one photo, or pictures of it side by side; none where it is not there.
type frame struct {
	pictures []raster
	caption  []words
}

// words is one line below a photo.
type words struct {
	text  string
	color color.NRGBA // ink, muted or red
	bold  bool
}

// raster is a square picture.
type raster struct {
	side int
	rgb  []byte // (side, side, 3)
}

// The sheet of photos, in pixels.
const (
	tile     = 152 // side of a photo
	small    = 112 // that of one among many
	gutter   = 14
	between  = 3 // pictures of a photo
	lineStep = 17
	headStep = 26
)

// newRaster returns pixels in colour; those that are larger than most as the means of whole
// blocks.
func newRaster(size, channels int, pixels []uint8, most int) (raster, error) {
	if size < 1 || len(pixels) != size*size*channels {
		return raster{}, fmt.Errorf("%d bytes of pixels do not make a square of %d", len(pixels), size)
	}
	block := (size + most - 1) / most
	n := size / block
	rgb := make([]byte, n*n*3)
	for i := range rgb {
		channel, x, y := i%3%channels, i/3%n, i/3/n
		sum := 0
		for dy := range block {
			for dx := range block {
				sum += int(pixels[((y*block+dy)*size+x*block+dx)*channels+channel])
			}
		}
		rgb[i] = byte((sum + block*block/2) / (block * block))
	}
	return raster{n, rgb}, nil
}

// across is how many pictures of a photo stand beside each other.
func (s *sheet) across() int {
	most := 1
	for _, row := range s.rows {
		for _, f := range row.frames {
			most = max(most, len(f.pictures))
		}
	}
	return most
}

// size returns the width of a frame and of the whole sheet.
func (s *sheet) size() (cell, width int) {
	n := s.across()
	cell = n*s.side + (n-1)*between
	columns := 1
	for _, row := range s.rows {
		columns = max(columns, min(s.columns, len(row.frames)))
	}
	return cell, gutter + columns*(cell+gutter)
}

// png draws the sheet. Letters are drawn by freetype, which computes in whole numbers only
// and so gives the same pixels everywhere.
func (s *sheet) png() ([]byte, error) {
	faces, err := newFaces()
	if err != nil {
		return nil, err
	}
	cell, width := s.size()
	p := painter{sheet: s, faces: faces, cell: cell}
	p.to = image.NewRGBA(image.Rect(0, 0, width, 0)) // measures
	height := p.paint()
	p.to = image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(p.to, p.to.Rect, image.White, image.Point{}, draw.Src)
	p.paint()
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&out, p.to)
	return out.Bytes(), err
}

// painter draws a sheet onto a picture, of which it needs no more than the width to measure
// how high it is.
type painter struct {
	*sheet
	faces
	cell int // width of a frame
	to   *image.RGBA
}

// paint draws everything and returns how high it is.
func (p *painter) paint() int {
	y, width := gutter, p.to.Rect.Dx()-2*gutter
	if p.title != "" {
		p.write(p.large, ink, gutter, y+titleSize, width, p.title)
		y += titleSize + gutter
	}
	for _, note := range p.notes {
		for _, line := range wrap(note, func(text string) bool { return font.MeasureString(p.regular, text).Ceil() <= width }) {
			p.write(p.regular, muted, gutter, y+textSize, width, line)
			y += lineStep
		}
	}
	if p.title != "" {
		y += gutter
	}
	for _, row := range p.rows {
		if row.value+row.name != "" {
			end := p.write(p.bold, ink, gutter, y+textSize, width, row.value)
			p.write(p.regular, muted, end+gutter, y+textSize, width+gutter-end, row.name)
			y += headStep
		}
		for line := range slices.Chunk(row.frames, p.columns) {
			high := 0
			for k, f := range line {
				p.frame(f, gutter+k*(p.cell+gutter), y)
				high = max(high, len(f.caption)*lineStep)
			}
			y += p.side + high + 6 + gutter
		}
	}
	if p.scale {
		const bar, high = 96, 12
		x := p.write(p.regular, muted, gutter, y+textSize, width, p.t("not at all")) + 8
		for i := range bar {
			draw.Draw(p.to, image.Rect(x+i, y+3, x+i+1, y+3+high), image.NewUniform(viridis(uint8(255*i/(bar-1)))), image.Point{}, draw.Src)
		}
		p.write(p.regular, muted, x+bar+8, y+textSize, width, p.t("most"))
		y += lineStep + gutter
	}
	return y
}

// frame draws one photo and its caption.
func (p *painter) frame(f frame, x, y int) {
	if len(f.pictures) == 0 {
		draw.Draw(p.to, image.Rect(x, y, x+p.cell, y+p.side), image.NewUniform(faint), image.Point{}, draw.Src)
		p.write(p.regular, muted, x+8, y+p.side/2, p.cell-8, p.t("not drawn"))
	}
	for k, picture := range f.pictures {
		large, left := smooth(p.side, picture), x+k*(p.side+between)
		for i := range p.side * p.side {
			p.to.SetRGBA(left+i%p.side, y+i/p.side, color.RGBA{large[3*i], large[3*i+1], large[3*i+2], 255})
		}
	}
	for k, w := range f.caption {
		face := p.regular
		if w.bold {
			face = p.bold
		}
		p.write(face, w.color, x, y+p.side+(k+1)*lineStep, p.cell+gutter-2, w.text)
	}
}

// write writes a text, shortened to a width, and returns where it ends.
func (p *painter) write(f font.Face, c color.Color, x, baseline, width int, text string) int {
	d := font.Drawer{Dst: p.to, Src: image.NewUniform(c), Face: f, Dot: fixed.P(x, baseline)}
	d.DrawString(fitting(text, func(s string) bool { return d.MeasureString(s).Ceil() <= width }))
	return d.Dot.X.Ceil()
}

// smooth returns a picture as a square of this side, bilinear between the centres of the
// pixels, in whole numbers of 1/256.
func smooth(side int, r raster) []byte {
	// place returns the two source pixels beside pixel i of the square and the
	// weight, 0 to 256, of the second.
	place := func(i int) (first, second, weight int) {
		at := (2*i+1)*r.side*256/(2*side) - 128
		at = min(max(at, 0), (r.side-1)*256)
		return at / 256, min(at/256+1, r.side-1), at % 256
	}
	large := make([]byte, 0, side*side*3)
	for y := range side {
		top, bottom, wy := place(y)
		for x := range side {
			left, right, wx := place(x)
			for c := range 3 {
				at := func(row, column int) int { return int(r.rgb[(row*r.side+column)*3+c]) }
				above := at(top, left)*(256-wx) + at(top, right)*wx
				below := at(bottom, left)*(256-wx) + at(bottom, right)*wx
				large = append(large, uint8((above*(256-wy)+below*wy+1<<15)>>16))
			}
		}
	}
	return large
}

// faces are the letters of a sheet.
type faces struct{ regular, bold, large font.Face }

func newFaces() (f faces, err error) {
	for _, letters := range []struct {
		face *font.Face
		ttf  []byte
		size float64
	}{
		{&f.regular, liberationsansregular.TTF, textSize}, {&f.bold, liberationsansbold.TTF, textSize}, {&f.large, liberationsansbold.TTF, titleSize},
	} {
		parsed, err := truetype.Parse(letters.ttf)
		if err != nil {
			return f, err
		}
		*letters.face = truetype.NewFace(parsed, &truetype.Options{Size: letters.size, DPI: 72, Hinting: font.HintingVertical})
	}
	return f, nil
}

// html writes the sheet with its photos as small as they are: a browser enlarges
// them as smooth does. alternative is its text, escaped.
func (s *sheet) html(alternative string) ([]byte, error) {
	_, width := s.size()
	few := 2 // in a row, where the page is narrow
	if s.columns%3 == 0 && s.across() == 1 {
		few = 3
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<div class="sheet" role="img" aria-label="%s" style="--columns:%d;--few:%d;max-width:%dpx">`+"\n", alternative, s.columns, few, width)
	for _, row := range s.rows {
		if row.value+row.name != "" {
			fmt.Fprintf(&out, "<p><b>%s</b> %s</p>\n", stdhtml.EscapeString(row.value), stdhtml.EscapeString(row.name))
		}
		out.WriteString("<div>\n")
		for _, f := range row.frames {
			out.WriteString("<div><span>")
			if len(f.pictures) == 0 {
				out.WriteString("<i>" + s.t("not drawn") + "</i>")
			}
			for _, r := range f.pictures {
				picture := image.NewNRGBA(image.Rect(0, 0, r.side, r.side))
				for i := range r.side * r.side {
					copy(picture.Pix[4*i:], []byte{r.rgb[3*i], r.rgb[3*i+1], r.rgb[3*i+2], 255})
				}
				var data bytes.Buffer
				encoder := png.Encoder{CompressionLevel: png.BestCompression}
				if err := encoder.Encode(&data, picture); err != nil {
					return nil, err
				}
				fmt.Fprintf(&out, `<img src="%s%s" width="%d" height="%d" alt="">`, embeddedPNG, base64.StdEncoding.EncodeToString(data.Bytes()), r.side, r.side)
			}
			out.WriteString("</span>")
			for k, w := range f.caption {
				tag := "small"
				if w.bold {
					tag = "b"
				}
				class := ""
				if w.color == red {
					class = ` class="wrong"`
				}
				if k > 0 {
					out.WriteString("<br>")
				}
				fmt.Fprintf(&out, "<%s%s>%s</%s>", tag, class, stdhtml.EscapeString(w.text), tag)
			}
			out.WriteString("</div>\n")
		}
		out.WriteString("</div>\n")
	}
	if s.scale {
		fmt.Fprintf(&out, "<p class=\"scale\">%s <i></i> %s</p>\n", s.t("not at all"), s.t("most"))
	}
	out.WriteString("</div>\n")
	return out.Bytes(), nil
}
