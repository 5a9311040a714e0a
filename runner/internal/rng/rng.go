// Package rng owns random numbers: named, counter-based streams. A stream is a
// pure function of (seed, purpose, position), so that no result depends on the
// order in which workers draw. It never reads a clock or global state.
package rng

import (
	"encoding/binary"
	"math"
	"math/bits"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/elementary"
)

// Stream is a sequence of random numbers: Philox4x32-10 (Salmon, Moraes, Dror,
// Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011), keyed by the
// SHA-256 of the stream's name. It is not safe for concurrent use; make one a
// worker.
type Stream struct {
	key     [2]uint32
	nonce   [2]uint32
	counter uint64
	block   [2]uint64
	left    int
}

// New returns the stream with this name, e.g. New(42, "augment", epoch, sample).
func New(seed uint64, purpose string, position ...uint64) *Stream {
	e := digest.New("rng").Int(int64(seed)).String(purpose)
	for _, p := range position {
		e.Int(int64(p))
	}
	d := e.Sum()
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(d[4*i:]) }
	return &Stream{key: [2]uint32{word(0), word(1)}, nonce: [2]uint32{word(2), word(3)}}
}

// At returns the n-th (from 0) Uint64 of a fresh stream without drawing those
// before it, for arithmetic whose elements are drawn in any order.
func (s *Stream) At(n uint64) uint64 { return s.philox(n / 2)[n%2] }

// Block returns the n-th (from 0) four words of 32 bits of a fresh stream: the low and
// the high half of At(2*n), then those of At(2*n+1).
func (s *Stream) Block(n uint64) [4]uint32 {
	b := s.philox(n)
	return [4]uint32{uint32(b[0]), uint32(b[0] >> 32), uint32(b[1]), uint32(b[1] >> 32)}
}

// Name returns what distinguishes the stream, for code that computes Block in its own way.
func (s *Stream) Name() (key, nonce [2]uint32) { return s.key, s.nonce }

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	if s.left == 0 {
		s.block, s.left = s.philox(s.counter), 2
		s.counter++
	}
	s.left--
	return s.block[1-s.left]
}

func (s *Stream) philox(counter uint64) [2]uint64 {
	x0, x1, x2, x3 := uint32(counter), uint32(counter>>32), s.nonce[0], s.nonce[1]
	k0, k1 := s.key[0], s.key[1]
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, x0)
		h1, l1 := bits.Mul32(0xCD9E8D57, x2)
		x0, x1, x2, x3 = h1^x1^k0, l1, h0^x3^k1, l0
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return [2]uint64{uint64(x0) | uint64(x1)<<32, uint64(x2) | uint64(x3)<<32}
}

// Float64 returns a uniform number in [0, 1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(float64(s.Uint64()>>11) * 0x1p-53) }

// Float32 returns a uniform number in [0, 1) with 24 random bits.
func (s *Stream) Float32() float32 { return float32(float32(s.Uint64()>>40) * 0x1p-24) }

// IntN returns a uniform integer in [0, n), n > 0, without bias (Lemire: Fast
// Random Integer Generation in an Interval, 2019).
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a number that is not positive")
	}
	m := uint64(n)
	hi, lo := bits.Mul64(s.Uint64(), m)
	if lo < m {
		for threshold := -m % m; lo < threshold; {
			hi, lo = bits.Mul64(s.Uint64(), m)
		}
	}
	return int(hi)
}

// Normal returns a standard normal number by the polar method (Marsaglia and
// Bray, 1964), of whose pair only the first is used, so that the stream stays a
// function of how often it was asked.
func (s *Stream) Normal() float64 {
	for {
		u, v := float64(2*s.Float64())-1, float64(2*s.Float64())-1
		q := float64(u*u) + float64(v*v)
		if q > 0 && q < 1 {
			return float64(u * math.Sqrt(-2*elementary.Log(q)/q))
		}
	}
}

// Perm returns a random permutation of [0, n) (Fisher and Yates).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.IntN(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}
