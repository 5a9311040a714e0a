package metric

import (
	"math"
	"sort"
)

// RoundSteps returns equally spaced round numbers (multiples of 1, 2, 2.5 or 5
// times a power of ten) that cover low to high with at most count steps, or two
// where fewer cannot; they serve as the edges of a histogram and as the marks of
// an axis. Every number is the float64 nearest to its decimal. A range that is
// empty, or too narrow for steps of its values' precision, is widened around
// its value.
func RoundSteps(low, high float64, count int) []float64 {
	const precision = 1e-9
	largest := max(math.Abs(low), math.Abs(high))
	if !(high-low > precision*largest) {
		half := largest / 2
		if half == 0 {
			half = 0.5
		}
		low, high = low-half, low+half
	}
	count = max(count, 2)
	step := smallestStep((high - low) / float64(count))
	for ; ; step = step.next() {
		first := math.Floor(low / step.value(1))
		if step.value(first) > low { // the quotient was rounded up
			first--
		}
		last := math.Ceil(high / step.value(1))
		if step.value(last) < high {
			last++
		}
		if last-first > float64(count) {
			continue
		}
		var steps []float64
		for i := first; i <= last; i++ {
			steps = append(steps, step.value(i))
		}
		return steps
	}
}

// Locate returns the bin of ascending edges that holds v: bins include their
// lower edge, the last one its upper edge too. Values outside count to the
// nearest bin.
func Locate(edges []float64, v float64) int {
	i := sort.SearchFloat64s(edges, v)
	if i == len(edges) || edges[i] != v {
		i--
	}
	return min(max(i, 0), len(edges)-2)
}

// step is a round distance: mantissa quarters of ten to an exponent.
type step struct {
	mantissa int // 4, 8, 10 or 20 quarters: 1, 2, 2.5 or 5
	exponent int
}

// smallestStep returns a round step that is not above distance by more than
// rounding, to begin the search with.
func smallestStep(distance float64) step {
	s := step{4, -300}
	for s.exponent < 300 && (step{4, s.exponent + 1}).value(1) <= distance {
		s.exponent++
	}
	return s
}

func (s step) next() step {
	switch s.mantissa {
	case 4:
		return step{8, s.exponent}
	case 8:
		return step{10, s.exponent}
	case 10:
		return step{20, s.exponent}
	default:
		return step{4, s.exponent + 1}
	}
}

// value returns n steps. Both factors are exact for the ranges that are met
// (powers of ten to 22), so that one rounded operation gives the float64 nearest
// to the decimal, where repeated addition would drift.
func (s step) value(n float64) float64 {
	quarters := n * float64(s.mantissa) / 4
	power := 1.0
	for range max(s.exponent, -s.exponent) {
		power *= 10
	}
	if s.exponent < 0 {
		return quarters / power
	}
	return quarters * power
}
