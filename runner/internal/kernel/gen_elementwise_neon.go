//go:build ignore

package main

import (
	"fmt"
	"log"
)

// neon collects the arm64 form of the loops. What Go's assembler knows is in its
// notation, with the destination last; what goes through word is in Arm's.
type neon struct{ listing }

// Registers of the loops over rows: three parameters, and what columns makes of them.
const (
	rows   = "R19"
	c      = "R20" // then, in bytes, from behind a row's whole vectors to the next row
	n      = "R21"
	left   = "R22" // of n
	narrow = "R23" // bytes of n float32
	wide   = "R24" // bytes of n float64
)

// function begins a function and loads its parameters, each "name size REGISTER":
// 8 bytes into a general register, 4 bytes (a float32) into all lanes of a vector
// register.
func (a *neon) function(name string, parameters ...string) {
	a.labels = 0
	var offset int
	var loads []string
	for _, p := range parameters {
		var parameter, register string
		var size int
		if _, err := fmt.Sscan(p, &parameter, &size, &register); err != nil {
			log.Fatalf("%s: parameter %q: %v", name, p, err)
		}
		if size == 4 {
			number := register[1:]
			loads = append(loads, fmt.Sprintf("FMOVS %s+%d(FP), F%s", parameter, offset, number), "VDUP V"+number+".S[0], V"+number+".S4")
		} else {
			loads = append(loads, fmt.Sprintf("MOVD %s+%d(FP), %s", parameter, offset, register))
		}
		offset += size
	}
	a.write("\nTEXT ·%sVector(SB), NOSPLIT, $0-%d\n", name, offset)
	for _, l := range loads {
		a.op("%s", l)
	}
}

func (a *neon) end() { a.op("RET") }

// word writes an instruction that Go's assembler does not know, in Arm's notation.
func (a *neon) word(format string, args ...any) { a.op("%s", word(format, args...)) }

// repeat runs body until count, which is positive, has come down to 0 by steps.
func (a *neon) repeat(count string, step int, body func()) {
	again := a.label()
	a.write("%s:\n", again)
	body()
	a.op("SUBS $%d, %s", step, count)
	a.op("BNE %s", again)
}

// blocks runs body for as many units of 8 elements as still fit into n, for each of
// the widths in turn. Body gets the width.
func (a *neon) blocks(widths []int, body func(units int)) {
	for _, w := range widths {
		again, next := a.label(), a.label()
		a.write("%s:\n", again)
		a.op("CMP $%d, %s", 8*w, n)
		a.op("BLT %s", next)
		body(w)
		a.op("SUB $%d, %s", 8*w, n)
		a.op("JMP %s", again)
		a.write("%s:\n", next)
	}
}

// columns prepares the registers of the loops over rows.
func (a *neon) columns() {
	a.op("SUB %s, %s", n, c)
	a.op("LSL $2, %s", c)
	a.op("LSL $2, %s, %s", n, narrow)
	a.op("LSL $3, %s, %s", n, wide)
}

// row runs body, which moves its pointers on, over the units of 8 elements of a row.
func (a *neon) row(body func()) {
	a.op("MOVD %s, %s", n, left)
	a.repeat(left, 8, body)
}

// rows runs body over each row. Then the pointers into matrices go on to the next row,
// those to one float32 or float64 a column back to the first.
func (a *neon) rows(matrices, singles, doubles []string, body func()) {
	a.repeat(rows, 1, func() {
		a.row(body)
		for _, p := range matrices {
			a.op("ADD %s, %s", c, p)
		}
		for _, p := range singles {
			a.op("SUB %s, %s", narrow, p)
		}
		for _, p := range doubles {
			a.op("SUB %s, %s", wide, p)
		}
	})
}

// clearSums sets float64 sums of as many columns to zero.
func (a *neon) clearSums(pointers ...string) {
	a.zero(0)
	for _, p := range pointers {
		a.row(func() {
			a.op("FSTPQ (F0, F0), 32(%s)", p)
			a.op("FSTPQ.P (F0, F0), 64(%s)", p)
		})
		a.op("SUB %s, %s", wide, p)
	}
}

