package picture

import (
	"bytes"
	"encoding/binary"
)

// orientation is the value of the EXIF tag of that name: how the stored rows
// and columns lie in the scene. 1 is upright.
type orientation int

const upright orientation = 1

// jpegOrientation returns the orientation that a JPEG's EXIF segment states,
// upright when there is none or it makes no sense: a photo with a damaged note
// is still a photo.
func jpegOrientation(data []byte) orientation {
	const startOfScan, app1 = 0xDA, 0xE1
	for rest := data[min(2, len(data)):]; len(rest) >= 4 && rest[0] == 0xFF; {
		if rest[1] == 0xFF { // a fill byte
			rest = rest[1:]
			continue
		}
		marker, length := rest[1], 2+int(binary.BigEndian.Uint16(rest[2:]))
		if marker == startOfScan || length > len(rest) {
			break
		}
		if tiff, ok := bytes.CutPrefix(rest[4:length], []byte("Exif\x00\x00")); ok && marker == app1 {
			return tiffOrientation(tiff)
		}
		rest = rest[length:]
	}
	return upright
}

// tiffOrientation looks for tag 0x0112, a SHORT, in the first directory of a
// TIFF file (TIFF 6.0, section 2), which is also what an EXIF segment holds.
func tiffOrientation(data []byte) orientation {
	const tag, short, entrySize = 0x0112, 3, 12
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	if len(data) < 8 {
		return upright
	}
	start := int64(order.Uint32(data[4:]))
	if start+2 > int64(len(data)) {
		return upright
	}
	entries := data[start+2:]
	for range order.Uint16(data[start:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[entrySize:]
	}
	return upright
}

// orient returns the picture as the scene was: the one place where the eight
// orientations are told apart. For output pixel (x, y) the input pixel is
// start + x dx + y dy.
func orient(in raster, o orientation) raster {
	if o == upright {
		return in
	}
	w, h := in.width, in.height
	var start, dx, dy int
	switch o {
	case 2: // mirrored left to right
		start, dx, dy = w-1, -1, w
	case 3: // upside down
		start, dx, dy = w*h-1, -1, -w
	case 4: // mirrored top to bottom
		start, dx, dy = w*(h-1), 1, -w
	case 5: // rows and columns exchanged
		start, dx, dy = 0, w, 1
	case 6: // to be turned a quarter clockwise
		start, dx, dy = w*(h-1), -w, 1
	case 7: // rows and columns exchanged, then upside down
		start, dx, dy = w*h-1, -w, -1
	case 8: // to be turned a quarter counterclockwise
		start, dx, dy = w-1, w, -1
	}
	out := newRaster(w, h, in.channels)
	if o >= 5 {
		out.width, out.height = h, w
	}
	to := out.pix
	for y := range out.height {
		from := start + y*dy
		for range out.width {
			copy(to[:in.channels], in.pix[in.channels*from:])
			to, from = to[in.channels:], from+dx
		}
	}
	return out
}
