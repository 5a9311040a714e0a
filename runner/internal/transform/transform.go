// Package transform owns what stands between stored data and the network: the
// scaling of targets and of pixels, fitted on training rows only, and the
// random changes of training pictures. Its results depend on the recipe, the
// training rows and the given random stream, on nothing else.
package transform

import (
	"fmt"
	"math"
	"sync"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/recipe"
)

// The scalings of a target.
const (
	none        = "none"
	standardize = "standardize"
	log1p       = "log1p"
)

// Fitted is what was learnt from the training rows. Its exported fields are all
// of it; use it through a pointer.
type Fitted struct {
	// Mean and Std of the channels, red, green and blue or gray alone, on the scale 0 to 1.
	Mean, Std []float32
	// Kind of the target's scaling: none, standardize or log1p.
	Kind string
	// TargetMean and TargetStd in the target's unit; 0 and 1 unless Kind is standardize.
	TargetMean, TargetStd float64
	// TargetLow and TargetHigh are the ends between which targets are learnt, in their unit; nil without a clip.
	TargetLow  *float64 `json:",omitempty"`
	TargetHigh *float64 `json:",omitempty"`
	// Features of the second input, in the order of data.features.
	Features []Feature `json:",omitempty"`

	once  sync.Once
	table [][256]float32 // a normalised value for each byte of a channel
}

// Fit learns from n training rows: targets holds their targets, pixels(i) gives
// the bytes (S, S, channels) of row i and is called for normalize: dataset only.
func Fit(spec recipe.Transform, channels int, targets []float64, pixels func(i int) ([]uint8, error), n int) (*Fitted, error) {
	if n == 0 {
		return nil, fmt.Errorf("fit transform: there are no training rows")
	}
	f := &Fitted{Kind: spec.Target, TargetStd: 1}
	if err := f.fitPixels(spec.Normalize, channels, pixels, n); err != nil {
		return nil, fmt.Errorf("transform.normalize: %w", err)
	}
	if err := f.fitTarget(targets); err != nil {
		return nil, fmt.Errorf("transform.target: %w", err)
	}
	return f, nil
}

func (f *Fitted) fitTarget(targets []float64) error {
	if err := f.Check(targets); err != nil {
		return err
	}
	switch f.Kind {
	case none, log1p:
		return nil
	case standardize:
	default:
		return fmt.Errorf("%q is not a scaling; use %s, %s or %s", f.Kind, none, standardize, log1p)
	}
	sum, squares := 0.0, 0.0
	for _, y := range targets {
		sum += y
	}
	f.TargetMean = sum / float64(len(targets))
	for _, y := range targets {
		d := y - f.TargetMean
		squares += float64(d * d)
	}
	f.TargetStd = math.Sqrt(squares / float64(len(targets)))
	if f.TargetStd == 0 {
		return fmt.Errorf("%s: the target is %v in each of the %d training rows, so there is nothing to learn; check data.target",
			standardize, targets[0], len(targets))
	}
	return nil
}

// Check returns an error that names the first target that cannot be scaled. Fit
// checks those of the training rows.
func (f *Fitted) Check(targets []float64) error {
	for _, y := range targets {
		switch {
		case math.IsNaN(y) || math.IsInf(y, 0):
			return fmt.Errorf("the target %v is not a finite number; list it in data.missing and drop missing_target", y)
		case f.Kind == log1p && y <= -1:
			return fmt.Errorf("%s needs targets above -1, and one is %v; use %s", log1p, y, standardize)
		}
	}
	return nil
}

// Scale returns where a target y in its unit lies on the scale on which it is learnt.
func (f *Fitted) Scale(y float64) float64 {
	if f.Kind == log1p {
		return logPlus1(y)
	}
	return (y - f.TargetMean) / f.TargetStd
}

// Unscale turns a place on that scale into the target's unit.
func (f *Fitted) Unscale(s float64) float64 {
	if f.Kind == log1p {
		return expMinus1(s)
	}
	return float64(s*f.TargetStd) + f.TargetMean
}

// Target returns what the network is to predict for a target y in its unit.
func (f *Fitted) Target(y float64) float32 {
	return float32(f.Scale(clamp(y, f.TargetLow, f.TargetHigh)))
}

// Inverse turns a prediction of the network into the target's unit.
func (f *Fitted) Inverse(p float32) float64 { return f.Unscale(float64(p)) }

// logPlus1 returns log(1+y), accurate near 0 too: the rounding of 1+y = u is
// made good by the factor y/(u-1) (Goldberg: What Every Computer Scientist
// Should Know About Floating-Point Arithmetic, 1991, theorem 4).
func logPlus1(y float64) float64 {
	u := 1 + y
	if u == 1 {
		return y
	}
	return elementary.Log(u) * (y / (u - 1))
}

// expMinus1 returns e^x - 1, accurate near 0 too, by the same idea: x/log(u)
// makes good the rounding of e^x = u.
func expMinus1(x float64) float64 {
	u := elementary.Exp(x)
	switch {
	case u == 1:
		return x
	case u == 0 || math.IsInf(u, 1):
		return u - 1
	}
	return (u - 1) * (x / elementary.Log(u))
}
