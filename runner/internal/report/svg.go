package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/elementary"
)

// svg is a vg.Canvas that writes SVG whose bytes are the same on every platform.
// Layout computes in floats that a compiler may round differently; every
// coordinate is therefore put on a grid of 1/100 before it is written. The file
// brings along the letters that it uses, and the colours of a dark page.
type svg struct {
	width, height vg.Length
	body          bytes.Buffer
	group         string // attributes of the open <g>, "" when none is open
	title         string // of the next shape
	regular, bold []rune // the letters that are used
	state         state
	stack         []state
}

// state is what Push saves.
type state struct {
	line   vg.Length
	dash   []vg.Length
	offset vg.Length
	color  color.Color
	// A point (x, y) is drawn at (a x + c y + e, b x + d y + f); angle is the
	// rotation, for text.
	a, b, c, d, e, f, angle float64
}

func newSVG(width, height vg.Length) *svg {
	s := &svg{width: width, height: height, state: state{a: 1, d: 1}}
	vg.Initialize(s)
	return s
}

func (s *svg) Size() (width, height vg.Length)           { return s.width, s.height }
func (s *svg) SetLineWidth(w vg.Length)                  { s.state.line = w }
func (s *svg) SetLineDash(dash []vg.Length, o vg.Length) { s.state.dash, s.state.offset = dash, o }
func (s *svg) Push()                                     { s.stack = append(s.stack, s.state) }
func (s *svg) SetColor(c color.Color) {
	if c == nil {
		c = color.Black
	}
	s.state.color = c
}

func (s *svg) Pop() {
	last := len(s.stack) - 1
	s.state, s.stack = s.stack[last], s.stack[:last]
}

func (s *svg) Translate(p vg.Point) { s.state.e, s.state.f = s.state.apply(p) }

func (s *svg) Scale(x, y float64) {
	s.state.a, s.state.b = s.state.a*x, s.state.b*x
	s.state.c, s.state.d = s.state.c*y, s.state.d*y
}

func (s *svg) Rotate(rad float64) {
	t, sin, cos := s.state, elementary.Sin(rad), elementary.Cos(rad)
	s.state.a, s.state.c = math.FMA(t.a, cos, float64(t.c*sin)), math.FMA(t.c, cos, -float64(t.a*sin))
	s.state.b, s.state.d = math.FMA(t.b, cos, float64(t.d*sin)), math.FMA(t.d, cos, -float64(t.b*sin))
	s.state.angle += rad
}

func (t state) apply(p vg.Point) (x, y float64) {
	px, py := float64(p.X), float64(p.Y)
	return math.FMA(t.a, px, math.FMA(t.c, py, t.e)), math.FMA(t.b, px, math.FMA(t.d, py, t.f))
}

// at returns a point as SVG counts: from the upper left corner.
func (s *svg) at(p vg.Point) (x, y string) {
	px, py := s.state.apply(p)
	return hundredths(px), hundredths(float64(s.height) - py)
}

// hundredths rounds to 1/100. The border between two results lies beside the
// middle, because layouts of round numbers do fall on the middle and would then
// round by the noise of their last bit.
func hundredths(x float64) string {
	n := math.Floor(float64(x*100) + 0.503717)
	if n == 0 {
		return "0"
	}
	return strconv.FormatFloat(n/100, 'f', -1, 64)
}

// paint returns a colour attribute such as fill="#0072B2" fill-opacity="0.5".
func (s *svg) paint(attribute string) string {
	c := color.NRGBAModel.Convert(s.state.color).(color.NRGBA)
	out := fmt.Sprintf(`%s="#%02X%02X%02X"`, attribute, c.R, c.G, c.B)
	if c.A < 255 {
		out += fmt.Sprintf(` %s-opacity="%s"`, attribute, hundredths(float64(c.A)/255))
	}
	return out
}

// begin opens a group with these attributes, or goes on with the one that has
// them: thousands of points share one group.
func (s *svg) begin(attributes string) {
	if s.group == attributes {
		return
	}
	s.end()
	fmt.Fprintf(&s.body, "<g %s>\n", attributes)
	s.group = attributes
}

func (s *svg) end() {
	if s.group != "" {
		s.body.WriteString("</g>\n")
		s.group = ""
	}
}

func (s *svg) Fill(p vg.Path) {
	s.begin(s.paint("fill"))
	s.shape(p)
}

func (s *svg) Stroke(p vg.Path) {
	if s.state.line <= 0 {
		return
	}
	attributes := fmt.Sprintf(`fill="none" %s stroke-width="%s"`, s.paint("stroke"), hundredths(float64(s.state.line)))
	if len(s.state.dash) > 0 {
		attributes += ` stroke-dasharray="`
		for i, d := range s.state.dash {
			if i > 0 {
				attributes += " "
			}
			attributes += hundredths(float64(d))
		}
		attributes += fmt.Sprintf(`" stroke-dashoffset="%s"`, hundredths(float64(s.state.offset)))
	}
	s.begin(attributes)
	s.shape(p)
}