// either writes body twice, for a pointer that is nil and one that is not.
func (a *neon) either(pointer string, body func(present bool)) {
	absent, done := a.label(), a.label()
	a.op("CBZ %s, %s", pointer, absent)
	body(true)
	a.op("JMP %s", done)
	a.write("%s:\n", absent)
	body(false)
	a.write("%s:\n", done)
}

func (a *neon) zero(register int) { a.op("VMOVI $0, V%d.B16", register) }

// load puts the 8 float32 at the pointer into two registers, and moves it on.
func (a *neon) load(pointer string, register int) {
	a.op("FLDPQ.P 32(%s), (F%d, F%d)", pointer, register, register+1)
}

// peek is load without moving on.
func (a *neon) peek(pointer string, register int) {
	a.op("FLDPQ (%s), (F%d, F%d)", pointer, register, register+1)
}

func (a *neon) store(register int, pointer string) {
	a.op("FSTPQ.P (F%d, F%d), 32(%s)", register, register+1, pointer)
}

// peekDoubles puts the 8 float64 at the pointer into four registers.
func (a *neon) peekDoubles(pointer string, register int) {
	a.op("FLDPQ (%s), (F%d, F%d)", pointer, register, register+1)
	a.op("FLDPQ 32(%s), (F%d, F%d)", pointer, register+2, register+3)
}

func (a *neon) storeDoubles(register int, pointer string) {
	a.op("FSTPQ (F%d, F%d), 32(%s)", register+2, register+3, pointer)
	a.op("FSTPQ.P (F%d, F%d), 64(%s)", register, register+1, pointer)
}

// both writes an instruction on vectors of 4 float32 for two registers at once.
func (a *neon) both(mnemonic string, to, x, y int) {
	for i := range 2 {
		a.word("%s v%d.4s, v%d.4s, v%d.4s", mnemonic, to+i, x+i, y+i)
	}
}

// bothBy is both where the second operand is one register.
func (a *neon) bothBy(mnemonic string, to, x, y int) {
	for i := range 2 {
		a.word("%s v%d.4s, v%d.4s, v%d.4s", mnemonic, to+i, x+i, y)
	}
}

// bothFused is a fused multiply-add: to += x*y, or to -= x*y by VFMLS.
func (a *neon) bothFused(mnemonic string, to, x, y int) {
	for i := range 2 {
		a.op("%s V%d.S4, V%d.S4, V%d.S4", mnemonic, y+i, x+i, to+i)
	}
}

// bothFusedBy is bothFused where the second factor is one register.
func (a *neon) bothFusedBy(to, x, y int) {
	for i := range 2 {
		a.op("VFMLA V%d.S4, V%d.S4, V%d.S4", y, x+i, to+i)
	}
}

// widen puts the 8 float32 of two registers into four as float64.
func (a *neon) widen(register, to int) {
	for i := range 2 {
		a.word("fcvtl v%d.2d, v%d.2s", to+2*i, register+i)
		a.word("fcvtl2 v%d.2d, v%d.4s", to+2*i+1, register+i)
	}
}

// atLeast puts the lowest value in where a register is less, so that a NaN stays one
// and a zero keeps its sign.
func (a *neon) atLeast(low, register, scratch int) {
	for i := range 2 {
		a.word("fcmgt v%d.4s, v%d.4s, v%d.4s", scratch+i, low, register+i)
		a.op("VBIT V%d.B16, V%d.B16, V%d.B16", scratch+i, low, register+i)
	}
}

// rectify clears x where y, which it destroys, is not greater than zero.
func (a *neon) rectify(x, y, zero int) {
	a.bothBy("fcmgt", y, y, zero)
	for i := range 2 {
		a.op("VAND V%d.B16, V%d.B16, V%[2]d.B16", y+i, x+i)
	}
}

func (a *neon) sumRows() {
	a.function("sumRows", "sum 8 R0", "x 8 R1", "rows 8 "+rows, "c 8 "+c, "n 8 "+n)
	a.columns()
	a.clearSums("R0")
	a.rows([]string{"R1"}, nil, []string{"R0"}, func() {
		a.load("R1", 0)
		a.peekDoubles("R0", 16)
		a.widen(0, 4)
		for i := range 4 {
			a.word("fadd v%d.2d, v%[1]d.2d, v%d.2d", 16+i, 4+i)
		}
		a.storeDoubles(16, "R0")
	})
	a.end()
}

