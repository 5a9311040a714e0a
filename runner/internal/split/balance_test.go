package split

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// chiSquare says how far parts are from their shares of every stratum.
func chiSquare(part []int, share []int, strata []int) float64 {
	var sum float64
	n := float64(len(strata))
	for p := range share {
		for s := range 6 {
			has, all := 0.0, 0.0
			for row, stratum := range strata {
				if stratum == s || s == 5 { // the last: all rows
					all++
					if part[row] == p {
						has++
					}
				}
			}
			if wanted := float64(share[p]) * all / n; wanted > 0 {
				sum += (has - wanted) * (has - wanted) / wanted
			}
		}
	}
	return sum
}

func uneven(seed uint64, groups []string) []int {
	r := rand.New(rand.NewPCG(seed, 1))
	of := map[string]int{}
	strata := make([]int, len(groups))
	for row, group := range groups {
		if _, ok := of[group]; !ok || group == "" {
			of[group] = min(r.IntN(5), r.IntN(5)) // the last stratum is rare
		}
		strata[row] = of[group]
	}
	return strata
}

// TestStratifiedGroups: groups stay whole, sizes are as asked, and every part has
// about its share of every stratum, nearer than groups alone come to it.
func TestStratifiedGroups(t *testing.T) {
	var balanced, alone float64
	for seed := range uint64(40) {
		n := 120 + int(seed)*11
		groups := plants(seed, n)
		strata := uneven(seed, groups)
		r := spec("stratified_group", 0.7, 0.15, 0.15)
		r.Seed = seed
		rows := Rows{N: n, Groups: groups, Strata: strata}
		s, err := Make(r, rows)
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, n)
		checkDisjoint(t, s, groups)
		share := shares([]float64{0.7, 0.15, 0.15}, n)
		part := make([]int, n)
		for p, list := range [][]int{s.Train, s.Validation, s.Test} {
			if off := math.Abs(float64(len(list) - share[p])); off > 8 {
				t.Errorf("seed %d: part %d has %d rows, not %d", seed, p, len(list), share[p])
			}
			for _, row := range list {
				part[row] = p
			}
		}
		balanced += chiSquare(part, share, strata)
		r.By = "group"
		other, err := Make(r, rows)
		if err != nil {
			t.Fatal(err)
		}
		for p, list := range [][]int{other.Train, other.Validation, other.Test} {
			for _, row := range list {
				part[row] = p
			}
		}
		alone += chiSquare(part, share, strata)
		r.By = "stratified_group"
		r.Seed++
		if again, err := Make(r, rows); err != nil || again.Digest() == s.Digest() {
			t.Errorf("another seed gives the same split (%v)", err)
		}
	}
	if balanced > alone/4 {
		t.Errorf("chi-square %v, of groups alone %v", balanced, alone)
	}
}

// TestAssignIsGreedy recomputes the whole chi-square for every choice.
func TestAssignIsGreedy(t *testing.T) {
	groups := plants(5, 60)
	strata := uneven(5, groups)
	individuals := gather(groups, 60)
	share := []int{40, 11, 9}
	got, size := assign(individuals, share, strata)
	if size[0]+size[1]+size[2] != 60 {
		t.Fatalf("sizes %v", size)
	}
	part := make([]int, 60)
	for i := range part {
		part[i] = -1
	}
	for _, one := range individuals {
		best, least := -1, math.Inf(1)
		for p := range share {
			for _, row := range one.rows {
				part[row] = p
			}
			if sum := chiSquare(part, share, strata); sum < least-1e-9 {
				best, least = p, sum
			}
		}
		for _, row := range one.rows {
			if part[row] = best; got[row] != best {
				t.Fatalf("row %d is in part %d, the least chi-square is with %d", row, got[row], best)
			}
		}
	}
}

func TestStratifiedGroupsRefuse(t *testing.T) {
	large := Rows{N: 10, Groups: strings.Split("a a a a a a a a b c", " "), Strata: make([]int, 10)}
	if _, err := Make(spec("stratified_group", 0.6, 0.2, 0.2), large); err == nil || !strings.Contains(err.Error(), `group "a" has 8 rows of 10, more than any part may have`) {
		t.Errorf("a large group: %v", err)
	}
	few := Rows{N: 6, Groups: strings.Split("a a a b b b", " "), Strata: make([]int, 6)}
	if _, err := Make(spec("stratified_group", 0.6, 0.2, 0.2), few); err == nil || !strings.Contains(err.Error(), "part would be empty") {
		t.Errorf("two groups for three parts: %v", err)
	}
	if _, err := Make(spec("stratified_group", 0.6, 0.2, 0.2), Rows{N: 6, Groups: few.Groups}); err == nil {
		t.Error("no strata pass")
	}
}
