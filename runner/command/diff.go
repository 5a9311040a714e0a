package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/review"
)

func (s *invocation) diff() *cobra.Command {
	var exitCode bool
	c := &cobra.Command{
		Use:   "diff (A B | REVISIONS -- FILE...)",
		Short: "Say in words how two recipes, locks, runs or git revisions differ",
		Long: "diff compares two files, A and B: recipes, locks, or folders of reports and names, which stand for their runs.\n" +
			"With -- it compares a file in two git revisions: main...HEAD (since HEAD left main), v1..v2, or HEAD\n" +
			"alone, with the file as it is here. Beside a recipe it then compares the locks of the same revisions.",
		Args:        func(c *cobra.Command, args []string) error { return diffArguments(c.ArgsLenAtDash(), args) },
		Annotations: map[string]string{markdown: ""},
		RunE: func(c *cobra.Command, args []string) error {
			reviews, err := s.reviews(c.ArgsLenAtDash(), args)
			if err != nil {
				return err
			}
			same := true
			for _, r := range reviews {
				same = same && r.Same()
			}
			switch {
			case s.json && len(reviews) == 1:
				err = json.NewEncoder(s.out).Encode(reviews[0])
			case s.json:
				err = json.NewEncoder(s.out).Encode(reviews)
			default:
				for i, r := range reviews {
					if len(reviews) > 1 {
						fmt.Fprintf(s.out, "%s%s -> %s\n", strings.Repeat("\n", min(i, 1)), r.A, r.B)
					}
					s.printReview(r)
				}
			}
			if err == nil && exitCode && !same {
				return exit(differs)
			}
			return err
		},
	}
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when they differ")
	return c
}

// diffArguments wants two files, or one range before the dash and files after it.
func diffArguments(dash int, args []string) error {
	switch {
	case dash < 0 && len(args) == 1:
		return misuse{fmt.Errorf("want two recipes, locks or reports; or git revisions and files: %s -- FILE", args[0])}
	case dash < 0:
		return exactly(2, "two recipes, locks or reports")(nil, args)
	case dash != 1 || len(args) < 2:
		return misuse{errors.New("want git revisions and files: main...HEAD -- FILE")}
	}
	return nil
}

func (s *invocation) reviews(dash int, args []string) ([]*review.Review, error) {
	if dash < 0 {
		var sides [2]*review.Side
		for i, path := range args {
			if _, err := os.Stat(path); err != nil {
				if run, err := review.LockOf(path); err == nil { // the name of one
					path = run
				}
			}
			var err error
			if sides[i], err = review.File(path, s.machine.store); err != nil {
				return nil, err
			}
		}
		r, err := review.Of(sides[0], sides[1])
		return []*review.Review{r}, err
	}
	var all []*review.Review
	for _, path := range args[1:] {
		a, b, err := review.Revisions(args[0], path, s.machine.store)
		if err != nil {
			return nil, err
		}
		r, err := review.Of(a, b)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (s *invocation) printReview(r *review.Review) {
	if s.markdown {
		s.markdownReview(r)
		return
	}
	if r.File != review.Kept {
		fmt.Fprintln(s.out, became(r))
	}
	for _, c := range r.Settings {
		line := fmt.Sprintf("%s: %s -> %s", c.Key, c.Old, c.New)
		if r.File != review.Kept {
			line = fmt.Sprintf("%s: %s", c.Key, c.Old+c.New)
		}
		if c.Meaning != "" {
			line += ": " + c.Meaning
		}
		if len(c.Stages) > 0 {
			line += fmt.Sprintf(" (runs again: %s)", strings.Join(c.Stages, ", "))
		}
		fmt.Fprintln(s.out, line)
	}
	for _, lines := range [][]string{r.Words, r.Rows, r.Parts} {
		for _, line := range lines {
			fmt.Fprintln(s.out, line)
		}
	}
	for _, d := range r.Deltas {
		fmt.Fprintln(s.out, d)
	}
	if r.Same() {
		fmt.Fprintln(s.out, "no difference")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(s.out, "note: %s\n", n)
	}
}

// became says what became of a file that only one side has, and what its settings
// are that follow.
func became(r *review.Review) string {
	if r.File == review.New {
		return "new: " + r.B + " (what it sets; all else is at its default)"
	}
	return "deleted: " + r.A + " (what it set)"
}

// markdownReview prints what fits into a comment on a pull request.
func (s *invocation) markdownReview(r *review.Review) {
	fmt.Fprintf(s.out, "**%s -> %s**\n\n", cell(r.A), cell(r.B))
	switch {
	case r.Same():
		fmt.Fprintln(s.out, "No difference.")
	case r.File != review.Kept:
		fmt.Fprintf(s.out, "%s\n\n| setting | value |\n| --- | --- |\n", cell(became(r)))
		for _, c := range r.Settings {
			fmt.Fprintf(s.out, "| %s | %s |\n", code(c.Key), code(c.Old+c.New))
		}
		fmt.Fprintln(s.out)
	case len(r.Settings) > 0:
		fmt.Fprint(s.out, "| setting | was | is | meaning | runs again |\n| --- | --- | --- | --- | --- |\n")
		for _, c := range r.Settings {
			fmt.Fprintf(s.out, "| %s | %s | %s | %s | %s |\n", code(c.Key), code(c.Old), code(c.New), cell(c.Meaning), strings.Join(c.Stages, ", "))
		}
		fmt.Fprintln(s.out)
	}
	for _, lines := range [][]string{r.Words, r.Rows, r.Parts} {
		for _, line := range lines {
			fmt.Fprintf(s.out, "- %s\n", cell(line))
		}
	}
	for _, d := range r.Deltas {
		fmt.Fprintf(s.out, "- %s\n", cell(fmt.Sprint(d)))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(s.out, "- note: %s\n", cell(n))
	}
}
