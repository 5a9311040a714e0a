package report

import (
	"fmt"
	"slices"
	"strings"
)

// This file writes how the network was trained.

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
				row = bold(row)
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

// learning tells how the training met the classes, where not as they come.
func learning(m *markdown, d Document) {
	c := d.Evaluation.Classification
	if c == nil {
		return
	}
	if c.Weights != nil {
		least, most := 0, 0
		for class, w := range c.Weights {
			if w < c.Weights[least] {
				least = class
			}
			if w > c.Weights[most] {
				most = class
			}
		}
		classes := d.Evaluation.Classes
		if c.Weights[least] == c.Weights[most] {
			m.say(d.t("The loss weighs the classes, all of them alike."))
		} else {
			m.say(d.t("The loss weighs the classes: a photo of %s counts %s, one of %s %s. The table of the classes has all weights.",
				plain(classes[least]), d.significant(c.Weights[least]), plain(classes[most]), d.significant(c.Weights[most])))
		}
	}
	if len(c.Batches) > 0 {
		m.say(d.t("The sampler draws every class as often, with replacement: %s.", batchesText(d)))
		if d.shows("curves") {
			m.picture(d.t("The classes of the first batches: %s", batchesText(d))+".", batchesFile)
		}
	}
}
