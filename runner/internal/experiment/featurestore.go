package experiment

import (
	"encoding/binary"
	"math"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
)

// featureStore keeps features of photos in the store, so that a training with another head,
// rate or seed does not work them out again.
type featureStore struct{ store *store.Store }

// maxKept is how many numbers are kept at most: 64 MiB.
const maxKept = 1 << 24

func (f featureStore) key(key digest.Digest) digest.Digest {
	return digest.New("features").Int(lock.Numerics).Digest(key).Sum()
}

// Load implements train.FeatureStore.
func (f featureStore) Load(key digest.Digest) []float32 {
	object, ok := f.store.Key("features", f.key(key))
	if !ok {
		return nil
	}
	data, err := f.store.Get(object)
	if err != nil {
		return nil
	}
	features := make([]float32, len(data)/4)
	for i := range features {
		features[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return features
}

// Save implements train.FeatureStore.
func (f featureStore) Save(key digest.Digest, features []float32) {
	if len(features) > maxKept {
		return
	}
	data := make([]byte, 0, 4*len(features))
	for _, v := range features {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	// Where nothing can be written, working them out again only costs time.
	if object, err := f.store.Put(data); err == nil {
		_ = f.store.SetKey("features", f.key(key), object)
	}
}
