package transform

import (
	"bytes"
	"encoding/hex"
	"math"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// TestCropEqualsTorchvision compares with digests of the bytes that torchvision
// 0.14's resized_crop makes of a Pillow picture.
func TestCropEqualsTorchvision(t *testing.T) {
	for want, c := range map[string][4]int{ // left, top, width, height
		"4cdcc5f6c00d": {0, 0, 33, 33},
		"2c83b8d76152": {5, 3, 11, 20},
		"3b4b6473da26": {0, 10, 33, 7},
		"06d94b9bafcf": {32, 32, 1, 1},
	} {
		dst := make([]uint8, 3*33*33)
		picture.Crop(dst, formula(33), 33, 3, c[0], c[1], c[2], c[3])
		if got := digest.Of(dst).Short(); got != want {
			t.Errorf("crop %v: %s, want %s", c, got, want)
		}
	}
}

// gentle is a picture (6, 6, 3) without steps.
func gentle() []uint8 {
	pix := make([]uint8, 3*6*6)
	for i := range pix {
		x, y := i/3%6, i/3/6
		pix[i] = uint8(20 + 9*x + 13*y*(i%3+1)/2 + 3*x*y)
	}
	return pix
}

// TestMotionsAsTorchvision compares with what torchvision 0.14's affine and
// perspective make of a tensor of the same picture, whose positions are not
// rounded to 1/256 pixel.
func TestMotionsAsTorchvision(t *testing.T) {
	fill := []uint8{0, 0, 0} // as torchvision has it without fill
	for want, draw := range map[string]func(dst []uint8){
		"141c2428354334424f404e5b4c5a685966741f2f3d3144573f53654d61735c6f816a7d8f2c455c3c556d4c657d5d758d6d859d7d95ad3654714866835a78956c8aa77e9cb990aecb" +
			"2c4359395167475e74546b8262798f6f869d000000000000000000000000000000000000": func(dst []uint8) {
			move(dst, gentle(), 6, sheared(1, -2, 1.25, 15), fill)
		},
		"000000000000000000303030535a603d444a00000000000034393d535e696c7b896979880000002d37414f5e6d687c8e7d93a88da5bc121a2244596d627a917992ab8aa5bf98b4d0" +
			"324d6757738f718eab85a3c194b3d2a0c0df3e5c79546f8a607b9469829a6e869e7289a0": func(dst []uint8) {
			project(dst, gentle(), 6, corners{{1, 2}, {4, 0}, {5, 4}, {0, 5}}, fill)
		},
	} {
		dst := make([]uint8, len(gentle()))
		draw(dst)
		torch, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range dst {
			if math.Abs(float64(v)-float64(torch[i])) > 1 {
				t.Errorf("byte %d is %d, want %d", i, v, torch[i])
			}
		}
	}
}

// TestProjection: the map takes every corner to its corner, and the picture that
// is not distorted to itself.
func TestProjection(t *testing.T) {
	for sample := range uint64(50) {
		to := distorted(33, 0.9, rng.New(sample, perspective))
		from := cornersOf(33)
		k := projection(to, from)
		for i, p := range to {
			depth := k[6]*p[0] + k[7]*p[1] + 1
			x, y := (k[0]*p[0]+k[1]*p[1]+k[2])/depth, (k[3]*p[0]+k[4]*p[1]+k[5])/depth
			if math.Abs(x-from[i][0]) > 1e-9 || math.Abs(y-from[i][1]) > 1e-9 {
				t.Errorf("sample %d: corner %v comes from %v, %v", sample, p, x, y)
			}
			for axis := range p {
				if inwards := math.Abs(p[axis] - from[i][axis]); inwards > 14 || inwards != math.Floor(inwards) {
					t.Errorf("sample %d: corner %v was %v", sample, p, from[i])
				}
			}
		}
	}
	for _, size := range []int{1, 2, 9} {
		dst := make([]uint8, 3*size*size)
		project(dst, formula(size), size, cornersOf(size), make([]uint8, 3))
		if size > 1 && !bytes.Equal(dst, formula(size)) {
			t.Errorf("size %d: no distortion is a change", size)
		}
	}
	for _, p := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		if at := position(p) >> weightBits; at != -1<<20-1 {
			t.Errorf("position %v is %d", p, at)
		}
	}
}

