package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA rounds a*b + c once, by arbitrary precision. All must be finite.
func exactFMA(a, b, c float32) float32 {
	// 800 bits hold any sum of a product and a float32 exactly.
	wide := func(x float32) *big.Float { return new(big.Float).SetPrec(800).SetFloat64(float64(x)) }
	p := wide(a)
	p.Mul(p, wide(b))
	p.Add(p, wide(c))
	f, _ := p.Float32()
	return f
}

func TestFMA32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(low, high int) float32 {
		m := 1 + float32(r.IntN(1<<23))*0x1p-23
		if r.IntN(2) == 0 {
			m = -m
		}
		return float32(math.Ldexp(float64(m), low+r.IntN(high-low)))
	}
	for i := range 200000 {
		var a, b, c float32
		switch i % 4 {
		case 0: // ordinary
			a, b, c = pick(-20, 20), pick(-20, 20), pick(-40, 40)
		case 1: // the sum lies a hair beside a tie between two float32
			c = pick(0, 1)
			a, b = pick(-12, -11), 1+float32(r.IntN(8))*0x1p-23
			a = float32(math.Copysign(0x1p-24, float64(a))) * (1 + float32(r.IntN(3)-1)*0x1p-23)
		case 2: // subnormal results
			a, b, c = pick(-80, -60), pick(-80, -60), pick(-149, -120)
		case 3: // tiny products beside large c
			a, b, c = pick(-60, -20), pick(-60, -20), pick(-2, 2)
		}
		if got, want := FMA32(a, b, c), exactFMA(a, b, c); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("FMA32(%g, %g, %g) = %g, want %g", a, b, c, got, want)
		}
	}
}

func TestFMA32SpecialValues(t *testing.T) {
	inf, nan, zero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	tiny, huge := float32(math.SmallestNonzeroFloat32), float32(math.MaxFloat32)
	for _, v := range []struct{ a, b, c, want float32 }{
		{0, 1, zero, 0}, {zero, 1, zero, zero}, {zero, 1, 0, 0}, {1, -1, 1, 0},
		{inf, 1, 1, inf}, {inf, 1, -inf, nan}, {inf, 0, 1, nan}, {nan, 1, 1, nan}, {1, 1, nan, nan},
		{huge, 2, 0, inf}, {huge, 2, -huge, huge}, {huge, 1, huge * 0x1p-26, huge},
		{tiny, 0.5, 0, 0}, {-tiny, 0.5, 0, zero}, {tiny, 0.5, tiny, 2 * tiny}, {tiny, 0.75, 0, tiny},
		{0x1p-126, 1 - 0x1p-24, 0, 0x1p-126}, {0x1p-75, 0x1p-75, 0, 0}, {0x1p-75, 1.5 * 0x1p-75, 0, tiny},
	} {
		got := FMA32(v.a, v.b, v.c)
		if got != got && v.want != v.want {
			continue
		}
		if math.Float32bits(got) != math.Float32bits(v.want) {
			t.Errorf("FMA32(%g, %g, %g) = %g, want %g", v.a, v.b, v.c, got, v.want)
		}
	}
}
