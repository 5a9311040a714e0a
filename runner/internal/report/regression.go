package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// The pictures of a regression's errors.
const (
	residualsFile = "residuals.svg"
	errorsFile    = "errors.svg"
	trendsFile    = "errors_against.svg"
	worstFile     = "worst.png"
)

// errorTable writes one row a model; the first is the network's and set in bold.
func errorTable(m *markdown, d Document, names []string, scores []*evaluate.Scores) {
	unit, squared := plain(d.Evaluation.Unit), ""
	if unit != "" {
		squared = unit + "²"
	}
	header := []string{""}
	var columns [][]string
	add := func(name string, value func(*evaluate.Scores) string) {
		header = append(header, name)
		column := make([]string, len(scores))
		for i, s := range scores {
			column[i] = value(s)
		}
		columns = append(columns, column)
	}
	measured := func(value func(*evaluate.Scores) float64) func(*evaluate.Scores) string { // alike, as they have one unit
		return func(s *evaluate.Scores) string { return d.alike(scores[0].RMSE, value(s))[0] }
	}
	maybe := func(value func(*evaluate.Scores) *float64, write func(float64) string) func(*evaluate.Scores) string {
		return func(s *evaluate.Scores) string {
			if v := value(s); v != nil {
				return write(*v)
			}
			return "–"
		}
	}
	add(named("RMSE", unit), measured(func(s *evaluate.Scores) float64 { return s.RMSE }))
	add(named("MAE", unit), measured(func(s *evaluate.Scores) float64 { return s.MAE }))
	add(named(d.t("median error"), unit), measured(func(s *evaluate.Scores) float64 { return s.MedianAE }))
	add(named("MSE", squared), func(s *evaluate.Scores) string { return d.alike(scores[0].MSE, s.MSE)[0] })
	add("R²", func(s *evaluate.Scores) string { return d.decimal(s.R2, 3) })
	add("Spearman", maybe(func(s *evaluate.Scores) *float64 { return s.Spearman }, func(v float64) string { return d.decimal(v, 3) }))
	if scores[0].MAPE != nil {
		add("MAPE", maybe(func(s *evaluate.Scores) *float64 { return s.MAPE }, d.percent))
	}
	var rows [][]string
	for i, name := range names {
		row := []string{name}
		for _, column := range columns {
			if i == 0 {
				row = append(row, "**"+column[i]+"**")
			} else {
				row = append(row, column[i])
			}
		}
		rows = append(rows, row)
	}
	m.table("l"+strings.Repeat("r", len(columns)), header, rows...)
}

// regression shows how sure the result is, and where the network errs.
func regression(m *markdown, d Document) {
	e := d.Evaluation
	part := e.Result()
	if part.Scores.MAPE == nil {
		m.say(d.t("There is no MAPE: errors are shares of true values only where all of these are above 0 and at least a tenth of their mean; here they begin at %s, and their mean is %s.",
			d.value(part.Target.Min), d.value(part.Target.Mean)))
	}
	intervalTable(m, d)
	if d.shows("fit") {
		m.picture(d.t("Predicted against true %s: %s", e.Target, fitText(d))+".", fitFile)
	}
	r := e.Regression
	if r == nil {
		return
	}
	m.say("### " + d.t("Where the network errs"))
	m.say(d.t("Errors are predicted less true: the mean error is above 0 where predictions are too large."))
	if d.shows("residuals") {
		m.picture(d.t("Errors against predictions: %s", biasText(d))+".", residualsFile)
		m.picture(d.t("Distribution of the errors: %s", withinText(d))+".", errorsFile)
	}
	m.say(d.t("By true value, in quarters of the %s photos:", d.first(e.Headline)))
	sliceTable(m, d, named(d.t("true %s", plain(e.Target)), plain(e.Unit)), r.Quarters, func(s evaluate.Slice) string {
		return d.t("%s to %s", d.number(s.Low), d.number(s.High))
	})
	for _, g := range r.By {
		m.say(d.t("By %s:", code(g.Column)))
		sliceTable(m, d, code(g.Column), g.Slices, func(s evaluate.Slice) string { return code(s.Value) })
	}
	if d.shows("residuals") && len(d.trends()) > 0 {
		m.picture(d.t("Errors against columns of the table: %s", trendsText(d))+".", trendsFile)
	}
	if d.shows("worst") && len(r.Worst) > 0 {
		m.say(d.t("The %s photos with the largest errors, as the network sees them:", d.first(e.Headline)))
		m.picture(worstText(d), worstFile)
	}
	if len(r.Worst) > 0 {
		m.fold(d.t("The files with the largest errors"), func() { worstTable(m, d) })
	}
}

