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

// FirstDifference names the first tensor of a in which b differs, with the
// indices of the first such element, and shows both; all are empty where there is
// none. Numbers that print alike are shown with their bits.
func FirstDifference(a, b []Tensor) (tensor, inA, inB string) {
	named := make(map[string]Tensor, len(b))
	for _, t := range b {
		named[t.Name] = t
	}
	for _, x := range a {
		y, ok := named[x.Name]
		if !ok {
			return x.Name, fmt.Sprintf("shape %v", x.Shape), "no such tensor"
		}
		if !slices.Equal(x.Shape, y.Shape) || len(x.Float) != len(y.Float) || len(x.Int) != len(y.Int) {
			return x.Name, fmt.Sprintf("shape %v", x.Shape), fmt.Sprintf("%v", y.Shape)
		}
		for i, v := range x.Float {
			if p, q := math.Float32bits(v), math.Float32bits(y.Float[i]); p != q {
				return x.Name + index(x.Shape, i), fmt.Sprintf("%v (bits %08x)", v, p), fmt.Sprintf("%v (bits %08x)", y.Float[i], q)
			}
		}
		for i, v := range x.Int {
			if v != y.Int[i] {
				return x.Name + index(x.Shape, i), fmt.Sprint(v), fmt.Sprint(y.Int[i])
			}
		}
	}
	if len(b) > len(a) {
		return "", fmt.Sprintf("%d tensors", len(a)), fmt.Sprintf("%d", len(b))
	}
	return "", "", ""
}

// index writes the indices of element i of a tensor: [3,0,1,2].
func index(shape []int, i int) string {
	if len(shape) == 0 {
		return ""
	}
	words := make([]string, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		words[d] = fmt.Sprint(i % shape[d])
		i /= shape[d]
	}
	return "[" + strings.Join(words, ",") + "]"
}

// product returns the product of a shape, or false when a dimension is
// negative or the product is beyond what an int64 of bytes can count.
func product(shape []int) (int, bool) {
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
	n, ok := product(t.Shape)
	if have := len(t.Float) + len(t.Int); !ok || n != have {
		return fmt.Errorf("tensor %q: shape %v does not fit its %d elements", t.Name, t.Shape, have)
	}
	return nil
}
