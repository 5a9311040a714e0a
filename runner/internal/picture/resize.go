package picture

import (
	"math"

	"biomass/runner/internal/recipe"
)

// raster is a picture of interleaved channels: red, green and blue, or gray alone.
type raster struct {
	width, height, channels int
	pix                     []uint8 // (height, width, channels)
}

func newRaster(width, height, channels int) raster {
	return raster{width, height, channels, make([]uint8, width*height*channels)}
}

// fraction is the number of fractional bits of a filter weight: 32 bits less 8
// of a pixel and 2 of headroom, as in Pillow.
const fraction = 32 - 8 - 2

// window is what one output pixel sees along one axis: the input pixels from
// first on, weighted.
type window struct {
	first   int
	weights []int32 // sum to 1 << fraction, up to rounding
}

// axis is what is wanted of a picture along one axis: it is resized to a length, of
// which n pixels are made, from first on.
type axis struct{ length, first, n int }

// all of the pixels of a length.
func all(length int) axis { return axis{length, 0, length} }

// central is the middle of a length as torchvision's CenterCrop takes it: where one
// pixel more has to go on one side, on the right if the left then has an even number,
// which is how Python rounds halves.
func central(length, n int) axis {
	rest := length - n
	first := rest / 2
	if rest%2 == 1 {
		first += first % 2
	}
	return axis{length, first, n}
}

// windows returns the antialiased bilinear filter from one length to another,
// as Pillow's precompute_coeffs and normalize_coeffs_8bpc define it: a triangle
// as wide as the larger of two input and two output pixels, cut off at the
// edges, normalised in float64, then rounded to fixed point.
func windows(from int, to axis) []window {
	scale := float64(from) / float64(to.length)
	support := math.Max(scale, 1)
	reach := 2*int(math.Ceil(support)) + 1
	weights := make([]int32, reach*to.n)
	triangle := make([]float64, reach)
	list := make([]window, to.n)
	for i := range list {
		center := float64((float64(to.first+i) + 0.5) * scale)
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), from)
		n := last - first
		sum := 0.0
		for j := range n {
			distance := math.Abs(float64((float64(j+first) - center + 0.5) * (1 / support)))
			triangle[j] = max(1-distance, 0)
			sum += triangle[j]
		}
		list[i] = window{first, weights[i*reach : i*reach+n]}
		for j := range n {
			list[i].weights[j] = int32(0.5 + float64(triangle[j]/sum*(1<<fraction)))
		}
	}
	return list
}

// resize returns the picture at another size, equal byte for byte to Pillow's
// Image.resize with BILINEAR: first along rows, then along columns, rounded to
// bytes in between.
func resize(in raster, width, height int) raster {
	return resizeColumns(resizeRows(in, all(width)), all(height))
}

// square returns what the network sees of a picture: all of it, its sides scaled apart,
// or its middle, as torchvision's Resize and CenterCrop of the same size give it. Of the
// longer side no more is made than stays.
func square(in raster, spec recipe.Picture) raster {
	size := spec.Size
	if !spec.Cropped() {
		return resize(in, size, size)
	}
	short := min(in.width, in.height)
	return resizeColumns(resizeRows(in, central(size*in.width/short, size)), central(size*in.height/short, size))
}

// Crop resizes a part of src to the whole of dst, both (size, size, channels), as
// resize does: the part begins at left, top and has this width and height.
func Crop(dst, src []uint8, size, channels, left, top, width, height int) {
	part := newRaster(width, height, channels)
	stride := channels * width
	for y := range height {
		copy(part.pix[stride*y:][:stride], src[channels*((top+y)*size+left):])
	}
	copy(dst, resize(part, size, size).pix)
}

func resizeRows(in raster, to axis) raster {
	if to == all(in.width) {
		return in
	}
	width := to.n
	out := newRaster(width, in.height, in.channels)
	filter := windows(in.width, to)
	resizeRow := resizeRowRGB
	if in.channels == 1 {
		resizeRow = resizeRowGray
	}
	for y := range in.height {
		resizeRow(out.pix[in.channels*width*y:], in.pix[in.channels*in.width*y:], filter)
	}
	return out
}

func resizeRowRGB(to, row []uint8, filter []window) {
	for x, w := range filter {
		red, green, blue := int32(1)<<(fraction-1), int32(1)<<(fraction-1), int32(1)<<(fraction-1)
		from := row[3*w.first:][:3*len(w.weights)]
		for i, weight := range w.weights {
			pixel := from[3*i:][:3]
			red += int32(pixel[0]) * weight
			green += int32(pixel[1]) * weight
			blue += int32(pixel[2]) * weight
		}
		pixel := to[3*x : 3*x+3]
		pixel[0], pixel[1], pixel[2] = clip(red), clip(green), clip(blue)
	}
}

func resizeRowGray(to, row []uint8, filter []window) {
	for x, w := range filter {
		sum := int32(1) << (fraction - 1)
		for i, v := range row[w.first:][:len(w.weights)] {
			sum += int32(v) * w.weights[i]
		}
		to[x] = clip(sum)
	}
}

func resizeColumns(in raster, to axis) raster {
	if to == all(in.height) {
		return in
	}
	out := newRaster(in.width, to.n, in.channels)
	stride := in.channels * in.width
	sums := make([]int32, stride)
	for y, w := range windows(in.height, to) {
		for i := range sums {
			sums[i] = 1 << (fraction - 1)
		}
		for j, weight := range w.weights {
			row := in.pix[stride*(w.first+j):][:len(sums)]
			for i, v := range row {
				sums[i] += int32(v) * weight
			}
		}
		to := out.pix[stride*y:][:len(sums)]
		for i, sum := range sums {
			to[i] = clip(sum)
		}
	}
	return out
}

// clip turns a sum in fixed point into a byte. Weights are not negative, so a
// sum can only be too large, by the rounding of weights.
func clip(sum int32) uint8 { return uint8(min(sum>>fraction, 255)) }
