package report

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// This file draws how the target is distributed.

// distributed is how high a distribution is.
const distributed = 268

// drawTarget draws the distribution of the target in the parts; where it has a long
// tail also by its ratios, beside it.
func drawTarget(d Document) *chart {
	e := d.Evaluation
	c := d.newChart(d.t("Distribution of %s", e.Target), targetText(d), named(e.Target, e.Unit), d.t("photos"))
	c.partKeys(e)
	edges := e.Histogram.Edges
	first, last := edges[0], edges[len(edges)-1]
	most := 9
	if r := e.Story.Ratios; r != nil {
		most = 5
		other := d.newChart("", "", d.t("%s, logarithmic", named(e.Target, e.Unit)), "")
		other.logarithmic(&other.plot.X, r.Edges[0], r.Edges[len(r.Edges)-1])
		decades(&other.plot.X)
		inLogs(&other.plot.X)
		other.stack(e, r, elementary.Log)
		c.panels(2, distributed, c.plot, other.plot)
	}
	c.stack(e, e.Histogram, unchanged)
	c.marks(&c.plot.X, first, last, within(metric.RoundSteps(first, last, most), first, last))
	return c.of(max(c.height, distributed), d.t("Distribution of %s: %s", e.Target, targetText(d)))
}

// stack draws the photos of the parts in bins, over each other; at places an edge on
// the axis.
func (c *chart) stack(e *evaluate.Evaluation, h *evaluate.Histogram, at func(float64) float64) {
	b := bars{counts: h.Counts}
	for _, edge := range h.Edges {
		b.edges = append(b.edges, at(edge))
	}
	var names []string
	for _, p := range e.Parts {
		names = append(names, p.Name)
	}
	b.title = c.binTitle(e, h.Edges, h.Counts, names...)
	highest := 0
	for bin := range len(b.edges) - 1 {
		total := 0
		for _, counts := range b.counts {
			total += counts[bin]
		}
		highest = max(highest, total)
	}
	for _, p := range e.Parts {
		b.colors = append(b.colors, partColor[p.Name])
	}
	c.marks(&c.plot.Y, 0, float64(highest)*1.04, wholeMarks(0, highest, 6))
	c.plot.Add(b)
}

// binTitle returns what the bars of a distribution say: the ends of the bin and how many photos
// of which part are in it.
func (c *chart) binTitle(e *evaluate.Evaluation, edges []float64, counts [][]int, parts ...string) func(part, bin int) string {
	return func(part, bin int) string {
		ends := c.alike(edges[bin+1]-edges[bin], edges[bin:bin+2]...)
		return c.t("%s to %s: %s of the %s part", ends[0], strings.TrimSpace(ends[1]+" "+e.Unit), c.plural(counts[part][bin], "photo"), c.first(parts[part]))
	}
}

// targetText says what the distribution shows, in numbers.
func targetText(d Document) string {
	e := d.Evaluation
	photos, low, high := 0, math.Inf(1), math.Inf(-1)
	for _, p := range e.Parts {
		photos += p.Photos
		low, high = min(low, p.Target.Min), max(high, p.Target.Max)
	}
	train := e.Part(evaluate.Train).Target
	return d.t("%s from %s to %s; in training the mean is %s and the median %s", d.plural(photos, "photo"),
		d.number(low), d.value(high), d.value(train.Mean), d.value(train.Median))
}

// drawClasses draws the photos of each class as a bar of its parts and, where there is room,
// beside it the share that the class has of each part.
func drawClasses(d Document) *chart {
	e := d.Evaluation
	c := d.newChart(d.t("Distribution of %s", e.Target), classesText(d), "", d.t("photos; beside them, the share of each part"))
	c.partKeys(e)
	both := d.width > narrow
	height, axis := rowHeight(len(e.Classes)), vg.Length(0) // below the shares
	if both {
		axis = textSize + 8
	} else {
		c.vertical = d.t("photos")
	}
	c.body = func(area draw.Canvas) {
		area.Min.Y += axis
		names := newNames(e.Classes, height, vg.Length(c.width*0.3))
		left := area.Min.X + names.width + 10
		middle := func(class int) vg.Length {
			return area.Max.Y - vg.Length((vg.Length(class)+0.5)*height)
		}
		for i, name := range names.list {
			names.write(area, name, left-10, middle(i))
		}
		bars, shares := area, area
		bars.Min.X = left
		if both {
			bars.Max.X = left + vg.Length((area.Max.X-left)*0.62)
			shares.Min.X, shares.Max.X = bars.Max.X, area.Max.X-20
			d.classShares(shares, height, axis, middle)
		}
		d.classBars(bars, names.style, height, middle)
	}
	return c.of(axis+4+vg.Length(vg.Length(len(e.Classes))*height), d.t("Distribution of %s: %s", e.Target, classesText(d)))
}

