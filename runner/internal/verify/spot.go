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
// kept, each from the nearest kept state before it. First it compares the digest
// of every kept state with the chain in the lock.
func (t *trial) spot(ctx context.Context, replayed *experiment.Replayed) error {
	training := t.claimed.Training
	chosen := rng.New(t.options.Seed, "spot").Perm(len(training))[:min(t.options.Spots, len(training))]
	for i := range chosen {
		chosen[i]++
	}
	slices.Sort(chosen)
	t.Spots = &Spots{Seed: t.options.Seed, Chosen: chosen, Epochs: len(training)}
	links, err := t.links(replayed)
	if err != nil {
		return err
	}
	if len(links) == 0 && len(training) > 1 {
		t.because(Incomplete, "no states of epochs are kept to begin with: apply --keep-checkpoints keeps them; --rerun trains again")
		return nil
	}
	wanted := append(slices.Clone(chosen), t.claimed.Model.Epoch)
	slices.Sort(wanted)
	start := time.Now()
	for done := 0; len(wanted) > 0; {
		// All wanted epochs after the same kept state are one piece of training.
		from := before(links, wanted[0])
		last := wanted[0]
		for wanted = wanted[1:]; len(wanted) > 0 && before(links, wanted[0]) == from; wanted = wanted[1:] {
			last = wanted[0]
		}
		if last <= done {
			continue
		}
		if err := t.replay(ctx, replayed, from, last); err != nil {
			return err
		}
		done = last
		t.Spots.Replayed += last - from
	}
	t.Spots.Seconds = time.Since(start).Seconds()
	t.Spots.Rerun = t.Spots.Seconds / float64(max(t.Spots.Replayed, 1)) * float64(len(training))
	return nil
}

// before returns the last epoch before this one whose state is kept, or 0: the
// initialised network.
func before(links []int, epoch int) int {
	from := 0
	for _, link := range links {
		if link < epoch {
			from = link
		}
	}
	return from
}

// links compares every kept state with the chain in the lock, and the weights
// with the state of the kept epoch. Returned are the epochs that passed.
func (t *trial) links(replayed *experiment.Replayed) ([]int, error) {
	var links []int
	for _, kept := range experiment.Kept(t.made, t.trainKey()) {
		if kept.Epoch < 1 || kept.Epoch > len(t.claimed.Training) {
			continue
		}
		claimed := t.claimed.Training[kept.Epoch-1]
		state, err := experiment.LoadState(t.made, t.trainKey(), kept.Epoch)
		switch {
		case errors.Is(err, store.ErrMissing): // damaged: it is as if it had not been kept
			t.warn("the kept state of epoch %d was damaged", kept.Epoch)
			continue
		case failedMachine(err):
			return nil, err
		case err != nil:
			t.because(Differs, "the kept state of epoch %d: %v", kept.Epoch, err)
			continue
		}
		t.Spots.Links++
		if found := weights.Digest(state); found != claimed.State {
			t.parts(Parting{Stage: "train", Epoch: kept.Epoch, Expected: "state " + claimed.State.String(), Found: found.String() + " in the state that was kept" + t.whose(found.String())})
			t.because(Differs, "the kept state of epoch %d is not the one that is locked", kept.Epoch)
			continue
		}
		links = append(links, kept.Epoch)
		if kept.Epoch == t.claimed.Model.Epoch {
			if found, err := replayed.WeightsIn(state); err != nil || found != t.claimed.Model.Weights {
				t.because(Differs, "model.weights: the state of the kept epoch %d gives %s, locked is %s", kept.Epoch, found, t.claimed.Model.Weights)
			}
		}
	}
	return links, nil
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

// replay trains from the state after one epoch to the end of another and
// compares every epoch on the way.
func (t *trial) replay(ctx context.Context, replayed *experiment.Replayed, from, last int) error {
	var state []weights.Tensor
	var err error
	if from > 0 {
		if state, err = experiment.LoadState(t.made, t.trainKey(), from); err != nil {
			return err
		}
	}
	made, end, err := replayed.Epochs(ctx, t.claimed.Training, from, state, last)
	if err != nil {
		return t.stopped(ctx, err)
	}
	i := slices.IndexFunc(made, func(e lock.Epoch) bool { return !t.claimed.Training[e.Epoch-1].Same(e) })
	if i < 0 {
		return nil
	}
	if i < len(made)-1 {
		end = nil // the state of that epoch is not at hand, only the last one's
	}
	t.otherEpoch(t.claimed.Training[made[i].Epoch-1], made[i], end)
	return nil
}