// intervalTable writes the figures that have intervals, a row a model.
func intervalTable(m *markdown, d Document) {
	e := d.Evaluation
	part := e.Result()
	network := part.Scores
	if network.Intervals == nil {
		return
	}
	drawn := d.plural(part.Photos, "photo")
	if part.Groups > 0 {
		drawn = d.plural(part.Groups, "individual")
	}
	m.say(d.t("How sure that is: %s %% intervals on the %s part, from drawing its %s %s times with replacement. The last column says by how much a baseline's RMSE is above the network's on the same draws.",
		d.level(e.Level), d.first(part.Name), drawn, d.count(evaluate.Resamples)))
	unit := plain(e.Unit)
	row := func(name string, s *evaluate.Scores) []string {
		i := s.Intervals
		within := func(measure float64, i metric.Interval) string {
			ends := d.alike(measure, i.Low, i.High)
			return d.t("%s to %s", ends[0], ends[1])
		}
		cells := []string{name, within(network.RMSE, i.RMSE), within(network.MAE, i.MAE), within(1, i.R2), ""}
		if s.Above != nil {
			cells[4] = d.interval(network.RMSE, s.Above.RMSE, s.Above.Interval)
		}
		return cells
	}
	rows := [][]string{row(plain(d.networkName()), network)}
	for i := range rows[0][:4] {
		rows[0][i] = "**" + rows[0][i] + "**"
	}
	for i := len(e.Baselines) - 1; i >= 0; i-- {
		if b := &e.Baselines[i]; b.On(part.Name).Intervals != nil {
			rows = append(rows, row(d.word(labels[b.Name]), b.On(part.Name)))
		}
	}
	m.table("lrrrr", []string{"", named("RMSE", unit), named("MAE", unit), "R²", named(d.t("RMSE above"), unit)}, rows...)
}

// interval writes a figure and its interval with as many decimals as measure needs.
func (d Document) interval(measure, value float64, i *metric.Interval) string {
	if i == nil {
		return d.alike(measure, value)[0]
	}
	texts := d.alike(measure, value, i.Low, i.High)
	return d.t("%s (%s to %s)", texts[0], texts[1], texts[2])
}

// chanceText names the baselines that the network beats, but perhaps by chance: the interval
// of the difference does not lie above 0. It is empty where there are none.
func chanceText(d Document) string {
	if d.classifies() {
		return ""
	}
	var names []string
	for i := range d.Evaluation.Baselines {
		b := &d.Evaluation.Baselines[i]
		if above := b.On(d.Evaluation.Headline).Above; above != nil && above.RMSE > 0 && above.Interval != nil && !(above.Interval.Low > 0) {
			names = append(names, d.word(labels[b.Name]))
		}
	}
	if names == nil {
		return ""
	}
	return " " + d.t("Its lead over %s may be chance: the %s %% interval of the difference holds 0.", strings.Join(names, d.t(" and ")), d.level(d.Evaluation.Level))
}

// level writes that of an interval, in percent.
func (l Language) level(level float64) string {
	return l.point(strconv.FormatFloat(100*level, 'g', 4, 64))
}

