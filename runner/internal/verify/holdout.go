package verify

import (
	"context"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/store"
)

// Held is how the locked weights do on a test set that only the verifier has, or
// why that cannot be told. It changes no judgement.
type Held struct {
	*experiment.Held
	Reason string `json:"reason,omitempty"`
}

// holdout judges the weights that the lock names, wherever they are.
func (t *trial) holdout(ctx context.Context) error {
	if t.options.Holdout == nil {
		return nil
	}
	t.Holdout = new(Held)
	file := t.lockedWeights()
	if file == nil {
		t.Holdout.Reason = "the weights that the lock names are not here"
		return nil
	}
	locked := &experiment.Locked{Experiment: t.experiment, Lock: t.claimed, Path: t.options.Lock}
	held, err := locked.HoldOut(ctx, file, *t.options.Holdout)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failedMachine(err):
		return err
	case err != nil:
		t.Holdout.Reason = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	t.Holdout.Held = held
	return nil
}

// lockedWeights returns the file of the weights that the lock names: beside the
// report, from the store of the run, or made again; nil where there is none.
func (t *trial) lockedWeights() []byte {
	want := t.claimed.Model.Weights
	file, err := t.weightsFile("")
	if err == nil && digest.Of(file) == want {
		return file
	}
	for _, objects := range []*store.Store{t.made, t.experiment.Store} {
		if file, err := objects.Get(want); err == nil {
			return file
		}
	}
	return nil
}
