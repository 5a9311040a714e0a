package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"biomass/runner/internal/metric"
)

// Attention shows where the network looks in photos that it judges best, middling and worst.
type Attention struct {
	// Layer is the one whose map is shown.
	Layer  string     `json:"layer"`
	Photos []Attended `json:"photos"`
}

// Attended is a photo with the attention to what was predicted.
type Attended struct {
	Photo
	// Rank is best, median or worst: of a regression by the absolute error, of a
	// classification by the probability of the true class.
	Rank string `json:"rank"`
	// Map is the attention (Height, Width), in 255ths of the highest; all 0 where nothing in
	// the photo speaks for the prediction.
	Height int    `json:"height"`
	Width  int    `json:"width"`
	Map    []byte `json:"map"`
}

// Map is where a network looks in one photo: (Height, Width) numbers, none below 0.
type Map struct {
	Height, Width int
	Values        []float64
}

// The ranks of photos, and how many there are of each at most.
const (
	Best   = "best"
	Median = "median"
	Worst  = "worst"

	mostRanked = 3
)

// attend asks for the attention to the predictions for a part; nil where nobody can tell.
func attend(in Input, index []int) (*Attention, error) {
	if in.Attend == nil {
		return nil, nil
	}
	chosen, ranks := ranked(in, index)
	outputs := make([]int, len(chosen)) // a regression has but one
	if in.Classes != nil {
		for k, i := range chosen {
			outputs[k] = int(in.Samples[i].Predicted)
		}
	}
	layer, maps, err := in.Attend(chosen, outputs)
	if err != nil {
		return nil, fmt.Errorf("evaluate attention: %w", err)
	}
	if len(maps) != len(chosen) { // the network has no map
		return nil, nil
	}
	a := &Attention{Layer: layer}
	for k, i := range chosen {
		pixels, err := in.Pixels(i)
		if err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", in.Samples[i].Image, err)
		}
		a.Photos = append(a.Photos, Attended{Photo: thumbnail(in, in.Samples[i], pixels), Rank: ranks[k], Height: maps[k].Height, Width: maps[k].Width, Map: levels(maps[k].Values)})
	}
	return a, nil
}

// ranked returns the best, the median and the worst samples of a part, best first, each
// individual once.
func ranked(in Input, index []int) (chosen []int, ranks []string) {
	bad := make([]float64, len(in.Samples))
	probabilities := make([]float64, len(in.Classes))
	for _, i := range index {
		s := in.Samples[i]
		if in.Classes == nil {
			bad[i] = math.Abs(s.Predicted - s.True)
		} else {
			metric.Softmax(probabilities, s.Outputs)
			bad[i] = -probabilities[int(s.True)]
		}
	}
	order := slices.Clone(index)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(bad[a], bad[b]), in.Samples[a].Line-in.Samples[b].Line)
	})
	most := max(1, min(mostRanked, len(order)/3))
	shown, individuals := map[int]bool{}, map[string]bool{}
	take := func(candidates []int) (taken []int) {
		for _, i := range candidates {
			if group := in.Samples[i].Group; len(taken) < most && !shown[i] && !individuals[group] {
				taken, shown[i], individuals[group] = append(taken, i), true, group != ""
			}
		}
		return taken
	}
	reversed := slices.Clone(order)
	slices.Reverse(reversed)
	worst := take(reversed) // they matter most
	slices.Reverse(worst)
	best, median := take(order), take(order[(len(order)-most)/2:])
	for _, r := range []struct {
		name    string
		samples []int
	}{{Best, best}, {Median, median}, {Worst, worst}} {
		chosen = append(chosen, r.samples...)
		ranks = append(ranks, slices.Repeat([]string{r.name}, len(r.samples))...)
	}
	return chosen, ranks
}

// levels are values in 255ths of the highest.
func levels(values []float64) []byte {
	out := make([]byte, len(values))
	if highest := slices.Max(values); highest > 0 {
		for i, v := range values {
			out[i] = byte(math.Floor(float64(255*(v/highest)) + 0.5))
		}
	}
	return out
}
