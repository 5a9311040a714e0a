// Package weights owns files of named tensors. It reads and writes safetensors
// and digests tensors in a canonical form. It never knows which network the
// tensors belong to, and it never trusts a file: whatever a file says about
// sizes is checked against the file's own size before anything is allocated.
package weights

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
)

// Tensor is one named tensor in row-major order. Exactly one of Float and Int
// is set (not nil); its length is the product of Shape. A Shape without
// dimensions is a scalar.
type Tensor struct {
	Name  string
	Shape []int
	Float []float32
	Int   []int64
}

// Digest returns the digest of the tensors' names, shapes, types and bits. It
// does not depend on their order.
func Digest(tensors []Tensor) digest.Digest {
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	e := digest.New("weights").Int(int64(len(sorted)))
	for _, t := range sorted {
		e.String(t.Name).Ints(t.Shape).Bool(t.Int != nil).Float32s(t.Float)
		for _, i := range t.Int {
			e.Int(i)
		}
	}
	return e.Sum()
}

// elements returns the product of a shape, or false when a dimension is
// negative or the product is beyond what an int64 of bytes can count.
func elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt64/16/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// check says what is wrong with a tensor that is about to be written.
func (t Tensor) check() error {
	if (t.Float == nil) == (t.Int == nil) {
		return fmt.Errorf("tensor %q: want either floats or integers", t.Name)
	}
	n, ok := elements(t.Shape)
	if have := len(t.Float) + len(t.Int); !ok || n != have {
		return fmt.Errorf("tensor %q: shape %v does not fit its %d elements", t.Name, t.Shape, have)
	}
	return nil
}
