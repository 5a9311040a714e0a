package weights

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
)

// element says how a number lies in a file, little-endian, and what it becomes
// here: a float32 or an int64.
type element struct {
	bytes   int64
	float   func(b []byte) float32
	integer func(b []byte) int64
}

// elements are the types that are read, by safetensors' names. A float64 is
// rounded to the nearest float32; all others keep their value.
var elements = map[string]element{
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }, nil},
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }, nil},
	"F16":  {2, func(b []byte) float32 { return half(binary.LittleEndian.Uint16(b)) }, nil},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }, nil},
	"I64":  {8, nil, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }},
	"I32":  {4, nil, func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }},
	"I16":  {2, nil, func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) }},
	"I8":   {1, nil, func(b []byte) int64 { return int64(int8(b[0])) }},
	"U8":   {1, nil, func(b []byte) int64 { return int64(b[0]) }},
	"BOOL": {1, nil, func(b []byte) int64 { return int64(b[0]) }},
}

// elementNames lists the types for messages.
func elementNames() string { return strings.Join(slices.Sorted(maps.Keys(elements)), ", ") }

// half is the value of an IEEE binary16: sign, 5 bits of exponent, 10 of fraction.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero, or a fraction of 2^-24, which a float32 holds exactly
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	case 31: // infinity, NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
