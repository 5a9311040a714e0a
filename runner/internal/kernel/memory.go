package kernel

import (
	"fmt"
	"sync"
)

// A workspace is the memory of one call or one task. It is kept for the next and never
// given back, so that a training step makes no garbage.
type workspace struct {
	a, b, c   []float32
	u, window []float32 // of Winograd's algorithm
	lines     []float32 // that are made from pooled ones
	zeros     []float32 // nothing else is ever written there
}

// A workshop keeps the workspaces that are not in use.
type workshop struct {
	sync.Mutex
	list []*workspace
}

// Calls and tasks need buffers of other sizes, so that they do not share theirs.
var calls, tasks workshop

func (w *workshop) take() *workspace {
	w.Lock()
	defer w.Unlock()
	n := len(w.list)
	if n == 0 {
		return new(workspace)
	}
	s := w.list[n-1]
	w.list = w.list[:n-1]
	return s
}

func (w *workshop) giveBack(s *workspace) {
	w.Lock()
	defer w.Unlock()
	w.list = append(w.list, s)
}

// grow returns a buffer of n elements with any content, for which it replaces
// *buffer if that is too small.
func grow(buffer *[]float32, n int) []float32 {
	if cap(*buffer) < n {
		*buffer = make([]float32, n)
	}
	return (*buffer)[:n]
}

// A scratch lends slices out that calls of this package need for a moment.
type scratch[T any] struct{ pool sync.Pool }

var (
	singles scratch[float32]
	doubles scratch[float64]
)

// borrow returns n numbers of any content; giveBack them.
func (s *scratch[T]) borrow(n int) *[]T {
	x, _ := s.pool.Get().(*[]T)
	if x == nil {
		x = new([]T)
	}
	if cap(*x) < n {
		*x = make([]T, n)
	}
	*x = (*x)[:n]
	return x
}

func (s *scratch[T]) giveBack(x *[]T) { s.pool.Put(x) }

// requireLength panics unless x has n elements: a bug in the caller's shapes.
func requireLength[T any](name string, x []T, n int) {
	if len(x) != n {
		panic(fmt.Sprintf("kernel: %s has %d elements, not %d", name, len(x), n))
	}
}

// requireOptional is requireLength where nil is allowed.
func requireOptional[T any](name string, x []T, n int) {
	if x != nil {
		requireLength(name, x, n)
	}
}
