package transform

import (
	"bytes"
	"math"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

func formula(size int) []uint8 {
	pix := make([]uint8, 3*size*size)
	for i := range pix {
		x, y := i/3%size, i/3/size
		pix[i] = uint8(x*x/3 + 2*y*y*(i%3+1)/5 + x*y/2)
	}
	return pix
}

func augmented(f *Fitted, pix []uint8, size int, spec []recipe.Augment, sample uint64) []float32 {
	dst := make([]float32, len(pix))
	f.Augmented(dst, pix, size, spec, rng.New(1, "augment", 0, sample))
	return dst
}

func bytesOf(values []float32) []uint8 {
	pix := make([]uint8, len(values))
	for i, v := range values {
		pix[i] = uint8(math.Round(float64(v) * 255))
	}
	return pix
}

// TestFlips compares with index arithmetic, for even and odd sizes.
func TestFlips(t *testing.T) {
	f := fit(t, plain, []float64{1})
	for _, size := range []int{1, 2, 5, 8} {
		pix := formula(size)
		for _, c := range []struct {
			spec []recipe.Augment
			at   func(x, y int) (int, int)
		}{
			{[]recipe.Augment{{Kind: horizontalFlip, Value: 1}}, func(x, y int) (int, int) { return size - 1 - x, y }},
			{[]recipe.Augment{{Kind: verticalFlip, Value: 1}}, func(x, y int) (int, int) { return x, size - 1 - y }},
			{[]recipe.Augment{{Kind: verticalFlip, Value: 1}, {Kind: horizontalFlip, Value: 1}}, func(x, y int) (int, int) { return size - 1 - x, size - 1 - y }},
			{[]recipe.Augment{{Kind: verticalFlip, Value: 0}, {Kind: horizontalFlip, Value: 0}, {Kind: rotate, Value: 0}}, func(x, y int) (int, int) { return x, y }},
			{nil, func(x, y int) (int, int) { return x, y }},
		} {
			got := bytesOf(augmented(f, pix, size, c.spec, 3))
			for y := range size {
				for x := range size {
					sx, sy := c.at(x, y)
					if [3]uint8(got[3*(y*size+x):]) != [3]uint8(pix[3*(sy*size+sx):]) {
						t.Fatalf("size %d, %v: pixel %d, %d is not that of %d, %d", size, c.spec, x, y, sx, sy)
					}
				}
			}
		}
	}
}

// TestTurn compares with the formula in floating point.
func TestTurn(t *testing.T) {
	fill := []uint8{124, 116, 104}
	for _, size := range []int{1, 2, 7, 32} {
		src, dst := formula(size), make([]uint8, 3*size*size)
		for _, degrees := range []float64{0, 0.1, 20, -20, 45, 90, 133.3, 180, -180} {
			move(dst, src, size, turning(degrees), fill)
			sin, cos := math.Sincos(degrees * math.Pi / 180)
			center := float64(size-1) / 2
			for i, got := range dst {
				u, v := float64(i/3%size)-center, float64(i/3/size)-center
				x, y := u*cos-v*sin+center, u*sin+v*cos+center
				want := 0.0
				for _, c := range [][2]float64{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
					nx, ny := math.Floor(x)+c[0], math.Floor(y)+c[1]
					s := sample(src, size, int(nx), int(ny), fill)
					want += (1 - math.Abs(x-nx)) * (1 - math.Abs(y-ny)) * float64(s[i%3])
				}
				// positions are rounded to 1/256 pixel, and values to 1
				if math.Abs(float64(got)-want) > 0.51+255./256 {
					t.Fatalf("size %d, %v degrees, byte %d: %d, want %v", size, degrees, i, got, want)
				}
			}
		}
	}
}

func TestTurnExact(t *testing.T) {
	const size = 9
	src, dst := formula(size), make([]uint8, 3*size*size)
	move(dst, src, size, turning(0), make([]uint8, 3))
	if !bytes.Equal(dst, src) {
		t.Error("0 degrees is a change")
	}
	move(dst, src, size, turning(90), make([]uint8, 3))
	for y := range size {
		for x := range size { // counterclockwise: the upper edge comes from the right one
			if [3]uint8(dst[3*(y*size+x):]) != [3]uint8(src[3*(x*size+size-1-y):]) {
				t.Fatalf("90 degrees: pixel %d, %d", x, y)
			}
		}
	}
}

// TestGrayEqualsColour: a picture whose three channels are equal changes as one of
// one channel does.
func TestGrayEqualsColour(t *testing.T) {
	const size = 15
	gray, colour := make([]uint8, size*size), make([]uint8, 3*size*size)
	for i := range gray {
		gray[i] = uint8(i*i/3 + 7*i)
		colour[3*i], colour[3*i+1], colour[3*i+2] = gray[i], gray[i], gray[i]
	}
	given := func(values ...float64) recipe.Transform {
		std := []float64{0.5, 0.5, 0.5}[:len(values)]
		return recipe.Transform{Normalize: recipe.Normalize{Kind: "given", Mean: values, Std: std}, Target: none}
	}
	three := fit(t, given(0.3, 0.3, 0.3), []float64{1})
	one, err := Fit(given(0.3), 1, []float64{1}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for sample := range uint64(8) {
		a, b := augmented(one, gray, size, usual, sample), augmented(three, colour, size, usual, sample)
		for i, v := range b {
			if a[i/3] != v {
				t.Fatalf("sample %d, value %d: %v, of three channels %v", sample, i, a[i/3], v)
			}
		}
	}
}

// TestFill: what turns in from outside is nothing, once normalised.
func TestFill(t *testing.T) {
	f := fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: none}, []float64{1})
	dst := make([]float32, 3)
	fill := f.neutral()
	f.Pixels(dst, fill)
	for c, v := range dst {
		if math.Abs(float64(v)) > 0.5/255/0.22 {
			t.Errorf("channel %d: the corners are %v", c, v)
		}
	}
}

