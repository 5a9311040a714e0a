package evaluate

import (
	"cmp"
	"slices"
)

// Pair is a class and another one that its photos are taken for.
type Pair struct {
	True      int `json:"true"`
	Predicted int `json:"predicted"`
	Photos    int `json:"photos"` // that were mistaken so
	Of        int `json:"of"`     // photos of the true class
	// Shown are some of them, the surest first.
	Shown []Photo `json:"shown"`
}

// mostPairs is how many pairs are told, photosOfPair how many photos show each.
const (
	mostPairs    = 6
	photosOfPair = 4
)

// confused returns the pairs of classes that were confused most often, by photos and
// then by their share of the true class, with photos at equally spaced ranks of the
// probability.
func confused(in Input, part *Part, index []int) ([]Pair, error) {
	var pairs []Pair
	for i, row := range part.Confusion {
		for j, n := range row {
			if i != j && n > 0 {
				pairs = append(pairs, Pair{True: i, Predicted: j, Photos: n, Of: part.Counts[i]})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(b.Photos-a.Photos, a.Of-b.Of)
	})
	pairs = pairs[:min(mostPairs, len(pairs))]
	for k := range pairs {
		p := &pairs[k]
		var mistaken []int
		for _, i := range index {
			if s := in.Samples[i]; int(s.True) == p.True && int(s.Predicted) == p.Predicted {
				mistaken = append(mistaken, i)
			}
		}
		for _, i := range spaced(in.Samples, mistaken, photosOfPair, doubt) {
			pixels, err := in.Pixels(i)
			if err != nil {
				return nil, err
			}
			size, small := shrink(pixels, in.Size, in.Channels)
			p.Shown = append(p.Shown, Photo{Prediction: in.Samples[i].prediction(), Size: size, Pixels: small})
		}
	}
	return pairs, nil
}
