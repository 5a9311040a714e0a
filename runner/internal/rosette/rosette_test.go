package rosette

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/elementary"
	"biomass/runner/internal/metric"
)

// golden is the digest of the table and the files of a small set. It must come
// out on every platform; it changes with Version.
const golden = "sha256:0bff572ff136cec308b0d144b87fa33812b1d31c4ca96d1cd2cdb38abd9abed0"

func TestGolden(t *testing.T) {
	s := New(Options{Plants: 6, Seed: 1})
	e := digest.New(Version).Strings(s.Columns())
	for _, row := range s.Rows() {
		for _, cell := range row {
			e.String(fmt.Sprintf("%T %v", cell, cell))
		}
	}
	for _, name := range s.Photos() {
		data, err := s.Photo(name)
		if err != nil {
			t.Fatal(err)
		}
		e.String(name).Bytes(data)
	}
	if got := e.Sum().String(); got != golden {
		t.Errorf("the set changed: got %s, want %s; if that is meant, raise Version", got, golden)
	}
}

func TestSmallestSets(t *testing.T) {
	for plants := -1; plants <= 3; plants++ {
		s := New(Options{Plants: plants, Seed: 3})
		if rows := len(s.Rows()); rows < 2*plants || rows > 4*max(plants, 0)+1 {
			t.Errorf("%d plants: %d rows", plants, rows)
		}
		for _, name := range s.Photos() {
			if _, err := s.Photo(name); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := New(Options{Plants: 1, Seed: 3}).Photo("other.jpg"); err == nil {
		t.Error("a photo that is not in the set was drawn")
	}
}

// TestFaults counts what is wrong with a set by design, and that the photos of
// a plant agree about it.
func TestFaults(t *testing.T) {
	s := New(Options{Plants: 300, Seed: 11})
	at := map[string]int{}
	for i, name := range s.Columns() {
		at[name] = i
	}
	if len(at) != 26 {
		t.Fatalf("%d columns", len(at))
	}
	names := map[string]bool{}
	shots, weights := map[string]int{}, map[string]any{}
	var withoutTarget, overflown, inactive, lamps int
	rows := s.Rows()
	for _, row := range rows {
		if len(row) != len(at) {
			t.Fatalf("a row has %d cells", len(row))
		}
		name := row[at["filename"]].(string)
		if names[name] {
			t.Errorf("%s is there twice", name)
		}
		names[name] = true
		plant := fmt.Sprint(row[at["experiment_id"]], row[at["farmbot_name"]], row[at["plant_number"]])
		if !strings.Contains(name, "Kopie") {
			shots[plant]++
		}
		if w, ok := row[at["fresh_weight_total"]].(float64); !ok {
			withoutTarget++
		} else if known, seen := weights[plant]; seen && known != w {
			t.Errorf("plant %s weighs %v and %v", plant, known, w)
		} else {
			weights[plant] = w
		}
		if row[at["illuminancefullspectrum"]] == overflow {
			overflown++
		}
		if row[at["is_active"]] == false {
			inactive++
		}
		if row[at["artificial_light"]] == true {
			lamps++
		}
		if row[at["small_leaves"]].(int)+row[at["big_leaves"]].(int) != row[at["total_leaves"]].(int) {
			t.Errorf("%s: leaves do not add up", name)
		}
	}
	for plant, n := range shots {
		if n < 2 || n > 4 {
			t.Errorf("plant %s has %d photos", plant, n)
		}
	}
	within(t, "share without target", float64(withoutTarget)/float64(len(rows)), 0.11, 0.17)
	within(t, "share with lamp", float64(lamps)/float64(len(rows)), 0.3, 0.5)
	if len(shots) != 300 || overflown == 0 || inactive == 0 || len(s.Photos()) >= len(rows) {
		t.Errorf("%d plants, %d sensor overflows, %d rows of inactive plants, %d photos for %d rows",
			len(shots), overflown, inactive, len(s.Photos()), len(rows))
	}
}

// TestWeights holds the weights to the distribution that they imitate, in
// several sets.
func TestWeights(t *testing.T) {
	for _, seed := range []uint64{7, 1, 2, 3} {
		s := New(Options{Plants: 500, Seed: seed})
		var weight, age, leaves []float64
		for _, row := range s.Rows() {
			if w, ok := row[12].(float64); ok {
				weight = append(weight, w)
				age = append(age, float64(row[16].(int)))
				leaves = append(leaves, float64(row[23].(int)))
			}
		}
		sorted := slices.Sorted(slices.Values(weight))
		within(t, "mean", metric.Mean(weight), 0.24, 0.28)
		within(t, "standard deviation", metric.Deviation(weight), 0.27, 0.32)
		within(t, "lower quartile", metric.Quantile(sorted, 0.25), 0.05, 0.07)
		within(t, "median", metric.Quantile(sorted, 0.5), 0.13, 0.17)
		within(t, "upper quartile", metric.Quantile(sorted, 0.75), 0.33, 0.41)
		within(t, "maximum", sorted[len(sorted)-1], 1.7, 2.1)
		within(t, "correlation with age", correlation(weight, age), 0.3, 0.5)
		within(t, "correlation with leaves", correlation(weight, leaves), 0.4, 0.62)

		// What is drawn explains the weight, up to the noise.
		var truth, explained []float64
		for _, p := range s.plants {
			if p.harvested {
				truth = append(truth, p.weight)
				explained = append(explained, weightScale*elementary.Pow(p.area, weightExponent)*p.thickness*conditions[p.condition].factor)
			}
		}
		within(t, "R² of the causes", metric.R2(truth, explained), 0.85, 0.97)
	}
}

// TestPhotos looks at the pictures as a simple model would: the share of green
// pixels explains some of the weight, colour means little more.
func TestPhotos(t *testing.T) {
	s := New(Options{Plants: 200, Seed: 7})
	rows, names := s.Rows(), s.Photos()
	features := make([][]float64, len(names))
	files := make([]digest.Digest, len(names))
	unreadable := make([]bool, len(names))
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for i := worker; i < len(names); i += 4 {
				data, err := s.Photo(names[i])
				if err != nil {
					t.Error(err)
					continue
				}
				files[i] = digest.Of(data)
				m, err := jpeg.Decode(bytes.NewReader(data))
				if unreadable[i] = err != nil; err == nil {
					features[i] = look(m)
				}
			}
		})
	}
	workers.Wait()
	distinct, bad := map[digest.Digest]bool{}, 0
	for i := range names {
		distinct[files[i]] = true
		if unreadable[i] {
			bad++
		}
	}
	if bad != 1 || len(names)-len(distinct) != 2 {
		t.Errorf("%d photos are unreadable and %d are copies, want 1 and 2", bad, len(names)-len(distinct))
	}

	byName := map[string]int{}
	for i, name := range names {
		byName[name] = i
	}
	var x [][]float64
	var y []float64
	var fold []int
	for i, row := range rows {
		photo, exists := byName[row[0].(string)]
		if w, weighed := row[12].(float64); weighed && exists && !unreadable[photo] {
			x, y = append(x, features[photo]), append(y, w)
			fold = append(fold, s.shots[i].plant%7)
		}
	}
	area := crossValidated(t, x, y, fold, 1)
	colours := crossValidated(t, x, y, fold, 7)
	t.Logf("%d photos, ridge R²: on green area %.3f, with colour means and deviations %.3f", len(y), area, colours)
	within(t, "R² of green area", area, 0.3, 0.55)
	within(t, "R² of green area and colours", colours, 0.3, 0.62)
}

