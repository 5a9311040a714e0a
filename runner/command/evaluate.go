package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/report"
	"biomass/runner/internal/store"
)

func (s *invocation) evaluate() *cobra.Command {
	var part, table, images, predictions string
	var limit int64
	c := &cobra.Command{
		Use:   "evaluate LOCK",
		Short: "Judge the locked model on a part of its split, or on a new table",
		Long: "evaluate predicts the photos of a part (--part train, validation or test) and judges the predictions. Of a part whose\n" +
			"results are locked the figures are the locked ones, bit for bit, or the exit code is 3. With --table and --images it takes new\n" +
			"data, read and cleaned as the recipe says; with --images alone a folder that holds one folder of pictures a class.\n" +
			"LOCK is a lockfile, a recipe or a name that has one, a pack, or what export wrote as safetensors or torch. Exit code 4: the data are not those that were locked.",
		Args:        exactly(1, "one lockfile, pack or exported file"),
		Annotations: map[string]string{markdown: ""},
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case part != "" && table+images != "":
				return misuse{errors.New("--part is of the locked data, --table and --images are new ones: choose")}
			case part != "" && part != evaluate.Train && part != evaluate.Validation && part != evaluate.Test:
				return misuse{fmt.Errorf("--part %s: want train, validation or test", part)}
			}
			locked, closeLock, err := s.locked(args[0], limit)
			if err != nil {
				return err
			}
			defer closeLock()
			var a *experiment.Assessment
			if table+images != "" {
				a, err = locked.AssessNew(c.Context(), table, images)
			} else {
				a, err = locked.AssessPart(c.Context(), part)
			}
			if errors.Is(err, experiment.ErrOtherInputs) {
				fmt.Fprintf(s.err, "runner: %v\n", err)
				return exit(inputs)
			}
			if err != nil {
				return err
			}
			if predictions != "" {
				if err := writePredictions(predictions, a); err != nil {
					return err
				}
			}
			if err := s.printAssessment(locked, a); err != nil {
				return err
			}
			if a.Locked != nil && !*a.Locked {
				return exit(differs)
			}
			return nil
		},
	}
	c.Flags().StringVar(&part, "part", "", "`PART` of the split: train, validation or test; the default is the one whose results are the headline")
	c.Flags().StringVar(&table, "table", "", "new `TABLE` of labels, with the columns that the recipe names")
	c.Flags().StringVar(&images, "images", "", "`DIR` of the new table's pictures; the default is the table's folder")
	c.Flags().StringVar(&predictions, "predictions", "", "`FILE` to write, a table as the report's predictions.csv")
	limitFlag(c, &limit)
	s.dataFlag(c)
	return c
}

// writePredictions writes the table of predictions that a report has, too.
func writePredictions(path string, a *experiment.Assessment) error {
	table, err := report.Predictions(a.Classes, a.Predictions)
	if err == nil {
		err = store.WriteFile(path, table)
	}
	if err != nil {
		return fmt.Errorf("write the predictions: %w", err)
	}
	return nil
}

// figure is one score by its name.
type figure struct{ name, value string }

