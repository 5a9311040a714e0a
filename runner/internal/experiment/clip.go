package experiment

import (
	"fmt"

	"biomass/runner/internal/transform"
)

// clipTargets finds the ends of transform.clip among the training targets and
// returns the targets as they are learnt, those it is given where no clip is asked for.
func (l *line) clipTargets(targets []float64) (learnt []float64, low, high *float64) {
	clip, ok := l.Recipe.Transform.Clip.Of(l.Recipe.Data.Target)
	if !ok {
		return targets, nil, nil
	}
	from, to := transform.FitClip(clip, targets)
	for _, y := range targets {
		learnt = append(learnt, max(from, min(y, to)))
	}
	return learnt, &from, &to
}

// clipped says for the report how many training targets are learnt as another value.
func (l *line) clipped() []string {
	f := l.fitted
	if f.TargetLow == nil {
		return nil
	}
	targets, err := l.keptTargets()
	if err != nil {
		return nil // the walk would have ended before
	}
	count := 0
	for _, row := range l.split.Train {
		if y := targets[row]; y < *f.TargetLow || y > *f.TargetHigh {
			count++
		}
	}
	return []string{fmt.Sprintf("%d of %d training targets are learnt as the end of the range from %.4g to %.4g %s that is next to them (transform.clip).",
		count, len(l.split.Train), *f.TargetLow, *f.TargetHigh, l.Recipe.Data.Unit)}
}
