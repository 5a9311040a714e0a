package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/weights"
)

// State names the kept state of network and optimiser after one epoch: an object
// in the store, compressed.
type State struct {
	Epoch  int           `json:"epoch"`
	Object digest.Digest `json:"object"`
	Bytes  int64         `json:"bytes"` // of the object
	Whole  int64         `json:"whole"` // bytes before it was compressed
}

// States returns those that are kept, by ascending epoch.
func (t Training) States() []State {
	var all []State
	object, ok := t.store.Key("states", t.key)
	if !ok {
		return nil
	}
	data, err := t.store.Get(object)
	if err != nil || json.Unmarshal(data, &all) != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(k State) bool { return !t.store.Has(k.Object) })
}

// Complete reports whether every so many of the first n epochs left its state.
func (t Training) Complete(every, n int) bool {
	if every <= 0 {
		return true
	}
	kept := map[int]bool{}
	for _, k := range t.States() {
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
func (t Training) keep(epoch int, tensors []weights.Tensor) error {
	file, err := weights.Encode(tensors, nil)
	if err != nil {
		return fmt.Errorf("keep the state of epoch %d: %w", epoch, err)
	}
	packed := weights.Compress(file)
	object, err := t.store.Put(packed)
	if err != nil {
		return err
	}
	return t.Add(State{Epoch: epoch, Object: object, Bytes: int64(len(packed)), Whole: int64(len(file))})
}

// Add records states, objects of the store, as what the training left. Nothing of them is
// checked.
func (t Training) Add(more ...State) error {
	all := slices.DeleteFunc(t.States(), func(old State) bool {
		return slices.ContainsFunc(more, func(k State) bool { return k.Epoch == old.Epoch })
	})
	all = append(all, more...)
	slices.SortFunc(all, func(a, b State) int { return a.Epoch - b.Epoch })
	data, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("keep the states of epochs: %w", err)
	}
	record, err := t.store.Put(data)
	if err != nil {
		return err
	}
	return t.store.SetKey("states", t.key, record)
}

// maxState bounds what a kept state may claim to be: ten times vgg16 with Adam.
const maxState = 16 << 30

// ErrNoState says that the state of an epoch was not kept.
var ErrNoState = errors.New("no state was kept")

// State reads the state that was kept after an epoch, or gives ErrNoState.
func (t Training) State(epoch int) ([]weights.Tensor, error) {
	all := t.States()
	i := slices.IndexFunc(all, func(s State) bool { return s.Epoch == epoch })
	if i < 0 {
		return nil, fmt.Errorf("epoch %d: %w", epoch, ErrNoState)
	}
	packed, err := t.store.Get(all[i].Object)
	if err != nil {
		return nil, err
	}
	file, err := weights.Decompress(packed, maxState)
	if err != nil {
		return nil, err
	}
	return weights.Decode(file)
}
