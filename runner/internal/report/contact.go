package report

import (
	"fmt"
	"image"
	"image/draw"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"golang.org/x/image/font"
)

// Contact is a contact sheet: rows of versions of one photo each.
type Contact struct {
	Language
	Title string // none where it is empty
	// Notes are lines below the title.
	Notes []string
	// Columns are the heads of the versions; the first stands a little apart.
	Columns []string
	Rows    []Strip
	// Size is the height and width of the pixels, Channels 3 for RGB, 1 for gray.
	Size, Channels int
	// Side is how high and wide a version is drawn at most; 0 stands for mostSide.
	Side int
}

// Strip is one row of a contact sheet.
type Strip struct {
	Name, Value string
	// Versions are pixels (Size, Size, Channels), one a column; nil leaves it empty.
	Versions [][]uint8
}

// The contact sheet, in pixels.
const (
	leastSide = 112 // side of a square
	mostSide  = 224
	apart     = 3 * gutter // between the first column and the others
	titleStep = 30
	headStep  = 30
)

// PNG draws the sheet.
func (c Contact) PNG() ([]byte, error) {
	bold, regular, err := faces(textSize)
	if err != nil {
		return nil, err
	}
	large, err := face(liberationsansbold.TTF, titleSize)
	if err != nil {
		return nil, err
	}
	side := min(max(c.Size, leastSide), c.mostSide())
	left := func(column int) int {
		x := 2*gutter + column*(side+gutter)
		if column > 0 {
			x += apart - gutter
		}
		return x
	}
	width := left(len(c.Columns)) + gutter
	inside := width - 4*gutter
	var notes []string
	for _, note := range c.Notes {
		notes = append(notes, wrap(note, func(s string) bool { return font.MeasureString(regular, s).Ceil() <= inside })...)
	}
	top := gutter + len(notes)*lineStep
	if c.Title != "" {
		top += gutter + titleStep + headStep
	}
	step := side + lineStep + gutter + 8
	sheet := image.NewRGBA(image.Rect(0, 0, width, top+len(c.Rows)*step+gutter))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)

	y := gutter
	if c.Title != "" {
		write(sheet, large, ink, 2*gutter, 2*gutter+titleSize, inside, c.Title)
		y += gutter + titleSize + titleStep - lineStep + 4
	}
	for _, note := range notes {
		y += lineStep
		write(sheet, regular, muted, 2*gutter, y, inside, note)
	}
	for column, head := range c.Columns {
		f := regular
		if column == 0 {
			f = bold
		}
		write(sheet, f, ink, left(column), top+gutter-6, side+gutter-2, head)
	}
	for i, row := range c.Rows {
		y := top + gutter + i*step
		for column, pixels := range row.Versions {
			at := image.Rect(left(column), y, left(column)+side, y+side)
			if pixels == nil {
				draw.Draw(sheet, at, image.NewUniform(faint), image.Point{}, draw.Src)
				write(sheet, regular, muted, at.Min.X+8, y+side/2, side-8, c.t("not drawn"))
				continue
			}
			n, rgb, err := c.rgb(pixels)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.Name, err)
			}
			enlarge(sheet, at.Min.X, at.Min.Y, side, n, rgb)
		}
		end := left(0)
		if row.Value != "" {
			end = write(sheet, bold, ink, end, y+side+lineStep, inside, row.Value) + gutter
		}
		write(sheet, regular, muted, end, y+side+lineStep, width-end-gutter, row.Name)
	}
	return encode(sheet)
}

func (c Contact) mostSide() int {
	if c.Side > 0 {
		return c.Side
	}
	return mostSide
}

// rgb returns pixels in colour; large ones as the means of whole blocks.
func (c Contact) rgb(pixels []uint8) (n int, rgb []byte, err error) {
	if c.Size < 1 || len(pixels) != c.Size*c.Size*c.Channels {
		return 0, nil, fmt.Errorf("%d bytes of pixels do not make a square of %d", len(pixels), c.Size)
	}
	block := (c.Size + c.mostSide() - 1) / c.mostSide()
	n = c.Size / block
	rgb = make([]byte, n*n*3)
	for i := range rgb {
		channel, x, y := i%3%c.Channels, i/3%n, i/3/n
		sum := 0
		for dy := range block {
			for dx := range block {
				sum += int(pixels[((y*block+dy)*c.Size+x*block+dx)*c.Channels+channel])
			}
		}
		rgb[i] = byte((sum + block*block/2) / (block * block))
	}
	return n, rgb, nil
}
