package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// Witness is shown an epoch and the state of network and optimiser after it.
type Witness func(epoch lock.Epoch, state []weights.Tensor)

// State names the kept state of network and optimiser after one epoch: an object
// in the store, compressed.
type State struct {
	Epoch  int           `json:"epoch"`
	Object digest.Digest `json:"object"`
	Bytes  int64         `json:"bytes"` // of the object
	Whole  int64         `json:"whole"` // bytes before it was compressed
}

// states are those kept of one training, under the key of its train stage. They
// are what spot checks begin with; unlike checkpoints they stay.
type states struct {
	store *store.Store
	key   digest.Digest
}

// list returns the kept states by ascending epoch.
func (s states) list() []State {
	var all []State
	object, ok := s.store.Key("states", s.key)
	if !ok {
		return nil
	}
	data, err := s.store.Get(object)
	if err != nil || json.Unmarshal(data, &all) != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(k State) bool { return !s.store.Has(k.Object) })
}

// complete reports whether every so many of the first n epochs left its state.
func (s states) complete(every, n int) bool {
	if every <= 0 {
		return true
	}
	kept := map[int]bool{}
	for _, k := range s.list() {
		kept[k.Epoch] = true
	}
	for epoch := every; epoch <= n; epoch += every {
		if !kept[epoch] {
			return false
		}
	}
	return true
}

// keep puts a state into the store.
func (s states) keep(epoch int, tensors []weights.Tensor) error {
	file, err := weights.Encode(tensors, nil)
	if err != nil {
		return fmt.Errorf("keep the state of epoch %d: %w", epoch, err)
	}
	packed := weights.Compress(file)
	object, err := s.store.Put(packed)
	if err != nil {
		return err
	}
	return s.add(State{Epoch: epoch, Object: object, Bytes: int64(len(packed)), Whole: int64(len(file))})
}

// add records states whose objects are there.
func (s states) add(more ...State) error {
	all := slices.DeleteFunc(s.list(), func(old State) bool {
		return slices.ContainsFunc(more, func(k State) bool { return k.Epoch == old.Epoch })
	})
	all = append(all, more...)
	slices.SortFunc(all, func(a, b State) int { return a.Epoch - b.Epoch })
	data, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("keep the states of epochs: %w", err)
	}
	record, err := s.store.Put(data)
	if err != nil {
		return err
	}
	return s.store.SetKey("states", s.key, record)
}

// maxState bounds what a kept state may claim to be: ten times vgg16 with Adam.
const maxState = 16 << 30

// loadState reads a state that was kept, by its object.
func loadState(s *store.Store, object digest.Digest) ([]weights.Tensor, error) {
	packed, err := s.Get(object)
	if err != nil {
		return nil, err
	}
	file, err := weights.Decompress(packed, maxState)
	if err != nil {
		return nil, err
	}
	return weights.Decode(file)
}

// ErrNoState says that the state of an epoch was not kept.
var ErrNoState = errors.New("no state was kept")

// Kept lists the states that are kept of the training with this key.
func Kept(s *store.Store, training digest.Digest) []State { return states{s, training}.list() }

// AddStates records states, objects of the store, as what the training with this
// key left. Nothing of them is checked.
func AddStates(s *store.Store, training digest.Digest, all []State) error {
	return states{s, training}.add(all...)
}

// LoadState reads the state that the training with this key left after an epoch,
// or gives ErrNoState.
func LoadState(s *store.Store, training digest.Digest, epoch int) ([]weights.Tensor, error) {
	for _, k := range Kept(s, training) {
		if k.Epoch == epoch {
			return loadState(s, k.Object)
		}
	}
	return nil, fmt.Errorf("epoch %d: %w", epoch, ErrNoState)
}
