package report

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// This file holds what a report of a classification says and shows instead of
// that of a regression.

// class names a class by its index.
func (d Document) class(index float64) string { return d.Evaluation.Classes[int(index)] }

// sure writes what the network says of a photo: a class and its probability.
func (d Document) sure(p evaluate.Prediction) string {
	return d.class(p.Predicted) + ", " + d.percent(p.Probability)
}

// accuracyAnswer states the result of a classification and compares it.
func accuracyAnswer(d Document) (answer, judgement string) {
	e := d.Evaluation
	part := e.Result()
	answer = d.t("**%s accuracy %s**", heading(d.first(part.Name)), d.percent(part.Scores.Accuracy))
	if i := part.Interval; i != nil {
		answer += intervalText(d, d.decimal(100*i.Low, 1), d.decimal(100*i.High, 1))
	}
	var better []string
	for _, b := range e.Baselines {
		if b.On(part.Name).Accuracy >= part.Scores.Accuracy {
			better = append(better, d.word(labels[b.Name]))
		}
	}
	nearest, majority := e.Baseline("nearest_mean").On(part.Name), e.Baseline("majority").On(part.Name)
	answer += d.t(", against %s for the nearest class mean and %s for always the most frequent class; **macro F1 %s**.",
		d.percent(nearest.Accuracy), d.percent(majority.Accuracy), d.decimal(part.Scores.MacroF1, 3))
	if len(better) > 0 {
		return answer, d.t("**The network does not beat %s.**", strings.Join(better, d.t(", nor ")))
	}
	return answer, d.t("The network beats all baselines.")
}

// manyClasses is from how many classes on their tables are folded.
const manyClasses = 25

// classTable counts the photos of each class in each part.
func classTable(m *markdown, d Document) {
	e := d.Evaluation
	header, align := d.words("class"), "l"
	last := []string{"**" + d.t("all") + "**"}
	individuals := d.words("individuals")
	rows := make([][]string, len(e.Classes))
	for i, name := range e.Classes {
		rows[i] = []string{plain(name)}
	}
	for _, p := range e.Parts {
		header, align = append(header, d.part(p.Name)), align+"r"
		last, individuals = append(last, "**"+d.count(p.Photos)+"**"), append(individuals, d.count(p.Groups))
		for i := range rows {
			rows[i] = append(rows[i], d.count(p.Counts[i]))
		}
	}
	rows = append(rows, last)
	if e.Parts[0].Groups > 0 {
		rows = append(rows, individuals)
	}
	m.foldMany(len(e.Classes), d.t("The photos of each class"), func() { m.table(align, header, rows...) })
}

