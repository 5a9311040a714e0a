package checkpoint

import (
	"errors"
	"slices"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/store"
	"biomass/runner/internal/train"
	"biomass/runner/internal/weights"
)

func tensors(value float32) []weights.Tensor {
	return []weights.Tensor{{Name: "w", Shape: []int{1}, Float: []float32{value}}}
}

// after is the checkpoint after so many epochs, of which the given one is kept.
func after(epochs, kept int) *train.Checkpoint {
	c := &train.Checkpoint{Result: train.Result{Kept: kept, Weights: tensors(float32(kept))}, State: tensors(float32(100 + epochs))}
	for i := range epochs {
		c.Epochs = append(c.Epochs, train.Epoch{Epoch: i + 1})
	}
	return c
}

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeeper: the newest checkpoint comes back whole, the one before it is gone, and what
// is not whole is as if it had not been kept.
func TestKeeper(t *testing.T) {
	s, key := open(t), digest.Of([]byte("training"))
	k := &Keeper{Training: Of(s, key), Every: 2}
	if c, err := k.Load(); c != nil || err != nil {
		t.Fatalf("an empty store gives %v, %v", c, err)
	}
	check(t, k.Save(after(1, 1)))
	check(t, k.Save(after(2, 1)))
	check(t, k.Save(after(3, 3)))
	again := &Keeper{Training: Of(s, key), Every: 2}
	c, err := again.Load()
	check(t, err)
	if c == nil || len(c.Epochs) != 3 || c.Kept != 3 || c.Weights[0].Float[0] != 3 || c.State[0].Float[0] != 103 {
		t.Fatalf("got %+v", c)
	}
	if c, err := (&Keeper{Training: Of(s, key), Every: 1}).Load(); c != nil || err != nil {
		t.Errorf("where states are wanted that were not kept: %v, %v", c, err)
	}
	if c, err := (&Keeper{Training: Of(s, digest.Of([]byte("another")))}).Load(); c != nil || err != nil {
		t.Errorf("another training has %v, %v", c, err)
	}
	s.Remove(again.last.State)
	if c, err := again.Load(); c != nil || err != nil {
		t.Errorf("without its state: %v, %v", c, err)
	}
}

func TestForget(t *testing.T) {
	s, key := open(t), digest.Of([]byte("training"))
	k := &Keeper{Training: Of(s, key), Every: 1}
	Of(s, key).Forget() // there is nothing to forget
	check(t, k.Save(after(1, 1)))
	Of(s, key).Forget()
	if c, err := k.Load(); c != nil || err != nil {
		t.Errorf("a forgotten checkpoint gives %v, %v", c, err)
	}
	if state, err := Of(s, key).State(1); err != nil || state[0].Float[0] != 101 {
		t.Errorf("the kept state is %v, %v", state, err)
	}
}

func TestStates(t *testing.T) {
	s, key := open(t), digest.Of([]byte("training"))
	k := &Keeper{Training: Of(s, key), Every: 2}
	for epochs := range 5 {
		check(t, k.Save(after(epochs+1, 1)))
	}
	own := Of(s, key)
	epochs := func() (all []int) {
		for _, state := range own.States() {
			all = append(all, state.Epoch)
		}
		return all
	}
	if got := epochs(); !slices.Equal(got, []int{2, 4}) {
		t.Errorf("states of the epochs %v are kept", got)
	}
	for _, c := range []struct {
		every, n int
		want     bool
	}{{0, 9, true}, {2, 5, true}, {4, 5, true}, {2, 6, false}, {1, 2, false}} {
		if got := own.Complete(c.every, c.n); got != c.want {
			t.Errorf("every %d of %d: got %v", c.every, c.n, got)
		}
	}
	if _, err := own.State(3); !errors.Is(err, ErrNoState) {
		t.Errorf("epoch 3: %v", err)
	}
	foreign, err := s.Put([]byte("no state"))
	check(t, err)
	check(t, own.Add(State{Epoch: 3, Object: foreign}, State{Epoch: 4, Object: foreign}))
	if got := epochs(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("after Add: %v", got)
	}
	if _, err := own.State(4); err == nil || errors.Is(err, ErrNoState) {
		t.Errorf("what is no state gives %v", err)
	}
	s.Remove(foreign)
	if got := epochs(); !slices.Equal(got, []int{2}) {
		t.Errorf("after its object is gone: %v", got)
	}
}
