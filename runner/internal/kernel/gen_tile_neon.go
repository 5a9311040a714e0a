//go:build ignore

package main

// tileNEON writes the tile of m rows and 16 columns. V0 to V23 hold sums, four a row,
// V24 to V27 a row of b, V28 to V31 take turns in holding an element of a. R5 to R10
// point at the rows of a, and R11 counts how far the loop has come along them; R16 are
// the terms that are left of a block, R4 those after it.
func tileNEON(l *listing, m int, _ form) {
	for _, load := range [][2]string{
		{"a_base+32(FP)", "R5"}, {"rs+56(FP)", "R0"}, {"ks+64(FP)", "R1"},
		{"b_base+72(FP)", "R2"}, {"ldb+96(FP)", "R3"}, {"k+104(FP)", "R4"},
	} {
		l.op("MOVD %s, %s", load[0], load[1])
	}
	for _, stride := range []string{"R0", "R1", "R3"} {
		l.op("LSL $2, %s, %[1]s", stride)
	}
	for i := 1; i < m; i++ {
		l.op("ADD R0, R%d, R%d", 4+i, 5+i)
	}
	l.op("MOVD $0, R11")
	// R12 runs 16 rows of b ahead: these lie too far apart for the processor to foresee,
	// and come from memory where b is large. Fetching ahead never faults.
	l.op("ADD R3<<4, R2, R12")
	l.op("MOVD c_base+0(FP), R13")
	l.op("MOVD ldc+24(FP), R14")
	l.op("LSL $2, R14")
	l.op("MOVBU add+112(FP), R15")
	l.write("\nblock:\n")
	l.op("MOVD $%d, R16", block)
	l.op("CMP R16, R4")
	l.op("CSEL LT, R4, R16, R16")
	l.op("SUB R16, R4")
	for i := range 4 * m {
		l.op("VMOVI $0, V%d.B16", i)
	}
	l.op("CBZ R16, done")
	l.write("\nloop:\n")
	l.op("FLDPQ (R2), (F24, F25)")
	l.op("FLDPQ 32(R2), (F26, F27)")
	l.op("PRFM (R12), PLDL1KEEP")
	l.op("ADD R3, R12")
	for i := range m {
		x := 28 + i%4
		l.op("FMOVS (R%d)(R11), F%d", 5+i, x)
		for quarter := range 4 {
			l.op("%s", word("fmla v%d.4s, v%d.4s, v%d.s[0]", 4*i+quarter, 24+quarter, x))
		}
	}
	l.op("ADD R1, R11")
	l.op("ADD R3, R2")
	l.op("SUBS $1, R16")
	l.op("BNE loop")
	l.write("\ndone:\n")
	l.op("CBZ R15, store")
	l.op("MOVD R13, R17")
	for i := range m {
		l.op("FLDPQ (R17), (F24, F25)")
		l.op("FLDPQ 32(R17), (F26, F27)")
		for quarter := range 4 {
			l.op("%s", word("fadd v%d.4s, v%d.4s, v%d.4s", 4*i+quarter, 24+quarter, 4*i+quarter))
		}
		l.op("ADD R14, R17")
	}
	l.write("\nstore:\n")
	l.op("MOVD R13, R17")
	for i := range m {
		l.op("FSTPQ (F%d, F%d), (R17)", 4*i, 4*i+1)
		l.op("FSTPQ (F%d, F%d), 32(R17)", 4*i+2, 4*i+3)
		l.op("ADD R14, R17")
	}
	l.op("MOVD $1, R15")
	l.op("CBNZ R4, block")
	l.op("RET")
}

// transposeNEON writes the transpose of 8 rows, 8x8 elements at a time: four of 4x4, in which rows i and
// i+2 are interleaved, then what came out.
func transposeNEON(l *listing) {
	l.op("MOVD dst_base+0(FP), R0")
	l.op("MOVD dstStride+24(FP), R1")
	l.op("MOVD src_base+32(FP), R2")
	l.op("MOVD srcStride+56(FP), R3")
	l.op("MOVD cols+64(FP), R4")
	l.op("LSL $2, R1")
	l.op("LSL $2, R3")
	l.write("square:\n")
	l.op("MOVD R2, R5")
	for i := range 8 {
		l.op("FLDPQ (R5), (F%d, F%d)", 2*i, 2*i+1)
		l.op("ADD R3, R5")
	}
	// Columns 0 to 3 are in the even registers, 4 to 7 in the odd ones.
	for half := range 2 {
		for _, top := range []int{0, 4} {
			row := func(i int) int { return 2*(top+i) + half }
			for i := range 2 {
				l.op("VZIP1 V%d.S4, V%d.S4, V%d.S4", row(i+2), row(i), 16+2*i)
				l.op("VZIP2 V%d.S4, V%d.S4, V%d.S4", row(i+2), row(i), 17+2*i)
			}
			// V16, V17: rows 0 and 2 of columns 0 1, 2 3; V18, V19: rows 1 and 3.
			for i := range 2 {
				l.op("VZIP1 V%d.S4, V%d.S4, V%d.S4", 18+i, 16+i, 24+top+2*i)
				l.op("VZIP2 V%d.S4, V%d.S4, V%d.S4", 18+i, 16+i, 25+top+2*i)
			}
		}
		for i := range 4 {
			l.op("FSTPQ (F%d, F%d), (R0)", 24+i, 28+i)
			l.op("ADD R1, R0")
		}
	}
	l.op("ADD $32, R2")
	l.op("SUBS $8, R4")
	l.op("BNE square")
	l.op("RET")
}
