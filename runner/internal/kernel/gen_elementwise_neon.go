//go:build ignore

package main

import (
	"slices"
	"strings"
)

// neon writes for arm64. Register i of a machine is the pair V2i, V2i+1. What Go's
// assembler knows is in its notation, with the destination last; what goes through word
// is in Arm's. Pointers move on with every vector.
type neon struct {
	routines
	used []string // the parameters that the body at hand loads or stores
}

// The counts of the function at hand, and what rows makes of them.
const (
	rows   = "R19"
	c      = "R20" // then, in bytes, from behind a row's whole vectors to the next row
	n      = "R21"
	left   = "R22" // of n
	narrow = "R23" // bytes of n float32
	wide   = "R24" // bytes of n float64
)

func (a *neon) function(name string, parameters ...string) {
	a.declare(name, parameters, []string{"R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10"}, map[string]string{"rows": rows, "c": c, "n": n})
	register := scalars
	for _, text := range parameters {
		name, _, _ := strings.Cut(text, " ")
		switch p := a.parameters[name]; p.kind {
		case "choice":
		case "scalar":
			a.op("FMOVS %s+%d(FP), F%d", name, p.offset, 2*register)
			a.spread(register)
			register++
		default:
			a.op("MOVD %s+%d(FP), %s", name, p.offset, p.register)
		}
	}
	if len(a.of("rows")) > 0 {
		a.columns()
	}
}

// begin begins a function and loads its parameters, each "name REGISTER".
func (a *neon) begin(name string, parameters ...string) {
	a.labels = 0
	a.write("\nTEXT ·%sVector(SB), NOSPLIT, $0-%d\n", name, 8*len(parameters))
	for i, p := range parameters {
		name, register, _ := strings.Cut(p, " ")
		a.op("MOVD %s+%d(FP), %s", name, 8*i, register)
	}
}

func (a *neon) end() { a.op("RET") }

func (a *neon) choose(choices map[int]func()) {
	name := a.of("choice")[0]
	a.alternatives(choices, func(number int, label string) {
		a.op("MOVD %s+%d(FP), %s", name, a.parameters[name].offset, left)
		a.op("CMP $%d, %s", number, left)
		a.op("BNE %s", label)
	})
}

func (a *neon) either(name string, body func(present bool)) { a.unlessNil(a.pointer(name), body) }

// columns prepares the registers of the loops over rows.
func (a *neon) columns() {
	a.op("SUB %s, %s", n, c)
	a.op("LSL $2, %s", c)
	a.op("LSL $2, %s, %s", n, narrow)
	a.op("LSL $3, %s, %s", n, wide)
}

// flat leaves the pointers behind the last vector.
func (a *neon) flat(vectors int, body func()) {
	a.op("MOVD %s, %s", n, left)
	a.used = nil
	a.repeat(left, 8*vectors, func() {
		body()
		for _, name := range a.used {
			step := 32 * vectors
			if a.parameters[name].kind == "double" {
				step = 64
			}
			a.op("ADD $%d, %s", step, a.pointer(name))
		}
	})
}

// rewind brings the pointers that flat moved to where the next row needs them.
func (a *neon) rewind() {
	for _, name := range a.used {
		switch p := a.parameters[name]; p.kind {
		case "matrix":
			a.op("ADD %s, %s", c, p.register)
		case "column":
			a.op("SUB %s, %s", narrow, p.register)
		case "double":
			a.op("SUB %s, %s", wide, p.register)
		}
	}
}

func (a *neon) rows(body func()) {
	a.repeat(rows, 1, func() {
		a.flat(1, body)
		a.rewind()
	})
}

func (a *neon) clearSums() {
	a.zero(0)
	a.zero(1)
	a.flat(1, func() {
		for _, name := range a.of("double") {
			a.storeDoubles(name, 0)
		}
	})
	a.rewind()
}

// use is the register of a pointer that has to move on.
func (a *neon) use(name string) string {
	if !slices.Contains(a.used, name) {
		a.used = append(a.used, name)
	}
	return a.pointer(name)
}

func (a *neon) load(to int, name string)    { a.loadPart(to, name, 0) }
func (a *neon) store(name string, from int) { a.storePart(name, from, 0) }

func (a *neon) loadPart(to int, name string, part int) {
	a.op("FLDPQ %d(%s), (F%d, F%d)", 32*part, a.use(name), 2*to, 2*to+1)
}

func (a *neon) storePart(name string, from, part int) {
	a.op("FSTPQ (F%d, F%d), %d(%s)", 2*from, 2*from+1, 32*part, a.use(name))
}

func (a *neon) loadDoubles(to int, name string) {
	for i := range 2 {
		a.op("FLDPQ %d(%s), (F%d, F%d)", 32*i, a.use(name), 2*(to+i), 2*(to+i)+1)
	}
}

