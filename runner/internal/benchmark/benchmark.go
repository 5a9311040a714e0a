// Package benchmark owns the Measurement: how fast this machine trains or
// evaluates a network, and how much memory that takes. Its figures describe a
// machine at a moment; nothing that is locked or reported depends on them.
package benchmark

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"biomass/runner/internal/kernel"
	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
)

// Options say what is measured.
type Options struct {
	Backbone string
	Size     int  // height and width of the pictures
	Batch    int  // pictures a step
	Outputs  int  // of the network
	Evaluate bool // instead of training
	Warmup   int  // steps before the measured ones
	Steps    int  // measured
}

// Measurement is what was found.
type Measurement struct {
	Network    string `json:"network"`
	Mode       string `json:"mode"` // train: forward, backward, Adam; evaluate: forward, batch norm folded
	Size       int    `json:"size"`
	Batch      int    `json:"batch"`
	Parameters int    `json:"parameters"`
	// MultiplyAdds of one picture's forward pass; a step of training has three times as many.
	MultiplyAdds int `json:"multiply_adds"`
	Steps        int `json:"steps"`
	// Pictures a second of the median step, and of the slowest and the fastest.
	Median  float64 `json:"images_per_second"`
	Slowest float64 `json:"slowest"`
	Fastest float64 `json:"fastest"`
	// Memory is what the process took from the system, in MiB, at its end; Go
	// gives little of it back, so that this is close to the peak.
	Memory float64 `json:"memory_mib"`
	// Garbage is what a measured step allocated, in bytes.
	Garbage  uint64 `json:"garbage_per_step"`
	SIMD     string `json:"simd"`
	Threads  int    `json:"threads"`
	Platform string `json:"platform"`
}

// Run measures a network with random weights on random pictures.
func Run(o Options) (*Measurement, error) {
	if o.Batch < 1 || o.Size < 1 || o.Outputs < 1 || o.Steps < 1 || o.Warmup < 0 {
		return nil, fmt.Errorf("benchmark: size, batch, outputs and steps must be at least 1")
	}
	net, err := network.New(recipe.Network{Backbone: o.Backbone}, network.Input{Height: o.Size, Width: o.Size, Channels: 3}, o.Outputs)
	if err != nil {
		return nil, err
	}
	net.Initialize(1)
	step := o.step(net)
	for range o.Warmup {
		if err := step(); err != nil {
			return nil, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rates := make([]float64, o.Steps)
	for i := range rates {
		start := time.Now()
		if err := step(); err != nil {
			return nil, err
		}
		rates[i] = float64(o.Batch) / time.Since(start).Seconds()
	}
	runtime.ReadMemStats(&after)
	slices.Sort(rates)
	multiplyAdds := 0
	for _, l := range net.Layers() {
		multiplyAdds += l.MultiplyAdds
	}
	m := &Measurement{
		Network: o.Backbone, Mode: "train", Size: o.Size, Batch: o.Batch, Parameters: net.Count(), MultiplyAdds: multiplyAdds, Steps: o.Steps,
		Median: rates[len(rates)/2], Slowest: rates[0], Fastest: rates[len(rates)-1],
		Memory: memory(), Garbage: (after.TotalAlloc - before.TotalAlloc) / uint64(o.Steps),
		SIMD: kernel.Variant(), Threads: kernel.Threads(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if o.Evaluate {
		m.Mode = "evaluate"
	}
	return m, nil
}

// step returns the function that is measured.
func (o Options) step(net *network.Network) func() error {
	x, target := normal("pictures", o.Batch*o.Size*o.Size*3), normal("targets", o.Batch*o.Outputs)
	if o.Evaluate {
		return func() error {
			_, err := net.Predict(x, o.Batch)
			return err
		}
	}
	optimizer := net.NewOptimizer(recipe.Optimizer{Adam: &recipe.Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}})
	steps := uint64(0)
	return func() error {
		steps++
		dropout := func(layer uint64) *rng.Stream { return rng.New(1, "dropout", steps, layer) }
		if _, err := net.Step(x, target, o.Batch, dropout); err != nil {
			return err
		}
		optimizer.Step()
		return nil
	}
}

// normal returns n standard normal numbers.
func normal(purpose string, n int) []float32 {
	stream := rng.New(1, purpose)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(stream.Normal())
	}
	return x
}

// memory returns what the Go runtime has mapped and not given back, in MiB.
func memory() float64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return float64(samples[0].Value.Uint64()-samples[1].Value.Uint64()) / (1 << 20)
}
