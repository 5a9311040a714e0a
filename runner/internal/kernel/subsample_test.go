package kernel

import (
	"slices"
	"testing"
)

func TestSubsample(t *testing.T) {
	for _, s := range []Subsample{{N: 2, H: 4, W: 5, C: 2, Stride: 2, OutC: 4}, {N: 1, H: 3, W: 3, C: 3, Stride: 1, OutC: 9}, {N: 3, H: 1, W: 7, C: 1, Stride: 3, OutC: 2}} {
		x := numbers(s.N*s.H*s.W*s.C, 1)
		y := numbers(s.N*s.OutH()*s.OutW()*s.OutC, 2) // to be overwritten
		s.Forward(y, x)
		dx := numbers(len(x), 3)
		s.Backward(dx, y)
		before, kept := (s.OutC-s.C)/2, 0
		for i, v := range x {
			c, px, py, n := i%s.C, i/s.C%s.W, i/s.C/s.W%s.H, i/s.C/s.W/s.H
			want := float32(0)
			if px%s.Stride == 0 && py%s.Stride == 0 {
				want = v
				if got := y[((n*s.OutH()+py/s.Stride)*s.OutW()+px/s.Stride)*s.OutC+before+c]; got != v {
					t.Errorf("%+v: pixel (%d, %d, %d) channel %d is %v, not %v", s, n, py, px, c, got, v)
				}
				if v != 0 {
					kept++
				}
			}
			if dx[i] != want {
				t.Errorf("%+v: gradient %d is %v, not %v", s, i, dx[i], want)
			}
		}
		if others := len(y) - kept; others != len(y)-len(slices.DeleteFunc(slices.Clone(y), func(v float32) bool { return v == 0 })) {
			t.Errorf("%+v: what is no pixel of x is not all 0", s)
		}
	}
}
