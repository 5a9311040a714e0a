package split

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

func spec(by string, train, validation, test float64) recipe.Split {
	return recipe.Split{Seed: 42, Train: train, Validation: validation, Test: test, By: by, Leak: "warn",
		Column: "part", Parts: recipe.Parts{Train: "train", Validation: "validation", Test: "test"}}
}

// plants returns groups of 2 to 4 rows, mixed up, of which a tenth is "".
func plants(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 0))
	groups := make([]string, 0, n)
	for plant := 0; len(groups) < n; plant++ {
		for range min(2+r.IntN(3), n-len(groups)) {
			groups = append(groups, fmt.Sprintf("plant %d", plant))
		}
	}
	for i := range groups {
		if r.IntN(10) == 0 {
			groups[i] = ""
		}
	}
	r.Shuffle(n, func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return groups
}

func checkPartition(t *testing.T, s *Split, n int) {
	t.Helper()
	seen := make([]int, n)
	for _, list := range [][]int{s.Train, s.Validation, s.Test} {
		if !slices.IsSorted(list) {
			t.Fatal("a part is not ascending")
		}
		for _, row := range list {
			seen[row]++
		}
	}
	for row, times := range seen {
		if times != 1 {
			t.Fatalf("row %d is in %d parts", row, times)
		}
	}
}

func TestProperties(t *testing.T) {
	fractions := [][3]float64{{0.7, 0.15, 0.15}, {0.8, 0.2, 0}, {0.6, 0, 0.4}, {0.34, 0.33, 0.33}, {0.1, 0.8, 0.1}}
	for seed := range uint64(60) {
		n := 40 + int(seed)*17
		groups := plants(seed, n)
		for _, f := range fractions {
			for _, by := range []string{"random", "group"} {
				recipe := spec(by, f[0], f[1], f[2])
				recipe.Seed = seed
				s, err := Make(recipe, Rows{N: n, Groups: groups})
				if err != nil {
					t.Fatal(err)
				}
				checkPartition(t, s, n)
				again, err := Make(recipe, Rows{N: n, Groups: groups})
				if err != nil || again.Digest() != s.Digest() {
					t.Fatal("the same seed gives another split")
				}
				recipe.Seed++
				if other, err := Make(recipe, Rows{N: n, Groups: groups}); err != nil || other.Digest() == s.Digest() {
					t.Fatalf("another seed gives the same split (%v)", err)
				}
				// Whole groups of at most 4 can miss a size by 3; rows miss it by less than one.
				allowed := 1.0
				if by == "group" {
					allowed = 3
				}
				for p, list := range [][]int{s.Train, s.Validation, s.Test} {
					if off := math.Abs(float64(len(list)) - float64(f[p]*float64(n))); off > allowed {
						t.Errorf("seed %d, %v by %s of %d: part %d has %d rows", seed, f, by, n, p, len(list))
					}
				}
				if by == "group" {
					if len(s.Warnings) > 0 {
						t.Errorf("warnings: %q", s.Warnings)
					}
					checkDisjoint(t, s, groups)
				} else if len(s.Warnings) != 1 {
					t.Errorf("a random split over groups warns %q", s.Warnings)
				}
			}
		}
	}
}

func checkDisjoint(t *testing.T, s *Split, groups []string) {
	t.Helper()
	side := map[string]int{}
	for p, list := range [][]int{s.Train, s.Validation, s.Test} {
		for _, row := range list {
			if before, ok := side[groups[row]]; ok && before != p && groups[row] != "" {
				t.Fatalf("group %q is in two parts", groups[row])
			}
			side[groups[row]] = p
		}
	}
}

