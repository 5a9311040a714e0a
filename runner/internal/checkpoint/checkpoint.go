// Package checkpoint owns what a training leaves in the store beside its result: the newest
// checkpoint, from which an interrupted training goes on, and the states of epochs, from
// which spot checks train again. Whatever is lost or damaged is as if it had not been kept.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/store"
	"biomass/runner/internal/train"
	"biomass/runner/internal/weights"
)

// Training is one training in a store, under the key of its train stage.
type Training struct {
	store *store.Store
	key   digest.Digest
}

// Of returns what the training with this key left in a store.
func Of(objects *store.Store, key digest.Digest) Training { return Training{objects, key} }

// Keeper keeps the newest checkpoint of a training and, where Every is not 0, the state of
// every so many epochs. Its objects name the training's key, so that they are never also
// those of another training, which removing them would harm: one of more epochs begins
// with the same bits.
type Keeper struct {
	Training
	Every int
	last  kept
}

// kept is the record that the key points to. It is replaced in one step, after
// the objects that it names are there.
type kept struct {
	Epochs  []train.Epoch `json:"epochs"`
	Kept    int           `json:"kept"`
	Weights digest.Digest `json:"weights"`
	State   digest.Digest `json:"state"`
}

// Load implements train.Checkpoints.
func (k *Keeper) Load() (*train.Checkpoint, error) {
	object, ok := k.store.Key("checkpoint", k.key)
	if !ok {
		return nil, nil
	}
	data, err := k.store.Get(object)
	if errors.Is(err, store.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var last kept
	if err := json.Unmarshal(data, &last); err != nil {
		return nil, fmt.Errorf("read a checkpoint: %w", err)
	}
	result := &train.Checkpoint{Result: train.Result{Epochs: last.Epochs, Kept: last.Kept}}
	for _, part := range []struct {
		object  digest.Digest
		tensors *[]weights.Tensor
	}{{last.Weights, &result.Weights}, {last.State, &result.State}} {
		file, err := k.store.Get(part.object)
		if errors.Is(err, store.ErrMissing) {
			return nil, nil // start anew: what is missing is only time
		}
		if err != nil {
			return nil, err
		}
		if *part.tensors, err = weights.Decode(file); err != nil {
			return nil, fmt.Errorf("read a checkpoint: %w", err)
		}
	}
	if !k.Complete(k.Every, len(last.Epochs)) {
		return nil, nil // start anew: states that are wanted were not kept
	}
	k.last = last
	return result, nil
}

// Save implements train.Checkpoints; it forgets the checkpoint before.
func (k *Keeper) Save(c *train.Checkpoint) error {
	epoch := len(c.Epochs)
	if k.Every > 0 && epoch%k.Every == 0 {
		if err := k.keep(epoch, c.State); err != nil {
			return err
		}
	}
	last := kept{Epochs: c.Epochs, Kept: c.Kept, Weights: k.last.Weights}
	var err error
	if c.Kept != k.last.Kept {
		if last.Weights, err = k.put(c.Weights); err != nil {
			return err
		}
	}
	if last.State, err = k.put(c.State); err != nil {
		return err
	}
	data, err := json.Marshal(last)
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	object, err := k.store.Put(data)
	if err != nil {
		return err
	}
	if err := k.store.SetKey("checkpoint", k.key, object); err != nil {
		return err
	}
	for _, old := range []digest.Digest{k.last.Weights, k.last.State} {
		if !old.IsZero() && old != last.Weights && old != last.State {
			k.store.Remove(old)
		}
	}
	k.last = last
	return nil
}

func (k *Keeper) put(tensors []weights.Tensor) (digest.Digest, error) {
	file, err := weights.Encode(tensors, map[string]string{"training": k.key.String()})
	if err != nil {
		return digest.Digest{}, fmt.Errorf("keep a checkpoint: %w", err)
	}
	return k.store.Put(file)
}

// Begun returns how many epochs of a training that was cut are kept.
func (t Training) Begun() int {
	last, ok := t.newest()
	if !ok || !t.store.Has(last.Weights) || !t.store.Has(last.State) {
		return 0 // it starts anew
	}
	return len(last.Epochs)
}

// Forget frees the checkpoint of a training whose result is locked; the states of epochs stay.
func (t Training) Forget() {
	if last, ok := t.newest(); ok {
		t.store.Remove(last.State)
		t.store.Remove(last.Weights)
	}
}

// newest returns the record of the newest checkpoint, if it can be read.
func (t Training) newest() (last kept, ok bool) {
	object, ok := t.store.Key("checkpoint", t.key)
	if !ok {
		return last, false
	}
	data, err := t.store.Get(object)
	return last, err == nil && json.Unmarshal(data, &last) == nil
}
