//go:build ignore

package main

import (
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A listing collects the text of an assembly file. All generators write one.
type listing struct {
	strings.Builder
	labels int // of the function at hand
}

func (l *listing) write(format string, args ...any) { fmt.Fprintf(l, format, args...) }

// op writes one instruction.
func (l *listing) op(format string, args ...any) { l.write("\t"+format+"\n", args...) }

// label returns the next label of the function at hand.
func (l *listing) label() string {
	l.labels++
	return fmt.Sprintf("l%d", l.labels)
}

// save writes a generated file.
func save(name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
}

// words are the instructions on vectors of floats that Go's assembler does not know,
// written as Arm writes them (destination first) but without the registers' numbers:
// Arm Architecture Reference Manual, C7.2.
var words = map[string]uint32{
	"fadd v.4s, v.4s, v.4s":   0x4e20d400,
	"fadd v.2d, v.2d, v.2d":   0x4e60d400,
	"fsub v.4s, v.4s, v.4s":   0x4ea0d400,
	"fmul v.4s, v.4s, v.4s":   0x6e20dc00,
	"fdiv v.4s, v.4s, v.4s":   0x6e20fc00,
	"fsqrt v.4s, v.4s":        0x6ea1f800,
	"fmla v.4s, v.4s, v.s[0]": 0x4f801000,
	"fmla v.4s, v.4s, v.4s":   0x4e20cc00,
	"fcmgt v.4s, v.4s, v.4s":  0x6ea0e400,
	"fcmge v.4s, v.4s, v.4s":  0x6e20e400,
	"bic v.16b, v.16b, v.16b": 0x4e601c00,
	"fcmeq v.4s, v.4s, v.4s":  0x4e20e400,
	"fcvtl v.2d, v.2s":        0x0e617800,
	"fcvtl2 v.2d, v.4s":       0x4e617800,
	"add v.4s, v.4s, v.4s":    0x4ea08400,
	"cmhs v.4s, v.4s, v.4s":   0x6ea03c00,
	"umull v.2d, v.2s, v.2s":  0x2ea0c000,
	"umull2 v.2d, v.4s, v.4s": 0x6ea0c000,
	"eor v.16b, v.16b, v.16b": 0x6e201c00,
	"orn v.16b, v.16b, v.16b": 0x4ee01c00,
}

var register = regexp.MustCompile(`\bv([0-9]+)\.`)

// word is the line of assembly for an instruction in Arm's notation. TestWords holds
// it against a disassembler.
func word(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	code, known := words[register.ReplaceAllString(text, "v.")]
	if !known {
		log.Fatalf("no word is known for %q", text)
	}
	// Destination, first and second operand.
	for i, match := range register.FindAllStringSubmatch(text, -1) {
		number, err := strconv.ParseUint(match[1], 10, 32)
		if err != nil || number > 31 {
			log.Fatalf("%q: no register has the number %s", text, match[1])
		}
		code |= uint32(number) << [...]int{0, 5, 16}[i]
	}
	return fmt.Sprintf("WORD $%#08x // %s", code, text)
}
