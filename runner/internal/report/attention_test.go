package report

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// looking has the network look at a place that wanders, and nowhere in its ninth photo.
func looking(in *evaluate.Input) {
	in.Attend = func(samples, outputs []int) (string, []evaluate.Map, error) {
		var maps []evaluate.Map
		for k := range samples {
			m := evaluate.Map{Height: 7, Width: 7, Values: make([]float64, 49)}
			if k < 8 {
				m.Values[k*6], m.Values[48-k*6] = 1, 0.5
			}
			maps = append(maps, m)
		}
		return "layer4.1.bn2", maps, nil
	}
}

// seeing has three photos that two epochs saw, one of which left one of them out.
func seeing(d *Document) {
	plain := func(v uint8) []uint8 { return bytes.Repeat([]uint8{v, 90, 255 - v}, 16*16) }
	d.Augmented = &Augmented{Changes: "horizontal_flip: 0.5  ·  rotate: 20", Size: 16, Channels: 3}
	for i := range uint8(3) {
		d.Augmented.Photos = append(d.Augmented.Photos, AugmentedPhoto{Image: "a.jpg", Target: float64(i), Versions: [][]uint8{plain(80 * i), plain(80*i + 20), nil}})
	}
}

// TestGoldenLooking shows what a network with stages, of which some are frozen, looks at.
func TestGoldenLooking(t *testing.T) {
	for name, change := range map[string]func(*evaluate.Input){"looking": looking, "looking_classes": func(in *evaluate.Input) { classes(5, 2.5)(in); looking(in) }} {
		d := document(t, change)
		seeing(&d)
		d.Plots, d.Language = []string{"samples", "augment", "gradcam"}, map[string]Language{"looking_classes": German}[name]
		d.Network, d.Trained = "resnet18", 520
		d.Weights = &Weights{File: "resnet18-f37072fd.pth", ImageNet: true, Loaded: 120, LeftOut: []string{"fc.weight", "fc.bias"}, Missing: []string{"fc.weight", "fc.bias"}}
		d.Layers = nil
		for _, l := range []Layer{
			{Name: "conv1", Kind: "conv", Stage: "stem", Parameters: 9408, MultiplyAdds: 118013952},
			{Name: "bn1", Kind: "batch_norm", Stage: "stem", Parameters: 128},
			{Name: "maxpool", Kind: "max_pool", Stage: "stem"},
			{Name: "layer1.0.conv1", Kind: "conv", Stage: "layer1", Parameters: 2000, MultiplyAdds: 115605504, Trains: 3},
			{Name: "layer1.0.bn1", Kind: "batch_norm", Stage: "layer1", Parameters: 128, Trains: 3},
			{Name: "layer1.0.conv2", Kind: "conv", Stage: "layer1", Parameters: 168, MultiplyAdds: 115605504},
			{Name: "avgpool", Kind: "global_avg_pool", Stage: "head"},
			{Name: "fc", Kind: "dense", Stage: "head", Parameters: 513, MultiplyAdds: 512, Trains: 1},
		} {
			l.Shape = "7 × 7 × 64"
			d.Layers = append(d.Layers, l)
		}
		t.Run(name, func(t *testing.T) { golden(t, name, d) })
	}
}

// TestLookingWithoutPhotos: who leaves out samples passes on no photo.
func TestLookingWithoutPhotos(t *testing.T) {
	render := func(shade uint8, plots ...string) map[string][]byte {
		t.Helper()
		d := document(t, looking)
		seeing(&d)
		d.Plots = plots
		for i := range d.Evaluation.Attention.Photos {
			p := &d.Evaluation.Attention.Photos[i]
			p.Pixels = bytes.Repeat([]byte{shade}, len(p.Pixels))
		}
		files, err := Render(d)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	width := func(files map[string][]byte) int {
		picture, err := png.Decode(bytes.NewReader(files[attentionFile]))
		if err != nil {
			t.Fatal(err)
		}
		return picture.Bounds().Dx()
	}
	dark, light := render(0, "gradcam", "augment"), render(255, "gradcam", "augment")
	if !bytes.Equal(dark[attentionFile], light[attentionFile]) {
		t.Error("the maps show the photos")
	}
	if dark[augmentFile] != nil || strings.Contains(string(dark[pageFile]), augmentFile) {
		t.Error("training photos are shown")
	}
	if with := render(0, "gradcam", "samples"); width(with) <= width(dark) || bytes.Equal(with[attentionFile], render(255, "gradcam", "samples")[attentionFile]) {
		t.Error("the photos are not shown")
	}
	if none := render(0, "fit"); none[attentionFile] != nil || strings.Contains(string(none[pageFile]), "Grad-CAM") {
		t.Error("gradcam is shown unasked")
	}
}

// TestViridis: the ends of the scale, and a lightness that only grows.
func TestViridis(t *testing.T) {
	if first, last := viridis(0), viridis(255); first != viridisAt[0] || last != viridisAt[8] {
		t.Errorf("from %v to %v", first, last)
	}
	before := -1
	for level := range 256 {
		c := viridis(uint8(level))
		if luminance := 2126*int(c.R) + 7152*int(c.G) + 722*int(c.B); luminance < before-8000 || c.A != 255 {
			t.Fatalf("level %d, %v, is darker than the one before", level, c)
		} else {
			before = luminance
		}
	}
}

// TestSpread: what is even stays even, and the place of a map is that of the photo.
func TestSpread(t *testing.T) {
	even := spread(evaluate.Attended{Height: 3, Width: 2, Map: bytes.Repeat([]byte{200}, 6)}, tile)
	if !bytes.Equal(even, bytes.Repeat([]byte{255}, tile*tile)) {
		t.Error("an even map gets edges")
	}
	dark := spread(evaluate.Attended{Height: 1, Width: 1, Map: []byte{0}}, tile)
	if !bytes.Equal(dark, make([]byte, tile*tile)) {
		t.Error("a dark map is not dark")
	}
	p := evaluate.Attended{Height: 4, Width: 4, Map: make([]byte, 16)}
	p.Map[1*4+2] = 255
	heat := spread(p, tile)
	if at := func(row, column int) uint8 { return heat[row*tile/8*tile+column*tile/8] }; at(3, 5) < 250 || at(3, 3) > 160 || at(3, 1) != 0 || at(7, 5) != 0 {
		t.Errorf("levels %d, %d, %d, %d", at(3, 5), at(3, 3), at(3, 1), at(7, 5))
	}
	if brightest(p) != "brightest at the top right" && brightest(p) != "brightest in the middle" {
		t.Errorf("row 1 and column 2 of 4: %s", brightest(p))
	}
}
