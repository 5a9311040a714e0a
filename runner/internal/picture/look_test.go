package picture

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/rosette"
)

// lookedAt decodes a photo and resizes it.
func lookedAt(t *testing.T, data []byte, size int) raster {
	t.Helper()
	f, _, err := probe(data)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := decode(data, f, 3)
	if err != nil {
		t.Fatal(err)
	}
	return resize(photo, size, size)
}

// TestLook holds that photos that were saved or changed again look like the
// original, and that other photos, of the same plants too, do not.
func TestLook(t *testing.T) {
	const size = 64
	set := rosette.New(rosette.Options{Plants: 8, Seed: 3})
	var looks []Look
	for _, name := range set.Photos()[:16] {
		data, err := set.Photo(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil || strings.Contains(name, "Kopie") {
			continue // one is cut off, others are there twice
		}
		photo := lookedAt(t, data, size)
		look := LookOf(photo.pix, size, 3)
		var again bytes.Buffer
		if err := jpeg.Encode(&again, m, &jpeg.Options{Quality: 60}); err != nil {
			t.Fatal(err)
		}
		bright := raster{size, size, 3, slices.Clone(photo.pix)}
		for i, v := range bright.pix {
			bright.pix[i] = uint8(min(int(v)+12, 255))
		}
		for what, changed := range map[string]raster{
			"saved again": lookedAt(t, again.Bytes(), size),
			"smaller":     resize(resize(photo, size*3/4, size*3/4), size, size),
			"brighter":    bright,
		} {
			if got := look.Likeness(LookOf(changed.pix, size, 3)); got < 0.95 {
				t.Errorf("%s: %s: likeness %.3f", name, what, got)
			}
		}
		if got := LookOf(gray(photo).pix, size, 1); got != look {
			t.Errorf("%s looks different in gray", name)
		}
		looks = append(looks, look)
	}
	for i, a := range looks {
		for _, b := range looks[:i] {
			if a.Likeness(b) > 0.9 {
				t.Errorf("two photos have likeness %.3f", a.Likeness(b))
			}
		}
	}
	if len(looks) < 10 {
		t.Errorf("%d photos were looked at", len(looks))
	}
}

// TestLookBits holds the bits on every machine.
func TestLookBits(t *testing.T) {
	pixels := make([]uint8, 20*20*3)
	for i := range pixels {
		pixels[i] = uint8(i * i / 7)
	}
	const want = "[2fa2ab2805c84f06 5d7c7b2cabb6596c d0a645fd954efca9 f97a123a79f10048]"
	if got := fmt.Sprintf("%x", LookOf(pixels, 20, 3)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := LookOf(make([]uint8, 100), 10, 1); got != (Look{}) {
		t.Errorf("an even photo looks like %x", got)
	}
}

// randomLooks returns looks of which many are near others.
func randomLooks(n int) []Look {
	r := rand.New(rand.NewPCG(1, 2))
	looks := make([]Look, n)
	for i := range looks {
		looks[i] = Look{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		if i > 0 && r.IntN(3) > 0 {
			looks[i] = looks[r.IntN(i)]
			for range r.IntN(20) {
				looks[i][r.IntN(4)] ^= 1 << r.IntN(64)
			}
		}
	}
	return looks
}

// TestAlbum compares with looking at all pairs.
func TestAlbum(t *testing.T) {
	looks := randomLooks(300)
	for _, near := range []float64{1, 0.997, 0.99, 0.98, 0.95, 0.9} {
		reach := int(LookBits * (1 - near))
		album := NewAlbum(near)
		for i, look := range looks {
			var want []int
			best, first := LookBits, -1
			for j, other := range looks[:i] {
				if d := look.Distance(other); d <= reach {
					want = append(want, j)
					if d < best {
						best, first = d, j
					}
				}
			}
			if got := album.Near(look); !slices.Equal(got, want) {
				t.Fatalf("near %v: look %d is near %v, not %v", near, i, want, got)
			}
			if got, ok := album.Nearest(look); ok != (first >= 0) || ok && got != first {
				t.Fatalf("near %v: look %d is nearest to %d, not %d", near, i, first, got)
			}
			album.Add(look)
		}

		numbers := Alike(looks, near)
		group := make([]int, len(looks)) // by spreading the smallest number until nothing changes
		for i := range group {
			group[i] = i
		}
		for changed := true; changed; {
			changed = false
			for i, a := range looks {
				for j, b := range looks {
					if a.Distance(b) <= reach && group[j] < group[i] {
						group[i], changed = group[j], true
					}
				}
			}
		}
		for i := range looks {
			for j := range looks[:i] {
				if (group[i] == group[j]) != (numbers[i] == numbers[j]) {
					t.Fatalf("near %v: %d and %d", near, i, j)
				}
			}
		}
	}
}

func BenchmarkAlike(b *testing.B) {
	looks := randomLooks(20_000)
	for b.Loop() {
		Alike(looks, 0.98)
	}
}
