package report

import (
	"fmt"
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
		rows = append(rows, []string{code(f.Column), f.seen(), f.empty()})
	}
	m.say("Beside the photo it sees %s of the table, joined to what it makes of the photo. What is fitted comes from the training rows.", plural(numbers, "number"))
	m.table("lll", []string{"column", "what the network sees", "empty cells"}, rows...)
}

// seen says how a cell becomes numbers.
func (f Feature) seen() string {
	const most = 20
	switch {
	case len(f.Categories) > most:
		return fmt.Sprintf("one number for each of %d categories", len(f.Categories))
	case f.Categories != nil:
		var names []string
		for _, category := range f.Categories {
			names = append(names, code(category))
		}
		return "one number for each category: " + strings.Join(names, ", ")
	case f.Mean == 0 && f.Std == 1:
		return "the number as it is"
	}
	return fmt.Sprintf("the number, less the mean of %s, by the standard deviation of %s", significant(f.Mean), significant(f.Std))
}

// empty says how many cells are empty and what is taken for them.
func (f Feature) empty() string {
	switch {
	case f.Empty == 0:
		return "none"
	case f.Fill != nil:
		return fmt.Sprintf("%s, taken for %s", count(f.Empty), significant(*f.Fill))
	case *f.FillCategory == "":
		return count(f.Empty) + ", of no category"
	}
	return fmt.Sprintf("%s, taken for %s", count(f.Empty), code(*f.FillCategory))
}
