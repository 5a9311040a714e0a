package report

import (
	"strconv"
	"strings"

	"biomass/runner/internal/evaluate"
)

// OutOfFold is the prediction of a photo by the network that did not train on its fold.
type OutOfFold struct {
	Fold int // from 1
	evaluate.Prediction
}

// Folds are the predictions of all folds, and their scores together.
type Folds struct {
	Figures     map[string]float64
	Predictions []OutOfFold
}

// text lists the scores.
func (f *Folds) text(d Document) string {
	var list []string
	for _, figure := range []string{"rmse", "mae", "r2", "accuracy", "balanced_accuracy", "macro_f1"} {
		if v, ok := f.Figures[figure]; ok {
			name, values, _ := SeriesColumn{Figure: figure, Mean: v}.write(d.Language, d.Evaluation.Unit, []float64{v})
			list = append(list, name+" "+values[0])
		}
	}
	return strings.Join(list, ", ")
}

// table writes the predictions as CSV, numbers with the digits that bring back their bits,
// classes by their names.
func (f *Folds) table(classes []string) ([]byte, error) {
	header := []string{"fold", "row", "image", "group", "true", "predicted"}
	value := exact
	if classes != nil {
		header = append(header, "probability")
		value = func(v float64) string { return classes[int(v)] }
	}
	rows := [][]string{header}
	for _, p := range f.Predictions {
		row := []string{strconv.Itoa(p.Fold), strconv.Itoa(p.Line), p.Image, p.Group, value(p.True), value(p.Predicted)}
		if classes != nil {
			row = append(row, exact(p.Probability))
		}
		rows = append(rows, row)
	}
	return commas(rows)
}

// Leakage compares the result with that of the same recipe on a random split of the same
// fractions, where photos of one individual, or of one time, are on both sides.
type Leakage struct {
	By      string `json:"by"`   // how the page's own split was made
	Part    string `json:"part"` // that is compared
	Figures []Gap  `json:"figures"`
}

// Gap is one figure on both splits.
type Gap struct {
	Figure string  `json:"figure"`
	Own    float64 `json:"own"`
	Random float64 `json:"random"`
}

// ways are those to split that keep together what belongs together.
var ways = map[string]word{"group": "by group", "stratified_group": "by stratified group", "time": "by time"}

// leakage shows what a random split would have pretended.
func leakage(m *markdown, d Document) {
	if d.Leakage == nil {
		return
	}
	m.section(d.t("Leakage"))
	m.say(d.t("The same recipe on a random split, where rows that belong together are on both sides. What it gains is what it pretends:"))
	header := d.words("split")
	rows := [][]string{{"**" + d.word(ways[d.Leakage.By]) + "**"}, {d.t("random")}, {d.t("difference")}}
	for _, g := range d.Leakage.Figures {
		if figureNames[g.Figure] == "" {
			continue
		}
		c := SeriesColumn{Part: d.Leakage.Part, Figure: g.Figure, Mean: g.Own}
		name, values, _ := c.write(d.Language, d.Evaluation.Unit, []float64{g.Own, g.Random, g.Random - g.Own})
		header = append(header, name)
		values[0] = "**" + values[0] + "**"
		for i := range rows {
			rows[i] = append(rows[i], values[i])
		}
	}
	m.table("l"+strings.Repeat("r", len(header)-1), header, rows...)
}
