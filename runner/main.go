// Runner is a declarative, reproducible experiment runner for learning from
// images: one recipe in; a trained model, a lockfile and a report out.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"biomass/runner/command"
)

func main() {
	// The first interrupt asks the run to stop at the next step; a second one
	// ends the process at once, because stop gives the signal its old meaning.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { <-ctx.Done(); stop() }()
	os.Exit(command.Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
