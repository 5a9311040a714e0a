package experiment

import (
	"encoding/json"
	"errors"
	"fmt"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
	"biomass/runner/internal/train"
	"biomass/runner/internal/weights"
)

// checkpoints keeps the newest checkpoint of one training in the store, under
// the key of its train stage. Its objects name that key, so that they are never
// also those of another training, which removing them would harm: one of more
// epochs begins with the same bits.
type checkpoints struct {
	store *store.Store
	key   digest.Digest
	last  kept
	// states are kept of every so many epochs, 0 for none.
	states states
	every  int
	// witness is shown the state after every epoch; may be nil.
	witness Witness
}

// kept is the record that the key points to. It is replaced in one step, after
// the objects that it names are there.
type kept struct {
	Epochs  []train.Epoch `json:"epochs"`
	Kept    int           `json:"kept"`
	Weights digest.Digest `json:"weights"`
	State   digest.Digest `json:"state"`
}

// begun returns how many epochs of a training that was cut are kept.
func begun(objects *store.Store, key digest.Digest) int {
	object, ok := objects.Key("checkpoint", key)
	if !ok {
		return 0
	}
	data, err := objects.Get(object)
	var k kept
	if err != nil || json.Unmarshal(data, &k) != nil || !objects.Has(k.Weights) || !objects.Has(k.State) {
		return 0 // it starts anew
	}
	return len(k.Epochs)
}

// Load returns the newest checkpoint whose objects are all whole, or nil.
func (c *checkpoints) Load() (*train.Checkpoint, error) {
	object, ok := c.store.Key("checkpoint", c.key)
	if !ok {
		return nil, nil
	}
	data, err := c.store.Get(object)
	if errors.Is(err, store.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return nil, fmt.Errorf("read a checkpoint: %w", err)
	}
	result := &train.Checkpoint{Result: train.Result{Epochs: k.Epochs, Kept: k.Kept}}
	for _, part := range []struct {
		object  digest.Digest
		tensors *[]weights.Tensor
	}{{k.Weights, &result.Weights}, {k.State, &result.State}} {
		file, err := c.store.Get(part.object)
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
	if !c.states.complete(c.every, len(k.Epochs)) {
		return nil, nil // start anew: states that are wanted were not kept
	}
	c.last = k
	return result, nil
}

// Save keeps a checkpoint and forgets the one before it.
func (c *checkpoints) Save(p *train.Checkpoint) error {
	epoch := p.Epochs[len(p.Epochs)-1]
	if c.witness != nil {
		c.witness(lock.Epoch(epoch), p.State)
	}
	if c.every > 0 && epoch.Epoch%c.every == 0 {
		if err := c.states.keep(epoch.Epoch, p.State); err != nil {
			return err
		}
	}
	k := kept{Epochs: p.Epochs, Kept: p.Kept, Weights: c.last.Weights}
	var err error
	if p.Kept != c.last.Kept {
		if k.Weights, err = c.put(p.Weights); err != nil {
			return err
		}
	}
	if k.State, err = c.put(p.State); err != nil {
		return err
	}
	data, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	object, err := c.store.Put(data)
	if err != nil {
		return err
	}
	if err := c.store.SetKey("checkpoint", c.key, object); err != nil {
		return err
	}
	for _, old := range []digest.Digest{c.last.Weights, c.last.State} {
		if !old.IsZero() && old != k.Weights && old != k.State {
			c.store.Remove(old)
		}
	}
	c.last = k
	return nil
}

func (c *checkpoints) put(tensors []weights.Tensor) (digest.Digest, error) {
	file, err := weights.Encode(tensors, map[string]string{"training": c.key.String()})
	if err != nil {
		return digest.Digest{}, fmt.Errorf("keep a checkpoint: %w", err)
	}
	return c.store.Put(file)
}

// forget frees the objects of a training whose result is locked.
func (c *checkpoints) forget() {
	object, ok := c.store.Key("checkpoint", c.key)
	if !ok {
		return
	}
	if data, err := c.store.Get(object); err == nil && json.Unmarshal(data, &c.last) == nil {
		c.store.Remove(c.last.State)
		c.store.Remove(c.last.Weights)
	}
}
