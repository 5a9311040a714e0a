package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// A variant is one implementation of the micro-kernels. All variants give the
// same bits.
type variant struct {
	name      string
	tile      tile
	transpose func(dst []float32, dstStride int, src []float32, srcStride, rows, cols int)
	depthwise []*depthwiseKernels // tried in turn, each on the channels that those before left
}

var portable = &variant{"portable", portableTile, transposePortable, nil}

// variants are those that this processor and operating system can run, slowest
// first.
var variants = append([]*variant{portable}, detect()...)

var active = variants[len(variants)-1]

// Variants names the implementations that run here, slowest first.
func Variants() []string {
	var names []string
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

// Variant names the implementation in use.
func Variant() string { return active.name }

// SetVariant chooses the implementation; "" and "auto" mean the fastest. It is a
// setting of the machine, made before any arithmetic starts.
func SetVariant(name string) error {
	if name == "" || name == "auto" {
		active = variants[len(variants)-1]
		return nil
	}
	i := slices.Index(Variants(), name)
	if i < 0 {
		return fmt.Errorf("arithmetic variant %q does not run here; choose auto, %s", name, strings.Join(Variants(), ", "))
	}
	active = variants[i]
	return nil
}
