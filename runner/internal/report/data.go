package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file writes what the data are, before any network sees them.

// data tells how the file became three parts, and what they hold.
func data(m *markdown, d Document) {
	e := d.Evaluation
	m.section(d.t("Data"))
	rows := [][]string{{d.t("in the table"), d.count(d.Cleaning.Rows)}}
	for _, s := range d.Cleaning.Steps {
		reason := reasons[s.Rule]
		if reason == "" {
			reason = "dropped"
		}
		rows = append(rows, []string{fmt.Sprintf("%s (%s)", d.word(reason), code(s.Rule)), sign(d.count(-s.Dropped))})
	}
	rows = append(rows, bold([]string{d.t("kept"), d.count(d.Cleaning.Kept)}))
	m.table("lr", d.words("rows", "count"), rows...)
	if dropped := d.Cleaning.Rows - d.Cleaning.Kept; d.shows("funnel") && dropped > 0 {
		m.picture(d.t("From the table to the parts: %s", d.listed(d.passages()))+".", funnelFile)
	}
	if head := d.Cleaning.Head; len(head) > 0 {
		dropped := d.Cleaning.Rows - d.Cleaning.Kept
		summary := d.t("The dropped rows")
		if len(head) < dropped {
			summary = d.t("The first %s of %s dropped rows", d.count(len(head)), d.count(dropped))
		}
		m.fold(summary, func() {
			var rows [][]string
			for _, r := range head {
				rows = append(rows, []string{d.count(r.Line), code(r.Image), code(r.Rule), plain(d.reason(r.Detail))})
			}
			m.table("rlll", d.words("row", "image", "rule", "detail"), rows...)
		})
	}
	text := classesText
	if d.classifies() {
		classTable(m, d)
	} else {
		split(m, d)
		text = targetText
	}
	if d.shows("target") {
		m.picture(d.t("Distribution of %s: %s", e.Target, text(d))+".", targetFile)
	}
	drift(m, d)
	leaks(m, d)
	columnsAndPixels(m, d)
	if d.shows("samples") && len(e.Photos) > 0 {
		m.say(d.t("%s photos as the network sees them, %s:", heading(d.first(e.Headline)), chosenText(d)))
		m.picture(samplesText(d), samplesFile)
	}
}

// reasons says what a cleaning rule means.
var reasons = map[string]word{
	"missing_target":   "without a target value",
	"missing_image":    "whose image file is missing",
	"unreadable_image": "whose image cannot be read",
	"duplicate_image":  "whose image is a copy of an earlier one",
}

// split writes the table of the parts.
func split(m *markdown, d Document) {
	e := d.Evaluation
	grouped := e.Parts[0].Groups > 0
	header, align := d.words("part", "photos"), "lr"
	if grouped {
		header, align = append(header, d.t("individuals")), align+"r"
	}
	unit := ""
	if e.Unit != "" {
		unit = " (" + plain(e.Unit) + ")"
	}
	header, align = append(append(header, d.t("mean")+unit), d.words("sd", "min", "median", "max")...), align+"rrrrr"
	var rows [][]string
	for _, p := range e.Parts {
		row := []string{d.part(p.Name), d.count(p.Photos)}
		if grouped {
			row = append(row, d.count(p.Groups))
		}
		t := p.Target
		rows = append(rows, append(row, d.number(t.Mean), d.number(t.Deviation), d.number(t.Min), d.number(t.Median), d.number(t.Max)))
	}
	m.table(align, header, rows...)
}

