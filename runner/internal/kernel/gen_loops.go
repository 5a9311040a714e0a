//go:build ignore

package main

// A machine writes loops down for one instruction set. It has 16 registers of 8 float32,
// by number, of which loops use all but scratch. Two neighbours hold 8 float64, named by
// the first. A mask has all bits of a lane set or none. The last operand of an operation
// with a result of its own, if it is not on doubles or a choice, may be constant+i for
// number i of the parameter constants.
//
// The parameters of a function are "name kind", of these kinds:
//
//	matrix  *float32: rows of c columns, or n elements
//	column  *float32: one number a column
//	double  *float64: one number a column
//	rows, c, n  int: how many; n > 0, a multiple of 8, is how much of c, or of a flat array, is done
//	table   *float32: numbers for field, or the constants, each 8 times
//	choice  int: see choose
//	scalar  float32: in all lanes of the registers from scalars on, in order
type machine interface {
	write(format string, args ...any)
	String() string

	function(name string, parameters ...string)
	end()
	choose(choices map[int]func()) // by the parameter of that kind; it must be a key
	either(name string, body func(present bool))
	clearSums()                    // sets everything of the kind double to zero
	rows(body func())              // over each vector of each row
	flat(vectors int, body func()) // over n elements, that many vectors at a time

	load(to int, name string)
	loadPart(to int, name string, part int) // of the vectors at hand
	store(name string, from int)
	storePart(name string, from, part int)
	loadDoubles(to int, name string)
	storeDoubles(name string, from int)
	field(to int, table string, index int) // number index of a table into all lanes

	zero(to int)
	move(to, x int)
	add(to, x, y int)
	sub(to, x, y int)
	mul(to, x, y int)
	div(to, x, y int)
	sqrt(to, x int)
	fma(to, x, y int)          // to += x*y
	fnma(to, x, y int)         // to -= x*y
	onto(to, x, y int)         // to = to*x + y, fused
	atLeast(to, low int)       // low where it is greater
	atMost(to, high int)       // high where it is less
	less(to, x, y int)         // mask, ordered
	negative(spare, x int) int // mask of x < 0 for choice alone, in x or in spare; any for -0
	lessEqual(to, x, y int)    // mask, ordered
	and(to, x, y int)
	andNot(to, mask, x int) // x where the mask is not set
	or(to, x, y int)
	choice(to, mask, x int) // x where the mask is set
	exponent(to, x int)     // the low 9 bits of x at the place of sign and exponent
	widen(to, x int)        // to float64; x is lost
	addDoubles(to, x int)
	fmaDoubles(to, x, y int)

	// On lanes of 32 bits without sign.
	xor(to, x, y int)
	addInt(to, x, y int)
	notLess(to, x, y int)        // mask of x >= y
	mulWide(low, high, x, y int) // the halves of x*y; uses 13

	// The low or high half of x and of y, of each four lanes, in turns of one lane or two.
	interleave(to, x, y int, high, pairs bool)

	maxWindow()
	maxTiles()
	addTaken()
	sumTaken()
}

const (
	scalars = 12 // the first of the registers of scalar parameters
	scratch = 14

	constant = 100
)

