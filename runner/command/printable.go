package command

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable writes text for people, in which whatever else than text comes from a
// submission or a file's name is shown, not obeyed: a terminal would move its cursor
// and let somebody overwrite a verdict.
type printable struct {
	io.Writer
	off func() bool // for machines the text is theirs
}

func (p printable) Write(text []byte) (int, error) {
	if p.off() {
		return p.Writer.Write(text)
	}
	_, err := io.WriteString(p.Writer, visible(string(text)))
	return len(text), err
}

// visible spells out what controls a terminal or the direction of a text, but for ends of
// lines and tabs.
func visible(text string) string {
	hidden := func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	}
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case !hidden(r):
			b.WriteString(text[:n])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b.String()
}

// oneLine is a text that came from outside where the next line is the program's own.
var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace
