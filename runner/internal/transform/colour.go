package transform

import (
	"math"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// This file holds the changes of colours: torchvision's, on tensors of bytes
// (torchvision.transforms.functional_tensor), equal to it bit for bit. They are
// calculated in float32 and cut off to a byte after each of them.

// jitter changes brightness, contrast, saturation and hue in a random order, each
// by an amount that is drawn evenly: a factor of 1-x to 1+x, for the hue a shift of
// -x to x.
func jitter(pix []uint8, channels int, spec recipe.ColorJitter, stream *rng.Stream) {
	amounts := []float64{spec.Brightness, spec.Contrast, spec.Saturation, spec.Hue}
	changes := []func([]uint8, int, float64){brighten, stretch, saturate, shiftHue}
	draws := make([]float64, len(amounts))
	for i, amount := range amounts {
		low, high := max(0, 1-amount), 1+amount
		if i == 3 {
			low, high = -amount, amount
		}
		draws[i] = between(low, high, stream)
	}
	for _, i := range stream.Perm(len(changes)) {
		if amounts[i] > 0 {
			changes[i](pix, channels, draws[i])
		}
	}
}

// between draws evenly from low to high.
func between(low, high float64, stream *rng.Stream) float64 {
	return low + float64((high-low)*stream.Float64())
}

// mix returns factor*a + (1-factor)*b as a byte.
func mix(a, b, factor, rest float32) uint8 {
	return uint8(max(0, min(float32(factor*a)+float32(rest*b), 255)))
}

// luma returns the gray value of a colour, with the weights of ITU-R BT.601.
func luma(r, g, b uint8) uint8 {
	return uint8(float32(float32(0.2989*float32(r))+float32(0.587*float32(g))) + float32(0.114*float32(b)))
}

// brighten mixes a picture with black.
func brighten(pix []uint8, _ int, factor float64) { towards(pix, 0, factor) }

// stretch changes the contrast: it mixes a picture with its mean gray.
func stretch(pix []uint8, channels int, factor float64) {
	sum := 0
	for i := 0; i < len(pix); i += channels {
		if channels == 1 {
			sum += int(pix[i])
		} else {
			sum += int(luma(pix[i], pix[i+1], pix[i+2]))
		}
	}
	towards(pix, float32(sum)/float32(len(pix)/channels), factor)
}

// towards mixes a picture with one value.
func towards(pix []uint8, value float32, factor float64) {
	var table [256]uint8
	for v := range table {
		table[v] = mix(float32(v), value, float32(factor), float32(1-factor))
	}
	for i, v := range pix {
		pix[i] = table[v]
	}
}

// saturate mixes a picture with its gray one. It leaves gray ones as they are.
func saturate(pix []uint8, channels int, factor float64) {
	if channels == 1 {
		return
	}
	own, rest := float32(factor), float32(1-factor)
	for i := 0; i < len(pix); i += 3 {
		gray := float32(luma(pix[i], pix[i+1], pix[i+2]))
		for c, v := range pix[i : i+3] {
			pix[i+c] = mix(float32(v), gray, own, rest)
		}
	}
}

// shiftHue turns the circle of hues by a share of it (Smith: Color Gamut Transform
// Pairs, SIGGRAPH 1978). It leaves gray pictures as they are.
func shiftHue(pix []uint8, channels int, by float64) {
	if channels == 1 {
		return
	}
	for i := 0; i < len(pix); i += 3 {
		h, s, v := hsv(float32(pix[i])/255, float32(pix[i+1])/255, float32(pix[i+2])/255)
		if h += float32(by); h < 0 {
			h++
		} else if h >= 1 {
			h--
		}
		r, g, b := rgb(h, s, v)
		pix[i], pix[i+1], pix[i+2] = uint8(r*255), uint8(g*255), uint8(b*255)
	}
}

// hsv returns hue, saturation and value of a colour, all on the scale 0 to 1.
func hsv(r, g, b float32) (h, s, v float32) {
	v = max(r, g, b)
	low := min(r, g, b)
	if v == low {
		return 0, 0, v
	}
	span := v - low
	red, green, blue := (v-r)/span, (v-g)/span, (v-b)/span
	switch v {
	case r:
		h = blue - green
	case g:
		h = 2 + red - blue
	default:
		h = 4 + green - red
	}
	if h = h/6 + 1; h >= 1 {
		h--
	}
	return h, span / v, v
}

// rgb is the inverse of hsv.
func rgb(h, s, v float32) (r, g, b float32) {
	sixth := float32(h * 6)
	i := float32(math.Floor(float64(sixth)))
	f := sixth - i
	p := v * (1 - s)
	q := v * (1 - float32(s*f))
	t := v * (1 - float32(s*(1-f)))
	switch int(i) {
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	case 5:
		return v, p, q
	}
	return v, t, p
}
