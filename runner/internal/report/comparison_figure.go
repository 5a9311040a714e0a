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

	"biomass/runner/internal/metric"
)

// The pictures of a comparison.
const (
	scoresFile      = "scores.svg"
	differencesFile = "differences.svg"
	lossFile        = "loss.svg"
	progressFile    = "progress.svg"
)

// comparisonFigures draw what there is to show; nil is nothing.
var comparisonFigures = []struct {
	file string
	draw func(*Comparison) *chart
}{
	{scoresFile, drawScores}, {differencesFile, drawDifferences}, {lossFile, drawLosses}, {progressFile, drawProgress},
}

// ComparisonFiles returns the names of all files that a comparison may have.
func ComparisonFiles() []string {
	files := []string{pageFile, htmlFile}
	for _, f := range comparisonFigures {
		files = append(files, f.file)
	}
	return files
}

// runColors are those of the runs, in their order.
var runColors = []color.NRGBA{blue, orange, green, red, pink, ink}

// style is the line of the run i: colours come again, dashed.
func style(i int) draw.LineStyle {
	line := draw.LineStyle{Color: runColors[i%len(runColors)], Width: 2.5}
	if i >= len(runColors) {
		line.Dashes = dashed
	}
	return line
}

// scaled is a value of the metric as an axis shows it: accuracies in per cent.
func (c *Comparison) scaled(v float64) float64 {
	if c.classifies() {
		return 100 * v
	}
	return v
}

// measured is a value with its interval, a row of a chart.
type measured struct {
	name, value string
	heading     string // the name, where it does not stand beside the row
	title       string // of the mark: the value with its interval
	at          float64
	interval    *metric.Interval
	again       []float64 // what other seeds gave
	againTitles []string
	color       color.NRGBA
}

// rows draws values with their intervals under each other.
type rows []measured

// Plot implements plot.Plotter.
func (r rows) Plot(area draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&area)
	for i, m := range r {
		level := y(float64(len(r) - 1 - i))
		if m.interval != nil {
			low, high := x(m.interval.Low), x(m.interval.High)
			area.StrokeLine2(draw.LineStyle{Color: m.color, Width: 3}, low, level, high, level)
			for _, end := range []vg.Length{low, high} {
				area.StrokeLine2(draw.LineStyle{Color: m.color, Width: 3}, end, level-6, end, level+6)
			}
		}
		for k, v := range m.again {
			titled(area, m.againTitles[k])
			area.DrawGlyph(draw.GlyphStyle{Color: transparent(m.color, 150), Radius: 3.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x(v), Y: level - 14})
		}
		titled(area, m.title)
		area.DrawGlyph(draw.GlyphStyle{Color: m.color, Radius: 6.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x(m.at), Y: level})
		text := letters(textSize, ink, true)
		text.XAlign, text.YAlign = draw.XCenter, draw.YBottom
		half := vg.Length(text.Width(m.value)/2) + 3                              // the conversion keeps the two apart: no fused multiply-add
		fill(area, paper, x(m.at)-half, level+9, x(m.at)+half, level+12+textSize) // no line goes through it
		area.FillText(text, vg.Point{X: x(m.at), Y: level + 11}, m.value)
		if m.heading != "" {
			style := letters(textSize, ink, false)
			name := fitting(m.heading, func(s string) bool { return style.Width(s) <= area.Max.X-area.Min.X })
			fill(area, paper, area.Min.X, level+27, area.Min.X+style.Width(name)+3, level+30+textSize)
			area.FillText(style, vg.Point{X: area.Min.X, Y: level + 30}, name)
		}
	}
}

// drawRows draws a chart of rows over a horizontal axis that shows all of them, and zero
// where it is asked for.
func (c *Comparison) drawRows(title, subtitle, horizontal, alternative string, zero bool, all rows) *chart {
	chart := c.newChart(title, subtitle, horizontal, "")
	low, high := math.Inf(1), math.Inf(-1)
	if zero {
		low, high = 0, 0
	}
	names, pitch := make(plot.ConstantTicks, len(all)), 52
	if c.width <= narrow { // the names are as wide as the chart, and stand above
		pitch = 74
	}
	for i, m := range all {
		names[i] = plot.Tick{Value: float64(len(all) - 1 - i), Label: m.name}
		if c.width <= narrow {
			names[i].Label, all[i].heading = "", m.name
		}
		for _, v := range append([]float64{m.at}, m.again...) {
			low, high = min(low, v), max(high, v)
		}
		if m.interval != nil {
			low, high = min(low, m.interval.Low), max(high, m.interval.High)
		}
	}
	space := max((high-low)/10, 1e-9)
	low, high = low-space, high+space
	p := chart.plot
	chart.marks(&p.X, low, high, within(metric.RoundSteps(low, high, 8), low, high))
	p.Y.Min, p.Y.Max = -0.6, float64(len(all))-0.4
	height := 24 + pitch*len(all)
	if c.width <= narrow { // room for the first name
		p.Y.Max += 0.4
		height += 34
	}
	p.Y.Tick.Marker, p.Y.Tick.Label.Color, p.Y.Tick.Length = names, ink, 10
	p.Y.Tick.LineStyle.Width = 0
	chart.ruled(true, true)
	if zero {
		p.Add(ideal(0, p.Y.Min, 0, p.Y.Max))
	}
	p.Add(all)
	return chart.of(vg.Length(height), alternative)
}

