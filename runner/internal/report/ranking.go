package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/metric"
)

// curved reports whether there are curves over thresholds: of two classes that the
// result's part both shows.
func (d Document) curved() bool {
	rankings := d.Evaluation.Classification.Rankings
	return len(rankings) == 2 && rankings[0] != nil
}

// drawROC draws the receiver operating characteristic of the second of two classes; that
// of the first is the same curve in a mirror.
func drawROC(d Document) *chart {
	if !d.curved() {
		return nil
	}
	e := d.Evaluation
	found := e.Classes[1]
	c := d.newChart(d.t("Receiver operating characteristic"), rocText(d), d.t("%% of the photos of %s taken for %s", e.Classes[0], found), d.t("%% of the photos of %s found", found))
	c.legend = []key{{name: d.t("network"), color: green, line: true}, {name: d.t("guessing"), color: muted, line: true, dashes: dashed}}
	c.square()
	c.plot.Add(ideal(0, 0, 100, 100))
	c.curve(e.Classification.Rankings[1].ROC, false, green, func(p metric.Point) string {
		return d.t("%s of %s found, %s of %s taken for it", d.percent(p.Y), found, d.percent(p.X), e.Classes[0])
	})
	return c.asSquare(d.t("Receiver operating characteristic: %s", rocText(d)))
}

// rocText says what the curve shows, in numbers.
func rocText(d Document) string {
	c := d.Evaluation.Classification
	return d.t("AUC %s; %s are found at 10 %% false alarms", d.decimal(c.Rankings[1].AUC, 3), d.percent(*c.Found))
}

// drawPrecisionRecall draws precision against recall of both classes.
func drawPrecisionRecall(d Document) *chart {
	if !d.curved() {
		return nil
	}
	e := d.Evaluation
	c := d.newChart(d.t("Precision and recall"), precisionRecallText(d), d.t("recall, in %%"), d.t("precision, in %%"))
	c.square()
	for class, paint := range []color.NRGBA{orange, green} {
		c.curve(e.Classification.Rankings[class].PrecisionRecall, true, paint, func(p metric.Point) string {
			return d.t("%s: recall %s, precision %s", e.Classes[class], d.percent(p.X), d.percent(p.Y))
		})
		c.legend = append(c.legend, key{name: e.Classes[class], color: paint, line: true})
	}
	return c.asSquare(d.t("Precision and recall: %s", precisionRecallText(d)))
}

func precisionRecallText(d Document) string {
	e := d.Evaluation
	r := e.Classification.Rankings
	return d.t("average precision %s of %s, %s of %s", d.decimal(r[0].AveragePrecision, 3), e.Classes[0], d.decimal(r[1].AveragePrecision, 3), e.Classes[1])
}

// square gives both axes the whole range from 0 to 100 %.
func (c *chart) square() {
	tens := []float64{0, 20, 40, 60, 80, 100}
	for _, axis := range []*plot.Axis{&c.plot.X, &c.plot.Y} {
		c.marks(axis, 0, 100, tens)
	}
}

// curve draws one over thresholds, of which as many as a pointer can tell apart have a title.
func (c *chart) curve(points []metric.Point, steps bool, paint color.NRGBA, title func(metric.Point) string) {
	const most = 100
	var some plotter.XYs
	var titles []string
	for i := range min(most, len(points)) {
		p := points[i*len(points)/min(most, len(points))]
		some, titles = append(some, plotter.XY{X: 100 * p.X, Y: 100 * p.Y}), append(titles, title(p))
	}
	c.plot.Add(line(corners(points, steps), draw.LineStyle{Color: paint, Width: 2.5}), dots(some, transparent(paint, 0), 4, titles...))
}

// corners returns the points of a curve in percent. In steps, what holds at a point holds
// since the one before, as the average precision has it.
func corners(curve []metric.Point, steps bool) plotter.XYs {
	var points plotter.XYs
	for i, p := range curve {
		x, y := float64(100*p.X), float64(100*p.Y)
		if i > 0 && steps {
			points = append(points, plotter.XY{X: points[len(points)-1].X, Y: y})
		}
		points = append(points, plotter.XY{X: x, Y: y})
	}
	return points
}
