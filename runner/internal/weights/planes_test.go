package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// normal returns n normally distributed floats as bytes, and a few odd ones more.
func normal(n, more int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 0, 4*n+more)
	for range n {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(0.05*r.NormFloat64())))
	}
	for range more {
		data = append(data, byte(r.Uint32()))
	}
	return data
}

func TestCompress(t *testing.T) {
	for _, data := range [][]byte{nil, {1}, {1, 2, 3}, {1, 2, 3, 4}, normal(1, 1), normal(1000, 3), normal(100_000, 0), make([]byte, 4096)} {
		packed := Compress(data)
		back, err := Decompress(packed, int64(len(data)))
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%d bytes: other bytes come back: %v", len(data), err)
		}
		if len(data) > 0 {
			if _, err := Decompress(packed, int64(len(data))-1); err == nil {
				t.Errorf("%d bytes: more than the limit were taken", len(data))
			}
			if _, err := Decompress(packed[:len(packed)-1], 1<<20); err == nil {
				t.Errorf("%d bytes: a byte is missing and nothing is said", len(data))
			}
		}
	}
	data := normal(100_000, 0)
	if ratio := float64(len(Compress(data))) / float64(len(data)); ratio > 0.87 {
		t.Errorf("compressed weights have %.3f of the size", ratio)
	}
}

// FuzzDecompress wants an error or data that compress to something that brings
// them back, never a panic.
func FuzzDecompress(f *testing.F) {
	f.Add(Compress(normal(40, 2)))
	f.Add(Compress(make([]byte, 400)))
	f.Add([]byte(planesMark))
	f.Fuzz(func(t *testing.T, packed []byte) {
		data, err := Decompress(packed, 1<<16)
		if err != nil {
			return
		}
		if back, err := Decompress(Compress(data), 1<<16); err != nil || !bytes.Equal(back, data) {
			t.Fatalf("other bytes come back: %v", err)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	data := normal(1<<22, 0)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Compress(data)
	}
}

func BenchmarkDecompress(b *testing.B) {
	data := normal(1<<22, 0)
	packed := Compress(data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Decompress(packed, int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
