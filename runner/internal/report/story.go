package report

import (
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"biomass/runner/internal/elementary"
)

// This file writes what the data are, before any network sees them.

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

// decades leaves an axis those of its marks that are powers of ten, where there are two.
func decades(axis *plot.Axis) {
	var few plot.ConstantTicks
	for _, tick := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
		if strings.Trim(tick.Label, "0.,") == "1" || strings.HasPrefix(tick.Label, "1e") {
			few = append(few, tick)
		}
	}
	if len(few) > 1 {
		axis.Tick.Marker = few
	}
}

// inLogs makes a logarithmic axis a linear one of logarithms, on which those of the
// values are drawn: the library leaves room for the name of a horizontal logarithmic
// axis where it does not put it.
func inLogs(axis *plot.Axis) {
	ticks := axis.Tick.Marker.Ticks(axis.Min, axis.Max)
	for i := range ticks {
		ticks[i].Value = elementary.Log(ticks[i].Value)
	}
	axis.Min, axis.Max = elementary.Log(axis.Min), elementary.Log(axis.Max)
	axis.Tick.Marker, axis.Scale = plot.ConstantTicks(ticks), plot.LinearScale{}
}