// look returns the share of green pixels of a photo at a quarter of its size,
// and mean and standard deviation of each channel.
func look(m image.Image) []float64 {
	const block, small = 4, side / 4
	rgba := image.NewRGBA(m.Bounds())
	draw.Draw(rgba, rgba.Bounds(), m, image.Point{}, draw.Src)
	var channels [3][]float64
	green := 0.0
	for i := range small * small {
		var p [3]float64
		for c := range p {
			for k := range block * block {
				x, y := i%small*block+k%block, i/small*block+k/block
				p[c] += float64(rgba.Pix[rgba.PixOffset(x, y)+c]) / (255 * block * block)
			}
			channels[c] = append(channels[c], p[c])
		}
		if 2*p[1]-p[0]-p[2] > 0.1*(p[0]+p[1]+p[2]) {
			green++
		}
	}
	features := []float64{green / (small * small)}
	for _, channel := range channels {
		features = append(features, metric.Mean(channel), metric.Deviation(channel))
	}
	return features
}

// crossValidated returns the R² of a ridge regression on the first features,
// each fold predicted from the others.
func crossValidated(t *testing.T, x [][]float64, y []float64, fold []int, features int) float64 {
	predicted := make([]float64, len(y))
	for k := range slices.Max(fold) + 1 {
		var rows [][]float64
		var targets []float64
		for i := range y {
			if fold[i] != k {
				rows, targets = append(rows, x[i][:features]), append(targets, y[i])
			}
		}
		r, err := metric.FitRidge(rows, targets, 1e-3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range y {
			if fold[i] == k {
				predicted[i] = r.Predict(x[i][:features])
			}
		}
	}
	return metric.R2(y, predicted)
}

func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if !(got >= low && got <= high) {
		t.Errorf("%s is %.3f, want %g to %g", what, got, low, high)
	}
}

func correlation(a, b []float64) float64 {
	meanA, meanB, covariance := metric.Mean(a), metric.Mean(b), 0.0
	for i := range a {
		covariance += (a[i] - meanA) * (b[i] - meanB) / float64(len(a))
	}
	return covariance / (metric.Deviation(a) * metric.Deviation(b))
}

var sheet = flag.String("sheet", "", "write a contact sheet of photos to this PNG")

// TestSheet draws what a person should look at after a change to the drawing:
// go test ./runner/internal/rosette -run Sheet -args -sheet sheet.png
func TestSheet(t *testing.T) {
	if *sheet == "" {
		t.Skip("no -sheet FILE")
	}
	const across = 6
	s := New(Options{Plants: 500, Seed: 7})
	names := s.Photos()
	out := image.NewRGBA(image.Rect(0, 0, across*side, across*side))
	for i := range across * across {
		data, err := s.Photo(names[i*37%len(names)])
		if err != nil {
			t.Fatal(err)
		}
		if m, err := jpeg.Decode(bytes.NewReader(data)); err == nil {
			x, y := i%across*side, i/across*side
			draw.Draw(out, image.Rect(x, y, x+side, y+side), m, image.Point{}, draw.Src)
		}
	}
	f, err := os.Create(*sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, out); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkPhoto(b *testing.B) {
	s := New(Options{Plants: 100, Seed: 7})
	names := s.Photos()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Photo(names[i%len(names)]); err != nil {
			b.Fatal(err)
		}
	}
}
