package report

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// coefficients are the correlations of the target, where it has any, and of the
// table's columns with each other, a row for each but the first; nil for none.
func (d Document) coefficients() (names []string, between [][]*float64) {
	c := d.Evaluation.Story.Correlation
	if c == nil {
		return nil, nil
	}
	e := d.Evaluation
	whole := len(e.Classes) > 2 // a target of many classes has none
	switch {
	case len(e.Classes) == 2:
		names = append(names, e.Target+": "+e.Classes[1])
	case !whole:
		names = append(names, e.Target)
	}
	for i, q := range c.Quantities {
		names = append(names, q.Name)
		var row []*float64
		if !whole {
			row = append(row, q.Target)
		}
		if i > 0 {
			row = append(row, c.Between[i-1]...)
		}
		if len(row) > 0 {
			between = append(between, row)
		}
	}
	return names, between
}

// drawCorrelation draws the lower half of the matrix of coefficients. A column's name
// stands on the diagonal: beside its row and above its column. It is nil where there
// are no two columns.
func drawCorrelation(d Document) *chart {
	names, between := d.coefficients()
	if len(between) == 0 {
		return nil
	}
	n := len(names)
	if d.width <= narrow && n > 5 {
		return nil // the wide one has to do
	}
	c := d.newChart(d.t("Correlation of the table's columns"), d.t("Pearson's r over the photos that have both values: 0 is no line, 1 and −1 are perfect ones"), "", "")
	style, small := letters(textSize, ink, false), letters(12, ink, false)
	style.YAlign, small.XAlign, small.YAlign = draw.YCenter, draw.XCenter, draw.YCenter
	const least, most = 120, 52 // the room for the last name, and the largest cell
	cell := min((d.width-2*margin-least)/vg.Length(n-1), most)
	height := min(cell, 40)
	c.body = func(area draw.Canvas) {
		for i := range n {
			top := area.Max.Y - vg.Length(vg.Length(i)*height)
			for k := range i {
				left := area.Min.X + vg.Length(vg.Length(k)*cell)
				middle := vg.Point{X: left + vg.Length(cell/2), Y: top - vg.Length(height/2)}
				r := between[i-1][k]
				if r == nil {
					area.FillText(small, middle, "–")
					continue
				}
				titled(area, names[i]+", "+names[k]+": "+d.decimal(*r, 3))
				fill(area, shade(*r), left+1, top-height+1, left+cell-1, top-1)
				area.FillText(small, middle, d.decimal(*r, 2))
			}
			left := area.Min.X + vg.Length(vg.Length(i)*cell) + 5
			text := style
			if i == 0 && len(between[0]) > 0 && n > len(d.Evaluation.Story.Correlation.Quantities) {
				text = letters(textSize, ink, true) // the target
				text.YAlign = draw.YCenter
			}
			area.FillText(text, vg.Point{X: left, Y: top - vg.Length(height/2)}, fitting(names[i], func(s string) bool { return text.Width(s) <= area.Max.X-left }))
		}
	}
	return c.of(vg.Length(vg.Length(n)*height)+14, d.t("Correlation of the table's columns: %s", correlationText(d)))
}

// shade is the colour of a coefficient: blue above 0, red below, the stronger the
// further from it.
func shade(r float64) color.NRGBA {
	end := blue
	if r < 0 {
		end = red
	}
	return mix(end, int(256*math.Abs(r)))
}

// correlationText lists the coefficients with the target, or else the largest.
func correlationText(d Document) string {
	c := d.Evaluation.Story.Correlation
	var list []string
	for _, q := range c.Quantities {
		if q.Target != nil {
			list = append(list, fmt.Sprintf("%s %s", q.Name, d.decimal(*q.Target, 2)))
		}
	}
	text := d.t("Pearson's r of %s", d.plural(len(c.Quantities), "column"))
	if len(list) > 0 {
		text = d.t("Pearson's r with %s: %s", d.Evaluation.Target, strings.Join(list, ", "))
	}
	if c.LeftOut > 0 {
		text += d.t("; %s with smaller ones left out", d.plural(c.LeftOut, "column"))
	}
	return text
}

// measured writes values of a column: whole ones as they are, others by their first
// digits.
func (l Language) measured(values ...float64) []string {
	whole := true
	for _, v := range values {
		whole = whole && v == math.Floor(v) && math.Abs(v) < 1e7
	}
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = l.significant(v); whole {
			texts[i] = l.decimal(v, 0)
		}
	}
	return texts
}

// quantities writes the table of the columns of numbers.
func quantities(m *markdown, d Document) {
	c := d.Evaluation.Story.Correlation
	if c == nil {
		return
	}
	m.fold(d.t("The table's columns of numbers"), func() {
		var rows [][]string
		for _, q := range c.Quantities {
			r := "–"
			if q.Target != nil {
				r = d.decimal(*q.Target, 3)
			}
			ends := d.measured(q.Min, q.Median, q.Max)
			rows = append(rows, []string{code(q.Name), d.count(q.Photos), ends[0], ends[1], ends[2], r})
		}
		m.table("lrrrrr", append(d.words("column", "photos", "min", "median", "max"), d.t("r with %s", plain(d.Evaluation.Target))), rows...)
	})
}
