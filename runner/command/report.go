package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"biomass/runner/internal/bundle"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/export"
	"biomass/runner/internal/project"
	"biomass/runner/internal/report"
	"biomass/runner/internal/review"
)

func (s *invocation) report() *cobra.Command {
	var dir string
	var timed bool
	var limit int64
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Compare runs on one page, or write the locked report of one again",
		Long: "report puts the runs of several locks beside each other on a page with plots: their figures, the differences on the same photos\n" +
			"with paired bootstrap intervals, the curves of their trainings, what other seeds gave, what their networks take, and the settings that\n" +
			"differ. A RUN is a lockfile, a recipe, the folder of a report, a name (lock/NAME.lock.yaml), a pack, or what export wrote. Nothing is\n" +
			"trained or predicted: single predictions come from the store or from predictions.csv in a locked report.\n" +
			"Of one run it writes the files of the locked report again, from the store.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{errors.New("want runs to compare: runner report lock/A.lock.yaml lock/B.lock.yaml")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var all []*experiment.Locked
			for _, word := range args {
				path, err := review.LockOf(word)
				if err != nil {
					return err
				}
				locked, closeLock, err := s.locked(path, limit)
				if err != nil {
					return err
				}
				defer closeLock()
				all = append(all, locked)
			}
			if len(all) == 1 {
				if timed {
					return misuse{errors.New("--time compares runs: name two")}
				}
				return s.rewrite(all[0], dir)
			}
			return s.compare(review.Names(all), dir, timed)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "`DIR` to write, instead of reports/A-B; of one run, instead of its own folder")
	c.Flags().BoolVar(&timed, "time", false, "measure how long each network takes for one photo on this machine")
	limitFlag(c, &limit)
	return c
}

// rewrite writes the locked report of one run.
func (s *invocation) rewrite(locked *experiment.Locked, dir string) error {
	pages, err := locked.Pages()
	if err != nil {
		return err
	}
	if dir == "" {
		if bundle.Is(locked.Path) || export.Is(locked.Path) {
			return misuse{fmt.Errorf("%s has no folder for its report: say --dir DIR", locked.Path)}
		}
		dir = near(locked.Place.Report(locked.Recipe.Name))
	} else if err := project.NoRun(dir, locked.Place.Report(locked.Recipe.Name)); err != nil {
		return err
	}
	written, err := project.WriteReport(dir, pages, report.Files())
	if err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(map[string]any{"dir": filepath.ToSlash(dir), "written": orEmpty(written)})
	}
	s.printWritten(written, dir)
	return nil
}

// compare writes the page about several runs and prints the short of it.
func (s *invocation) compare(runs []review.Run, dir string, timed bool) error {
	if dir == "" {
		var err error
		if dir, err = project.ComparisonFolder(review.Title(runs)); err != nil {
			return err
		}
		dir = near(dir)
	}
	if err := project.NoRun(dir, ""); err != nil {
		return err
	}
	comparison, err := review.Compare(runs, dir, timed)
	if err != nil {
		return err
	}
	files, err := report.RenderComparison(comparison)
	if err != nil {
		return err
	}
	written, err := project.WriteReport(dir, files, report.ComparisonFiles())
	if err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(struct {
			Dir     string   `json:"dir"`
			Written []string `json:"written"`
			*report.Comparison
		}{filepath.ToSlash(dir), orEmpty(written), comparison})
	}
	if err := s.printComparison(comparison); err != nil {
		return err
	}
	s.printWritten(written, dir)
	return nil
}

// near returns a path as seen from here, if it is below.
func near(path string) string {
	if here, err := filepath.Abs("."); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return path
}

// printWritten says which files of a folder are new or changed.
func (s *invocation) printWritten(written []string, dir string) {
	if len(written) == 0 {
		fmt.Fprintf(s.out, "%s is as it should be\n", filepath.ToSlash(dir))
		return
	}
	s.listWritten(written)
}

func (s *invocation) printComparison(c *report.Comparison) error {
	unit := ""
	if c.Unit != "" {
		unit = " " + c.Unit
	}
	header := []string{"RUN", strings.ToUpper(c.Part + " " + c.Metric), fmt.Sprintf("%.4g %% INTERVAL", 100*c.Level), "PHOTOS", "EPOCH", "PARAMETERS", "WEIGHTS", "MULTIPLY-ADDS"}
	timed := c.Runs[0].Milliseconds > 0
	if timed {
		header = append(header, "AN IMAGE")
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, r := range c.Ranked() {
		j := r.On(c.Part)
		interval := "-"
		if j.Interval != nil {
			interval = fmt.Sprintf("%.4g to %.4g", j.Interval.Low, j.Interval.High)
		}
		weights, products := "-", "-"
		if r.Bytes > 0 {
			weights, products = fmt.Sprintf("%.3g MB", float64(r.Bytes)/1e6), fmt.Sprintf("%.3g million", float64(r.MultiplyAdds)/1e6)
		}
		row := []string{
			r.Name, fmt.Sprintf("%.4g%s", j.Figures[0].Value, unit), interval, fmt.Sprint(j.Photos), fmt.Sprintf("%d of %d", r.Kept().Epoch, len(r.Epochs)),
			fmt.Sprint(r.Parameters), weights, products,
		}
		if timed {
			took := "-"
			if r.Milliseconds > 0 {
				took = fmt.Sprintf("%.3g ms", r.Milliseconds)
			}
			row = append(row, took)
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range c.Pairs {
		line := fmt.Sprintf("%s less %s: %+.4g%s on the same %d photos", p.B, p.A, p.Difference, unit, p.Photos)
		if p.Interval != nil {
			line += fmt.Sprintf(" (%.4g %% interval %+.4g to %+.4g)", 100*c.Level, p.Interval.Low, p.Interval.High)
		}
		if p.Chance() {
			line += ": it may be chance"
		}
		fmt.Fprintln(s.out, line)
	}
	for _, setting := range c.Settings {
		fmt.Fprintf(s.out, "%s: %s\n", setting.Key, strings.Join(setting.Values, " | "))
	}
	for _, warning := range c.Warnings() {
		fmt.Fprintf(s.err, "warning: %s\n", strings.ReplaceAll(warning, "`", ""))
	}
	return nil
}
