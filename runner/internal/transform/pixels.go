package transform

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"biomass/runner/internal/recipe"
)

// The mean and standard deviation of ImageNet's pixels that torchvision's
// pretrained networks were trained with.
var (
	imagenetMean = []float32{0.485, 0.456, 0.406}
	imagenetStd  = []float32{0.229, 0.224, 0.225}
)

var channelNames = map[int][]string{3: {"red", "green", "blue"}, 1: {"gray"}}

func (f *Fitted) fitPixels(spec recipe.Normalize, channels int, pixels func(i int) ([]uint8, error), n int) error {
	switch spec.Kind {
	case "imagenet":
		if channels != len(imagenetMean) {
			return fmt.Errorf("imagenet is for red, green and blue; use dataset, none, or {mean: [%v], std: [%v]}", 0.5, 0.5)
		}
		f.Mean, f.Std = imagenetMean, imagenetStd
	case "none":
		f.Mean = make([]float32, channels)
		for range channels {
			f.Std = append(f.Std, 1)
		}
	case "dataset":
		return f.measurePixels(channels, pixels, n)
	case "given":
		if len(spec.Mean) != channels || len(spec.Std) != channels {
			return fmt.Errorf("mean and std have %d and %d values; give one a channel: %s", len(spec.Mean), len(spec.Std), strings.Join(channelNames[channels], ", "))
		}
		for c, std := range spec.Std {
			if !(std > 0) {
				return fmt.Errorf("std[%d] is %v; it must be above 0", c, std)
			}
			f.Mean, f.Std = append(f.Mean, float32(spec.Mean[c])), append(f.Std, float32(std))
		}
	default:
		return fmt.Errorf("%q is not a normalisation; use imagenet, dataset, none, or {mean: [r, g, b], std: [r, g, b]}", spec.Kind)
	}
	return nil
}

// measurePixels sets the mean and the population's standard deviation of every
// channel over all training pixels. Sums are of integers, so they are exact and
// do not depend on the order.
func (f *Fitted) measurePixels(channels int, pixels func(i int) ([]uint8, error), n int) error {
	var count int64
	histograms := make([][256]int64, channels)
	for i := range n {
		pix, err := pixels(i)
		if err != nil {
			return err
		}
		count += int64(len(pix) / channels)
		for c := range histograms {
			histogram := &histograms[c]
			for j := c; j < len(pix); j += channels {
				histogram[pix[j]]++
			}
		}
	}
	for c := range histograms {
		var sum, squares int64 // below 2^63 for 10^14 pixels
		for v, n := range histograms[c] {
			sum += n * int64(v)
			squares += n * int64(v*v)
		}
		// variance = (count squares - sum^2) / (255 count)^2
		total, whole := big.NewInt(sum), big.NewInt(255*count)
		above := new(big.Int).Mul(big.NewInt(count), big.NewInt(squares))
		above.Sub(above, new(big.Int).Mul(total, total))
		if above.Sign() == 0 {
			return fmt.Errorf("dataset: %s has the same value in all %d training pixels; use none", channelNames[channels][c], count)
		}
		mean, _ := new(big.Rat).SetFrac(total, whole).Float64()
		variance, _ := new(big.Rat).SetFrac(above, new(big.Int).Mul(whole, whole)).Float64()
		f.Mean, f.Std = append(f.Mean, float32(mean)), append(f.Std, float32(math.Sqrt(variance)))
	}
	return nil
}

// Pixels fills dst (S, S, channels) with the normalised bytes of pix, of the same
// shape: v becomes (v/255 - mean) / std, each step rounded to float32, as torchvision's
// ToTensor and Normalize do.
func (f *Fitted) Pixels(dst []float32, pix []uint8) {
	f.once.Do(f.tabulate)
	dst = dst[:len(pix)]
	if len(f.table) == 1 {
		gray := &f.table[0]
		for i, v := range pix {
			dst[i] = gray[v]
		}
		return
	}
	red, green, blue := &f.table[0], &f.table[1], &f.table[2]
	for i := 0; i+2 < len(pix); i += 3 {
		dst[i] = red[pix[i]]
		dst[i+1] = green[pix[i+1]]
		dst[i+2] = blue[pix[i+2]]
	}
}

func (f *Fitted) tabulate() {
	f.table = make([][256]float32, len(f.Mean))
	for c := range f.table {
		for v := range f.table[c] {
			f.table[c][v] = (float32(v)/255 - f.Mean[c]) / f.Std[c]
		}
	}
}

// neutral returns the bytes that are nearest to the channels' mean, and so to 0
// once normalised.
func (f *Fitted) neutral() []uint8 {
	fill := make([]uint8, len(f.Mean))
	for c, mean := range f.Mean {
		fill[c] = uint8(math.RoundToEven(max(0, min(255*float64(mean), 255))))
	}
	return fill
}
