package report

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/metric"
)

// marks puts ticks at these ascending values, written with as many decimals as
// they all need, and bounds the axis by low and high.
func (c *chart) marks(axis *plot.Axis, low, high float64, values []float64) {
	digits := 0
	for _, v := range values {
		for digits < 9 && parsed(v, digits) != v {
			digits++
		}
	}
	// Four digits are read without a mark, and may be a year.
	grouped := digits == 0 && max(-low, high) >= 10_000 && max(-low, high) < 1e15
	ticks := make([]plot.Tick, len(values))
	for i, v := range values {
		label := c.decimal(v, digits)
		if grouped {
			label = sign(c.count(int(v)))
		}
		ticks[i] = plot.Tick{Value: v, Label: label}
	}
	axis.Min, axis.Max = low, high
	axis.Tick.Marker = plot.ConstantTicks(ticks)
}

// span makes an axis reach from low to high in at most so many round steps, and returns its ends.
func (c *chart) span(axis *plot.Axis, low, high float64, most int) (first, last float64) {
	steps := metric.RoundSteps(low, high, most)
	first, last = steps[0], steps[len(steps)-1]
	c.marks(axis, first, last, steps)
	return first, last
}

// falling makes the vertical axis, which has this name then, show the ratios of what falls far;
// else it reaches from a number to the highest value.
func (c *chart) falling(low, high float64, name string, from float64) {
	if low > 0 && high > 8*low {
		c.logarithmic(&c.plot.Y, low, high)
		c.vertical = name
		return
	}
	c.span(&c.plot.Y, from, high, 6)
}

// percents makes the vertical axis show what lies between low and high of 0 to 100 %.
func (c *chart) percents(low, high float64) {
	steps := within(metric.RoundSteps(low, high, 6), 0, 100)
	c.marks(&c.plot.Y, min(low, steps[0]), max(high, steps[len(steps)-1]), steps)
}

// parsed returns v as it reads with this many decimals.
func parsed(v float64, digits int) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', digits, 64), 64) // what was just written parses
	return f
}

// within returns those of ascending values that lie between low and high.
func within(values []float64, low, high float64) []float64 {
	var out []float64
	for _, v := range values {
		if v >= low && v <= high {
			out = append(out, v)
		}
	}
	return out
}

// wholeMarks are round whole numbers from low to high.
func wholeMarks(low, high, most int) []float64 {
	var out []float64
	if low == high {
		return []float64{float64(low)}
	}
	for _, v := range metric.RoundSteps(float64(low), float64(high), min(most, high-low)) {
		if v == math.Floor(v) && v >= float64(low) && v <= float64(high) {
			out = append(out, v)
		}
	}
	return out
}

// logarithmic makes an axis show ratios, with marks at 1, 2 and 5 times powers
// of ten, or at the powers alone where those would be too many.
func (c *chart) logarithmic(axis *plot.Axis, low, high float64) {
	const most = 9
	axis.Min, axis.Max = low*0.9, high*1.1
	axis.Scale = ratioScale{}
	for _, mantissas := range []string{"125", "1"} {
		var ticks plot.ConstantTicks
		for exponent := -30; exponent <= 30; exponent++ {
			for _, m := range mantissas {
				v, _ := strconv.ParseFloat(string(m)+"e"+strconv.Itoa(exponent), 64) // a number by construction
				if v >= axis.Min && v <= axis.Max {
					ticks = append(ticks, plot.Tick{Value: v, Label: c.shortest(v)})
				}
			}
		}
		axis.Tick.Marker = ticks
		if len(ticks) <= most {
			return
		}
	}
}

// ratioScale is a logarithmic plot.Normalizer with the same bits everywhere.
type ratioScale struct{}

func (ratioScale) Normalize(low, high, x float64) float64 {
	return elementary.Log(x/low) / elementary.Log(high/low)
}

// decades leaves an axis those of its marks that are powers of ten, where there are two.
func decades(axis *plot.Axis) {
	var few plot.ConstantTicks
	for _, tick := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
		if strings.Trim(tick.Label, "0.,") == "1" || strings.HasPrefix(tick.Label, "1e") {
			few = append(few, tick)
		}
	}
	if len(few) > 1 {
		axis.Tick.Marker = few
	}
}

// inLogs makes a logarithmic axis a linear one of logarithms, on which those of the
// values are drawn: the library leaves room for the name of a horizontal logarithmic
// axis where it does not put it.
func inLogs(axis *plot.Axis) {
	ticks := axis.Tick.Marker.Ticks(axis.Min, axis.Max)
	for i := range ticks {
		ticks[i].Value = elementary.Log(ticks[i].Value)
	}
	axis.Min, axis.Max = elementary.Log(axis.Min), elementary.Log(axis.Max)
	axis.Tick.Marker, axis.Scale = plot.ConstantTicks(ticks), plot.LinearScale{}
}

// unchanged places a value on a linear axis.
func unchanged(x float64) float64 { return x }
