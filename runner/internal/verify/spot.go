package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// Spots says what a spot check did.
type Spots struct {
	Seed     uint64  `json:"seed"`
	Chosen   []int   `json:"chosen"`   // epochs, by the seed; those of further trainings follow
	Links    int     `json:"links"`    // kept states whose digest was compared with the lock's
	Replayed int     `json:"replayed"` // epochs that were trained again
	Epochs   int     `json:"epochs"`   // of the whole training, of all trainings
	Seconds  float64 `json:"seconds"`  // that replaying took
	Rerun    float64 `json:"rerun"`    // seconds that training again all epochs would take, about
}

func (s Spots) String() string {
	return fmt.Sprintf("seed %d chose epochs %v: %d kept states compared, %d of %d epochs trained again in %.3g s (all of them: about %.3g s)",
		s.Seed, s.Chosen, s.Links, s.Replayed, s.Epochs, s.Seconds, s.Rerun)
}

// spot does so with the training of the lock, each of its runs and what its sweep tried.
func (t *trial) spot(ctx context.Context, replayed *experiment.Replayed) error {
	t.Spots = &Spots{Seed: t.options.Seed}
	start := time.Now()
	runs := replayed.Trainings()
	for i, m := range t.claimed.Trainings() {
		if i == len(runs) {
			break // such a lock was not verified
		}
		stream := rng.New(t.options.Seed, "spot")
		if i > 0 {
			stream = rng.New(t.options.Seed, "spot", uint64(i))
		}
		if err := (&spotted{t, m, runs[i]}).check(ctx, stream); err != nil {
			return err
		}
	}
	t.Spots.Seconds = time.Since(start).Seconds()
	t.Spots.Rerun = t.Spots.Seconds / float64(max(t.Spots.Replayed, 1)) * float64(t.Spots.Epochs)
	return nil
}

// spotted is a training that is looked at.
type spotted struct {
	*trial
	trained  lock.Trained
	replayed *experiment.Replayed
}

// check trains again the epochs that it draws, and always the one whose weights are
// kept, each from the nearest kept state before it, which has to be the one that
// the chain in the lock names.
func (t *spotted) check(ctx context.Context, stream *rng.Stream) error {
	training := t.trained.Training
	chosen := stream.Perm(len(training))[:min(t.options.Spots, len(training))]
	for i := range chosen {
		chosen[i]++
	}
	slices.Sort(chosen)
	t.Spots.Chosen, t.Spots.Epochs = append(t.Spots.Chosen, chosen...), t.Spots.Epochs+len(training)
	kept := checkpoint.Of(t.made, t.trained.Key).States()
	if len(kept) == 0 && len(training) > 1 {
		t.because(Incomplete, "%sno states of epochs are kept to begin with: apply --keep-checkpoints keeps them; --rerun trains again", said(t.trained.Run))
		return nil
	}
	wanted := append(slices.Clone(chosen), t.trained.Epoch)
	slices.Sort(wanted)
	p := &point{} // where the replaying stands
	for _, epoch := range slices.Compact(wanted) {
		if err := t.replay(ctx, kept, p, epoch); err != nil {
			return err
		}
	}
	return nil
}

// said begins a sentence on a run.
func said(run string) string {
	if run == "" {
		return ""
	}
	return "run " + run + ": "
}

// point is a state that was found to be the locked one after an epoch; 0 is the
// initialised network.
type point struct {
	epoch int
	state []weights.Tensor
}

// replay trains to the end of an epoch, from the last kept state before it or
// from p where that is later, and compares every epoch on the way.
func (t *spotted) replay(ctx context.Context, kept []checkpoint.State, p *point, epoch int) error {
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
	again, err := t.replayed.Epochs(ctx, t.trained.Training, p.epoch, p.state, epoch)
	if err != nil {
		return t.stopped(ctx, err)
	}
	made, end := again.Epochs, again.State
	t.Spots.Replayed += len(made)
	if i := slices.IndexFunc(made, func(e lock.Epoch) bool { return !t.trained.Training[e.Epoch-1].Same(e) }); i >= 0 {
		state := end
		if i < len(made)-1 {
			state = nil // only the last one's is at hand
		}
		t.otherEpoch(t.trained, made[i], state)
		return nil
	}
	p.epoch, p.state = epoch, end
	switch {
	case epoch != t.trained.Epoch:
	case again.Weights.IsZero():
		t.because(Differs, "%smodel.epoch: the weights of epoch %d are not those to keep", ofRun(t.trained.Run), epoch)
	case again.Weights != t.trained.Weights:
		t.because(Differs, "%smodel.weights: the kept epoch %d gives %s, locked is %s", ofRun(t.trained.Run), epoch, again.Weights, t.trained.Weights)
	}
	return nil
}

// link loads the kept state of an epoch into p, if it is the one that the lock
// names.
func (t *spotted) link(epoch int, p *point) (ok bool, err error) {
	if epoch < 1 || epoch > len(t.trained.Training) {
		return false, nil
	}
	claimed := t.trained.Training[epoch-1]
	state, err := checkpoint.Of(t.made, t.trained.Key).State(epoch)
	switch {
	case errors.Is(err, store.ErrMissing): // it is as if it had not been kept
		t.warn("%sthe kept state of epoch %d was damaged", said(t.trained.Run), epoch)
		return false, nil
	case failedMachine(err):
		return false, err
	case err != nil:
		t.because(Differs, "%sthe kept state of epoch %d: %v", said(t.trained.Run), epoch, err)
		return false, nil
	}
	t.Spots.Links++
	if found := weights.Digest(state); found != claimed.State {
		t.parts(Parting{Run: t.trained.Run, Stage: "train", Epoch: epoch, Expected: "state " + claimed.State.String(), Found: found.String() + " in the state that was kept" + t.whose(found.String())})
		t.because(Differs, "%sthe kept state of epoch %d is not the one that is locked", said(t.trained.Run), epoch)
		return false, nil
	}
	p.epoch, p.state = epoch, state
	return true, nil
}

// whose says which epoch's state has this digest.
func (t *spotted) whose(state string) string {
	for _, e := range t.trained.Training {
		if e.State.String() == state {
			return fmt.Sprintf(", which is that of epoch %d", e.Epoch)
		}
	}
	return ""
}
