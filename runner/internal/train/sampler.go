package train

import (
	"slices"

	"biomass/runner/internal/rng"
)

// balanced is the sampler that draws from each stratum alike.
const balanced = "balanced"

// targetBins is how many strata the range of a regression's targets has.
const targetBins = 10

// order returns the rows of an epoch in the order in which they train: all of
// them, shuffled; or, balanced, as many draws, with replacement, first of a
// stratum and then of one of its rows. That is torch's WeightedRandomSampler
// with weights of 1 / rows of the stratum.
func (l *loop) order(epoch int) []int {
	n := len(l.Train.Photos)
	if l.strata == nil {
		return rng.New(l.Spec.Seed, "shuffle", uint64(epoch)).Perm(n)
	}
	stream := rng.New(l.Spec.Seed, balanced, uint64(epoch))
	order := make([]int, n)
	for i := range order {
		rows := l.strata[stream.IntN(len(l.strata))]
		order[i] = rows[stream.IntN(len(rows))]
	}
	return order
}

// augmentation returns the stream of one row's augmentation. A row that is drawn
// twice in an epoch has two, told apart by its place in the order.
func (l *loop) augmentation(epoch, row, place int) *rng.Stream {
	if l.strata == nil {
		return rng.New(l.Spec.Seed, "augment", uint64(epoch), uint64(row))
	}
	return rng.New(l.Spec.Seed, "augment", uint64(epoch), uint64(row), uint64(place))
}

// Seen returns what each of the first epochs sees of some training rows: the
// bytes that are then normalised, (rows, epochs), nil where the sampler does not
// draw the row. A row that it draws twice is shown as it comes first.
func Seen(in Input, rows []int, epochs int) ([][][]uint8, error) {
	l := &loop{Input: in}
	if in.Spec.Sampler == balanced {
		l.strata = in.strata()
	}
	seen := make([][][]uint8, len(rows))
	for epoch := 1; epoch <= epochs; epoch++ {
		order := l.order(epoch)
		for i, row := range rows {
			var bytes []uint8
			if place := slices.Index(order, row); place >= 0 {
				pixels, err := l.Train.Photos[row]()
				if err != nil {
					return nil, err
				}
				bytes = l.Fitted.AugmentedBytes(pixels, l.Size, l.Augment, l.augmentation(epoch, row, place))
			}
			seen[i] = append(seen[i], bytes)
		}
	}
	return seen, nil
}

// First returns the training rows of the first batches of the first epoch, at most so
// many batches, as Run takes them.
func First(in Input, most int) ([][]int, error) {
	l := &loop{Input: in}
	if in.Spec.Sampler == balanced {
		l.strata = in.strata()
	}
	spans, err := batches(len(in.Train.Photos), in.Spec.Batch, in.Spec.LastBatch)
	if err != nil {
		return nil, err
	}
	order := l.order(1)
	var first [][]int
	for _, s := range spans[:min(most, len(spans))] {
		first = append(first, order[s.start:s.end])
	}
	return first, nil
}

// strata sorts the training rows by class or, of a regression, into bins of equal
// width between the smallest and the largest target, on the scale on which it is
// learnt. Those without rows are left out.
func (in *Input) strata() [][]int {
	bin := func(target float64) int { return int(target) }
	bins := len(in.Classes)
	if in.Classes == nil {
		low, high := in.Fitted.Target(in.Train.Targets[0]), in.Fitted.Target(in.Train.Targets[0])
		for _, target := range in.Train.Targets {
			low, high = min(low, in.Fitted.Target(target)), max(high, in.Fitted.Target(target))
		}
		bins = targetBins
		bin = func(target float64) int {
			if low == high {
				return 0
			}
			share := (float64(in.Fitted.Target(target)) - float64(low)) / (float64(high) - float64(low))
			return min(int(float64(share*targetBins)), targetBins-1)
		}
	}
	all := make([][]int, bins)
	for row, target := range in.Train.Targets {
		all[bin(target)] = append(all[bin(target)], row)
	}
	var filled [][]int
	for _, rows := range all {
		if len(rows) > 0 {
			filled = append(filled, rows)
		}
	}
	return filled
}
