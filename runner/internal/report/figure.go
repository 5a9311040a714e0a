package report

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

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

// drawCurves draws the losses by epoch and marks the epoch that was kept.
func drawCurves(d Document) *chart {
	c := d.newChart(d.t("Learning curves"), keptText(d), d.t("epoch"), d.t("loss"))
	curves := []curve{{d.part(evaluate.Train), d.t("train loss"), "", blue, func(h Epoch) float64 { return h.TrainLoss }}}
	if d.validated() {
		curves = append(curves, curve{d.part(evaluate.Validation), d.t("validation loss"), "", orange, func(h Epoch) float64 { return h.ValidationLoss }})
	}
	low, high := math.Inf(1), 0.0
	for _, h := range d.History {
		for _, curve := range curves {
			low, high = min(low, curve.value(h)), max(high, curve.value(h))
		}
	}
	p := c.plot
	if low > 0 && high > 8*low {
		c.logarithmic(&p.Y, low, high)
		c.vertical = d.t("loss (logarithmic)")
	} else {
		steps := metric.RoundSteps(0, high, 6)
		c.marks(&p.Y, 0, steps[len(steps)-1], steps)
	}
	c.byEpoch(d, curves...)
	return c.of(curveHeight, d.t("Learning curves: %s", curvesText(d)))
}

// scheduled reports whether the learning rate changes.
func (d Document) scheduled() bool {
	return slices.ContainsFunc(d.History, func(h Epoch) bool { return h.Rate != 0 })
}

// drawRate shows the learning rate of every epoch's last step, on a scale of ratios where it
// falls far.
func drawRate(d Document) *chart {
	if !d.scheduled() {
		return nil
	}
	c := d.newChart(d.t("Learning rate"), rateText(d), d.t("epoch"), d.t("learning rate"))
	low, high := math.Inf(1), 0.0
	for _, h := range d.History {
		low, high = min(low, h.Rate), max(high, h.Rate)
	}
	if low > 0 && high > 8*low {
		c.logarithmic(&c.plot.Y, low, high)
		c.vertical = d.t("learning rate (logarithmic)")
	} else {
		steps := metric.RoundSteps(0, high, 6)
		c.marks(&c.plot.Y, 0, steps[len(steps)-1], steps)
	}
	c.byEpoch(d, curve{d.t("last step"), d.t("learning rate"), "", blue, func(h Epoch) float64 { return h.Rate }})
	return c.of(188, d.t("Learning rate by epoch: %s", rateText(d)))
}

// rateText says where the rate begins and ends.
func rateText(d Document) string {
	first, last := d.History[0], d.History[len(d.History)-1]
	return d.t("%s in epoch %d, %s in epoch %d", d.significant(first.Rate), first.Epoch, d.significant(last.Rate), last.Epoch)
}

// curveHeight is how high the curves of a training are.
const curveHeight = 268

// curve is one line over the epochs.
type curve struct {
	name, title, unit string // in the legend; of its points
	color             color.NRGBA
	value             func(Epoch) float64
}

// byEpoch draws curves over the epochs and marks the kept one on the last.
func (c *chart) byEpoch(d Document, curves ...curve) {
	p := c.plot
	first, last := d.History[0].Epoch, d.History[len(d.History)-1].Epoch
	space := max(float64(last-first)/60, 0.1)
	c.marks(&p.X, float64(first)-space, float64(last)+space, wholeMarks(first, last, 12))
	marked := curves[len(curves)-1]
	var kept plotter.XYs
	for _, h := range d.History {
		if h.Kept {
			x := float64(h.Epoch)
			kept = append(kept, plotter.XY{X: x, Y: marked.value(h)})
			p.Add(ideal(x, p.Y.Min, x, p.Y.Max))
		}
	}
	p.Add(dots(kept, marked.color, 7.5), dots(kept, paper, 5)) // a ring around the point that follows
	for _, curve := range curves {
		var points plotter.XYs
		var titles []string
		for _, h := range d.History {
			points = append(points, plotter.XY{X: float64(h.Epoch), Y: curve.value(h)})
			titles = append(titles, d.t("epoch %d: %s %s", h.Epoch, curve.title, d.with(curve.value(h), curve.unit)))
		}
		p.Add(line(points, draw.LineStyle{Color: curve.color, Width: 2.5}))
		visible := curve.color
		if len(d.History) > 60 {
			visible.A = 0 // only to be pointed at
		}
		p.Add(dots(points, visible, 3, titles...))
		c.legend = append(c.legend, key{name: curve.name, color: curve.color, line: true})
	}
	c.legend = append(c.legend, key{name: d.t("kept epoch"), color: muted, line: true, dashes: dashed})
}

