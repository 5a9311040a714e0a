package report

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/evaluate"
)

// This file draws the figures of every epoch.

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
	c.falling(low, high, d.t("loss (logarithmic)"), 0)
	c.byEpoch(d, curves...)
	return c.of(curveHeight, d.t("Learning curves: %s", curvesText(d)))
}

// drawAccuracy draws accuracy and macro F1 of the validation part by epoch.
func drawAccuracy(d Document) *chart {
	if !d.validated() {
		return nil
	}
	c := d.newChart(d.t("Accuracy by epoch"), curvesText(d), d.t("epoch"), "%")
	low, high := 100.0, 0.0
	for _, h := range d.History {
		low, high = min(low, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1), max(high, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1)
	}
	c.percents(low, high)
	c.byEpoch(d,
		curve{d.t("validation macro F1"), d.t("validation macro F1"), "%", pink, func(h Epoch) float64 { return 100 * h.ValidationMacroF1 }},
		curve{d.t("validation accuracy"), d.t("validation accuracy"), "%", orange, func(h Epoch) float64 { return 100 * h.ValidationAccuracy }})
	return c.of(curveHeight, d.t("Accuracy by epoch: %s", curvesText(d)))
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
	c.falling(low, high, d.t("learning rate (logarithmic)"), 0)
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
	traces := make([]trace, len(curves))
	for i, curve := range curves {
		t := trace{name: curve.name, style: draw.LineStyle{Color: curve.color, Width: 2.5}, kept: -1}
		for k, h := range d.History {
			t.points = append(t.points, plotter.XY{X: float64(h.Epoch), Y: curve.value(h)})
			t.titles = append(t.titles, d.t("epoch %d: %s %s", h.Epoch, curve.title, d.with(curve.value(h), curve.unit)))
			if h.Kept && i == len(curves)-1 {
				t.kept = k
				c.plot.Add(ideal(float64(h.Epoch), c.plot.Y.Min, float64(h.Epoch), c.plot.Y.Max))
			}
		}
		traces[i] = t
	}
	c.traces(traces...)
	c.legend = append(c.legend, key{name: d.t("kept epoch"), color: muted, line: true, dashes: dashed})
}

// trace is a line over the epochs, of which one point may have a ring.
type trace struct {
	name   string
	style  draw.LineStyle
	points plotter.XYs
	titles []string
	kept   int // -1 for none
}

// traces draws lines over the epochs; where there are many of these, their points can only be
// pointed at.
func (c *chart) traces(all ...trace) {
	p, first, last := c.plot, int(all[0].points[0].X), 1
	for _, t := range all {
		last = max(last, int(t.points[len(t.points)-1].X))
		if t.kept >= 0 {
			ring := t.points[t.kept : t.kept+1]
			p.Add(dots(ring, t.style.Color, 7.5), dots(ring, paper, 5))
		}
	}
	space := max(float64(last-first)/60, 0.1)
	c.marks(&p.X, float64(first)-space, float64(last)+space, wholeMarks(first, last, 12))
	for _, t := range all {
		visible := t.style.Color
		if len(t.points) > 60 {
			visible = transparent(t.style.Color.(color.NRGBA), 0)
		}
		p.Add(line(t.points, t.style), dots(t.points, visible, 3, t.titles...))
		c.legend = append(c.legend, key{name: t.name, color: t.style.Color, line: true, dashes: t.style.Dashes})
	}
}

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
