package train

import (
	"slices"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/transform"
)

// mixes reports whether the pictures of a batch are mixed.
func (in *Input) mixes() bool { return in.Mix.Kind == "mixup" || in.Mix.Kind == "cutmix" }

// mix mixes each picture of a batch, its features and its target with those before it, the
// first with the last: the order of an epoch is random already. rows are the batch's.
func (l *loop) mix(b *batch, epoch, step int, rows []int) {
	m := transform.Mix(l.Mix, l.Size, rng.New(l.Spec.Seed, "mix", uint64(epoch), uint64(step)))
	area, width, classes := l.area(), l.Fitted.Width(), len(l.Classes)
	b.plain = append(b.plain[:0], b.x...)
	if classes > 0 {
		b.target = slices.Grow(b.target[:0], b.rows*classes)[:b.rows*classes]
	}
	plain := func(i int) []float32 { return b.plain[i*area : (i+1)*area] }
	features := func(x []float32, i int) []float32 { return x[b.rows*area+i*width:][:width] }
	kernel.Parallel(b.rows, func(i int) {
		before := (i + b.rows - 1) % b.rows
		m.Pixels(b.x[i*area:(i+1)*area], plain(i), plain(before), l.Size)
		for j, v := range features(b.plain, before) {
			own := features(b.x, i)
			own[j] = m.Target(own[j], v)
		}
		a, other := l.Train.Targets[rows[i]], l.Train.Targets[rows[before]]
		if classes > 0 {
			m.Classes(b.target[i*classes:(i+1)*classes], int(a), int(other))
		} else {
			b.target[i] = m.Target(l.Fitted.Target(a), l.Fitted.Target(other))
		}
	})
}
