package network

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/recipe"
)

// fromPlanes turns (1, C, H, W) into (1, H, W, C).
func fromPlanes(x []float64, s shape) []float64 {
	y := make([]float64, len(x))
	area := s.Height * s.Width
	for i, v := range x {
		y[i%area*s.Channels+i/area] = v
	}
	return y
}

// TestStillGradients compares the gradient of an output by every layer's output that an
// evaluation gives, and the attention to it, with central differences of the naive network
// in float64.
func TestStillGradients(t *testing.T) {
	networks := map[string]*Network{
		"residual": residualNetwork(t), "adaptive": adaptiveNetwork(t), "inverted": invertedNetwork(t), "given": givenNetwork(t),
		"head and features": pooled(t, normedHead, 4), "layers and features": joinedLayers(t, everyItem, small),
	}
	for name, items := range sequences {
		networks[name] = layersNetwork(t, items)
	}
	for name, n := range networks {
		t.Run(name, func(t *testing.T) {
			disturb(t, n)
			x := noise("pictures", n.exampleSize())
			pictures := n.picture.size()
			n.fold(len(n.layers) - 1)
			for i, l := range n.layers {
				if !n.gives(i) || !n.separates(i) || i == len(n.layers)-1 || n.joins(i, len(n.layers)-1) != n.features {
					continue
				}
				seen, err := n.evaluate(x[:pictures], 1, none, i)
				if err != nil {
					t.Fatal(err)
				}
				rest := n.still(i)
				if _, err := rest.StepFeatures(slices.Concat(seen, x[pictures:]), []float32{1}, 1, nothing); err != nil {
					t.Fatal(err)
				}
				got := float64s(rest.trainings[1].output.buffer)

				reference := newNaive(n, false, nil)
				planes := reference.split(x, 1)
				given := toPlanes(float64s(seen), l.out)
				reference.given = map[int][]float64{i: given}
				const h = 1e-6
				want := make([]float64, len(given))
				for k, value := range given {
					given[k] = value + h
					up := reference.forward(planes, 1)[1]
					given[k] = value - h
					want[k] = (up - reference.forward(planes, 1)[1]) / (2 * h)
					given[k] = value
				}
				want = fromPlanes(want, l.out)
				scale := rms(want, make([]float64, len(want)))
				if d := rms(got, want); !(d <= 1e-5*scale) {
					t.Errorf("the gradient by %s is %.2g away, where it is %.2g", l.name, d, scale)
				}

				// The places that the layer of the fewest behind it makes one of have a gradient in common.
				fewest := l.out
				for _, behind := range n.layers[i:] {
					if behind.out.Height > 1 && behind.out.Width > 1 && behind.out.Height < fewest.Height {
						fewest = behind.out
					}
				}
				attention := make([]float64, l.out.Height*l.out.Width)
				for p := range attention {
					for k := range l.out.Channels {
						sum, count := 0.0, 0.0
						for q := range attention {
							if p/l.out.Width*fewest.Height/l.out.Height == q/l.out.Width*fewest.Height/l.out.Height &&
								p%l.out.Width*fewest.Width/l.out.Width == q%l.out.Width*fewest.Width/l.out.Width {
								sum, count = sum+want[q*l.out.Channels+k], count+1
							}
						}
						attention[p] += sum / count * float64(seen[p*l.out.Channels+k])
					}
					attention[p] = max(0, attention[p])
				}
				high, wide := n.blocks(i)
				if d := rms(weighted(seen, rest.trainings[1].output.buffer, l.out, high, wide), attention); d > 1e-5*(1+scale) {
					t.Errorf("the attention at %s is %.2g away", l.name, d)
				}
			}
		})
	}
}

