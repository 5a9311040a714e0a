// Package doctor owns the Examination: what this machine is, whether it can do
// the work, and whether it gives the locked bits. It changes nothing but that the
// store drops objects that are damaged.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/source"
	"biomass/runner/internal/store"
)

// State of a check.
type State string

const (
	Fine    State = "ok"
	Warning State = "warning" // work goes on, with the consequence said
	Failed  State = "failed"
)

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Text  string `json:"text"` // what was found, and how to mend it
}

// Options say what is examined.
type Options struct {
	Root  string       // the project folder
	Store *store.Store // of the project
}

// scrub is how many bytes of the store are read and compared with their names.
const scrub = 1 << 30

// room is how little free space is warned of: a training of ResNet18 keeps about
// 200 MB, its pixels some more.
const room = 1 << 30

// Examine looks at everything, in the order in which it is shown.
func Examine(ctx context.Context, o Options) ([]Check, error) {
	checks := []Check{machine(), features(), variant(), git(o.Root)}
	kept, err := objects(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	checks = append(checks, kept, disk(o.Store.Dir()))
	bits, err := bits(ctx)
	return append(checks, bits...), err
}

func machine() Check {
	return Check{"machine", Fine, fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())}
}

func features() Check {
	var have []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"avx512f", cpu.X86.HasAVX512F}, {"avx512vl", cpu.X86.HasAVX512VL},
		{"neon", cpu.ARM64.HasASIMD}, {"sha2", cpu.ARM64.HasSHA2},
	} {
		if f.has {
			have = append(have, f.name)
		}
	}
	if len(have) == 0 {
		return Check{"processor", Warning, "none of the vector instructions that runner knows: the arithmetic is portable Go, and slow"}
	}
	return Check{"processor", Fine, strings.Join(have, ", ")}
}

func variant() Check {
	c := Check{"kernels", Fine, fmt.Sprintf("%s in use (there are %s), %d threads", kernel.Variant(), strings.Join(kernel.Variants(), ", "), kernel.Threads())}
	if all := kernel.Variants(); kernel.Variant() != all[len(all)-1] {
		c.State, c.Text = Warning, c.Text+": RUNNER_SIMD chose one that is not the fastest"
	}
	return c
}

func git(root string) Check {
	s := source.Inspect(root)
	switch {
	case s.Unknown != "":
		return Check{"git", Warning, s.Unknown + ": locks will record no commit"}
	case s.Dirty:
		return Check{"git", Fine, "commit " + s.Commit + ", with changes: locks will record them"}
	}
	return Check{"git", Fine, "commit " + s.Commit + ", clean"}
}

func objects(ctx context.Context, s *store.Store) (Check, error) {
	h, err := s.Check(ctx, scrub)
	if err != nil {
		if ctx.Err() != nil {
			return Check{}, ctx.Err()
		}
		return Check{"store", Failed, err.Error()}, nil
	}
	c := Check{"store", Fine, fmt.Sprintf("%s: %d objects, %d MiB, %d MiB read and whole", s.Dir(), h.Objects, h.Bytes>>20, h.Checked>>20)}
	if h.Damaged > 0 {
		c.State, c.Text = Warning, fmt.Sprintf("%s: %d of %d objects were damaged and are removed; apply makes them anew", s.Dir(), h.Damaged, h.Objects)
	}
	return c, nil
}

// disk looks at the nearest folder above dir that exists.
func disk(dir string) Check {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := writable(dir); err != nil {
		return Check{"disk", Warning, fmt.Sprintf("nothing can be written here, so apply will fail: %v: set RUNNER_STORE to another folder, or give the right to write", err)}
	}
	free, err := freeBytes(dir)
	switch {
	case err != nil:
		return Check{"disk", Warning, fmt.Sprintf("%s: how much is free cannot be found out: %v", dir, err)}
	case free < room:
		return Check{"disk", Warning, fmt.Sprintf("%s: %d MiB free, little for a training: make room, or set RUNNER_STORE to a folder on another disk", dir, free>>20)}
	}
	return Check{"disk", Fine, fmt.Sprintf("%s: %d MiB free", dir, free>>20)}
}

// writable tries to write into a folder.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, store.Temporary("doctor"))
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// bits trains the fixed network with every variant that runs here.
func bits(ctx context.Context) ([]Check, error) {
	chosen := kernel.Variant()
	defer func() { _ = kernel.SetVariant(chosen) }() // it was in use: it runs here
	var checks []Check
	for _, name := range kernel.Variants() {
		if err := kernel.SetVariant(name); err != nil {
			return nil, err
		}
		start := time.Now()
		found, err := SelfTest(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c := Check{"bits, " + name, Fine, fmt.Sprintf("this machine gives the locked bits (%.2g s)", time.Since(start).Seconds())}
		switch {
		case err != nil:
			c.State, c.Text = Failed, err.Error()
		case found.String() != SelfTestDigest:
			c.State = Failed
			c.Text = fmt.Sprintf("this machine gives other bits: %s, locked is %s; tell the authors of runner what processor this is, and do not trust locks made here", found, SelfTestDigest)
		}
		checks = append(checks, c)
	}
	return checks, nil
}
