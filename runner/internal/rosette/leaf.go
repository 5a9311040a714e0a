package rosette

import (
	"math"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/rng"
)

// outlines is how finely a blade's outline is tabulated along its length.
const outlines = 64

// form is the shape that the leaves of a plant share.
type form struct {
	petiole float64 // its part of the leaf's length
	width   float64 // half the blade's greatest width, to its length
	outline [outlines + 1]float64
	fill    float64 // mean of the outline
	gloss   float64
}

// leaf is one leaf, in mm and radians, in the plant's frame.
type leaf struct {
	angle    float64
	length   float64
	bend     float64 // sideways, to the length
	roll     float64 // the blade's width, to the form's
	age      float64 // 1 the oldest, 0 the youngest
	blade    colour
	vein     colour
	withered float64 // the part of the blade, from the tip, that is brown
}

func newForm(s *rng.Stream) *form {
	f := &form{
		petiole: 0.1 + float64(0.22*s.Float64()),
		width:   0.24 + float64(0.14*s.Float64()),
	}
	// t^a (1-t)^b is widest at a/(a+b).
	b := 0.45 + float64(0.35*s.Float64())
	a := float64(b * (0.8 + float64(1.1*s.Float64())))
	peak := a / (a + b)
	top := elementary.Pow(peak, a) * elementary.Pow(1-peak, b)
	teeth, depth := 3+s.IntN(5), 0.0
	if s.IntN(3) == 0 {
		depth = 0.05 + float64(0.09*s.Float64())
	}
	for i := range f.outline {
		t := float64(float64(i) / outlines)
		tooth := 1 - float64(depth*(1+elementary.Cos(2*math.Pi*float64(teeth)*t)))
		f.outline[i] = float64(elementary.Pow(t, a) * elementary.Pow(1-t, b) / top * tooth)
		f.fill += float64(f.outline[i] / outlines)
	}
	return f
}

// area returns the blade's area of a leaf, in mm².
func (f *form) area(l *leaf) float64 {
	blade := float64(l.length * (1 - f.petiole))
	return float64(2 * blade * blade * f.width * l.roll * f.fill)
}

// growLeaves makes a plant's leaves, the oldest first: each a golden angle on
// from the one before, their blades together as large as the plant's area.
func growLeaves(s *rng.Stream, p *plant) (*form, []leaf) {
	const golden = 2.399963229728653
	f := newForm(s)
	f.gloss = clamp(p.thickness*0.3, 0.05, 0.6)
	leaves := make([]leaf, p.leaves)
	start := float64(2 * math.Pi * s.Float64())
	var area float64
	for i := range leaves {
		l := &leaves[i]
		position := float64(i) / float64(len(leaves)-1)
		l.age = 1 - position
		l.length = profile(position) * (1 + float64(0.1*clamp(s.Normal(), -2, 2)))
		l.angle = start + float64(golden*float64(i)) + float64(0.12*s.Normal())
		l.bend = 0.12 * clamp(s.Normal(), -2, 2)
		l.roll = 1 + float64(0.08*clamp(s.Normal(), -2, 2))
		if p.condition == dry || p.condition == dead {
			l.roll *= 0.72
		}
		area += f.area(l)
	}
	scale := math.Sqrt(100 * p.area / area) // 100 mm² are 1 cm²
	for i := range leaves {
		leaves[i].length *= scale
		leaves[i].paint(s, p)
	}
	return f, leaves
}

// profile is a leaf's length by its position from the oldest (0) to the
// youngest (1), the longest being 1.
func profile(position float64) float64 {
	if position < 0.35 {
		return mix(0.6, 1, smooth(position/0.35))
	}
	t := (position - 0.35) / 0.65
	return mix(1, 0.16, float64(t*(0.4+float64(0.6*t))))
}

