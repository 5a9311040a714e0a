package recipe

import (
	"fmt"
	"strconv"
)

// span is where a number may lie.
type span struct {
	low, high         float64
	openLow, openHigh bool // the end itself is outside
	noHigh            bool // there is no upper end
	orZero            bool // 0, which asks for nothing, is fine too
}

func between(low, high float64) span { return span{low: low, high: high} }
func above(low float64) span         { return span{low: low, openLow: true, noHigh: true} }
func atLeast(low float64) span       { return span{low: low, noHigh: true} }

var (
	share    = between(0, 1)                                // from none to all
	likeness = between(0.9, 1)                              // of photos
	partial  = span{high: 1, openHigh: true}                // from none to nearly all
	inner    = span{high: 1, openLow: true, openHigh: true} // neither none nor all
	window   = between(1, maxWindow)                        // of a layer
	wide     = between(1, maxSize)                          // of a layer
)

// spans by generic key: the index of a list item is left out. They are checked
// when a value is read, and stand in the schema and in recipes/README.md.
var spans = map[string]span{
	"version":            between(1, 1),
	"data.source.plants": between(1, 100_000),
	"data.header":        between(1, 1_000_000),
	"picture.size":       between(8, 1024),

	"clean[].drop.duplicate_image.near": likeness,

	"split.train":      share,
	"split.validation": share,
	"split.test":       share,
	"split.folds":      {low: 2, high: maxRuns, orZero: true},
	"split.fold":       atLeast(0),
	"split.near":       {low: likeness.low, high: likeness.high, orZero: true},

	"transform.normalize.std[]":                   above(0),
	"transform.augment[].horizontal_flip":         share,
	"transform.augment[].vertical_flip":           share,
	"transform.augment[].erase":                   share,
	"transform.augment[].rotate":                  between(0, 180),
	"transform.augment[].color_jitter.brightness": atLeast(0),
	"transform.augment[].color_jitter.contrast":   atLeast(0),
	"transform.augment[].color_jitter.saturation": atLeast(0),
	"transform.augment[].color_jitter.hue":        between(0, 0.5),
	"transform.augment[].affine.translate":        share,
	"transform.augment[].affine.shear":            between(0, 80),
	"transform.augment[].perspective.distortion":  partial,
	"transform.augment[].perspective.probability": share,

	"transform.mix.mixup":  {high: 1000, openLow: true},
	"transform.mix.cutmix": {high: 1000, openLow: true},

	"network.layers[].conv":              wide,
	"network.layers[].dense":             wide,
	"network.layers[].max_pool":          window,
	"network.layers[].avg_pool":          window,
	"network.layers[].adaptive_avg_pool": window,
	"network.layers[].dropout":           partial,
	"network.layers[].kernel":            window,
	"network.layers[].stride":            window,
	"network.layers[].dilation":          window,
	"network.layers[].padding":           atLeast(0),
	"network.layers[].groups":            wide,

	"network.head.hidden[]":  wide,
	"network.head.dropout[]": partial,

	"network.unfreeze[].epoch": atLeast(2), // what trains from the beginning is not frozen

	"train.epochs":          between(1, 1_000_000),
	"train.batch":           wide,
	"train.accumulate":      wide,
	"train.clip":            atLeast(0),
	"train.average":         partial,
	"train.backbone_factor": above(0),
	"train.repeat":          between(1, maxRuns),
	"train.stop.patience":   atLeast(0),

	"sweep.draw": between(0, maxRuns),

	"report.interval": between(0.5, 0.999), // 2000 draws say no more

	"train.loss.cross_entropy.label_smoothing": partial,
	"train.loss.cross_entropy.class_weights[]": above(0),

	"train.optimizer.adam.rate":            above(0),
	"train.optimizer.adam.beta1":           partial,
	"train.optimizer.adam.beta2":           partial,
	"train.optimizer.adam.epsilon":         above(0),
	"train.optimizer.adam.weight_decay":    atLeast(0),
	"train.optimizer.adamw.rate":           above(0),
	"train.optimizer.adamw.beta1":          partial,
	"train.optimizer.adamw.beta2":          partial,
	"train.optimizer.adamw.epsilon":        above(0),
	"train.optimizer.adamw.weight_decay":   atLeast(0),
	"train.optimizer.sgd.rate":             above(0),
	"train.optimizer.sgd.momentum":         partial,
	"train.optimizer.sgd.weight_decay":     atLeast(0),
	"train.optimizer.rmsprop.rate":         above(0),
	"train.optimizer.rmsprop.alpha":        partial,
	"train.optimizer.rmsprop.epsilon":      above(0),
	"train.optimizer.rmsprop.momentum":     partial,
	"train.optimizer.rmsprop.weight_decay": atLeast(0),

	"train.schedule.step.every":              atLeast(0),
	"train.schedule.step.at[]":               atLeast(1),
	"train.schedule.step.factor":             above(0),
	"train.schedule.cosine.warmup":           atLeast(0),
	"train.schedule.cosine.floor":            atLeast(0),
	"train.schedule.one_cycle.rise":          partial,
	"train.schedule.one_cycle.start_divisor": above(0),
	"train.schedule.one_cycle.end_divisor":   above(0),
	"train.schedule.plateau.patience":        atLeast(0),
	"train.schedule.plateau.factor":          inner,
	"train.schedule.plateau.threshold":       partial,
	"train.schedule.plateau.cooldown":        atLeast(0),
	"train.schedule.plateau.floor":           atLeast(0),
}

// pairs are the lists of the smallest and the largest of something, with the
// span of both.
var pairs = map[string]span{
	"transform.augment[].resized_crop.scale": between(0.001, 1),
	"transform.augment[].resized_crop.ratio": between(0.01, 100),
	"transform.augment[].affine.scale":       between(0.1, 10),
}

// holds reports whether a number lies in the span.
func (s span) holds(x float64) bool {
	return x == 0 && s.orZero || (x > s.low || x == s.low && !s.openLow) && (s.noHigh || x < s.high || x == s.high && !s.openHigh)
}

// String says it for people, as recipes/README.md does: 0 to below 1.
func (s span) String() string {
	low, high := plain(s.low), plain(s.high)
	switch {
	case s.noHigh && s.openLow:
		return "above " + low
	case s.noHigh:
		return low + " or more"
	case s.low == s.high:
		return low
	case s.openLow && s.openHigh:
		return "between " + low + " and " + high
	case s.openLow:
		return "above " + low + ", at most " + high
	case s.openHigh:
		return low + " to below " + high
	}
	return low + " to " + high
}

// plain writes a number without an exponent.
func plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// within notes a number that does not lie where its key says.
func (d *decoder) within(key string, x float64) {
	s, ok := spans[generic(key)]
	if !ok || s.holds(x) {
		return
	}
	from := ""
	if !s.noHigh && s.low != s.high && !s.openLow {
		from = "from "
	}
	if s.orZero {
		from = "0, or " + from
	}
	d.problem(key, fmt.Sprintf("must be %s%s, not %s", from, s, shortest(x)), "")
}
