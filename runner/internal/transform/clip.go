package transform

import (
	"biomass/runner/internal/metric"
	"biomass/runner/internal/recipe"
)

// FitClip returns the ends that a clip has among the values of the training rows:
// its quantiles, interpolated.
func FitClip(clip recipe.Clip, values []float64) (low, high float64) {
	ascending := metric.Sorted(values)
	return metric.Quantile(ascending, clip.Low), metric.Quantile(ascending, clip.High)
}

// clamp returns the value between two ends that is nearest to x; an end may be nil.
func clamp(x float64, low, high *float64) float64 {
	if low != nil {
		x = max(x, *low)
	}
	if high != nil {
		x = min(x, *high)
	}
	return x
}
