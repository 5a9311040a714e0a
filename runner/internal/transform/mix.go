package transform

import (
	"math"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// Mixture says how the pictures of one batch are mixed in pairs, the targets with them.
type Mixture struct {
	// Share is that of the first picture of a pair.
	Share float32
	// patch is what the second gives when it is pasted; otherwise all pixels mix.
	pasted                   bool
	top, left, bottom, right int
}

// Mix draws how a batch of pictures of this size is mixed. With share drawn from
// Beta(alpha, alpha),
//
//	mixup:  x = share*a + (1-share)*b           (Zhang et al., ICLR 2018)
//	cutmix: x = a, but for a patch of b         (Yun et al., ICCV 2019)
//
// The patch has the sides size*sqrt(1-share), rounded down to whole pixels around a middle
// that is drawn evenly over the picture, and is cut off at its edges; share is then that
// of the pixels outside it. Both are as in torchvision's references/classification.
func Mix(spec recipe.Mix, size int, s *rng.Stream) Mixture {
	share := s.Beta(spec.Alpha)
	if spec.Kind == "mixup" {
		return Mixture{Share: float32(share)}
	}
	x, y := s.IntN(size), s.IntN(size)
	half := int(float64(float64(0.5*math.Sqrt(1-share)) * float64(size)))
	m := Mixture{pasted: true, top: max(y-half, 0), left: max(x-half, 0), bottom: min(y+half, size), right: min(x+half, size)}
	m.Share = float32(1 - float64((m.bottom-m.top)*(m.right-m.left))/float64(size*size))
	return m
}

// Pixels sets x to the mixture of a and b, each (size, size, channels).
func (m Mixture) Pixels(x, a, b []float32, size int) {
	if !m.pasted {
		rest := 1 - m.Share
		for i, v := range a {
			x[i] = float32(m.Share*v) + float32(rest*b[i])
		}
		return
	}
	copy(x, a)
	width := len(a) / size
	channels := width / size
	for row := m.top; row < m.bottom; row++ {
		from, to := row*width+m.left*channels, row*width+m.right*channels
		copy(x[from:to], b[from:to])
	}
}

// Target is the mixture of two scaled targets.
func (m Mixture) Target(a, b float32) float32 {
	return float32(m.Share*a) + float32((1-m.Share)*b)
}

// Classes sets shares, one a class, to those that the mixture has of two classes.
func (m Mixture) Classes(shares []float32, a, b int) {
	clear(shares)
	shares[a] = m.Share
	shares[b] += 1 - m.Share
}
