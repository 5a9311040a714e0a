package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
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
// too. Calls may nest or come from several goroutines.
func Parallel(n int, f func(i int)) { parallelTasks(n, func(i int, _ *workspace) { f(i) }) }

// parallelTasks is Parallel for an f that needs a workspace, which may be the same from
// one call to the next.
func parallelTasks(n int, f func(i int, s *workspace)) {
	helpers := min(threads, n) - 1
	if helpers < 1 {
		s := tasks.take()
		defer tasks.giveBack(s)
		for i := range n {
			f(i, s)
		}
		return
	}
	j := &job{f: f, n: int64(n), ended: make(chan struct{})}
	j.seats.Store(int64(helpers))
	if !helping.offer(j, helpers) {
		// The crew helps another caller.
		var others sync.WaitGroup
		for range helpers {
			others.Go(j.work)
		}
		j.work()
		others.Wait()
		return
	}
	j.work()
	helping.job.Store(nil)
	j.wait()
}

func chunkCount(rows int) int { return ceil(rows, chunkRows) }

// parallelChunks runs f on every chunk q of rows: count rows starting at from.
func parallelChunks(rows int, f func(q, from, count int)) {
	Parallel(chunkCount(rows), func(q int) {
		from := q * chunkRows
		f(q, from, min(chunkRows, rows-from))
	})
}

// span is how many elements of a flat array one task works on. Elements are
// independent of each other there, so it is a matter of speed, not of bits.
const span = 1 << 14

// parallelSpans runs f on the pieces [from, to) of n elements.
func parallelSpans(n int, f func(from, to int)) {
	Parallel(ceil(n, span), func(i int) {
		f(i*span, min((i+1)*span, n))
	})
}

// ceil is n / d, rounded up.
func ceil(n, d int) int { return (n + d - 1) / d }

// share returns where part i begins when n things are shared out among parts.
func share(n, i, parts int) int { return n * i / parts }

// A job is one call of Parallel.
type job struct {
	f          func(i int, s *workspace)
	n          int64
	seats      atomic.Int64 // how many of the crew may still join
	next, done atomic.Int64 // how many tasks are taken, and how many are done
	asleep     atomic.Bool  // the caller waits for ended
	ended      chan struct{}
}

// work does tasks until none is left to take.
func (j *job) work() {
	s := tasks.take()
	defer tasks.giveBack(s)
	for {
		i := j.next.Add(1) - 1
		if i >= j.n {
			return
		}
		j.f(int(i), s)
		if j.done.Add(1) == j.n && j.asleep.Load() {
			close(j.ended)
		}
	}
}

// wait returns when all tasks are done.
func (j *job) wait() {
	if !watched(func() bool { return j.done.Load() == j.n }) {
		j.asleep.Store(true)
		if j.done.Load() < j.n {
			<-j.ended
		}
	}
}

// A crew are goroutines that help callers of Parallel, one caller at a time. To wake a
// sleeping processor can take longer than a job of a small network: so its members
// watch for the next job a while before they sleep.
type crew struct {
	job      atomic.Pointer[job] // what there is to help with, or nil
	sleeping atomic.Int32
	mutex    sync.Mutex
	wake     *sync.Cond
	size     int
}

var helping = newCrew()

func newCrew() *crew {
	c := &crew{}
	c.wake = sync.NewCond(&c.mutex)
	return c
}

// offer makes j the crew's job, unless it has another, and sees to it that so many
// members are awake.
func (c *crew) offer(j *job, helpers int) bool {
	if !c.job.CompareAndSwap(nil, j) {
		return false
	}
	// A member that goes to sleep says so before it looks for a job the last time.
	if c.size < helpers || c.sleeping.Load() > 0 {
		c.mutex.Lock()
		for ; c.size < helpers; c.size++ {
			go c.help()
		}
		c.wake.Broadcast()
		c.mutex.Unlock()
	}
	return true
}

// help is a member's life.
func (c *crew) help() {
	var last *job
	for {
		last = c.await(last)
		if last.seats.Add(-1) >= 0 {
			last.work()
		}
	}
}

// await returns the next job that is not the last one.
func (c *crew) await(last *job) (next *job) {
	fresh := func() bool {
		next = c.job.Load()
		return next != nil && next != last
	}
	for !watched(fresh) {
		c.mutex.Lock()
		c.sleeping.Add(1)
		if !fresh() {
			c.wake.Wait() // the job may be done by then, but another is likely to come
		}
		c.sleeping.Add(-1)
		c.mutex.Unlock()
	}
	return next
}

// watched looks for a while whether a condition has come true. On a machine with other
// work to do every moment of it is lost, so it is short.
func watched(condition func() bool) bool {
	const while = 100 * time.Microsecond
	since := time.Now()
	for time.Since(since) < while {
		for range 64 {
			if condition() {
				return true
			}
		}
		runtime.Gosched()
	}
	return condition()
}
