package evaluate

import (
	"fmt"
	"math"

	"biomass/runner/internal/metric"
)

// Calibration says how wide an interval around a prediction has to be to hold
// the true value of a new individual's photo with the probability Level: split
// conformal prediction on the errors of a part that the network was not trained
// on, see metric.ConformalMargin.
type Calibration struct {
	Level float64 `json:"level"`
	// Part whose errors are known, and of how many photos and individuals: the
	// validation part, so that the test part can tell how good the interval is.
	Part        string `json:"part"`
	Photos      int    `json:"photos"`
	Individuals int    `json:"individuals"`
	// Margin is the distance of either end from the prediction, on the scale on
	// which the target was learnt.
	Margin float64 `json:"margin"`
	// Checked is how many photos of the test part lie within their interval; nil
	// where there is no other part to look at.
	Checked *Coverage `json:"checked,omitempty"`
}

// Coverage counts the photos whose true value lies in the interval.
type Coverage struct {
	Part   string `json:"part"`
	Photos int    `json:"photos"`
	Within int    `json:"within"`
}

// Calibrate finds the margin for a level such as 0.95 from the predictions of a
// regression. Distances are taken on the scale on which the target was learnt,
// so that of log1p a large prediction has a wide interval.
func (e *Evaluation) Calibrate(level float64, scale func(float64) float64) (*Calibration, error) {
	c := &Calibration{Level: level, Part: Validation}
	if e.Part(Validation) == nil {
		c.Part = Test
	}
	known := e.Of(c.Part)
	c.Photos = len(known)
	distances, names := make([]float64, len(known)), make([]string, len(known))
	seen := map[string]bool{}
	for i, p := range known {
		distances[i], names[i] = p.distance(scale), p.Group
		if p.Group == "" || !seen[p.Group] {
			c.Individuals++
		}
		seen[p.Group] = true
	}
	margin, needed, ok := metric.ConformalMargin(distances, names, level)
	if !ok {
		return nil, fmt.Errorf("the %s part shows %d individuals, and an interval of %g %% needs the errors on %d; a lower --level needs fewer", c.Part, c.Individuals, 100*level, needed)
	}
	if !finite(margin) {
		return nil, fmt.Errorf("the errors on the %s part are boundless", c.Part)
	}
	c.Margin = margin
	if test := e.Of(Test); c.Part != Test && len(test) > 0 {
		c.Checked = c.Cover(Test, test, scale)
	}
	return c, nil
}

// Cover counts the predictions whose true value lies in the interval.
func (c *Calibration) Cover(part string, predictions []Prediction, scale func(float64) float64) *Coverage {
	within := &Coverage{Part: part, Photos: len(predictions)}
	for _, p := range predictions {
		if p.distance(scale) <= c.Margin {
			within.Within++
		}
	}
	return within
}

// distance of the prediction from the true value.
func (p Prediction) distance(scale func(float64) float64) float64 {
	return math.Abs(scale(p.True) - scale(p.Predicted))
}
