package report

import (
	"path"
	"strings"

	"biomass/runner/internal/evaluate"
)

// opening asks the question, answers it in one sentence with its uncertainty and says how far
// the answer can be trusted.
func opening(m *markdown, d Document) {
	m.say("*" + question(d) + "*")
	sentences := []string{answer(d)}
	for _, s := range d.Series {
		sentences = append(sentences, seriesAnswer(d, s))
	}
	m.say(strings.Join(append(sentences, verdict(d)+chanceText(d)), " "))
	if cautions := d.Cautions(); len(cautions) > 0 {
		m.WriteString("> [!WARNING]\n")
		for _, c := range cautions {
			m.WriteString("> - " + plain(c) + "\n")
		}
		m.WriteString("\n")
	}
	trust(m, d)
}

// question is what the experiment asks.
func question(d Document) string {
	e := d.Evaluation
	network, sees := d.t("a network (%s)", code(d.Network)), d.t("a photo")
	if d.ownLayers() {
		network = d.t("a network of %d layers", len(d.Layers))
	}
	if n := len(d.Features); n > 0 {
		sees = d.t("a photo and %s of the table", d.plural(n, "column"))
	}
	if d.classifies() {
		return d.t("Can %s tell from %s which of %s classes (%s) it shows?", network, sees, d.count(len(e.Classes)), plain(e.Target))
	}
	return d.t("Can %s tell %s from %s?", network, plain(named(e.Target, e.Unit)), sees)
}

// ownLayers reports whether the recipe lists the network's layers.
func (d Document) ownLayers() bool { return d.Network == "layers" && len(d.Layers) > 0 }

// networkName names the network in a table.
func (d Document) networkName() string {
	if d.ownLayers() {
		return d.t("the network")
	}
	return d.Network
}

// answer states the result, compares it with the strongest and with the simplest baseline, and
// says on what it rests.
func answer(d Document) string {
	e := d.Evaluation
	part := e.Result()
	text := d.t("**%s RMSE %s**", heading(d.first(part.Name)), plain(d.score(part.Scores)))
	digits, factor := decimals(errorOf(part.Scores)), 1.0
	if d.classifies() {
		text = d.t("**%s accuracy %s**", heading(d.first(part.Name)), d.score(part.Scores))
		digits, factor = 1, 100
	}
	if i := part.Interval; i != nil {
		text += d.t(" (%s %% interval %s to %s)", d.level(e.Level), d.decimal(factor*i.Low, digits), d.decimal(factor*i.High, digits))
	}
	strongest, simplest := &e.Baselines[0], &e.Baselines[0] // they are listed from the simplest on
	for i := range e.Baselines {
		if b := &e.Baselines[i]; errorOf(b.On(part.Name)) < errorOf(strongest.On(part.Name)) {
			strongest = b
		}
	}
	against := func(b *evaluate.Baseline) string {
		return d.t("%s for %s", plain(d.score(b.On(part.Name))), d.word(labels[b.Name]))
	}
	if strongest == simplest {
		text += d.t(", against %s", against(simplest))
	} else {
		text += d.t(", against %s and %s", against(strongest), against(simplest))
	}
	if d.classifies() {
		text += d.t("; **macro F1 %s**", d.decimal(part.Scores.MacroF1, 3))
		if i := e.Classification.MacroF1Interval; i != nil {
			text += d.t(" (%s to %s)", d.decimal(i.Low, 3), d.decimal(i.High, 3))
		}
	} else {
		text += d.t("; **R² %s**", d.decimal(part.Scores.R2, 2))
	}
	photos, individuals := d.plural(part.Photos, "photo"), d.plural(part.Groups, "individual")
	switch {
	case part.Groups == 0:
		return text + d.t("; judged on %s that the training has not seen.", photos)
	case part.Trained == 0:
		return text + d.t("; judged on %s of %s that the training has never seen.", photos, individuals)
	}
	return text + d.t("; judged on %s of %s, %s of which the training has seen on other photos.", photos, individuals, d.count(part.Trained))
}

// score writes the one by which a network is compared: RMSE, or accuracy.
func (d Document) score(s *evaluate.Scores) string {
	if s.Hits != nil {
		return d.percent(s.Accuracy)
	}
	return d.with(s.RMSE, d.Evaluation.Unit)
}