// sliceTable writes one row for some photos.
func sliceTable(m *markdown, d Document, what string, all []evaluate.Slice, name func(evaluate.Slice) string) {
	unit := plain(d.Evaluation.Unit)
	grouped := slices.ContainsFunc(all, func(s evaluate.Slice) bool { return s.Individuals > 0 })
	header, align := []string{what, d.t("photos")}, "lr"
	if grouped {
		header, align = append(header, d.t("individuals")), align+"r"
	}
	header, align = append(header, named("RMSE", unit), named("MAE", unit), named(d.t("mean error"), unit)), align+"rrr"
	measure := d.Evaluation.Result().Scores.MAE
	var rows [][]string
	for _, s := range all {
		row := []string{name(s), d.count(s.Photos)}
		if grouped {
			row = append(row, d.count(s.Individuals))
		}
		rows = append(rows, append(append(row, d.alike(measure, s.RMSE, s.MAE)...), d.signed(measure, s.Bias)))
	}
	m.table(align, header, rows...)
}

// signed writes a number with its sign, with as many decimals as measure needs.
func (l Language) signed(measure, x float64) string {
	text := l.alike(measure, x)[0]
	if x > 0 && strings.ContainsAny(text, "123456789") {
		return "+" + text
	}
	return text
}

// biasText says on which side of the true values predictions lie, and withinText how far from
// them, in numbers.
func biasText(d Document) string {
	e := d.Evaluation
	s := e.Result().Scores
	return d.t("%s of the %s part: mean error %s", d.plural(s.N, "photo"), d.first(e.Headline), d.errorText(s.Bias))
}

func withinText(d Document) string {
	s := d.Evaluation.Result().Scores
	return d.t("half of all errors are within %s", strings.TrimSpace(d.alike(s.MAE, s.MedianAE)[0]+" "+d.Evaluation.Unit))
}

// errorText writes an error with its sign and unit.
func (d Document) errorText(x float64) string {
	return strings.TrimSpace(d.signed(d.Evaluation.Result().Scores.MAE, x) + " " + d.Evaluation.Unit)
}

// photoKeys are the legend of a plot with a point a photo and a dashed line.
func (d Document) photoKeys(dashedLine string) []key {
	part := d.Evaluation.Headline
	return []key{
		{name: d.t("%s photo", d.first(part)), color: partColor[part]},
		{name: dashedLine, color: muted, line: true, dashes: dashed},
	}
}

// errorName names an error on an axis.
func errorName(d Document) string { return named(d.t("predicted − true"), d.Evaluation.Unit) }

// drawResiduals draws the errors against the predictions, which unlike true values are
// known of a new photo too.
func drawResiduals(d Document) *chart {
	e := d.Evaluation
	var points plotter.XYs
	for _, p := range e.Of(e.Headline) {
		points = append(points, plotter.XY{X: p.Predicted, Y: p.Predicted - p.True})
	}
	c := d.newChart(d.t("Errors against predictions"), biasText(d), named(d.t("predicted %s", e.Target), e.Unit), errorName(d))
	c.scatter(d, points, d.photoTitles(), ends(points, func(p plotter.XY) float64 { return p.Y }), 7)
	c.legend = d.photoKeys(d.t("no error"))
	return c.of(288, d.t("Errors against predictions: %s", biasText(d)))
}

// ends returns the least and the largest of a value of points.
func ends(points plotter.XYs, value func(plotter.XY) float64) [2]float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, value(p)), max(high, value(p))
	}
	return [2]float64{low, high}
}

// scatter draws errors, whose axis reaches as far as it is told and holds 0, over an axis
// of at most so many steps.
func (c *chart) scatter(d Document, points plotter.XYs, titles []string, errors [2]float64, steps int) {
	p := c.plot
	x := ends(points, func(p plotter.XY) float64 { return p.X })
	across := metric.RoundSteps(x[0], x[1], steps)
	up := metric.RoundSteps(min(errors[0], 0), max(errors[1], 0), 6)
	c.marks(&p.X, across[0], across[len(across)-1], across)
	c.marks(&p.Y, up[0], up[len(up)-1], up)
	p.Add(ideal(p.X.Min, 0, p.X.Max, 0), d.photoDots(points, titles))
}