// writeLoops writes every loop of the package that bodies on all machines share. The
// loops are the comments of their portable twins.
func writeLoops(m machine) {
	m.function("sumRows", "sum double", "x matrix", "rows rows", "c c", "n n")
	m.clearSums()
	m.rows(func() {
		m.load(0, "x")
		m.widen(1, 0)
		m.loadDoubles(3, "sum")
		m.addDoubles(3, 1)
		m.storeDoubles("sum", 3)
	})
	m.end()

	m.function("sumMoments", "sum double", "squares double", "x matrix", "rows rows", "c c", "n n")
	m.clearSums()
	m.rows(func() {
		m.load(0, "x")
		m.widen(1, 0)
		m.loadDoubles(3, "sum")
		m.addDoubles(3, 1)
		m.storeDoubles("sum", 3)
		m.loadDoubles(5, "squares")
		m.fmaDoubles(5, 1, 1)
		m.storeDoubles("squares", 5)
	})
	m.end()

	m.function("scaleRows", "y matrix", "x matrix", "s column", "rows rows", "c c", "n n")
	m.rows(func() {
		m.load(0, "x")
		m.load(1, "s")
		m.mul(0, 0, 1)
		m.store("y", 0)
	})
	m.end()

	m.function("sumProducts", "sum double", "dx matrix", "dy matrix", "x matrix", "s column", "rows rows", "c c", "n n")
	m.clearSums()
	m.rows(func() {
		m.load(0, "dy")
		m.load(1, "x")
		m.load(2, "s")
		m.mul(2, 0, 2)
		m.store("dx", 2)
		m.widen(3, 0)
		m.widen(5, 1)
		m.loadDoubles(7, "sum")
		m.fmaDoubles(7, 3, 5)
		m.storeDoubles("sum", 7)
	})
	m.end()

	writeBatchNorm(m)

	m.function("activate", "act choice", "y matrix", "x matrix", "n n", "constants table")
	m.choose(each(identity, gelu, func(act int) {
		m.flat(1, func() {
			m.load(0, "x")
			activation(m, act)
			m.store("y", 0)
		})
	}))
	m.end()

	m.function("activateGradient", "act choice", "dx matrix", "dy matrix", "x matrix", "n n", "constants table")
	m.choose(each(identity, gelu, func(act int) {
		m.flat(1, func() {
			m.load(0, "x")
			m.load(15, "dy")
			gradient(m, act)
			m.store("dx", 15)
		})
	}))
	m.end()

	m.function("exponentials", "y matrix", "x matrix", "n n", "constants table", "shift scalar")
	m.flat(1, func() {
		m.load(0, "x")
		m.sub(0, 0, scalars)
		exponential(m, 0, 1)
		m.store("y", 1)
	})
	m.end()

	m.function("addFloor", "y matrix", "x matrix", "residual matrix", "n n", "low scalar")
	m.flat(1, func() {
		m.load(0, "x")
		m.load(1, "residual")
		m.add(0, 0, 1)
		m.atLeast(0, scalars)
		m.store("y", 0)
	})
	m.end()

	m.function("scaleBy", "y matrix", "x matrix", "n n", "factor scalar")
	m.flat(1, func() {
		m.load(0, "x")
		m.mul(0, 0, scalars)
		m.store("y", 0)
	})
	m.end()

	m.function("divideBy", "y matrix", "x matrix", "n n", "divisor scalar")
	m.flat(1, func() {
		m.load(0, "x")
		m.div(0, 0, scalars)
		m.store("y", 0)
	})
	m.end()

	m.function("lerp", "a matrix", "w matrix", "n n", "rest scalar")
	m.flat(1, func() {
		m.load(0, "a")
		m.load(1, "w")
		m.sub(1, 1, 0)
		m.fma(0, 1, scalars)
		m.store("a", 0)
	})
	m.end()

	writeOptimizers(m)
	writeDropout(m)
	m.maxWindow()
	m.maxTiles()
	m.addTaken()
	m.sumTaken()
}

// each maps every number from first to last to body of it.
func each(first, last int, body func(k int)) map[int]func() {
	choices := map[int]func(){}
	for k := first; k <= last; k++ {
		choices[k] = func() { body(k) }
	}
	return choices
}

