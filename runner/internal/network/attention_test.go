package network

import (
	"slices"
	"testing"

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
