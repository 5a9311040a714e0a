package report

import (
	"bytes"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"biomass/runner/internal/evaluate"
)

// page writes report.md.
func page(d Document) []byte {
	m := &markdown{}
	title := d.Title
	if title == "" {
		title = d.t("%s: %s from photos", d.Name, d.Evaluation.Target)
	}
	m.say("# " + plain(title))
	opening(m, d)
	data(m, d)
	sweep(m, d)
	training(m, d)
	results(m, d)
	attention(m, d)
	series(m, d)
	leakage(m, d)
	programs(m, d)
	recipe(m, d)
	provenance(m, d)
	return append(bytes.TrimRight(m.Bytes(), "\n"), '\n')
}

// labels names the baselines.
var labels = map[string]word{
	"mean": "guessing the mean", "linear": "linear regression on the features", "ridge": "ridge regression on colours",
	"majority": "always the most frequent class", "untrained": "the network before training", "nearest_mean": "the nearest class mean",
}

// results compares the network with the baselines and shows its predictions.
func results(m *markdown, d Document) {
	e := d.Evaluation
	m.section(d.t("Results"))
	for _, name := range []string{evaluate.Test, evaluate.Validation} {
		part := e.Part(name)
		if part == nil {
			continue
		}
		if d.Chosen && e.Headline == evaluate.Test && name == evaluate.Validation {
			m.say(d.t("On the validation part, on which the kept epoch was chosen:"))
		} else {
			m.say(d.t("On the %s part, %s:", d.first(name), d.plural(part.Photos, "photo")))
		}
		scores := []*evaluate.Scores{part.Scores}
		names := []string{plain(d.networkName())}
		for i := len(e.Baselines) - 1; i >= 0; i-- {
			scores = append(scores, e.Baselines[i].On(name))
			names = append(names, d.word(labels[e.Baselines[i].Name]))
		}
		if d.classifies() {
			hits(m, d, names, scores)
		} else {
			errorTable(m, d, names, scores)
		}
	}
	for _, b := range e.Baselines {
		m.WriteString("- " + heading(d.word(labels[b.Name])) + ": " + plain(describe(d, &b)) + ".\n")
	}
	m.WriteString("\n")
	if d.classifies() {
		classResults(m, d)
	} else {
		regression(m, d)
	}
}

// recipe shows what was asked for.
func recipe(m *markdown, d Document) {
	m.section(d.t("Recipe"))
	m.say(d.t("[%s](%s) in its canonical form, which leaves out what is at its default:", code(d.RecipePath), path.Join("../..", d.RecipePath)))
	m.say("```yaml\n" + strings.TrimRight(string(d.Canonical), "\n") + "\n```")
}

// digests are what those of a Document's Digests are of.
var digests = map[string]word{
	"recipe": "recipe", "table": "table", "pictures": "pictures", "weights_before": "weights to begin with",
	"split": "split", "weights": "weights (model.safetensors)", "predictions": "predictions",
}

// provenance shows the digests that pin inputs and outputs.
func provenance(m *markdown, d Document) {
	if len(d.Digests) == 0 {
		return
	}
	m.section(d.t("Digests"))
	var rows [][]string
	for _, n := range d.Digests {
		rows = append(rows, []string{plain(d.word(digests[n.Name])), code(n.Digest.String())})
	}
	m.table("ll", d.words("of", "SHA-256"), rows...)
}

// heading begins a text with a capital letter.
func heading(s string) string {
	letter, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(letter)) + s[size:]
}
