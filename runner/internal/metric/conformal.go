package metric

import (
	"cmp"
	"math"
	"slices"
)

// ConformalMargin returns how far from a prediction a true value lies at most,
// with a probability of at least level, when the distances of other predictions
// from their true values are known. It is split conformal prediction, which asks
// nothing of the network or of the distribution of errors: only that the
// individual to come is one more of those that were measured (Papadopoulos et
// al.: Inductive Confidence Machines for Regression, 2002). Photos of one
// individual err alike, so each individual counts once, its photos in equal
// shares, whatever their number (Lee, Barber and Willett: Distribution-free
// inference with hierarchical data, 2023); a sample without a group ("") is an
// individual of its own, and where all are, this is the usual rule: the k-th
// smallest of n distances, k = (n + 1) level, rounded up.
//
// Fewer individuals than the level needs, 19 for 0.95, say nothing, and ok is
// false: needed is how many it takes.
func ConformalMargin(distances []float64, groups []string, level float64) (margin float64, needed int, ok bool) {
	if len(distances) != len(groups) {
		panic("metric: as many distances as groups are needed")
	}
	photos, individuals := map[string]int{}, 0
	for _, group := range groups {
		if photos[group]++; group == "" || photos[group] == 1 {
			individuals++
		}
	}
	order := make([]int, len(distances))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(distances[a], distances[b]) })
	const slack = 1e-9 // of the rounding of shares such as 1/3
	needed = int(math.Ceil(float64(level/(1-level)) - slack))
	want := float64(level*float64(individuals+1)) - slack
	seen := 0.0
	for _, i := range order {
		if groups[i] == "" {
			seen++
		} else {
			seen += 1 / float64(photos[groups[i]])
		}
		if seen >= want {
			return distances[i], needed, true
		}
	}
	return 0, needed, false
}