// classTable counts the photos of each class in each part.
func classTable(m *markdown, d Document) {
	e := d.Evaluation
	header, align := d.words("class"), "l"
	last := []string{d.t("all")}
	individuals := d.words("individuals")
	rows := make([][]string, len(e.Classes))
	for i, name := range e.Classes {
		rows[i] = []string{plain(name)}
	}
	for _, p := range e.Parts {
		header, align = append(header, d.part(p.Name)), align+"r"
		last, individuals = append(last, d.count(p.Photos)), append(individuals, d.count(p.Groups))
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
	rows = append(rows, bold(last))
	if e.Parts[0].Groups > 0 {
		rows = append(rows, individuals)
	}
	m.foldMany(len(e.Classes), d.t("The photos of each class"), func() { m.table(align, header, rows...) })
}

// drift tells how the target is distributed, and whether the parts are alike.
func drift(m *markdown, d Document) {
	s := d.Evaluation.Story
	if s.Target == nil {
		return
	}
	if s.Skewness != nil {
		m.say(skewnessText(d, *s.Skewness))
	}
	if d.shows("target") {
		m.picture(d.t("%s in the parts: %s", d.Evaluation.Target, driftText(d))+".", driftFile)
	}
	m.say(apartText(d))
}

// skewnessText says what the skewness of the target is, and means.
func skewnessText(d Document, skewness float64) string {
	shape := d.t("about symmetric")
	switch {
	case skewness > 1:
		shape = d.t("a long tail of large values")
	case skewness > 0.5:
		shape = d.t("somewhat more large values than a symmetric distribution has")
	case skewness < -1:
		shape = d.t("a long tail of small values")
	case skewness < -0.5:
		shape = d.t("somewhat more small values than a symmetric distribution has")
	}
	return d.t("The skewness of %s is %s (adjusted Fisher-Pearson coefficient): %s.", plain(d.Evaluation.Target), d.decimal(skewness, 2), shape)
}

// apartText judges the distances of the parts from training.
func apartText(d Document) string {
	var apart []string
	for i, shift := range d.Evaluation.Story.Target.Shifts {
		if shift != nil && shift.Apart() {
			apart = append(apart, d.part(d.Evaluation.Parts[i].Name))
		}
	}
	shifts := shiftsText(d, *d.Evaluation.Story.Target)
	if len(apart) == 0 {
		return d.t("%s. Chance alone stays below %s in 19 of 20 splits: no sign of a drift.", shifts, d.limits())
	}
	return d.t("%s. Chance alone stays below %s in 19 of 20 splits: **more than that: %s.**", shifts, d.limits(), strings.Join(apart, d.t(" and ")))
}

// limits are the distances that chance makes.
func (d Document) limits() string {
	var list []string
	for _, shift := range d.Evaluation.Story.Target.Shifts {
		if shift != nil {
			list = append(list, d.decimal(shift.Limit, 2))
		}
	}
	return strings.Join(slices.Compact(list), d.t(" and "))
}

// leaks writes what was looked for on both sides of the split, and found.
func leaks(m *markdown, d Document) {
	l := d.Evaluation.Leaks
	found := func(n, of int) string {
		switch {
		case n > 0 && of > 0:
			return "**" + d.t("%s of %s", d.count(n), d.count(of)) + "**"
		case n > 0:
			return "**" + d.count(n) + "**"
		case of > 0:
			return d.t("none of %s", d.count(of))
		}
		return d.t("none")
	}
	photos := d.Cleaning.Kept
	groups, near := d.t("unknown: %s names no columns", code("data.group")), d.t("not looked for: %s asks for it", code("split.near"))
	if l.Individuals > 0 {
		groups = found(l.Torn, l.Individuals)
	}
	looks := d.t("photos that look like one in another part")
	if l.NearChecked() {
		looks, near = d.t("photos that look like one in another part (likeness %s or more)", d.point(strconv.FormatFloat(l.Likeness, 'g', -1, 64))), found(l.Near, photos)
	}
	m.table("ll", d.words("leakage check", "found"),
		[]string{d.t("individuals with photos in more than one part"), groups},
		[]string{d.t("photos whose file is in another part too (SHA-256)"), found(l.Duplicates, photos)},
		[]string{looks, near})
}

// columnsAndPixels shows how the table's columns go with the target, and what the
// photos of the parts are like.
func columnsAndPixels(m *markdown, d Document) {
	e := d.Evaluation
	if _, between := d.coefficients(); d.shows("correlation") && len(between) > 0 {
		m.picture(d.t("Correlation of the table's columns: %s", correlationText(d))+".", correlationFile)
		quantities(m, d)
	}
	if d.shows("against") && len(d.Against) > 0 && len(e.Classes) <= manyRows {
		m.picture(d.againstTitle()+": "+againstText(d)+".", againstFile)
	}
	if d.shows("pixels") {
		m.picture(d.t("Pixels: %s", pixelsTable(d))+". "+pixelsText(d)+".", pixelsFile)
	}
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

// samplesText lists the shown photos for those who do not see them.
func samplesText(d Document) string {
	var list []string
	for _, p := range d.Evaluation.Photos {
		if d.classifies() {
			list = append(list, d.t("%s taken for %s", d.class(p.True), d.sure(p.Prediction)))
		} else {
			list = append(list, d.t("%s predicted as %s", d.value(p.True), d.value(p.Predicted)))
		}
	}
	return d.t("Sample photos, true value and prediction: %s", strings.Join(list, "; "))
}
