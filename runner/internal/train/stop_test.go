package train

import (
	"context"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

func TestStopped(t *testing.T) {
	history := func(losses ...float64) []Epoch {
		var all []Epoch
		for _, loss := range losses {
			accuracy, score := 1-loss, -loss
			all = append(all, Epoch{ValidationLoss: loss, ValidationRMSE: &loss, ValidationAccuracy: &accuracy, ValidationMacroF1: &score})
		}
		return all
	}
	for _, c := range []struct {
		patience int
		losses   []float64
		want     bool
	}{
		{0, []float64{1, 2, 3}, false},
		{2, nil, false},
		{2, []float64{1, 2}, false},
		{2, []float64{1, 2, 1}, true}, // as good is no better
		{2, []float64{1, 2, 0.5, 2}, false},
		{2, []float64{1, 2, 0.5, 2, 3}, true},
		{1, []float64{1, 0.5, 0.25}, false},
	} {
		for _, on := range []string{"validation_loss", "validation_rmse", "validation_accuracy", "validation_macro_f1"} {
			if got := stopped(recipe.Stop{Patience: c.patience, On: on}, history(c.losses...)); got != c.want {
				t.Errorf("patience %d on %s of %v: %t", c.patience, on, c.losses, got)
			}
		}
	}
}

// TestStop: the training ends where the validation loss no longer falls, and one
// that goes on from its last checkpoint does not train on.
func TestStop(t *testing.T) {
	change := func(s *recipe.Train) {
		s.Epochs, s.Stop = 200, recipe.Stop{Patience: 2, On: "validation_loss"}
	}
	in, m := input(t, change)
	r := run(t, in)
	n := len(r.Epochs)
	if n == 200 || r.Kept != n-2 {
		t.Errorf("%d epochs, of which %d was kept", n, r.Kept)
	}
	again, _ := input(t, change)
	again.Checkpoints = m
	if r := run(t, again); len(r.Epochs) != n || m.saves != n {
		t.Errorf("after the end it trained on, to epoch %d", len(r.Epochs))
	}
}

// TestReplayStops holds that a replay does not go beyond where the history, which
// may be somebody's forgery, ends the training, scores or none.
func TestReplayStops(t *testing.T) {
	for _, on := range []string{"validation_loss", "validation_rmse", "validation_accuracy"} {
		in, m := input(t, func(s *recipe.Train) { s.Epochs = 2 })
		run(t, in)
		in, _ = input(t, func(s *recipe.Train) { s.Stop = recipe.Stop{Patience: 1, On: on} })
		from := &Checkpoint{State: m.newest.State, Result: Result{Epochs: []Epoch{{Epoch: 1, ValidationLoss: 1}, {Epoch: 2, ValidationLoss: 2}}}}
		if _, err := Replay(context.Background(), in, from, 3); err == nil || !strings.Contains(err.Error(), "stops before epoch 3") {
			t.Errorf("%s: got %v", on, err)
		}
	}
}