func writeBatchNorm(m machine) {
	// deviation puts x - mean into 9, and if wanted what batch norm makes of it into 0.
	deviation := func(normalized bool) {
		m.load(9, "x")
		m.load(1, "mean")
		m.sub(9, 9, 1)
		if normalized {
			m.load(1, "scale")
			m.load(0, "shift")
			m.fma(0, 9, 1)
		}
	}

	m.function("normalize", "act choice", "y matrix", "x matrix", "residual matrix", "mean column", "scale column", "shift column",
		"rows rows", "c c", "n n", "constants table")
	m.choose(each(identity, gelu, func(act int) {
		loop := func(residual bool) {
			m.rows(func() {
				deviation(true)
				if residual {
					m.load(1, "residual")
					m.add(0, 0, 1)
				}
				activation(m, act)
				m.store("y", 0)
			})
		}
		if act <= relu {
			m.either("residual", loop)
		} else {
			loop(false)
		}
	}))
	m.end()

	m.function("gradientOfNormalized", "act choice", "dz matrix", "dy matrix", "x matrix", "mean column", "scale column", "shift column",
		"rows rows", "c c", "n n", "constants table")
	m.choose(each(silu, gelu, func(act int) {
		m.rows(func() {
			deviation(true)
			m.load(15, "dy")
			gradient(m, act)
			m.store("dz", 15)
		})
	}))
	m.end()

	m.function("sumGradients", "act choice", "sum double", "dot double", "out matrix", "dy matrix", "x matrix", "y matrix",
		"mean column", "scale column", "shift column", "rows rows", "c c", "n n", "constants table")
	m.choose(each(identity, hardSigmoid, func(act int) {
		loop := func(out, residual bool) {
			m.rows(func() {
				deviation(act != identity && !residual)
				m.load(15, "dy")
				if residual {
					m.load(0, "y")
				}
				gradient(m, act)
				if out {
					m.store("out", 15)
				}
				m.widen(0, 15)
				m.widen(2, 9)
				m.loadDoubles(4, "dot")
				m.fmaDoubles(4, 0, 2)
				m.storeDoubles("dot", 4)
				m.loadDoubles(6, "sum")
				m.addDoubles(6, 0)
				m.storeDoubles("sum", 6)
			})
		}
		m.either("out", func(out bool) { loop(out, out && act == relu) })
	}))
	m.end()

	m.function("normalizeGradient", "act choice", "dx matrix", "dy matrix", "x matrix",
		"mean column", "offset column", "slope column", "scale column", "shift column", "rows rows", "c c", "n n", "constants table")
	m.choose(each(identity, hardSigmoid, func(act int) {
		m.rows(func() {
			deviation(act != identity)
			m.load(15, "dy")
			gradient(m, act)
			m.load(1, "offset")
			m.sub(15, 15, 1)
			m.load(1, "slope")
			m.fnma(15, 9, 1)
			m.load(1, "scale")
			m.mul(15, 15, 1)
			m.store("dx", 15)
		})
	}))
	m.end()
}

