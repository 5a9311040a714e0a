//go:build ignore

package main

// The activations of kernel, in their order.
const (
	identity = iota
	relu
	relu6
	hardSwish
	hardSigmoid
	silu
	sigmoid
	gelu
)

// The table of constants, in the order of kernel's activationConstants.
const (
	sign = iota // only that bit
	one
	half
	minusHalf
	quarter
	third
	sixth
	three
	minusThree
	six
	sigmoidLow
	sigmoidHigh
	normalLow
	normalHigh
	density
	log2e
	magic
	minusLn2High
	minusLn2Low
	lowest
	coefficient5040
	coefficient720
	coefficient120
	coefficient24
	tail0 // to tail9
)

// constant is a number of that table.
func constant(m machine, to, index int) { m.field(to, "constants", index) }

// activation puts the activation of register 0 there. It uses 1 to 8 besides.
func activation(m machine, act int) {
	switch act {
	case relu, relu6:
		m.zero(1)
		m.atLeast(0, 1)
		if act == relu6 {
			constant(m, 1, six)
			m.atMost(0, 1)
		}
	case hardSwish, hardSigmoid:
		constant(m, 1, sixth)
		constant(m, 2, half)
		m.fma(2, 0, 1)
		m.zero(1)
		m.atLeast(2, 1)
		constant(m, 1, one)
		m.atMost(2, 1)
		if act == hardSigmoid {
			m.move(0, 2)
			return
		}
		constant(m, 1, minusThree)
		m.atLeast(0, 1)
		m.mul(0, 0, 2)
	case silu:
		sigmoids(m)
		constant(m, 2, sigmoidLow)
		m.atLeast(0, 2)
		m.mul(0, 0, 1)
	case sigmoid:
		sigmoids(m)
		m.move(0, 1)
	case gelu:
		normal(m)
		constant(m, 1, normalLow)
		m.atLeast(0, 1)
		m.mul(0, 0, 2)
	}
}

// gradient multiplies register 15 by the slope of the activation at register 0. It uses
// 0 to 8 besides.
func gradient(m machine, act int) {
	switch act {
	case relu, relu6:
		m.zero(1)
		m.less(1, 1, 0)
		if act == relu6 {
			constant(m, 2, six)
			m.less(2, 0, 2)
			m.and(1, 1, 2)
		}
		m.and(15, 15, 1)
	case hardSwish:
		constant(m, 1, third)
		constant(m, 2, half)
		m.fma(2, 0, 1)
		m.mul(2, 2, 15)
		constant(m, 1, three)
		m.lessEqual(1, 1, 0)
		m.choice(2, 1, 15)
		constant(m, 1, minusThree)
		m.less(1, 0, 1)
		m.andNot(15, 1, 2)
	case hardSigmoid:
		constant(m, 1, minusThree)
		m.less(1, 1, 0)
		constant(m, 2, three)
		m.less(2, 0, 2)
		m.and(1, 1, 2)
		constant(m, 2, sixth)
		m.mul(15, 15, 2)
		m.and(15, 15, 1)
	case silu:
		sigmoids(m)
		constant(m, 2, sigmoidLow)
		m.atLeast(0, 2)
		constant(m, 2, sigmoidHigh)
		m.atMost(0, 2)
		constant(m, 2, one)
		m.fma(2, 0, 3)
		m.mul(1, 1, 2)
		m.mul(15, 15, 1)
	case sigmoid:
		sigmoids(m)
		m.mul(1, 1, 3)
		m.mul(15, 15, 1)
	case gelu:
		normal(m)
		constant(m, 1, normalLow)
		m.atLeast(0, 1)
		constant(m, 1, normalHigh)
		m.atMost(0, 1)
		m.fma(2, 0, 4)
		m.mul(15, 15, 2)
	}
}

// exponential puts e to the x into to. It uses the three registers after to besides.
func exponential(m machine, x, to int) {
	r, t, p := to+1, to+2, to+3
	constant(m, p, log2e)
	constant(m, t, magic)
	m.move(r, t)
	m.fma(t, x, p)
	m.sub(p, t, r) // k
	m.move(r, x)
	constant(m, to, minusLn2High)
	m.fma(r, p, to)
	constant(m, to, minusLn2Low)
	m.fma(r, p, to)
	constant(m, p, coefficient5040)
	from := p
	for _, c := range []int{coefficient720, coefficient120, coefficient24, sixth, half, one, one} {
		next := to + p - from // the other of the two
		constant(m, next, c)
		m.fma(next, from, r)
		from = next
	}
	m.exponent(t, t)
	m.mul(to, from, t)
	constant(m, t, lowest)
	m.less(t, x, t)
	m.andNot(to, t, to)
}

// sigmoids puts the sigmoid of register 0 into 1 and 1 less that into 3. It uses 2 to 5.
func sigmoids(m machine) {
	constant(m, 1, sign)
	m.or(1, 0, 1)
	exponential(m, 1, 2)
	constant(m, 4, one)
	m.add(5, 4, 2)
	m.div(1, 4, 5)
	m.mul(3, 2, 1)
	m.zero(4)
	m.less(4, 0, 4)
	m.move(2, 1)
	m.choice(1, 4, 3)
	m.choice(3, 4, 2)
}

// normal puts the share of the standard normal distribution below register 0 into 2 and
// its density there into 4. It uses 1 to 8.
func normal(m machine) {
	constant(m, 4, sign)
	m.andNot(1, 4, 0)
	constant(m, 2, normalHigh)
	m.atMost(1, 2)
	m.mul(2, 1, 1)
	m.or(3, 2, 4)
	m.fma(3, 1, 1) // lost
	constant(m, 4, minusHalf)
	m.mul(2, 2, 4)
	m.mul(3, 3, 4)
	exponential(m, 2, 5)
	m.move(4, 5)
	m.fma(4, 5, 3)
	constant(m, 2, one)
	m.move(3, 2)
	constant(m, 5, quarter)
	m.fma(3, 1, 5)
	m.div(2, 2, 3) // t
	p, next := 5, 6
	constant(m, p, tail0+9)
	for i := 8; i >= 0; i-- {
		constant(m, next, tail0+i)
		m.fma(next, p, 2)
		p, next = next, p
	}
	m.mul(5, 2, p)
	m.mul(5, 4, 5) // above
	constant(m, 6, density)
	m.mul(4, 4, 6)
	constant(m, 2, one)
	m.sub(2, 2, 5)
	m.zero(3)
	m.less(3, 0, 3)
	m.choice(2, 3, 5)
}
