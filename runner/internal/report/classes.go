package report

import (
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
			rows[i] = append(rows[i], d.t("%s (%s %%)", d.count(p.Counts[i]), d.decimal(share(p.Counts, i), 1)))
		}
	}
	if weights := e.Classification.Weights; weights != nil {
		header, align = append(header, d.t("weight in the loss")), align+"r"
		last, individuals = append(last, ""), append(individuals, "")
		for i, weight := range weights {
			rows[i] = append(rows[i], d.significant(weight))
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

// classResults shows which classes are taken for which, the scores of each, and how sure
// the network is.
func classResults(m *markdown, d Document) {
	e := d.Evaluation
	figureTable(m, d)
	m.say("### " + d.t("Classes"))
	if d.shows("fit") {
		m.picture(d.t("Confusion matrix: %s", confusionText(d))+".", confusionFile)
		m.picture(d.t("Confusion matrix in shares: %s", sharesText(d))+".", sharesFile)
	}
	confusedTable(m, d)
	m.say(d.t("Precision is the share of the photos taken for a class that show it, recall the share of the photos of a class that were taken for it, F1 their harmonic mean. AUC and average precision judge the ranking of all photos by the probability of the class:"))
	m.foldMany(len(e.Classes), d.t("The scores of each class"), func() { scoreTable(m, d) })
	m.say("### " + d.t("Probabilities"))
	if d.shows("fit") {
		if d.curved() {
			m.picture(d.t("Receiver operating characteristic: %s", rocText(d))+".", rocFile)
			m.picture(d.t("Precision and recall: %s", precisionRecallText(d))+".", precisionRecallFile)
		}
		m.picture(d.t("Reliability: %s", reliabilityText(d))+".", reliabilityFile)
	}
	m.say(d.t("Photos are sorted by the probability of the predicted class into %d bins of equal width. The expected calibration error is the mean distance between how sure and how often right, weighted by the photos of the bins (Guo et al. 2017).", len(e.Classification.Reliability.Bins)))
}

// figureTable writes the figures of the result's part that only the network has.
func figureTable(m *markdown, d Document) {
	e := d.Evaluation
	part, c := e.Result(), e.Classification
	row := func(name, value string, interval *metric.Interval, write func(float64) string) []string {
		span := "–"
		if interval != nil {
			span = d.t("%s to %s", write(interval.Low), write(interval.High))
		}
		return []string{name, value, span}
	}
	three := func(x float64) string { return d.decimal(x, 3) }
	rows := [][]string{
		row(d.t("accuracy"), d.percent(part.Scores.Accuracy), part.Interval, d.percent),
		row(d.t("macro F1"), three(c.Macro.F1), c.MacroF1Interval, three),
	}
	if c.MacroAUC != nil {
		rows = append(rows,
			row(d.t("AUC, the mean of the classes, each against all others"), three(*c.MacroAUC), nil, nil),
			row(d.t("average precision, the mean of the classes"), three(*c.MacroAveragePrecision), nil, nil))
	}
	rows = append(rows,
		row(d.t("Brier score, from 0, best, to 2"), three(c.Brier), nil, nil),
		row(d.t("expected calibration error"), d.percent(c.Reliability.ECE), nil, nil),
		row(d.t("mean probability of the predicted class"), d.percent(c.Reliability.Confidence), nil, nil))
	drawn := d.plural(part.Photos, "photo")
	if part.Groups > 0 {
		drawn = d.plural(part.Groups, "individual")
	}
	m.say(d.t("More of the %s part; its intervals come from drawing its %s %s times with replacement:", d.first(part.Name), drawn, d.count(evaluate.Resamples)))
	m.table("lrr", []string{"", d.part(part.Name), d.t("%s %% interval", d.level(e.Level))}, rows...)
}

// scoreTable writes the scores of each class and their means.
func scoreTable(m *markdown, d Document) {
	e := d.Evaluation
	part, c := e.Result(), e.Classification
	row := func(name string, s metric.ClassScore, auc, average string) []string {
		return []string{name, d.percent(s.Precision), d.percent(s.Recall), d.decimal(s.F1, 3), auc, average, d.count(s.Support)}
	}
	var rows [][]string
	for i, s := range part.ClassScores {
		auc, average := "–", "–"
		if r := c.Rankings[i]; r != nil {
			auc, average = d.decimal(r.AUC, 3), d.decimal(r.AveragePrecision, 3)
		}
		rows = append(rows, row(plain(e.Classes[i]), s, auc, average))
	}
	auc, average := "–", "–"
	if c.MacroAUC != nil {
		auc, average = d.decimal(*c.MacroAUC, 3), d.decimal(*c.MacroAveragePrecision, 3)
	}
	rows = append(rows, row("**"+d.t("mean")+"**", c.Macro, auc, average), row("**"+d.t("mean weighted by photos")+"**", c.Weighted, "–", "–"))
	header := append(d.words("class", "precision", "recall", "F1", "AUC", "average precision"), d.t("%s photos", d.first(part.Name)))
	m.table("lrrrrrr", header, rows...)
}

// learning tells how the training met the classes, where not as they come.
func learning(m *markdown, d Document) {
	c := d.Evaluation.Classification
	if c == nil {
		return
	}
	if c.Weights != nil {
		least, most := 0, 0
		for class, w := range c.Weights {
			if w < c.Weights[least] {
				least = class
			}
			if w > c.Weights[most] {
				most = class
			}
		}
		classes := d.Evaluation.Classes
		if c.Weights[least] == c.Weights[most] {
			m.say(d.t("The loss weighs the classes, all of them alike."))
		} else {
			m.say(d.t("The loss weighs the classes: a photo of %s counts %s, one of %s %s. The table of the classes has all weights.",
				plain(classes[least]), d.significant(c.Weights[least]), plain(classes[most]), d.significant(c.Weights[most])))
		}
	}
	if len(c.Batches) > 0 {
		m.say(d.t("The sampler draws every class as often, with replacement: %s.", batchesText(d)))
		if d.shows("curves") {
			m.picture(d.t("The classes of the first batches: %s", batchesText(d))+".", batchesFile)
		}
	}
}

// drawClasses draws the photos of each class as a bar of its parts, and beside it the
// share that the class has of each part.
func drawClasses(d Document) *chart {
	e := d.Evaluation
	c := d.newChart(d.t("Distribution of %s", e.Target), classesText(d), "", d.t("photos; beside them, the share of each part"))
	most, largest := 0, 0.0
	totals := classTotals(e)
	for i, n := range totals {
		most = max(most, n)
		for _, p := range e.Parts {
			largest = max(largest, share(p.Counts, i))
		}
	}
	c.partKeys(e)
	steps := within(metric.RoundSteps(0, largest, 3), 0, 100)
	widest := max(steps[len(steps)-1], largest)
	height := rowHeight(len(e.Classes))
	if d.width <= narrow {
		c.vertical = d.t("photos")
	}
	c.body = func(area draw.Canvas) {
		names := newNames(e.Classes, height, vg.Length(d.width*0.3))
		style := names.style
		const axis = textSize + 8
		bottom := area.Min.Y + axis
		left := area.Min.X + names.width + 10
		shares := left + vg.Length((area.Max.X-left)*0.62) // where they begin
		if d.width <= narrow {
			shares, steps = area.Max.X, nil // the table has them too
		}
		right := area.Max.X - 20
		half := vg.Length(height * 0.36)
		scale := (shares - left - style.Width(d.count(most)) - 30) / vg.Length(most)
		at := func(percent float64) vg.Length {
			return shares + vg.Length(vg.Length(percent/widest)*(right-shares))
		}
		mark := letters(textSize, muted, false)
		mark.XAlign, mark.YAlign = draw.XCenter, draw.YBottom
		for _, step := range steps {
			area.StrokeLine2(draw.LineStyle{Color: faint, Width: 1}, at(step), bottom, at(step), area.Max.Y)
			area.FillText(mark, vg.Point{X: at(step), Y: area.Min.Y}, d.decimal(step, 0)+" %")
		}
		for i, name := range names.list {
			middle := area.Max.Y - vg.Length(vg.Length(float64(i)+0.5)*height)
			names.write(area, name, left-10, middle)
			x, done := left, 0
			for k, p := range e.Parts {
				done += p.Counts[i]
				next := left + vg.Length(vg.Length(done)*scale)
				titled(area, d.t("%s: %s of the %s part", e.Classes[i], d.plural(p.Counts[i], "photo"), d.first(p.Name)))
				fill(area, partColor[p.Name], x, middle-half, next, middle+half)
				x = next
				y := middle + vg.Length(vg.Length(1-k)*height*0.22)
				style := draw.GlyphStyle{Color: partColor[p.Name], Radius: min(4, height*0.16), Shape: draw.CircleGlyph{}}
				if steps == nil {
					continue
				}
				titled(area, d.t("%s: %s of the %s part", e.Classes[i], d.percent(share(p.Counts, i)/100), d.first(p.Name)))
				area.DrawGlyph(style, vg.Point{X: at(share(p.Counts, i)), Y: y})
			}
			style.XAlign = draw.XLeft
			style.Color = muted
			area.FillText(style, vg.Point{X: x + 6, Y: middle}, d.count(totals[i]))
		}
	}
	return c.of(textSize+12+vg.Length(vg.Length(len(e.Classes))*height), d.t("Distribution of %s: %s", e.Target, classesText(d)))
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

// drawAccuracy draws accuracy and macro F1 of the validation part by epoch, and
// the accuracy of the simplest rule.
func drawAccuracy(d Document) *chart {
	if !d.validated() {
		return nil
	}
	c := d.newChart(d.t("Accuracy by epoch"), curvesText(d), d.t("epoch"), "%")
	low, high := 100.0, 0.0
	for _, h := range d.History {
		low, high = min(low, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1), max(high, 100*h.ValidationAccuracy, 100*h.ValidationMacroF1)
	}
	steps := within(metric.RoundSteps(low, high, 6), 0, 100)
	c.marks(&c.plot.Y, min(low, steps[0]), max(high, steps[len(steps)-1]), steps)
	c.byEpoch(d,
		curve{d.t("validation macro F1"), d.t("validation macro F1"), "%", pink, func(h Epoch) float64 { return 100 * h.ValidationMacroF1 }},
		curve{d.t("validation accuracy"), d.t("validation accuracy"), "%", orange, func(h Epoch) float64 { return 100 * h.ValidationAccuracy }})
	return c.of(curveHeight, d.t("Accuracy by epoch: %s", curvesText(d)))
}