func (a *neon) storeDoubles(name string, from int) {
	for i := range 2 {
		a.op("FSTPQ (F%d, F%d), %d(%s)", 2*(from+i), 2*(from+i)+1, 32*i, a.use(name))
	}
}

func (a *neon) field(to int, table string, index int) {
	a.op("FMOVS %d(%s), F%d", 4*index, a.pointer(table), 2*to)
	a.spread(to)
}

// spread copies the lowest lane to all others.
func (a *neon) spread(register int) {
	a.op("VDUP V%d.S[0], V%d.S4", 2*register, 2*register+1)
	a.op("VDUP V%[1]d.S[0], V%[1]d.S4", 2*register)
}

// both writes an instruction for both halves of the registers, the last of which may be
// a constant, which goes into scratch.
func (a *neon) both(write func(format string, args ...any), format string, registers ...int) {
	for k, r := range registers {
		if r >= constant {
			a.constant(scratch, r)
			registers[k] = scratch
		}
	}
	for i := range 2 {
		var args []any
		for _, r := range registers {
			args = append(args, 2*r+i)
		}
		write(format, args...)
	}
}

func (a *neon) constant(to, y int) {
	a.op("FLDPQ %d(%s), (F%d, F%d)", 32*(y-constant), a.pointer("constants"), 2*to, 2*to+1)
}

// word writes an instruction that Go's assembler does not know, in Arm's notation.
func (a *neon) word(format string, args ...any) { a.op("%s", word(format, args...)) }

func (a *neon) zero(to int)            { a.both(a.op, "VMOVI $0, V%d.B16", to) }
func (a *neon) add(to, x, y int)       { a.both(a.word, "fadd v%d.4s, v%d.4s, v%d.4s", to, x, y) }
func (a *neon) sub(to, x, y int)       { a.both(a.word, "fsub v%d.4s, v%d.4s, v%d.4s", to, x, y) }
func (a *neon) mul(to, x, y int)       { a.both(a.word, "fmul v%d.4s, v%d.4s, v%d.4s", to, x, y) }
func (a *neon) div(to, x, y int)       { a.both(a.word, "fdiv v%d.4s, v%d.4s, v%d.4s", to, x, y) }
func (a *neon) sqrt(to, x int)         { a.both(a.word, "fsqrt v%d.4s, v%d.4s", to, x) }
func (a *neon) fma(to, x, y int)       { a.both(a.op, "VFMLA V%d.S4, V%d.S4, V%d.S4", y, x, to) }
func (a *neon) fnma(to, x, y int)      { a.both(a.op, "VFMLS V%d.S4, V%d.S4, V%d.S4", y, x, to) }
func (a *neon) less(to, x, y int)      { a.both(a.word, "fcmgt v%d.4s, v%d.4s, v%d.4s", to, y, x) }
func (a *neon) lessEqual(to, x, y int) { a.both(a.word, "fcmge v%d.4s, v%d.4s, v%d.4s", to, y, x) }
func (a *neon) and(to, x, y int)       { a.both(a.op, "VAND V%d.B16, V%d.B16, V%d.B16", y, x, to) }
func (a *neon) andNot(to, mask, x int) { a.both(a.word, "bic v%d.16b, v%d.16b, v%d.16b", to, x, mask) }
func (a *neon) or(to, x, y int)        { a.both(a.op, "VORR V%d.B16, V%d.B16, V%d.B16", y, x, to) }
func (a *neon) choice(to, mask, x int) { a.both(a.op, "VBIT V%d.B16, V%d.B16, V%d.B16", mask, x, to) }
func (a *neon) exponent(to, x int)     { a.both(a.op, "VSHL $23, V%d.S4, V%d.S4", x, to) }

func (a *neon) move(to, x int) {
	if x >= constant {
		a.constant(to, x)
		return
	}
	a.both(a.op, "VMOV V%d.B16, V%d.B16", x, to)
}

func (a *neon) onto(to, x, y int) {
	a.move(scratch, y)
	a.fma(scratch, to, x)
	a.move(to, scratch)
}

func (a *neon) negative(spare, x int) int {
	a.zero(spare)
	a.less(spare, x, spare)
	return spare
}

func (a *neon) atLeast(to, low int) {
	a.less(scratch, to, low)
	a.choice(to, scratch, low)
}

func (a *neon) atMost(to, high int) {
	a.less(scratch, high, to)
	a.choice(to, scratch, high)
}

func (a *neon) addInt(to, x, y int)  { a.both(a.word, "add v%d.4s, v%d.4s, v%d.4s", to, x, y) }
func (a *neon) xor(to, x, y int)     { a.both(a.word, "eor v%d.16b, v%d.16b, v%d.16b", to, x, y) }
func (a *neon) notLess(to, x, y int) { a.both(a.word, "cmhs v%d.4s, v%d.4s, v%d.4s", to, x, y) }

