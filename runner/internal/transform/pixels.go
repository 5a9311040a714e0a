package transform

import (
	"fmt"
	"math"
	"math/big"

	"biomass/runner/internal/recipe"
)

// The mean and standard deviation of ImageNet's pixels that torchvision's
// pretrained networks were trained with.
var (
	imagenetMean = [3]float32{0.485, 0.456, 0.406}
	imagenetStd  = [3]float32{0.229, 0.224, 0.225}
)

var channelNames = [3]string{"red", "green", "blue"}

func (f *Fitted) fitPixels(spec recipe.Normalize, pixels func(i int) []uint8, n int) error {
	switch spec.Kind {
	case "imagenet":
		f.Mean, f.Std = imagenetMean, imagenetStd
	case "none":
		f.Std = [3]float32{1, 1, 1}
	case "dataset":
		return f.measurePixels(pixels, n)
	case "given":
		if len(spec.Mean) != 3 || len(spec.Std) != 3 {
			return fmt.Errorf("mean and std have %d and %d values; give 3 each, for red, green and blue", len(spec.Mean), len(spec.Std))
		}
		for c := range 3 {
			f.Mean[c], f.Std[c] = float32(spec.Mean[c]), float32(spec.Std[c])
			if !(f.Std[c] > 0) {
				return fmt.Errorf("std[%d] is %v; it must be above 0", c, spec.Std[c])
			}
		}
	default:
		return fmt.Errorf("%q is not a normalisation; use imagenet, dataset, none, or {mean: [r, g, b], std: [r, g, b]}", spec.Kind)
	}
	return nil
}

// measurePixels sets the mean and the population's standard deviation of every
// channel over all training pixels. Sums are of integers, so they are exact and
// do not depend on the order.
func (f *Fitted) measurePixels(pixels func(i int) []uint8, n int) error {
	var count int64
	var sum, squares [3]int64 // below 2^63 for 10^14 pixels
	for i := range n {
		pix := pixels(i)
		count += int64(len(pix) / 3)
		for j := 0; j+2 < len(pix); j += 3 {
			r, g, b := int64(pix[j]), int64(pix[j+1]), int64(pix[j+2])
			sum[0] += r
			sum[1] += g
			sum[2] += b
			squares[0] += r * r
			squares[1] += g * g
			squares[2] += b * b
		}
	}
	for c := range 3 {
		// variance = (count squares - sum^2) / (255 count)^2
		total, whole := big.NewInt(sum[c]), big.NewInt(255*count)
		above := new(big.Int).Mul(big.NewInt(count), big.NewInt(squares[c]))
		above.Sub(above, new(big.Int).Mul(total, total))
		if above.Sign() == 0 {
			return fmt.Errorf("dataset: %s has the same value in all %d training pixels; use none", channelNames[c], count)
		}
		mean, _ := new(big.Rat).SetFrac(total, whole).Float64()
		variance, _ := new(big.Rat).SetFrac(above, new(big.Int).Mul(whole, whole)).Float64()
		f.Mean[c], f.Std[c] = float32(mean), float32(math.Sqrt(variance))
	}
	return nil
}

// Pixels fills dst (S, S, 3) with the normalised bytes of pix (S, S, 3): v
// becomes (v/255 - mean) / std, each step rounded to float32, as torchvision's
// ToTensor and Normalize do.
func (f *Fitted) Pixels(dst []float32, pix []uint8) {
	f.once.Do(f.tabulate)
	dst = dst[:len(pix)]
	red, green, blue := &f.table[0], &f.table[1], &f.table[2]
	for i := 0; i+2 < len(pix); i += 3 {
		dst[i] = red[pix[i]]
		dst[i+1] = green[pix[i+1]]
		dst[i+2] = blue[pix[i+2]]
	}
}

func (f *Fitted) tabulate() {
	for c := range f.table {
		for v := range f.table[c] {
			f.table[c][v] = (float32(v)/255 - f.Mean[c]) / f.Std[c]
		}
	}
}

// neutral returns the bytes that are nearest to the channels' mean, and so to 0
// once normalised.
func (f *Fitted) neutral() (fill [3]uint8) {
	for c, mean := range f.Mean {
		fill[c] = uint8(math.RoundToEven(max(0, min(255*float64(mean), 255))))
	}
	return fill
}
