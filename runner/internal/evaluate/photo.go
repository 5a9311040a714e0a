package evaluate

import (
	"cmp"
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
	return spaced(samples, index, mostPhotos, func(s Sample) float64 { return s.True })
}

// chooseJudged returns the samples of a classification to show: half of them
// right, half wrong, as far as there are any, each at equally spaced ranks of the
// probability, the surest first.
func chooseJudged(samples []Sample, index []int) []int {
	var right, wrong []int
	for _, i := range index {
		if samples[i].Predicted == samples[i].True {
			right = append(right, i)
		} else {
			wrong = append(wrong, i)
		}
	}
	errors := min(len(wrong), max(mostPhotos/2, mostPhotos-len(right)))
	return append(spaced(samples, right, mostPhotos-errors, doubt), spaced(samples, wrong, errors, doubt)...)
}

// doubt sorts samples by the probability of what is predicted, the surest first.
func doubt(s Sample) float64 { return -s.probability }

// spaced returns at most so many of the samples at index, at equally spaced ranks
// of a value, smallest and largest included, each individual once as far as they
// reach.
func spaced(samples []Sample, index []int, most int, value func(Sample) float64) []int {
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
	if len(once) < most {
		once = append(once, again[:min(len(again), most-len(once))]...)
	}
	slices.SortStableFunc(once, func(a, b int) int {
		return cmp.Or(cmp.Compare(value(samples[a]), value(samples[b])), samples[a].Line-samples[b].Line)
	})
	if len(once) <= most {
		return once
	}
	chosen := make([]int, most)
	for k := range chosen {
		chosen[k] = once[k*(len(once)-1)/max(most-1, 1)]
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
		if len(pixels) != in.Size*in.Size*in.Channels {
			return nil, nil, fmt.Errorf("evaluate %s: %d bytes of pixels, want %d", s.Image, len(pixels), in.Size*in.Size*in.Channels)
		}
		if in.Channels == 1 {
			features[i] = brightness(pixels)
		} else {
			features[i] = colours(pixels)
		}
		for k, c := range chosen { // one may be there twice, for two reasons
			if c == i {
				photos[k] = thumbnail(in, s, pixels)
			}
		}
	}
	return features, photos, nil
}

// thumbnail returns the photo of a sample, given its pixels.
func thumbnail(in Input, s Sample, pixels []uint8) Photo {
	size, small := shrink(pixels, in.Size, in.Channels)
	return Photo{Prediction: s.prediction(), Size: size, Pixels: small}
}

// colours returns the features of a photo in colour: the share of green pixels,
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

// brightness returns the features of a gray photo: mean and standard deviation.
func brightness(pixels []uint8) []float64 {
	sum, squares, n := 0, 0, len(pixels)
	for _, v := range pixels {
		sum += int(v)
		squares += int(v) * int(v)
	}
	return []float64{float64(sum) / float64(n) / 255, math.Sqrt(float64(n*squares-sum*sum)/float64(n*n)) / 255}
}

// shrink averages whole blocks of pixels until a photo is at most mostPixels
// wide; a rest at the right and lower edge that fills no block is cut off. Gray
// pixels become RGB.
func shrink(pixels []uint8, size, channels int) (int, []byte) {
	block := (size + mostPixels - 1) / mostPixels
	small := size / block
	out := make([]byte, small*small*3)
	for i := range out {
		c, x, y := i%3%channels, i/3%small, i/3/small
		sum := 0
		for dy := range block {
			for dx := range block {
				sum += int(pixels[((y*block+dy)*size+x*block+dx)*channels+c])
			}
		}
		out[i] = byte((sum + block*block/2) / (block * block))
	}
	return small, out
}
