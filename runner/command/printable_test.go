package command

import (
	"strings"
	"testing"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain, größer\n\tnext":         "plain, größer\n\tnext",
		"\x1b[2K\rVERIFIED":             `\x1b[2K\x0dVERIFIED`,
		"bell\a, C1 \u009b2K, \x7f":     `bell\x07, C1 \x9b2K, \x7f`,
		"gro\u202egnp.exe":              `gro\u202egnp.exe`,
		"no UTF-8: \xe9 stays, \x00 no": "no UTF-8: \xe9 stays, " + `\x00 no`,
	} {
		if got := visible(text); got != want {
			t.Errorf("visible(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 4)
	if got, want := brief("has sha256:"+sum+",\nlocked is sha256:"+sum), "has sha256:0123456789ab…, locked is sha256:0123456789ab…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := brief(strings.Repeat("ü", 400)); got != strings.Repeat("ü", 300)+"…" {
		t.Errorf("got %q", got)
	}
}
