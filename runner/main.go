// Runner is a declarative, reproducible experiment runner for learning from
// images: one recipe in; a trained model, a lockfile and a report out.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"biomass/runner/command"
)

// patience is how long an interrupted run may take to its next step.
const patience = time.Second

func main() {
	// The first interrupt asks the run to stop at the next step; a second one
	// ends the process at once, because stop gives the signal its old meaning.
	// A step of a large network may take longer than people want to wait: then the
	// process ends all the same, which harms nothing, as it could be killed at any
	// moment.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
		time.Sleep(patience)
		os.Exit(command.Interrupted(os.Stderr))
	}()
	os.Exit(command.Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
