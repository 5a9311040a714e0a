package train

import (
	"math"

	"biomass/runner/internal/recipe"
)

// stopped reports whether a training with these epochs is to end early: the last
// of them, as many as patience says, were no better than the best before.
func stopped(spec recipe.Stop, history []Epoch) bool {
	if spec.Patience == 0 {
		return false
	}
	best, since := math.Inf(1), 0
	for _, e := range history {
		if badness := e.badness(spec.On); badness < best {
			best, since = badness, 0
		} else {
			since++
		}
	}
	return since >= spec.Patience
}

// badness returns a measure of the epoch, by the word of train.stop.on: less is
// better. A score that is not there, as somebody's lock may have it, is the worst.
func (e *Epoch) badness(on string) float64 {
	score, sign := &e.ValidationLoss, 1.0
	switch on {
	case "validation_rmse":
		score = e.ValidationRMSE
	case "validation_accuracy":
		score, sign = e.ValidationAccuracy, -1
	case "validation_macro_f1":
		score, sign = e.ValidationMacroF1, -1
	}
	if score == nil {
		return math.Inf(1)
	}
	return sign * *score
}
