// Package typeface cuts a TrueType font down to the letters of a page, so that the
// page can bring its letters along. It copies outlines and computes in whole
// numbers: the same font and letters give the same bytes everywhere. Instructions
// for coarse screens (hints) are left out.
//
// Names and layouts of tables are those of the OpenType specification 1.9.
package typeface

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/golang/freetype/truetype"
)

var big = binary.BigEndian

// Subset returns a font that has the glyphs of these letters alone, with their
// widths and kerning. Letters that the font does not have, or that lie beyond the
// first 65,535 of Unicode, are left out. The font must be well-formed.
func Subset(font []byte, letters string) ([]byte, error) {
	parsed, err := truetype.Parse(font)
	if err != nil {
		return nil, fmt.Errorf("subset of a font: %w", err)
	}
	s := subset{whole: split(font), glyphs: []int{0}} // the first stands for letters that are missing
	for _, tag := range []string{"OS/2", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "post"} {
		if s.whole[tag] == nil {
			return nil, fmt.Errorf("subset of a font: it has no table %q", tag)
		}
	}
	runes := []rune(letters)
	slices.Sort(runes)
	for _, r := range slices.Compact(runes) {
		if glyph := int(parsed.Index(r)); glyph != 0 && r < 0xFFFF {
			s.letters, s.glyphs = append(s.letters, r), append(s.glyphs, glyph)
		}
	}
	return s.font(), nil
}

// subset is a font in the making.
type subset struct {
	whole   map[string][]byte // the tables of the whole font
	letters []rune            // ascending
	// glyphs are numbers of the whole font, as they stand in the subset: 0, one a
	// letter, and the parts of those that are composed.
	glyphs []int
}

// font writes all tables.
func (s *subset) font() []byte {
	tables := map[string][]byte{"OS/2": s.whole["OS/2"], "cmap": s.characters()}
	tables["glyf"], tables["loca"] = s.outlines()
	tables["hmtx"] = s.widths() // after outlines, which bring in the parts
	for _, tag := range []string{"head", "hhea", "maxp", "post"} {
		tables[tag] = bytes.Clone(s.whole[tag])
	}
	big.PutUint32(tables["head"][8:], 0)                      // the checksum of all, which join writes
	big.PutUint16(tables["head"][50:], 1)                     // loca has 32 bits an entry
	big.PutUint16(tables["hhea"][34:], uint16(len(s.glyphs))) // widths
	big.PutUint16(tables["maxp"][4:], uint16(len(s.glyphs)))  // glyphs
	tables["post"] = big.AppendUint32(nil, 0x00030000)        // without names of glyphs
	tables["post"] = append(tables["post"], s.whole["post"][4:32]...)
	if kern := s.kerning(); kern != nil {
		tables["kern"] = kern
	}
	if name := s.rights(); name != nil {
		tables["name"] = name
	}
	return join(tables)
}

// outlines returns the glyphs without their instructions, and where each begins.
func (s *subset) outlines() (glyf, loca []byte) {
	for i := 0; i < len(s.glyphs); i++ { // grows while composed glyphs bring their parts
		loca = big.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, s.outline(s.glyphs[i])...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
	}
	return glyf, big.AppendUint32(loca, uint32(len(glyf)))
}

func (s *subset) outline(glyph int) []byte {
	at := func(i int) int { return 2 * int(big.Uint16(s.whole["loca"][2*i:])) }
	if big.Uint16(s.whole["head"][50:]) != 0 {
		at = func(i int) int { return int(big.Uint32(s.whole["loca"][4*i:])) }
	}
	data := s.whole["glyf"][at(glyph):at(glyph+1)]
	if len(data) == 0 { // a space
		return nil
	}
	const header = 10
	if contours := int(int16(big.Uint16(data))); contours >= 0 {
		instructions := header + 2*contours
		points := instructions + 2 + int(big.Uint16(data[instructions:]))
		return slices.Concat(data[:instructions], []byte{0, 0}, data[points:])
	}
	const words, scale, more, scales, matrix, instructions = 0x1, 0x8, 0x20, 0x40, 0x80, 0x100
	data = bytes.Clone(data)
	for at := header; ; {
		flags := big.Uint16(data[at:])
		big.PutUint16(data[at:], flags&^instructions)
		big.PutUint16(data[at+2:], uint16(s.part(int(big.Uint16(data[at+2:])))))
		at += 6
		for _, field := range []struct{ flag, size int }{{words, 2}, {scale, 2}, {scales, 4}, {matrix, 8}} {
			if int(flags)&field.flag != 0 {
				at += field.size
			}
		}
		if flags&more == 0 {
			return data[:at]
		}
	}
}

// part returns the place of a glyph that others are composed of.
func (s *subset) part(glyph int) int {
	place := slices.Index(s.glyphs, glyph)
	if place < 0 {
		place = len(s.glyphs)
		s.glyphs = append(s.glyphs, glyph)
	}
	return place
}

