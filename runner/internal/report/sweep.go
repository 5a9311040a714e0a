package report

import (
	"strings"
)

// Sweep is what was tried before the training that the page shows.
type Sweep struct {
	On       string    `json:"on"`    // the measure of the kept epoch that decided
	Drawn    bool      `json:"drawn"` // not all combinations were tried
	Variants []Variant `json:"variants"`
}

// Variant is one training of a sweep.
type Variant struct {
	Name   string   `json:"name"`
	Set    []string `json:"set"` // its settings
	Epochs int      `json:"epochs"`
	Kept   int      `json:"kept_epoch"`
	Score  float64  `json:"score"`
	Won    bool     `json:"won"`
}

// measures are the words of a sweep's measure, as people write them.
var measures = map[string]word{
	"validation_loss": "validation loss", "validation_rmse": "validation RMSE", "validation_accuracy": "validation accuracy", "validation_macro_f1": "validation macro F1",
}

// sweep shows what was tried, and how the choice was made.
func sweep(m *markdown, d Document) {
	if d.Sweep == nil {
		return
	}
	m.section(d.t("Sweep"))
	which := d.t("all combinations")
	if d.Sweep.Drawn {
		which = d.t("combinations drawn at random")
	}
	measure := d.word(measures[d.Sweep.On])
	m.say(d.t("%s were trained, %s. The best %s of a kept epoch won; the test part was not looked at. All other figures on this page are the winner's.",
		d.plural(len(d.Sweep.Variants), "variant"), which, measure))
	var values []float64
	for _, v := range d.Sweep.Variants {
		values = append(values, v.Score)
	}
	if d.Sweep.On == "validation_rmse" {
		measure = named(measure, plain(d.Evaluation.Unit))
	}
	scores := d.alike(finest(values), values...)
	var rows [][]string
	for i, v := range d.Sweep.Variants {
		row := []string{v.Name, code(strings.Join(v.Set, " ")), d.count(v.Epochs), d.count(v.Kept), scores[i]}
		if v.Won {
			row = bold(row)
		}
		rows = append(rows, row)
	}
	m.table("llrrr", append(d.words("variant", "settings", "epochs", "kept"), measure), rows...)
}

// finest returns the value nearest to 0 but not 0, for as many digits as tell all apart.
func finest(values []float64) float64 {
	least := 0.0
	for _, v := range values {
		if v != 0 && (least == 0 || max(v, -v) < least) {
			least = max(v, -v)
		}
	}
	return least
}