// classBars draws the photos of each class, with their number behind them.
func (d Document) classBars(area draw.Canvas, style text.Style, height vg.Length, middle func(class int) vg.Length) {
	e := d.Evaluation
	totals := classTotals(e)
	most := slices.Max(totals)
	scale := (area.Max.X - area.Min.X - style.Width(d.count(most)) - 30) / vg.Length(most)
	style.XAlign, style.Color = draw.XLeft, muted
	half := vg.Length(height * 0.36)
	for i, total := range totals {
		x, done := area.Min.X, 0
		for _, p := range e.Parts {
			done += p.Counts[i]
			next := area.Min.X + vg.Length(vg.Length(done)*scale)
			titled(area, d.t("%s: %s of the %s part", e.Classes[i], d.plural(p.Counts[i], "photo"), d.first(p.Name)))
			fill(area, partColor[p.Name], x, middle(i)-half, next, middle(i)+half)
			x = next
		}
		area.FillText(style, vg.Point{X: x + 6, Y: middle(i)}, d.count(total))
	}
}

// classShares draws the share that each class has of each part, over an axis so far below.
func (d Document) classShares(area draw.Canvas, height, axis vg.Length, middle func(class int) vg.Length) {
	e := d.Evaluation
	largest := 0.0
	for _, p := range e.Parts {
		for i := range e.Classes {
			largest = max(largest, share(p.Counts, i))
		}
	}
	steps := within(metric.RoundSteps(0, largest, 3), 0, 100)
	widest := max(steps[len(steps)-1], largest)
	at := func(percent float64) vg.Length {
		return area.Min.X + vg.Length(vg.Length(percent/widest)*(area.Max.X-area.Min.X))
	}
	mark := letters(textSize, muted, false)
	mark.XAlign, mark.YAlign = draw.XCenter, draw.YBottom
	for _, step := range steps {
		area.StrokeLine2(draw.LineStyle{Color: faint, Width: 1}, at(step), area.Min.Y, at(step), area.Max.Y)
		area.FillText(mark, vg.Point{X: at(step), Y: area.Min.Y - axis}, d.decimal(step, 0)+" %")
	}
	for i := range e.Classes {
		for k, p := range e.Parts {
			style := draw.GlyphStyle{Color: partColor[p.Name], Radius: min(4, height*0.16), Shape: draw.CircleGlyph{}}
			titled(area, d.t("%s: %s of the %s part", e.Classes[i], d.percent(share(p.Counts, i)/100), d.first(p.Name)))
			area.DrawGlyph(style, vg.Point{X: at(share(p.Counts, i)), Y: middle(i) + vg.Length(vg.Length(1-k)*height*0.22)})
		}
	}
}

// classesText says how the photos are distributed, in numbers.
func classesText(d Document) string {
	e := d.Evaluation
	photos, most, fewest := 0, 0, 0
	totals := classTotals(e)
	for class, n := range totals {
		photos += n
		if n > totals[most] {
			most = class
		}
		if n < totals[fewest] {
			fewest = class
		}
	}
	shown, classes := d.plural(photos, "photo"), d.count(len(e.Classes))
	if totals[most] == totals[fewest] {
		return d.t("%s of %s classes, %s of each", shown, classes, d.count(totals[most]))
	}
	return d.t("%s of %s classes, from %s of %s to %s of %s", shown, classes, d.count(totals[fewest]), e.Classes[fewest], d.count(totals[most]), e.Classes[most])
}

// classTotals counts the photos of each class in all parts.
func classTotals(e *evaluate.Evaluation) []int {
	totals := make([]int, len(e.Classes))
	for _, p := range e.Parts {
		for class, n := range p.Counts {
			totals[class] += n
		}
	}
	return totals
}

// rowHeight is how much room each of n classes has.
func rowHeight(n int) vg.Length { return max(10, min(26, 640/vg.Length(n))) }

// names are the classes as they stand beside rows of a height.
type names struct {
	list  []string // shortened to most
	width vg.Length
	style text.Style
}

func newNames(classes []string, height, most vg.Length) names {
	n := names{style: letters(min(textSize, height*0.8), ink, false)}
	n.style.YAlign = draw.YCenter
	for _, class := range classes {
		short := fitting(class, func(s string) bool { return n.style.Width(s) <= most })
		n.list = append(n.list, short)
		n.width = max(n.width, n.style.Width(short))
	}
	return n
}

// write sets a name so that it ends at x.
func (n names) write(c draw.Canvas, name string, x, middle vg.Length) {
	style := n.style
	style.XAlign = draw.XRight
	c.FillText(style, vg.Point{X: x, Y: middle}, name)
}
