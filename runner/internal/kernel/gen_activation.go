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

// The numbers of kernel's activationConstants, in their order.
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
	normalLow
	normalHigh
	density
	log2e
	magic
	minusLn2High
	minusLn2Low
	powerLow
	powerHigh
	coefficient5040
	coefficient720
	coefficient120
	coefficient24
	tail0 // to tail9
)

// activation puts the activation of register 0 there. It uses 1 to 8 besides.
func activation(m machine, act int) {
	switch act {
	case relu, relu6:
		m.zero(1)
		m.atLeast(0, 1)
		if act == relu6 {
			m.move(1, constant+six)
			m.atMost(0, 1)
		}
	case hardSwish, hardSigmoid:
		m.move(2, constant+half)
		m.fma(2, 0, constant+sixth)
		m.zero(1)
		m.atLeast(2, 1)
		m.move(1, constant+one)
		m.atMost(2, 1)
		if act == hardSigmoid {
			m.move(0, 2)
			return
		}
		m.move(1, constant+minusThree)
		m.atLeast(0, 1)
		m.mul(0, 0, 2)
	case silu:
		sigmoids(m)
		m.mul(0, 6, 1)
	case sigmoid:
		sigmoids(m)
		m.move(0, 1)
	case gelu:
		normal(m)
		m.move(1, constant+normalLow)
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
			m.less(2, 0, constant+six)
			m.and(1, 1, 2)
		}
		m.and(15, 15, 1)
	case hardSwish:
		m.move(2, constant+half)
		m.fma(2, 0, constant+third)
		m.mul(2, 2, 15)
		m.move(1, constant+three)
		m.lessEqual(1, 1, 0)
		m.choice(2, 1, 15)
		m.less(1, 0, constant+minusThree)
		m.andNot(15, 1, 2)
	case hardSigmoid:
		m.move(1, constant+minusThree)
		m.less(1, 1, 0)
		m.less(2, 0, constant+three)
		m.and(1, 1, 2)
		m.mul(15, 15, constant+sixth)
		m.and(15, 15, 1)
	case silu:
		sigmoids(m)
		m.onto(7, 3, constant+one)
		m.mul(1, 1, 7)
		m.mul(15, 15, 1)
	case sigmoid:
		sigmoids(m)
		m.mul(1, 1, 3)
		m.mul(15, 15, 1)
	case gelu:
		normal(m)
		m.move(1, constant+normalLow)
		m.atLeast(0, 1)
		m.move(1, constant+normalHigh)
		m.atMost(0, 1)
		m.fma(2, 0, 4)
		m.mul(15, 15, 2)
	}
}

// power puts e to the x into to. It uses the three registers after to besides.
func power(m machine, x, to int) {
	r, t, k := to+1, to+2, to+3
	m.move(t, constant+magic)
	m.fma(t, x, constant+log2e)
	m.sub(k, t, constant+magic)
	m.move(r, x)
	m.fma(r, k, constant+minusLn2High)
	m.fma(r, k, constant+minusLn2Low)
	m.move(to, constant+coefficient5040)
	for _, c := range []int{coefficient720, coefficient120, coefficient24, sixth, half, one, one} {
		m.onto(to, r, constant+c)
	}
	m.exponent(t, t)
	m.mul(to, to, t)
}

// exponential is power with 0 below its limit.
func exponential(m machine, x, to int) {
	power(m, x, to)
	m.less(to+1, x, constant+powerLow)
	m.andNot(to, to+1, to)
}

// sigmoids puts the sigmoid of register 0 into 1, 1 less that into 3, register 0 or the
// lower limit into 6 and that or the upper limit into 7. It uses 2 to 5.
func sigmoids(m machine) {
	m.move(6, 0)
	m.move(1, constant+powerLow)
	m.atLeast(6, 1)
	m.move(7, 6)
	m.move(1, constant+powerHigh)
	m.atMost(7, 1)
	m.xor(1, 7, constant+sign)
	power(m, 1, 2)
	m.add(5, 2, constant+one)
	m.move(1, constant+one)
	m.div(1, 1, 5)
	m.mul(3, 2, 1)
	m.less(4, 0, constant+powerLow)
	m.andNot(1, 4, 1)
}

// normal puts the share of the standard normal distribution below register 0 into 2 and
// its density there into 4. It uses 1 to 8.
func normal(m machine) {
	m.move(4, constant+sign)
	m.andNot(1, 4, 0)
	m.move(2, constant+normalHigh)
	m.atMost(1, 2)
	m.mul(2, 1, 1)
	m.or(3, 2, 4)
	m.fma(3, 1, 1) // lost
	m.mul(2, 2, constant+minusHalf)
	m.mul(3, 3, constant+minusHalf)
	exponential(m, 2, 5)
	m.move(4, 5)
	m.fma(4, 5, 3)
	m.move(3, 1)
	m.move(5, constant+quarter)
	m.onto(3, 5, constant+one)
	m.move(2, constant+one)
	m.div(2, 2, 3) // t
	m.move(5, constant+tail0+9)
	for i := 8; i >= 0; i-- {
		m.onto(5, 2, constant+tail0+i)
	}
	m.mul(5, 2, 5)
	m.mul(5, 4, 5) // above
	m.mul(4, 4, constant+density)
	m.move(2, constant+one)
	m.sub(2, 2, 5)
	m.choice(2, m.negative(3, 0), 5)
}