func (a *neon) sumSquares() {
	a.function("sumSquares", "sum 8 R0", "x 8 R1", "mean 8 R2", "rows 8 "+rows, "c 8 "+c, "n 8 "+n)
	a.columns()
	a.clearSums("R0")
	a.rows([]string{"R1"}, []string{"R2"}, []string{"R0"}, func() {
		a.load("R1", 0)
		a.load("R2", 2)
		a.peekDoubles("R0", 16)
		a.both("fsub", 0, 0, 2)
		a.widen(0, 4)
		for i := range 4 {
			a.op("VFMLA V%d.D2, V%[1]d.D2, V%d.D2", 4+i, 16+i)
		}
		a.storeDoubles(16, "R0")
	})
	a.end()
}

func (a *neon) normalize() {
	a.function("normalize", "y 8 R0", "x 8 R1", "residual 8 R2", "mean 8 R3", "scale 8 R4", "shift 8 R5",
		"rows 8 "+rows, "c 8 "+c, "n 8 "+n, "low 4 V31")
	a.columns()
	a.either("R2", func(residual bool) {
		matrices := []string{"R0", "R1"}
		if residual {
			matrices = append(matrices, "R2")
		}
		a.rows(matrices, []string{"R3", "R4", "R5"}, nil, func() {
			a.load("R1", 0)
			a.load("R3", 2)
			a.load("R4", 4)
			a.load("R5", 6)
			a.both("fsub", 0, 0, 2)
			a.bothFused("VFMLA", 6, 0, 4)
			if residual {
				a.load("R2", 16)
				a.both("fadd", 6, 6, 16)
			}
			a.atLeast(31, 6, 2)
			a.store(6, "R0")
		})
	})
	a.end()
}

func (a *neon) sumGradients() {
	a.function("sumGradients", "sum 8 R0", "dot 8 R1", "out 8 R2", "dy 8 R3", "x 8 R4", "y 8 R5", "mean 8 R6",
		"rows 8 "+rows, "c 8 "+c, "n 8 "+n)
	a.columns()
	a.clearSums("R0", "R1")
	a.zero(31)
	a.either("R2", func(out bool) {
		a.either("R5", func(relu bool) {
			matrices := []string{"R3", "R4"}
			if out {
				matrices = append(matrices, "R2")
			}
			if relu {
				matrices = append(matrices, "R5")
			}
			a.rows(matrices, []string{"R6"}, []string{"R0", "R1"}, func() {
				a.load("R3", 0)
				if relu {
					a.load("R5", 2)
					a.rectify(0, 2, 31)
				}
				if out {
					a.store(0, "R2")
				}
				a.load("R4", 4)
				a.load("R6", 6)
				a.both("fsub", 4, 4, 6)
				a.widen(0, 16)
				a.widen(4, 20)
				a.peekDoubles("R1", 24)
				for i := range 4 {
					a.op("VFMLA V%d.D2, V%d.D2, V%d.D2", 16+i, 20+i, 24+i)
				}
				a.storeDoubles(24, "R1")
				a.peekDoubles("R0", 24)
				for i := range 4 {
					a.word("fadd v%d.2d, v%[1]d.2d, v%d.2d", 24+i, 16+i)
				}
				a.storeDoubles(24, "R0")
			})
		})
	})
	a.end()
}

func (a *neon) normalizeGradient() {
	a.function("normalizeGradient", "dx 8 R0", "dy 8 R1", "x 8 R2", "y 8 R3", "mean 8 R4", "offset 8 R5", "slope 8 R6", "scale 8 R7",
		"rows 8 "+rows, "c 8 "+c, "n 8 "+n)
	a.columns()
	a.zero(31)
	a.either("R3", func(relu bool) {
		matrices := []string{"R0", "R1", "R2"}
		if relu {
			matrices = append(matrices, "R3")
		}
		a.rows(matrices, []string{"R4", "R5", "R6", "R7"}, nil, func() {
			a.load("R1", 0)
			if relu {
				a.load("R3", 2)
				a.rectify(0, 2, 31)
			}
			a.load("R5", 2)
			a.load("R2", 4)
			a.load("R4", 6)
			a.load("R6", 16)
			a.load("R7", 18)
			a.both("fsub", 0, 0, 2)
			a.both("fsub", 4, 4, 6)
			a.bothFused("VFMLS", 0, 4, 16)
			a.both("fmul", 0, 0, 18)
			a.store(0, "R0")
		})
	})
	a.end()
}

