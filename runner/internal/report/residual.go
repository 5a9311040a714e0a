package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// This file draws the errors of a regression.

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
	p := c.plot
	c.ruled(true, true)
	first, last := c.span(&p.X, low, high, 7)
	c.span(&p.Y, low, high, 7)
	p.Add(ideal(first, first, last, last), d.photoDots(points, d.photoTitles()))
	c.legend = d.photoKeys(d.t("perfect"))
	return c.asSquare(d.t("Predicted against true %s: %s", e.Target, fitText(d)))
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

// photoKeys are the legend of a plot with a point a photo and a dashed line.
func (d Document) photoKeys(dashedLine string) []key {
	part := d.Evaluation.Headline
	return []key{
		{name: d.t("%s photo", d.first(part)), color: partColor[part]},
		{name: dashedLine, color: muted, line: true, dashes: dashed},
	}
}

// fitText says how well the predictions fit, in numbers.
func fitText(d Document) string {
	e := d.Evaluation
	r := e.Result().Scores
	return d.t("%s of the %s part: R² %s, RMSE %s", d.plural(r.N, "photo"), d.first(e.Headline), d.decimal(r.R2, 3), d.with(r.RMSE, e.Unit))
}

// errorName names an error on an axis.
func errorName(d Document) string { return named(d.t("predicted − true"), d.Evaluation.Unit) }

// errorText writes an error with its sign and unit.
func (d Document) errorText(x float64) string {
	return strings.TrimSpace(d.signed(d.Evaluation.Result().Scores.MAE, x) + " " + d.Evaluation.Unit)
}

// biasText says on which side of the true values predictions lie, and withinText how far from
// them, in numbers.
func biasText(d Document) string {
	e := d.Evaluation
	s := e.Result().Scores
	return d.t("%s of the %s part: mean error %s", d.plural(s.N, "photo"), d.first(e.Headline), d.errorText(s.Bias))
}

func withinText(d Document) string {
	s := d.Evaluation.Result().Scores
	return d.t("half of all errors are within %s", strings.TrimSpace(d.alike(s.MAE, s.MedianAE)[0]+" "+d.Evaluation.Unit))
}

// drawResiduals draws the errors against the predictions, which unlike true values are
// known of a new photo too.
func drawResiduals(d Document) *chart {
	e := d.Evaluation
	var points plotter.XYs
	for _, p := range e.Of(e.Headline) {
		points = append(points, plotter.XY{X: p.Predicted, Y: p.Predicted - p.True})
	}
	c := d.newChart(d.t("Errors against predictions"), biasText(d), named(d.t("predicted %s", e.Target), e.Unit), errorName(d))
	c.scatter(d, points, d.photoTitles(), ends(points, func(p plotter.XY) float64 { return p.Y }), 7)
	c.legend = d.photoKeys(d.t("no error"))
	return c.of(288, d.t("Errors against predictions: %s", biasText(d)))
}

// ends returns the least and the largest of a value of points.
func ends(points plotter.XYs, value func(plotter.XY) float64) [2]float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, value(p)), max(high, value(p))
	}
	return [2]float64{low, high}
}

// scatter draws errors, whose axis reaches as far as it is told and holds 0, over an axis
// of at most so many steps.
func (c *chart) scatter(d Document, points plotter.XYs, titles []string, errors [2]float64, steps int) {
	p := c.plot
	x := ends(points, func(p plotter.XY) float64 { return p.X })
	c.span(&p.X, x[0], x[1], steps)
	c.span(&p.Y, min(errors[0], 0), max(errors[1], 0), 6)
	p.Add(ideal(p.X.Min, 0, p.X.Max, 0), d.photoDots(points, titles))
}

// drawErrors draws the distribution of the errors.
func drawErrors(d Document) *chart {
	e := d.Evaluation
	if e.Regression == nil {
		return nil
	}
	r := e.Regression.Errors
	c := d.newChart(d.t("Distribution of the errors"), heading(withinText(d)), errorName(d), d.t("photos"))
	highest := slices.Max(r.Counts)
	first, last := r.Edges[0], r.Edges[len(r.Edges)-1]
	c.marks(&c.plot.X, first, last, within(metric.RoundSteps(first, last, 9), first, last))
	c.marks(&c.plot.Y, 0, float64(highest)*1.04, wholeMarks(0, highest, 6))
	c.plot.Add(bars{edges: r.Edges, counts: [][]int{r.Counts}, colors: []color.Color{partColor[e.Headline]}, title: c.binTitle(e, r.Edges, [][]int{r.Counts}, e.Headline)},
		ideal(0, 0, 0, c.plot.Y.Max))
	c.legend = d.photoKeys(d.t("no error"))
	return c.of(228, d.t("Distribution of the errors: %s", withinText(d)))
}

// mostTrends is how many columns errors are drawn against.
const mostTrends = 4

// trends are the columns that errors are drawn against: those that the target is drawn
// against, then those that go most with it.
func (d Document) trends() []evaluate.Against {
	if d.Evaluation.Regression == nil {
		return nil
	}
	var first, more []evaluate.Against
	for _, a := range d.Evaluation.Regression.Against {
		if slices.ContainsFunc(d.Against, func(shown Against) bool { return shown.Column == a.Column }) {
			first = append(first, a)
		} else if !a.Same {
			more = append(more, a)
		}
	}
	all := append(first, more...)
	return all[:min(mostTrends, len(all))]
}

// trendsText says how errors go with columns.
func trendsText(d Document) string {
	var list []string
	for _, a := range d.trends() {
		if a.Errors != nil {
			list = append(list, fmt.Sprintf("%s %s", a.Column, d.decimal(*a.Errors, 2)))
		}
	}
	return d.t("rank correlation with %s", strings.Join(list, ", "))
}

// drawTrends draws the errors against columns of the table, side by side.
func drawTrends(d Document) *chart {
	e := d.Evaluation
	var panels []*plot.Plot
	for _, a := range d.trends() {
		var points plotter.XYs
		var titles []string
		low, high := 0.0, 0.0
		for i, p := range e.Of(e.Headline) {
			low, high = min(low, p.Predicted-p.True), max(high, p.Predicted-p.True)
			if a.Values[i] != nil {
				points = append(points, plotter.XY{X: *a.Values[i], Y: p.Predicted - p.True})
				titles = append(titles, d.t("%s: %s %s, error %s", p.Image, a.Column, d.measured(*a.Values[i])[0], d.errorText(p.Predicted-p.True)))
			}
		}
		c := d.newChart("", "", a.Column, "")
		c.scatter(d, points, titles, [2]float64{low, high}, 4)
		panels = append(panels, c.plot)
	}
	if len(panels) == 0 {
		return nil
	}
	c := d.newChart(d.t("Errors against columns of the table"), trendsText(d), "", errorName(d))
	c.legend = d.photoKeys(d.t("no error"))
	c.panels(min(len(panels), 2), 240, panels...)
	return c.of(c.height, d.t("Errors against columns of the table: %s", trendsText(d)))
}
