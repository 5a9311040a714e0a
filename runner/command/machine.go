package command

import (
	"fmt"
	"strconv"
	"strings"

	"biomass/runner/internal/kernel"
)

// machine is what the environment says of this machine. None of it is part of
// an experiment.
type machine struct {
	data    string // RUNNER_DATA
	store   string // RUNNER_STORE
	weights string // RUNNER_WEIGHTS
	photos  int64  // RUNNER_PHOTO_MEMORY, in bytes; 0 when unset
}

// settings reads the environment and sets up the kernels.
func settings(env []string) (machine, error) {
	get := func(name string) string {
		value := ""
		for _, entry := range env { // the last one counts, as for the shell
			if v, ok := strings.CutPrefix(entry, name+"="); ok {
				value = v
			}
		}
		return value
	}
	m := machine{data: get("RUNNER_DATA"), store: get("RUNNER_STORE"), weights: get("RUNNER_WEIGHTS")}
	if v := get("RUNNER_THREADS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return m, misuse{fmt.Errorf("RUNNER_THREADS=%s: want a number of threads, at least 1", v)}
		}
		kernel.SetThreads(n)
	}
	if v := get("RUNNER_PHOTO_MEMORY"); v != "" {
		mib, err := strconv.ParseUint(v, 10, 40)
		if err != nil || mib == 0 {
			return m, misuse{fmt.Errorf("RUNNER_PHOTO_MEMORY=%s: want a number of MiB, at least 1", v)}
		}
		m.photos = int64(mib << 20)
	}
	if err := kernel.SetVariant(get("RUNNER_SIMD")); err != nil {
		return m, misuse{fmt.Errorf("RUNNER_SIMD: %w", err)}
	}
	switch v := get("RUNNER_DEVICE"); v {
	case "", "auto", "cpu":
	case "cuda":
		return m, misuse{fmt.Errorf("RUNNER_DEVICE=cuda: not built in; use cpu")}
	default:
		return m, misuse{fmt.Errorf("RUNNER_DEVICE=%s: want auto, cpu or cuda", v)}
	}
	return m, nil
}
