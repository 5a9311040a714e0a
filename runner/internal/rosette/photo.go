package rosette

import (
	"math"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/rng"
)

// potRadius is that of every pot in mm, so that the pot tells how far away the
// camera was.
const potRadius = 40

// pot is what a plant stands in, the same on all its photos.
type pot struct {
	square   bool
	rim      colour
	bench    colour
	soil     colour
	moss     int32 // added to the clouds, what is above 0 is covered
	perlite  int32 // crumbs brighter than this are white
	tileX    int
	tileY    int
	label    float64 // direction of the sticker
	writing  uint64
	offX     float64 // of the plant from the pot's centre, mm
	offY     float64
	textured bool // a bench of fleece, not of metal
}

func newPot(s *rng.Stream) pot {
	rims := [...]colour{rgb(38, 38, 40), rgb(52, 50, 50), rgb(150, 84, 58), rgb(120, 124, 126), rgb(58, 104, 70)}
	benches := [...]colour{rgb(168, 170, 172), rgb(120, 122, 124), rgb(70, 72, 76), rgb(196, 194, 188), rgb(92, 100, 108)}
	soils := [...]colour{rgb(66, 48, 36), rgb(54, 42, 34), rgb(82, 62, 46)}
	return pot{
		square: s.IntN(2) == 0,
		rim:    rims[s.IntN(len(rims))], bench: benches[s.IntN(len(benches))], soil: soils[s.IntN(len(soils))],
		moss:    int32(clamp(2*(s.Float64()-0.7), 0, 1)*90) - 230,
		perlite: 205 + int32(s.IntN(40)),
		tileX:   s.IntN(tile), tileY: s.IntN(tile),
		label: 2 * math.Pi * s.Float64(), writing: s.Uint64(),
		offX: 2.5 * clamp(s.Normal(), -2, 2), offY: 2.5 * clamp(s.Normal(), -2, 2),
		textured: s.IntN(2) == 0,
	}
}

// draw renders the shot. What belongs to the plant comes from the plant's
// stream, what belongs to the camera from the shot's.
func (k *shot) draw(seed uint64, p *plant) ([]byte, error) {
	s := rng.New(seed, "rosette drawing", uint64(p.index))
	pot := newPot(s)
	form, leaves := growLeaves(s, p)

	view := rng.New(seed, "rosette view", uint64(p.index), uint64(k.number))
	turn := 2 * math.Pi * view.Float64()
	light := 2 * math.Pi * view.Float64()
	ground := frame{
		x: side/2 + float64(0.022*side*clamp(view.Normal(), -2, 2)), y: side/2 + float64(0.022*side*clamp(view.Normal(), -2, 2)),
		cos: elementary.Cos(turn), sin: elementary.Sin(turn),
		scale: 0.0086 * side * (0.86 + float64(0.3*view.Float64())),
	}

	c := new(canvas)
	pot.draw(c, ground, light)
	pot.drawLabel(c, ground)
	plantFrame := ground
	plantFrame.x, plantFrame.y = ground.outward(pot.offX, pot.offY)
	for i := range leaves {
		leaves[i].draw(c, plantFrame, turn, form, light)
	}

	c.blur(int32(12 + view.IntN(70)))
	exposure := 1 + float64(0.06*clamp(view.Normal(), -2, 2))
	warmth := float64(0.03 * clamp(view.Normal(), -2, 2))
	tint := [3]float64{exposure * (1 + warmth), exposure, exposure * (1 - warmth)}
	if k.lamp {
		pink := 0.7 + float64(0.3*view.Float64())
		tint[0] *= 1 + float64(0.1*pink)
		tint[1] *= 1 - float64(0.16*pink)
		tint[2] *= 1 + float64(0.04*pink)
	}
	var gain colour
	for i, t := range tint {
		gain[i] = int32(t * 256)
	}
	return c.encode(gain, int32(30+view.IntN(50)), int32(2+view.IntN(5)), uint32(view.Uint64()))
}

