package train

import (
	"context"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

func TestOutcome(t *testing.T) {
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
		end      int
		kept     int // as keep: best says
	}{
		{0, nil, 0, 0},
		{0, []float64{1, 2, 3}, 0, 1},
		{0, []float64{4, 2, 2, 1, 3, 1}, 6, 4}, // the first of equals
		{0, []float64{4, 3, 2, 2, 2, 2, 1}, 6, 3},
		{2, nil, 0, 0},
		{2, []float64{1, 2}, 0, 1},
		{2, []float64{1, 2, 1}, 3, 1}, // as good is no better
		{2, []float64{1, 2, 0.5, 2}, 0, 3},
		{2, []float64{1, 2, 0.5, 2, 3}, 5, 3},
		{2, []float64{1, 2, 2, 0.5}, 3, 1}, // what is there beyond the end does not count
		{1, []float64{1, 0.5, 0.25}, 0, 3},
		{0, []float64{0, 0, 0, 0, 0, 0}, 6, 1}, // no validation
	} {
		for _, on := range []string{"validation_loss", "validation_rmse", "validation_accuracy", "validation_macro_f1"} {
			spec := recipe.Train{Epochs: 6, Keep: "best", Stop: recipe.Stop{Patience: c.patience, On: on}}
			if end, kept := Outcome(spec, history(c.losses...)); end != c.end || kept != c.kept {
				t.Errorf("patience %d on %s of %v: ends after %d, keeps %d", c.patience, on, c.losses, end, kept)
			}
			spec.Keep = "last"
			want := c.end
			if want == 0 {
				want = len(c.losses)
			}
			if _, kept := Outcome(spec, history(c.losses...)); kept != want {
				t.Errorf("patience %d on %s of %v: keep: last keeps %d", c.patience, on, c.losses, kept)
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
