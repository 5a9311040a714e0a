package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// Spots says what a spot check did.
type Spots struct {
	Seed     uint64  `json:"seed"`
	Chosen   []int   `json:"chosen"`   // epochs, by the seed
	Links    int     `json:"links"`    // kept states whose digest was compared with the lock's
	Replayed int     `json:"replayed"` // epochs that were trained again
	Epochs   int     `json:"epochs"`   // of the whole training
	Seconds  float64 `json:"seconds"`  // that replaying took
	Rerun    float64 `json:"rerun"`    // seconds that training again all epochs would take, about
}

func (s Spots) String() string {
	return fmt.Sprintf("seed %d chose epochs %v: %d kept states compared, %d of %d epochs trained again in %.3g s (all of them: about %.3g s)",
		s.Seed, s.Chosen, s.Links, s.Replayed, s.Epochs, s.Seconds, s.Rerun)
}

// spot trains again the chosen epochs, and always the one whose weights are
// kept, each from the nearest kept state before it, which has to be the one that
// the chain in the lock names.
func (t *trial) spot(ctx context.Context, replayed *experiment.Replayed) error {
	training := t.claimed.Training
	chosen := rng.New(t.options.Seed, "spot").Perm(len(training))[:min(t.options.Spots, len(training))]
	for i := range chosen {
		chosen[i]++
	}
	slices.Sort(chosen)
	t.Spots = &Spots{Seed: t.options.Seed, Chosen: chosen, Epochs: len(training)}
	kept := experiment.Kept(t.made, t.trainKey())
	if len(kept) == 0 && len(training) > 1 {
		t.because(Incomplete, "no states of epochs are kept to begin with: apply --keep-checkpoints keeps them; --rerun trains again")
		return nil
	}
	wanted := append(slices.Clone(chosen), t.claimed.Model.Epoch)
	slices.Sort(wanted)
	start := time.Now()
	p := &point{} // where the replaying stands
	for _, epoch := range slices.Compact(wanted) {
		if err := t.replay(ctx, replayed, kept, p, epoch); err != nil {
			return err
		}
	}
	t.Spots.Seconds = time.Since(start).Seconds()
	t.Spots.Rerun = t.Spots.Seconds / float64(max(t.Spots.Replayed, 1)) * float64(len(training))
	return nil
}

// point is a state that was found to be the locked one after an epoch; 0 is the
// initialised network.
type point struct {
	epoch int
	state []weights.Tensor
}

// replay trains to the end of an epoch, from the last kept state before it or
// from p where that is later, and compares every epoch on the way.
func (t *trial) replay(ctx context.Context, replayed *experiment.Replayed, kept []experiment.State, p *point, epoch int) error {
	for _, k := range slices.Backward(kept) {
		if k.Epoch >= epoch {
			continue
		}
		if k.Epoch < p.epoch {
			break
		}
		if ok, err := t.link(k.Epoch, p); ok || err != nil {
			if err != nil {
				return err
			}
			break
		}
	}
	made, end, err := replayed.Epochs(ctx, t.claimed.Training, p.epoch, p.state, epoch)
	if err != nil {
		return t.stopped(ctx, err)
	}
	t.Spots.Replayed += len(made)
	if i := slices.IndexFunc(made, func(e lock.Epoch) bool { return !t.claimed.Training[e.Epoch-1].Same(e) }); i >= 0 {
		state := end
		if i < len(made)-1 {
			state = nil // only the last one's is at hand
		}
		t.otherEpoch(t.claimed.Training[made[i].Epoch-1], made[i], state)
		return nil
	}
	p.epoch, p.state = epoch, end
	if epoch != t.claimed.Model.Epoch {
		return nil
	}
	if found, err := replayed.WeightsIn(end); err != nil || found != t.claimed.Model.Weights {
		t.because(Differs, "model.weights: the state of the kept epoch %d gives %s, locked is %s", epoch, found, t.claimed.Model.Weights)
	}
	return nil
}

// link loads the kept state of an epoch into p, if it is the one that the lock
// names.
func (t *trial) link(epoch int, p *point) (ok bool, err error) {
	if epoch < 1 || epoch > len(t.claimed.Training) {
		return false, nil
	}
	claimed := t.claimed.Training[epoch-1]
	state, err := experiment.LoadState(t.made, t.trainKey(), epoch)
	switch {
	case errors.Is(err, store.ErrMissing): // it is as if it had not been kept
		t.warn("the kept state of epoch %d was damaged", epoch)
		return false, nil
	case failedMachine(err):
		return false, err
	case err != nil:
		t.because(Differs, "the kept state of epoch %d: %v", epoch, err)
		return false, nil
	}
	t.Spots.Links++
	if found := weights.Digest(state); found != claimed.State {
		t.parts(Parting{Stage: "train", Epoch: epoch, Expected: "state " + claimed.State.String(), Found: found.String() + " in the state that was kept" + t.whose(found.String())})
		t.because(Differs, "the kept state of epoch %d is not the one that is locked", epoch)
		return false, nil
	}
	p.epoch, p.state = epoch, state
	return true, nil
}

// whose says which epoch's state has this digest.
func (t *trial) whose(state string) string {
	for _, e := range t.claimed.Training {
		if e.State.String() == state {
			return fmt.Sprintf(", which is that of epoch %d", e.Epoch)
		}
	}
	return ""
}
