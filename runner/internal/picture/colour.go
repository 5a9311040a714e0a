package picture

import (
	"image"
	"image/color"
)

// rgb returns the colours of a decoded picture as Pillow's convert("RGB")
// does: colour differences of a JPEG and a WebP are interpolated, grey becomes three equal channels, a palette its colours, alpha is
// dropped (the colours behind it stay, not multiplied by it), of 16 bits the
// upper 8 stay.
func rgb(m image.Image) raster {
	b := m.Bounds()
	out := newRaster(b.Dx(), b.Dy(), 3)
	read := rowReader(m)
	for y := range out.height {
		read(out.pix[3*out.width*y:3*out.width*(y+1)], image.Pt(b.Min.X, b.Min.Y+y))
	}
	return out
}

// gray returns the brightness of a picture's colours as Pillow's convert("L")
// does, by the weights of ITU-R BT.601 with 16 fractional bits:
// L = 0.299 red + 0.587 green + 0.114 blue, rounded. They sum to 1, so that what
// was gray keeps its value.
func gray(in raster) raster {
	out := newRaster(in.width, in.height, 1)
	for i := range out.pix {
		pixel := in.pix[3*i:][:3]
		out.pix[i] = uint8((uint32(pixel[0])*19595 + uint32(pixel[1])*38470 + uint32(pixel[2])*7471 + 1<<15) >> 16)
	}
	return out
}

// rowReader returns what fills a row of RGB from the picture's pixels that
// begin at a point.
func rowReader(m image.Image) func(row []uint8, at image.Point) {
	switch m := m.(type) {
	case *image.YCbCr:
		c := newYCbCr(m)
		return func(row []uint8, at image.Point) { c.row(row, at.Y-m.Rect.Min.Y) }
	case webp:
		return func(row []uint8, at image.Point) { m.row(row, at.Y) }
	case *image.Gray:
		return func(row []uint8, at image.Point) { pickRow(row, m.Pix[m.PixOffset(at.X, at.Y):], 1, 0) }
	case *image.NRGBA:
		return func(row []uint8, at image.Point) { pickRow(row, m.Pix[m.PixOffset(at.X, at.Y):], 4, 1) }
	case *image.NRGBA64:
		return func(row []uint8, at image.Point) { pickRow(row, m.Pix[m.PixOffset(at.X, at.Y):], 8, 2) }
	case *image.RGBA:
		if m.Opaque() {
			return func(row []uint8, at image.Point) { pickRow(row, m.Pix[m.PixOffset(at.X, at.Y):], 4, 1) }
		}
	}
	return func(row []uint8, at image.Point) { anyRow(row, m, at) }
}

// pickRow takes red, green and blue out of pixels of so many bytes, the
// channels so many bytes apart.
func pickRow(row, from []uint8, pixel, channel int) {
	for i := 0; i < len(row); i += 3 {
		row[i], row[i+1], row[i+2] = from[0], from[channel], from[2*channel]
		from = from[min(pixel, len(from)):]
	}
}

func anyRow(row []uint8, m image.Image, at image.Point) {
	for i := 0; i < len(row); i += 3 {
		c := color.NRGBAModel.Convert(m.At(at.X, at.Y)).(color.NRGBA)
		row[i], row[i+1], row[i+2] = c.R, c.G, c.B
		at.X++
	}
}