var dashed = []vg.Length{5, 4}

// keptText says which epoch was kept.
func keptText(d Document) string {
	for _, h := range d.History {
		if h.Kept {
			return d.t("Epoch %d of %d was kept", h.Epoch, len(d.History))
		}
	}
	return d.plural(len(d.History), "epoch")
}

// curvesText says what the learning curves show, in numbers.
func curvesText(d Document) string {
	for _, h := range d.History {
		if h.Kept && !d.validated() {
			return d.t("%s: train loss %s", keptText(d), d.significant(h.TrainLoss))
		}
		if h.Kept {
			score := d.t("validation RMSE %s", d.with(h.ValidationRMSE, d.Evaluation.Unit))
			if d.classifies() {
				score = d.t("validation accuracy %s", d.percent(h.ValidationAccuracy))
			}
			return d.t("%s: train loss %s, validation loss %s, %s", keptText(d), d.significant(h.TrainLoss), d.significant(h.ValidationLoss), score)
		}
	}
	return keptText(d)
}

// drawFit draws predictions against true values of the result's part.
func drawFit(d Document) *chart {
	e := d.Evaluation
	var points plotter.XYs
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range e.Of(e.Headline) {
		points = append(points, plotter.XY{X: p.True, Y: p.Predicted})
		low, high = min(low, p.True, p.Predicted), max(high, p.True, p.Predicted)
	}
	c := d.newChart(d.t("Predicted against true %s", e.Target), fitText(d), named(d.t("true %s", e.Target), e.Unit), named(d.t("predicted"), e.Unit))
	steps := metric.RoundSteps(low, high, 7)
	first, last := steps[0], steps[len(steps)-1]
	p := c.plot
	c.ruled(true, true)
	c.marks(&p.X, first, last, steps)
	c.marks(&p.Y, first, last, steps)
	p.Add(ideal(first, first, last, last), d.photoDots(points, d.photoTitles()))
	c.legend = d.photoKeys(d.t("perfect"))
	return c.asSquare(d.t("Predicted against true %s: %s", e.Target, fitText(d)))
}

// ideal is the dashed line on which all would lie if nothing were wrong.
func ideal(x0, y0, x1, y1 float64) plot.Plotter {
	return line(plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y1}}, draw.LineStyle{Color: muted, Width: 1.5, Dashes: dashed})
}

// photoDots are the photos of the result's part.
func (d Document) photoDots(points plotter.XYs, titles []string) plot.Plotter {
	opacity := uint8(160)
	if len(points) > 300 {
		opacity = 100
	}
	return dots(points, transparent(partColor[d.Evaluation.Headline], opacity), 4, titles...)
}

// photoTitles say what is true and what is predicted of each of them.
func (d Document) photoTitles() []string {
	var titles []string
	for _, p := range d.Evaluation.Of(d.Evaluation.Headline) {
		titles = append(titles, d.t("%s: true %s, predicted %s", p.Image, d.value(p.True), d.value(p.Predicted)))
	}
	return titles
}

// fitText says how well the predictions fit, in numbers.
func fitText(d Document) string {
	e := d.Evaluation
	r := e.Result().Scores
	return d.t("%s of the %s part: R² %s, RMSE %s", d.plural(r.N, "photo"), d.first(e.Headline), d.decimal(r.R2, 3), d.with(r.RMSE, e.Unit))
}

// number writes a value of the target, with as many decimals as the target's
// spread calls for.
func (d Document) number(x float64) string {
	if d.Evaluation.Whole && x == math.Floor(x) {
		return d.decimal(x, 0)
	}
	return d.alike(d.Evaluation.Parts[0].Target.Deviation, x)[0]
}

// value writes a value of the target with its unit.
func (d Document) value(x float64) string {
	return strings.TrimSpace(d.number(x) + " " + d.Evaluation.Unit)
}

// named writes a quantity and its unit, as on an axis.
func named(quantity, unit string) string {
	if unit == "" {
		return quantity
	}
	return quantity + " (" + unit + ")"
}