func (a *neon) mulWide(low, high, x, y int) {
	a.move(scratch, y)
	for i := range 2 {
		a.word("umull v26.2d, v%d.2s, v%d.2s", 2*x+i, 2*scratch)
		a.word("umull2 v27.2d, v%d.4s, v%d.4s", 2*x+i, 2*scratch)
		a.op("VUZP1 V27.S4, V26.S4, V%d.S4", 2*low+i)
		a.op("VUZP2 V27.S4, V26.S4, V%d.S4", 2*high+i)
	}
}

func (a *neon) interleave(to, x, y int, high, pairs bool) {
	mnemonic, lanes := "VZIP1", "S4"
	if high {
		mnemonic = "VZIP2"
	}
	if pairs {
		lanes = "D2"
	}
	for i := range 2 {
		a.op("%s V%d.%s, V%d.%[3]s, V%[5]d.%[3]s", mnemonic, 2*y+i, lanes, 2*x+i, 2*to+i)
	}
}

func (a *neon) widen(to, x int) {
	for i := range 2 {
		a.word("fcvtl v%d.2d, v%d.2s", 2*(to+i), 2*x+i)
		a.word("fcvtl2 v%d.2d, v%d.4s", 2*(to+i)+1, 2*x+i)
	}
}

func (a *neon) addDoubles(to, x int) {
	for i := range 4 {
		a.word("fadd v%d.2d, v%[1]d.2d, v%d.2d", 2*to+i, 2*x+i)
	}
}

func (a *neon) fmaDoubles(to, x, y int) {
	for i := range 4 {
		a.op("VFMLA V%d.D2, V%d.D2, V%d.D2", 2*y+i, 2*x+i, 2*to+i)
	}
}

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

// unlessNil writes body twice, for a pointer that is nil and one that is not.
func (a *neon) unlessNil(pointer string, body func(present bool)) {
	absent, done := a.label(), a.label()
	a.op("CBZ %s, %s", pointer, absent)
	body(true)
	a.op("JMP %s", done)
	a.write("%s:\n", absent)
	body(false)
	a.write("%s:\n", done)
}