// foldMany hides a table of more classes than people want to see at once.
func (m *markdown) foldMany(classes int, summary string, body func()) {
	if classes >= manyClasses {
		m.fold(summary, body)
	} else {
		body()
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

// chosenText says how the shown photos were chosen.
func chosenText(d Document) string {
	if !d.classifies() {
		return d.t("at equally spaced ranks of the true value")
	}
	right, wrong := 0, 0
	for _, p := range d.Evaluation.Photos {
		if p.Predicted == p.True {
			right++
		} else {
			wrong++
		}
	}
	switch {
	case wrong == 0:
		return d.t("all of them right, at equally spaced ranks of the probability")
	case right == 0:
		return d.t("all of them wrong, at equally spaced ranks of the probability")
	}
	return d.t("%d right and %d wrong ones, each at equally spaced ranks of the probability", right, wrong)
}

// hits writes one row a model; the first is the network's and set in bold.
func hits(m *markdown, d Document, names []string, scores []*evaluate.Scores) {
	var rows [][]string
	for i, s := range scores {
		row := []string{names[i], d.percent(s.Accuracy), d.percent(s.BalancedAccuracy), d.decimal(s.MacroF1, 3), d.decimal(s.WeightedF1, 3), "–"}
		if s.CrossEntropy != nil {
			row[5] = d.significant(*s.CrossEntropy)
		}
		if i == 0 {
			for k := 1; k < len(row); k++ {
				row[k] = "**" + row[k] + "**"
			}
		}
		rows = append(rows, row)
	}
	m.table("lrrrrr", append([]string{""}, d.words("accuracy", "balanced accuracy", "macro F1", "weighted F1", "cross entropy")...), rows...)
}

// confusion shows which classes are taken for which, and the scores of each.
func confusion(m *markdown, d Document) {
	e := d.Evaluation
	if d.shows("fit") {
		m.picture(d.t("Confusion matrix: %s", confusionText(d))+".", confusionFile)
	}
	part := e.Result()
	m.say(d.t("Precision is the share of the photos taken for a class that show it, recall the share of the photos of a class that were taken for it, F1 their harmonic mean:"))
	m.foldMany(len(e.Classes), d.t("The scores of each class"), func() {
		var rows [][]string
		for i, s := range part.ClassScores {
			rows = append(rows, []string{plain(e.Classes[i]), d.percent(s.Precision), d.percent(s.Recall), d.decimal(s.F1, 3), d.count(s.Support)})
		}
		m.table("lrrrr", append(d.words("class", "precision", "recall", "F1"), d.t("%s photos", d.first(part.Name))), rows...)
	})
}

// confusionText says what the confusion matrix shows, in numbers.
func confusionText(d Document) string {
	e := d.Evaluation
	part := e.Result()
	right, most, from, to := 0, 0, 0, 0
	for i, row := range part.Confusion {
		right += row[i]
		for j, n := range row {
			if i != j && n > most {
				most, from, to = n, i, j
			}
		}
	}
	said := d.t("%s of %s of the %s part are right", d.count(right), d.plural(part.Photos, "photo"), d.first(part.Name))
	if most > 0 {
		said += d.t("; most often %s is taken for %s, %s", e.Classes[from], e.Classes[to], timesText(d, most))
	}
	return said
}

func timesText(d Document, n int) string {
	if n == 1 {
		return d.t("once")
	}
	return d.t("%s times", d.count(n))
}

// drawClasses draws the photos of each class as a bar of its parts.
func drawClasses(d Document) ([]byte, error) {
	e := d.Evaluation
	c := d.newChart(d.t("Distribution of %s", e.Target), classesText(d), "", d.t("photos"))
	for _, p := range e.Parts {
		c.legend = append(c.legend, key{name: d.part(p.Name), color: partColor[p.Name]})
	}
	totals := classTotals(e)
	most := 0
	for _, n := range totals {
		most = max(most, n)
	}
	height := rowHeight(len(e.Classes))
	c.body = func(area draw.Canvas) {
		names := newNames(e.Classes, height, 200)
		style := names.style
		left := area.Min.X + names.width + 10
		half := vg.Length(height * 0.36)
		scale := (area.Max.X - left - style.Width(d.count(most)) - 8) / vg.Length(most)
		for i, name := range names.list {
			middle := area.Max.Y - vg.Length(vg.Length(float64(i)+0.5)*height)
			names.write(area, name, left-10, middle)
			x, done := left, 0
			for _, p := range e.Parts {
				done += p.Counts[i]
				next := left + vg.Length(vg.Length(done)*scale)
				fill(area, partColor[p.Name], x, middle-half, next, middle+half)
				x = next
			}
			style.XAlign = draw.XLeft
			style.Color = muted
			area.FillText(style, vg.Point{X: x + 6, Y: middle}, d.count(totals[i]))
		}
	}
	return c.render(680, chartHead+vg.Length(vg.Length(len(e.Classes))*height), d.t("Distribution of %s: %s", e.Target, classesText(d))), nil
}

// chartHead is how high a chart is without its body.
const chartHead = 2*margin + titleSize + 8 + textSize + 14 + textSize + 12

// rowHeight is how much room each of n classes has.
func rowHeight(n int) vg.Length { return max(10, min(26, 640/vg.Length(n))) }

// fill draws a rectangle.
func fill(c draw.Canvas, paint color.Color, left, bottom, right, top vg.Length) {
	c.FillPolygon(paint, []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}})
}

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

// drawAccuracy draws accuracy and macro F1 of the validation part by epoch, and
// the accuracy of the simplest rule.
func drawAccuracy(d Document) ([]byte, error) {
	if !d.validated() {
		return nil, nil
	}
	if len(d.History) == 0 {
		return nil, fmt.Errorf("there is no training history")
	}
	c := d.newChart(d.t("Accuracy by epoch"), curvesText(d), d.t("epoch"), "%")
	low, high := 100.0, 0.0
	for _, h := range d.History {
		low, high = min(low, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1), max(high, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1)
	}
	steps := within(metric.RoundSteps(low, high, 6), 0, 100)
	c.marks(&c.plot.Y, min(low, steps[0]), max(high, steps[len(steps)-1]), steps)
	c.byEpoch(d,
		curve{d.t("validation macro F1"), pink, func(h Epoch) float64 { return 100 * h.ValidationMacroF1 }},
		curve{d.t("validation accuracy"), orange, func(h Epoch) float64 { return 100 * h.ValidationAccuracy }})
	return c.render(680, 380, d.t("Accuracy by epoch: %s", curvesText(d))), nil
}

