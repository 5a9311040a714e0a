package kernel

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestParallel calls from several goroutines at once, nested, right after one another
// and after pauses in which the crew falls asleep: every task is done once, and before
// the call returns.
func TestParallel(t *testing.T) {
	defer SetThreads(Threads())
	for _, threads := range []int{1, 2, 3, 8} {
		SetThreads(threads)
		var callers sync.WaitGroup
		for caller := range 4 {
			callers.Go(func() {
				for round := range 200 {
					n := (caller*31 + round*7) % 40
					done := make([]atomic.Int32, n*3)
					Parallel(n, func(i int) {
						Parallel(3, func(j int) { done[i*3+j].Add(1) })
					})
					for i := range done {
						if got := done[i].Load(); got != 1 {
							t.Errorf("%d threads: task %d of %d was done %d times", threads, i, len(done), got)
						}
					}
					if round%50 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		callers.Wait()
	}
}

// TestParallelSlowTask lets the caller wait for a task longer than it watches.
func TestParallelSlowTask(t *testing.T) {
	defer SetThreads(Threads())
	SetThreads(3)
	for range 20 {
		var sum atomic.Int64
		Parallel(4, func(i int) {
			time.Sleep(time.Duration(i%2) * 2 * time.Millisecond)
			sum.Add(int64(i))
		})
		if sum.Load() != 6 {
			t.Fatalf("the sum of 0..3 is %d", sum.Load())
		}
	}
}

func BenchmarkParallel(b *testing.B) {
	for b.Loop() {
		Parallel(2, func(int) {})
	}
}
