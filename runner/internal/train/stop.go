package train

import (
	"math"

	"biomass/runner/internal/recipe"
)

// Outcome says what a training with these epochs comes to: after which of them it
// ends, 0 where it goes on; and which one's weights it keeps until then, 0 where
// there is none. It ends after train.epochs, or early where the last epochs, as
// many as patience says, were no better than the best before.
func Outcome(spec recipe.Train, history []Epoch) (end, kept int) {
	best, since := math.Inf(1), 0
	for i, e := range history {
		epoch := i + 1
		if spec.Keep == "last" || kept == 0 || e.ValidationLoss < history[kept-1].ValidationLoss {
			kept = epoch
		}
		if badness := e.Badness(spec.Stop.On); badness < best {
			best, since = badness, 0
		} else {
			since++
		}
		if epoch == spec.Epochs || spec.Stop.Patience > 0 && since >= spec.Stop.Patience {
			return epoch, kept
		}
	}
	return 0, kept
}

// Badness returns a measure of the epoch, by the word of train.stop.on: less is
// better. A score that is not there, as somebody's lock may have it, is the worst.
func (e *Epoch) Badness(on string) float64 {
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
