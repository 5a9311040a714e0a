package report

import (
	"slices"
	"strings"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
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
			row = append(row, column[i])
		}
		if i == 0 {
			row = bold(row)
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

// resampled says what the bootstrap draws from a part.
func (d Document) resampled(part *evaluate.Part) string {
	if part.Groups > 0 {
		return d.plural(part.Groups, "individual")
	}
	return d.plural(part.Photos, "photo")
}

// intervalTable writes the figures that have intervals, a row a model.
func intervalTable(m *markdown, d Document) {
	e := d.Evaluation
	part := e.Result()
	network := part.Scores
	if network.Intervals == nil {
		return
	}
	m.say(d.t("How sure that is: %s %% intervals on the %s part, from drawing its %s %s times with replacement. The last column says by how much a baseline's RMSE is above the network's on the same draws.",
		d.level(e.Level), d.first(part.Name), d.resampled(part), d.count(evaluate.Resamples)))
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
	rows := [][]string{bold(row(plain(d.networkName()), network))}
	for i := len(e.Baselines) - 1; i >= 0; i-- {
		if b := &e.Baselines[i]; b.On(part.Name).Intervals != nil {
			rows = append(rows, row(d.word(labels[b.Name]), b.On(part.Name)))
		}
	}
	m.table("lrrrr", []string{"", named("RMSE", unit), named("MAE", unit), "R²", named(d.t("RMSE above"), unit)}, rows...)
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
