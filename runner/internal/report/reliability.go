package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/metric"
)

// drawReliability draws how often predictions are right against how sure they are, and
// below it how many are how sure (Guo et al.: On Calibration of Modern Neural Networks,
// 2017, figure 1).
func drawReliability(d Document) *chart {
	e := d.Evaluation
	r := e.Classification.Reliability
	c := d.newChart(d.t("How sure the network is, and how often it is right"), reliabilityText(d), "", d.t("right, in %%"))
	c.legend = []key{
		{name: d.t("right"), color: transparent(blue, barOpacity)},
		{name: d.t("how sure, on average"), color: red, line: true},
		{name: d.t("as sure as right"), color: muted, line: true, dashes: dashed},
	}
	tens := []float64{0, 20, 40, 60, 80, 100}
	upper := c.plot
	c.marks(&upper.X, 0, 100, tens)
	c.marks(&upper.Y, 0, 100, tens)
	upper.X.Label.Text = ""
	titles := func(bin int) string {
		edge := func(i int) string { return d.decimal(100*float64(i)/float64(len(r.Bins)), 0) }
		b := r.Bins[bin]
		return d.t("%s to %s %%: %s, %s sure on average, %s right", edge(bin), edge(bin+1), d.plural(b.Samples, "photo"), d.percent(b.Confidence), d.percent(b.Accuracy))
	}
	upper.Add(calibration{r, titles}, ideal(0, 0, 100, 100))

	lower := d.newChart("", "", d.t("probability of the predicted class, in %%"), "").plot
	b := bars{counts: [][]int{nil}, colors: []color.Color{partColor[e.Headline]}, title: func(_, bin int) string { return titles(bin) }}
	most := 0
	for i, bin := range r.Bins {
		b.edges = append(b.edges, 100*float64(i)/float64(len(r.Bins)))
		b.counts[0] = append(b.counts[0], bin.Samples)
		most = max(most, bin.Samples)
	}
	b.edges = append(b.edges, 100)
	c.marks(&lower.X, 0, 100, tens)
	c.marks(&lower.Y, 0, float64(most)*1.04, wholeMarks(0, most, 4))
	lower.Add(b)
	c.body = func(area draw.Canvas) {
		above, below := area, area
		above.Min.Y = area.Min.Y + lowerHeight + textSize + 16
		below.Max.Y = area.Min.Y + lowerHeight
		style := letters(textSize, ink, false)
		style.YAlign = draw.YTop
		area.FillText(style, vg.Point{X: area.Min.X, Y: above.Min.Y - 2}, d.t("photos"))
		alignPlots([]*plot.Plot{upper, lower}, []draw.Canvas{above, below})
	}
	c.width = min(c.width, square)
	return c.of(548, d.t("Reliability: %s", reliabilityText(d)))
}

const (
	lowerHeight = 150 // of the histogram below
	barOpacity  = 150 // lets the line of equality be seen through a bar
)

// reliabilityText says how far how sure is from how often right, in numbers.
func reliabilityText(d Document) string {
	e := d.Evaluation
	r := e.Classification.Reliability
	return d.t("%s sure on average, %s right; expected calibration error %s over %d bins", d.percent(r.Confidence), d.percent(e.Result().Scores.Accuracy), d.percent(r.ECE), len(r.Bins))
}

// calibration draws the share of right predictions of each bin as a bar, and a line at
// their mean confidence with the way from the one to the other.
type calibration struct {
	metric.Reliability
	title func(bin int) string
}

// Plot implements plot.Plotter.
func (r calibration) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	edge := func(bin int) vg.Length { return x(100 * float64(bin) / float64(len(r.Bins))) }
	for i, bin := range r.Bins {
		if bin.Samples == 0 {
			continue
		}
		left, right := edge(i)+1, edge(i+1)-1
		accuracy, confidence, middle := y(100*bin.Accuracy), y(100*bin.Confidence), (left+right)/2
		titled(c, r.title(i))
		fill(c, transparent(blue, barOpacity), left, y(0), right, accuracy)
		c.StrokeLine2(draw.LineStyle{Color: red, Width: 2}, middle, accuracy, middle, confidence)
		c.StrokeLine2(draw.LineStyle{Color: red, Width: 3}, left, confidence, right, confidence)
	}
}

// alignPlots draws plots whose left and right ends stand below each other.
func alignPlots(plots []*plot.Plot, areas []draw.Canvas) {
	var left, right vg.Length
	for i, p := range plots {
		data := p.DataCanvas(areas[i])
		left, right = max(left, data.Min.X-areas[i].Min.X), max(right, areas[i].Max.X-data.Max.X)
	}
	for i, p := range plots {
		data := p.DataCanvas(areas[i])
		p.Draw(draw.Crop(areas[i], left-(data.Min.X-areas[i].Min.X), (areas[i].Max.X-data.Max.X)-right, 0, 0))
	}
}