// titled names the next shape that is drawn on an SVG, such as "epoch 7: train loss
// 0.488": browsers show it where a pointer rests on the shape.
func titled(c vg.Canvas, title string) {
	switch c := c.(type) {
	case draw.Canvas: // a part of another
		titled(c.Canvas, title)
	case *svg:
		c.title = title
	}
}

// close ends an element, which holds its title if it has one.
func (s *svg) close(element string) {
	if s.title == "" {
		s.body.WriteString("/>\n")
		return
	}
	fmt.Fprintf(&s.body, "><title>%s</title></%s>\n", html.EscapeString(s.title), element)
	s.title = ""
}

// shape writes a path, or a circle where the path is a full turn; other arcs are
// drawn as cubic curves.
func (s *svg) shape(p vg.Path) {
	if len(p) > 1 && p[1].Type == vg.ArcComp && math.Abs(p[1].Angle) >= 2*math.Pi {
		x, y := s.at(p[1].Pos)
		fmt.Fprintf(&s.body, `<circle cx="%s" cy="%s" r="%s"`, x, y, hundredths(float64(p[1].Radius)))
		s.close("circle")
		return
	}
	s.body.WriteString(`<path d="`)
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			s.points("M", part.Pos)
		case vg.LineComp:
			s.points("L", part.Pos)
		case vg.CurveComp:
			s.points(map[int]string{1: "Q", 2: "C"}[len(part.Control)], append(part.Control[:len(part.Control):len(part.Control)], part.Pos)...)
		case vg.ArcComp:
			s.arc(part)
		case vg.CloseComp:
			s.body.WriteString("Z")
		}
	}
	s.body.WriteString(`"`)
	s.close("path")
}

func (s *svg) points(letter string, points ...vg.Point) {
	s.body.WriteString(letter)
	for i, p := range points {
		x, y := s.at(p)
		if i > 0 {
			s.body.WriteString(" ")
		}
		s.body.WriteString(x + "," + y)
	}
}

// arc writes pieces of at most a quarter turn as cubic curves, whose controls
// lie 4/3 tan(angle/4) radii along the tangents.
func (s *svg) arc(part vg.PathComp) {
	pieces := int(math.Ceil(math.Abs(part.Angle) / (math.Pi / 2)))
	turn := part.Angle / float64(max(pieces, 1))
	reach := 4.0 / 3 * elementary.Sin(turn/4) / elementary.Cos(turn/4)
	on := func(angle, tangent float64) vg.Point {
		sin, cos, r := elementary.Sin(angle), elementary.Cos(angle), float64(part.Radius)
		return vg.Point{
			X: part.Pos.X + vg.Length(r*math.FMA(-tangent, sin, cos)),
			Y: part.Pos.Y + vg.Length(r*math.FMA(tangent, cos, sin)),
		}
	}
	s.points("L", on(part.Start, 0))
	for i := range pieces {
		from := math.FMA(float64(i), turn, part.Start)
		s.points("C", on(from, reach), on(from+turn, -reach), on(from+turn, 0))
	}
}

const boldText = `font-weight="bold"`

func (s *svg) FillString(f font.Face, p vg.Point, text string) {
	s.end()
	x, y := s.at(p)
	fmt.Fprintf(&s.body, `<text x="%s" y="%s" font-size="%s"`, x, y, hundredths(float64(f.Font.Size)))
	if f.Font.Weight >= stdfont.WeightBold {
		s.body.WriteString(" " + boldText)
		s.bold = append(s.bold, []rune(text)...)
	} else {
		s.regular = append(s.regular, []rune(text)...)
	}
	if s.state.angle != 0 {
		fmt.Fprintf(&s.body, ` transform="rotate(%s %s %s)"`, hundredths(-s.state.angle*180/math.Pi), x, y)
	}
	fmt.Fprintf(&s.body, " %s>%s</text>\n", s.paint("fill"), html.EscapeString(text))
}

func (s *svg) DrawImage(r vg.Rectangle, img image.Image) {
	s.end()
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		return // an image without extent has nothing to show
	}
	x, y := s.at(vg.Point{X: r.Min.X, Y: r.Max.Y})
	fmt.Fprintf(&s.body, `<image x="%s" y="%s" width="%s" height="%s" href="data:image/png;base64,%s"/>`+"\n", x, y,
		hundredths(float64(r.Size().X)), hundredths(float64(r.Size().Y)), base64.StdEncoding.EncodeToString(data.Bytes()))
}

// document returns the SVG file; title is its text alternative.
func (s *svg) document(title string) []byte {
	s.end()
	w, h := hundredths(float64(s.width)), hundredths(float64(s.height))
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img" font-family="%s">`+"\n", w, h, w, h, typefaces)
	fmt.Fprintf(&out, "<title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(&out, "<style>%s%s%s</style>\n", fontRule(string(s.regular), false), fontRule(string(s.bold), true), darkRules(s.body.String()))
	out.Write(s.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}
