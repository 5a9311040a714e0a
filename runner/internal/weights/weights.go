// Package weights owns files of named tensors. It reads and writes safetensors and
// torch's checkpoints and digests tensors in a canonical form. It never knows which
// network the tensors belong to, it runs nothing of a file, and it never trusts one:
// whatever a file says about sizes is checked against the file's own size before
// anything is allocated.
package weights

import (
	"encoding/binary"
	"fmt"
	"io"
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

// checkAll says what is wrong with tensors that are about to be written.
func checkAll(tensors []Tensor) error {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		if err := t.check(); err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		seen[t.Name] = true
	}
	return nil
}

// WriteNumbers writes the tensor's numbers, little-endian and row-major, and nothing
// else.
func (t Tensor) WriteNumbers(w io.Writer) error {
	return t.write(w, make([]byte, 0, min(chunkBytes, 4*len(t.Float)+8*len(t.Int))))
}

// write writes the little-endian bytes of the numbers, by way of the chunk.
func (t Tensor) write(w io.Writer, chunk []byte) error {
	for part := range slices.Chunk(t.Float, chunkBytes/4) {
		if _, err := w.Write(appendFloats(chunk[:0], part)); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	for part := range slices.Chunk(t.Int, chunkBytes/8) {
		chunk = chunk[:0]
		for _, i := range part {
			chunk = binary.LittleEndian.AppendUint64(chunk, uint64(i))
		}
		if _, err := w.Write(chunk); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// appendFloats appends the little-endian bytes of the floats, in steps of eight,
// which the compiler turns into plain moves without bounds checks.
func appendFloats(dst []byte, floats []float32) []byte {
	start := len(dst)
	dst = dst[:start+4*len(floats)]
	out := dst[start:]
	for len(floats) >= 8 && len(out) >= 32 {
		f, b := (*[8]float32)(floats), (*[32]byte)(out)
		for i := range f {
			binary.LittleEndian.PutUint32(b[4*i:4*i+4], math.Float32bits(f[i]))
		}
		floats, out = floats[8:], out[32:]
	}
	for i, f := range floats {
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(f))
	}
	return dst
}
