package train

import (
	"math"
	"slices"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/recipe"
)

// schedule says the learning rate of every step: a function of the position in
// the training and of the epochs before. It has no state of its own, so that a
// training that goes on from a checkpoint finds the same rates.
type schedule struct {
	recipe.Schedule
	base          float64 // the optimiser's rate
	epochs, steps int     // of the training, and of each epoch
}

// rate returns the learning rate of a step, from 0, in the epoch after those of
// history. It counts as the schedulers of torch.optim.lr_scheduler do that are
// told of every epoch's end; that of one cycle is told of every step's.
func (s *schedule) rate(history []Epoch, step int) float64 {
	epoch := len(history)
	switch {
	case s.Step != nil:
		rate := s.base
		for e := 1; e <= epoch; e++ {
			if s.Step.Every > 0 && e%s.Step.Every == 0 || slices.Contains(s.Step.At, e) {
				rate = float64(rate * s.Step.Factor)
			}
		}
		return rate
	case s.Cosine != nil:
		warmup := s.Cosine.Warmup
		if epoch < warmup { // LinearLR(start_factor=1/(warmup+1), total_iters=warmup), then SequentialLR
			return float64(s.base * float64(epoch+1) / float64(warmup+1))
		}
		return wave(s.base, s.Cosine.Floor, float64(epoch-warmup)/float64(s.epochs-warmup))
	case s.OneCycle != nil:
		return oneCycle(*s.OneCycle, s.base, epoch*s.steps+step, s.epochs*s.steps)
	case s.Plateau != nil:
		losses := make([]float64, epoch)
		for i, e := range history {
			losses[i] = e.ValidationLoss
		}
		return plateau(*s.Plateau, s.base, losses)
	}
	return s.base
}

// wave goes from one value to another as half a period of the cosine does, share
// 0 to 1 (Loshchilov and Hutter: SGDR, ICLR 2017, equation 5).
func wave(from, to, share float64) float64 {
	return to + float64((from-to)*(1+elementary.Cos(float64(math.Pi*share)))/2)
}

// oneCycle is OneCycleLR with cosines and two phases (Smith and Topin:
// Super-Convergence, 2018); momentum stays as it is.
func oneCycle(spec recipe.OneCycle, highest float64, step, steps int) float64 {
	start := highest / spec.StartDivisor
	peak, end := float64(spec.Rise*float64(steps))-1, float64(steps-1)
	at := float64(step)
	switch {
	case at <= peak && peak > 0:
		return wave(start, highest, at/peak)
	case at <= peak: // the rise is its last step
		return highest
	}
	return wave(highest, start/spec.EndDivisor, (at-peak)/(end-peak))
}

// plateau is ReduceLROnPlateau with mode min and a relative threshold, told of
// these losses.
func plateau(spec recipe.Plateau, rate float64, losses []float64) float64 {
	best, bad, cooldown := math.Inf(1), 0, 0
	for _, loss := range losses {
		if loss < float64(best*(1-spec.Threshold)) {
			best, bad = loss, 0
		} else {
			bad++
		}
		if cooldown > 0 {
			cooldown, bad = cooldown-1, 0
		}
		if bad > spec.Patience {
			if lower := max(float64(rate*spec.Factor), spec.Floor); rate-lower > 1e-8 {
				rate = lower
			}
			cooldown, bad = spec.Cooldown, 0
		}
	}
	return rate
}
