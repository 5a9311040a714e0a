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
	adamStep(w, g, m, v, 1, newAdamFactors(rate, beta1, beta2, eps, decay, correction1, correction2))
}

// AdamWStep is AdamStep with the decay taken off the weights before the step, not
// added to the gradient, as torch.optim.AdamW does (Loshchilov and Hutter:
// Decoupled Weight Decay Regularization, ICLR 2019):
//
//	w *= 1 - rate*decay
func AdamWStep(w, g, m, v []float32, rate, beta1, beta2, eps, decay, correction1, correction2 float64) {
	keep := float32(1 - float64(rate*decay))
	adamStep(w, g, m, v, keep, newAdamFactors(rate, beta1, beta2, eps, 0, correction1, correction2))
}

// adamStep multiplies the weights by keep, then goes one step, span by span, so
// that the weights are in the cache when they are used again.
func adamStep(w, g, m, v []float32, keep float32, k adamFactors) {
	requireLength("g", g, len(w))
	requireLength("m", m, len(w))
	requireLength("v", v, len(w))
	parallelSpans(len(w), func(from, to int) {
		if keep != 1 {
			scaleBy(w[from:to], w[from:to], keep)
		}
		adam(w[from:to], g[from:to], m[from:to], v[from:to], &k)
	})
}

// adamFactors are the numbers that all elements of a step share.
type adamFactors struct{ beta1, rest1, beta2, rest2, root, eps, step, decay float32 }

func newAdamFactors(rate, beta1, beta2, eps, decay, correction1, correction2 float64) adamFactors {
	return adamFactors{
		beta1: float32(beta1), rest1: float32(1 - beta1),
		beta2: float32(beta2), rest2: float32(1 - beta2),
		root: float32(math.Sqrt(correction2)), eps: float32(eps),
		step: float32(-rate / correction1), decay: float32(decay),
	}
}

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

// RMSpropStep updates weights w by gradient g as torch.optim.RMSprop does (Tieleman
// and Hinton: Lecture 6.5, 2012). square carries the mean of the squared gradient.
// mean, as w, is there if the step is centred: the mean of the gradient. So is
// momentumBuffer if there is momentum: the velocity. All start from 0.
//
//	g' = g + decay*w
//	s  = alpha*s + (1-alpha)*g'*g'
//	a  = alpha*a + (1-alpha)*g'                 if centred
//	q  = sqrt(s - a*a) + eps                    (not centred: sqrt(s) + eps)
//	b  = momentum*b + g'/q,  w -= rate*b        (no momentum: w -= rate * g'/q)
//
// An addition to a product is fused wherever torch's is; s - a*a may so come out
// below 0 by a rounding where s = a*a, and its root NaN, in torch as here.
func RMSpropStep(w, g, square, mean, momentumBuffer []float32, rate, alpha, eps, momentum, decay float64) {
	requireLength("g", g, len(w))
	requireLength("square", square, len(w))
	requireOptional("mean", mean, len(w))
	requireOptional("momentumBuffer", momentumBuffer, len(w))
	k := rmspropFactors{
		alpha: float32(alpha), rest: float32(1 - alpha), eps: float32(eps),
		momentum: float32(momentum), step: float32(-rate), decay: float32(decay),
	}
	parallelSpans(len(w), func(from, to int) {
		rmsprop(w[from:to], g[from:to], square[from:to], cut(mean, from, to), cut(momentumBuffer, from, to), &k)
	})
}

// rmspropFactors are the numbers that all elements of a step share.
type rmspropFactors struct{ alpha, rest, eps, momentum, step, decay float32 }

// SumSquares is the sum of the squares of x, summed in chunks like the rows of one
// column.
func SumSquares(x []float32) float64 {
	var sum [1]float64
	sumChunks(sum[:], len(x), func(part []float64, from, count int) {
		squares := 0.0
		for _, v := range x[from : from+count] {
			squares += float64(float64(v) * float64(v))
		}
		part[0] = squares
	})
	return sum[0]
}

// Scale multiplies x by factor.
func Scale(x []float32, factor float32) {
	parallelSpans(len(x), func(from, to int) { scaleBy(x[from:to], x[from:to], factor) })
}

// AverageStep moves average towards w, as a mean of weights does whose past decays
// exponentially:
//
//	average += (w-average) * (1-decay)
//
// The addition is fused.
func AverageStep(average, w []float32, decay float64) {
	requireLength("w", w, len(average))
	rest := float32(1 - decay)
	parallelSpans(len(w), func(from, to int) { approach(average[from:to], w[from:to], rest) })
}

// approachPortable does the elements from first on of
//
//	for i: a[i] = FMA32(w[i]-a[i], rest, a[i])
func approachPortable(first int, a, w []float32, rest float32) {
	for i := first; i < len(a); i++ {
		a[i] = FMA32(w[i]-a[i], rest, a[i])
	}
}

// divideByPortable does the elements from first on of
//
//	for i: y[i] = x[i] / divisor
func divideByPortable(first int, y, x []float32, divisor float32) {
	for i := first; i < len(y); i++ {
		y[i] = x[i] / divisor
	}
}

// scaleByPortable does the elements from first on of
//
//	for i: y[i] = x[i] * factor
func scaleByPortable(first int, y, x []float32, factor float32) {
	for i := first; i < len(y); i++ {
		y[i] = x[i] * factor
	}
}

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

// rmspropPortable does the elements from first on of
//
//	for i: d    = FMA32(w[i], k.decay, g[i])
//		s[i] = FMA32(d*k.rest, d, k.alpha*s[i])
//		a[i] = FMA32(d, k.rest, k.alpha*a[i]);  q = sqrt(FMA32(-a[i], a[i], s[i])) + k.eps    (a nil: sqrt(s[i]) + k.eps)
//		b[i] = k.momentum*b[i] + d/q;  w[i] = FMA32(b[i], k.step, w[i])                       (b nil: w[i] += k.step*d / q)
func rmspropPortable(first int, w, g, s, a, b []float32, k *rmspropFactors) {
	for i := first; i < len(w); i++ {
		d := FMA32(w[i], k.decay, g[i])
		s[i] = FMA32(d*k.rest, d, k.alpha*s[i])
		variance := s[i]
		if a != nil {
			a[i] = FMA32(d, k.rest, k.alpha*a[i])
			variance = FMA32(-a[i], a[i], s[i])
		}
		q := sqrt32(variance) + k.eps
		if b == nil {
			w[i] += float32(k.step*d) / q
			continue
		}
		b[i] = float32(k.momentum*b[i]) + d/q
		w[i] = FMA32(b[i], k.step, w[i])
	}
}
