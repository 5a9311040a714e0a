package train

import (
	"context"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/transform"
)

// FeatureStore keeps features beyond one training.
type FeatureStore interface {
	// Load returns what was saved under a key; nil where nothing was, or it is not whole.
	Load(key digest.Digest) []float32
	// Save keeps features. Where it cannot, the next training only takes longer.
	Save(key digest.Digest, features []float32)
}

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
	rows := len(l.Train.Photos) + len(l.Validation.Photos)
	if l.features != nil || l.Network.Base() == "" || len(l.Augment) > 0 || l.mixes() || rows*size > maxFeatures {
		return nil
	}
	task := l.Progress.Start("features", rows, "photos")
	defer task.Done()
	base := l.Network.BaseDigest()
	of := func(photos []Photo) ([]float32, error) {
		key, err := featureKey(base, l.Fitted, photos)
		if err != nil {
			return nil, err
		}
		if l.FeatureStore != nil {
			if kept := l.FeatureStore.Load(key); len(kept) == len(photos)*size {
				task.Skip(len(photos))
				return kept, nil
			}
		}
		made, err := each(l.Fitted, photos, nil, func(x []float32, count int) ([]float32, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			defer task.Add(count)
			return l.Network.Features(x, count)
		})
		if err == nil && l.FeatureStore != nil {
			l.FeatureStore.Save(key, made)
		}
		return made, err
	}
	kept := &features{size: size}
	var err error
	if kept.train, err = of(l.Train.Photos); err != nil {
		return err
	}
	if kept.validation, err = of(l.Validation.Photos); err != nil {
		return err
	}
	// Those of the second input, which PredictFeatures wants behind them.
	kept.validation = append(slices.Clip(kept.validation), slices.Concat(l.Validation.Features...)...)
	l.features = kept
	return nil
}

// featureKey names the features of photos: what they are, how they are scaled, what
// looks at them.
func featureKey(base digest.Digest, fitted *transform.Fitted, photos []Photo) (digest.Digest, error) {
	e := digest.New("features").Digest(base).Float32s(fitted.Mean).Float32s(fitted.Std).Int(int64(len(photos)))
	for _, photo := range photos {
		pixels, err := photo()
		if err != nil {
			return digest.Digest{}, err
		}
		e.Bytes(pixels)
	}
	return e.Sum(), nil
}

// outputs returns what the network gives for the validation part.
func (l *loop) outputs() ([]float32, error) {
	if l.features == nil {
		return Outputs(l.Network, l.Fitted, l.Validation.Photos, l.Validation.Features)
	}
	return l.Network.PredictFeatures(l.features.validation, len(l.Validation.Photos))
}
