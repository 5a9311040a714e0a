package report

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/rng"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// document returns a made-up experiment: discs whose area tells a skewed target.
func document(t *testing.T, change func(*evaluate.Input)) Document {
	t.Helper()
	const size = 24
	stream := rng.New(1, "report test")
	in := evaluate.Input{Task: "regression", Target: "fresh_weight_total", Unit: "g", Size: size, Channels: 3, Seed: 7}
	for i := range 240 {
		part := []string{"train", "train", "train", "validation", "test"}[i/2%5]
		u := stream.Float64()
		s := evaluate.Sample{
			Line: i + 2, Image: fmt.Sprintf("plant_%03d.jpg", i), Group: fmt.Sprintf("plant %d", i/2),
			Part: part, True: math.Round(1000*u*u*u) / 1000, Predicted: math.NaN(),
		}
		if part != "train" {
			s.Predicted = float64(s.True*0.875) + 0.03 + float64(0.06*stream.Normal())
		}
		in.Samples = append(in.Samples, s)
	}
	in.Pixels = func(i int) ([]uint8, error) {
		pixels := make([]uint8, 0, size*size*3)
		reach := int(10*in.Samples[i].True) + 4
		for y := range size {
			for x := range size {
				if (x-12)*(x-12)+(y-12)*(y-12) < reach*reach {
					pixels = append(pixels, 60, 140, uint8(40+i%40))
				} else {
					pixels = append(pixels, 110, 90, 70)
				}
			}
		}
		return pixels, nil
	}
	if change != nil {
		change(&in)
	}
	in.Columns = append(in.Columns, evaluate.Column{Name: "age_days"}, evaluate.Column{Name: "temperature"})
	against := Against{Column: "age_days"}
	for i, s := range in.Samples {
		age, warmth := float64(20+i%7+int(12*min(max(s.True, 0), 2))), 18+float64(i%31)/4
		if i%9 == 0 {
			warmth = math.NaN()
		}
		last := in.Columns[len(in.Columns)-2:]
		last[0].Values, last[1].Values = append(last[0].Values, age), append(last[1].Values, warmth)
		against.Points = append(against.Points, Point{Part: s.Part, At: age, Value: s.True})
	}
	e, err := evaluate.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	d := Document{
		Name: "discs", RecipePath: "recipes/discs.yaml", Canonical: []byte("version: 1\nname: discs\ntask: regression\n"),
		Plots:      []string{"funnel", "target", "correlation", "against", "pixels", "samples", "curves", "fit", "residuals", "worst"},
		Evaluation: e, Chosen: true, Against: []Against{against},
		Cleaning: Cleaning{
			Rows: 1300, Steps: []Step{{"missing_target", 1059}, {"missing_image", 1}}, Kept: 240,
			Head: []DroppedRow{{Line: 250, Image: "plant_249.jpg", Rule: "missing_target", Detail: "fresh_weight_total is empty"}},
		},
		Network: "layers", Parameters: 12345, Rate: 0.001,
		Layers:   []Layer{{Name: "0", Kind: "conv 3 × 3", Shape: "24 × 24 × 8", Parameters: 224, MultiplyAdds: 124416, Trains: 1}, {Name: "1", Kind: "relu", Shape: "24 × 24 × 8"}},
		Digests:  []NamedDigest{{"table", digest.Of([]byte("table"))}},
		Observed: []string{"3 images have the same bytes."},
		Lock:     "lock/discs.lock.yaml", Numerics: 1, Verify: "bin/runner verify lock/discs.lock.yaml",
	}
	for i := 1; i <= 12; i++ {
		d.History = append(d.History, Epoch{ValidationAccuracy: 1 - 0.6/float64(i), ValidationMacroF1: 1 - 0.7/float64(min(i, 9)), Epoch: i, TrainLoss: 1 / float64(i), ValidationLoss: 1/float64(min(i, 9)) + float64(0.01*float64(i)), ValidationRMSE: 0.3 / float64(min(i, 9)), Kept: i == 9})
	}
	return d
}

