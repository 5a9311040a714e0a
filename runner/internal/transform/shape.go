package transform

import (
	"math"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// This file holds the changes of shape: torchvision's formulas, of pictures that
// are as high as wide. src and dst are (size, size, channels); a pixel from outside
// of src has the colour fill, one value a channel. That is the channels' mean:
// normalised it is 0, the value with which convolutions pad, so that what comes in
// is nothing that the network does not know.

// attempts is how often a window that does not fit is drawn anew.
const attempts = 10

// window draws the sides of a part of a picture: its area, as a share of
// the picture's, evenly from scale, and the ratio of the first to the second from
// ratio, evenly on a logarithmic scale.
func window(size int, scale, ratio []float64, stream *rng.Stream) (over, under int) {
	area := float64(between(scale[0], scale[1], stream) * float64(size*size))
	aspect := elementary.Exp(between(elementary.Log(ratio[0]), elementary.Log(ratio[1]), stream))
	return int(math.RoundToEven(math.Sqrt(float64(area * aspect)))), int(math.RoundToEven(math.Sqrt(area / aspect)))
}

// crop draws a part of src and resizes it to the whole, as RandomResizedCrop does
// of a picture of Pillow.
func crop(dst, src []uint8, size, channels int, spec recipe.ResizedCrop, stream *rng.Stream) {
	for range attempts {
		width, height := window(size, spec.Scale, spec.Ratio, stream)
		if 0 < width && width <= size && 0 < height && height <= size {
			top, left := stream.IntN(size-height+1), stream.IntN(size-width+1)
			picture.Crop(dst, src, size, channels, left, top, width, height)
			return
		}
	}
	// The largest part in the middle that has a ratio of the range.
	width, height := size, size
	if low, high := spec.Ratio[0], spec.Ratio[1]; low > 1 {
		height = max(int(math.RoundToEven(float64(size)/low)), 1)
	} else if high < 1 {
		width = max(int(math.RoundToEven(float64(size)*high)), 1)
	}
	picture.Crop(dst, src, size, channels, (size-width)/2, (size-height)/2, width, height)
}

// erase fills a part of pix, as RandomErasing does. A part that does not fit is left.
func erase(pix []uint8, size int, fill []uint8, stream *rng.Stream) {
	for range attempts {
		height, width := window(size, []float64{0.02, 0.33}, []float64{0.3, 3.3}, stream)
		if height >= size || width >= size {
			continue
		}
		top, left := stream.IntN(size-height+1), stream.IntN(size-width+1)
		for y := top; y < top+height; y++ {
			for row := pix[len(fill)*(y*size+left):][:len(fill)*width]; len(row) > 0; row = row[len(fill):] {
				copy(row, fill)
			}
		}
		return
	}
}

// The position that a pixel of a moved picture is taken from is a fixed-point
// number of half pixels with this many fractional bits, an interpolation weight
// one of pixels.
const (
	positionBits = 32
	weightBits   = 8
	one          = 1 << weightBits
)

func fixed(x float64) int64 { return int64(math.RoundToEven(float64(x * (1 << positionBits)))) }

// motion says where the pixels of a moved picture come from. With u and v the
// offsets of a pixel from the centre, rightwards and downwards,
//
//	dst(u, v) = src(xu*u + xv*v + x, yu*u + yv*v + y)
//
// all in fixed point, x and y in half pixels.
type motion struct{ xu, xv, x, yu, yv, y int64 }

// turning is that of a turn counterclockwise.
func turning(degrees float64) motion {
	angle := radians(degrees)
	cos, sin := fixed(elementary.Cos(angle)), fixed(elementary.Sin(angle))
	return motion{xu: cos, xv: -sin, yu: sin, yv: cos}
}

func radians(degrees float64) float64 { return float64(degrees * (math.Pi / 180)) }

// affine draws the motion of RandomAffine without a turn: first a shear along
// rows and a scaling about the centre, then a shift by whole pixels.
func affine(size int, spec recipe.Affine, stream *rng.Stream) motion {
	reach := float64(spec.Translate * float64(size))
	right := int64(math.RoundToEven(between(-reach, reach, stream)))
	down := int64(math.RoundToEven(between(-reach, reach, stream)))
	scale := between(spec.Scale[0], spec.Scale[1], stream)
	shear := between(-spec.Shear, spec.Shear, stream)
	return sheared(right, down, scale, shear)
}

// sheared is the inverse of shear, scaling and shift, as _get_inverse_affine_matrix
// of torchvision has it.
func sheared(right, down int64, scale, shear float64) motion {
	angle := radians(shear)
	tan := elementary.Sin(angle) / elementary.Cos(angle)
	m := motion{xu: fixed(1 / scale), xv: fixed(tan / scale), yv: fixed(1 / scale)}
	m.x = -2 * (m.xu*right + m.xv*down)
	m.y = -2 * m.yv * down
	return m
}

// move draws src on dst by a motion, interpolated bilinearly.
func move(dst, src []uint8, size int, m motion, fill []uint8) {
	channels := len(fill)
	const (
		pixelBits = positionBits + 1 // a position holds half pixels
		half      = 1 << (pixelBits - weightBits - 1)
	)
	edge := int64(size - 1)
	for y := range int64(size) {
		u, v := -edge, 2*y-edge
		px := edge<<positionBits + u*m.xu + v*m.xv + m.x + half
		py := edge<<positionBits + u*m.yu + v*m.yv + m.y + half
		row := dst[channels*size*int(y):][:channels*size]
		for ; len(row) > 0; row = row[channels:] {
			interpolate(row[:channels], src, size, px>>(pixelBits-weightBits), py>>(pixelBits-weightBits), fill)
			px += 2 * m.xu
			py += 2 * m.yu
		}
	}
}

// interpolate sets a pixel to what src has at a position in fixed point, of
// weightBits fractional bits.
func interpolate(pixel, src []uint8, size int, px, py int64, fill []uint8) {
	channels := len(pixel)
	x0, y0 := int(px>>weightBits), int(py>>weightBits)
	wx, wy := uint32(px)%one, uint32(py)%one
	if x0 >= 0 && y0 >= 0 && x0 < size-1 && y0 < size-1 {
		at := channels * (y0*size + x0)
		a, b := src[at:][:len(pixel)], src[at+channels:][:len(pixel)]
		c, d := src[at+channels*size:][:len(pixel)], src[at+channels*size+channels:][:len(pixel)]
		for k := range pixel {
			pixel[k] = blend(a[k], b[k], c[k], d[k], wx, wy)
		}
		return
	}
	a, b := sample(src, size, x0, y0, fill), sample(src, size, x0+1, y0, fill)
	c, d := sample(src, size, x0, y0+1, fill), sample(src, size, x0+1, y0+1, fill)
	for k := range pixel {
		pixel[k] = blend(a[k], b[k], c[k], d[k], wx, wy)
	}
}

// sample returns a pixel of src, or fill outside of it.
func sample(src []uint8, size, x, y int, fill []uint8) []uint8 {
	if x < 0 || y < 0 || x >= size || y >= size {
		return fill
	}
	return src[len(fill)*(y*size+x):]
}

// blend interpolates between a and b over c and d, wx and wy of one to the right
// and down, and rounds.
func blend(a, b, c, d uint8, wx, wy uint32) uint8 {
	upper := uint32(a)*(one-wx) + uint32(b)*wx
	lower := uint32(c)*(one-wx) + uint32(d)*wx
	return uint8((upper*(one-wy) + lower*wy + one*one/2) >> (2 * weightBits))
}

// corners of a picture: top left, top right, bottom right, bottom left, each x, y.
type corners [4][2]float64

// cornersOf returns those of a whole picture, as torchvision counts them.
func cornersOf(size int) corners {
	edge := float64(size - 1)
	return corners{{0, 0}, {edge, 0}, {edge, edge}, {0, edge}}
}

// distorted draws where RandomPerspective moves the corners to: inwards, by whole
// pixels, at most distortion times half the size.
func distorted(size int, distortion float64, stream *rng.Stream) corners {
	to := cornersOf(size)
	reach := int(float64(distortion*float64(size/2))) + 1
	for i := range to {
		for axis := range to[i] {
			if by := float64(stream.IntN(reach)); to[i][axis] == 0 {
				to[i][axis] = by
			} else {
				to[i][axis] -= by
			}
		}
	}
	return to
}

// project draws src on dst so that its corners come to lie on others, interpolated
// bilinearly.
func project(dst, src []uint8, size int, to corners, fill []uint8) {
	k := projection(to, cornersOf(size))
	channels := len(fill)
	for y := range size {
		for x := range size {
			u, v := float64(x)+0.5, float64(y)+0.5
			depth := float64(k[6]*u) + float64(k[7]*v) + 1
			px := position((float64(k[0]*u) + float64(k[1]*v) + k[2]) / depth)
			py := position((float64(k[3]*u) + float64(k[4]*v) + k[5]) / depth)
			interpolate(dst[channels*(y*size+x):][:channels], src, size, px, py, fill)
		}
	}
}

// position returns the place of the pixel around p, whose middle is at p = 1/2, in
// fixed point. What is far outside, or nowhere, is just outside.
func position(p float64) int64 {
	const far = 1 << 20
	if !(math.Abs(p) < far) {
		p = -far
	}
	return int64(math.Floor(float64((p-0.5)*one) + 0.5))
}

// projection returns the numbers a to h of the map from points x, y of one
// quadrangle to those of another,
//
//	(a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)
//
// from the eight linear equations that its corners give, by Gauss's elimination
// with partial pivots.
func projection(from, to corners) [8]float64 {
	var m [8][9]float64
	for i := range from {
		x, y := from[i][0], from[i][1]
		px, py := to[i][0], to[i][1]
		m[2*i] = [9]float64{x, y, 1, 0, 0, 0, -px * x, -px * y, px}
		m[2*i+1] = [9]float64{0, 0, 0, x, y, 1, -py * x, -py * y, py}
	}
	for column := range m {
		pivot := column
		for row := column + 1; row < len(m); row++ {
			if math.Abs(m[row][column]) > math.Abs(m[pivot][column]) {
				pivot = row
			}
		}
		m[column], m[pivot] = m[pivot], m[column]
		for row := range m {
			if row == column {
				continue
			}
			factor := m[row][column] / m[column][column]
			for k := column; k < len(m[row]); k++ {
				m[row][k] -= float64(factor * m[column][k])
			}
		}
	}
	var k [8]float64
	for i := range k {
		k[i] = m[i][8] / m[i][i]
	}
	return k
}
