//go:build ignore

package main

// The arm64 form of the kernels does 8 channels, two registers, at a time. What Go's
// assembler knows is in its notation, with the destination last; what goes through word
// is in Arm's.

// multiplyAdd writes sum += a*b on the two registers from each of the given ones on.
func multiplyAdd(l *listing, a, b, sum int) {
	for i := range 2 {
		l.op("%s", word("fmla v%d.4s, v%d.4s, v%d.4s", sum+i, a+i, b+i))
	}
}

func parameters(l *listing, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		l.op("MOVD %s(FP), %s", pairs[i], pairs[i+1])
	}
}

// filterNEON is as avx.filter.
func filterNEON(l *listing, taps, step, pixels int) {
	columns := (pixels-1)*step + taps
	sum := func(i int) int { return 2 * i }
	weight := func(i int) int { return 2 * (pixels + i) }
	x := weight(taps)
	parameters(l, "y+0", "R0", "x+8", "R1", "w+16", "R2", "bias+24", "R3", "n+32", "R4", "c+40", "R5",
		"yStep+48", "R6", "xRow+64", "R8", "skip+72", "R9", "columns+80", "R10")
	for _, r := range []string{"R5", "R6", "R8"} {
		l.op("LSL $2, %s", r)
	}
	l.write("block:\n")
	for i := range 2 * pixels {
		l.op("VMOVI $0, V%d.B16", i)
	}
	l.op("MOVD R1, R11")
	l.op("MOVD R2, R12")
	l.op("MOVD rows+56(FP), R7")
	l.op("CBZ R7, store")
	l.write("row:\n")
	for i := range taps {
		l.op("FLDPQ (R12), (F%d, F%d)", weight(i), weight(i)+1)
		l.op("ADD R5, R12")
	}
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
		taken(j, taps, step, pixels, func(pixel, tap int) { multiplyAdd(l, x, weight(tap), sum(pixel)) })
		if j >= columns-taps && j < columns-1 {
			l.op("CMP $%d, R10", j+1)
			l.op("BEQ next")
		}
	}
	l.write("next:\n")
	l.op("ADD R8, R11")
	l.op("SUBS $1, R7")
	l.op("BNE row")
	l.write("store:\n")
	l.op("CBZ R3, plain")
	l.op("FLDPQ.P 32(R3), (F%d, F%d)", x, x+1)
	for i := range 2 * pixels {
		l.op("%s", word("fadd v%d.4s, v%d.4s, v%d.4s", i, i, x+i%2))
	}
	l.write("plain:\n")
	l.op("MOVD R0, R13")
	for i := range pixels {
		l.op("FSTPQ (F%d, F%d), (R13)", sum(i), sum(i)+1)
		l.op("ADD R6, R13")
	}
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

// productsNEON is as avx.products.
func productsNEON(l *listing, taps int) {
	const dy, x = 28, 30
	parameters(l, "dw+0", "R0", "x+8", "R1", "dy+16", "R2", "n+24", "R3", "c+32", "R4",
		"xRow+48", "R6", "dyRow+56", "R7", "xStep+64", "R8", "step+72", "R9")
	for _, r := range []string{"R4", "R6", "R7", "R8"} {
		l.op("LSL $2, %s", r)
	}
	l.op("MOVD first+104(FP), R10") // negative in the padding
	l.op("MADD R4, R1, R10, R1")
	sums := func(instruction string) {
		l.op("MOVD R0, R13")
		for i := range taps {
			if instruction == "FLDPQ" {
				l.op("FLDPQ (R13), (F%d, F%d)", 2*i, 2*i+1)
			} else {
				l.op("FSTPQ (F%d, F%d), (R13)", 2*i, 2*i+1)
			}
			l.op("ADD R4, R13")
		}
	}
	add := func(i int) {
		l.op("FLDPQ (R13), (F%d, F%d)", x, x+1)
		l.op("ADD R4, R13")
		multiplyAdd(l, x, dy, 2*i)
	}
	pixel := func() {
		l.op("FLDPQ (R15), (F%d, F%d)", dy, dy+1)
		l.op("ADD R4, R15")
		l.op("MOVD R14, R13")
		l.op("ADD R8, R14")
	}
	// border does R5 pixels, some of whose taps may lie outside of the picture: R10 is the
	// column of the first tap, R11 how far the picture's end is from it.
	border := func() {
		again, done, after := l.label(), l.label(), l.label()
		var column []string
		for range taps {
			column = append(column, l.label())
		}
		l.op("CBZ R5, %s", after)
		l.write("%s:\n", again)
		pixel()
		l.op("CMP $0, R10")
		l.op("BGE %s", column[0])
		// R13 to the first tap inside.
		l.op("MSUB R10, R13, R4, R13")
		for i := 1; i < taps; i++ {
			l.op("CMN $%d, R10", i)
			l.op("BEQ %s", column[i])
		}
		for i := range taps {
			l.write("%s:\n", column[i])
			add(i)
			if i < taps-1 {
				l.op("CMP $%d, R11", i+1)
				l.op("BEQ %s", done)
			}
		}
		l.write("%s:\n", done)
		l.op("ADD R9, R10")
		l.op("SUB R9, R11")
		l.op("SUBS $1, R5")
		l.op("BNE %s", again)
		l.write("%s:\n", after)
	}
	l.write("block:\n")
	sums("FLDPQ")
	l.op("MOVD R1, R16")
	l.op("MOVD R2, R17")
	l.op("MOVD rows+40(FP), R12")
	l.write("row:\n")
	l.op("MOVD R16, R14")
	l.op("MOVD R17, R15")
	parameters(l, "first+104", "R10", "width+112", "R11", "left+80", "R5")
	l.op("SUB R10, R11")
	border()
	l.op("MOVD inner+88(FP), R5")
	l.op("MADD R5, R10, R9, R10")
	l.op("MSUB R5, R11, R9, R11")
	l.op("CBZ R5, right")
	l.write("inner:\n")
	pixel()
	for i := range taps {
		add(i)
	}
	l.op("SUBS $1, R5")
	l.op("BNE inner")
	l.write("right:\n")
	l.op("MOVD right+96(FP), R5")
	border()
	l.op("ADD R6, R16")
	l.op("ADD R7, R17")
	l.op("SUBS $1, R12")
	l.op("BNE row")
	sums("FSTPQ")
	for _, r := range []string{"R0", "R1", "R2"} {
		l.op("ADD $32, %s", r)
	}
	l.op("SUBS $8, R3")
	l.op("BNE block")
	l.op("RET")
}

func multiplyAddNEON(l *listing) {
	parameters(l, "sum+0", "R0", "a+8", "R1", "b+16", "R2", "n+24", "R3")
	l.write("loop:\n")
	l.op("FLDPQ (R0), (F0, F1)")
	l.op("FLDPQ.P 32(R1), (F2, F3)")
	l.op("FLDPQ.P 32(R2), (F4, F5)")
	multiplyAdd(l, 2, 4, 0)
	l.op("FSTPQ.P (F0, F1), 32(R0)")
	l.op("SUBS $8, R3")
	l.op("BNE loop")
	l.op("RET")
}
