//go:build ignore

package main

import "fmt"

// The arm64 form of the loops does 8 channels, two registers, at a time. What Go's
// assembler knows is in its notation, with the destination last; what goes through word
// is in Arm's.

func fmla(l *listing, a, b, sum int) {
	for i := range 2 {
		l.op("%s", word("fmla v%d.4s, v%d.4s, v%d.4s", sum+i, a+i, b+i))
	}
}

// filterNEON keeps the sums of the pixels in registers.
func filterNEON(l *listing, taps, step, pixels int) {
	x := 2 * (pixels + taps)
	loopNEON(l, taps, step, pixels,
		func() {
			for i := range 2 * pixels {
				l.op("VMOVI $0, V%d.B16", i)
			}
		},
		func(pixel, tap int) { fmla(l, x, 2*(pixels+tap), 2*pixel) },
		func() {},
		func() {
			l.op("CBZ R3, store")
			l.op("FLDPQ.P 32(R3), (F%d, F%d)", x, x+1)
			for i := range 2 * pixels {
				l.op("%s", word("fadd v%d.4s, v%d.4s, v%d.4s", i, i, x+i%2))
			}
			l.write("store:\n")
			pairs(l, "FSTPQ", pixels, 0, "R0", "R6")
		})
}

// productsNEON keeps the pixels in registers, and the sums of a row of taps.
func productsNEON(l *listing, taps, step, pixels int) {
	loopNEON(l, taps, step, pixels,
		func() { pairs(l, "FLDPQ", pixels, 0, "R0", "R6") },
		func(pixel, tap int) { fmla(l, 2*(pixels+taps), 2*pixel, 2*(pixels+tap)) },
		func() { pairs(l, "FSTPQ", taps, 2*pixels, "R12", "R5") },
		func() {})
}

// pairs loads or stores n pairs of registers from the given one on, step bytes apart.
func pairs(l *listing, instruction string, n, register int, pointer, step string) {
	l.op("MOVD %s, R13", pointer)
	for i := range n {
		pair := fmt.Sprintf("(F%d, F%d)", register+2*i, register+2*i+1)
		if instruction == "FLDPQ" {
			l.op("FLDPQ (R13), %s", pair)
		} else {
			l.op("FSTPQ %s, (R13)", pair)
		}
		l.op("ADD %s, R13", step)
	}
}

// loopNEON is as avx.loop.
func loopNEON(l *listing, taps, step, pixels int, begin func(), multiply func(pixel, tap int), endRow, end func()) {
	columns := (pixels-1)*step + taps
	x := 2 * (pixels + taps)
	for _, p := range [][2]string{
		{"y+0", "R0"}, {"x+8", "R1"}, {"w+16", "R2"}, {"bias+24", "R3"}, {"n+32", "R4"}, {"c+40", "R5"},
		{"yStep+48", "R6"}, {"xRow+64", "R8"}, {"skip+72", "R9"}, {"columns+80", "R10"},
	} {
		l.op("MOVD %s(FP), %s", p[0], p[1])
	}
	for _, r := range []string{"R5", "R6", "R8"} {
		l.op("LSL $2, %s", r)
	}
	l.op("MOVD $%d, R14", taps)
	l.op("MUL R5, R14")
	l.write("block:\n")
	begin()
	l.op("MOVD R1, R11")
	l.op("MOVD R2, R12")
	l.op("MOVD rows+56(FP), R7")
	l.write("row:\n")
	pairs(l, "FLDPQ", taps, 2*pixels, "R12", "R5")
	l.op("MOVD R11, R13")
	if taps > 1 {
		l.op("CBNZ R9, enter")
	}
	for j := range columns {
		if j > 0 && j < taps {
			l.write("column%d:\n", j)
		}
		l.op("FLDPQ (R13), (F%d, F%d)", x, x+1)
		l.op("ADD R5, R13")
		taken(j, taps, step, pixels, multiply)
		if j >= columns-taps && j < columns-1 {
			l.op("CMP $%d, R10", j+1)
			l.op("BEQ next")
		}
	}
	l.write("next:\n")
	endRow()
	l.op("ADD R8, R11")
	l.op("ADD R14, R12")
	l.op("SUBS $1, R7")
	l.op("BNE row")
	end()
	for _, r := range []string{"R0", "R1", "R2"} {
		l.op("ADD $32, %s", r)
	}
	l.op("SUBS $8, R4")
	l.op("BNE block")
	l.op("RET")
	if taps > 1 {
		l.write("enter:\n")
		for j := 1; j < taps-1; j++ {
			l.op("CMP $%d, R9", j)
			l.op("BEQ column%d", j)
		}
		l.op("JMP column%d", taps-1)
	}
}

func multiplyAddNEON(l *listing) {
	for i, p := range []string{"sum+0", "a+8", "b+16", "n+24"} {
		l.op("MOVD %s(FP), R%d", p, i)
	}
	l.write("loop:\n")
	l.op("FLDPQ (R0), (F0, F1)")
	l.op("FLDPQ.P 32(R1), (F2, F3)")
	l.op("FLDPQ.P 32(R2), (F4, F5)")
	fmla(l, 2, 4, 0)
	l.op("FSTPQ.P (F0, F1), 32(R0)")
	l.op("SUBS $8, R3")
	l.op("BNE loop")
	l.op("RET")
}
