package experiment

import (
	"biomass/runner/internal/report"
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

// clipped counts for the report the training targets that are learnt as another value.
func (l *line) clipped() *report.Clipped {
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
	return &report.Clipped{Targets: count, All: len(l.split.Train), Low: *f.TargetLow, High: *f.TargetHigh}
}
