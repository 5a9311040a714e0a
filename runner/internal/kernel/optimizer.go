package kernel

import "math"

// Adam is torch.optim.Adam (Kingma and Ba: Adam, ICLR 2015), or, where Decoupled, AdamW
// (Loshchilov and Hutter: Decoupled Weight Decay Regularization, ICLR 2019).
//
// The settings are float64, and what is derived from them is rounded to float32 once:
// 1-0.999 in float32 is off by 1e-5 of itself.
type Adam struct {
	Rate, Beta1, Beta2, Epsilon, Decay float64
	Decoupled                          bool
}

// Step updates weights w and moments m, v by gradient g. power1 is Beta1^t and power2
// Beta2^t at step t = 1, 2, ...
//
//	w *= 1 - Rate*Decay             Decoupled only
//	g' = g + Decay*w                else
//	m  = Beta1*m + (1-Beta1)*g'
//	v  = Beta2*v + (1-Beta2)*g'*g'
//	w -= Rate/(1-power1) * m / (sqrt(v)/sqrt(1-power2) + Epsilon)
//
// Where the moments meet, the last addition is fused; see adamPortable.
func (a Adam) Step(w, g, m, v []float32, power1, power2 float64) {
	requireLength("g", g, len(w))
	requireLength("m", m, len(w))
	requireLength("v", v, len(w))
	k := adamFactors{
		beta1: float32(a.Beta1), rest1: float32(1 - a.Beta1),
		beta2: float32(a.Beta2), rest2: float32(1 - a.Beta2),
		root: float32(math.Sqrt(1 - power2)), eps: float32(a.Epsilon),
		step: float32(-a.Rate / (1 - power1)), decay: float32(a.Decay),
	}
	keep := float32(1)
	if a.Decoupled {
		keep, k.decay = float32(1-float64(a.Rate*a.Decay)), 0
	}
	// Span by span, so that the weights are in the cache when they are used again.
	parallelSpans(len(w), func(from, to int) {
		if keep != 1 {
			scaleBy(w[from:to], w[from:to], keep)
		}
		adam(w[from:to], g[from:to], m[from:to], v[from:to], &k)
	})
}

// adamFactors are the numbers that all elements of a step share.
type adamFactors struct{ beta1, rest1, beta2, rest2, root, eps, step, decay float32 }

// SGD is torch.optim.SGD.
type SGD struct {
	Rate, Momentum, Decay float64
	Nesterov              bool
}

// Step updates weights w by gradient g. With momentum the buffer (as w; nil for plain
// descent) carries the velocity, whose content before the first step does not matter:
//
//	g' = g + Decay*w
//	b  = Momentum*b + g'            (first: g')
//	w -= Rate * b                   (Nesterov: Rate * (g' + Momentum*b))
func (s SGD) Step(w, g, buffer []float32, first bool) {
	requireLength("g", g, len(w))
	requireOptional("buffer", buffer, len(w))
	k, nesterov := sgdFactors{momentum: float32(s.Momentum), step: float32(-s.Rate), decay: float32(s.Decay)}, s.Nesterov
	parallelSpans(len(w), func(from, to int) {
		b := cut(buffer, from, to)
		if first {
			clear(b)
		}
		sgd(w[from:to], g[from:to], b, nesterov, &k)
	})
}

// sgdFactors are the numbers that all elements of a step share.
type sgdFactors struct{ momentum, step, decay float32 }

// RMSprop is torch.optim.RMSprop (Tieleman and Hinton: Lecture 6.5, 2012).
type RMSprop struct{ Rate, Alpha, Epsilon, Momentum, Decay float64 }

// Step updates weights w by gradient g. square carries the mean of the squared gradient.
// mean, as w, is there if the step is centred: the mean of the gradient. So is buffer if
// there is momentum: the velocity. All start from 0.
//
//	g' = g + Decay*w
//	s  = Alpha*s + (1-Alpha)*g'*g'
//	a  = Alpha*a + (1-Alpha)*g'                 if centred
//	q  = sqrt(s - a*a) + Epsilon                (not centred: sqrt(s) + Epsilon)
//	b  = Momentum*b + g'/q,  w -= Rate*b        (no momentum: w -= Rate * g'/q)
//
// An addition to a product is fused wherever torch's is. By a rounding, s - a*a may
// therefore come out below 0 where s = a*a, and its root NaN, in torch as here.
func (r RMSprop) Step(w, g, square, mean, buffer []float32) {
	requireLength("g", g, len(w))
	requireLength("square", square, len(w))
	requireOptional("mean", mean, len(w))
	requireOptional("buffer", buffer, len(w))
	k := rmspropFactors{
		alpha: float32(r.Alpha), rest: float32(1 - r.Alpha), eps: float32(r.Epsilon),
		momentum: float32(r.Momentum), step: float32(-r.Rate), decay: float32(r.Decay),
	}
	parallelSpans(len(w), func(from, to int) {
		rmsprop(w[from:to], g[from:to], square[from:to], cut(mean, from, to), cut(buffer, from, to), &k)
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
	parallelSpans(len(w), func(from, to int) { lerp(average[from:to], w[from:to], rest) })
}

// lerpPortable does the elements from first on of
//
//	for i: a[i] = FMA32(w[i]-a[i], rest, a[i])
func lerpPortable(first int, a, w []float32, rest float32) {
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