// TestAttentionLayer: the last map that is fine enough, of every network of the zoo.
func TestAttentionLayer(t *testing.T) {
	for _, c := range []struct {
		backbone string
		size     int
		want     string
		side     int
	}{
		{"resnet18", 224, "layer4.1.bn2", 7},
		{"resnet18", 64, "layer2.1.bn2", 8},
		{"resnet18", 32, "layer1.1.bn2", 8},
		{"vgg16", 224, "features.30", 7},
		{"vgg16_bn", 64, "features.32", 8},
		{"mobilenet_v2", 224, "features.18.1", 7},
		{"mobilenet_v3_small", 224, "features.12.1", 7},
		{"mobilenet_v3_large", 224, "features.16.1", 7},
		{"efficientnet_b0", 224, "features.8.1", 7},
		{"resnet20", 32, "layer3.2.bn2", 8},
		{"mobilenet_v1_025_tf", 96, "conv10", 12},
		{"mobilenet_v2_tf", 224, "conv51", 7},
	} {
		a, err := zoo[c.backbone](shape{c.size, c.size, 3}, 10)
		if err != nil {
			t.Fatal(err)
		}
		n := newNetwork(a, 10)
		at := n.attended()
		if got := n.AttentionLayer(); got != c.want || n.layers[at].out.Height != c.side {
			t.Errorf("%s at %d pixels: %s, %v, want %s, %d", c.backbone, c.size, got, n.layers[at].out, c.want, c.side)
		}
	}
	for name, items := range map[string][]recipe.Layer{"no convolution": {flat, hidden, head}, "a map of one place": {{Kind: "conv", Size: 4, Kernel: 6}, flat, head}} {
		n := layersNetwork(t, items)
		maps, err := n.Attend(noise("pictures", 2*n.exampleSize()), 2, []int{0, 1})
		if n.AttentionLayer() != "" || maps != nil || err != nil {
			t.Errorf("%s: layer %q, maps %v (%v)", name, n.AttentionLayer(), maps, err)
		}
	}
}

// TestAttentionAgainstTorch: Grad-CAM as torch gives it, see testdata/gradcam.py.
func TestAttentionAgainstTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/gradcam.json")
	if err != nil {
		t.Fatal(err)
	}
	var references []struct {
		Backbone           string
		Size, Output, Side int
		Map                []float64
	}
	if err := json.Unmarshal(text, &references); err != nil {
		t.Fatal(err)
	}
	for _, want := range references {
		a, err := zoo[want.Backbone](shape{want.Size, want.Size, 3}, 10)
		if err != nil {
			t.Fatal(err)
		}
		n := newNetwork(a, 10)
		if err := n.Load(formulaTensors(n, 1)); err != nil {
			t.Fatal(err)
		}
		maps, err := n.Attend(formulaPicturesOf(777, 1, want.Size), 1, []int{want.Output})
		if err != nil {
			t.Fatal(err)
		}
		if maps[0].Height != want.Side || maps[0].Width != want.Side {
			t.Fatalf("%s at %d pixels: a map of %d x %d, want %d", want.Backbone, want.Size, maps[0].Height, maps[0].Width, want.Side)
		}
		highest := slices.Max(maps[0].Values)
		for i, v := range maps[0].Values {
			if got := v / highest; math.Abs(got-want.Map[i]) > 2e-5 {
				t.Errorf("%s at %d pixels, place %d: %.6f, want %.6f", want.Backbone, want.Size, i, got, want.Map[i])
			}
		}
	}
}

// TestAttentionIsTheSameBits with every variant and number of threads, for a picture alone,
// and changes no prediction.
func TestAttentionIsTheSameBits(t *testing.T) {
	defer kernel.SetThreads(kernel.Threads())
	defer func(was string) {
		if err := kernel.SetVariant(was); err != nil {
			t.Fatal(err)
		}
	}(kernel.Variant())
	for _, name := range []string{"resnet18", "mobilenet_v3_small", joinedFamily, "resnet20"} {
		n := family(t, name)
		stepFamily(t, n, 0)
		const count = 3
		x := noise("pictures", count*n.exampleSize())
		before, err := n.Predict(x, count)
		if err != nil {
			t.Fatal(err)
		}
		var first []Attention
		for i, variant := range kernel.Variants() {
			if err := kernel.SetVariant(variant); err != nil {
				t.Fatal(err)
			}
			kernel.SetThreads([]int{1, 2, 8}[i%3])
			n.stale = true
			maps, err := n.Attend(x, count, []int{0, 9, 4})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = maps
			}
			for k := range maps {
				if !slices.Equal(maps[k].Values, first[k].Values) {
					t.Errorf("%s: other bits with %s", name, variant)
				}
			}
		}
		alone, err := n.Attend(n.part(x, 1, 2), 1, []int{9})
		if err != nil || !slices.Equal(alone[0].Values, first[1].Values) {
			t.Errorf("%s: a picture alone has another map (%v)", name, err)
		}
		if after, err := n.Predict(x, count); err != nil || !slices.Equal(before, after) {
			t.Errorf("%s: other predictions after looking (%v)", name, err)
		}
	}
}
