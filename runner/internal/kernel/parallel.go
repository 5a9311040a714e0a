package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

var threads = runtime.GOMAXPROCS(0)

// SetThreads sets how many goroutines a call of this package works with; n <= 0
// means as many as Go runs at once. It is a setting of the machine, made before any
// arithmetic starts, and changes no result.
func SetThreads(n int) {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	threads = n
}

// Threads returns how many goroutines a call of this package works with.
func Threads() int { return threads }

// Parallel calls f(0), ..., f(n-1), each once, in any order and at once on up to
// Threads goroutines, and returns when all are done. The caller's goroutine works
// too, so that a short job costs no switch and calls may nest or come from several
// goroutines.
func Parallel(n int, f func(i int)) {
	workers := min(threads, n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
		}
	}
	var others sync.WaitGroup
	for range workers - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
