package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"

	xwebp "golang.org/x/image/webp"
)

// webp turns a decoded lossy WebP into RGB as libwebp does by default, bit for bit,
// given the same samples: colour differences, one for 2 x 2 pixels, are interpolated
// ("fancy upsampling", upsampling.c), then converted in fixed point from the range 16
// to 235 of ITU-R BT.601 (yuv.h). A JPEG's have the range 0 to 255: see ycbcr.
//
// The nearest of four samples counts 9 times, the two beside it 3 times, the far one
// once; at the borders samples are repeated.
type webp struct{ *image.YCbCr }

// decodeWebP returns a lossy picture as a webp, without its transparency, and a
// lossless one as it is.
func decodeWebP(r io.Reader) (image.Image, error) {
	m, err := xwebp.Decode(r)
	switch m := m.(type) {
	case *image.YCbCr:
		return webp{m}, err
	case *image.NYCbCrA:
		return webp{&m.YCbCr}, err
	}
	return m, err
}

// row fills in row y of the picture.
func (w webp) row(row []uint8, y int) {
	near, far := y/2, y/2-1
	if y%2 == 1 {
		far = y/2 + 1
	}
	rows := (w.Rect.Dy() + 1) / 2
	near, far = near*w.CStride, min(max(far, 0), rows-1)*w.CStride
	for x := range w.Rect.Dx() {
		cb, cr := w.sample(w.Cb[near:], w.Cb[far:], x), w.sample(w.Cr[near:], w.Cr[far:], x)
		light := int(w.Y[y*w.YStride+x]) * 19077 >> 8
		row[3*x] = byteOf(light + cr*26149>>8 - 14234)
		row[3*x+1] = byteOf(light - cb*6419>>8 - cr*13320>>8 + 8708)
		row[3*x+2] = byteOf(light + cb*33050>>8 - 17685)
	}
}

// sample returns a colour difference of pixel x between two rows of samples, of which
// the first is the nearer one. Rounding is that of two halvings.
func (w webp) sample(near, far []uint8, x int) int {
	own := x / 2
	beside := own - 1
	if x%2 == 1 {
		beside = own + 1
	}
	if columns := (w.Rect.Dx() + 1) / 2; beside < 0 || beside == columns {
		return (3*int(near[own]) + int(far[own]) + 2) >> 2
	}
	a, b, c, d := int(near[own]), int(near[beside]), int(far[own]), int(far[beside])
	return ((a+b+c+d+8+2*(b+c))>>3 + a) >> 1
}

// byteOf turns a number with 6 fractional bits into a byte.
func byteOf(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }

// webpOrientation looks for an EXIF chunk in the RIFF container.
func webpOrientation(data []byte) orientation {
	const header, chunk = 12, 8
	for rest := data[min(header, len(data)):]; len(rest) >= chunk; {
		length := int(binary.LittleEndian.Uint32(rest[4:]))
		if length > len(rest)-chunk {
			break
		}
		if bytes.HasPrefix(rest, []byte("EXIF")) {
			return tiffOrientation(bytes.TrimPrefix(rest[chunk:chunk+length], []byte("Exif\x00\x00")))
		}
		rest = rest[min(chunk+length+length%2, len(rest)):]
	}
	return upright
}
