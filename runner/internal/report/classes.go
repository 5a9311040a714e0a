package report

import (
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

// hits writes one row a model; the first is the network's and set in bold.
func hits(m *markdown, d Document, names []string, scores []*evaluate.Scores) {
	var rows [][]string
	for i, s := range scores {
		row := []string{names[i], d.percent(s.Accuracy), d.percent(s.BalancedAccuracy), d.decimal(s.MacroF1, 3), d.decimal(s.WeightedF1, 3), "–"}
		if s.CrossEntropy != nil {
			row[5] = d.significant(*s.CrossEntropy)
		}
		if i == 0 {
			row = bold(row)
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
	m.say(d.t("More of the %s part; its intervals come from drawing its %s %s times with replacement:", d.first(part.Name), d.resampled(part), d.count(evaluate.Resamples)))
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