// drawConfusion draws the confusion matrix of the result's part: a row a true
// class, a column a predicted one. A cell tells its photos and their share of the
// row, which also colours it.
func drawConfusion(d Document) ([]byte, error) {
	e := d.Evaluation
	matrix := e.Result().Confusion
	n := vg.Length(len(e.Classes))
	c := d.newChart(d.t("Predicted against true %s", e.Target), confusionText(d), "", d.t("true, by row; predicted, by column"))
	c.legend = []key{{name: d.t("right"), color: blue}, {name: d.t("wrong"), color: orange}}
	const width = 680
	rows := newNames(e.Classes, rowHeight(len(e.Classes)), 150)
	side := (width - 2*margin - rows.width - 10) / n // of a cell
	height := max(min(side, 60), 10)
	side = min(side, 2*height)
	rows = newNames(e.Classes, height, 150)
	columns := newNames(e.Classes, min(26, side), 120)
	upright := columns.width > side-8
	head := vg.Length(textSize + 10)
	if upright {
		head = columns.width + 10
	}
	c.body = func(area draw.Canvas) {
		left, top := area.Min.X+rows.width+10, area.Max.Y-head
		cell := newCell(d.Language, matrix, side, height)
		for i, name := range rows.list {
			y := top - vg.Length(vg.Length(i)*height)
			rows.write(area, name, left-10, y-vg.Length(height/2))
			for j, photos := range matrix[i] {
				cell.draw(area, left+vg.Length(vg.Length(j)*side), y, photos, e.Result().Counts[i], i == j)
			}
		}
		for j, name := range columns.list {
			style := columns.style
			middle := left + vg.Length(vg.Length(float64(j)+0.5)*side)
			if upright {
				style.Rotation, style.XAlign, style.YAlign = quarterTurn, draw.XLeft, draw.YCenter
			} else {
				style.XAlign, style.YAlign = draw.XCenter, draw.YBottom
			}
			area.FillText(style, vg.Point{X: middle, Y: top + 6}, name)
		}
	}
	return c.render(width, chartHead+head+vg.Length(n*height), d.t("Confusion matrix: %s", confusionText(d))), nil
}

const quarterTurn = 1.5707963267948966

// cell draws the cells of a confusion matrix, all with letters of one size.
type cell struct {
	Language
	width, height vg.Length
	style         text.Style
	two           bool // there is room for the share below the count
}

// smallest is the size below which letters are not worth their ink.
const smallest = 7

func newCell(l Language, matrix metric.Confusion, width, height vg.Length) cell {
	widest := "100 %"
	for _, row := range matrix {
		for _, photos := range row {
			if s := l.count(photos); len(s) > len(widest) {
				widest = s
			}
		}
	}
	style := letters(textSize, ink, false)
	size := min(textSize, textSize*(width-6)/style.Width(widest), height*0.8)
	style = letters(size, ink, false)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	return cell{Language: l, width: width, height: height, style: style, two: height >= 2.4*size}
}

// draw draws the cell whose upper left corner is (x, y).
func (c cell) draw(area draw.Canvas, x, y vg.Length, photos, all int, right bool) {
	paint, strength := orange, 0
	if right {
		paint = blue
	}
	if all > 0 {
		strength = 256 * photos / all
	}
	gap := min(1, c.width/12)
	fill(area, mix(paint, strength), x+gap, y-c.height+gap, x+c.width-gap, y-gap)
	if photos == 0 || c.style.Font.Size < smallest {
		return
	}
	style := c.style
	if right && strength > 140 {
		style.Color = color.White
	}
	middle := vg.Point{X: x + vg.Length(c.width/2), Y: y - vg.Length(c.height/2)}
	if !c.two {
		area.FillText(style, middle, c.count(photos))
		return
	}
	share := "<1 %"
	if 100*photos >= all {
		share = c.decimal(100*float64(photos)/float64(all), 0) + " %"
	}
	step := vg.Length(style.Font.Size * 0.6)
	area.FillText(style, vg.Point{X: middle.X, Y: middle.Y + step}, c.count(photos))
	area.FillText(style, vg.Point{X: middle.X, Y: middle.Y - step}, share)
}

// mix returns a colour thinned with a light gray: strength is 0 to 256.
func mix(c color.NRGBA, strength int) color.NRGBA {
	const light = 0xF4
	thin := func(v uint8) uint8 { return uint8(light + (int(v)-light)*strength/256) }
	return color.NRGBA{thin(c.R), thin(c.G), thin(c.B), 255}
}
