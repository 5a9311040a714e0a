package report

import (
	"strings"
)

// features says what the network sees beside the photo.
func features(m *markdown, d Document) {
	if len(d.Features) == 0 {
		return
	}
	numbers := 0
	var rows [][]string
	for _, f := range d.Features {
		numbers += max(len(f.Categories), 1)
		rows = append(rows, []string{code(f.Column), f.seen(d), f.empty(d)})
	}
	m.say(d.t("Beside the photo it sees %s of the table, joined to what it makes of the photo. What is fitted comes from the training rows.", d.plural(numbers, "number")))
	m.table("lll", d.words("column", "what the network sees", "empty cells"), rows...)
}

// seen says how a cell becomes numbers.
func (f Feature) seen(d Document) string {
	const most = 20
	switch {
	case len(f.Categories) > most:
		return d.t("one number for each of %d categories", len(f.Categories))
	case f.Categories != nil:
		var names []string
		for _, category := range f.Categories {
			names = append(names, code(category))
		}
		return d.t("one number for each category: %s", strings.Join(names, ", "))
	case f.Mean == 0 && f.Std == 1:
		return d.t("the number as it is")
	}
	return d.t("the number, less the mean of %s, by the standard deviation of %s", d.significant(f.Mean), d.significant(f.Std))
}

// empty says how many cells are empty and what is taken for them.
func (f Feature) empty(d Document) string {
	switch {
	case f.Empty == 0:
		return d.t("none")
	case f.Fill != nil:
		return d.t("%s, taken for %s", d.count(f.Empty), d.significant(*f.Fill))
	case *f.FillCategory == "":
		return d.t("%s, of no category", d.count(f.Empty))
	}
	return d.t("%s, taken for %s", d.count(f.Empty), code(*f.FillCategory))
}