// TestErase: the part has an area of the range, and all else stays.
func TestErase(t *testing.T) {
	const size = 40
	smallest, largest := size*size, 0
	for sample := range uint64(300) {
		pix := make([]uint8, size*size)
		erase(pix, size, []uint8{9}, rng.New(sample, erasing))
		n := bytes.Count(pix, []uint8{9})
		smallest, largest = min(smallest, n), max(largest, n)
	}
	if smallest < 20 || smallest > 60 || largest < 450 || largest > 560 {
		t.Errorf("from %d to %d of %d pixels are erased", smallest, largest, size*size)
	}
}

// TestCropDraws: a range of one ratio and one area gives that part, one that never
// fits the largest in the middle.
func TestCropDraws(t *testing.T) {
	const size = 20
	pix := make([]uint8, size*size)
	for i := range pix {
		pix[i] = uint8(i / size * 10) // rows of one value
	}
	values := func(spec recipe.ResizedCrop, sample uint64) int {
		dst := make([]uint8, size*size)
		crop(dst, pix, size, 1, spec, rng.New(sample, resizedCrop))
		return int(dst[size*size-1]) - int(dst[0])
	}
	for sample := range uint64(20) {
		if got := values(recipe.ResizedCrop{Scale: []float64{0.25, 0.25}, Ratio: []float64{1, 1}}, sample); got != 90 {
			t.Fatalf("10 of 20 rows span %d", got)
		}
		if got := values(recipe.ResizedCrop{Scale: []float64{1, 1}, Ratio: []float64{4, 5}}, sample); got != 40 {
			t.Fatalf("5 of 20 rows span %d", got)
		}
		if got := values(recipe.ResizedCrop{Scale: []float64{1, 1}, Ratio: []float64{0.2, 0.25}}, sample); got != 190 {
			t.Fatalf("all rows span %d", got)
		}
	}
}

// every is each kind of change that has a stream of its own.
var every = []recipe.Augment{
	{Kind: colorJitter, ColorJitter: recipe.ColorJitter{Brightness: 0.2, Contrast: 0.2, Saturation: 0.2, Hue: 0.05}},
	{Kind: resizedCrop, ResizedCrop: recipe.ResizedCrop{Scale: []float64{0.5, 1}, Ratio: []float64{0.75, 1.33}}},
	{Kind: affineMotion, Affine: recipe.Affine{Translate: 0.1, Scale: []float64{0.9, 1.1}, Shear: 5}},
	{Kind: perspective, Perspective: recipe.Perspective{Distortion: 0.3, Probability: 1}},
	{Kind: erasing, Value: 1},
}

// TestEveryGolden holds the bits of every change, alone and after one another.
func TestEveryGolden(t *testing.T) {
	f := fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: none}, []float64{1})
	for i, want := range []string{"ea5e43ae7241", "c7c9ad192431", "4c0b8e2830de", "11840619061a", "b241d3c45987", "ce2a63d163df"} {
		spec, name := every, "all"
		if i < len(every) {
			spec, name = every[i:i+1], every[i].Kind
		}
		all := digest.New("test")
		for sample := range uint64(8) {
			all.Float32s(augmented(f, formula(33), 33, spec, sample))
		}
		if got := all.Sum().Short(); got != want {
			t.Errorf("%s: pictures are %s, not %s", name, got, want)
		}
	}
}

// TestEveryDrawsOnce: each change takes one number of the stream, whatever it does
// with its own.
func TestEveryDrawsOnce(t *testing.T) {
	f := fit(t, plain, []float64{1})
	pix := formula(16)
	for _, a := range every {
		for sample := range uint64(5) {
			stream, other := rng.New(1, "augment", 0, sample), rng.New(1, "augment", 0, sample)
			f.Augmented(make([]float32, len(pix)), pix, 16, []recipe.Augment{a}, stream)
			if other.Uint64(); stream.Uint64() != other.Uint64() {
				t.Fatalf("%s does not draw one number", a.Kind)
			}
		}
	}
}