func writeOptimizers(m machine) {
	const beta1, rest1, beta2, rest2, root, eps, step, decay = 0, 1, 2, 3, 4, 5, 6, 7 // the fields of adamFactors
	m.function("adam", "w matrix", "grad matrix", "m matrix", "v matrix", "n n", "k table")
	m.flat(1, func() {
		m.load(0, "w")
		m.load(1, "grad")
		m.field(2, "k", decay)
		m.fma(1, 0, 2)
		m.load(2, "m")
		m.field(3, "k", beta1)
		m.mul(2, 2, 3)
		m.field(3, "k", rest1)
		m.fma(2, 1, 3)
		m.store("m", 2)
		m.load(3, "v")
		m.field(4, "k", beta2)
		m.mul(3, 3, 4)
		m.field(4, "k", rest2)
		m.mul(4, 4, 1)
		m.fma(3, 4, 1)
		m.store("v", 3)
		m.sqrt(3, 3)
		m.field(4, "k", root)
		m.div(3, 3, 4)
		m.field(4, "k", eps)
		m.add(3, 3, 4)
		m.field(4, "k", step)
		m.mul(2, 2, 4)
		m.div(2, 2, 3)
		m.add(0, 0, 2)
		m.store("w", 0)
	})
	m.end()

	m.function("sgd", "w matrix", "grad matrix", "b matrix", "nesterov choice", "n n", "k table")
	const momentum, rate, shrink = 0, 1, 2 // the fields of sgdFactors
	loop := func(buffer, nesterov bool) {
		m.flat(1, func() {
			m.load(0, "w")
			m.load(1, "grad")
			m.field(2, "k", shrink)
			m.fma(1, 0, 2)
			if buffer {
				m.load(2, "b")
				m.field(3, "k", momentum)
				m.mul(2, 2, 3)
				m.add(2, 2, 1)
				m.store("b", 2)
				if nesterov {
					m.fma(1, 2, 3)
				} else {
					m.move(1, 2)
				}
			}
			m.field(2, "k", rate)
			m.fma(0, 1, 2)
			m.store("w", 0)
		})
	}
	m.choose(map[int]func(){
		0: func() { m.either("b", func(buffer bool) { loop(buffer, false) }) },
		1: func() { loop(true, true) },
	})
	m.end()

	m.function("rmsprop", "w matrix", "grad matrix", "s matrix", "a matrix", "b matrix", "n n", "k table")
	m.either("a", func(centered bool) {
		m.either("b", func(buffer bool) {
			const alpha, rest, eps, momentum, step, decay = 0, 1, 2, 3, 4, 5 // the fields of rmspropFactors
			m.flat(1, func() {
				m.load(0, "w")
				m.load(1, "grad")
				m.field(2, "k", decay)
				m.fma(1, 0, 2)
				m.load(2, "s")
				m.field(3, "k", alpha)
				m.mul(2, 2, 3)
				m.field(4, "k", rest)
				m.mul(5, 1, 4)
				m.fma(2, 5, 1)
				m.store("s", 2)
				if centered {
					m.load(5, "a")
					m.mul(5, 5, 3)
					m.fma(5, 1, 4)
					m.store("a", 5)
					m.fnma(2, 5, 5)
				}
				m.sqrt(2, 2)
				m.field(3, "k", eps)
				m.add(2, 2, 3)
				m.field(3, "k", step)
				if buffer {
					m.div(1, 1, 2)
					m.load(2, "b")
					m.field(4, "k", momentum)
					m.mul(2, 2, 4)
					m.add(2, 2, 1)
					m.store("b", 2)
					m.fma(0, 2, 3)
				} else {
					m.mul(1, 1, 3)
					m.div(1, 1, 2)
					m.add(0, 0, 1)
				}
				m.store("w", 0)
			})
		})
	})
	m.end()
}

// writeDropout draws eight blocks of random words at a time, one a lane: Philox4x32-10
// as in package rng. The lanes are the blocks 0, 2, 4, 6, 1, 3, 5, 7, so that interleaving
// lines their words up.
func writeDropout(m machine) {
	const multiplier0, multiplier1, nonce0, nonce1, first, eight, threshold, factor, keys = 0, 1, 2, 3, 4, 5, 6, 7, 8 // of kernel's dropoutConstants
	const counter = 10
	m.function("drop", "y matrix", "x matrix", "n n", "constants table")
	m.move(counter, constant+first)
	m.flat(4, func() {
		x, next := []int{0, 1, 2, 3}, []int{4, 5, 6, 7}
		m.move(x[0], counter)
		m.zero(x[1])
		m.move(x[2], constant+nonce0)
		m.move(x[3], constant+nonce1)
		m.addInt(counter, counter, constant+eight)
		for round := range 10 {
			m.mulWide(next[3], next[2], x[0], constant+multiplier0)
			m.mulWide(next[1], next[0], x[2], constant+multiplier1)
			m.xor(next[0], next[0], x[1])
			m.xor(next[0], next[0], constant+keys+2*round)
			m.xor(next[2], next[2], x[3])
			m.xor(next[2], next[2], constant+keys+2*round+1)
			x, next = next, x
		}
		for half := range 2 {
			m.interleave(next[2*half], x[0], x[1], half == 1, false)
			m.interleave(next[2*half+1], x[2], x[3], half == 1, false)
		}
		for part := range 4 {
			a, b := next[part&^1], next[part|1]
			m.interleave(8, a, b, part%2 == 1, true)
			m.notLess(8, 8, constant+threshold)
			m.loadPart(9, "x", part)
			m.mul(9, 9, constant+factor)
			m.andNot(9, 8, 9)
			m.storePart("y", 9, part)
		}
	})
	m.end()
}
