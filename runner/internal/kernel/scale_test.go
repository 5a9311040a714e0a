package kernel

import (
	"testing"

	"biomass/runner/internal/rng"
)

func TestScaleChannelsGradient(t *testing.T) {
	const n, hw, c = 2, 300, 5 // two chunks of rows
	x, s, dy := numbers(n*hw*c, 1), numbers(n*c, 2), numbers(n*hw*c, 3)
	y, dx, ds := make([]float32, n*hw*c), make([]float32, n*hw*c), make([]float32, n*c)
	ScaleChannels(y, x, s, n, hw, c)
	ScaleChannelsBackward(dx, ds, dy, x, s, n, hw, c)
	x64, s64 := double(x), double(s)
	forward := func() []float64 {
		out := make([]float64, len(x64))
		for i, v := range x64 {
			out[i] = v * s64[i/(hw*c)*c+i%c]
		}
		return out
	}
	loss := func() float64 { return dot(forward(), double(dy)) }
	near(t, "y", y, forward())
	near(t, "dx[:30]", dx[:30], differences(x64[:30], loss))
	near(t, "ds", ds, differences(s64, loss))
}

func TestStochasticDepth(t *testing.T) {
	const n, size = 1000, 3
	x, y := numbers(n*size, 1), make([]float32, n*size)
	stream := rng.New(7, "depth")
	StochasticDepth(y, x, 0.2, n, size, stream)
	dropped := 0
	for i := range n {
		want := float32(1 / (1 - float64(float32(0.2))))
		if float64(stream.Block(uint64(i / 4))[i%4]) >= (1-float64(float32(0.2)))*0x1p32 {
			want = 0
			dropped++
		}
		for j := i * size; j < (i+1)*size; j++ {
			if y[j] != x[j]*want {
				t.Fatalf("y[%d] = %v, want %v times %v", j, y[j], want, x[j])
			}
		}
	}
	if dropped < 160 || dropped > 240 {
		t.Errorf("%d of %d samples are dropped", dropped, n)
	}
	StochasticDepth(y, x, 1, n, size, stream)
	for _, v := range y {
		if v != 0 {
			t.Fatalf("%v is kept", v)
		}
	}
}

func TestAverageStep(t *testing.T) {
	average, w := numbers(100, 1), numbers(100, 2)
	want := make([]float64, 100)
	for i := range want {
		want[i] = 0.9*float64(average[i]) + 0.1*float64(w[i])
	}
	AverageStep(average, w, 0.9)
	near(t, "average", average, want)
	AverageStep(w, w, 0.999)
	same(t, "the average of equal weights", w, numbers(100, 2))
}
