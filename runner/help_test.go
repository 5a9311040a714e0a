package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"biomass/runner/command"
)

// TestHelpFits holds all help to the 80 columns that most terminals have.
func TestHelpFits(t *testing.T) {
	for _, name := range []string{"", "apply", "bench", "diff", "doctor", "evaluate", "export", "grade", "init", "inspect", "lock", "pack", "plan", "predict", "report", "schema", "store", "store prune", "store check", "unpack", "verify", "version"} {
		var help bytes.Buffer
		if code := command.Run(context.Background(), append(strings.Fields(name), "--help"), nil, &help, &help); code != 0 {
			t.Fatalf("%s: exit code %d", name, code)
		}
		for line := range strings.Lines(help.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("runner %s --help: %d columns: %s", name, n, line)
			}
		}
	}
}

// TestCommandsAreDocumented holds the table of commands in README.md to --help: the
// same commands, in the same words.
func TestCommandsAreDocumented(t *testing.T) {
	var help bytes.Buffer
	if code := command.Run(context.Background(), []string{"--help"}, nil, &help, &help); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	_, list, _ := strings.Cut(help.String(), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var want []string
	for line := range strings.Lines(list) {
		name, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "help" {
			want = append(want, name+": "+strings.TrimSpace(words))
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| Command | What it does |\n| --- | --- |\n")
	if !found {
		t.Fatal("README.md has no table of commands")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var have []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(table, -1) {
		have = append(have, row[1]+": "+row[2])
	}
	if a, b := strings.Join(have, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("README.md has\n%s\n\n--help has\n%s", a, b)
	}
}