// classes makes n classes of the discs, of falling frequency, which the network
// finds the better the larger skill is.
func classes(n int, skill float64) func(*evaluate.Input) {
	return func(in *evaluate.Input) {
		stream := rng.New(2, "classes")
		in.Task, in.Target, in.Unit = "classification", "species", ""
		long := []string{"Persicaria maculosa | red shank", "Chenopodium album", "Rumex", "Poa annua", "<Stellaria> media & al."}
		in.Classes = nil
		for i := range n {
			in.Classes = append(in.Classes, long[i%len(long)][:min(len(long[i%len(long)]), 40)])
			if i >= len(long) {
				in.Classes[i] = fmt.Sprintf("%s %d", in.Classes[i], i/len(long))
			}
		}
		for i := range in.Samples {
			s := &in.Samples[i]
			class := min(int(float64(n)*stream.Float64()*stream.Float64()), n-1)
			s.True, s.Predicted = float64(class), 0
			for j := range n {
				output := stream.Normal()
				if j == class {
					output += skill
				}
				s.Outputs, s.Untrained = append(s.Outputs, float32(output)), append(s.Untrained, float32(stream.Normal()))
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for name, change := range map[string]func(*evaluate.Input){"discs": nil, "species": classes(5, 2.5)} {
		t.Run(name, func(t *testing.T) { golden(t, name, document(t, change)) })
	}
}

func golden(t *testing.T, name string, d Document) {
	files, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	delete(files, htmlFile) // made of the others
	golden := filepath.Join("testdata", name)
	if *update {
		writeFiles(t, golden, files)
	}
	want := map[string][]byte{}
	for name, data := range files {
		if want[name], err = os.ReadFile(filepath.Join(golden, name)); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".png") { // compared by its pixels below
			continue
		}
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s differs from %s: look at both, then run the test with -update", name, filepath.Join(golden, name))
		}
	}
	got, err := Digest(files)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := Digest(want); err != nil || stored != got {
		t.Errorf("digest %s, golden files have %s (%v)", got, stored, err)
	}
}

// An evaluation that went through the store renders the same bytes.
func TestStoredEvaluation(t *testing.T) {
	d := document(t, nil)
	first, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(d.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	d.Evaluation = new(evaluate.Evaluation)
	if err := json.Unmarshal(data, d.Evaluation); err != nil {
		t.Fatal(err)
	}
	second, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Files() {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs after the evaluation was encoded and decoded", name)
		}
	}
}

// Unusual experiments give well-formed pictures without NaN, and a page that
// names every picture and no other.
func TestUnusual(t *testing.T) {
	whole := func(in *evaluate.Input) {
		in.Target, in.Unit = "total_leaves", ""
		for i := range in.Samples {
			in.Samples[i].True = math.Floor(12 * in.Samples[i].True)
			in.Samples[i].Predicted *= 12
		}
	}
	cases := map[string]struct {
		change func(*evaluate.Input)
		edit   func(*Document)
		say    string
	}{
		"whole numbers without unit": {whole, nil, "from 0 to 11;"},
		"no test part": {func(in *evaluate.Input) {
			for i := range in.Samples {
				if in.Samples[i].Part == "test" {
					in.Samples[i].Part, in.Samples[i].Predicted = "train", math.NaN()
				}
			}
		}, nil, "What was chosen on it, such as the epoch to keep, makes them too good."},
		"last epoch kept": {nil, func(d *Document) { d.Chosen = false }, "On the validation part, 48 photos:"},
		"no groups": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].Group = ""
			}
		}, nil, "; judged on 48 photos that the training has not seen. "},
		"constant target": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].True = 3
			}
		}, nil, "R² says nothing"},
		"negative": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].True = -1000 * in.Samples[i].True
				in.Samples[i].Predicted *= -1000
			}
		}, nil, "−"},
		"one epoch":      {nil, func(d *Document) { d.History = d.History[:1] }, "1 epoch"},
		"long":           {nil, func(d *Document) { d.History = long() }, "All 200 epochs"},
		"two classes":    {classes(2, 1.5), nil, "**Test accuracy "},
		"twelve classes": {classes(12, 3), nil, "The network beats all baselines."},
		"fifty classes":  {classes(50, 4), nil, "The scores of each class"},
		"weights and a sampler": {func(in *evaluate.Input) {
			classes(4, 2)(in)
			in.Learning = evaluate.Learning{Weights: []float64{0.5, 1, 1.5, 4}, Batches: [][]int{{4, 3, 5, 4}, {2, 7, 0, 7}, {5, 3, 4, 4}}}
		}, nil, "The sampler draws every class as often, with replacement: 48 photos of the first 3 steps"},
		"weights alike": {func(in *evaluate.Input) {
			classes(2, 2)(in)
			in.Learning.Weights = []float64{1, 1}
		}, nil, "The loss weighs the classes, all of them alike."},
		"one class in the test part": {func(in *evaluate.Input) {
			classes(2, 2)(in)
			for i := range in.Samples {
				if in.Samples[i].Part == "test" {
					in.Samples[i].True = 1
				}
			}
		}, nil, "| – |"},
		"forty classes":               {classes(40, 4), nil, "The scores of each class"},
		"no skill":                    {classes(3, -2), nil, "**The network beats no baseline.**"},
		"classes, no test part":       {func(in *evaluate.Input) { classes(3, 2)(in); move(in, "test", "train") }, nil, "**Validation accuracy "},
		"classes, no validation part": {func(in *evaluate.Input) { classes(3, 2)(in); move(in, "validation", "train") }, nil, "**Test accuracy "},
		"no validation part":          {func(in *evaluate.Input) { move(in, "validation", "train") }, nil, "Epoch 9 of 12 was kept: train loss 0.111."},
		"all right":                   {classes(3, 100), nil, "all of them right"},
		"gray": {func(in *evaluate.Input) {
			classes(3, 2)(in)
			in.Channels = 1
			rgb := in.Pixels
			in.Pixels = func(i int) ([]uint8, error) {
				pixels, err := rgb(i)
				return pixels[:len(pixels)/3], err
			}
		}, nil, "standard deviation of brightness"},
		"long tail": {func(in *evaluate.Input) {
			for i := range in.Samples {
				in.Samples[i].True += 0.004
			}
		}, nil, "is 1.21 (adjusted Fisher-Pearson coefficient): a long tail of large values."},
		"five columns": {nil, func(d *Document) {
			for _, name := range []string{"temperature", "light", "a column whose name is longer than a panel is wide, by far", "w"} {
				d.Against = append(d.Against, Against{name, d.Against[0].Points[:len(d.Against)*40]})
			}
		}, "light: 80 photos; "},
		"many photos": {nil, func(d *Document) {
			for range 5 {
				d.Against[0].Points = append(d.Against[0].Points, d.Against[0].Points...)
			}
		}, "7,680 photos, Pearson's r 0.83, of which 3,000 are drawn"},
		"many columns": {func(in *evaluate.Input) {
			for c := range 20 {
				column := evaluate.Column{Name: fmt.Sprintf("measured_by_somebody_%d", c)}
				for i, s := range in.Samples {
					column.Values = append(column.Values, float64(i*(c+3)%17)-float64(c)*s.True)
				}
				in.Columns = append(in.Columns, column)
			}
		}, nil, "; 10 columns with smaller ones left out"},
		"rules of one's own": {nil, func(d *Document) {
			d.Cleaning.Steps = append(d.Cleaning.Steps, Step{`where age_days < 3 or "a" <= station & co and temperature > 99`, 0}, Step{`where <x> & "a"`, 20})
			d.Cleaning.Rows += 20
		}, "where <x> & \"a\""},
		"nothing dropped": {nil, func(d *Document) { d.Cleaning = Cleaning{Rows: 240, Kept: 240} }, "| **kept** | **240** |"},
		"leaks": {func(in *evaluate.Input) {
			in.Copies, in.Alike, in.Likeness = make([]int, len(in.Samples)), make([]int, len(in.Samples)), 0.98
			for i := range in.Samples {
				in.Samples[i].Group = fmt.Sprint(i / 4)
				in.Copies[i], in.Alike[i] = i, i/3
			}
		}, nil, "(likeness 0.98 or more) | **144 of 240** |"},
		"few plots": {nil, func(d *Document) { d.Plots = []string{"fit"} }, "fit.svg"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := document(t, c.change)
			if c.edit != nil {
				c.edit(&d)
			}
			files, err := Render(d)
			if err != nil {
				t.Fatal(err)
			}
			if shown := os.Getenv("REPORT_SHOW"); shown != "" { // a folder to look at
				writeFiles(t, filepath.Join(shown, strings.ReplaceAll(name, " ", "_")), files)
			}
			page := string(files[pageFile])
			if !strings.Contains(page, c.say) {
				t.Errorf("report.md does not say %q:\n%s", c.say, page)
			}
			named := regexp.MustCompile(`\]\((\w+\.\w+)\)`).FindAllStringSubmatch(page, -1)
			if pictures := len(files) - 2; len(named) != pictures { // but report.md and report.html
				t.Errorf("report.md names %d pictures, %d were written", len(named), pictures)
			}
			for _, n := range named {
				if files[n[1]] == nil {
					t.Errorf("report.md names %s, which was not written", n[1])
				}
			}
			for file, content := range files {
				if bad := regexp.MustCompile(`NaN|Inf\b|%!`).Find(content); bad != nil && (strings.HasSuffix(file, ".svg") || file == pageFile) {
					t.Errorf("%s has %q", file, bad)
				}
				if strings.HasSuffix(file, ".svg") {
					wellFormed(t, file, content)
				}
			}
		})
	}
}

