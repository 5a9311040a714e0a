package report

import (
	"fmt"
	"slices"
	"strings"
)

// longTable is how many layers are shown without folding them.
const longTable = 20

// architecture shows the layers, those of a network with stages summed up by stage first.
func architecture(m *markdown, d Document) {
	if len(d.Layers) == 0 {
		return
	}
	stages := d.stages()
	if len(stages) > 1 {
		m.layers(d, "stage", stages)
	}
	each := func() { m.layers(d, "layer", d.Layers) }
	if len(stages) > 1 || len(d.Layers) > longTable {
		m.fold(d.t("The layers of the network"), each)
	} else {
		each()
	}
	m.say(d.t("The output is height × width × channels. A multiply-add is one product of a convolution or a dense layer and its addition."))
}

// sizeText says how many parameters there are, and train, and what a photo costs.
func sizeText(d Document) string {
	text := d.plural(d.Parameters, "trained parameter")
	if d.Trained > 0 {
		text = d.t("%s, of which %s trained from the first epoch on", d.plural(d.Parameters, "parameter"), d.count(d.Trained))
	}
	if n := d.multiplyAdds(); n > 0 {
		text += ", " + d.t("%s million multiply-adds a photo", d.significant(float64(n)/1e6))
	}
	return text
}

// multiplyAdds is how many a photo takes.
func (d Document) multiplyAdds() int {
	n := 0
	for _, l := range d.Layers {
		n += l.MultiplyAdds
	}
	return n
}

// inPart stands for the epoch in which a stage begins to train where its layers do not do so
// together.
const inPart = -1

// stages sums up the layers by stage. The kind of a stage is its layers with parameters, such
// as 4 conv, 4 batch_norm.
func (d Document) stages() []Layer {
	var all []Layer
	for i := 0; i < len(d.Layers); {
		s, first := Layer{Name: d.Layers[i].Stage, Trains: inPart}, true
		var kinds []string
		counts := map[string]int{}
		for ; i < len(d.Layers) && d.Layers[i].Stage == s.Name; i++ {
			l := d.Layers[i]
			s.Shape, s.Parameters, s.MultiplyAdds = l.Shape, s.Parameters+l.Parameters, s.MultiplyAdds+l.MultiplyAdds
			if l.Parameters == 0 {
				continue
			}
			if counts[l.Kind]++; counts[l.Kind] == 1 {
				kinds = append(kinds, l.Kind)
			}
			if first {
				s.Trains, first = l.Trains, false
			} else if s.Trains != l.Trains {
				s.Trains = inPart
			}
		}
		for k, kind := range kinds {
			kinds[k] = fmt.Sprintf("%d %s", counts[kind], kind)
		}
		s.Kind = strings.Join(kinds, ", ")
		all = append(all, s)
	}
	return all
}

// layers writes a table of layers or of stages. When they train is a column where some do not
// do so from the beginning.
func (m *markdown) layers(d Document, what word, rows []Layer) {
	frozen := slices.ContainsFunc(d.Layers, func(l Layer) bool { return l.Parameters > 0 && l.Trains != 1 })
	kinds := word("kind")
	if what == "stage" {
		kinds = "layers"
	}
	header, align := d.words(what, kinds, "output", "parameters", "multiply-adds"), "lllrr"
	last := []string{d.t("all"), "", "", d.count(d.Parameters), d.count(d.multiplyAdds())}
	if frozen {
		header, align, last = append(header, d.t("trains")), align+"l", append(last, "")
	}
	var table [][]string
	for _, l := range rows {
		row := []string{code(l.Name), plain(l.Kind), plain(strings.ReplaceAll(l.Shape, " × ", "\u00a0×\u00a0")), d.count(l.Parameters), ""}
		if l.MultiplyAdds > 0 {
			row[4] = d.count(l.MultiplyAdds)
		}
		if frozen {
			row = append(row, d.trainsText(l))
		}
		table = append(table, row)
	}
	m.table(align, header, append(table, bold(last))...)
}

// trainsText says from when on a layer trains.
func (d Document) trainsText(l Layer) string {
	switch {
	case l.Parameters == 0:
		return ""
	case l.Trains == inPart:
		return d.t("in part")
	case l.Trains == 0:
		return d.t("never")
	}
	return d.t("from epoch %d on", l.Trains)
}