func (a *neon) addFloor() {
	a.function("addFloor", "y 8 R0", "x 8 R1", "residual 8 R2", "n 8 "+n, "low 4 V31")
	a.either("R2", func(residual bool) {
		a.blocks([]int{4, 1}, func(units int) {
			for range units {
				a.load("R1", 0)
				if residual {
					a.load("R2", 2)
					a.both("fadd", 0, 0, 2)
				}
				a.atLeast(31, 0, 4)
				a.store(0, "R0")
			}
		})
	})
	a.end()
}

func (a *neon) keepPositive() {
	a.function("keepPositive", "dx 8 R0", "dy 8 R1", "y 8 R2", "n 8 "+n)
	a.zero(31)
	a.blocks([]int{4, 1}, func(units int) {
		for range units {
			a.load("R1", 0)
			a.load("R2", 2)
			a.rectify(0, 2, 31)
			a.store(0, "R0")
		}
	})
	a.end()
}

// In maxWindow V0.. hold the largest so far, V8.. their taps, V28 the tap at hand, V29
// what it grows by after a row, V30 ones, V31 the first tap.
func (a *neon) maxWindow() {
	a.function("maxWindow", "y 8 R0", "index 8 R1", "x 8 R2", "n 8 "+n, "c 8 "+c,
		"rows 8 R3", "columns 8 R4", "rowStep 8 R5", "first 8 R6", "width 8 R7")
	a.op("LSL $2, %s", c)
	a.op("LSL $2, R5")
	a.op("MUL %s, R4, R8", c)
	a.op("SUB R8, R5") // from behind a row's last element to the next row
	a.op("SUB R4, R7")
	a.op("VDUP R7, V29.S4")
	a.op("MOVD $1, R8")
	a.op("VDUP R8, V30.S4")
	a.op("VDUP R6, V31.S4")
	a.blocks([]int{4, 1}, func(units int) {
		a.op("VMOV V31.B16, V28.B16")
		for i := range units {
			a.op("FLDPQ %d(R2), (F%d, F%d)", 32*i, 2*i, 2*i+1)
			a.op("VMOV V31.B16, V%d.B16", 8+2*i)
			a.op("VMOV V31.B16, V%d.B16", 9+2*i)
		}
		a.op("MOVD R2, R8")
		a.op("MOVD R3, R9")
		a.repeat("R9", 1, func() {
			a.op("MOVD R4, R10")
			a.repeat("R10", 1, func() {
				for i := range units {
					a.op("FLDPQ %d(R8), (F16, F17)", 32*i)
					for half := range 2 {
						x, best, at := 16+half, 2*i+half, 8+2*i+half
						a.word("fcmgt v18.4s, v%d.4s, v%d.4s", x, best)
						a.word("fcmeq v19.4s, v%d.4s, v%[1]d.4s", x)
						a.word("orn v18.16b, v18.16b, v19.16b") // greater or NaN
						a.op("VBIT V18.B16, V%d.B16, V%d.B16", x, best)
						a.op("VBIT V18.B16, V28.B16, V%d.B16", at)
					}
				}
				a.op("VADD V30.S4, V28.S4, V28.S4")
				a.op("ADD %s, R8", c)
			})
			a.op("VADD V29.S4, V28.S4, V28.S4")
			a.op("ADD R5, R8")
		})
		for i := range units {
			a.store(2*i, "R0")
		}
		a.either("R1", func(index bool) {
			if !index {
				return
			}
			for i := range units {
				a.op("VUZP1 V%d.H8, V%d.H8, V16.H8", 9+2*i, 8+2*i) // the low halves
				a.op("VUZP1 V16.B16, V16.B16, V16.B16")
				a.op("FMOVD.P F16, 8(R1)")
			}
		})
		a.op("ADD $%d, R2", 32*units)
	})
	a.end()
}

