package rosette

import (
	"cmp"
	"math"
	"slices"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/rng"
)

// condition is what a plant suffers from.
type condition int

const (
	healthy condition = iota
	chlorotic
	dry
	dead
)

// conditions says how each one is called in the table and what part of the
// weight of a healthy plant with the same leaves it leaves.
var conditions = [...]struct {
	name   string
	factor float64
}{
	healthy:   {"gesund", 1},
	chlorotic: {"Chlorose", 0.75},
	dry:       {"Trockenstress", 0.5},
	dead:      {"abgestorben", 0.2},
}

// plant is one plant, its causes (area, thickness, condition) and its weight.
type plant struct {
	index      int
	experiment int
	bot        int
	number     int
	age        int // days
	leaves     int
	harvested  bool // weighed
	condition  condition
	area       float64 // cm² of leaf, both hidden and seen
	thickness  float64 // relative to an ordinary leaf
	weight     float64 // g, fresh
	ratio      float64 // shoot to root, fresh
	shots      int
}

// The weight is scale * area^exponent * thickness * condition * noise.
const (
	weightScale    = 0.025 // g
	weightExponent = 1.12
	weightNoise    = 0.17 // standard deviation of the noise's logarithm
	largestArea    = 30.0 // cm², what the photo has room for
)

// weightQuantiles is the distribution of the fresh weight in g: skewed to the
// right, as harvests of young plants are. Between two points the logarithm is
// linear.
var weightQuantiles = [...]struct{ part, weight float64 }{
	{0, 0.006}, {0.05, 0.016}, {0.1, 0.026}, {0.25, 0.06}, {0.5, 0.15}, {0.75, 0.37},
	{0.9, 0.62}, {0.95, 0.82}, {0.98, 1.12}, {0.99, 1.4}, {1, 2.1},
}

func weightAt(part float64) float64 {
	i := 1
	for part > weightQuantiles[i].part {
		i++
	}
	a, b := weightQuantiles[i-1], weightQuantiles[i]
	t := (part - a.part) / (b.part - a.part)
	return elementary.Exp(mix(elementary.Log(a.weight), elementary.Log(b.weight), t))
}

// growPlants decides all plants. Weights are stratified over those that are
// harvested, so that every set, small or large, follows weightQuantiles.
func growPlants(o Options) []plant {
	if o.Plants < 1 {
		return nil
	}
	plants := make([]plant, o.Plants)
	vigour := make([]float64, o.Plants)
	s := rng.New(o.Seed, "rosette plants")
	for _, i := range s.Perm(o.Plants)[o.Plants*13/100:] {
		plants[i].harvested = true
	}
	var ranking []int
	for i := range plants {
		vigour[i] = s.Normal()
		if plants[i].harvested {
			ranking = append(ranking, i)
		}
	}
	slices.SortStableFunc(ranking, func(a, b int) int { return cmp.Compare(vigour[a], vigour[b]) })
	for rank, i := range ranking {
		plants[i].weight = weightAt((float64(rank) + s.Float64()) / float64(len(ranking)))
	}
	for i := range plants {
		if !plants[i].harvested {
			plants[i].weight = weightAt(s.Float64())
		}
		plants[i].index = i
		plants[i].grow(rng.New(o.Seed, "rosette plant", uint64(i)), vigour[i])
	}
	place(plants)
	return plants
}

// grow decides what made the weight: a heavy plant is likely to be older, with
// more and thicker leaves, and well.
func (p *plant) grow(s *rng.Stream, vigour float64) {
	age := float64(0.48*vigour) + float64(0.877*s.Normal())
	leaves := float64(0.48*vigour) + float64(0.3*age) + float64(0.74*s.Normal())
	p.age = clamp(38+int(math.Floor(9*age)), 16, 68)
	p.leaves = clamp(11+int(math.Floor(3.2*leaves)), 4, 24)
	p.shots = 2 + s.IntN(3)
	p.ratio = elementary.Exp(1.1 + float64(0.35*s.Normal()))

	switch ill := s.Float64() + float64(0.06*vigour); {
	case !p.harvested && ill < 0.25:
		p.condition = dead
	case ill < 0.13:
		p.condition = dry
	case ill < 0.27:
		p.condition = chlorotic
	}
	p.thickness = elementary.Exp(clamp(float64(0.2*vigour)+float64(0.38*s.Normal()), -1, 1.1))
	noise := elementary.Exp(clamp(weightNoise*s.Normal(), -0.4, 0.4))

	// The weight is given, so the area follows; what a photo has no room for
	// has to be thickness.
	rest := p.weight / (weightScale * noise * conditions[p.condition].factor)
	p.area = elementary.Pow(rest/p.thickness, 1/weightExponent)
	if p.area > largestArea {
		p.area = largestArea
		p.thickness = rest / elementary.Pow(largestArea, weightExponent)
	}
}

// place puts the plants into experiments and under farmbots.
func place(plants []plant) {
	numbers := map[[2]int]int{}
	for i := range plants {
		p := &plants[i]
		p.experiment = i * len(experiments) / len(plants)
		p.bot = (p.experiment + i%2) % len(bots)
		key := [2]int{p.experiment, p.bot}
		numbers[key]++
		p.number = numbers[key]
	}
}

func mix(a, b, t float64) float64 { return a + float64((b-a)*t) }

func clamp[T cmp.Ordered](x, lo, hi T) T { return max(lo, min(x, hi)) }
