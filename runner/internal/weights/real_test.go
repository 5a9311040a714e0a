package weights

import (
	"os"
	"path/filepath"
	"testing"
)

// shared is the folder of real files, or skips the test.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RUNNER_SHARED")
	if dir == "" {
		t.Skip("RUNNER_SHARED names no folder of real weights")
	}
	return filepath.Join(dir, "weights")
}

// TestRealLegacyFiles: what torch wrote in 2018 on a GPU has the bits that a program
// of another make found in it.
func TestRealLegacyFiles(t *testing.T) {
	for _, name := range []string{"resnet20-12fca82f", "resnet56-4bfd9763"} {
		var digests [2]any
		for i, ending := range []string{".th", ".safetensors"} {
			f, err := Open(filepath.Join(shared(t), "resnet_cifar10", name+ending))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			tensors, err := f.Read()
			if err != nil {
				t.Fatal(err)
			}
			var floats []Tensor // the other program left out the counters
			for _, tensor := range tensors {
				if tensor.Float != nil {
					floats = append(floats, tensor)
				}
			}
			digests[i] = Digest(floats)
			t.Log(name+ending, f.Format, f.Within, f.Prefix, f.LeftOut, len(tensors), len(floats))
		}
		if digests[0] != digests[1] {
			t.Errorf("%s: the two files have other bits", name)
		}
	}
}