// draw paints bench, pot and soil over the whole canvas.
func (p *pot) draw(c *canvas, on frame, light float64) {
	const rimWidth = 2.6
	coarse, fine := clouds(), crumbs()
	// Direction to the light in the pot's frame.
	lightU := float64(elementary.Cos(light)*on.cos) + float64(elementary.Sin(light)*on.sin)
	lightV := float64(elementary.Sin(light)*on.cos) - float64(elementary.Cos(light)*on.sin)
	green, white := rgb(92, 118, 50), rgb(214, 210, 200)
	c.each(on, -1000, -1000, 1000, 1000, func(px *colour, u, v float64) {
		x, y := p.tileX+int(4*(u+512)), p.tileY+int(4*(v+512))
		depth := p.depth(u, v)
		away := p.depth(u+float64(2.5*lightU), v+float64(2.5*lightV)) // the depth before the shadow fell
		if depth > rimWidth {
			crumb := fine.at(x, y)
			*px = p.soil.shade(120 + crumb)
			if m := coarse.at(x/2, y/2) + p.moss; m > 0 {
				*px = px.mix(green.shade(170+crumb/2), min(6*m, 220))
			}
			if fine.at(y, x+77) > p.perlite {
				*px = px.mix(white, 190)
			}
			if shade := 1 - (away-rimWidth)/3.5; shade > 0 {
				*px = px.shade(256 - fraction(shade*0.5))
			}
		} else if p.textured {
			*px = p.bench.shade(226 + fine.at(x/2, y/2)/5)
		} else {
			*px = p.bench.shade(244 + coarse.at(x/8, y)/12)
		}
		if depth <= rimWidth && away > -4 {
			*px = px.shade(256 - fraction((away+4)/6*0.45))
		}
		if edge := float64(min(depth, rimWidth-depth)*on.scale) + 0.5; edge > 0 {
			*px = px.mix(p.rim.shade(230-int32(clamp(away-depth, -3, 3)*16)), fraction(edge))
		}
	})
}

// depth returns how far (u, v) mm lies inside the pot.
func (p *pot) depth(u, v float64) float64 {
	if !p.square {
		return potRadius - math.Sqrt(float64(u*u)+float64(v*v))
	}
	const corner = 7
	u, v = math.Abs(u)-(potRadius-corner-2), math.Abs(v)-(potRadius-corner-2)
	if u <= 0 || v <= 0 {
		return corner - max(u, v)
	}
	return corner - math.Sqrt(float64(u*u)+float64(v*v))
}

// drawLabel puts the sticker with its lines of writing onto the rim.
func (p *pot) drawLabel(c *canvas, on frame) {
	const halfLength, halfHeight = 10.5, 5.0
	cos, sin := elementary.Cos(p.label), elementary.Sin(p.label)
	at := on
	at.x, at.y = on.outward(36*cos, 36*sin)
	// Its long side lies along the rim.
	at.cos, at.sin = -float64(on.sin*cos)-float64(on.cos*sin), float64(on.cos*cos)-float64(on.sin*sin)
	paper, ink := rgb(240, 240, 234), rgb(48, 48, 58)
	c.each(at, -halfLength-1, -halfHeight-1, halfLength+1, halfHeight+1, func(px *colour, u, v float64) {
		edge := min(halfLength-math.Abs(u), halfHeight-math.Abs(v))
		if edge < 0 {
			*px = px.shade(256 - fraction((edge+1)*0.4))
			return
		}
		*px = paper
		line := int((v + halfHeight) / 2.5)
		letter := int((u + halfLength) / 0.7)
		if line > 0 && line < 4 && letter > 1 && letter < 26-line*3 &&
			math.Mod(v+halfHeight, 2.5) > 0.8 && p.writing>>((letter*3+line*7)%64)&1 == 1 {
			*px = ink
		}
	})
}