// widths are each glyph's advance and left side bearing.
func (s *subset) widths() []byte {
	hmtx, long := s.whole["hmtx"], int(big.Uint16(s.whole["hhea"][34:]))
	var out []byte
	for _, glyph := range s.glyphs {
		advance, bearing := 4*glyph, 4*glyph+2
		if glyph >= long { // the last advance holds for these
			advance, bearing = 4*(long-1), 4*long+2*(glyph-long)
		}
		out = slices.Concat(out, hmtx[advance:advance+2], hmtx[bearing:bearing+2])
	}
	return out
}

// characters tells the glyph of each letter, in runs of neighbours (format 4).
func (s *subset) characters() []byte {
	var first, last, delta []byte
	run := func(from, to rune, glyph int) {
		first, last = big.AppendUint16(first, uint16(from)), big.AppendUint16(last, uint16(to))
		delta = big.AppendUint16(delta, uint16(glyph-int(from)))
	}
	for i := 0; i < len(s.letters); {
		end := i + 1
		for end < len(s.letters) && s.letters[end] == s.letters[end-1]+1 {
			end++
		}
		run(s.letters[i], s.letters[end-1], i+1)
		i = end
	}
	run(0xFFFF, 0xFFFF, 0) // closes the table
	n := len(first) / 2
	power := 1 << (bits.Len(uint(n)) - 1)
	table := uint16s(0, 1, 3, 1, 0, 12, // version, one table, Windows, Unicode, at byte 12
		4, 16+8*n, 0, 2*n, 2*power, bits.Len(uint(n))-1, 2*n-2*power)
	return slices.Concat(table, last, []byte{0, 0}, first, delta, make([]byte, 2*n))
}

// kerning keeps the pairs of letters, where the font has them in one table of format 0.
func (s *subset) kerning() []byte {
	kern := s.whole["kern"]
	if len(kern) < 18 || big.Uint16(kern) != 0 || big.Uint16(kern[8:]) != 1 {
		return nil
	}
	values := map[uint32]uint16{}
	for i := range int(big.Uint16(kern[10:])) {
		pair := kern[18+6*i:]
		values[big.Uint32(pair)] = big.Uint16(pair[4:])
	}
	var pairs []byte
	for left := range s.letters {
		for right := range s.letters {
			if v := values[uint32(s.glyphs[left+1])<<16|uint32(s.glyphs[right+1])]; v != 0 {
				pairs = append(pairs, uint16s(left+1, right+1, int(v))...)
			}
		}
	}
	n := len(pairs) / 6
	if n == 0 {
		return nil
	}
	power := 1 << (bits.Len(uint(n)) - 1)
	return append(uint16s(0, 1, 0, 14+len(pairs), 1, n, 6*power, bits.Len(uint(n))-1, 6*(n-power)), pairs...)
}

// rights keeps who made the font and under which licence it is.
func (s *subset) rights() []byte {
	const windows, copyright, licence = 3, 0, 13
	name := s.whole["name"]
	if len(name) < 6 {
		return nil
	}
	var records, texts []byte
	for i := range int(big.Uint16(name[2:])) {
		record := name[6+12*i:][:12]
		if id := big.Uint16(record[6:]); big.Uint16(record) == windows && (id == copyright || id == licence) {
			begin := int(big.Uint16(name[4:])) + int(big.Uint16(record[10:]))
			records = slices.Concat(records, record[:10], uint16s(len(texts)))
			texts = append(texts, name[begin:begin+int(big.Uint16(record[8:]))]...)
		}
	}
	return slices.Concat(uint16s(0, len(records)/12, 6+len(records)), records, texts)
}

// split returns the tables of a font by their tags.
func split(font []byte) map[string][]byte {
	tables := map[string][]byte{}
	for i := range int(big.Uint16(font[4:])) {
		entry := font[12+16*i:]
		offset, length := big.Uint32(entry[8:]), big.Uint32(entry[12:])
		tables[string(entry[:4])] = font[offset : offset+length]
	}
	return tables
}

// join writes a font file.
func join(tables map[string][]byte) []byte {
	n := len(tables)
	power := 1 << (bits.Len(uint(n)) - 1)
	directory := append([]byte{0, 1, 0, 0}, uint16s(n, 16*power, bits.Len(uint(n))-1, 16*(n-power))...)
	var body []byte
	head := 0
	for _, tag := range slices.Sorted(maps.Keys(tables)) {
		data := tables[tag]
		at := 12 + 16*n + len(body)
		if tag == "head" {
			head = at
		}
		directory = append(directory, tag...)
		for _, v := range []uint32{checksum(data), uint32(at), uint32(len(data))} {
			directory = big.AppendUint32(directory, v)
		}
		body = append(body, data...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	font := append(directory, body...)
	big.PutUint32(font[head+8:], 0xB1B0AFBA-checksum(font))
	return font
}

// checksum adds up 32-bit words, as if zeros followed.
func checksum(data []byte) (sum uint32) {
	for len(data) >= 4 {
		sum, data = sum+big.Uint32(data), data[4:]
	}
	return sum + big.Uint32(append(bytes.Clone(data), 0, 0, 0, 0))
}

func uint16s(values ...int) []byte {
	var out []byte
	for _, v := range values {
		out = big.AppendUint16(out, uint16(v))
	}
	return out
}
