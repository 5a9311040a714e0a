package rosette

import (
	"fmt"
	"math"
	"time"

	"biomass/runner/internal/rng"
)

var columns = []string{
	"filename", "experiment_id", "farmbot_name", "plant_number", "timestamp",
	"temperature", "humidity", "illuminancelux", "illuminanceinfrared", "illuminancevisible", "illuminancefullspectrum",
	"is_active", "fresh_weight_total", "fresh_weight_shoot", "fresh_weight_root", "dry_weight_shoot",
	"age_days", "condition", "shoot_root_ratio_fresh", "plant_surface_area", "leaf_surface_area",
	"small_leaves", "big_leaves", "total_leaves", "artificial_light", "lab_book_page",
}

// experiments are the sowings, bots the machines that carry the cameras.
var (
	experiments = [...]time.Time{
		date(2023, 3, 6), date(2023, 5, 15), date(2023, 9, 4), date(2024, 1, 15), date(2024, 4, 8), date(2024, 10, 7),
	}
	bots = [...]struct{ name, short string }{{"FarmBot Nord", "nord"}, {"FarmBot Süd", "sued"}, {"FarmBot Halle 2", "halle2"}}
)

func date(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// overflow is what the light sensor reports when it cannot.
const overflow = 99999999

// shot is one photo of a plant and so one row of the table.
type shot struct {
	plant  int
	number int // of the plant's shots, from 0; a copy has its original's
	name   string
	when   time.Time
	lamp   bool
	lost   bool // in the table, but no file
	cutOff bool // the file ends in the middle
	blank  bool // the weight was not copied into this row
}

// takeShots decides the photos, in the order of the plants, and what goes
// wrong with them.
func takeShots(o Options, plants []plant) []shot {
	var shots []shot
	for i := range plants {
		p := &plants[i]
		s := rng.New(o.Seed, "rosette shots", uint64(i))
		when := experiments[p.experiment].AddDate(0, 0, p.age).Add(time.Duration(8*3600+s.IntN(7*3600)) * time.Second)
		for k := range p.shots {
			shots = append(shots, shot{
				plant: i, number: k, name: name(p, when), when: when, lamp: s.IntN(5) < 2,
				lost:  s.IntN(60) == 0,
				blank: p.harvested && s.IntN(80) == 0,
			})
			when = when.Add(time.Duration(20+s.IntN(300)) * time.Second)
		}
	}
	return spoil(rng.New(o.Seed, "rosette faults"), shots)
}

func name(p *plant, when time.Time) string {
	return fmt.Sprintf("E%02d_%s_p%03d_%s.jpg", p.experiment+1, bots[p.bot].short, p.number, when.Format("20060102-150405"))
}

// spoil cuts one photo off and, where there are enough, stores two others
// twice, each copy in a row after its original.
func spoil(s *rng.Stream, shots []shot) []shot {
	whole := func(i int) bool { return !shots[i].lost && !shots[i].blank && !shots[i].cutOff }
	order := s.Perm(len(shots))
	// pick returns a photo that nothing is wrong with yet, -1 where none is left.
	pick := func() int {
		for len(order) > 0 {
			i := order[0]
			order = order[1:]
			if whole(i) {
				return i
			}
		}
		return -1
	}
	if i := pick(); i >= 0 {
		shots[i].cutOff = true
	}
	twice := map[int]bool{}
	for range min(2, len(shots)/10) {
		twice[pick()] = true
	}
	var all []shot
	for i, original := range shots {
		all = append(all, original)
		if twice[i] {
			copied := original
			copied.name = original.name[:len(original.name)-len(".jpg")] + " - Kopie.jpg"
			all = append(all, copied)
		}
	}
	return all
}

// row returns the table's row of a shot.
func (s *Set) row(p *plant, shot *shot) []any {
	plantwise := rng.New(s.options.Seed, "rosette measured", uint64(p.index))
	shotwise := rng.New(s.options.Seed, "rosette sensed", uint64(p.index), uint64(shot.number))

	var total, shoot, root, dryShoot, ratio any
	total = "nan"
	if plantwise.IntN(2) == 0 {
		total = nil
	}
	dryness, washed := 0.07+float64(0.03*plantwise.Float64()), plantwise.IntN(4) > 0
	if p.harvested && !shot.blank {
		total = round(p.weight, 3)
		if washed {
			top := p.weight * p.ratio / (1 + p.ratio)
			shoot, root = round(top, 3), round(p.weight-top, 3)
			dryShoot, ratio = round(top*dryness, 4), round(p.ratio, 2)
		}
	}
	seen := p.area * (0.72 + float64(0.16*plantwise.Float64())) // the rest is hidden by other leaves
	big := clamp(int(float64(p.leaves)*(0.35+float64(0.3*plantwise.Float64()))), 1, p.leaves-1)
	var plantArea, leafArea any = round(seen, 2), round(p.area*(0.95+float64(0.1*plantwise.Float64())), 2)
	if plantwise.IntN(5) == 0 {
		plantArea, leafArea = nil, nil
	}
	page := fmt.Sprintf("LB%d S. %d", 2+p.experiment/2, 11+p.index%180)

	temperature := round(21+float64(1.8*shotwise.Normal()), 1)
	humidity := round(clamp(56+float64(8*shotwise.Normal()), 20, 98), 1)
	visible := 600 + float64(900*shotwise.Float64())
	infrared := visible * (0.2 + float64(0.15*shotwise.Float64()))
	if shot.lamp {
		visible += 2600
		infrared *= 1.5
	}
	lux, ir, vis, full := any(round(visible*1.08, 1)), any(math.Floor(infrared)), any(math.Floor(visible)), any(math.Floor(infrared)+math.Floor(visible))
	switch fault := shotwise.IntN(100); {
	case fault < 3:
		lux, ir, vis, full = overflow, overflow, overflow, overflow
	case fault < 5:
		full = overflow
	case fault < 7:
		lux, ir, vis, full = nil, nil, nil, nil
	}
	return []any{
		shot.name, p.experiment + 1, bots[p.bot].name, p.number, shot.when.Format("2006-01-02 15:04:05"),
		temperature, humidity, lux, ir, vis, full,
		p.condition != dead, total, shoot, root, dryShoot,
		p.age, conditions[p.condition].name, ratio, plantArea, leafArea,
		p.leaves - big, big, p.leaves, shot.lamp, page,
	}
}

// round returns x with so many decimals.
func round(x float64, decimals int) float64 {
	unit := 1.0
	for range decimals {
		unit *= 10
	}
	return math.Round(x*unit) / unit
}
