// Package digest owns the Digest, a SHA-256, and the canonical encoding of
// values before they are hashed: every field is written with its length, so
// that two different sequences of fields never give the same bytes.
package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"unsafe"
)

// Digest is a SHA-256. The zero Digest stands for "none".
type Digest [sha256.Size]byte

const prefix = "sha256:"

// Of returns the digest of raw bytes, the one that sha256sum prints.
func Of(data []byte) Digest { return sha256.Sum256(data) }

// File returns the digest of a file's bytes and how many there are.
func File(path string) (Digest, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return Digest{}, 0, err
	}
	defer f.Close()
	d, n, err := Reader(f)
	if err != nil {
		return Digest{}, 0, fmt.Errorf("hash %s: %w", path, err)
	}
	return d, n, nil
}

// buffers are large enough that reading takes little of the time that hashing
// takes, and are shared: there may be 100,000 files.
var buffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// Reader returns the digest of all that r gives and how many bytes that is.
func Reader(r io.Reader) (Digest, int64, error) {
	buffer := buffers.Get().(*[256 << 10]byte)
	defer buffers.Put(buffer)
	h := sha256.New()
	for total := int64(0); ; {
		n, err := r.Read(buffer[:])
		h.Write(buffer[:n])
		total += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return Digest(h.Sum(nil)), total, nil
		case err != nil:
			return Digest{}, total, err
		}
	}
}

// Parse reads what String writes.
func Parse(s string) (Digest, error) {
	var d Digest
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok || len(digits) != hex.EncodedLen(len(d)) {
		return Digest{}, fmt.Errorf("%q is no digest: want %s and %d hexadecimal digits", s, prefix, hex.EncodedLen(len(d)))
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, fmt.Errorf("%q is no digest: %w", s, err)
	}
	return d, nil
}

// String returns "sha256:" and 64 lower-case hexadecimal digits.
func (d Digest) String() string { return prefix + hex.EncodeToString(d[:]) }

// Short returns the first 12 hexadecimal digits, for people.
func (d Digest) Short() string { return hex.EncodeToString(d[:6]) }

// IsZero reports whether d is the zero Digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

// Encoder hashes a sequence of typed fields. Its methods return the Encoder,
// so that a digest reads as one expression:
//
//	digest.New("split").Ints(train).Ints(test).Sum()
type Encoder struct {
	h   hash.Hash
	buf [9]byte
}

// New starts an encoding. The domain names what is encoded, so that values of
// different types never share a digest.
func New(domain string) *Encoder {
	e := &Encoder{h: sha256.New()}
	return e.String(domain)
}

func (e *Encoder) head(kind byte, n uint64) *Encoder {
	e.buf[0] = kind
	binary.LittleEndian.PutUint64(e.buf[1:], n)
	e.h.Write(e.buf[:])
	return e
}

// Bytes adds raw bytes.
func (e *Encoder) Bytes(b []byte) *Encoder {
	e.head('b', uint64(len(b)))
	e.h.Write(b)
	return e
}

// String adds a text.
func (e *Encoder) String(s string) *Encoder {
	e.head('s', uint64(len(s)))
	io.WriteString(e.h, s)
	return e
}

// Strings adds a list of texts.
func (e *Encoder) Strings(list []string) *Encoder {
	e.head('l', uint64(len(list)))
	for _, s := range list {
		e.String(s)
	}
	return e
}

// Int adds an integer.
func (e *Encoder) Int(i int64) *Encoder { return e.head('i', uint64(i)) }

// Ints adds a list of integers.
func (e *Encoder) Ints(list []int) *Encoder {
	e.head('l', uint64(len(list)))
	for _, i := range list {
		e.Int(int64(i))
	}
	return e
}

// Bool adds a truth value.
func (e *Encoder) Bool(b bool) *Encoder {
	if b {
		return e.head('t', 1)
	}
	return e.head('t', 0)
}

// Float adds a float64 by its bits.
func (e *Encoder) Float(f float64) *Encoder { return e.head('f', math.Float64bits(f)) }

// Float32s adds float32s by their bits, little-endian.
func (e *Encoder) Float32s(list []float32) *Encoder {
	e.head('4', uint64(len(list)))
	if littleEndian {
		e.h.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), 4*len(list)))
		return e
	}
	var b [4]byte
	for _, f := range list {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(f))
		e.h.Write(b[:])
	}
	return e
}

var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// Digest adds another digest.
func (e *Encoder) Digest(d Digest) *Encoder {
	e.head('d', uint64(len(d)))
	e.h.Write(d[:])
	return e
}

// Sum returns the digest of all fields added so far.
func (e *Encoder) Sum() Digest { return Digest(e.h.Sum(nil)) }

// Tree returns the Merkle root of an ordered list of leaves: pairs are hashed
// together, an odd last leaf moves up as it is, and leaves and inner nodes are
// hashed in different domains.
func Tree(leaves []Digest) Digest {
	level := make([]Digest, len(leaves))
	for i, leaf := range leaves {
		level[i] = New("leaf").Digest(leaf).Sum()
	}
	for len(level) > 1 {
		next := level[:0]
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				next = append(next, level[i])
			} else {
				next = append(next, New("node").Digest(level[i]).Digest(level[i+1]).Sum())
			}
		}
		level = next
	}
	root := New("tree").Int(int64(len(leaves)))
	if len(level) == 1 {
		root.Digest(level[0])
	}
	return root.Sum()
}
