package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// This file draws what became of the table's rows.

// passage is one bar of the funnel: these rows of the table, counted from the first.
type passage struct {
	name     string
	from, to int
	text     string // what stands beside the bar
	color    color.NRGBA
}

// passages are the table's rows, those that each rule of cleaning drops from the end
// of what is left, and how the split deals the rest.
func (d Document) passages() []passage {
	c := d.Cleaning
	list := []passage{{d.t("in the table"), 0, c.Rows, d.count(c.Rows), muted}}
	left := c.Rows
	for _, s := range c.Steps {
		if s.Dropped > 0 {
			list = append(list, passage{d.stepReason(s), left - s.Dropped, left, sign(d.count(-s.Dropped)), red})
		}
		left -= s.Dropped
	}
	list = append(list, passage{d.t("kept"), 0, left, d.count(left), muted})
	from := 0
	for _, p := range d.Evaluation.Parts {
		list = append(list, passage{d.part(p.Name), from, from + p.Photos, d.count(p.Photos), partColor[p.Name]})
		from += p.Photos
	}
	return list
}

// stepReason says what a cleaning rule means: a condition speaks for itself.
func (d Document) stepReason(s Step) string {
	if r := reasons[s.Rule]; r != "" {
		return d.word(r)
	}
	return d.t("where %s", strings.TrimPrefix(s.Rule, "where "))
}

// drawFunnel draws the way from the table to the parts; nil where nothing was dropped.
func drawFunnel(d Document) *chart {
	if d.Cleaning.Kept == d.Cleaning.Rows {
		return nil
	}
	const (
		bar  = 20
		room = 64 // for the number beside the longest bar
	)
	step, above := vg.Length(30), vg.Length(0)
	if d.width <= narrow { // names stand above the bars
		step, above = 48, 18
	}
	list := d.passages()
	c := d.newChart(d.t("From the table to the parts"), funnelText(d), "", "")
	style := letters(textSize, ink, false)
	style.YAlign = draw.YCenter
	c.body = func(area draw.Canvas) {
		names := vg.Length(0)
		for i := range list {
			list[i].name = fitting(list[i].name, func(s string) bool { return style.Width(s) <= 270 })
			names = max(names, style.Width(list[i].name)+12)
		}
		left := area.Min.X
		if above == 0 {
			left += names
		}
		scale := (area.Max.X - room - left) / vg.Length(max(d.Cleaning.Rows, 1))
		for i, p := range list {
			y := area.Max.Y - vg.Length((vg.Length(i)+0.5)*step) - vg.Length(above/2)
			x0, x1 := left+vg.Length(vg.Length(p.from)*scale), left+vg.Length(vg.Length(p.to)*scale)
			area.FillText(style, vg.Point{X: area.Min.X, Y: y + vg.Length(above*1.15)}, p.name)
			if i+1 < len(list) && above == 0 { // what is left goes on below
				x := x1
				if p.color == red {
					x = x0
				}
				area.StrokeLine2(draw.LineStyle{Color: faint, Width: 1}, x, y, x, y-step)
			}
			x1 = max(x1, x0+1.5) // one row of thousands is still there
			titled(area, p.name+" "+p.text)
			fill(area, p.color, x0, y-bar/2, x1, y+bar/2)
			area.FillText(style, vg.Point{X: x1 + 7, Y: y}, p.text)
		}
	}
	return c.of(vg.Length(vg.Length(len(list))*step)+6, d.t("From the table to the parts: %s", d.listed(list)))
}

// funnelText says how many rows there are at both ends.
func funnelText(d Document) string {
	return d.t("%s of %s rows are kept", d.count(d.Cleaning.Kept), d.count(d.Cleaning.Rows))
}

// listed is the funnel in words.
func (d Document) listed(list []passage) string {
	var words []string
	for _, p := range list {
		words = append(words, p.name+" "+p.text)
	}
	return strings.Join(words, ", ")
}