// drawErrors draws the distribution of the errors.
func drawErrors(d Document) *chart {
	e := d.Evaluation
	if e.Regression == nil {
		return nil
	}
	r := e.Regression.Errors
	c := d.newChart(d.t("Distribution of the errors"), heading(withinText(d)), errorName(d), d.t("photos"))
	highest := slices.Max(r.Counts)
	first, last := r.Edges[0], r.Edges[len(r.Edges)-1]
	c.marks(&c.plot.X, first, last, within(metric.RoundSteps(first, last, 9), first, last))
	c.marks(&c.plot.Y, 0, float64(highest)*1.04, wholeMarks(0, highest, 6))
	c.plot.Add(bars{edges: r.Edges, counts: [][]int{r.Counts}, colors: []color.Color{partColor[e.Headline]}, title: c.binTitle(e, r.Edges, [][]int{r.Counts}, e.Headline)},
		ideal(0, 0, 0, c.plot.Y.Max))
	c.legend = d.photoKeys(d.t("no error"))
	return c.of(228, d.t("Distribution of the errors: %s", withinText(d)))
}

// mostTrends is how many columns errors are drawn against.
const mostTrends = 4

// trends are the columns that errors are drawn against: those that the target is drawn
// against, then those that go most with it.
func (d Document) trends() []evaluate.Against {
	if d.Evaluation.Regression == nil {
		return nil
	}
	var first, more []evaluate.Against
	for _, a := range d.Evaluation.Regression.Against {
		if slices.ContainsFunc(d.Against, func(shown Against) bool { return shown.Column == a.Column }) {
			first = append(first, a)
		} else if !a.Same {
			more = append(more, a)
		}
	}
	all := append(first, more...)
	return all[:min(mostTrends, len(all))]
}

// trendsText says how errors go with columns.
func trendsText(d Document) string {
	var list []string
	for _, a := range d.trends() {
		if a.Errors != nil {
			list = append(list, fmt.Sprintf("%s %s", a.Column, d.decimal(*a.Errors, 2)))
		}
	}
	return d.t("rank correlation with %s", strings.Join(list, ", "))
}

// drawTrends draws the errors against columns of the table, side by side.
func drawTrends(d Document) *chart {
	e := d.Evaluation
	var panels []*plot.Plot
	for _, a := range d.trends() {
		var points plotter.XYs
		var titles []string
		low, high := 0.0, 0.0
		for i, p := range e.Of(e.Headline) {
			low, high = min(low, p.Predicted-p.True), max(high, p.Predicted-p.True)
			if a.Values[i] != nil {
				points = append(points, plotter.XY{X: *a.Values[i], Y: p.Predicted - p.True})
				titles = append(titles, d.t("%s: %s %s, error %s", p.Image, a.Column, d.measured(*a.Values[i])[0], d.errorText(p.Predicted-p.True)))
			}
		}
		c := d.newChart("", "", a.Column, "")
		c.scatter(d, points, titles, [2]float64{low, high}, 4)
		panels = append(panels, c.plot)
	}
	if len(panels) == 0 {
		return nil
	}
	c := d.newChart(d.t("Errors against columns of the table"), trendsText(d), "", errorName(d))
	c.legend = d.photoKeys(d.t("no error"))
	c.panels(min(len(panels), 2), 240, panels...)
	return c.of(c.height, d.t("Errors against columns of the table: %s", trendsText(d)))
}

// worstText lists them for those who do not see them.
func worstText(d Document) string {
	var list []string
	for _, p := range d.Evaluation.Regression.Worst {
		list = append(list, d.t("%s predicted as %s", d.value(p.True), d.value(p.Predicted)))
	}
	return d.t("Photos with the largest errors, true value and prediction: %s", strings.Join(list, "; "))
}

// worstTable names their files.
func worstTable(m *markdown, d Document) {
	e := d.Evaluation
	var rows [][]string
	for _, p := range e.Regression.Worst {
		rows = append(rows, []string{d.count(p.Line), code(p.Image), d.number(p.True), d.number(p.Predicted), d.signed(e.Result().Scores.MAE, p.Predicted-p.True)})
	}
	unit := plain(e.Unit)
	m.table("rlrrr", []string{d.t("row"), d.t("image"), named(d.t("true"), unit), named(d.t("predicted"), unit), named(d.t("error"), unit)}, rows...)
}
