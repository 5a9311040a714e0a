package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/store"
)

func (s *invocation) inspect() *cobra.Command {
	var augment string
	c := s.recipeFlags(&cobra.Command{
		Use:   "inspect RECIPE",
		Short: "Tell what the data are: columns, gaps, cleaning, the split",
		Long: "inspect reads and cleans the data and tells what they are. With --augment it draws a sheet of training photos instead:\n" +
			"resized, and then as each of the first epochs sees them.",
		Args: exactly(1, "one recipe"),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := s.experiment(args[0])
			if err != nil {
				return err
			}
			if augment != "" {
				return s.drawAugmentations(c.Context(), e, augment)
			}
			story, err := e.Inspect(c.Context())
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(story)
			}
			return s.printStory(story, e.Recipe.Data.Target, e.Recipe.Data.Unit)
		},
	})
	c.Flags().StringVar(&augment, "augment", "", "`FILE.png` to draw training photos in, as the first epochs see them")
	return s.cacheFlag(c)
}

func (s *invocation) drawAugmentations(ctx context.Context, e *experiment.Experiment, path string) error {
	if !strings.HasSuffix(path, ".png") {
		return misuse{fmt.Errorf("--augment %s: the sheet is a .png file", path)}
	}
	sheet, err := e.Augmentations(ctx)
	if err != nil {
		return err
	}
	if err := store.WriteFile(path, sheet); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(map[string]any{"written": []string{path}})
	}
	fmt.Fprintf(s.out, "wrote %s\n", path)
	return nil
}

// first lists the first of n lines, and how many more there are.
func (s *invocation) first(n int, line func(i int) string) {
	const shown = 20
	for i := range min(n, shown) {
		fmt.Fprintf(s.out, "  %s\n", line(i))
	}
	if n > shown {
		fmt.Fprintf(s.out, "  and %d more\n", n-shown)
	}
}

// countWeights says how much of a file of weights a network takes.
func (s *invocation) countWeights(w *experiment.Weights) {
	fmt.Fprintf(s.out, "weights: %s (%s): %d tensors loaded", w.File, w.Digest.Short(), len(w.Loaded))
	if n := len(w.LeftOut); n > 0 {
		fmt.Fprintf(s.out, ", %d left out", n)
	}
	if n := len(w.Missing); n > 0 {
		fmt.Fprintf(s.out, ", %d not in the file, so drawn", n)
	}
	fmt.Fprintln(s.out)
	if len(w.LeftOut) > len(w.Loaded) {
		fmt.Fprintf(s.err, "warning: the network takes less than half of %s: look whether the weights are of another one\n", w.File)
	}
}

// printWeights says which of them.
func (s *invocation) printWeights(w *experiment.Weights) {
	s.countWeights(w)
	for _, list := range []struct {
		what  string
		names []string
	}{{"left out", w.LeftOut}, {"not in the file, so drawn", w.Missing}} {
		s.first(len(list.names), func(i int) string { return list.what + ": " + list.names[i] })
	}
}

func (s *invocation) printStory(story *experiment.Story, target, unit string) error {
	from := story.Table
	if from == "." {
		from = "data.parts"
	}
	fmt.Fprintf(s.out, "%s: %d rows name %d photos, %d of them missing\n", from, story.Rows, story.Photos, story.Missing)
	for _, note := range story.Notes {
		fmt.Fprintf(s.out, "  %s\n", note)
	}
	for _, form := range story.Forms {
		fmt.Fprintf(s.out, "  %d photos are %s\n", form.Photos, form.Name)
	}
	fmt.Fprintln(s.out)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COLUMN\tEMPTY\tTEXTS\tNUMBERS\tDISTINCT\tMIN\tMEAN\tMEDIAN\tMAX")
	for _, c := range story.Columns {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d", c.Name, c.Empty, c.Texts, c.Numbers, c.Distinct)
		if c.Numbers > 0 {
			fmt.Fprintf(w, "\t%.4g\t%.4g\t%.4g\t%.4g", c.Range.Min, c.Range.Mean, c.Range.Median, c.Range.Max)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nclean: %d rows", story.Rows)
	for _, c := range story.Counts {
		fmt.Fprintf(s.out, ", %d %s", c.N, c.Rule)
	}
	fmt.Fprintf(s.out, ", %d kept\n", story.Kept)
	s.first(len(story.Ledger.Dropped), func(i int) string { return story.Ledger.Dropped[i].Rule + ": " + story.Ledger.Dropped[i].Detail })
	fmt.Fprintf(s.out, "split: %d train, %d validation, %d test", story.Split["train"], story.Split["validation"], story.Split["test"])
	if story.Groups > 0 {
		fmt.Fprintf(s.out, ", %d groups", story.Groups)
	}
	if t := story.Target; t != nil {
		fmt.Fprintf(s.out, "\ntarget: %s from %.4g to %.4g %s, mean %.4g, median %.4g\n", target, t.Min, t.Max, unit, t.Mean, t.Median)
	} else {
		fmt.Fprintf(s.out, "\ntarget: %s, one of %d classes\n\n", target, len(story.Classes))
		fmt.Fprintln(w, "CLASS\tTRAIN\tVALIDATION\tTEST")
		for _, c := range story.Classes {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", c.Name, c.Train, c.Validation, c.Test)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if story.Weights != nil {
		s.printWeights(story.Weights)
	}
	for _, warning := range story.Warnings {
		fmt.Fprintf(s.err, "warning: %s\n", warning)
	}
	return nil
}
