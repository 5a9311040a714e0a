package command

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/grade"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/verify"
)

func (s *invocation) grade() *cobra.Command {
	var jobs int
	var limit time.Duration
	var packLimit int64
	var depth levelFlags
	var hidden holdoutFlags
	var against string
	c := &cobra.Command{
		Use:   "grade DIR",
		Short: "Verify many submissions side by side; one table of verdicts",
		Long: "grade verifies every submission in DIR, folders with lock/NAME.lock.yaml and packs, each in a process of\n" +
			"its own, and tells which share weights or a lock. The threads of this machine, and its memory\n" +
			"for photos, are shared among the jobs.\n" +
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
			photos := max(1, cmp.Or(s.machine.photos, experiment.PhotoMemory)/int64(jobs)>>20)
			o := grade.Options{
				Dir: args[0], Program: program, Jobs: jobs, Limit: limit, Recipe: against, Progress: s.progress(),
				// GOMAXPROCS too, for what is not arithmetic: jobs that decode must not crowd each other out.
				Env: append(slices.Clip(s.env), fmt.Sprintf("RUNNER_THREADS=%d", threads), fmt.Sprintf("GOMAXPROCS=%d", threads), fmt.Sprintf("RUNNER_PHOTO_MEMORY=%d", photos)),
			}
			if o.Holdout, err = hidden.holdout(); err != nil {
				return err
			}
			if _, err := assigned(against); err != nil { // before anything runs
				return err
			}
			level, err := depth.level(c)
			if err != nil {
				return err
			}
			o.Arguments = depth.arguments(c, level)
			if c.Flags().Changed("limit") {
				o.Arguments = append(o.Arguments, "--limit", strconv.FormatInt(packLimit, 10))
			}
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
			return s.printGrades(rows, o)
		},
	}
	c.Flags().IntVar(&jobs, "jobs", 1, "verify `N` submissions at a time")
	depth.add(c)
	c.Flags().DurationVar(&limit, "timeout", time.Hour, "`TIME` that one submission may take")
	limitFlag(c, &packLimit)
	hidden.add(c)
	assignedFlag(c, &against)
	s.dataFlag(c)
	return c
}

func (s *invocation) printGrades(rows []grade.Row, o grade.Options) error {
	holdout := o.Holdout != nil
	if !s.csv && !s.markdown {
		return s.showGrades(rows, holdout)
	}
	table := [][]string{{"submission", "verdict", "level", "metric", "claimed", "found", "seconds", "same_weights", "same_lock", "reason"}}
	if holdout {
		table[0] = append(table[0], "holdout_metric", "holdout", "holdout_photos", "holdout_dropped", "holdout_reason")
	}
	if o.Recipe != "" {
		table[0] = append(table[0], "recipe")
	}
	for _, r := range rows {
		table = append(table, []string{
			r.Submission, string(r.Verdict), string(r.Level), r.Metric, number(r.Claimed), number(r.Found), fmt.Sprintf("%.1f", r.Seconds),
			strings.Join(r.SameWeights, " "), strings.Join(r.SameLock, " "), r.Reason,
		})
		last := &table[len(table)-1]
		if holdout {
			*last = append(*last, holdoutCells(r.Holdout)...)
		}
		if o.Recipe != "" {
			*last = append(*last, sayChanges(r.Changes))
		}
	}
	if s.csv {
		for _, row := range table[1:] {
			for i, cell := range row {
				row[i] = inert(visible(oneLine(cell)))
			}
		}
		return csv.NewWriter(s.out).WriteAll(table)
	}
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

// number has all digits of a figure, none where there is no figure.
func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// showGrades prints a table that fits a terminal: why a verdict is none to be glad of
// stands below its row, who shares something with whom below them all.
func (s *invocation) showGrades(rows []grade.Row, holdout bool) error {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	header := "SUBMISSION\tVERDICT\tMETRIC\tCLAIMED\tFOUND\tSECONDS"
	if holdout {
		header += "\tHOLDOUT\tPHOTOS"
	}
	fmt.Fprintln(w, header)
	counts := map[verify.Judgement]int{}
	below := make([][]string, len(rows)) // by row
	others := 0                          // with another recipe
	for i, r := range rows {
		counts[r.Verdict]++
		claimed, found := short(r.Claimed, r.Found)
		cells := []string{visible(oneLine(r.Submission)), string(r.Verdict), r.Metric, claimed, found, fmt.Sprintf("%.1f", r.Seconds)}
		if r.Reason != "" {
			below[i] = append(below[i], r.Reason)
		}
		if len(r.Changes) > 0 {
			below[i] = append(below[i], "recipe: "+sayChanges(r.Changes))
			others++
		}
		if holdout {
			held := holdoutCells(r.Holdout)
			var value *float64
			if r.Holdout != nil && r.Holdout.Held != nil {
				value = &r.Holdout.Value
			}
			figure, _ := short(value, nil)
			cells = append(cells, figure, held[2])
			switch {
			case held[4] != "":
				below[i] = append(below[i], "holdout: "+held[4])
			case held[3] != "":
				below[i] = append(below[i], "holdout: dropped "+held[3])
			}
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, line := range strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n") {
		fmt.Fprintln(s.out, strings.TrimRight(line, " "))
		if i > 0 {
			for _, reason := range below[i-1] {
				fmt.Fprintln(s.out, "  "+brief(reason))
			}
		}
	}
	fmt.Fprintln(s.out)
	told := s.tellShared(rows, "one lock", func(r grade.Row) []string { return r.SameLock }, nil)
	s.tellShared(rows, "the same weights", func(r grade.Row) []string { return r.SameWeights }, told)
	var sums []string
	for _, j := range []verify.Judgement{verify.Verified, verify.Differs, verify.InputsDiffer, verify.Incomplete, grade.Broken} {
		if n := counts[j]; n > 0 {
			sums = append(sums, fmt.Sprintf("%d %s", n, j))
		}
	}
	if others > 0 {
		fmt.Fprintf(s.out, "%d with another recipe than the one assigned\n", others)
	}
	fmt.Fprintf(s.out, "%s: %s\n", counted(len(rows), "submission"), strings.Join(sums, ", "))
	return nil
}

var wholeDigest = regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)

// brief is a reason in a few lines of a terminal: the other forms of output have all of it.
func brief(reason string) string {
	const most = 300
	text := []rune(oneLine(wholeDigest.ReplaceAllString(reason, "$1…")))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return string(text)
}

// tellShared prints a line a group of submissions that share something, but for the
// groups that were told already, and returns all that now are.
func (s *invocation) tellShared(rows []grade.Row, what string, with func(grade.Row) []string, told map[string]bool) map[string]bool {
	all := maps.Clone(told)
	if all == nil {
		all = map[string]bool{}
	}
	for _, r := range rows {
		if len(with(r)) == 0 {
			continue
		}
		group := append([]string{r.Submission}, with(r)...)
		slices.Sort(group)
		line := oneLine(strings.Join(group, ", "))
		if !all[line] {
			all[line] = true
			fmt.Fprintf(s.out, "%s: %s\n", what, line)
		}
	}
	return all
}

// short shows a claimed figure and the one that was found with four digits, and with more
// where four do not tell them apart.
func short(claimed, found *float64) (a, b string) {
	for digits := 4; ; digits++ {
		show := func(v *float64) string {
			if v == nil {
				return ""
			}
			return strconv.FormatFloat(*v, 'g', digits, 64)
		}
		a, b = show(claimed), show(found)
		if claimed == nil || found == nil || *claimed == *found || a != b {
			return a, b
		}
	}
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
