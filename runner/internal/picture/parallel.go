package picture

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel runs work on 0 .. n-1, as many at a time as Go uses processors. It
// returns the error of the smallest index that failed: indices are handed out
// in order, so all before it have been worked on, whatever the number of workers.
// Once ctx ends, no more work is begun, and that is the error.
func parallel(ctx context.Context, n int, work func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	var group sync.WaitGroup
	errs := make([]error, n)
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = work(i)
				}
				if errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// budget limits how many pixels are being decoded at one time, and so the memory
// that takes. A photo never needs more than all of it: probe sees to that.
type budget struct {
	mutex sync.Mutex
	freed *sync.Cond
	left  int
}

func newBudget(pixels int) *budget {
	b := &budget{left: pixels}
	b.freed = sync.NewCond(&b.mutex)
	return b
}

func (b *budget) take(pixels int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for b.left < pixels {
		b.freed.Wait()
	}
	b.left -= pixels
}

func (b *budget) give(pixels int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.left += pixels
	b.freed.Broadcast()
}
