package split

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestFolds: every row that does not test validates in exactly one fold, whatever is dealt;
// the test part is that of every fold, and folds are of one size.
func TestFolds(t *testing.T) {
	const n, k = 205, 5
	groups := plants(3, n)
	strata := uneven(3, groups)
	for _, by := range []string{"random", "stratified", "group", "stratified_group"} {
		for _, test := range []float64{0, 0.2} {
			validated := make([]int, n)
			var tested []int
			for fold := range k + 1 { // 0 is the first
				r := spec(by, 0.7, 0.15, test)
				r.Folds, r.Fold = k, fold
				s, err := Make(r, Rows{N: n, Groups: groups, Strata: strata})
				if err != nil {
					t.Fatal(err)
				}
				checkPartition(t, s, n)
				if strings.Contains(by, "group") {
					checkDisjoint(t, s, groups)
				}
				if fold > 0 && !slices.Equal(s.Test, tested) {
					t.Errorf("by %s: fold %d tests on other rows", by, fold)
				}
				tested = s.Test
				if want := (1 - test) * n / k; math.Abs(float64(len(s.Validation))-want) > 9 {
					t.Errorf("by %s: fold %d validates on %d rows, not %v", by, fold, len(s.Validation), want)
				}
				for _, row := range s.Validation {
					if fold > 0 {
						validated[row]++
					}
				}
			}
			for _, row := range tested {
				validated[row]++
			}
			if slices.Min(validated) != 1 || slices.Max(validated) != 1 {
				t.Errorf("by %s, test %v: rows validate or test %v times", by, test, validated)
			}
		}
	}
	r := spec("stratified", 0.7, 0.15, 0)
	r.Folds = k
	s, err := Make(r, Rows{N: n, Groups: groups, Strata: strata})
	if err != nil {
		t.Fatal(err)
	}
	for stratum := range 5 {
		all, own := 0, 0
		for _, other := range strata {
			if other == stratum {
				all++
			}
		}
		for _, row := range s.Validation {
			if strata[row] == stratum {
				own++
			}
		}
		if math.Abs(float64(own)-float64(all)/k) > 2 {
			t.Errorf("stratum %d: the fold has %d of %d rows", stratum, own, all)
		}
	}
}

func TestTooManyFolds(t *testing.T) {
	r := spec("random", 0.7, 0.15, 0)
	r.Folds = 5
	if _, err := Make(r, Rows{N: 4}); err == nil || !strings.Contains(err.Error(), "split: fold 5 would be empty: 5 folds of 4 rows") {
		t.Errorf("%v", err)
	}
	r.By = "group"
	if _, err := Make(r, Rows{N: 6, Groups: strings.Split("a a b b c c", " ")}); err == nil || !strings.Contains(err.Error(), "take fewer split.folds") {
		t.Errorf("%v", err)
	}
}