// move lets a part of the split have no samples.
func move(in *evaluate.Input, from, to string) {
	for i := range in.Samples {
		if in.Samples[i].Part == from {
			in.Samples[i].Part = to
		}
	}
}

func long() []Epoch {
	var history []Epoch
	for i := 1; i <= 200; i++ {
		history = append(history, Epoch{Epoch: i, TrainLoss: 5 / float64(i*i), ValidationLoss: 3/float64(i) + 0.001, ValidationRMSE: 1 / float64(i), Kept: i == 200})
	}
	return history
}

func wellFormed(t *testing.T, name string, data []byte) {
	t.Helper()
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s is not well-formed: %v", name, err)
		}
	}
}

// A picture that is no longer wanted goes; what people put there stays.
func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnknownPlot(t *testing.T) {
	d := document(t, nil)
	d.Plots = []string{"heat"}
	if _, err := Render(d); err == nil || !strings.Contains(err.Error(), `"heat"`) {
		t.Errorf("got %v", err)
	}
}

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.00", 0.153: "0.153", 0.01534: "0.0153", 1.005: "1.00", 12.34: "12.3", 1234.5: "1234",
		-0.5: "−0.500", 1e-5: "1.00e-05", 2.5e8: "2.50e+08",
	} {
		if got := Language("").significant(x); got != want {
			t.Errorf("significant(%v) = %s, want %s", x, got, want)
		}
	}
	if got := Language("").decimal(-0.001, 2); got != "0.00" {
		t.Errorf("minus nothing is written %s", got)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Language("").count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}