// paint gives a leaf its colours: the thicker, the darker and bluer; the
// youngest lighter; what the condition takes, turned to yellow, straw, brown.
func (l *leaf) paint(s *rng.Stream, p *plant) {
	var (
		thin  = rgb(150, 196, 72)
		thick = rgb(30, 88, 48)
		fresh = rgb(158, 205, 88)
		pale  = rgb(206, 208, 92)
		straw = rgb(168, 152, 96)
		brown = rgb(112, 82, 50)
	)
	darkness := 0.5 + float64(0.5*clamp(elementary.Log(p.thickness)/1.0, -1, 1))
	c := thin.mix(thick, fraction(darkness))
	c = c.mix(fresh, fraction(0.35-float64(0.8*l.age)))
	oldest := clamp(float64(4*l.age)-3, 0, 1)
	switch p.condition {
	case healthy:
		c = c.mix(pale, fraction(oldest*0.3*s.Float64()))
	case chlorotic:
		c = c.mix(pale, fraction(0.4+float64(0.25*s.Float64())))
	case dry:
		c = c.mix(straw, fraction(0.35+float64(0.25*s.Float64())+float64(0.3*oldest)))
		l.withered = clamp(float64(0.25*s.Float64())+float64(0.5*float64(oldest*s.Float64())), 0, 1)
	case dead:
		c = straw.mix(brown, fraction(0.3+float64(0.7*s.Float64())))
		l.withered = 0.3
	}
	l.blade = c.shade(256 + int32(clamp(10*s.Normal(), -25, 25)))
	l.vein = l.blade.mix(rgb(214, 224, 160), 90)
}

// at returns half the outline's width at t from 0 to 1 along the blade.
func (f *form) at(t float64) float64 {
	x := float64(t * outlines)
	i := min(int(x), outlines-1)
	return mix(f.outline[i], f.outline[i+1], x-float64(i))
}

// draw paints the leaf, and first the shadow that it casts, onto the canvas.
// light is the direction that the light comes from.
func (l *leaf) draw(c *canvas, plantFrame frame, turn float64, f *form, light float64) {
	on := plantFrame
	angle := l.angle + turn
	on.cos, on.sin = elementary.Cos(angle), elementary.Sin(angle)
	stem := float64(l.length * f.petiole)
	blade := l.length - stem
	half := float64(blade * f.width * l.roll)
	reach := half + float64(math.Abs(l.bend)*l.length) + 1
	pixel := 1 / on.scale

	// inside returns how far (u, v) lies inside the outline, in mm, and its
	// place in the blade: t along and w across, -1 to 1.
	inside := func(u, v float64) (depth, t, w float64) {
		along := u / l.length
		v -= float64(float64(l.bend*l.length) * float64(along*along))
		if u < stem {
			return 0.55 + float64(0.02*l.length) - math.Abs(v), 0, v
		}
		t = (u - stem) / blade
		if t >= 1 {
			return -1, 1, 0
		}
		width := half * f.at(t)
		if t < 0.2 {
			width = max(width, 0.5)
		}
		return width - math.Abs(v), t, v / half
	}

	shadow := on
	shadow.x -= float64(1.1 * on.scale * elementary.Cos(light))
	shadow.y -= float64(1.1 * on.scale * elementary.Sin(light))
	c.each(shadow, 0, -reach, l.length+1, reach, func(p *colour, u, v float64) {
		if depth, _, _ := inside(u, v); depth > -0.6 {
			*p = p.shade(256 - fraction(clamp((depth+0.6)/1.6, 0, 1)*0.36))
		}
	})

	brown := rgb(120, 92, 56)
	facing := elementary.Sin(light - angle)
	c.each(on, 0, -reach, l.length+pixel, reach, func(p *colour, u, v float64) {
		depth, t, w := inside(u, v)
		cover := float64(depth*on.scale) + 0.5
		if cover <= 0 {
			return
		}
		bright := 0.78 + float64(0.26*clamp(u/(0.5*l.length), 0, 1)) + float64(0.16*clamp(3*w, -1, 1)*facing)
		ink := l.blade
		if t == 0 {
			ink = l.vein
		} else {
			across := math.Abs(w)
			wave := float64(t*7) - float64(across*4)
			wave -= math.Floor(wave)
			if wave < 0.16 {
				ink = ink.mix(l.vein, 70)
			} else {
				bright += float64(0.07 * (0.5 - wave))
			}
			rib := 1.6 - float64(across*half*on.scale)
			if rib > 0 {
				ink = ink.mix(l.vein, fraction(rib*0.7*(1.1-t)))
			}
			if t > 1-l.withered {
				ink = ink.mix(brown, 200)
			}
			dt, dw := t-0.55, w-float64(0.35*facing)
			shine := 1 - float64(12*dt*dt) - float64(14*dw*dw)
			if shine > 0 {
				ink = ink.mix(rgb(236, 242, 228), fraction(shine*f.gloss*0.6))
			}
		}
		*p = p.mix(ink.shade(int32(bright*256)), fraction(cover))
	})
}
