package report

import (
	"bytes"
	"strings"
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

// bold sets cells in bold, but empty ones.
func bold(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		if out[i] = c; c != "" {
			out[i] = "**" + c + "**"
		}
	}
	return out
}

// fold hides what body writes until the reader asks for it.
func (m *markdown) fold(summary string, body func()) {
	m.say("<details>\n<summary>" + summary + "</summary>")
	body()
	m.say("</details>")
}

// manyClasses is from how many classes on their tables are folded.
const manyClasses = 25

// foldMany hides a table of more classes than people want to see at once.
func (m *markdown) foldMany(classes int, summary string, body func()) {
	if classes >= manyClasses {
		m.fold(summary, body)
	} else {
		body()
	}
}

// plain escapes text of the data or the recipe, so that it stays in its cell.
var plain = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "`", "\\`", "[", "\\[", "]", "\\]", "\r", " ", "\n", " ").Replace

// code sets text in a code span.
func code(s string) string {
	s = strings.NewReplacer("|", "\\|", "`", "'", "\r", " ", "\n", " ").Replace(s)
	return "`" + s + "`"
}
