package rosette

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"slices"
	"sync"

	"biomass/runner/internal/rng"
)

const (
	side    = 256 // pixels, of a photo
	quality = 88  // of the JPEG
)

// colour is red, green and blue, 256 to a step of the finished photo. Geometry
// is float64 and ends in a coverage or a shade of 0 to 256; from there on
// everything is integers.
type colour [3]int32

func rgb(r, g, b int32) colour { return colour{r << 8, g << 8, b << 8} }

// mix returns c at t = 0 and d at t = 256.
func (c colour) mix(d colour, t int32) colour {
	for i := range c {
		c[i] += (d[i] - c[i]) * t >> 8
	}
	return c
}

// shade returns c times t/256, at most white.
func (c colour) shade(t int32) colour {
	for i := range c {
		c[i] = min(c[i]*t>>8, 255<<8)
	}
	return c
}

// fraction turns 0..1 into 0..256, and what is outside into the nearer end.
func fraction(x float64) int32 { return int32(clamp(x, 0, 1) * 256) }

// canvas is a photo while it is drawn.
type canvas struct {
	pixels [side * side]colour
}

func (c *canvas) at(x, y int) *colour { return &c.pixels[y*side+x] }

// frame is a coordinate system on the canvas: an origin in pixels, a direction
// of its first axis, and pixels a millimetre.
type frame struct {
	x, y     float64
	cos, sin float64
	scale    float64
}

// outward returns the canvas position of (u, v) mm in the frame.
func (f frame) outward(u, v float64) (x, y float64) {
	return f.x + float64(f.scale*(float64(u*f.cos)-float64(v*f.sin))),
		f.y + float64(f.scale*(float64(u*f.sin)+float64(v*f.cos)))
}

// each calls paint for every pixel of the canvas that may lie in the rectangle
// of the frame from (u0, v0) to (u1, v1), with the pixel's (u, v).
func (c *canvas) each(f frame, u0, v0, u1, v1 float64, paint func(pixel *colour, u, v float64)) {
	left, top, right, bottom := float64(side), float64(side), 0., 0.
	for _, corner := range [...][2]float64{{u0, v0}, {u0, v1}, {u1, v0}, {u1, v1}} {
		x, y := f.outward(corner[0], corner[1])
		left, right = min(left, x), max(right, x)
		top, bottom = min(top, y), max(bottom, y)
	}
	fromX, toX := max(0, int(left)-1), min(side-1, int(right)+1)
	fromY, toY := max(0, int(top)-1), min(side-1, int(bottom)+1)
	du, dv := f.cos/f.scale, -f.sin/f.scale
	for y := fromY; y <= toY; y++ {
		dx, dy := float64(fromX)-f.x, float64(y)-f.y
		u := (float64(dx*f.cos) + float64(dy*f.sin)) / f.scale
		v := (float64(dy*f.cos) - float64(dx*f.sin)) / f.scale
		for x := fromX; x <= toX; x++ {
			if u >= u0 && u <= u1 && v >= v0 && v <= v1 {
				paint(c.at(x, y), u, v)
			}
			u += du
			v += dv
		}
	}
}

// blur mixes every pixel but the outermost with its neighbours to the left and
// right, then with those above and below: strength 0 to 85.
func (c *canvas) blur(strength int32) {
	for y := range side {
		row := c.pixels[y*side : (y+1)*side]
		before := row[0]
		for x := 1; x < side-1; x++ {
			was := row[x]
			row[x] = was.between(&before, &row[x+1], strength)
			before = was
		}
	}
	above := slices.Clone(c.pixels[:side])
	for y := 1; y < side-1; y++ {
		row, below := c.pixels[y*side:(y+1)*side], c.pixels[(y+1)*side:]
		for x := range row {
			was := row[x]
			row[x] = was.between(&above[x], &below[x], strength)
			above[x] = was
		}
	}
}

// between returns c with strength/256 of each of its two neighbours in it.
func (c colour) between(before, after *colour, strength int32) colour {
	for k := range c {
		c[k] += (before[k] + after[k] - 2*c[k]) * strength >> 8
	}
	return c
}

// encode develops the photo: the light's colour (256 is white), darker
// corners, the sensor's noise, and the JPEG.
func (c *canvas) encode(light colour, corner, noise int32, seed uint32) ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	table := sensorNoise()
	for y := range side {
		for x := range side {
			dx, dy := int32(x-side/2), int32(y-side/2)
			p := c.at(x, y)
			dark := 256 - corner*(dx*dx+dy*dy)/(side*side/2)
			to := m.Pix[m.PixOffset(x, y):][:4]
			seed = seed*1664525 + 1013904223
			random := seed ^ seed>>15
			grey := 2 * table[random&4095] * noise
			for k := range p {
				v := (p[k]*dark>>8)*light[k]>>8 + grey
				random = random>>5 ^ random<<9
				v += table[random&4095] * noise
				to[k] = uint8(clamp((v+128)>>8, 0, 255))
			}
			to[3] = 255
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode jpeg: %w", err)
	}
	return out.Bytes(), nil
}

// sensorNoise is a table of normal numbers with a standard deviation of 64.
var sensorNoise = sync.OnceValue(func() *[4096]int32 {
	var table [4096]int32
	s := rng.New(0, "rosette noise")
	for i := range table {
		table[i] = int32(math.RoundToEven(64 * s.Normal()))
	}
	return &table
})

const tile = 256

// texture is a square of cloudy noise from 0 to 255 that repeats.
type texture [tile * tile]uint8

func (t *texture) at(x, y int) int32 { return int32(t[(y&(tile-1))*tile+x&(tile-1)]) }

// The textures: coarse clouds for moss, fine ones for soil.
var (
	clouds = sync.OnceValue(func() *texture { return noise("clouds", 8, 16, 32) })
	crumbs = sync.OnceValue(func() *texture { return noise("crumbs", 32, 64, 128, 256) })
)

// noise sums octaves of value noise: random values on grids of so many cells,
// interpolated between.
func noise(name string, octaves ...int) *texture {
	sum := make([]float64, tile*tile)
	weight := 1.0
	for _, cells := range octaves {
		s := rng.New(0, "rosette "+name, uint64(cells))
		grid := make([]float64, cells*cells)
		for i := range grid {
			grid[i] = s.Float64() - 0.5
		}
		step := tile / cells
		for y := range tile {
			y0, ty := y/step, smooth(float64(y%step)/float64(step))
			y1 := (y0 + 1) % cells
			for x := range tile {
				x0, tx := x/step, smooth(float64(x%step)/float64(step))
				x1 := (x0 + 1) % cells
				above := mix(grid[y0*cells+x0], grid[y0*cells+x1], tx)
				below := mix(grid[y1*cells+x0], grid[y1*cells+x1], tx)
				sum[y*tile+x] += float64(weight * mix(above, below, ty))
			}
		}
		weight *= 0.75
	}
	lo, hi := sum[0], sum[0]
	for _, v := range sum {
		lo, hi = min(lo, v), max(hi, v)
	}
	var t texture
	for i, v := range sum {
		t[i] = uint8((v - lo) / (hi - lo) * 255)
	}
	return &t
}

// smooth is the cubic that leaves 0 and reaches 1 level.
func smooth(t float64) float64 { return float64(t*t) * (3 - float64(2*t)) }
