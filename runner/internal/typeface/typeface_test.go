package typeface

import (
	"bytes"
	"image"
	"testing"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// What is written with a subset looks as with the whole font, to the pixel.
func TestSubset(t *testing.T) {
	for name, whole := range map[string][]byte{"regular": liberationsansregular.TTF, "bold": liberationsansbold.TTF} {
		for _, text := range []string{"", " ", "Wägen: 11,5 %", "R² −0.5 AVATAR To. ± µ × Łódź “ñ” …", "\U0001F331漢 only what it has"} {
			small, err := Subset(whole, text)
			if err != nil {
				t.Fatal(err)
			}
			if len(small) > 12000 {
				t.Errorf("%s %q: %d bytes", name, text, len(small))
			}
			if !bytes.Equal(draw(t, small, text), draw(t, whole, text)) {
				t.Errorf("%s %q looks otherwise", name, text)
			}
			again, _ := Subset(small, text)
			if !bytes.Equal(again, small) {
				t.Errorf("%s %q: a subset of the subset is another", name, text)
			}
		}
	}
}

// draw writes a text with kerning and returns its pixels.
func draw(t *testing.T, ttf []byte, text string) []byte {
	t.Helper()
	parsed, err := opentype.Parse(ttf) // which reads more strictly than freetype
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 40, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		t.Fatal(err)
	}
	sheet := image.NewGray(image.Rect(0, 0, 1200, 60))
	d := font.Drawer{Dst: sheet, Src: image.White, Face: face, Dot: fixed.P(4, 45)}
	d.DrawString(text)
	return sheet.Pix
}

func TestSubsetHoldsTheLettersAlone(t *testing.T) {
	small, err := Subset(liberationsansregular.TTF, "cabbage")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := truetype.Parse(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "abceg" {
		if parsed.Index(r) == 0 {
			t.Errorf("%q is missing", r)
		}
	}
	for _, r := range "dfhA \uFFFF" {
		if parsed.Index(r) != 0 {
			t.Errorf("%q was not asked for", r)
		}
	}
	other, err := sfnt.Parse(small)
	if err != nil {
		t.Fatal(err)
	}
	if n := other.NumGlyphs(); n != 6 {
		t.Errorf("%d glyphs for 5 letters and the missing one", n)
	}
	if s, err := other.Name(nil, sfnt.NameIDCopyright); err != nil || s == "" {
		t.Errorf("the copyright is gone: %q, %v", s, err)
	}
	if checksum(small) != 0xB1B0AFBA {
		t.Errorf("the checksum of the file is %x", checksum(small))
	}
}

func TestSubsetOfNoFont(t *testing.T) {
	if _, err := Subset([]byte("no font at all, but long enough to be looked at"), "a"); err == nil {
		t.Error("no error")
	}
}
