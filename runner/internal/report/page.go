package report

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"biomass/runner/internal/evaluate"
)

// markdown is the page as it is written.
type markdown struct{ bytes.Buffer }

// say writes a paragraph.
func (m *markdown) say(text string) { m.WriteString(text + "\n\n") }

// section begins one.
func (m *markdown) section(title string) { m.say("## " + title) }

// picture shows a file of the report; text says the same to those who do not see it.
func (m *markdown) picture(text, file string) { m.say("![" + plain(text) + "](" + file + ")") }

// table writes a table: align has one letter a column, l or r.
func (m *markdown) table(align string, header []string, rows ...[]string) {
	m.row(header)
	m.WriteString("|")
	for _, a := range align {
		m.WriteString(map[rune]string{'l': " --- |", 'r': " ---: |"}[a])
	}
	m.WriteString("\n")
	for _, r := range rows {
		m.row(r)
	}
	m.WriteString("\n")
}

func (m *markdown) row(cells []string) {
	m.WriteString("|")
	for _, c := range cells {
		m.WriteString(" " + c + " |")
	}
	m.WriteString("\n")
}

// fold hides what body writes until the reader asks for it.
func (m *markdown) fold(summary string, body func()) {
	m.say("<details>\n<summary>" + summary + "</summary>")
	body()
	m.say("</details>")
}

// plain escapes text of the data or the recipe, so that it stays in its cell.
var plain = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "`", "\\`", "[", "\\[", "]", "\\]", "\r", " ", "\n", " ").Replace

// code sets text in a code span.
func code(s string) string {
	s = strings.NewReplacer("|", "\\|", "`", "'", "\r", " ", "\n", " ").Replace(s)
	return "`" + s + "`"
}

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
	rows = append(rows, []string{"**" + d.t("kept") + "**", "**" + d.count(d.Cleaning.Kept) + "**"})
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

// longHistory is how many epochs are shown without folding them.
const longHistory = 8

// training shows the learning curves and the network.
func training(m *markdown, d Document) {
	m.section(d.t("Training"))
	network := code(d.Network)
	if d.ownLayers() {
		network = heading(d.plural(len(d.Layers), "layer"))
	}
	m.say(fmt.Sprintf("%s, %s. %s.", network, sizeText(d), curvesText(d)))
	if w := d.Weights; w != nil {
		from := code(w.File)
		if w.ImageNet {
			from = d.t("torchvision for ImageNet (%s)", from)
		}
		m.say(d.t("It begins with the weights of %s: %s loaded%s%s.", from, d.plural(w.Loaded, "tensor"),
			namesText(d, d.t("left out"), w.LeftOut), namesText(d, d.t("drawn anew"), w.Missing)))
	}
	features(m, d)
	if d.shows("curves") {
		m.picture(d.t("Learning curves: %s", curvesText(d))+".", curvesFile)
		if d.classifies() && d.validated() {
			m.picture(d.t("Accuracy by epoch: %s", curvesText(d))+".", accuracyFile)
		}
		if d.scheduled() {
			m.picture(d.t("Learning rate by epoch: %s", rateText(d))+".", rateFile)
		}
	}
	learning(m, d)
	history := func() {
		header, columns := figuresByEpoch(d)
		var rows [][]string
		for i, h := range d.History {
			row := []string{d.count(h.Epoch)}
			for _, column := range columns {
				row = append(row, column[i])
			}
			if h.Kept {
				for i := range row {
					row[i] = "**" + row[i] + "**"
				}
			}
			rows = append(rows, row)
		}
		header = append([]string{d.t("epoch")}, header...)
		m.table(strings.Repeat("r", len(header)), header, rows...)
	}
	if len(d.History) > longHistory {
		m.fold(d.t("All %s", d.plural(len(d.History), "epoch")), history)
	} else {
		history()
	}
	architecture(m, d)
	augmented(m, d)
}

// namesText lists the first tensors of some kind.
func namesText(d Document, what string, names []string) string {
	const shown = 8
	var list []string
	for _, name := range names[:min(shown, len(names))] {
		list = append(list, code(name))
	}
	if more := len(names) - len(list); more > 0 {
		list = append(list, d.t("%s more", d.count(more)))
	}
	if len(list) == 0 {
		return ""
	}
	return "; " + what + ": " + strings.Join(list, ", ")
}

// figuresByEpoch returns the columns of the history, a figure an epoch.
func figuresByEpoch(d Document) (header []string, columns [][]string) {
	add := func(name string, value func(Epoch) float64, write func(values []float64) []string) {
		var values []float64
		for _, h := range d.History {
			values = append(values, value(h))
		}
		header, columns = append(header, name), append(columns, write(values))
	}
	together := func(values []float64) []string { return d.alike(slices.Min(values), values...) }
	each := func(write func(float64) string) func([]float64) []string {
		return func(values []float64) (texts []string) {
			for _, v := range values {
				texts = append(texts, write(v))
			}
			return texts
		}
	}
	if d.scheduled() {
		add(d.t("learning rate"), func(h Epoch) float64 { return h.Rate }, each(d.significant))
	}
	add(d.t("train loss"), func(h Epoch) float64 { return h.TrainLoss }, together)
	if !d.validated() {
		return header, columns
	}
	add(d.t("validation loss"), func(h Epoch) float64 { return h.ValidationLoss }, together)
	if d.classifies() {
		add(d.t("validation accuracy"), func(h Epoch) float64 { return h.ValidationAccuracy }, each(d.percent))
		add(d.t("validation macro F1"), func(h Epoch) float64 { return h.ValidationMacroF1 }, each(func(v float64) string { return d.decimal(v, 3) }))
	} else {
		add(named(d.t("validation RMSE"), plain(d.Evaluation.Unit)), func(h Epoch) float64 { return h.ValidationRMSE }, together)
	}
	return header, columns
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
		names := []string{"**" + plain(d.networkName()) + "**"}
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
