package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"biomass/runner/internal/project"

	"github.com/spf13/cobra"
)

func (s *invocation) store() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Tell the size of the store; prune what no lock names; check it",
		Long: "store tells how much the store of this project holds: pixels, weights, the outputs of stages, states. Removing any of it\n" +
			"costs time, never a result.",
		Args: exactly(0, "no argument, or prune or check"),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := project.OpenWarehouse(".", s.machine.store)
			if err != nil {
				return err
			}
			census, err := w.Prune(c.Context(), 0, true)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(map[string]any{"path": w.Store.Dir(), "locks": len(w.Locks), "census": census})
			}
			fmt.Fprintf(s.out, "%s: %d objects, %s\n", w.Store.Dir(), census.Objects, size(census.Bytes))
			fmt.Fprintf(s.out, "%d of them, %s, are named by no lock of this project (%s)\n", census.Unnamed, size(census.Free), counted(len(w.Locks), "lock"))
			return nil
		},
	}
	c.AddCommand(s.storePrune(), s.storeCheck())
	return c
}

func (s *invocation) storePrune() *cobra.Command {
	var dry, force bool
	var age time.Duration
	c := &cobra.Command{
		Use:   "prune",
		Short: "Remove what no lock of this project names",
		Long: "prune removes what no lock of this project names, directly or through what it names: earlier settings, checkpoints of trainings\n" +
			"that were cut, pixels of other sizes. What is younger than --age stays, because a run may be at it, and\n" +
			"so does what was made since a run began that is still at work.",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := project.OpenWarehouse(".", s.machine.store)
			if err != nil {
				return err
			}
			if !w.Own && !force && !dry {
				return misuse{fmt.Errorf("%s lies outside of this project, so others may keep things there that only their locks name: --force removes them too, and costs them time", w.Store.Dir())}
			}
			if age < 0 {
				return misuse{errors.New("--age: want 0s or more, e.g. 1h")}
			}
			census, err := w.Prune(c.Context(), age, dry)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(map[string]any{"path": w.Store.Dir(), "locks": len(w.Locks), "census": census, "dry_run": dry})
			}
			verb := "removed"
			if dry {
				verb = "would remove"
			}
			fmt.Fprintf(s.out, "%s %d of %d objects\n", verb, census.Unnamed-census.Recent, census.Objects)
			if census.Recent > 0 {
				fmt.Fprintf(s.out, "left %d that no lock names and that are younger than %s\n", census.Recent, age)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell")
	c.Flags().BoolVar(&force, "force", false, "even where the store lies outside of this project")
	c.Flags().DurationVar(&age, "age", time.Hour, "`DURATION` for which an object has to be there, e.g. 24h")
	return c
}

func (s *invocation) storeCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read all objects, remove damaged ones; exit code 3 if there were",
		Args:  exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := project.OpenWarehouse(".", s.machine.store)
			if err != nil {
				return err
			}
			health, err := w.Store.Check(c.Context(), math.MaxInt64)
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(s.out).Encode(map[string]any{"path": w.Store.Dir(), "objects": health.Objects, "bytes": health.Bytes, "damaged": health.Damaged})
			} else {
				fmt.Fprintf(s.out, "%s: %d objects, %s, %d damaged\n", w.Store.Dir(), health.Objects, size(health.Bytes), health.Damaged)
			}
			if err == nil && health.Damaged > 0 {
				return exit(differs)
			}
			return err
		},
	}
}
