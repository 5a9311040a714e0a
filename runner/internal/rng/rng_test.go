package rng

import (
	"math"
	"slices"
	"testing"
)

// TestPhilox holds the generator to the known answers of the Random123
// distribution (kat_vectors, philox4x32 with 10 rounds).
func TestPhilox(t *testing.T) {
	zero := (&Stream{}).philox(0)
	if want := [2]uint64{0xe169c58d_6627e8d5, 0x9b00dbd8_bc57ac4c}; zero != want {
		t.Errorf("zero key: got %x, want %x", zero, want)
	}
	ones := (&Stream{key: [2]uint32{math.MaxUint32, math.MaxUint32}, nonce: [2]uint32{math.MaxUint32, math.MaxUint32}}).philox(math.MaxUint64)
	if want := [2]uint64{0x41c83b0e_408f276d, 0x6d5451fd_a20bc7c6}; ones != want {
		t.Errorf("all ones: got %x, want %x", ones, want)
	}
}

func TestStreamsAreNamed(t *testing.T) {
	first := func(s *Stream) uint64 { return s.Uint64() }
	same := first(New(1, "a", 2, 3))
	if first(New(1, "a", 2, 3)) != same {
		t.Fatal("the same name gives another stream")
	}
	for _, s := range []*Stream{New(2, "a", 2, 3), New(1, "b", 2, 3), New(1, "a", 2), New(1, "a", 3, 2)} {
		if first(s) == same {
			t.Fatal("another name gives the same stream")
		}
	}
	s, drawn := New(7, "at"), New(7, "at")
	for i := range uint64(9) {
		if a, b := s.At(i), drawn.Uint64(); a != b {
			t.Fatalf("At(%d) = %x, drawn %x", i, a, b)
		}
	}
}

func TestDistributions(t *testing.T) {
	const n = 200000
	s := New(1, "distributions")
	var mean, square, sum float64
	counts := make([]int, 7)
	for range n {
		x := s.Normal()
		mean += x / n
		square += x * x / n
		f := s.Float64()
		if f < 0 || f >= 1 {
			t.Fatalf("Float64 gave %v", f)
		}
		sum += f / n
		counts[s.IntN(7)]++
	}
	if math.Abs(mean) > 0.01 || math.Abs(square-1) > 0.02 || math.Abs(sum-0.5) > 0.005 {
		t.Errorf("normal mean %v, variance %v, uniform mean %v", mean, square, sum)
	}
	for i, c := range counts {
		if math.Abs(float64(c)-n/7.) > 800 {
			t.Errorf("IntN(7) gave %d %d times of %d", i, c, n)
		}
	}
	p := s.Perm(100)
	slices.Sort(p)
	for i, v := range p {
		if i != v {
			t.Fatal("Perm is no permutation")
		}
	}
}
