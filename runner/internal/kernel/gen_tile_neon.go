//go:build ignore

package main

import (
	"bytes"
	"fmt"
)

// tileNEON writes the tile of m rows and 16 columns. V0 to V23 hold sums, four a row,
// V24 to V27 a row of b, V28 to V31 take turns in holding an element of a. R5 to R10
// point at the rows of a, and R11 counts how far the loop has come along them; R16 are
// the terms that are left of a block, R4 those after it.
func tileNEON(w *bytes.Buffer, m int, _ form) {
	line := func(format string, args ...any) { fmt.Fprintf(w, "\t"+format+"\n", args...) }
	for _, load := range [][2]string{
		{"a_base+32(FP)", "R5"}, {"rs+56(FP)", "R0"}, {"ks+64(FP)", "R1"},
		{"b_base+72(FP)", "R2"}, {"ldb+96(FP)", "R3"}, {"k+104(FP)", "R4"},
	} {
		line("MOVD %s, %s", load[0], load[1])
	}
	for _, stride := range []string{"R0", "R1", "R3"} {
		line("LSL $2, %s, %[1]s", stride)
	}
	for i := 1; i < m; i++ {
		line("ADD R0, R%d, R%d", 4+i, 5+i)
	}
	line("MOVD $0, R11")
	// R12 runs 16 rows of b ahead: these lie too far apart for the processor to foresee,
	// and come from memory where b is large. Fetching ahead never faults.
	line("ADD R3<<4, R2, R12")
	line("MOVD c_base+0(FP), R13")
	line("MOVD ldc+24(FP), R14")
	line("LSL $2, R14")
	line("MOVBU add+112(FP), R15")
	fmt.Fprint(w, "\nblock:\n")
	line("MOVD $%d, R16", block)
	line("CMP R16, R4")
	line("CSEL LT, R4, R16, R16")
	line("SUB R16, R4")
	for i := range 4 * m {
		line("VMOVI $0, V%d.B16", i)
	}
	line("CBZ R16, done")
	fmt.Fprint(w, "\nloop:\n")
	line("FLDPQ (R2), (F24, F25)")
	line("FLDPQ 32(R2), (F26, F27)")
	line("PRFM (R12), PLDL1KEEP")
	line("ADD R3, R12")
	for i := range m {
		x := 28 + i%4
		line("FMOVS (R%d)(R11), F%d", 5+i, x)
		for quarter := range 4 {
			line("%s", word("fmla v%d.4s, v%d.4s, v%d.s[0]", 4*i+quarter, 24+quarter, x))
		}
	}
	line("ADD R1, R11")
	line("ADD R3, R2")
	line("SUBS $1, R16")
	line("BNE loop")
	fmt.Fprint(w, "\ndone:\n")
	line("CBZ R15, store")
	line("MOVD R13, R17")
	for i := range m {
		line("FLDPQ (R17), (F24, F25)")
		line("FLDPQ 32(R17), (F26, F27)")
		for quarter := range 4 {
			line("%s", word("fadd v%d.4s, v%d.4s, v%d.4s", 4*i+quarter, 24+quarter, 4*i+quarter))
		}
		line("ADD R14, R17")
	}
	fmt.Fprint(w, "\nstore:\n")
	line("MOVD R13, R17")
	for i := range m {
		line("FSTPQ (F%d, F%d), (R17)", 4*i, 4*i+1)
		line("FSTPQ (F%d, F%d), 32(R17)", 4*i+2, 4*i+3)
		line("ADD R14, R17")
	}
	line("MOVD $1, R15")
	line("CBNZ R4, block")
	line("RET")
}

// transposeNEON writes the transpose of 8 rows, 8x8 elements at a time: four of 4x4, in which rows i and
// i+2 are interleaved, then what came out.
func transposeNEON(w *bytes.Buffer) {
	line := func(format string, args ...any) { fmt.Fprintf(w, "\t"+format+"\n", args...) }
	line("MOVD dst_base+0(FP), R0")
	line("MOVD dstStride+24(FP), R1")
	line("MOVD src_base+32(FP), R2")
	line("MOVD srcStride+56(FP), R3")
	line("MOVD cols+64(FP), R4")
	line("LSL $2, R1")
	line("LSL $2, R3")
	fmt.Fprint(w, "square:\n")
	line("MOVD R2, R5")
	for i := range 8 {
		line("FLDPQ (R5), (F%d, F%d)", 2*i, 2*i+1)
		line("ADD R3, R5")
	}
	// Columns 0 to 3 are in the even registers, 4 to 7 in the odd ones.
	for half := range 2 {
		for _, top := range []int{0, 4} {
			row := func(i int) int { return 2*(top+i) + half }
			for i := range 2 {
				line("VZIP1 V%d.S4, V%d.S4, V%d.S4", row(i+2), row(i), 16+2*i)
				line("VZIP2 V%d.S4, V%d.S4, V%d.S4", row(i+2), row(i), 17+2*i)
			}
			// V16, V17: rows 0 and 2 of columns 0 1, 2 3; V18, V19: rows 1 and 3.
			for i := range 2 {
				line("VZIP1 V%d.S4, V%d.S4, V%d.S4", 18+i, 16+i, 24+top+2*i)
				line("VZIP2 V%d.S4, V%d.S4, V%d.S4", 18+i, 16+i, 25+top+2*i)
			}
		}
		for i := range 4 {
			line("FSTPQ (F%d, F%d), (R0)", 24+i, 28+i)
			line("ADD R1, R0")
		}
	}
	line("ADD $32, R2")
	line("SUBS $8, R4")
	line("BNE square")
	line("RET")
}