func (a *neon) addTaken() {
	a.function("addTaken", "dx 8 R0", "dy 8 R1", "index 8 R2", "pixels 8 "+rows, "c 8 "+c, "n 8 "+n, "step 8 R3", "tap 8 R4")
	a.op("VDUP R4, V31.S4")
	a.op("SUB %s, %s, R4", n, c) // bytes of index from behind the whole vectors to the next row
	a.columns()
	a.op("LSL $2, R3")
	a.op("SUB %s, R3", narrow) // the same of dx
	a.repeat(rows, 1, func() {
		a.row(func() {
			a.op("FMOVD.P 8(R2), F0")
			a.op("VUXTL V0.B8, V0.H8")
			a.op("VUXTL2 V0.H8, V3.S4")
			a.op("VUXTL V0.H4, V2.S4")
			a.load("R1", 4)
			a.peek("R0", 6)
			for i := range 2 {
				a.op("VCMEQ V31.S4, V%d.S4, V%[1]d.S4", 2+i)
				a.op("VAND V%d.B16, V%d.B16, V%[2]d.B16", 2+i, 4+i)
			}
			a.both("fadd", 6, 6, 4)
			a.store(6, "R0")
		})
		a.op("ADD R3, R0")
		a.op("ADD %s, R1", c)
		a.op("ADD R4, R2")
	})
	a.end()
}

// broadcast loads consecutive float32 fields at the pointer, which it moves, into all
// lanes of the registers from the given one on.
func (a *neon) broadcast(pointer string, register, fields int) {
	for i := range fields {
		a.op("VLD1R.P 4(%s), [V%d.S4]", pointer, register+i)
	}
}

func (a *neon) adam() {
	const beta1, rest1, beta2, rest2, root, eps, step, decay = 24, 25, 26, 27, 28, 29, 30, 31 // the fields of adamFactors
	a.function("adam", "w 8 R0", "grad 8 R1", "m 8 R2", "v 8 R3", "n 8 "+n, "k 8 R4")
	a.broadcast("R4", beta1, 8)
	a.repeat(n, 8, func() {
		a.peek("R0", 0)
		a.load("R1", 2)
		a.peek("R2", 4)
		a.peek("R3", 6)
		a.bothFusedBy(2, 0, decay)
		a.bothBy("fmul", 4, 4, beta1)
		a.bothFusedBy(4, 2, rest1)
		a.store(4, "R2")
		a.bothBy("fmul", 6, 6, beta2)
		a.bothBy("fmul", 16, 2, rest2)
		a.bothFused("VFMLA", 6, 16, 2)
		a.store(6, "R3")
		for i := range 2 {
			a.word("fsqrt v%d.4s, v%[1]d.4s", 6+i)
		}
		a.bothBy("fdiv", 6, 6, root)
		a.bothBy("fadd", 6, 6, eps)
		a.bothBy("fmul", 4, 4, step)
		a.both("fdiv", 4, 4, 6)
		a.both("fadd", 0, 0, 4)
		a.store(0, "R0")
	})
	a.end()
}

func (a *neon) sgd() {
	const momentum, step, decay = 29, 30, 31 // the fields of sgdFactors
	loop := func(buffer, nesterov bool) {
		a.repeat(n, 8, func() {
			a.peek("R0", 0)
			a.load("R1", 2)
			a.bothFusedBy(2, 0, decay)
			d := 2
			if buffer {
				a.peek("R2", 4)
				a.bothBy("fmul", 4, 4, momentum)
				a.both("fadd", 4, 4, 2)
				a.store(4, "R2")
				if nesterov {
					a.bothFusedBy(2, 4, momentum)
				} else {
					d = 4
				}
			}
			a.bothFusedBy(0, d, step)
			a.store(0, "R0")
		})
	}
	a.function("sgd", "w 8 R0", "grad 8 R1", "b 8 R2", "nesterov 8 R3", "n 8 "+n, "k 8 R4")
	a.broadcast("R4", momentum, 3)
	a.either("R2", func(buffer bool) {
		if !buffer {
			loop(false, false)
			return
		}
		a.either("R3", func(nesterov bool) { loop(true, nesterov) })
	})
	a.end()
}
