package kernel

import "math"

// AdamStep updates weights w and moments m, v by gradient g as torch.optim.Adam
// does (Kingma and Ba: Adam, ICLR 2015), decay being L2 added to the gradient.
// correction1 is 1-beta1^t and correction2 1-beta2^t at step t = 1, 2, ...
//
//	g' = g + decay*w
//	m  = beta1*m + (1-beta1)*g'
//	v  = beta2*v + (1-beta2)*g'*g'
//	w -= rate/correction1 * m / (sqrt(v)/sqrt(correction2) + eps)
//
// The settings are float64, and what is derived from them is rounded to float32
// once: 1-0.999 in float32 is off by 1e-5 of itself. Where the moments meet, the
// last addition is fused; see adamPortable.
func AdamStep(w, g, m, v []float32, rate, beta1, beta2, eps, decay, correction1, correction2 float64) {
	requireLength("g", g, len(w))
	requireLength("m", m, len(w))
	requireLength("v", v, len(w))
	k := adamFactors{
		beta1: float32(beta1), rest1: float32(1 - beta1),
		beta2: float32(beta2), rest2: float32(1 - beta2),
		root: float32(math.Sqrt(correction2)), eps: float32(eps),
		step: float32(-rate / correction1), decay: float32(decay),
	}
	parallelSpans(len(w), func(from, to int) {
		adam(w[from:to], g[from:to], m[from:to], v[from:to], &k)
	})
}

// adamFactors are the numbers that all elements of a step share.
type adamFactors struct{ beta1, rest1, beta2, rest2, root, eps, step, decay float32 }

// SGDStep updates weights w by gradient g as torch.optim.SGD does. With momentum
// the buffer (as w; nil for plain descent) carries the velocity, whose content
// before the first step does not matter:
//
//	g' = g + decay*w
//	b  = momentum*b + g'            (first: g')
//	w -= rate * b                   (nesterov: rate * (g' + momentum*b))
func SGDStep(w, g, momentumBuffer []float32, rate, momentum, decay float64, nesterov, first bool) {
	requireLength("g", g, len(w))
	requireOptional("momentumBuffer", momentumBuffer, len(w))
	k := sgdFactors{momentum: float32(momentum), step: float32(-rate), decay: float32(decay)}
	parallelSpans(len(w), func(from, to int) {
		b := cut(momentumBuffer, from, to)
		if first {
			clear(b)
		}
		sgd(w[from:to], g[from:to], b, nesterov, &k)
	})
}

// sgdFactors are the numbers that all elements of a step share.
type sgdFactors struct{ momentum, step, decay float32 }

// adamPortable does the elements from first on of
//
//	for i: d    = FMA32(w[i], k.decay, g[i])
//		m[i] = FMA32(d, k.rest1, k.beta1*m[i])
//		v[i] = FMA32(d*k.rest2, d, k.beta2*v[i])
//		w[i] += k.step*m[i] / (sqrt(v[i])/k.root + k.eps)
func adamPortable(first int, w, g, m, v []float32, k *adamFactors) {
	for i := first; i < len(w); i++ {
		d := FMA32(w[i], k.decay, g[i])
		m[i] = FMA32(d, k.rest1, k.beta1*m[i])
		v[i] = FMA32(d*k.rest2, d, k.beta2*v[i])
		w[i] += float32(k.step*m[i]) / (sqrt32(v[i])/k.root + k.eps)
	}
}

// sgdPortable does the elements from first on of
//
//	for i: d    = FMA32(w[i], k.decay, g[i])
//		b[i] = k.momentum*b[i] + d;  d = nesterov ? FMA32(b[i], k.momentum, d) : b[i]    unless b is nil
//		w[i] = FMA32(d, k.step, w[i])
func sgdPortable(first int, w, g, b []float32, nesterov bool, k *sgdFactors) {
	for i := first; i < len(w); i++ {
		d := FMA32(w[i], k.decay, g[i])
		if b != nil {
			b[i] = float32(k.momentum*b[i]) + d
			if nesterov {
				d = FMA32(b[i], k.momentum, d)
			} else {
				d = b[i]
			}
		}
		w[i] = FMA32(d, k.step, w[i])
	}
}
