package report

import "strings"

// confusedTable lists the classes that are most often taken for each other.
func confusedTable(m *markdown, d Document) {
	e := d.Evaluation
	pairs := e.Classification.Confused
	if len(pairs) == 0 {
		return
	}
	m.say(d.t("What is confused most often:"))
	var rows [][]string
	for _, p := range pairs {
		rows = append(rows, []string{plain(e.Classes[p.True]), plain(e.Classes[p.Predicted]), d.count(p.Photos), d.percent(float64(p.Photos) / float64(p.Of))})
	}
	m.table("llrr", d.words("class", "taken for", "photos", "share of the class"), rows...)
	if d.shows("samples") {
		m.picture(d.t("The most confused classes, and how sure the network was: %s", confusedText(d))+".", confusedFile)
	}
}

// confusedText lists the shown photos for those who do not see them.
func confusedText(d Document) string {
	e := d.Evaluation
	var list []string
	for _, p := range e.Classification.Confused {
		var sure []string
		for _, photo := range p.Shown {
			sure = append(sure, d.percent(photo.Probability))
		}
		list = append(list, d.t("%s taken for %s, %s", e.Classes[p.True], e.Classes[p.Predicted], strings.Join(sure, ", ")))
	}
	return strings.Join(list, "; ")
}
