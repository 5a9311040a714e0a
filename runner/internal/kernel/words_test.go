package kernel

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestWords disassembles the arm64 instructions that are written as numbers, because
// Go's assembler does not know them, and holds them against the comments beside them.
func TestWords(t *testing.T) {
	const objdump = "aarch64-linux-gnu-objdump"
	if _, err := exec.LookPath(objdump); err != nil {
		t.Skipf("needs %s: apt-get install binutils-aarch64-linux-gnu", objdump)
	}
	line := regexp.MustCompile(`\tWORD \$(0x[0-9a-f]{8}) // (.+)\n`)
	var code []byte
	var want []string
	words := 0
	for _, name := range []string{"tile_arm64.s", "elementwise_arm64.s", "winograd_arm64.s", "depthwise_arm64.s"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range line.FindAllStringSubmatch(string(text), -1) {
			word, err := strconv.ParseUint(m[1], 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			code = binary.LittleEndian.AppendUint32(code, uint32(word))
			want = append(want, m[2])
		}
		words += strings.Count(string(text), "WORD")
	}
	if words == 0 || words != len(want) {
		t.Fatalf("%d of %d words have a comment", len(want), words)
	}
	path := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(path, code, 0o666); err != nil {
		t.Fatal(err)
	}
	listing, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t[0-9a-f]{8} \t(.+)$`).FindAllStringSubmatch(string(listing), -1) {
		got = append(got, strings.ReplaceAll(m[1], "\t", " "))
	}
	if len(got) != len(want) {
		t.Fatalf("%d instructions in the listing, not %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("the word of %q is that of %q", want[i], got[i])
		}
	}
}
