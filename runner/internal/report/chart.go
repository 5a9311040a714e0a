package report

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/metric"
)

// chart is one plot in the report's style: title, a line that says what is seen,
// the name of the vertical axis above it, where it can be read, and the legend
// beside that.
type chart struct {
	Language
	title, subtitle string
	vertical        string
	legend          []key
	plot            *plot.Plot
	// body draws what is no plot with axes; nil draws the plot.
	body func(area draw.Canvas)
}

// key is one entry of the legend: a square, or a line where dashes are given.
type key struct {
	name   string
	color  color.Color
	line   bool
	dashes []vg.Length
}

// newChart returns a chart whose axes and grid have the report's style.
func (l Language) newChart(title, subtitle, horizontal, vertical string) *chart {
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
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{}
	grid.Horizontal = draw.LineStyle{Color: faint, Width: 1}
	p.Add(grid)
	return &chart{Language: l, title: title, subtitle: subtitle, vertical: vertical, plot: p}
}

// render draws the chart; alternative is its text for those who do not see it.
func (c *chart) render(width, height vg.Length, alternative string) []byte {
	s := newSVG(width, height)
	canvas := draw.New(s)
	canvas.SetColor(paper)
	canvas.Fill(canvas.Rectangle.Path())
	area := draw.Crop(canvas, margin, -margin, margin-4, -margin)
	write := func(style text.Style, line string) {
		style.YAlign = draw.YTop
		if room, width := area.Max.X-area.Min.X, style.Width(line); width > room {
			style.Font.Size *= room / width
		}
		area.FillText(style, vg.Point{X: area.Min.X, Y: area.Max.Y}, line)
	}
	write(letters(titleSize, ink, true), c.title)
	area.Max.Y -= titleSize + 8
	write(letters(textSize, muted, false), c.subtitle)
	area.Max.Y -= textSize + 14
	write(letters(textSize, ink, false), c.vertical)
	area.Max.Y -= c.drawLegend(area) + 12
	if c.body != nil {
		c.body(area)
	} else {
		c.plot.Draw(area)
	}
	return s.document(alternative)
}

// legendGap is the space beside an entry of the legend.
const legendGap = 18

// width is that of a legend's entry: its mark and its name.
func (k key) width(style text.Style) vg.Length {
	if k.line {
		return 30 + style.Width(k.name)
	}
	return 17 + style.Width(k.name)
}

// drawLegend sets the legend in lines that end at the right, the first beside the name of
// the vertical axis, and returns how high they are.
func (c *chart) drawLegend(area draw.Canvas) vg.Length {
	style := letters(textSize, ink, false)
	style.YAlign = draw.YTop
	lines, left := [][]key{nil}, area.Max.X-area.Min.X-style.Width(c.vertical)
	for _, k := range c.legend {
		if left -= legendGap + k.width(style); left < 0 && lines[0] != nil {
			lines, left = append(lines, nil), area.Max.X-area.Min.X-k.width(style)
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], k)
	}
	const lineHeight = textSize + 8
	for n, line := range lines {
		x, top := area.Max.X, area.Max.Y-vg.Length(n*lineHeight)
		middle := top - textSize*0.55
		for _, k := range slices.Backward(line) {
			x -= style.Width(k.name)
			area.FillText(style, vg.Point{X: x, Y: top}, k.name)
			if k.line {
				x -= 30
				area.StrokeLine2(draw.LineStyle{Color: k.color, Width: 2, Dashes: k.dashes}, x, middle, x+24, middle)
			} else {
				x -= 17
				area.FillPolygon(k.color, []vg.Point{{X: x, Y: middle - 5.5}, {X: x + 11, Y: middle - 5.5}, {X: x + 11, Y: middle + 5.5}, {X: x, Y: middle + 5.5}})
			}
			x -= legendGap
		}
	}
	return textSize + vg.Length((len(lines)-1)*lineHeight)
}

