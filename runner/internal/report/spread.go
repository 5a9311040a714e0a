package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// This file draws how quantities are distributed in the parts of the split.

// boxes draws lying boxes, one a row: a box of the middle half with its median,
// whiskers around 95 %, and dots at the ends.
type boxes struct {
	rows   []evaluate.Box
	at     []float64 // the middle of each on the vertical axis
	colors []color.NRGBA
	titles []string
	height vg.Length // of a box
}

// Plot implements plot.Plotter.
func (b boxes) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, box := range b.rows {
		y, half, strong := ty(b.at[i]), vg.Length(b.height/2), draw.LineStyle{Color: b.colors[i], Width: 1.5}
		low, q1, median, q3, high := tx(box.Low), tx(box.Q1), tx(box.Median), tx(box.Q3), tx(box.High)
		c.StrokeLine2(strong, low, y, q1, y)
		c.StrokeLine2(strong, q3, y, high, y)
		for _, end := range []vg.Length{low, high} {
			c.StrokeLine2(strong, end, y-vg.Length(half/2), end, y+vg.Length(half/2))
		}
		outline := []vg.Point{{X: q1, Y: y - half}, {X: q3, Y: y - half}, {X: q3, Y: y + half}, {X: q1, Y: y + half}}
		titled(c, b.titles[i])
		c.FillPolygon(transparent(b.colors[i], 90), outline)
		c.StrokeLines(strong, append(outline, outline[0]))
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 2.5}, median, y-half, median, y+half)
		for _, end := range []float64{box.Min, box.Max} {
			c.DrawGlyph(draw.GlyphStyle{Color: b.colors[i], Radius: 2, Shape: draw.CircleGlyph{}}, vg.Point{X: tx(end), Y: y})
		}
	}
}

// upright gives a chart the grid of rows of things: lines from the horizontal axis.
func (c *chart) upright() {
	c.ruled(true, false)
	p := c.plot
	p.Y.Tick.LineStyle.Width, p.Y.Tick.Length = 0, 0
	p.Y.Padding = 10
	p.Y.Tick.Label.Color = ink
}

// spreads draws quantities by part, from the top, a group each, half a box apart. at
// places a value on the axis, write writes it. It returns the height that the rows need.
func (c *chart) spreads(e *evaluate.Evaluation, list []evaluate.Spread, at func(float64) float64, write func(float64) string) vg.Length {
	const height, distance, gap = 15, 21, 0.5
	b := boxes{height: height}
	y := -0.25
	var ticks []plot.Tick
	for k, s := range list {
		if k > 0 {
			y -= gap
		}
		for i, p := range e.Parts {
			box := s.Boxes[i]
			b.rows = append(b.rows, evaluate.Box{Min: at(box.Min), Low: at(box.Low), Q1: at(box.Q1), Median: at(box.Median), Q3: at(box.Q3), High: at(box.High), Max: at(box.Max)})
			b.at, b.colors, b.titles = append(b.at, y-0.5), append(b.colors, partColor[p.Name]), append(b.titles, c.boxText(p.Name, box, write))
			if len(list) == 1 {
				ticks = append(ticks, plot.Tick{Value: y - 0.5, Label: c.part(p.Name)})
			}
			y--
		}
		if len(list) > 1 {
			ticks = append(ticks, plot.Tick{Value: y + float64(float64(len(e.Parts))/2), Label: c.measure(s.Name)})
		}
	}
	y -= 0.25
	c.plot.Y.Min, c.plot.Y.Max, c.plot.Y.Tick.Marker = y, 0, plot.ConstantTicks(ticks)
	c.plot.Add(b)
	return vg.Length(float64(-y * distance))
}

// boxText says what a box shows of a part.
func (l Language) boxText(part string, b evaluate.Box, write func(float64) string) string {
	return l.t("%s median %s, half of the photos from %s to %s", l.part(part), write(b.Median), write(b.Q1), write(b.Q3))
}

