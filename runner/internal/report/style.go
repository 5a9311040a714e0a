package report

import (
	"encoding/base64"
	"fmt"
	"image/color"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"biomass/runner/internal/typeface"
)

// The palette follows Okabe and Ito (Color Universal Design, 2008), which people
// with any colour vision tell apart; orange is darker than theirs, so that all
// stand out from white by 3 to 1. A part of the split has one colour everywhere.
// A plot has no other colours than these, thinned by transparency where it needs
// more: what is no colour of the palette stays as it is on a dark page.
var (
	blue   = color.NRGBA{0x00, 0x72, 0xB2, 0xFF} // train
	orange = color.NRGBA{0xC9, 0x85, 0x00, 0xFF} // validation
	green  = color.NRGBA{0x00, 0x9E, 0x73, 0xFF} // test
	pink   = color.NRGBA{0xCC, 0x79, 0xA7, 0xFF} // a second curve of validation
	red    = color.NRGBA{0xD5, 0x5E, 0x00, 0xFF} // what is wrong

	ink   = color.NRGBA{0x1F, 0x23, 0x28, 0xFF}
	muted = color.NRGBA{0x59, 0x63, 0x6E, 0xFF}
	faint = color.NRGBA{0xE4, 0xE7, 0xEB, 0xFF}
	paper = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// dark is what the colours become where the reader prefers a dark page.
var dark = []struct{ light, dark color.NRGBA }{
	{blue, color.NRGBA{0x56, 0xB4, 0xE9, 0xFF}},
	{orange, color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}},
	{green, color.NRGBA{0x2B, 0xC4, 0x96, 0xFF}},
	{pink, color.NRGBA{0xE6, 0xA0, 0xC8, 0xFF}},
	{red, color.NRGBA{0xFF, 0x8A, 0x47, 0xFF}},
	{ink, color.NRGBA{0xE6, 0xED, 0xF3, 0xFF}},
	{muted, color.NRGBA{0x91, 0x98, 0xA1, 0xFF}},
	{faint, color.NRGBA{0x30, 0x36, 0x3D, 0xFF}},
	{paper, color.NRGBA{0x0D, 0x11, 0x17, 0xFF}},
}

var partColor = map[string]color.NRGBA{"train": blue, "validation": orange, "test": green}

// transparent returns a colour with this opacity, 0 to 255.
func transparent(c color.NRGBA, opacity uint8) color.NRGBA {
	c.A = opacity
	return c
}

// mix returns a thinned colour for a cell: strength is 0 to 256. Ink can be read
// on the strongest, on light and on dark paper.
func mix(c color.NRGBA, strength int) color.NRGBA {
	const least, most = 10, 135
	return transparent(c, uint8(least+(most-least)*strength/256))
}

// darkRules are the CSS rules that turn an SVG's colours; those that it does not
// have are left out. They go by the colours as they are written, so that a program
// that knows no CSS shows the light ones.
func darkRules(svg string) string {
	var rules strings.Builder
	for _, c := range dark {
		for _, attribute := range []string{"fill", "stroke"} {
			if selector := fmt.Sprintf(`%s="%s"`, attribute, hex(c.light)); strings.Contains(svg, selector) {
				fmt.Fprintf(&rules, "[%s]{%s:%s}", selector, attribute, hex(c.dark))
			}
		}
	}
	return "@media screen and (prefers-color-scheme:dark){" + rules.String() + "}"
}

// hex writes a colour without its opacity.
func hex(c color.NRGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// Sizes of text and space, in the pixels of the SVG.
const (
	titleSize = 18
	textSize  = 14
	margin    = 18
)

func letters(size vg.Length, c color.Color, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return text.Style{Color: c, Font: f, Handler: plot.DefaultTextHandler}
}

// typefaces are the names of a plot's letters: those that it brings along, and, for
// programs that take none from a file, fonts whose letters are as wide.
const typefaces = "Plot, 'Liberation Sans', Arial, Helvetica, sans-serif"

// fontRule is the CSS rule that brings along letters of Liberation Sans, by which
// layouts are measured. It is not compressed: the bytes would be those of one Go
// release.
func fontRule(letters string, bold bool) string {
	if letters == "" {
		return ""
	}
	ttf, weight := liberationsansregular.TTF, "normal"
	if bold {
		ttf, weight = liberationsansbold.TTF, "bold"
	}
	subset, err := typeface.Subset(ttf, letters)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return fmt.Sprintf("@font-face{font-family:Plot;font-weight:%s;src:url(data:font/ttf;base64,%s)}", weight, base64.StdEncoding.EncodeToString(subset))
}
