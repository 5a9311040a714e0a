package transform

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// The kinds of random change.
const (
	horizontalFlip = "horizontal_flip"
	verticalFlip   = "vertical_flip"
	rotate         = "rotate"
)

func checkAugment(a recipe.Augment) error {
	switch a.Kind {
	case horizontalFlip, verticalFlip:
		if !(a.Value >= 0 && a.Value <= 1) {
			return fmt.Errorf("%s: %v is not a probability; use 0 to 1", a.Kind, a.Value)
		}
	case rotate:
		if !(a.Value >= 0 && a.Value <= 180) {
			return fmt.Errorf("%s: %v is not an angle; use 0 to 180 degrees", a.Kind, a.Value)
		}
	default:
		return fmt.Errorf("%q is not a change of pictures; use %s, %s or %s", a.Kind, horizontalFlip, verticalFlip, rotate)
	}
	return nil
}

// canvas is a picture under way and the one that the next change is drawn on.
type canvas struct{ now, next []uint8 }

var canvases = sync.Pool{New: func() any { return new(canvas) }}

// Augmented fills dst (size, size, channels) with the normalised bytes of pix, of
// the same shape, after the changes of the recipe, in its order, on bytes. Every change
// draws exactly one number from the stream, whether it then does something or
// not, so that taking up another probability leaves the other draws as they are.
func (f *Fitted) Augmented(dst []float32, pix []uint8, size int, spec []recipe.Augment, stream *rng.Stream) {
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	c.now = append(c.now[:0], pix...)
	channels := len(f.Mean)
	for _, a := range spec {
		draw := stream.Float64()
		switch a.Kind {
		case horizontalFlip:
			if draw < a.Value {
				flipHorizontally(c.now, size, channels)
			}
		case verticalFlip:
			if draw < a.Value {
				flipVertically(c.now, size, channels)
			}
		case rotate:
			c.next = slices.Grow(c.next[:0], len(c.now))[:len(c.now)]
			turn(c.next, c.now, size, (float64(2*draw)-1)*a.Value, f.neutral())
			c.now, c.next = c.next, c.now
		}
	}
	f.Pixels(dst, c.now)
}

// flipHorizontally mirrors left to right, in place.
func flipHorizontally(pix []uint8, size, channels int) {
	for ; len(pix) > 0; pix = pix[channels*size:] {
		for l, r := 0, channels*(size-1); l < r; l, r = l+channels, r-channels {
			for c := range channels {
				pix[l+c], pix[r+c] = pix[r+c], pix[l+c]
			}
		}
	}
}

// flipVertically mirrors top to bottom, in place.
func flipVertically(pix []uint8, size, channels int) {
	stride := channels * size
	for top, bottom := 0, stride*(size-1); top < bottom; top, bottom = top+stride, bottom-stride {
		for i := range stride {
			pix[top+i], pix[bottom+i] = pix[bottom+i], pix[top+i]
		}
	}
}

// The position that a pixel of a turned picture is taken from is a fixed-point
// number of half pixels with this many fractional bits, an interpolation weight
// one of pixels.
const (
	positionBits = 32
	weightBits   = 8
	one          = 1 << weightBits
)

// turn draws src (size, size, channels) on dst, turned counterclockwise about its centre.
// With u and v the offsets of a pixel from the centre, rightwards and downwards,
//
//	dst(u, v) = src(u cos a - v sin a, u sin a + v cos a)
//
// interpolated bilinearly, where src has the colour fill, one value a channel, all around. That is the
// channels' mean: normalised it is 0, the value with which convolutions pad, so
// that the corners that turn in are nothing that the network does not know.
func turn(dst, src []uint8, size int, degrees float64, fill []uint8) {
	channels := len(fill)
	angle := float64(degrees * (math.Pi / 180))
	cos := int64(math.RoundToEven(float64(elementary.Cos(angle) * (1 << positionBits))))
	sin := int64(math.RoundToEven(float64(elementary.Sin(angle) * (1 << positionBits))))
	const (
		pixelBits = positionBits + 1 // a position holds half pixels
		half      = 1 << (pixelBits - weightBits - 1)
	)
	edge := int64(size - 1)
	for y := range int64(size) {
		u, v := -edge, 2*y-edge
		px := edge<<positionBits + u*cos - v*sin + half
		py := edge<<positionBits + u*sin + v*cos + half
		row := dst[channels*size*int(y):][:channels*size]
		for ; len(row) > 0; row = row[channels:] {
			x0, y0 := int(px>>pixelBits), int(py>>pixelBits)
			wx := uint32(px>>(pixelBits-weightBits)) % one
			wy := uint32(py>>(pixelBits-weightBits)) % one
			pixel := row[:channels]
			if x0 >= 0 && y0 >= 0 && x0 < size-1 && y0 < size-1 {
				at := channels * (y0*size + x0)
				a, b := src[at:][:len(pixel)], src[at+channels:][:len(pixel)]
				c, d := src[at+channels*size:][:len(pixel)], src[at+channels*size+channels:][:len(pixel)]
				for k := range pixel {
					pixel[k] = blend(a[k], b[k], c[k], d[k], wx, wy)
				}
			} else {
				a, b := sample(src, size, x0, y0, fill), sample(src, size, x0+1, y0, fill)
				c, d := sample(src, size, x0, y0+1, fill), sample(src, size, x0+1, y0+1, fill)
				for k := range pixel {
					pixel[k] = blend(a[k], b[k], c[k], d[k], wx, wy)
				}
			}
			px += 2 * cos
			py += 2 * sin
		}
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
