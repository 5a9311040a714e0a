package elementary

import (
	"math"
	"testing"
)

// TestAgainstMath holds every function to a few units in the last place of
// package math, whose own error is below one.
func TestAgainstMath(t *testing.T) {
	cases := []struct {
		name     string
		got, ref func(float64) float64
		lo, hi   float64
		ulps     float64
	}{
		{"Exp", Exp, math.Exp, -700, 700, 2},
		{"Exp near 0", Exp, math.Exp, -1, 1, 2},
		{"Log", Log, math.Log, 1e-300, 1e300, 2},
		{"Log near 1", Log, math.Log, 0.5, 2, 2},
		{"Sin", Sin, math.Sin, -0.7, 0.7, 2},
		{"Cos", Cos, math.Cos, -0.7, 0.7, 2},
		{"Sqrt by Pow", func(x float64) float64 { return Pow(x, 0.5) }, math.Sqrt, 0.01, 100, 8},
	}
	const n = 20000
	for _, c := range cases {
		for i := 0; i <= n; i++ {
			x := c.lo + (c.hi-c.lo)*float64(i)/n
			got, want := c.got(x), c.ref(x)
			ulp := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
			if math.Abs(got-want) > c.ulps*ulp {
				t.Fatalf("%s(%v) = %v, want %v within %v ulp", c.name, x, got, want, c.ulps)
			}
		}
	}
	for i := -2000; i <= 2000; i++ { // where sine and cosine cross zero only the absolute error is small
		x := float64(i) * 0.37
		if d := math.Abs(Sin(x) - math.Sin(x)); d > 4e-16 {
			t.Fatalf("Sin(%v) is off by %v", x, d)
		}
		if d := math.Abs(Cos(x) - math.Cos(x)); d > 4e-16 {
			t.Fatalf("Cos(%v) is off by %v", x, d)
		}
	}
}

func TestLimits(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, want float64 }{
		{Exp(0), 1}, {Exp(inf), inf}, {Exp(-inf), 0}, {Exp(710), inf},
		{Log(1), 0}, {Log(0), -inf}, {Log(inf), inf},
		{Sin(0), 0}, {Cos(0), 1},
		{Pow(0, 2), 0}, {Pow(3, 0), 1},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	for _, x := range []float64{Exp(math.NaN()), Log(math.NaN()), Log(-1), Sin(math.NaN()), Cos(inf)} {
		if !math.IsNaN(x) {
			t.Errorf("got %v, want NaN", x)
		}
	}
}
