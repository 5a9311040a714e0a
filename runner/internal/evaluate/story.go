package evaluate

import (
	"math"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/metric"
)

// Story tells what the data are, whatever a network makes of them.
type Story struct {
	// Skewness of a regression's target over all photos, see metric.Skewness; nil
	// where it has none.
	Skewness *float64 `json:"skewness,omitempty"`
	// Ratios is a histogram of the target in bins of equal ratios; nil but where the
	// target has a long tail of large values, and none that is not above 0.
	Ratios *Histogram `json:"ratios,omitempty"`
	// Target is the distribution of a regression's target in each part.
	Target *Spread `json:"target,omitempty"`
	// Pixels are the distributions of what can be measured of each photo: red, green,
	// blue, brightness and green_share of photos in colour, brightness and contrast of
	// those in gray, all on the scale 0 to 1.
	Pixels []Spread `json:"pixels"`
	// Correlation of the table's columns of numbers; nil where there are none.
	Correlation *Correlation `json:"correlation,omitempty"`
}

// Spread is how a quantity is distributed in each of Evaluation.Parts.
type Spread struct {
	Name  string `json:"name"`
	Boxes []Box  `json:"boxes"`
	// Shifts say how far each part is from training, of which there is none itself.
	Shifts []*Shift `json:"shifts"`
}

// Box describes a distribution by its quantiles: 95 % of all values lie between Low
// and High, half of them between Q1 and Q3.
type Box struct {
	Min    float64 `json:"min"`
	Low    float64 `json:"low"`
	Q1     float64 `json:"q1"`
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"`
	High   float64 `json:"high"`
	Max    float64 `json:"max"`
}

// Shift is the two-sample distance of Kolmogorov and Smirnov from the training part.
type Shift struct {
	Distance float64 `json:"distance"`
	// Limit is what parts of one distribution exceed in 1 of 20 cases, where each
	// individual counts once, since its photos are alike: see
	// metric.KolmogorovSmirnovLimit.
	Limit float64 `json:"limit"`
}

// Apart reports whether the distance is more than what chance makes of as many
// individuals.
func (s Shift) Apart() bool { return s.Distance > s.Limit }

// longTail is the skewness from which on a distribution counts as highly skewed
// (Bulmer: Principles of Statistics, 1979).
const longTail = 1

// tell describes the data; features are those of look.
func (e *Evaluation) tell(in Input, parts map[string][]int, features [][]float64) {
	s := &e.Story
	if in.Classes == nil {
		targets, _, _ := columns(in.Samples, every(len(in.Samples)))
		if skewness, ok := metric.Skewness(targets); ok {
			s.Skewness = &skewness
			if skewness > longTail {
				s.Ratios = ratios(in.Samples, e.Parts, e.Whole)
			}
		}
		spread := e.spread(in.Target, parts, targets)
		s.Target = &spread
	}
	s.Pixels = e.pixels(parts, features)
	s.Correlation = correlate(in)
}

// every returns the numbers below n.
func every(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// spread describes the values, one a sample, of every part.
func (e *Evaluation) spread(name string, parts map[string][]int, values []float64) Spread {
	s := Spread{Name: name}
	var trained []float64
	var first *Part
	for i := range e.Parts {
		p := &e.Parts[i]
		own := make([]float64, len(parts[p.Name]))
		for k, sample := range parts[p.Name] {
			own[k] = values[sample]
		}
		own = metric.Sorted(own)
		quantile := func(q float64) float64 { return metric.Quantile(own, q) }
		s.Boxes = append(s.Boxes, Box{own[0], quantile(0.025), quantile(0.25), quantile(0.5), quantile(0.75), quantile(0.975), own[len(own)-1]})
		if p.Name == Train {
			trained, first = own, p
			s.Shifts = append(s.Shifts, nil)
			continue
		}
		s.Shifts = append(s.Shifts, &Shift{
			Distance: metric.KolmogorovSmirnov(trained, own),
			Limit:    metric.KolmogorovSmirnovLimit(first.independent(), p.independent()),
		})
	}
	return s
}

// independent is how many individuals, or else photos, a part has.
func (p *Part) independent() int {
	if p.Groups > 0 {
		return p.Groups
	}
	return p.Photos
}

// pixels describes the photos of every part.
func (e *Evaluation) pixels(parts map[string][]int, features [][]float64) []Spread {
	measures, names := measure(features)
	list := make([]Spread, len(names))
	for k, name := range names {
		list[k] = e.spread(name, parts, measures[k])
	}
	return list
}

// measure names what the features say of photos, and returns it, a value a photo.
// Photos whose three channels are the same are gray, however they are stored.
func measure(features [][]float64) (measures [][]float64, names []string) {
	gray := true
	for _, f := range features {
		gray = gray && (len(f) == 2 || f[1] == f[3] && f[3] == f[5] && f[2] == f[4] && f[4] == f[6])
	}
	add := func(name string, value func(f []float64) float64) {
		values := make([]float64, len(features))
		for i, f := range features {
			values[i] = value(f)
		}
		measures, names = append(measures, values), append(names, name)
	}
	if gray {
		add("brightness", func(f []float64) float64 { return f[max(len(f)-2, 0)] })
		add("contrast", func(f []float64) float64 { return f[len(f)-1] })
		return measures, names
	}
	add("red", func(f []float64) float64 { return f[1] })
	add("green", func(f []float64) float64 { return f[3] })
	add("blue", func(f []float64) float64 { return f[5] })
	add("brightness", func(f []float64) float64 { return luma(f[1], f[3], f[5]) })
	add("green_share", func(f []float64) float64 { return f[0] })
	return measures, names
}

// luma returns the brightness of a colour (ITU-R BT.601). It is linear, so that of
// means is the mean of all pixels.
func luma(red, green, blue float64) float64 {
	return math.FMA(0.299, red, math.FMA(0.587, green, 0.114*blue))
}

// ratios counts the target of each part in bins of equal ratios, as many a power of
// ten as a histogram has room for; those of whole numbers are at least 1 wide. It is
// nil where there is a value that is not above 0, or too little between the ends.
func ratios(samples []Sample, parts []Part, whole bool) *Histogram {
	low, high := parts[0].Target.Min, parts[0].Target.Max
	for _, p := range parts {
		low, high = min(low, p.Target.Min), max(high, p.Target.Max)
	}
	if !(low > 1e-30 && high < 1e30 && high > 2*low) { // as far as the axis of a plot reaches
		return nil
	}
	for _, a := range []int{20, 10, 8, 5, 4, 3, 2, 1} {
		edges := powers(low, high, a)
		if len(edges)-1 <= mostBins && (!whole || edges[1]-edges[0] >= 1) {
			return count(samples, parts, edges)
		}
	}
	return nil
}

// powers returns 10^(i/n) for ascending whole i, so that they cover low to high.
func powers(low, high float64, n int) []float64 {
	decade := elementary.Log(10)
	power := func(i float64) float64 { return elementary.Exp(float64(decade*i) / float64(n)) }
	i := math.Floor(elementary.Log(low) / decade * float64(n))
	for power(i) > low {
		i--
	}
	edges := []float64{power(i)}
	for edges[len(edges)-1] <= high {
		i++
		edges = append(edges, power(i))
	}
	return edges
}
