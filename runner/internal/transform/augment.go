package transform

import (
	"slices"
	"sync"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// The kinds of random change.
const (
	horizontalFlip = "horizontal_flip"
	verticalFlip   = "vertical_flip"
	rotate         = "rotate"
	colorJitter    = "color_jitter"
	resizedCrop    = "resized_crop"
	affineMotion   = "affine"
	perspective    = "perspective"
	erasing        = "erase"
)

// canvas is a picture under way and the one that the next change is drawn on.
type canvas struct{ now, next []uint8 }

// other returns the picture to draw on, of the same size; swap makes it the one
// under way.
func (c *canvas) other() []uint8 {
	c.next = slices.Grow(c.next[:0], len(c.now))[:len(c.now)]
	return c.next
}

func (c *canvas) swap() { c.now, c.next = c.next, c.now }

var canvases = sync.Pool{New: func() any { return new(canvas) }}

// Augmented fills dst (size, size, channels) with the normalised bytes of pix, of
// the same shape, after the changes of the recipe, in its order, on bytes. Every change
// draws exactly one number from the stream, whether it then does something or
// not, so that taking up another probability leaves the other draws as they are. One that
// needs several draws them from a stream of its own, whose seed that number is.
func (f *Fitted) Augmented(dst []float32, pix []uint8, size int, spec []recipe.Augment, stream *rng.Stream) {
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	f.augment(c, pix, size, spec, stream)
	f.Pixels(dst, c.now)
}

// AugmentedBytes returns the bytes that Augmented normalises.
func (f *Fitted) AugmentedBytes(pix []uint8, size int, spec []recipe.Augment, stream *rng.Stream) []uint8 {
	var c canvas
	f.augment(&c, pix, size, spec, stream)
	return c.now
}

func (f *Fitted) augment(c *canvas, pix []uint8, size int, spec []recipe.Augment, stream *rng.Stream) {
	c.now = append(c.now[:0], pix...)
	channels := len(f.Mean)
	for _, a := range spec {
		switch a.Kind {
		case horizontalFlip:
			if stream.Float64() < a.Value {
				flipHorizontally(c.now, size, channels)
			}
		case verticalFlip:
			if stream.Float64() < a.Value {
				flipVertically(c.now, size, channels)
			}
		case rotate:
			move(c.other(), c.now, size, turning((float64(2*stream.Float64())-1)*a.Value), f.neutral())
			c.swap()
		default:
			f.change(c, size, a, rng.New(stream.Uint64(), a.Kind))
		}
	}
}

// change does one of the changes that have a stream of their own.
func (f *Fitted) change(c *canvas, size int, a recipe.Augment, stream *rng.Stream) {
	channels := len(f.Mean)
	switch a.Kind {
	case colorJitter:
		jitter(c.now, channels, a.ColorJitter, stream)
	case resizedCrop:
		crop(c.other(), c.now, size, channels, a.ResizedCrop, stream)
		c.swap()
	case affineMotion:
		move(c.other(), c.now, size, affine(size, a.Affine, stream), f.neutral())
		c.swap()
	case perspective:
		if stream.Float64() < a.Perspective.Probability {
			project(c.other(), c.now, size, distorted(size, a.Perspective.Distortion, stream), f.neutral())
			c.swap()
		}
	case erasing:
		if stream.Float64() < a.Value {
			erase(c.now, size, f.neutral(), stream)
		}
	}
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