// figures are the scores; level is that of their intervals.
func figures(a *experiment.Assessment, unit string, level float64) []figure {
	if unit != "" {
		unit = " " + unit
	}
	within := func(i *metric.Interval) string {
		if i == nil {
			return ""
		}
		return fmt.Sprintf(" (%.4g %% interval %.4g to %.4g)", 100*level, i.Low, i.High)
	}
	if e := a.Scores.Errors; e != nil {
		var mae, r2 *metric.Interval
		if i := e.Intervals; i != nil {
			mae, r2 = &i.MAE, &i.R2
		}
		all := []figure{
			{"RMSE", fmt.Sprintf("%.4g%s%s", e.RMSE, unit, within(a.Interval))}, {"MAE", fmt.Sprintf("%.4g%s%s", e.MAE, unit, within(mae))},
			{"median error", fmt.Sprintf("%.4g%s", e.MedianAE, unit)}, {"mean error", fmt.Sprintf("%+.4g%s", e.Bias, unit)},
			{"MSE", fmt.Sprintf("%.4g", e.MSE)}, {"R²", fmt.Sprintf("%.4f%s", e.R2, within(r2))},
		}
		if e.Spearman != nil {
			all = append(all, figure{"Spearman", fmt.Sprintf("%.4f", *e.Spearman)})
		}
		if e.MAPE != nil {
			all = append(all, figure{"MAPE", fmt.Sprintf("%.1f %%", 100**e.MAPE)})
		}
		return all
	}
	h := a.Scores.Hits
	return []figure{
		{"accuracy", fmt.Sprintf("%.4f%s", h.Accuracy, within(a.Interval))}, {"balanced accuracy", fmt.Sprintf("%.4f", h.BalancedAccuracy)},
		{"macro F1", fmt.Sprintf("%.4f", h.MacroF1)}, {"weighted F1", fmt.Sprintf("%.4f", h.WeightedF1)}, {"cross entropy", fmt.Sprintf("%.4f", *h.CrossEntropy)},
	}
}

// remarks say what has to be known beside the figures.
func remarks(locked *experiment.Locked, a *experiment.Assessment) []string {
	var all []string
	if a.Rows > 0 {
		words := fmt.Sprintf("%d rows", a.Rows)
		for _, c := range a.Dropped {
			words += fmt.Sprintf(", %d %s", c.N, c.Rule)
		}
		all = append(all, words)
	}
	all = append(all, a.Notes...)
	if c := a.Coverage; c != nil {
		all = append(all, fmt.Sprintf("%.1f %% of the photos lie in the %g %% interval of their prediction", 100*float64(c.Within)/float64(c.Photos), 100*a.Calibration.Level))
	}
	switch {
	case a.Locked != nil && *a.Locked:
		all = append(all, fmt.Sprintf("the same bits as %s says", locked.Path))
	case a.Locked != nil:
		all = append(all, fmt.Sprintf("NOT what %s says: runner verify finds out where they part", locked.Path))
	case a.Name == evaluate.Train:
		all = append(all, "the network was trained on these photos: the figures say little about others")
	}
	return all
}

func (s *invocation) printAssessment(locked *experiment.Locked, a *experiment.Assessment) error {
	if s.json {
		return json.NewEncoder(s.out).Encode(a)
	}
	title := fmt.Sprintf("%s: %d photos", a.Name, a.Photos)
	if a.Groups > 0 {
		title += fmt.Sprintf(" of %d individuals", a.Groups)
	}
	if s.markdown {
		fmt.Fprintf(s.out, "**%s**, %s\n\n| figure | %s |\n| --- | --- |\n", locked.Recipe.Name, title, a.Name)
	} else {
		fmt.Fprintln(s.out, title)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		if s.markdown {
			for i := range cells {
				cells[i] = cell(cells[i])
			}
			fmt.Fprintf(s.out, "| %s |\n", strings.Join(cells, " | "))
		} else {
			fmt.Fprintln(w, strings.Join(cells, "\t"))
		}
	}
	for _, f := range figures(a, locked.Recipe.Data.Unit, locked.Recipe.Report.Interval) {
		row(f.name, f.value)
	}
	if a.Classes != nil {
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(s.out)
		if !s.markdown {
			row("CLASS", "PRECISION", "RECALL", "F1", "PHOTOS")
		} else {
			row("class", "precision", "recall", "F1", "photos")
			row("---", "---", "---", "---", "---")
		}
		for i, c := range a.ClassScores {
			row(a.Classes[i], fmt.Sprintf("%.4f", c.Precision), fmt.Sprintf("%.4f", c.Recall), fmt.Sprintf("%.4f", c.F1), fmt.Sprint(c.Support))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if s.markdown {
		fmt.Fprintln(s.out)
	}
	for _, remark := range remarks(locked, a) {
		if s.markdown {
			remark = "- " + remark
		}
		fmt.Fprintln(s.out, remark)
	}
	return nil
}