// In maxWindow V0.. hold the largest so far, V8.. their taps, V28 the tap at hand, V29
// what it grows by after a row, V30 ones, V31 the first tap, V24 and V25 what a window
// begins with.
func (a *neon) maxWindow() {
	a.begin("maxWindow", "y R0", "index R1", "x R2", "n "+n, "c "+c,
		"rows R3", "columns R4", "rowStep R5", "first R6", "width R7", "start R8", "keep R9")
	a.op("VDUP R8, V24.S4")
	a.op("VDUP R9, V25.S4")
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
			for half := range 2 {
				a.op("VAND V25.B16, V%d.B16, V%[1]d.B16", 2*i+half)
				a.op("VMOV V24.B16, V%d.B16", 8+2*i+half)
			}
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
			a.op("FSTPQ.P (F%d, F%d), 32(R0)", 2*i, 2*i+1)
		}
		a.unlessNil("R1", func(index bool) {
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

// In maxTiles V24 to V27 are the taps, V28 and V29 what a window begins with.
func (a *neon) maxTiles() {
	a.begin("maxTiles", "y R0", "index R1", "x R2", "bias R3", "tiles "+rows, "n "+n, "c "+c, "step R4", "rowStep R5", "start R6", "keep R7")
	a.op("VDUP R6, V28.S4")
	a.op("VDUP R7, V29.S4")
	for tap := range 4 {
		a.op("MOVD $%d, R6", tap)
		a.op("VDUP R6, V%d.S4", 24+tap)
	}
	a.op("SUB %s, %s", n, c) // from behind the whole vectors to the next pixel of y
	a.op("LSL $2, R4")
	a.op("LSL $2, R5")
	a.op("LSL $2, %s, %s", n, narrow)
	pixels := []string{"R6", "R7", "R8", "R9"}
	a.repeat(rows, 1, func() {
		a.op("MOVD R2, R6")
		a.op("ADD R4, R2, R7")
		a.op("ADD R5, R2, R8")
		a.op("ADD R4, R8, R9")
		a.op("MOVD %s, %s", n, left)
		a.repeat(left, 8, func() {
			for tap, pixel := range pixels {
				a.op("FLDPQ.P 32(%s), (F%d, F%d)", pixel, 2*tap, 2*tap+1)
			}
			a.unlessNil("R3", func(bias bool) {
				if !bias {
					return
				}
				a.op("FLDPQ.P 32(R3), (F8, F9)")
				for tap := range 4 {
					a.add(tap, tap, 4)
				}
			})
			for half := range 2 {
				best, at := 10+half, 12+half
				a.op("VAND V29.B16, V%d.B16, V%d.B16", half, best)
				a.op("VMOV V28.B16, V%d.B16", at)
				for tap := range 4 {
					x := 2*tap + half
					a.word("fcmgt v18.4s, v%d.4s, v%d.4s", x, best)
					a.word("fcmeq v19.4s, v%d.4s, v%[1]d.4s", x)
					a.word("orn v18.16b, v18.16b, v19.16b") // greater or NaN
					a.op("VBIT V18.B16, V%d.B16, V%d.B16", x, best)
					a.op("VBIT V18.B16, V%d.B16, V%d.B16", 24+tap, at)
				}
			}
			a.op("FSTPQ.P (F10, F11), 32(R0)")
			a.unlessNil("R1", func(index bool) {
				if !index {
					return
				}
				a.op("VUZP1 V13.H8, V12.H8, V16.H8") // the low halves
				a.op("VUZP1 V16.B16, V16.B16, V16.B16")
				a.op("FMOVD.P F16, 8(R1)")
			})
		})
		a.op("ADD %s<<2, R0", c)
		a.unlessNil("R1", func(index bool) {
			if index {
				a.op("ADD %s, R1", c)
			}
		})
		a.unlessNil("R3", func(bias bool) {
			if bias {
				a.op("SUB %s, R3", narrow)
			}
		})
		a.op("ADD R4<<1, R2")
	})
	a.end()
}

func (a *neon) sumTaken() {
	a.begin("sumTaken", "sum R0", "dy R1", "index R2", "pixels "+rows, "c "+c, "n "+n, "row R3")
	a.op("VDUP R3, V31.S4")
	a.op("SUB %s, %s, R4", n, c) // bytes of index from behind the whole vectors to the next pixel
	a.columns()
	a.repeat(rows, 1, func() {
		a.op("MOVD %s, %s", n, left)
		a.repeat(left, 8, func() {
			a.op("FMOVD.P 8(R2), F0")
			a.op("VUXTL V0.B8, V0.H8")
			a.op("VUXTL2 V0.H8, V3.S4")
			a.op("VUXTL V0.H4, V2.S4")
			a.op("FLDPQ.P 32(R1), (F4, F5)")
			for i := range 2 {
				a.op("VUSHR $1, V%d.S4, V%[1]d.S4", 2+i)
				a.op("VCMEQ V31.S4, V%d.S4, V%[1]d.S4", 2+i)
				a.op("VAND V%d.B16, V%d.B16, V%[2]d.B16", 2+i, 4+i)
			}
			a.widen(4, 2)
			a.op("FLDPQ (R0), (F12, F13)")
			a.op("FLDPQ 32(R0), (F14, F15)")
			a.addDoubles(6, 4)
			a.op("FSTPQ.P (F12, F13), 32(R0)")
			a.op("FSTPQ.P (F14, F15), 32(R0)")
		})
		a.op("SUB %s, R0", wide)
		a.op("ADD %s, R1", c)
		a.op("ADD R4, R2")
	})
	a.end()
}

func (a *neon) addTaken() {
	a.begin("addTaken", "dx R0", "dy R1", "index R2", "pixels "+rows, "c "+c, "n "+n, "step R3", "tap R4", "keep R5")
	a.op("VDUP R4, V31.S4")
	a.op("VDUP R5, V30.S4")
	a.op("SUB %s, %s, R4", n, c) // bytes of index from behind the whole vectors to the next row
	a.columns()
	a.op("LSL $2, R3")
	a.op("SUB %s, R3", narrow) // the same of dx
	a.repeat(rows, 1, func() {
		a.op("MOVD %s, %s", n, left)
		a.repeat(left, 8, func() {
			a.op("FMOVD.P 8(R2), F0")
			a.op("VUXTL V0.B8, V0.H8")
			a.op("VUXTL2 V0.H8, V3.S4")
			a.op("VUXTL V0.H4, V2.S4")
			a.op("FLDPQ.P 32(R1), (F4, F5)")
			a.op("FLDPQ (R0), (F6, F7)")
			for i := range 2 {
				a.op("VCMEQ V31.S4, V%d.S4, V%[1]d.S4", 2+i)
				a.op("VAND V%d.B16, V%d.B16, V%[2]d.B16", 2+i, 4+i)
				a.op("VAND V30.B16, V%d.B16, V%[1]d.B16", 6+i)
			}
			a.add(3, 3, 2)
			a.op("FSTPQ.P (F6, F7), 32(R0)")
		})
		a.op("ADD R3, R0")
		a.op("ADD %s, R1", c)
		a.op("ADD R4, R2")
	})
	a.end()
}
