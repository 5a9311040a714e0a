package split

import (
	"cmp"
	"slices"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// balanced deals out whole individuals so that every part has about its share of each
// stratum: the largest first, in random order among those of one size, each to the part
// that leaves the rows nearest to their shares. How far they are is Pearson's chi-square
// over parts and strata, the sum of (rows - wanted)^2 / wanted, where all rows together
// count as a stratum too: strata of few individuals say little of a part's size. That is
// the greedy way of scikit-learn's StratifiedGroupKFold, for parts of different sizes.
func balanced(spec recipe.Split, individuals []individual, strata []int) ([]int, []string, error) {
	n := len(strata)
	order := make([]individual, len(individuals))
	for i, at := range rng.New(spec.Seed, "split").Perm(len(individuals)) {
		order[i] = individuals[at]
	}
	slices.SortStableFunc(order, func(a, b individual) int { return cmp.Compare(len(b.rows), len(a.rows)) })
	share := shares(fractions(spec), n)
	if err := tooLarge(spec, order, share, n); err != nil {
		return nil, nil, err
	}
	part, size := assign(order, share, strata)
	return part, checkSizes(spec, order, share, size, n), emptyPart(spec, order, share, size, n)
}

// assign returns the part of each row, and the parts' sizes. What an individual with g
// rows of a stratum adds to the chi-square of a part that has h of them and wants w is
// (h+g-w)^2/w - (h-w)^2/w = g*(g + 2h - 2w)/w.
func assign(order []individual, share []int, strata []int) (part, size []int) {
	n := len(strata)
	every := slices.Max(strata) + 1 // the stratum of all rows
	all := make([]int, every+1)
	for _, stratum := range strata {
		all[stratum]++
	}
	all[every] = n
	has := make([][]int, len(share))
	for p := range has {
		has[p] = make([]int, len(all))
	}
	part = make([]int, n)
	for _, one := range order {
		own := make([]int, len(all))
		for _, row := range one.rows {
			own[strata[row]]++
		}
		own[every] = len(one.rows)
		best, least := -1, 0.0
		for p, rows := range share {
			if rows == 0 {
				continue
			}
			var added float64
			for s, g := range own {
				if g > 0 {
					wanted := float64(rows) * float64(all[s]) / float64(n)
					added += float64(g) * (float64(g+2*has[p][s]) - float64(2*wanted)) / wanted
				}
			}
			if best < 0 || added < least {
				best, least = p, added
			}
		}
		for _, row := range one.rows {
			part[row] = best
			has[best][strata[row]]++
		}
		has[best][every] += len(one.rows)
	}
	for _, rows := range has {
		size = append(size, rows[every])
	}
	return part, size
}