// drawScores draws the metric of every run with its interval, and what its other seeds
// gave.
func drawScores(c *Comparison) *chart {
	var all rows
	for i := range c.Runs {
		r := &c.Runs[i]
		j := r.On(c.Part)
		m := measured{name: r.Name, value: c.write(c.Metric, c.value(r))[0], title: c.scoreText(r), at: c.scaled(c.value(r)), color: runColors[i%len(runColors)]}
		if j.Interval != nil {
			m.interval = &metric.Interval{Low: c.scaled(j.Interval.Low), High: c.scaled(j.Interval.High)}
		}
		for _, s := range r.Series {
			for k, column := range s.Columns {
				if s.Over == "seeds" && column.Part == c.Part && column.Figure == c.Metric {
					for _, run := range s.Runs {
						m.again = append(m.again, c.scaled(run.Values[k]))
						m.againTitles = append(m.againTitles, r.Name+", "+c.t("seed")+" "+run.Name+": "+c.write(c.Metric, run.Values[k])[0])
					}
				}
			}
		}
		all = append(all, m)
	}
	return c.drawRows(c.scoresTitle(), c.scoresSubtitle(all), c.axis(), c.scoresText(), false, all)
}

// axis names the metric as an axis shows it.
func (c *Comparison) axis() string {
	name := c.fill(figuresOf[c.Metric], c.first(c.Part))
	if c.classifies() {
		return named(name, "%")
	}
	return named(name, c.Unit)
}

func (c *Comparison) scoresTitle() string {
	return heading(c.fill(figuresOf[c.Metric], c.first(c.Part)))
}

func (c *Comparison) scoresSubtitle(all rows) string {
	level := c.level(c.Level)
	if slices.ContainsFunc(all, func(m measured) bool { return m.again != nil }) {
		return c.t("The bar is the %s %% interval of the tested photos, the small dots are single seeds", level)
	}
	return c.t("The bar is the %s %% interval of the tested photos", level)
}

// scoresText lists what drawScores shows.
func (c *Comparison) scoresText() string {
	var list []string
	for i := range c.Runs {
		list = append(list, c.scoreText(&c.Runs[i]))
	}
	return c.scoresTitle() + ": " + strings.Join(list, "; ")
}

// scoreText writes one of them.
func (c *Comparison) scoreText(r *Compared) string {
	text := r.Name + " " + c.write(c.Metric, c.value(r))[0]
	if in := r.On(c.Part).Interval; in != nil {
		text += " (" + c.ends(c.write(c.Metric, c.value(r), in.Low, in.High)[1:]) + ")"
	}
	return text
}

// drawDifferences draws the paired differences beside no difference.
func drawDifferences(c *Comparison) *chart {
	if len(c.Pairs) == 0 {
		return nil
	}
	var all rows
	for _, p := range c.Pairs {
		m := measured{name: c.t("%s less %s", p.B, p.A), value: c.change(p.Difference)[0], title: c.differenceText(p), at: c.scaled(p.Difference), color: blue}
		if p.Interval != nil {
			m.interval = &metric.Interval{Low: c.scaled(p.Interval.Low), High: c.scaled(p.Interval.High)}
		}
		if p.Chance() {
			m.color = muted
		}
		all = append(all, m)
	}
	horizontal := c.t("difference (percentage points)")
	if !c.classifies() {
		horizontal = named(c.t("difference"), c.Unit)
	}
	subtitle := c.t("%s; gray where the difference may be chance", c.betterWhen())
	return c.drawRows(c.t("Differences on the same photos"), subtitle, horizontal, c.differencesText(), true, all)
}

