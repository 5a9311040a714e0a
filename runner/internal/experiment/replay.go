package experiment

import (
	"context"
	"slices"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/model"
	"biomass/runner/internal/store"
	"biomass/runner/internal/train"
	"biomass/runner/internal/weights"
)

// Frozen are the inputs of a walk, read and hashed.
type Frozen struct{ line *line }

// Inputs reads and hashes the inputs, runs nothing, and says in words where they are not
// those that are locked, as far as that is known: before is the store of whoever made the
// lock and may know what was in table and pictures.
func (e *Experiment) Inputs(ctx context.Context, claimed *lock.Lock, before *store.Store) (*Frozen, []string, error) {
	if words, err := e.otherWeights(ctx, claimed); len(words) > 0 || err != nil {
		return nil, words, err // another file need not fit the network
	}
	l, err := e.freeze(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &Frozen{l}, append(l.otherTable(claimed, before), l.otherPictures(claimed, before)...), nil
}

// Replayed is a walk whose result is judged.
type Replayed struct {
	Lock  *lock.Lock               // that this machine makes
	Pages map[string]digest.Digest // the files of the report
	line  *line
	input *train.Input // of Epochs, once made
}

// Replay walks the line. It writes nothing but to the store.
func (f *Frozen) Replay(ctx context.Context) (*Replayed, error) {
	l := f.line
	if err := l.walk(ctx); err != nil {
		return nil, err
	}
	made, err := l.lock(nil)
	return &Replayed{Lock: made, Pages: l.pages.Files, line: l}, err
}

// Trainings returns this walk, its runs, and what its sweep tried, to train pieces of
// them again: those of lock.Trainings, in their order.
func (r *Replayed) Trainings() []*Replayed {
	all := []*Replayed{r}
	for _, l := range slices.Concat(r.line.runs, r.line.tries) {
		all = append(all, &Replayed{line: l})
	}
	return all
}

// Again is a piece of the training that was done again.
type Again struct {
	Epochs []lock.Epoch     // that were made in the place of the claimed ones
	State  []weights.Tensor // at the end
	// Weights digests the weights file, if the last epoch is the one to keep so far
	// by the claimed history before it; else it is zero.
	Weights digest.Digest
}

// Epochs trains again from the state after epoch `after`, nil for the
// initialised network, to the end of epoch last. Given are the claimed epochs.
func (r *Replayed) Epochs(ctx context.Context, claimed []lock.Epoch, after int, state []weights.Tensor, last int) (*Again, error) {
	if r.input == nil || after == 0 { // else the state replaces all that the network has
		in, err := r.line.training()
		if err != nil {
			return nil, err
		}
		r.input = &in
	}
	var from *train.Checkpoint
	if after > 0 {
		from = &train.Checkpoint{State: state}
		for _, e := range claimed[:after] {
			from.Epochs = append(from.Epochs, train.Epoch(e))
		}
	}
	to, err := train.Replay(ctx, *r.input, from, last)
	if err != nil {
		return nil, err
	}
	again := &Again{State: to.State}
	for _, e := range to.Epochs[after:] {
		again.Epochs = append(again.Epochs, lock.Epoch(e))
	}
	if to.Kept == last {
		file, err := weights.Encode(to.Weights, model.Facts(r.line.Recipe, r.line.classes, r.line.fitted))
		if err != nil {
			return nil, err
		}
		again.Weights = digest.Of(file)
	}
	return again, nil
}