// drawDrift draws the target of the parts side by side.
func drawDrift(d Document) *chart {
	e := d.Evaluation
	s := *e.Story.Target
	c := d.newChart(d.t("%s in the parts", e.Target), mediansText(d), named(e.Target, e.Unit), d.t("box: the middle half of the photos; whiskers: 95 %% of them; dots: the ends"))
	c.upright()
	low, high := s.Boxes[0].Min, s.Boxes[0].Max
	for _, b := range s.Boxes {
		low, high = min(low, b.Min), max(high, b.Max)
	}
	at := unchanged
	if e.Story.Ratios != nil {
		c.logarithmic(&c.plot.X, low, high)
		if d.width <= narrow {
			decades(&c.plot.X)
		}
		at = elementary.Log
		inLogs(&c.plot.X)
		c.plot.X.Label.Text = d.t("%s, logarithmic", named(e.Target, e.Unit))
	} else {
		c.span(&c.plot.X, low, high, 8)
	}
	height := c.spreads(e, []evaluate.Spread{s}, at, d.value)
	return c.of(height+56, d.t("%s in the parts: %s", e.Target, driftText(d)))
}

// shiftsText says how far the parts are from training.
func shiftsText(d Document, s evaluate.Spread) string {
	var list []string
	for i, shift := range s.Shifts {
		if shift != nil {
			list = append(list, d.part(d.Evaluation.Parts[i].Name)+" "+d.decimal(shift.Distance, 2))
		}
	}
	return d.t("Kolmogorov-Smirnov distance from training: %s", strings.Join(list, ", "))
}

// mediansText lists the medians of the target.
func mediansText(d Document) string {
	var list []string
	for i, b := range d.Evaluation.Story.Target.Boxes {
		list = append(list, d.part(d.Evaluation.Parts[i].Name)+" "+d.value(b.Median))
	}
	return d.t("Medians: %s", strings.Join(list, ", "))
}

// driftText says what the boxes show, and how far they are from training.
func driftText(d Document) string {
	var list []string
	for i, b := range d.Evaluation.Story.Target.Boxes {
		list = append(list, d.boxText(d.Evaluation.Parts[i].Name, b, d.value))
	}
	return strings.Join(list, "; ") + ". " + shiftsText(d, *d.Evaluation.Story.Target)
}

// photoMeasures name what is measured of photos.
var photoMeasures = map[string]word{
	"red": "red", "green": "green", "blue": "blue", "brightness": "brightness", "contrast": "contrast", "green_share": "green pixels",
}

// drawPixels draws what is measured of the photos of the parts.
func drawPixels(d Document) *chart {
	e := d.Evaluation
	c := d.newChart(d.t("Pixels"), pixelsText(d), d.t("mean of a photo, from 0 for none to 1 for all"), "")
	c.upright()
	c.partKeys(e)
	c.marks(&c.plot.X, 0, 1, metric.RoundSteps(0, 1, 5))
	height := c.spreads(e, e.Story.Pixels, unchanged, func(x float64) string { return d.decimal(x, 2) })
	return c.of(height+56, d.t("Pixels: %s", pixelsTable(d)))
}

// measure names what is measured of photos.
func (l Language) measure(name string) string { return l.word(photoMeasures[name]) }

// pixelsText names the measure in which a part is furthest from training.
func pixelsText(d Document) string {
	e := d.Evaluation
	var furthest *evaluate.Shift
	text := ""
	for _, s := range e.Story.Pixels {
		for i, shift := range s.Shifts {
			if shift != nil && (furthest == nil || shift.Distance > furthest.Distance) {
				furthest = shift
				text = d.t("Largest Kolmogorov-Smirnov distance from training: %s of %s, %s; chance makes up to %s",
					d.measure(s.Name), d.part(e.Parts[i].Name), d.decimal(shift.Distance, 2), d.decimal(shift.Limit, 2))
			}
		}
	}
	return text
}

// pixelsTable lists the medians of all measures.
func pixelsTable(d Document) string {
	var list []string
	for _, s := range d.Evaluation.Story.Pixels {
		var medians []string
		for i, b := range s.Boxes {
			medians = append(medians, d.part(d.Evaluation.Parts[i].Name)+" "+d.decimal(b.Median, 2))
		}
		list = append(list, d.t("median of %s: %s", d.measure(s.Name), strings.Join(medians, ", ")))
	}
	return strings.Join(list, "; ")
}
