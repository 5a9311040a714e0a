package report

import (
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/evaluate"
)

// chart is one plot in the report's style: title, a line that says what is seen,
// the name of the vertical axis above it, where it can be read, and the legend
// beside that.
type chart struct {
	Language
	width           vg.Length // of all: wide, narrow or between them
	title, subtitle string
	vertical        string
	legend          []key
	plot            *plot.Plot
	grid            *plotter.Grid
	// body draws what is no plot with axes; nil draws the plot.
	body func(area draw.Canvas)
	// height is that of the plot or the body, and alternative the text for those who do
	// not see them.
	height      vg.Length
	alternative string
}

// The widths of charts: where there is room, and on the screen of a phone, on which the
// letters of a wide one would be too small.
const (
	wide   = 680
	narrow = 360
)

// key is one entry of the legend: a square, or a line.
type key struct {
	name   string
	color  color.Color
	line   bool
	dashes []vg.Length
}

// newChart returns a chart whose axes and grid have the report's style.
func newChart(l Language, width vg.Length, title, subtitle, horizontal, vertical string) *chart {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Tick.Label.Color, axis.Tick.Label.Font = muted, letters(textSize, muted, false).Font
	}
	p.X.LineStyle = draw.LineStyle{Color: muted, Width: 1}
	p.X.Tick.LineStyle, p.X.Tick.Length = p.X.LineStyle, 5
	p.Y.LineStyle.Width = 0
	p.Y.Tick.LineStyle, p.Y.Tick.Length = draw.LineStyle{Color: faint, Width: 1}, 6
	p.X.Label.Text = horizontal
	p.X.Label.TextStyle.Color, p.X.Label.TextStyle.Font = ink, letters(textSize, ink, false).Font
	p.X.Label.Padding = 6
	p.X.Tick.Label.YAlign = 1.2 * draw.YTop // a little away from the tick
	c := &chart{Language: l, width: width, title: title, subtitle: subtitle, vertical: vertical, plot: p, grid: plotter.NewGrid()}
	c.ruled(false, true)
	p.Add(c.grid)
	return c
}

// ruled chooses the lines of the grid: those that stand on the horizontal axis, and those
// that lie at the vertical one.
func (c *chart) ruled(standing, lying bool) {
	style := map[bool]draw.LineStyle{true: {Color: faint, Width: 1}}
	c.grid.Vertical, c.grid.Horizontal = style[standing], style[lying]
}

// of says how high the plot is, and what it shows for those who do not see it.
func (c *chart) of(height vg.Length, alternative string) *chart {
	c.height, c.alternative = height, alternative
	return c
}

// square is how wide a chart is whose plot is as high as wide.
const square = 560

// asSquare makes the plot about as high as it is wide.
func (c *chart) asSquare(alternative string) *chart {
	c.width = min(c.width, square)
	return c.of(c.width-72, alternative)
}

// head is the text above a plot and how high it is.
type head struct {
	title, subtitle, vertical []string
	legend                    [][]key // line by line; the first stands beside the last of vertical
	height                    vg.Length
}

// Space in a chart's head.
const (
	lineHeight = textSize + 6
	legendGap  = 18 // beside an entry of the legend
)

// lay breaks the head into lines that fit.
func (c *chart) lay() head {
	room := c.width - 2*margin
	var h head
	lines := func(text string, bold bool, size vg.Length) []string {
		if text == "" {
			return nil
		}
		style := letters(size, ink, bold)
		return wrap(text, func(s string) bool { return style.Width(s) <= room })
	}
	h.title, h.subtitle, h.vertical = lines(c.title, true, titleSize), lines(c.subtitle, false, textSize), lines(c.vertical, false, textSize)
	h.height = vg.Length(len(h.title)*(titleSize+4)+4) + vg.Length(len(h.subtitle)*lineHeight+8)
	style := letters(textSize, ink, false)
	left, begun := room, len(h.vertical) > 0
	if begun {
		left -= style.Width(h.vertical[len(h.vertical)-1])
	}
	h.legend = [][]key{nil}
	for _, k := range c.legend {
		width := k.width(style)
		if left -= legendGap + width; left < 0 && begun {
			h.legend, left = append(h.legend, nil), room-width
		}
		last := len(h.legend) - 1
		h.legend[last], begun = append(h.legend[last], k), true
	}
	if begun {
		h.height += vg.Length((max(len(h.vertical), 1)+len(h.legend)-1)*lineHeight + 6)
	}
	return h
}