// Noise in the last bits of a layout must not reach the file.
func TestHundredths(t *testing.T) {
	for _, x := range []float64{0, 0.005, 12.345, 99.995, 123.125, -0.0049, 700.625} {
		for _, noise := range []float64{-1e-11, 1e-11} {
			if got, want := hundredths(x+noise), hundredths(x); got != want {
				t.Errorf("hundredths(%v%+g) = %s, without noise %s", x, noise, got, want)
			}
		}
	}
}

// TestDigestOfMoreThanPixels holds that nothing that a browser would show, and the
// decoder does not see, has the digest of the report that was rendered.
func TestDigestOfMoreThanPixels(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	picture := b.Bytes()
	chunk := func(kind string, data ...byte) []byte {
		body := append([]byte(kind), data...)
		length := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		return binary.BigEndian.AppendUint32(append(length, body...), crc32.ChecksumIEEE(body))
	}
	inserted := func(extra []byte) []byte { return slices.Concat(picture[:33], extra, picture[33:]) } // behind IHDR
	page := func(src string) []byte { return []byte(`<p><img src="` + src + `"></p>`) }
	uri := func(data []byte) string { return embeddedPNG + base64.StdEncoding.EncodeToString(data) }
	left := allPixels
	pixels, err := pixelDigest(picture, &left)
	if err != nil || left != allPixels-6 {
		t.Fatal(left, err)
	}
	huge := slices.Concat(picture[:8], chunk("IHDR", 0, 0, 195, 80, 0, 0, 195, 80, 8, 6, 0, 0, 0), picture[33:])
	for want, files := range map[string]map[string][]byte{
		"":                              {"samples.png": picture, htmlFile: page(uri(picture))},
		`chunk "acTL"`:                  {"samples.png": inserted(chunk("acTL", 0, 0, 0, 2, 0, 0, 0, 0))},
		`chunk "gAMA"`:                  {htmlFile: page(uri(inserted(chunk("gAMA", 0, 0, 0, 1))))},
		"goes on behind its end":        {"samples.png": append(slices.Clone(picture), "more"...)},
		"50000 x 50000 pixels":          {"samples.png": huge},
		"where the picture belongs":     {htmlFile: page(pixels.String())},
		"unexpected EOF":                {"samples.png": picture[:len(picture)-20]},
		"a picture in report.html: png": {htmlFile: page(uri([]byte("no picture")))},
	} {
		_, err := Digest(files)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
