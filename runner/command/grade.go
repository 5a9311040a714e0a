package command

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"biomass/runner/internal/grade"
	"biomass/runner/internal/kernel"
)

func (s *invocation) grade() *cobra.Command {
	var jobs int
	var limit time.Duration
	var depth levelFlags
	var hidden holdoutFlags
	c := &cobra.Command{
		Use:   "grade DIR",
		Short: "Verify many submissions side by side; one table of verdicts",
		Long: "grade verifies every submission in DIR, folders with lock/NAME.lock.yaml and packs, each in a process of\n" +
			"its own, and tells which share weights or a lock. The threads of this machine are shared among the jobs.\n" +
			"No submission is asked where the data are: --data or RUNNER_DATA says it. The exit code is 0 once all\n" +
			"have a verdict, whatever it is.",
		Args:        exactly(1, "one folder of submissions"),
		Annotations: map[string]string{markdown: "", commas: ""},
		RunE: func(c *cobra.Command, args []string) error {
			program, err := os.Executable()
			if err != nil {
				return err
			}
			if jobs < 1 {
				return misuse{fmt.Errorf("--jobs %d: want at least 1", jobs)}
			}
			threads := max(1, kernel.Threads()/jobs)
			o := grade.Options{
				Dir: args[0], Program: program, Jobs: jobs, Limit: limit, Progress: s.progress(),
				// GOMAXPROCS too, for what is not arithmetic: jobs that decode must not crowd each other out.
				Env: append(slices.Clip(s.env), fmt.Sprintf("RUNNER_THREADS=%d", threads), fmt.Sprintf("GOMAXPROCS=%d", threads)),
			}
			if o.Holdout, err = hidden.holdout(); err != nil {
				return err
			}
			level, err := depth.level(c)
			if err != nil {
				return err
			}
			o.Arguments = depth.arguments(c, level)
			if data := s.dataRoot(); data != "" {
				o.Arguments = append(o.Arguments, "--data", data)
			}
			rows, err := grade.Run(c.Context(), o)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(rows)
			}
			return s.printGrades(rows, o.Holdout != nil)
		},
	}
	c.Flags().IntVar(&jobs, "jobs", 1, "verify `N` submissions at a time")
	depth.add(c)
	c.Flags().DurationVar(&limit, "timeout", time.Hour, "`TIME` that one submission may take")
	hidden.add(c)
	s.dataFlag(c)
	return c
}

func (s *invocation) printGrades(rows []grade.Row, holdout bool) error {
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	table := [][]string{{"submission", "verdict", "level", "metric", "claimed", "found", "seconds", "same_weights", "same_lock", "reason"}}
	if holdout {
		table[0] = append(table[0], "holdout_metric", "holdout", "holdout_photos", "holdout_dropped", "holdout_reason")
	}
	for _, r := range rows {
		table = append(table, []string{
			r.Submission, string(r.Verdict), string(r.Level), r.Metric, number(r.Claimed), number(r.Found), fmt.Sprintf("%.1f", r.Seconds),
			strings.Join(r.SameWeights, " "), strings.Join(r.SameLock, " "), r.Reason,
		})
		if holdout {
			table[len(table)-1] = append(table[len(table)-1], holdoutCells(r.Holdout)...)
		}
	}
	switch {
	case s.csv:
		for _, row := range table[1:] {
			for i, cell := range row {
				row[i] = inert(cell)
			}
		}
		return csv.NewWriter(s.out).WriteAll(table)
	case s.markdown:
		for i, row := range table {
			for j := range row {
				row[j] = cell(row[j])
			}
			fmt.Fprintf(s.out, "| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				fmt.Fprintf(s.out, "|%s\n", strings.Repeat(" --- |", len(row)))
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, row := range table {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// inert keeps a spreadsheet from taking a submission's name for a formula. A
// number stays one, below 0 too.
func inert(cell string) string {
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
