package picture

import "image"

// ycbcr turns a decoded JPEG into RGB as libjpeg-turbo does by default, bit for
// bit, given the same samples: colour differences that are stored for every
// second pixel only are interpolated by a triangle filter ("fancy upsampling",
// libjpeg.txt), then converted in fixed point (JFIF 1.02, section 7).
//
// A pixel lies a quarter of a sample from the nearer sample of colour and three
// quarters from the farther one, which are therefore weighted 3 to 1, along
// columns, then along rows; at the borders the last sample is repeated. Halves
// are rounded down and up in turns, which leaves the mean as it is.
//
// Both colour differences of a sample are computed in one word, Cb in its lower
// and Cr in its upper half: no intermediate sum has more than 12 bits.
type ycbcr struct {
	m             *image.YCbCr // whose bounds begin at a sample of colour
	wide, high    int          // pixels to a sample of colour
	columns, rows int          // samples that belong to the picture
	smooth        bool         // interpolated, else repeated
	sums          []uint32     // of a row of samples and the one beyond: (columns)
	colours       []uint32     // of a row of pixels: (columns * wide)
}

func newYCbCr(m *image.YCbCr) *ycbcr {
	c := &ycbcr{m: m, wide: 1, high: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		c.wide = 2
	case image.YCbCrSubsampleRatio420:
		c.wide, c.high = 2, 2
	case image.YCbCrSubsampleRatio440:
		c.high = 2
	case image.YCbCrSubsampleRatio411:
		c.wide = 4
	case image.YCbCrSubsampleRatio410:
		c.wide, c.high = 4, 2
	}
	c.columns = (m.Rect.Dx() + c.wide - 1) / c.wide
	c.rows = (m.Rect.Dy() + c.high - 1) / c.high
	// libjpeg interpolates between no more than two pixels to a sample, and along
	// rows only where there are more than two samples.
	c.smooth = c.wide == 1 || c.wide == 2 && c.columns > 2
	c.sums, c.colours = make([]uint32, c.columns), make([]uint32, c.columns*c.wide)
	return c
}

// row fills in row y of the picture, counted from its top.
func (c *ycbcr) row(row []uint8, y int) {
	c.collect(y)
	colours := c.colours
	switch {
	case c.wide == 2 && c.smooth:
		c.widen()
	case c.wide == 1:
		colours = c.sums
	default:
		for x := range colours {
			colours[x] = c.sums[x/c.wide]
		}
	}
	from := c.m.YOffset(c.m.Rect.Min.X, c.m.Rect.Min.Y+y)
	convert(row, c.m.Y[from:][:len(row)/3], colours)
}

// lanes are the bits of a word that hold two bytes.
const lanes = 0x00ff00ff

// collect sums up the samples above and below a row of pixels: 3 to 1, to be
// divided by 4, where rows are interpolated.
func (c *ycbcr) collect(y int) {
	near := y / c.high
	cb, cr := c.samples(near)
	if c.high == 1 || !c.smooth {
		for i, v := range cb {
			c.sums[i] = uint32(v) | uint32(cr[i])<<16
		}
		return
	}
	far := max(near-1, 0)
	bias := uint32(0x00010001)
	if y%2 == 1 {
		far = min(near+1, c.rows-1)
		bias = 0x00020002
	}
	farCb, farCr := c.samples(far)
	for i, v := range cb {
		c.sums[i] = 3*(uint32(v)|uint32(cr[i])<<16) + (uint32(farCb[i]) | uint32(farCr[i])<<16)
	}
	if c.wide == 1 {
		for i, sum := range c.sums {
			c.sums[i] = (sum + bias) >> 2 & lanes
		}
	}
}

// samples returns a row of each plane, of equal length.
func (c *ycbcr) samples(row int) (cb, cr []uint8) {
	from := c.m.COffset(c.m.Rect.Min.X, c.m.Rect.Min.Y) + row*c.m.CStride
	cb = c.m.Cb[from:][:c.columns]
	return cb, c.m.Cr[from:][:len(cb)]
}

// widen makes two pixels of every sum, each 3 parts of it and 1 of its neighbour.
func (c *ycbcr) widen() {
	left, right, shift := uint32(0x00010001), uint32(0x00020002), 2
	if c.high == 2 { // the sums are still to be divided by 4
		left, right, shift = 0x00080008, 0x00070007, 4
	}
	before := c.sums[0]
	for i, sum := range c.sums {
		after := c.sums[min(i+1, len(c.sums)-1)]
		pixels := c.colours[2*i:][:2]
		pixels[0] = (3*sum + before + left) >> shift & lanes
		pixels[1] = (3*sum + after + right) >> shift & lanes
		before = sum
	}
}

// convert makes RGB of luma and colours, with 16 fractional bits: 1.402,
// 0.34414, 0.71414 and 1.772 times 65536.
func convert(row, luma []uint8, colours []uint32) {
	colours = colours[:len(luma)]
	for x, y := range luma {
		cb, cr := int32(colours[x]&0xff)-128, int32(colours[x]>>16)-128
		grey := int32(y)<<16 + 1<<15
		pixel := row[3*x:][:3]
		pixel[0] = channel(grey + 91881*cr)
		pixel[1] = channel(grey - 22554*cb - 46802*cr)
		pixel[2] = channel(grey + 116130*cb)
	}
}

// channel drops 16 fractional bits and clamps to a byte.
func channel(v int32) uint8 {
	if uint32(v)>>24 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31)) // 0 below, 255 above
}
