package picture

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// fixture is one comparison with Pillow, as index.json beside the files lists them.
type fixture struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	InShape  []int  `json:"in_shape"`
	Out      string `json:"out"`
	OutShape []int  `json:"out_shape"`
}

func fixtures(t *testing.T) (map[string]fixture, func(name string) []byte) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: there are no pictures resized by Pillow to compare with")
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(shared, "peer", "fixtures", "resize", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var list []fixture
	if err := json.Unmarshal(read("index.json"), &list); err != nil {
		t.Fatal(err)
	}
	byName := map[string]fixture{}
	for _, f := range list {
		byName[f.Name] = f
	}
	return byName, read
}

func TestResizeEqualsPillow(t *testing.T) {
	cases, read := fixtures(t)
	for _, name := range []string{"down", "up", "down32", "short"} {
		t.Run(name, func(t *testing.T) {
			f := cases[name]
			in := raster{f.InShape[1], f.InShape[0], 3, read(f.In)}
			got := resize(in, f.OutShape[1], f.OutShape[0])
			if !bytes.Equal(got.pix, read(f.Out)) {
				t.Errorf("%v to %v: bytes differ from Pillow's", f.InShape, f.OutShape)
			}
		})
	}
}

// TestDecodeNearPillow holds how far the standard library's JPEG decoder is from
// libjpeg-turbo, in steps of 0 to 255: what is left is the rounding of the cosine
// transform.
func TestDecodeNearPillow(t *testing.T) {
	cases, read := fixtures(t)
	for _, c := range []struct {
		name string
		mean float64
		most int
	}{{"jpeg_444", 0.1, 3}, {"jpeg_420", 0.1, 3}, {"jpeg_prog", 0.1, 3}} {
		t.Run(c.name, func(t *testing.T) {
			data := read(cases[c.name].In)
			format, _, err := probe(data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decode(data, format, 3)
			if err != nil {
				t.Fatal(err)
			}
			sum, most := 0, 0
			for i, want := range read(cases[c.name].Out) {
				d := max(int(want)-int(got.pix[i]), int(got.pix[i])-int(want))
				sum, most = sum+d, max(most, d)
			}
			mean := float64(sum) / float64(len(got.pix))
			t.Logf("mean difference %.4f, largest %d", mean, most)
			if mean > c.mean || most > c.most {
				t.Errorf("mean difference %.4f, largest %d; want at most %v and %d", mean, most, c.mean, c.most)
			}
		})
	}
}