// svg draws the chart.
func (c *chart) svg() []byte {
	const below = margin - 4
	h := c.lay()
	s := newSVG(c.width, margin+h.height+c.height+below)
	canvas := draw.New(s)
	canvas.SetColor(paper)
	canvas.Fill(canvas.Rectangle.Path())
	area := draw.Crop(canvas, margin, -margin, below, -margin)
	y := area.Max.Y
	write := func(style text.Style, pitch vg.Length, lines []string) {
		style.YAlign = draw.YTop
		for _, line := range lines {
			style := style
			if room, width := area.Max.X-area.Min.X, style.Width(line); width > room { // one long word
				style.Font.Size *= room / width
			}
			area.FillText(style, vg.Point{X: area.Min.X, Y: y}, line)
			y -= pitch
		}
	}
	write(letters(titleSize, ink, true), titleSize+4, h.title)
	y -= 4
	write(letters(textSize, muted, false), lineHeight, h.subtitle)
	y -= 8
	write(letters(textSize, ink, false), lineHeight, h.vertical)
	if len(h.vertical) > 0 {
		y += lineHeight
	}
	for n, line := range h.legend {
		c.drawKeys(area, line, y-vg.Length(n*lineHeight))
	}
	area.Max.Y -= h.height
	if c.body != nil {
		c.body(area)
	} else {
		drawPlot(c.plot, area)
	}
	return s.document(c.alternative)
}

// width is that of a legend's entry: its mark and its name.
func (k key) width(style text.Style) vg.Length {
	if k.line {
		return 30 + style.Width(k.name)
	}
	return 17 + style.Width(k.name)
}

// drawKeys sets entries of the legend in a line that ends at the right.
func (c *chart) drawKeys(area draw.Canvas, keys []key, top vg.Length) {
	style := letters(textSize, ink, false)
	style.YAlign = draw.YTop
	x, middle := area.Max.X, top-textSize*0.55
	for _, k := range slices.Backward(keys) {
		x -= style.Width(k.name)
		area.FillText(style, vg.Point{X: x, Y: top}, k.name)
		if k.line {
			x -= 30
			area.StrokeLine2(draw.LineStyle{Color: k.color, Width: 2, Dashes: k.dashes}, x, middle, x+24, middle)
		} else {
			x -= 17
			fill(area, k.color, x, middle-5.5, x+11, middle+5.5)
		}
		x -= legendGap
	}
}

// partKeys are the legend of the parts of the split.
func (c *chart) partKeys(e *evaluate.Evaluation) {
	for _, p := range e.Parts {
		c.legend = append(c.legend, key{name: c.part(p.Name), color: partColor[p.Name]})
	}
}

// panels draws plots of a height in the body, as many in a row as are wanted, on a narrow
// chart one.
func (c *chart) panels(across int, height vg.Length, plots ...*plot.Plot) {
	const gap = 22
	if c.width <= narrow {
		across = 1
	}
	down := (len(plots) + across - 1) / across
	c.height = vg.Length(vg.Length(down)*(height+gap)) - gap
	c.body = func(area draw.Canvas) {
		width := (area.Max.X - area.Min.X - vg.Length((across-1)*gap)) / vg.Length(across)
		for i, p := range plots {
			x, y := area.Min.X+vg.Length(vg.Length(i%across)*(width+gap)), area.Max.Y-vg.Length(vg.Length(i/across)*(height+gap))
			drawPlot(p, draw.Canvas{Canvas: area.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: y - height}, Max: vg.Point{X: x + width, Y: y}}})
		}
	}
}

// drawPlot draws a plot, whose horizontal axis has the marks and the name that there is room for.
func drawPlot(p *plot.Plot, area draw.Canvas) {
	beside := vg.Length(0)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		beside = max(beside, p.Y.Tick.Label.Width(tick.Label))
	}
	room := area.Max.X - area.Min.X - beside - p.Y.Tick.Length
	ticks, widest := p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max), vg.Length(0)
	for _, tick := range ticks {
		widest = max(widest, p.X.Tick.Label.Width(tick.Label))
	}
	step := 1
	for n := len(ticks) - 1; n/step > 1 && vg.Length(n/step)*(widest+8) > room; {
		step++
	}
	few := make(plot.ConstantTicks, len(ticks))
	for i, tick := range ticks {
		if few[i] = tick; i%step > 0 {
			few[i].Label = ""
		}
	}
	p.X.Tick.Marker = few
	if name := p.X.Label; name.Text != "" {
		p.X.Label.Text = strings.Join(wrap(name.Text, func(s string) bool { return name.TextStyle.Width(s) <= room }), "\n")
	}
	p.Draw(area)
}