// betterWhen says on which side of zero the first of a pair is better.
func (c *Comparison) betterWhen() string {
	if c.classifies() {
		return c.t("Right of zero the first of the two is better")
	}
	return c.t("Left of zero the first of the two is better")
}

// differencesText lists what drawDifferences shows.
func (c *Comparison) differencesText() string {
	var list []string
	for _, p := range c.Pairs {
		list = append(list, c.differenceText(p))
	}
	return c.t("Differences on the same photos") + ": " + strings.Join(list, "; ")
}

// differenceText writes one of them.
func (c *Comparison) differenceText(p Pair) string {
	text := c.t("%s less %s", p.B, p.A) + " " + c.change(p.Difference)[0]
	if p.Interval != nil {
		text += " (" + c.ends(c.change(p.Interval.Low, p.Interval.High)) + ")"
	}
	return text
}

// drawLosses draws the validation losses over each other.
func drawLosses(c *Comparison) *chart {
	if !c.validated() {
		return nil
	}
	chart := c.newChart(c.t("Validation loss"), c.keptText(), c.t("epoch"), c.t("loss"))
	loss := func(e Epoch) float64 { return e.ValidationLoss }
	low, high := c.extent(loss)
	chart.falling(low, high, c.t("loss (logarithmic)"), low) // from where there is something to see: curves have to be told apart
	return c.drawOver(chart, loss, c.writeLoss, c.lossText())
}

// progressTitle is what drawProgress shows.
func (c *Comparison) progressTitle() string {
	if c.classifies() {
		return c.t("Validation accuracy")
	}
	return c.t("Validation RMSE")
}

// progress is the metric on the validation part, by epoch.
func (c *Comparison) progress(e Epoch) float64 {
	if c.classifies() {
		return 100 * e.ValidationAccuracy
	}
	return e.ValidationRMSE
}

// drawProgress draws the metric on the validation part by epoch.
func drawProgress(c *Comparison) *chart {
	if !c.validated() {
		return nil
	}
	vertical := "%"
	if !c.classifies() {
		vertical = named("RMSE", c.Unit)
	}
	chart := c.newChart(c.progressTitle(), c.keptText(), c.t("epoch"), vertical)
	low, high := c.extent(c.progress)
	if c.classifies() {
		chart.percents(low, high)
	} else {
		chart.span(&chart.plot.Y, low, high, 6)
	}
	return c.drawOver(chart, c.progress, c.writeProgress, c.progressText())
}

// extent returns the least and the largest value of a figure over all epochs.
func (c *Comparison) extent(value func(Epoch) float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range c.Runs {
		for _, e := range r.Epochs {
			low, high = min(low, value(e)), max(high, value(e))
		}
	}
	return low, high
}

// drawOver draws the curves of all runs over each other and marks the kept epochs.
func (c *Comparison) drawOver(chart *chart, value func(Epoch) float64, write func(Epoch) string, alternative string) *chart {
	traces := make([]trace, len(c.Runs))
	for i, r := range c.Runs {
		t := trace{name: r.Name, style: style(i), kept: slices.Index(r.Epochs, r.Kept())}
		for _, e := range r.Epochs {
			t.points = append(t.points, plotter.XY{X: float64(e.Epoch), Y: value(e)})
			t.titles = append(t.titles, c.t("%s, epoch %d: %s", r.Name, e.Epoch, write(e)))
		}
		traces[i] = t
	}
	chart.traces(traces...)
	return chart.of(curveHeight, alternative)
}

func (c *Comparison) keptText() string { return c.t("The ring marks the epoch that each run kept") }

// writeLoss and writeProgress write what an epoch measured.
func (c *Comparison) writeLoss(e Epoch) string { return c.significant(e.ValidationLoss) }

func (c *Comparison) writeProgress(e Epoch) string {
	if c.classifies() {
		return c.percent(e.ValidationAccuracy)
	}
	return c.with(e.ValidationRMSE, c.Unit)
}

// lossText and progressText list what the curves show at the kept epochs.
func (c *Comparison) lossText() string {
	return c.curvesText(c.t("Validation loss"), c.writeLoss)
}

func (c *Comparison) progressText() string {
	return c.curvesText(c.progressTitle(), c.writeProgress)
}

func (c *Comparison) curvesText(title string, value func(Epoch) string) string {
	var list []string
	for _, r := range c.Runs {
		first, kept := r.Epochs[0], r.Kept()
		list = append(list, c.t("%s from %s to %s in the kept epoch %d of %d", r.Name, value(first), value(kept), kept.Epoch, len(r.Epochs)))
	}
	return title + ": " + strings.Join(list, "; ")
}
