package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// This file draws what plots are made of.

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
			fill(c, b.colors[layer], left+gap, bottom, right-gap, top)
		}
	}
}

// fill draws a rectangle.
func fill(c draw.Canvas, paint color.Color, left, bottom, right, top vg.Length) {
	c.FillPolygon(paint, []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}})
}

// line returns a line through points.
func line(points plotter.XYs, style draw.LineStyle) plot.Plotter {
	return &plotter.Line{XYs: points, LineStyle: style}
}

var dashed = []vg.Length{5, 4}

// ideal is the dashed line on which all would lie if nothing were wrong.
func ideal(x0, y0, x1, y1 float64) plot.Plotter {
	return line(plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y1}}, draw.LineStyle{Color: muted, Width: 1.5, Dashes: dashed})
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
