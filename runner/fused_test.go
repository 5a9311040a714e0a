package main

import (
	"bufio"
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var disassemble = flag.Bool("disassemble", false, "build for arm64 and GOAMD64=v3 and look for fused multiply-adds")

// TestNoFusedMultiplyAdd disassembles two builds whose compiler may turn x*y+z
// into one instruction, which rounds once where others round twice. Only a line
// that says math.FMA may give such an instruction.
func TestNoFusedMultiplyAdd(t *testing.T) {
	if !*disassemble {
		t.Skip("needs two builds of the whole program: go test ./runner -args -disassemble, or make check")
	}
	for _, target := range []string{"GOARCH=arm64", "GOAMD64=v3"} {
		binary := filepath.Join(t.TempDir(), "runner")
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", target)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build for %s: %v\n%s", target, err, out)
		}
		listing, err := exec.Command("go", "tool", "objdump", "-s", `^biomass/`, binary).Output()
		if err != nil {
			t.Fatalf("disassemble for %s: %v", target, err)
		}
		fused, instructions := fusedLines(t, listing)
		if instructions < 10000 {
			t.Fatalf("%s: only %d instructions of our own were found", target, instructions)
		}
		for _, line := range fused {
			t.Errorf("%s: %s", target, line)
		}
	}
}

var (
	symbol      = regexp.MustCompile(`^TEXT (\S+) (\S+)`)
	instruction = regexp.MustCompile(`^\s+(\S+\.(?:go|s)):(\d+)\s+0x[0-9a-f]+\s+[0-9a-f]+\s+(\S+)`)
	multiplyAdd = regexp.MustCompile(`^(FN?M(ADD|SUB)[SD]|VFN?M(ADD|SUB))`)
)

// fusedLines returns the places of fused multiply-adds that the source does not
// ask for, and how many instructions there are. Assembly files write what they
// mean and are left out.
func fusedLines(t *testing.T, listing []byte) (fused []string, instructions int) {
	t.Helper()
	sources := map[string][]string{}
	var name, path string
	lines := bufio.NewScanner(bytes.NewReader(listing))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := symbol.FindStringSubmatch(lines.Text()); m != nil {
			name, path = m[1], m[2]
			continue
		}
		m := instruction.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		instructions++
		if strings.HasSuffix(m[1], ".s") || !multiplyAdd.MatchString(m[3]) {
			continue
		}
		number, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(filepath.Dir(path), m[1])
		if !says(sources, file, number, "math.FMA(") && !inlinesFMA(sources, m[1], number) {
			fused = append(fused, m[1]+":"+m[2]+" in "+name+": "+m[3])
		}
	}
	return fused, instructions
}

// says reports whether a line of a source file has the text.
func says(sources map[string][]string, file string, number int, text string) bool {
	if _, read := sources[file]; !read {
		data, err := os.ReadFile(file)
		if err != nil {
			data = nil
		}
		sources[file] = strings.Split(string(data), "\n")
	}
	lines := sources[file]
	return number <= len(lines) && strings.Contains(lines[number-1], text)
}

// inlinesFMA looks for the line in the files of that name of other packages: an
// inlined function keeps its own file name.
func inlinesFMA(sources map[string][]string, base string, number int) bool {
	files, err := filepath.Glob(filepath.Join("internal", "*", base))
	if err != nil {
		return false
	}
	for _, file := range files {
		if says(sources, file, number, "math.FMA(") {
			return true
		}
	}
	return false
}
