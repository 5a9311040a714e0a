package command

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/bundle"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/review"
)

func (s *invocation) pack() *cobra.Command {
	o := bundle.Options{}
	var limit int64
	c := &cobra.Command{
		Use:   "pack LOCK",
		Short: "Put lock, recipe, report and weights into one file to hand in",
		Long: "pack writes NAME.pack: a tar archive of lock, recipe, report and weights, and with --checkpoints the\n" +
			"states that verify --spot needs. The data are not in it. Whoever gets it runs verify NAME.pack --data DIR.",
		Args: exactly(1, "one lockfile"),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := review.LockOf(args[0])
			if err != nil {
				return err
			}
			o.Lock, o.Store, o.Limit = path, s.machine.store, limit<<20
			if o.Out == "" {
				o.Out = strings.TrimSuffix(filepath.Base(path), lock.Suffix) + ".pack"
			}
			p, err := bundle.Pack(o)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(p)
			}
			fmt.Fprintf(s.out, "wrote %s: %d files, %s\n", p.Path, len(p.Files), size(p.Bytes))
			if p.States > 0 {
				fmt.Fprintf(s.out, "with the states of %d epochs\n", p.States)
			}
			fmt.Fprintln(s.out, p.Digest)
			return nil
		},
	}
	c.Flags().StringVar(&o.Out, "out", "", "`FILE` to write, instead of NAME.pack")
	c.Flags().BoolVar(&o.States, "checkpoints", false, "with the states that apply --keep-checkpoints kept")
	limitFlag(c, &limit)
	return c
}

func (s *invocation) unpack() *cobra.Command {
	var dir string
	var limit int64
	c := &cobra.Command{
		Use:   "unpack PACK",
		Short: "Take a pack apart into a folder, checked against its digests",
		Args:  exactly(1, "one pack"),
		RunE: func(_ *cobra.Command, args []string) error {
			if dir == "" {
				dir = strings.TrimSuffix(filepath.Base(args[0]), ".pack")
				if dir == filepath.Base(args[0]) {
					dir += ".unpacked"
				}
			}
			opened, err := bundle.Open(args[0], dir, limit<<20)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(opened)
			}
			fmt.Fprintf(s.out, "unpacked %d files into %s\n%s\nto check it: runner verify %s\n", opened.Files, dir, opened.Digest, filepath.ToSlash(opened.Lock))
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "`DIR` to make, instead of one named as the pack")
	limitFlag(c, &limit)
	return c
}

// limitFlag adds the flag of commands that read or write a pack.
func limitFlag(c *cobra.Command, limit *int64) {
	c.Flags().Int64Var(limit, "limit", bundle.DefaultLimit>>20, "`MB` that a pack may hold")
}