// errorOf is small where that score is good.
func errorOf(s *evaluate.Scores) float64 {
	if s.Hits != nil {
		return 1 - s.Accuracy
	}
	return s.RMSE
}

// verdict compares the network with the baselines in words.
func verdict(d Document) string {
	part, baselines := d.Evaluation.Result(), d.Evaluation.Baselines
	var unbeaten []string
	for i := range baselines {
		if b := &baselines[i]; !(errorOf(part.Scores) < errorOf(b.On(part.Name))) {
			unbeaten = append(unbeaten, d.word(labels[b.Name]))
		}
	}
	switch n := len(baselines); {
	case len(unbeaten) == 0 && n == 2:
		return d.t("The network beats both baselines.")
	case len(unbeaten) == 0:
		return d.t("The network beats all baselines.")
	case len(unbeaten) == n && n == 2:
		return d.t("**The network beats neither baseline.**")
	case len(unbeaten) == n:
		return d.t("**The network beats no baseline.**")
	}
	return d.t("**The network does not beat %s.**", strings.Join(unbeaten, d.t(" or ")))
}

// trust says what was looked at so that the answer can be believed, and how to check it.
func trust(m *markdown, d Document) {
	m.WriteString("- **" + d.t("Leakage") + ":** " + leaksText(d) + "\n")
	if d.Lock != "" {
		m.WriteString("- **" + d.t("Locked") + ":** " +
			d.t("[%s](%s) pins data, split, every epoch of the training, weights and figures by SHA-256; the same recipe gives the same bits on any machine (numerics %d). It also records the commit that it was made at, and whether the tree was clean.",
				code(d.Lock), path.Join("../..", d.Lock), d.Numerics) + "\n")
	}
	m.WriteString("\n")
	if d.Verify != "" {
		m.say(d.t("Check every figure on this page with"))
		m.say("```sh\n" + d.Verify + "\n```")
	}
}

// leaksText says what was looked at for photos that the network could know, and what was found.
func leaksText(d Document) string {
	l := d.Evaluation.Leaks
	var found, free []string
	note := func(n int, what, not string) {
		if n > 0 {
			found = append(found, what)
		} else {
			free = append(free, not)
		}
	}
	if l.Individuals > 0 {
		note(l.Torn, d.t("%s of %s with photos in more than one part", d.count(l.Torn), d.plural(l.Individuals, "individual")), d.t("no individual is in two parts"))
	}
	note(l.Duplicates, d.t("%s with a copy in another part", d.plural(l.Duplicates, "photo")), d.t("no photo has a copy in another part"))
	if l.NearChecked() {
		note(l.Near, d.t("%s with a look-alike in another part (likeness %s or more)", d.plural(l.Near, "photo"), d.shortest(l.Likeness)),
			d.t("none has a look-alike in another part (likeness %s or more)", d.shortest(l.Likeness)))
	}
	text := d.t("none found: %s.", strings.Join(free, ", "))
	if !l.None() {
		text = d.t("**found**: %s.", strings.Join(found, "; "))
	}
	if !l.NearChecked() {
		text += " " + d.t("Photos that only look alike were not compared (%s does that).", code("split.near"))
	}
	if l.Individuals == 0 {
		text += " " + d.t("The data do not say which photos show the same individual.")
	}
	return text
}

// seriesAnswer states the result over a series in one sentence.
func seriesAnswer(d Document, s Series) string {
	at := 0
	for i, c := range s.Columns {
		if s.Over != "seeds" && c.Part == evaluate.Validation { // each photo once a seed
			at = i
			break
		}
	}
	c := s.Columns[at]
	low, high := s.Runs[0].Values[at], s.Runs[0].Values[at]
	for _, run := range s.Runs {
		low, high = min(low, run.Values[at]), max(high, run.Values[at])
	}
	_, ends, mean := c.write(d.Language, d.Evaluation.Unit, []float64{low, high})
	if c.Figure == "rmse" || c.Figure == "mae" {
		mean = strings.TrimSpace(mean + " " + plain(d.Evaluation.Unit))
	}
	return d.t("Over %d %s: **%s %s** (mean ± standard deviation; from %s to %s).", len(s.Runs), d.word(over[s.Over]),
		c.name(d.Language), mean, ends[0], ends[1])
}
