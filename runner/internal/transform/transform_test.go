package transform

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
)

var plain = recipe.Transform{Normalize: recipe.Normalize{Kind: "none"}, Target: none}

func fit(t *testing.T, spec recipe.Transform, targets []float64, pixels ...[]uint8) *Fitted {
	t.Helper()
	f, err := Fit(spec, 3, targets, func(i int) ([]uint8, error) { return pixels[i], nil }, max(len(targets), len(pixels)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTarget(t *testing.T) {
	targets := []float64{0, 1e-12, 0.06, 0.15, 0.37, 2.1, 41, -0.5}
	for _, kind := range []string{none, standardize, log1p} {
		spec := plain
		spec.Target = kind
		f := fit(t, spec, targets)
		sum, squares := 0.0, 0.0
		for _, y := range targets {
			z := float64(f.Target(y))
			sum, squares = sum+z, squares+z*z
			want := map[string]float64{none: y, standardize: (y - f.TargetMean) / f.TargetStd, log1p: math.Log1p(y)}[kind]
			if math.Abs(z-want) > 1e-6*math.Abs(want) {
				t.Errorf("%s of %v is %v, want %v", kind, y, z, want)
			}
			if back := f.Inverse(float32(z)); math.Abs(back-y) > 2e-6*max(math.Abs(y), 1) {
				t.Errorf("%s of %v comes back as %v", kind, y, back)
			}
		}
		if n := float64(len(targets)); kind == standardize && (math.Abs(sum/n) > 1e-6 || math.Abs(squares/n-1) > 1e-6) {
			t.Errorf("mean %v and mean square %v, want 0 and 1", sum/n, squares/n)
		}
	}
}

// TestLogPlus1 compares with package math, which is as accurate but not the same everywhere.
func TestLogPlus1(t *testing.T) {
	for _, y := range []float64{-0.999999, -0.5, -1e-9, 0, 1e-300, 1e-17, 1e-9, 3e-5, 0.1, 1, 17, 1e9, 1e300} {
		if got, want := logPlus1(y), math.Log1p(y); math.Abs(got-want) > 4e-16*math.Abs(want) {
			t.Errorf("log(1 + %v) = %v, want %v", y, got, want)
		}
	}
	for _, x := range []float64{-800, -40, -1, -1e-9, 0, 1e-300, 1e-17, 1e-9, 3e-5, 0.1, 1, 17, 700} {
		if got, want := expMinus1(x), math.Expm1(x); math.Abs(got-want) > 1e-15*math.Abs(want) {
			t.Errorf("exp(%v) - 1 = %v, want %v", x, got, want)
		}
	}
	if got := expMinus1(800); !math.IsInf(got, 1) {
		t.Errorf("exp(800) - 1 = %v", got)
	}
}

func TestFitErrors(t *testing.T) {
	with := func(change func(*recipe.Transform)) recipe.Transform {
		spec := plain
		change(&spec)
		return spec
	}
	kind := func(k string) recipe.Transform { return with(func(s *recipe.Transform) { s.Target = k }) }
	norm := func(n recipe.Normalize) recipe.Transform { return with(func(s *recipe.Transform) { s.Normalize = n }) }
	grey := []uint8{7, 8, 9, 17, 8, 19}
	for _, c := range []struct {
		spec    recipe.Transform
		targets []float64
		want    string
	}{
		{plain, nil, "fit transform: there are no training rows"},
		{kind(standardize), []float64{2.5, 2.5}, "transform.target: standardize: the target is 2.5 in each of the 2 training rows"},
		{kind(log1p), []float64{1, -1}, "transform.target: log1p needs targets above -1, and one is -1"},
		{kind(none), []float64{1, math.NaN()}, "transform.target: the target NaN is not a finite number"},
		{kind("sqrt"), []float64{1}, `transform.target: "sqrt" is not a scaling`},
		{norm(recipe.Normalize{Kind: "zca"}), []float64{1}, `transform.normalize: "zca" is not a normalisation`},
		{norm(recipe.Normalize{Kind: "dataset"}), []float64{1}, "transform.normalize: dataset: green has the same value in all 2 training pixels"},
		{norm(recipe.Normalize{Kind: "given", Mean: []float64{1}, Std: []float64{1, 1, 1}}), []float64{1}, "transform.normalize: mean and std have 1 and 3 values"},
		{norm(recipe.Normalize{Kind: "given", Mean: []float64{0, 0, 0}, Std: []float64{1, 0, 1}}), []float64{1}, "transform.normalize: std[1] is 0"},
	} {
		_, err := Fit(c.spec, 3, c.targets, func(int) ([]uint8, error) { return grey, nil }, len(c.targets))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

func TestNormalize(t *testing.T) {
	pix := [][]uint8{{0, 10, 255, 4, 10, 3}, {100, 11, 0, 9, 200, 90}}
	f := fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "dataset"}, Target: none}, nil, pix...)
	for c := range 3 {
		var mean, variance float64
		for _, p := range pix {
			mean += (float64(p[c]) + float64(p[c+3])) / 255 / 4
		}
		for _, p := range pix {
			for _, v := range []uint8{p[c], p[c+3]} {
				variance += (float64(v)/255 - mean) * (float64(v)/255 - mean) / 4
			}
		}
		if math.Abs(float64(f.Mean[c])-mean) > 1e-7 || math.Abs(float64(f.Std[c])-math.Sqrt(variance)) > 1e-7 {
			t.Errorf("channel %d: %v and %v, want %v and %v", c, f.Mean[c], f.Std[c], mean, math.Sqrt(variance))
		}
	}
	given := recipe.Normalize{Kind: "given", Mean: []float64{.1, .2, .3}, Std: []float64{1, 2, 3}}
	for _, spec := range []recipe.Normalize{{Kind: "imagenet"}, {Kind: "none"}, given} {
		f := fit(t, recipe.Transform{Normalize: spec, Target: none}, []float64{1})
		all := make([]uint8, 3*256)
		for i := range all {
			all[i] = uint8(i / 3)
		}
		got := make([]float32, len(all))
		f.Pixels(got, all)
		for i, v := range all {
			scaled := float32(v) / 255
			want := float32(scaled-f.Mean[i%3]) / f.Std[i%3]
			if math.Float32bits(got[i]) != math.Float32bits(want) {
				t.Fatalf("%s: %d of channel %d becomes %v, want %v", spec.Kind, v, i%3, got[i], want)
			}
		}
	}
}

// TestGray takes one channel through every normalisation.
func TestGray(t *testing.T) {
	pix := []uint8{0, 10, 255, 4}
	for _, c := range []struct {
		spec      recipe.Normalize
		mean, std float32
	}{
		{recipe.Normalize{Kind: "none"}, 0, 1},
		{recipe.Normalize{Kind: "given", Mean: []float64{0.5}, Std: []float64{0.25}}, 0.5, 0.25},
		{recipe.Normalize{Kind: "dataset"}, 269. / 4 / 255, float32(math.Sqrt((100+255*255+16)/4.-(269./4)*(269./4)) / 255)},
	} {
		f, err := Fit(recipe.Transform{Normalize: c.spec, Target: none}, 1, []float64{1}, func(int) ([]uint8, error) { return pix, nil }, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Mean) != 1 || len(f.Std) != 1 || math.Abs(float64(f.Mean[0]-c.mean)) > 1e-6 || math.Abs(float64(f.Std[0]-c.std)) > 1e-6 {
			t.Fatalf("%s: mean %v and std %v, want %v and %v", c.spec.Kind, f.Mean, f.Std, c.mean, c.std)
		}
		got := make([]float32, len(pix))
		f.Pixels(got, pix)
		for i, v := range pix {
			if want := (float32(v)/255 - f.Mean[0]) / f.Std[0]; got[i] != want {
				t.Errorf("%s: %d becomes %v, want %v", c.spec.Kind, v, got[i], want)
			}
		}
	}
	for _, spec := range []recipe.Normalize{{Kind: "imagenet"}, {Kind: "given", Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}} {
		if _, err := Fit(recipe.Transform{Normalize: spec, Target: none}, 1, []float64{1}, nil, 1); err == nil {
			t.Errorf("%s: no error", spec.Kind)
		}
	}
}

// TestRestored: the exported fields are all that a Fitted is.
func TestRestored(t *testing.T) {
	f := fit(t, recipe.Transform{Normalize: recipe.Normalize{Kind: "imagenet"}, Target: standardize}, []float64{1, 2, 4})
	g := &Fitted{Mean: f.Mean, Std: f.Std, Kind: f.Kind, TargetMean: f.TargetMean, TargetStd: f.TargetStd}
	a, b := make([]float32, 3), make([]float32, 3)
	f.Pixels(a, []uint8{1, 2, 3})
	g.Pixels(b, []uint8{1, 2, 3})
	if fmt.Sprint(a) != fmt.Sprint(b) || f.Target(3) != g.Target(3) {
		t.Error("a restored Fitted differs")
	}
}
