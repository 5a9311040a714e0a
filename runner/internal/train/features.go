package train

import (
	"context"
	"slices"
)

// features are what the base of the network gives for the rows, which it gives in every
// epoch as long as nothing changes the pictures.
type features struct {
	size              int // of a row
	train, validation []float32
}

// maxFeatures is how many numbers are kept at most: 2 GiB. What takes more is worked out
// again in each step, to the same bits.
const maxFeatures = 1 << 29

// keepFeatures works out the features of all rows, once for all epochs, where the network
// has a base and the pictures are always the same.
func (l *loop) keepFeatures(ctx context.Context) error {
	size := l.Network.FeatureSize()
	rows := len(l.Train.Pixels) + len(l.Validation.Pixels)
	if l.features != nil || l.Network.Base() == "" || len(l.Augment) > 0 || rows*size > maxFeatures {
		return nil
	}
	task := l.Progress.Start("features", rows, "photos")
	defer task.Done()
	work := func(x []float32, count int) ([]float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		defer task.Add(count)
		return l.Network.Features(x, count)
	}
	kept := &features{size: size}
	var err error
	if kept.train, err = each(l.Fitted, l.Train.Pixels, nil, work); err != nil {
		return err
	}
	if kept.validation, err = each(l.Fitted, l.Validation.Pixels, nil, work); err != nil {
		return err
	}
	// Those of the second input, which PredictFeatures wants behind them.
	kept.validation = append(kept.validation, slices.Concat(l.Validation.Features...)...)
	l.features = kept
	return nil
}

// outputs returns what the network gives for the validation part.
func (l *loop) outputs() ([]float32, error) {
	if l.features == nil {
		return Outputs(l.Network, l.Fitted, l.Validation.Pixels, l.Validation.Features)
	}
	return l.Network.PredictFeatures(l.features.validation, len(l.Validation.Pixels))
}