// marks puts ticks at these ascending values, written with as many decimals as
// they all need, and bounds the axis by low and high.
func (c *chart) marks(axis *plot.Axis, low, high float64, values []float64) {
	digits := 0
	for _, v := range values {
		for digits < 9 && parsed(v, digits) != v {
			digits++
		}
	}
	// Four digits are read without a mark, and may be a year.
	grouped := digits == 0 && max(-low, high) >= 10_000 && max(-low, high) < 1e15
	ticks := make([]plot.Tick, len(values))
	for i, v := range values {
		label := c.decimal(v, digits)
		if grouped {
			label = sign(c.count(int(v)))
		}
		ticks[i] = plot.Tick{Value: v, Label: label}
	}
	axis.Min, axis.Max = low, high
	axis.Tick.Marker = plot.ConstantTicks(ticks)
}

// parsed returns v as it reads with this many decimals.
func parsed(v float64, digits int) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', digits, 64), 64) // what was just written parses
	return f
}

// within returns those of ascending values that lie between low and high.
func within(values []float64, low, high float64) []float64 {
	var out []float64
	for _, v := range values {
		if v >= low && v <= high {
			out = append(out, v)
		}
	}
	return out
}

// wholeMarks are round whole numbers from low to high.
func wholeMarks(low, high, most int) []float64 {
	var out []float64
	if low == high {
		return []float64{float64(low)}
	}
	for _, v := range metric.RoundSteps(float64(low), float64(high), min(most, high-low)) {
		if v == math.Floor(v) && v >= float64(low) && v <= float64(high) {
			out = append(out, v)
		}
	}
	return out
}

// logarithmic makes an axis show ratios, with marks at 1, 2 and 5 times powers
// of ten, or at the powers alone where those would be too many.
func (c *chart) logarithmic(axis *plot.Axis, low, high float64) {
	const most = 9
	axis.Min, axis.Max = low*0.9, high*1.1
	axis.Scale = ratioScale{}
	for _, mantissas := range []string{"125", "1"} {
		var ticks plot.ConstantTicks
		for exponent := -30; exponent <= 30; exponent++ {
			for _, m := range mantissas {
				v, _ := strconv.ParseFloat(string(m)+"e"+strconv.Itoa(exponent), 64) // a number by construction
				if v >= axis.Min && v <= axis.Max {
					ticks = append(ticks, plot.Tick{Value: v, Label: c.shortest(v)})
				}
			}
		}
		axis.Tick.Marker = ticks
		if len(ticks) <= most {
			return
		}
	}
}

// ratioScale is a logarithmic plot.Normalizer with the same bits everywhere.
type ratioScale struct{}

func (ratioScale) Normalize(low, high, x float64) float64 {
	return elementary.Log(x/low) / elementary.Log(high/low)
}

// bars draws stacked bars over shared edges.
type bars struct {
	edges  []float64
	counts [][]int // by layer, from the lowest
	colors []color.Color
	title  func(layer, bin int) string // may be nil
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for bin := range len(b.edges) - 1 {
		left, right := x(b.edges[bin]), x(b.edges[bin+1])
		gap := min((right-left)/8, 1)
		height := 0
		for layer, counts := range b.counts {
			if counts[bin] == 0 {
				continue
			}
			bottom, top := y(float64(height)), y(float64(height+counts[bin]))
			height += counts[bin]
			if b.title != nil {
				titled(c, b.title(layer, bin))
			}
			c.FillPolygon(b.colors[layer], []vg.Point{{X: left + gap, Y: bottom}, {X: right - gap, Y: bottom}, {X: right - gap, Y: top}, {X: left + gap, Y: top}})
		}
	}
}

// line returns a line through points.
func line(points plotter.XYs, style draw.LineStyle) plot.Plotter {
	return &plotter.Line{XYs: points, LineStyle: style}
}

// dots returns points as dots, each with its title where there are any.
func dots(points plotter.XYs, c color.Color, radius vg.Length, titles ...string) plot.Plotter {
	if len(titles) > mostTitles {
		titles = nil
	}
	return dotted{points, titles, draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}}
}

// mostTitles is how many dots of a plot have titles: with more, they would be most of
// the file, and no pointer would find the one that is looked for.
const mostTitles = 2000

type dotted struct {
	points plotter.XYs
	titles []string
	style  draw.GlyphStyle
}

// Plot implements plot.Plotter.
func (d dotted) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, point := range d.points {
		if d.titles != nil {
			titled(c, d.titles[i])
		}
		c.DrawGlyph(d.style, vg.Point{X: x(point.X), Y: y(point.Y)})
	}
}
