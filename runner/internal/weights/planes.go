package weights

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// planesMark begins what Compress returns.
const planesMark = "planes 1"

// headBytes is the length of what stands before the planes: the mark, the
// length of the data, and a byte and a length for each of the four.
const headBytes = len(planesMark) + 8 + 4*(1+8)

// How a plane is kept.
const (
	planeRaw     = 0
	planeDeflate = 1
)

// Compress returns data, a file of float32 numbers, in a shorter form, without
// loss. Floats as a whole look random, but their exponents do not: every four
// bytes are taken as a little-endian word, turned left by one bit so that the
// exponent fills one byte, and the bytes of equal rank are put together. Each of
// the four planes is then Huffman-coded where that makes it shorter.
//
//	for each word i: w = word[i]<<1 | word[i]>>31; plane[j][i] = byte(w >> (8*j))
//
// What is left over of the last word stands at the end.
func Compress(data []byte) []byte {
	words := len(data) / 4
	var planes [4][]byte
	for j := range planes {
		planes[j] = make([]byte, words)
	}
	for i := range words {
		w := binary.LittleEndian.Uint32(data[4*i:])
		w = w<<1 | w>>31
		planes[0][i], planes[1][i], planes[2][i], planes[3][i] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	}
	out := make([]byte, headBytes, headBytes+len(data))
	copy(out, planesMark)
	binary.LittleEndian.PutUint64(out[len(planesMark):], uint64(len(data)))
	for j, plane := range planes {
		kind, body := byte(planeRaw), plane
		if uneven(plane) {
			var coded bytes.Buffer
			// Neither the level nor writing to memory can fail.
			z, _ := flate.NewWriter(&coded, flate.HuffmanOnly)
			z.Write(plane)
			z.Close()
			if coded.Len() < len(plane) {
				kind, body = planeDeflate, coded.Bytes()
			}
		}
		entry := out[len(planesMark)+8+9*j:]
		entry[0] = kind
		binary.LittleEndian.PutUint64(entry[1:], uint64(len(body)))
		out = append(out, body...)
	}
	return append(out, data[4*words:]...)
}

// uneven reports whether some byte is so frequent that coding may pay.
func uneven(plane []byte) bool {
	var count [256]int
	for _, b := range plane {
		count[b]++
	}
	return slices.Max(count[:]) > len(plane)/64
}

// Decompress undoes Compress. It allocates no more than limit says that the data
// may have.
func Decompress(packed []byte, limit int64) ([]byte, error) {
	if len(packed) < headBytes || string(packed[:len(planesMark)]) != planesMark {
		return nil, errors.New("not a compressed file of weights")
	}
	length := binary.LittleEndian.Uint64(packed[len(planesMark):])
	if length > uint64(limit) {
		return nil, fmt.Errorf("a compressed file of weights claims %d bytes, more than the %d allowed", length, limit)
	}
	if length > 1032*uint64(len(packed)) { // deflate makes nothing shorter than that
		return nil, errors.New("a compressed file of weights is shorter than it claims")
	}
	words := int(length / 4)
	var planes [4][]byte
	rest := packed[headBytes:]
	for j := range planes {
		entry := packed[len(planesMark)+8+9*j:]
		size := binary.LittleEndian.Uint64(entry[1:])
		if size > uint64(len(rest)) {
			return nil, errors.New("a compressed file of weights is cut short")
		}
		body := rest[:size]
		rest = rest[size:]
		switch {
		case entry[0] == planeRaw && len(body) == words:
			planes[j] = body
		case entry[0] == planeDeflate:
			planes[j] = make([]byte, words)
			z := flate.NewReader(bytes.NewReader(body))
			if _, err := io.ReadFull(z, planes[j]); err != nil {
				return nil, fmt.Errorf("a compressed file of weights is damaged: %w", err)
			}
			if n, err := z.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				return nil, errors.New("a compressed file of weights holds more than it claims")
			}
		default:
			return nil, errors.New("a compressed file of weights is damaged")
		}
	}
	if len(rest) != int(length)-4*words {
		return nil, errors.New("a compressed file of weights has another length than it claims")
	}
	data := make([]byte, length)
	for i := range words {
		w := uint32(planes[0][i]) | uint32(planes[1][i])<<8 | uint32(planes[2][i])<<16 | uint32(planes[3][i])<<24
		binary.LittleEndian.PutUint32(data[4*i:], w>>1|w<<31)
	}
	copy(data[4*words:], rest)
	return data, nil
}