var usual = []recipe.Augment{{Kind: horizontalFlip, Value: 0.5}, {Kind: verticalFlip, Value: 0.5}, {Kind: rotate, Value: 20}}

// TestAugmentedGolden holds the bits: of the draws, the turning and the normalising.
func TestAugmentedGolden(t *testing.T) {
	f := fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: none}, []float64{1})
	pix := formula(33)
	before := bytes.Clone(pix)
	all := digest.New("test")
	for sample := range uint64(8) {
		all.Float32s(augmented(f, pix, 33, usual, sample))
	}
	if got, want := all.Sum().Short(), "05795f47b5c8"; got != want {
		t.Errorf("pictures are %s, not %s", got, want)
	}
	if !bytes.Equal(pix, before) {
		t.Error("the given pixels were changed")
	}
}

// TestDrawsStay: a change that never happens leaves the later draws alone.
func TestDrawsStay(t *testing.T) {
	f := fit(t, plain, []float64{1})
	pix := formula(16)
	for sample := range uint64(20) {
		never := []recipe.Augment{{Kind: horizontalFlip, Value: 0}, {Kind: verticalFlip, Value: 0.5}}
		still := []recipe.Augment{{Kind: rotate, Value: 0}, {Kind: verticalFlip, Value: 0.5}}
		if !bytes.Equal(bytesOf(augmented(f, pix, 16, never, sample)), bytesOf(augmented(f, pix, 16, still, sample))) {
			t.Fatalf("sample %d: the second draw depends on what the first was for", sample)
		}
	}
	flipped := 0
	for sample := range uint64(400) {
		if !bytes.Equal(bytesOf(augmented(f, pix, 16, usual[:1], sample)), pix) {
			flipped++
		}
	}
	if flipped < 150 || flipped > 250 {
		t.Errorf("%d of 400 pictures are flipped, want about half", flipped)
	}
}

func BenchmarkAugmented(b *testing.B) {
	f, err := Fit(plain, 3, []float64{1}, nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{64, 224} {
		pix, dst, stream := formula(size), make([]float32, 3*size*size), rng.New(1, "augment")
		for name, spec := range map[string][]recipe.Augment{"none": nil, "flips": usual[:2], "flips and rotate": usual} {
			b.Run(name+"/"+map[int]string{64: "64", 224: "224"}[size], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f.Augmented(dst, pix, size, spec, stream)
				}
			})
		}
	}
}
