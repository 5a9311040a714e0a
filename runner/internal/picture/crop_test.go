package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"biomass/runner/internal/recipe"
)

// TestCropEqualsTorchvision compares with torchvision's Resize and CenterCrop, whose
// digests testdata/make_crop.py wrote.
func TestCropEqualsTorchvision(t *testing.T) {
	text, err := os.ReadFile("testdata/crop.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Width, Height, Size int
		SHA256              string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		photo := rgb(formula(c.Width, c.Height))
		got := square(photo, recipe.Picture{Size: c.Size, Crop: "center"})
		sum := sha256.Sum256(got.pix)
		if hex.EncodeToString(sum[:]) != c.SHA256 || got.width != c.Size || got.height != c.Size {
			t.Errorf("%d x %d to %d: not torchvision's bytes", c.Width, c.Height, c.Size)
		}
		whole := square(photo, recipe.Picture{Size: c.Size, Crop: "none"})
		if bytes.Equal(whole.pix, got.pix) != (c.Width == c.Height) {
			t.Errorf("%d x %d to %d: crop and none are the same, or are not for a square", c.Width, c.Height, c.Size)
		}
	}
}

// TestCropOfAThread holds that no more is made of a long, thin picture than is seen of it.
func TestCropOfAThread(t *testing.T) {
	const length, size = 60_000, 1024 // resized as a whole it would have 60 million columns
	thread := newRaster(length, 1, 1)
	for i := range thread.pix {
		thread.pix[i] = uint8(i / (length / 2) * 255)
	}
	got := square(thread, recipe.Picture{Size: size, Crop: "center"})
	if left, right := got.pix[0], got.pix[size-1]; got.width != size || left != 0 || right != 255 {
		t.Errorf("from %d to %d in %d columns, want the edge in the middle", left, right, got.width)
	}
}
