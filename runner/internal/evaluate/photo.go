package evaluate

import (
	"fmt"
	"math"
	"slices"
)

// Photo is a sample to look at: the prediction and a thumbnail.
type Photo struct {
	Prediction
	Size   int    `json:"size"`
	Pixels []byte `json:"pixels"` // RGB, (Size, Size, 3)
}

// mostPhotos is how many samples are shown, mostPixels how high and wide their
// thumbnails are at most.
const (
	mostPhotos = 8
	mostPixels = 144
)

// choose returns the samples to show: those of a part at equally spaced ranks of
// the true value, smallest and largest included, each individual once as far as
// they reach. Predictions play no role, so that good and bad ones show alike.
func choose(samples []Sample, index []int) []int {
	var once, again []int
	seen := map[string]bool{}
	for _, i := range index {
		if g := samples[i].Group; g != "" && seen[g] {
			again = append(again, i)
		} else {
			seen[g] = true
			once = append(once, i)
		}
	}
	if len(once) < mostPhotos {
		once = append(once, again[:min(len(again), mostPhotos-len(once))]...)
	}
	slices.SortStableFunc(once, func(a, b int) int {
		switch {
		case samples[a].True < samples[b].True:
			return -1
		case samples[a].True > samples[b].True:
			return 1
		}
		return samples[a].Line - samples[b].Line
	})
	if len(once) <= mostPhotos {
		return once
	}
	chosen := make([]int, mostPhotos)
	for k := range chosen {
		chosen[k] = once[k*(len(once)-1)/(mostPhotos-1)]
	}
	return chosen
}

// look reads every photo once: the features of all of them by sample, and the
// thumbnails of the chosen ones.
func look(in Input, chosen []int) (features [][]float64, photos []Photo, err error) {
	photos = make([]Photo, len(chosen))
	features = make([][]float64, len(in.Samples))
	for i, s := range in.Samples {
		pixels, err := in.Pixels(i)
		if err != nil {
			return nil, nil, fmt.Errorf("evaluate %s: %w", s.Image, err)
		}
		if len(pixels) != in.Size*in.Size*3 {
			return nil, nil, fmt.Errorf("evaluate %s: %d bytes of pixels, want %d", s.Image, len(pixels), in.Size*in.Size*3)
		}
		features[i] = colours(pixels)
		if k := slices.Index(chosen, i); k >= 0 {
			size, small := shrink(pixels, in.Size)
			photos[k] = Photo{Prediction: Prediction(s), Size: size, Pixels: small}
		}
	}
	return features, photos, nil
}

// colours returns the features of the ridge baseline: the share of green pixels,
// then mean and standard deviation of red, green and blue, all on the scale 0
// to 1. A pixel is green where its excess green index 2g - r - b of the
// chromatic coordinates is above 0.1 (Woebbecke et al.: Color Indices for Weed
// Identification, 1995). All sums are of integers, so they are exact.
func colours(pixels []uint8) []float64 {
	var sum, squares [3]int
	green := 0
	for p := 0; p < len(pixels); p += 3 {
		r, g, b := int(pixels[p]), int(pixels[p+1]), int(pixels[p+2])
		for c, v := range [3]int{r, g, b} {
			sum[c] += v
			squares[c] += v * v
		}
		if 10*(2*g-r-b) > r+g+b {
			green++
		}
	}
	n := len(pixels) / 3
	features := []float64{float64(green) / float64(n)}
	for c := range 3 {
		variance := float64(n*squares[c]-sum[c]*sum[c]) / float64(n*n)
		features = append(features, float64(sum[c])/float64(n)/255, math.Sqrt(variance)/255)
	}
	return features
}

// shrink averages whole blocks of pixels until a photo is at most mostPixels
// wide; a rest at the right and lower edge that fills no block is cut off.
func shrink(pixels []uint8, size int) (int, []byte) {
	block := (size + mostPixels - 1) / mostPixels
	small := size / block
	out := make([]byte, small*small*3)
	for i := range out {
		c, x, y := i%3, i/3%small, i/3/small
		sum := 0
		for dy := range block {
			for dx := range block {
				sum += int(pixels[((y*block+dy)*size+x*block+dx)*3+c])
			}
		}
		out[i] = byte((sum + block*block/2) / (block * block))
	}
	return small, out
}