// TestSizesAreMixed holds that every part gets large and small groups: a part
// of small groups only would be another population.
func TestSizesAreMixed(t *testing.T) {
	var groups []string
	for plant := range 400 {
		for range 1 + plant%4 {
			groups = append(groups, fmt.Sprint(plant))
		}
	}
	s, err := Make(spec("group", 0.7, 0.15, 0.15), Rows{N: len(groups), Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]int{s.Train, s.Validation, s.Test} {
		count := map[string]int{}
		for _, row := range list {
			count[groups[row]]++
		}
		if mean := float64(len(list)) / float64(len(count)); math.Abs(mean-2.5) > 0.3 {
			t.Errorf("a part has groups of %.2f rows, not 2.5", mean)
		}
	}
}

func TestGroupsAreCounted(t *testing.T) {
	s, err := Make(spec("group", 0.5, 0.5, 0), Rows{N: 6, Groups: []string{"a", "b", "a", "", "", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Groups != 4 {
		t.Errorf("%d groups, want a, b and two rows without one", s.Groups)
	}
	if s, err = Make(spec("random", 0.5, 0.5, 0), Rows{N: 6}); err != nil || s.Groups != 0 || len(s.Warnings) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestGolden holds the split itself: another one would change every lock.
func TestGolden(t *testing.T) {
	groups := plants(1, 30)
	for by, want := range map[string]string{
		"random": "sha256:46ba8edf1bbd299c8b1b570bbbfbaa210df331609013a3256f635220fd1c6ae1",
		"group":  "sha256:dc7536b61a36be1edc5c40122b1efcc1b3d8f6760bbb03a596533121d4b6fdad",
	} {
		s, err := Make(spec(by, 0.7, 0.15, 0.15), Rows{N: len(groups), Groups: groups})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Digest().String(); got != want {
			t.Errorf("%s: %s, want %s: %v %v %v", by, got, want, s.Train, s.Validation, s.Test)
		}
	}
}

func TestColumn(t *testing.T) {
	cells := []string{"test", "train", "validation", "train", "test"}
	s, err := Make(spec("column", 0, 0, 0), Rows{N: 5, Groups: []string{"a", "b", "c", "b", "a"}, Parts: cells})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Train, []int{1, 3}) || !slices.Equal(s.Validation, []int{2}) || !slices.Equal(s.Test, []int{0, 4}) || len(s.Warnings) > 0 {
		t.Errorf("got %+v", s)
	}

	_, err = Make(spec("column", 0, 0, 0), Rows{N: 5, Parts: []string{"train", "valid", "test", "", "valid"}})
	var unknown *UnknownPart
	if !errors.As(err, &unknown) || !slices.Equal(unknown.Values, []string{"valid", ""}) || !slices.Equal(unknown.Rows, []int{1, 3, 4}) {
		t.Errorf("got %v", err)
	}
	expectError(t, err, `split by column part: 3 rows name no part, but "valid", ""; split.parts knows train: "train", validation: "validation", test: "test"`)

	without := spec("column", 0, 0, 0)
	without.Parts.Test = ""
	_, err = Make(without, Rows{N: 3, Parts: []string{"train", "validation", ""}})
	expectError(t, err, `1 row names no part, but ""`)
	if s, err = Make(without, Rows{N: 3, Parts: []string{"train", "validation", "train"}}); err != nil || len(s.Test) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func expectError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEmptyParts(t *testing.T) {
	_, err := Make(spec("column", 0, 0, 0), Rows{N: 2, Parts: []string{"test", "validation"}})
	expectError(t, err, `split by column part: the train part is empty: none of 2 rows has "train"`)
	_, err = Make(spec("column", 0, 0, 0), Rows{N: 2, Parts: []string{"train", "validation"}})
	expectError(t, err, `the test part is empty: none of 2 rows has "test"; write split.parts.test: "" if there is no such part`)
	_, err = Make(spec("random", 0.7, 0.15, 0.15), Rows{N: 3})
	expectError(t, err, "split: the test part would be empty: split.test: 0.15 of 3 rows")
	_, err = Make(spec("random", 0.01, 0.49, 0.5), Rows{N: 10})
	expectError(t, err, "split: the train part would be empty: split.train: 0.01 of 10 rows")
	_, err = Make(spec("random", 0.7, 0.15, 0.15), Rows{N: 0})
	expectError(t, err, "the train part would be empty: split.train: 0.7 of 0 rows")
}

func TestLargeGroup(t *testing.T) {
	var groups []string
	for range 95 {
		groups = append(groups, "weed")
	}
	groups = append(groups, "a", "b", "c", "d", "e")
	_, err := Make(spec("group", 0.7, 0.15, 0.15), Rows{N: 100, Groups: groups})
	expectError(t, err, `split by group: group "weed" has 95 rows of 100, more than any part may have: train gets 70; give it a larger fraction`)

	s, err := Make(spec("group", 0.95, 0.03, 0.02), Rows{N: 100, Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 95 || len(s.Validation) != 3 || len(s.Test) != 2 || len(s.Warnings) > 0 {
		t.Errorf("got %d, %d, %d, %q", len(s.Train), len(s.Validation), len(s.Test), s.Warnings)
	}

	_, err = Make(spec("group", 0.7, 0.15, 0.15), Rows{N: 9, Groups: strings.Fields("a a a b b b c c c")})
	expectError(t, err, "part would be empty: 0.15 of 9 rows is 1, but groups stay whole, and group")

	s, err = Make(spec("group", 0.7, 0.15, 0.15), Rows{N: 15, Groups: strings.Fields("a a a b b b c c c d d d e e e")})
	if err != nil {
		t.Fatal(err)
	}
	checkPartition(t, s, 15)
	if len(s.Train) != 9 || len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], "train, validation and test have 9, 3 and 3 rows, though their fractions ask for 11, 2 and 2: groups stay whole, and group") {
		t.Errorf("got %d, %d, %d, %q", len(s.Train), len(s.Validation), len(s.Test), s.Warnings)
	}
}

func TestLeak(t *testing.T) {
	groups := []string{"a", "b", "a", "", "c", "c"}
	cells := []string{"train", "train", "test", "validation", "validation", "validation"}
	recipe := spec("column", 0, 0, 0)
	s, err := Make(recipe, Rows{N: 6, Groups: groups, Parts: cells})
	if err != nil {
		t.Fatal(err)
	}
	const want = `1 of 3 groups have rows in more than one part ("a")`
	if len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], want) {
		t.Errorf("got %q", s.Warnings)
	}
	recipe.Leak = "error"
	_, err = Make(recipe, Rows{N: 6, Groups: groups, Parts: cells})
	expectError(t, err, "split: "+want)
	recipe.Leak = "ignore"
	if s, err = Make(recipe, Rows{N: 6, Groups: groups, Parts: cells}); err != nil || len(s.Warnings) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// mixed returns the rows of strata of these sizes, mixed up.
func mixed(seed uint64, sizes ...int) []int {
	var strata []int
	for stratum, size := range sizes {
		for range size {
			strata = append(strata, stratum)
		}
	}
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(strata), func(i, j int) { strata[i], strata[j] = strata[j], strata[i] })
	return strata
}

// count returns how many rows of each stratum each part has.
func count(s *Split, strata []int) [3][]int {
	var counts [3][]int
	for p, list := range [][]int{s.Train, s.Validation, s.Test} {
		counts[p] = make([]int, slices.Max(strata)+1)
		for _, row := range list {
			counts[p][strata[row]]++
		}
	}
	return counts
}

// TestStratified: the parts have exactly their shares, and of each stratum within
// two rows of them; where it comes out even, exactly.
func TestStratified(t *testing.T) {
	even := mixed(1, 60, 60, 60, 20)
	s, err := Make(spec("stratified", 0.7, 0.15, 0.15), Rows{N: 200, Strata: even})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(count(s, even)), "[[42 42 42 14] [9 9 9 3] [9 9 9 3]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		var sizes []int
		for range 1 + r.IntN(30) {
			sizes = append(sizes, 1+r.IntN(40))
		}
		strata := mixed(seed, sizes...)
		n := len(strata)
		if n < 20 {
			continue
		}
		fractions := []float64{0.6, 0.25, 0.15}
		recipe := spec("stratified", fractions[0], fractions[1], fractions[2])
		recipe.Seed = seed
		s, err := Make(recipe, Rows{N: n, Strata: strata})
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, n)
		if got := []int{len(s.Train), len(s.Validation), len(s.Test)}; !slices.Equal(got, shares(fractions, n)) {
			t.Errorf("the parts have %v rows, want %v", got, shares(fractions, n))
		}
		for p, counts := range count(s, strata) {
			for stratum, got := range counts {
				if want := fractions[p] * float64(sizes[stratum]); math.Abs(float64(got)-want) >= 2.1 {
					t.Errorf("part %d has %d of %d rows of a stratum, want %v", p, got, sizes[stratum], want)
				}
			}
		}
		again, err := Make(recipe, Rows{N: n, Strata: strata})
		if err != nil || again.Digest() != s.Digest() {
			t.Errorf("the same seed, another split (%v)", err)
		}
		recipe.Seed++
		if other, err := Make(recipe, Rows{N: n, Strata: strata}); err != nil || other.Digest() == s.Digest() {
			t.Errorf("another seed, the same split (%v)", err)
		}
	}
	_, err = Make(spec("stratified", 0.9, 0.05, 0.05), Rows{N: 5, Strata: make([]int, 5)})
	expectError(t, err, "would be empty")
	_, err = Make(spec("stratified", 0.9, 0.05, 0.05), Rows{N: 5})
	expectError(t, err, "0 strata")
}

// TestStrata: tenths by size; equal numbers may be torn, in the order of the rows.
func TestStrata(t *testing.T) {
	if got := Strata([]float64{5, 1, 1, 9, 2, 0, 7, 7, 7, 3}); !slices.Equal(got, []int{5, 1, 2, 9, 3, 0, 6, 7, 8, 4}) {
		t.Errorf("got %v", got)
	}
	if got := Strata([]float64{3, 1, 2}); !slices.Equal(got, []int{6, 0, 3}) {
		t.Errorf("got %v", got)
	}
	if got := Strata(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// TestGiven: what the data state stays, and validation is cut from training alone.
func TestGiven(t *testing.T) {
	strata := mixed(3, 50, 30, 20)
	parts := make([]string, len(strata))
	for i := range parts {
		parts[i] = "train"
	}
	tests := []int{}
	seen := make([]int, 3)
	for i, stratum := range strata {
		if seen[stratum]++; seen[stratum] <= 10 {
			parts[i] = "test"
			tests = append(tests, i)
		}
	}
	recipe := spec("given", 0.7, 0.1, 0.15)
	recipe.Parts.Validation = ""
	rows := Rows{N: len(parts), Parts: parts, Strata: strata}
	s, err := Make(recipe, rows)
	if err != nil {
		t.Fatal(err)
	}
	checkPartition(t, s, len(parts))
	if got, want := fmt.Sprint(count(s, strata)), "[[36 18 9] [4 2 1] [10 10 10]]"; got != want || !slices.Equal(s.Test, tests) {
		t.Errorf("got %s, want %s", got, want)
	}
	recipe.Seed++
	if other, err := Make(recipe, rows); err != nil || slices.Equal(other.Validation, s.Validation) || !slices.Equal(other.Test, tests) {
		t.Errorf("another seed, the same cut (%v)", err)
	}
	recipe.Validation = 0
	if s, err = Make(recipe, rows); err != nil || len(s.Validation) != 0 || len(s.Train) != 70 {
		t.Errorf("%v: %d validation rows", err, len(s.Validation))
	}
	recipe.Validation = 0.001
	_, err = Make(recipe, rows)
	expectError(t, err, "the validation part would be empty: split.validation: 0.001 of 70 rows")

	// A validation part of the data is taken as it is.
	recipe.Validation, recipe.Parts.Validation = 0.1, "validation"
	_, err = Make(recipe, rows)
	expectError(t, err, `the validation part is empty: none of 100 rows has "validation"`)
	if strings.Contains(err.Error(), "split.parts") {
		t.Errorf("%v: split.parts is for columns", err)
	}
	parts[tests[0]] = "validation"
	if s, err = Make(recipe, rows); err != nil || !slices.Equal(s.Validation, tests[:1]) || len(s.Train) != 70 {
		t.Errorf("%v: %v", err, s)
	}
}

// TestAlike holds what is said of photos that are in more than one part.
func TestAlike(t *testing.T) {
	rows := Rows{
		N: 6, Parts: []string{"train", "train", "test", "validation", "train", "test"},
		Alike: []int{0, 0, 2, 3, 2, 0}, Names: []string{"a", "b", "c", "d", "e", "f"},
	}
	spec := recipe.Split{By: "column", Column: "part", Parts: recipe.Parts{Train: "train", Validation: "validation", Test: "test"}, Leak: "warn"}
	s, err := Make(spec, rows)
	const want = "5 photos have a copy in another part, or one that looks the same (c of test and e of train, a of train and f of test): "
	if err != nil || len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], want) {
		t.Errorf("got %q, %v", s.Warnings, err)
	}
	spec.Leak = "error"
	if _, err = Make(spec, rows); err == nil || !strings.HasPrefix(err.Error(), "split: "+want) {
		t.Errorf("got %v", err)
	}
	spec.Leak = "ignore"
	if s, err = Make(spec, rows); err != nil || len(s.Warnings) > 0 {
		t.Errorf("got %q, %v", s.Warnings, err)
	}
	spec.Leak, rows.Alike = "error", []int{0, 0, 1, 2, 3, 4}
	if s, err = Make(spec, rows); err != nil || len(s.Warnings) > 0 {
		t.Errorf("got %q, %v", s.Warnings, err)
	}
}
