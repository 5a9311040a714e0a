package report

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

// Everything that a canvas can be asked for, drawn on a page of 200 by 100.
func TestSVG(t *testing.T) {
	for name, c := range map[string]struct {
		draw func(*svg)
		want string
	}{
		"y counts from the top": {func(s *svg) {
			s.Stroke(vg.Path{{Type: vg.MoveComp, Pos: vg.Point{X: 10, Y: 20}}, {Type: vg.LineComp, Pos: vg.Point{X: 30, Y: 100}}})
		}, `<g fill="none" stroke="#000000" stroke-width="1">` + "\n" + `<path d="M10,80L30,0"/>`},
		"a full arc is a circle": {func(s *svg) {
			var p vg.Path
			p.Move(vg.Point{X: 60, Y: 50})
			p.Arc(vg.Point{X: 50, Y: 50}, 10, 0, 2*math.Pi)
			s.SetColor(color.NRGBA{0, 0x72, 0xB2, 0x80})
			s.Fill(p)
		}, `<g fill="#0072B2" fill-opacity="0.5">` + "\n" + `<circle cx="50" cy="50" r="10"/>`},
		"a quarter arc is a curve": {func(s *svg) {
			var p vg.Path
			p.Move(vg.Point{X: 60, Y: 50})
			p.Arc(vg.Point{X: 50, Y: 50}, 10, 0, math.Pi/2)
			s.Fill(p)
		}, `<path d="M60,50L60,50C60,44.48 55.52,40 50,40"/>`},
		"curves": {func(s *svg) {
			var p vg.Path
			p.Move(vg.Point{})
			p.QuadTo(vg.Point{X: 1, Y: 2}, vg.Point{X: 3, Y: 4})
			p.CubeTo(vg.Point{X: 5, Y: 6}, vg.Point{X: 7, Y: 8}, vg.Point{X: 9, Y: 10})
			p.Close()
			s.Fill(p)
		}, `<path d="M0,100Q1,98 3,96C5,94 7,92 9,90Z"/>`},
		"transforms compose and end": {func(s *svg) {
			s.Push()
			s.Translate(vg.Point{X: 100, Y: 50})
			s.Rotate(math.Pi / 2)
			s.Scale(2, 1)
			s.SetLineDash([]vg.Length{3, 2}, 1)
			s.Stroke(vg.Path{{Type: vg.MoveComp}, {Type: vg.LineComp, Pos: vg.Point{X: 10, Y: 5}}})
			s.Pop()
			s.Stroke(vg.Path{{Type: vg.MoveComp}, {Type: vg.LineComp, Pos: vg.Point{X: 10, Y: 5}}})
		}, `stroke-dasharray="3 2" stroke-dashoffset="1">` + "\n" + `<path d="M100,50L95,30"/>` + "\n</g>\n" +
			`<g fill="none" stroke="#000000" stroke-width="1">` + "\n" + `<path d="M0,100L10,95"/>`},
		"an image stands in the file": {func(s *svg) {
			s.DrawImage(vg.Rectangle{Min: vg.Point{X: 10, Y: 10}, Max: vg.Point{X: 30, Y: 50}}, image.NewGray(image.Rect(0, 0, 1, 1)))
		}, `<image x="10" y="50" width="20" height="40" href="data:image/png;base64,`},
		"turned text": {func(s *svg) {
			style := letters(14, ink, true)
			style.Rotation = math.Pi / 2
			style.Handler.Draw(s, "a < b", style, vg.Point{X: 50, Y: 50})
		}, `transform="rotate(-90`},
	} {
		s := newSVG(200, 100)
		c.draw(s)
		got := string(s.document(`"quoted" & <more>`))
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", name, got, c.want)
		}
		wellFormed(t, name, []byte(got))
	}
}
