package report

import (
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"biomass/runner/internal/evaluate"
)

// This file draws the target against columns of the table.

// Against is the target against a column of numbers.
type Against struct {
	Column string
	Points []Point // of the photos that have a value, in the order of the table
}

// Point is one photo.
type Point struct {
	Part      string
	At, Value float64 // in the column, and of the target
}

// mostPoints bounds the points of a figure; manyRows is how many classes have rows to
// lie in.
const (
	mostPoints = 3000
	manyRows   = 12
)

// drawAgainst draws a panel a column; nil where there is none to show.
func drawAgainst(d Document) *chart {
	e := d.Evaluation
	if len(d.Against) == 0 || len(e.Classes) > manyRows {
		return nil
	}
	subtitle, across, steps := againstText(d), 1, 8
	if len(d.Against) > 1 {
		subtitle, across, steps = d.t("a point a photo; r is Pearson's coefficient of correlation"), 2, 5
	}
	c := d.newChart(d.againstTitle(), subtitle, "", named(e.Target, e.Unit))
	if e.Story.Ratios != nil {
		c.vertical = d.t("%s, logarithmic", c.vertical)
	}
	c.partKeys(e)
	each := mostPoints / len(d.Against)
	panels := make([]*plot.Plot, len(d.Against))
	for i, a := range d.Against {
		panels[i] = d.panel(a, each, steps)
	}
	c.panels(across, 308, panels...)
	return c.of(c.height, d.againstTitle()+": "+againstText(d))
}

// panel draws at most so many points of one column, whose axis has about so many steps.
func (d Document) panel(a Against, most, count int) *plot.Plot {
	e := d.Evaluation
	name := a.Column
	if r := d.coefficient(a.Column); r != nil && len(d.Against) > 1 {
		name += " (r " + d.decimal(*r, 2) + ")"
	}
	style := letters(textSize, ink, false)
	room := vg.Length(count * 52)
	c := d.newChart("", "", fitting(name, func(s string) bool { return style.Width(s) <= room }), "")
	low, high := a.Points[0].At, a.Points[0].At
	bottom, top := a.Points[0].Value, a.Points[0].Value
	for _, p := range a.Points {
		low, high = min(low, p.At), max(high, p.At)
		bottom, top = min(bottom, p.Value), max(top, p.Value)
	}
	c.span(&c.plot.X, low, high, count)
	switch {
	case d.classifies():
		c.byClass(e.Classes)
	case e.Story.Ratios != nil:
		c.logarithmic(&c.plot.Y, bottom, top)
	default:
		c.span(&c.plot.Y, bottom, top, 7)
	}
	shown := thin(a.Points, most)
	opacity := uint8(150)
	if len(shown) > 500 {
		opacity = 90
	}
	for _, part := range e.Parts {
		var points plotter.XYs
		var titles []string
		for i, p := range shown {
			if p.Part != part.Name {
				continue
			}
			y := p.Value
			if d.classifies() {
				y = lane(y, i)
			}
			points = append(points, plotter.XY{X: p.At, Y: y})
			titles = append(titles, d.measured(p.At)[0]+", "+d.truth(p.Value))
		}
		c.plot.Add(dots(points, transparent(partColor[part.Name], opacity), 3, titles...))
	}
	return c.plot
}

// truth writes a value of the target, or names the class.
func (d Document) truth(x float64) string {
	if d.classifies() {
		return d.class(x)
	}
	return d.value(x)
}

// byClass gives a vertical axis a row for each class, the first on top.
func (c *chart) byClass(classes []string) {
	style := letters(textSize, ink, false)
	var ticks []plot.Tick
	for i, class := range classes {
		ticks = append(ticks, plot.Tick{Value: -float64(i), Label: fitting(class, func(s string) bool { return style.Width(s) <= 130 })})
	}
	c.plot.Y.Min, c.plot.Y.Max, c.plot.Y.Tick.Marker = 0.5-float64(len(classes)), 0.5, plot.ConstantTicks(ticks)
}

// lane places photo i of a class in the class's row, beside those before it: the
// multiples of the golden ratio fill any interval evenly.
func lane(class float64, i int) float64 {
	const golden = 1<<32 - 2654435769 // of 2^32
	return float64(float64(uint32(i)*golden)/(1<<32)*0.7) - 0.35 - class
}

// thin takes at most so many points, evenly.
func thin(points []Point, most int) []Point {
	if len(points) <= most {
		return points
	}
	shown := make([]Point, most)
	for i := range shown {
		shown[i] = points[i*len(points)/most]
	}
	return shown
}

// againstTitle names the column, or says how many there are.
func (d Document) againstTitle() string {
	column := d.Against[0].Column
	if n := len(d.Against); n > 1 {
		column = d.plural(n, "column")
	}
	return d.t("%s against %s", d.Evaluation.Target, column)
}

// againstText says how the columns go with the target, and what is not drawn.
func againstText(d Document) string {
	var list []string
	for _, a := range d.Against {
		text := d.plural(len(a.Points), "photo")
		if r := d.coefficient(a.Column); r != nil {
			text += d.t(", Pearson's r %s", d.decimal(*r, 2))
		}
		if most := mostPoints / len(d.Against); len(a.Points) > most {
			text += d.t(", of which %s are drawn", d.count(most))
		}
		if len(d.Against) > 1 {
			text = a.Column + ": " + text
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

// coefficient of a column with the target, nil where none is stated.
func (d Document) coefficient(column string) *float64 {
	c := d.Evaluation.Story.Correlation
	if c == nil {
		return nil
	}
	i := slices.IndexFunc(c.Quantities, func(q evaluate.Quantity) bool { return q.Name == column })
	if i < 0 {
		return nil
	}
	return c.Quantities[i].Target
}
