package command

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/model"
	"biomass/runner/internal/picture"
)

func (s *invocation) predict() *cobra.Command {
	var level float64
	var limit int64
	var given model.Given
	c := &cobra.Command{
		Use:   "predict LOCK PICTURE...",
		Short: "Predict what pictures show, with the locked model",
		Long: "predict takes pictures through exactly what is locked: how a photo becomes pixels, the normalisation, the network and its weights.\n" +
			"LOCK is a lockfile, a recipe or a name that has one, a pack, or what export wrote as safetensors or torch. A PICTURE is a file, a folder, a pattern such as 'photos/*.jpg', or - for a list of files, a line each,\n" +
			"from the standard input. No data of the training are needed. Of a regression every prediction has the interval that holds the true\n" +
			"value of a new individual with the probability --level, by split conformal prediction on the errors of the validation part.\n" +
			"A picture that cannot be read is an error that names it; the others are predicted all the same, and the exit code is 1.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return misuse{errors.New("want a lock and pictures: runner predict lock/NAME.lock.yaml photo.jpg")}
			}
			return nil
		},
		Annotations: map[string]string{commas: ""},
		RunE: func(c *cobra.Command, args []string) error {
			if !(level > 0 && level < 1) {
				return misuse{fmt.Errorf("--level %v: want a probability, above 0 and below 1, e.g. 0.95", level)}
			}
			locked, closeLock, err := s.locked(args[0], limit)
			if err != nil {
				return err
			}
			defer closeLock()
			m, err := locked.Model()
			if err != nil {
				return err
			}
			files, problems := picture.Find(args[1:], c.InOrStdin())
			predicted, err := m.PredictFiles(c.Context(), files, given, s.progress())
			if err != nil {
				return err
			}
			f := forecast{invocation: s, locked: locked, model: m}
			f.calibration, f.without = locked.Calibrate(m, level)
			for _, p := range predicted {
				if p.Problem == nil {
					f.predicted = append(f.predicted, p)
				} else {
					problems = append(problems, fmt.Errorf("%s: %w", p.File, p.Problem))
				}
			}
			f.problems = problems
			if err := f.print(); err != nil {
				return err
			}
			if len(problems) > 0 {
				return exit(failed)
			}
			return nil
		},
	}
	c.Flags().Float64Var(&level, "level", evaluate.Level, "`P` of the interval: the probability that it holds the true value")
	c.Flags().StringArrayVar(&given.Values, "feature", nil, "`COLUMN=VALUE` of data.features for every picture, e.g. age_days=12")
	c.Flags().StringVar(&given.Table, "table", "", "`FILE` with the columns of data.features and a row a picture, named as in the recipe's table")
	limitFlag(c, &limit)
	return c
}

// forecast is what predict prints.
type forecast struct {
	*invocation
	locked      *experiment.Locked
	model       *model.Model
	calibration *evaluate.Calibration
	without     error // why there is none
	predicted   []model.FilePrediction
	problems    []error
}

// print prints predictions to the output. What is wrong goes to the standard
// error, but for JSON, which says it too.
func (f *forecast) print() error {
	if f.json {
		return json.NewEncoder(f.out).Encode(f.document())
	}
	for _, problem := range f.problems {
		fmt.Fprintf(f.err, "runner: %v\n", problem)
	}
	if f.calibration == nil && f.model.Classes == nil {
		fmt.Fprintf(f.err, "no intervals: %v\n", f.without)
	}
	if f.csv {
		return f.table()
	}
	return f.text()
}

func (f *forecast) text() error {
	w := tabwriter.NewWriter(f.out, 0, 0, 2, ' ', 0)
	target, unit := f.locked.Recipe.Data.Target, f.locked.Recipe.Data.Unit
	if unit != "" {
		unit = " " + unit
	}
	for i, p := range f.predicted {
		if i == 0 {
			fmt.Fprintf(w, "PICTURE\t%s", target)
			if f.calibration != nil {
				fmt.Fprintf(w, "\t%g %% INTERVAL", 100*f.calibration.Level)
			} else if f.model.Classes != nil {
				fmt.Fprint(w, "\tPROBABILITY")
			}
			fmt.Fprintln(w)
		}
		switch {
		case f.model.Classes != nil:
			fmt.Fprintf(w, "%s\t%s\t%.4f\n", p.File, f.model.Classes[p.Class], p.Probabilities[p.Class])
		case f.calibration != nil:
			low, high := f.model.Interval(f.calibration, p.Value)
			fmt.Fprintf(w, "%s\t%.4g%s\t%.4g to %.4g%s\n", p.File, p.Value, unit, low, high, unit)
		default:
			fmt.Fprintf(w, "%s\t%.4g%s\n", p.File, p.Value, unit)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if c := f.calibration; c != nil && len(f.predicted) > 0 {
		fmt.Fprintf(f.out, "\nThe interval follows from the errors on %d photos of %d individuals in the %s part", c.Photos, c.Individuals, c.Part)
		if c.Checked != nil {
			fmt.Fprintf(f.out, "; of the %d photos in the %s part %.1f %% lie in theirs", c.Checked.Photos, c.Checked.Part, 100*float64(c.Checked.Within)/float64(c.Checked.Photos))
		}
		fmt.Fprintln(f.out, ".\nIt is for photos like those: of new individuals, taken in the same way.")
	}
	return nil
}

// table prints CSV.
func (f *forecast) table() error {
	w := csv.NewWriter(f.out)
	header := []string{"file", "predicted", "low", "high", "unit"}
	if f.model.Classes != nil {
		header = []string{"file", "class", "probability"}
		for _, class := range f.model.Classes {
			header = append(header, "probability_"+visible(oneLine(class)))
		}
	}
	if err := w.Write(header); err != nil {
		return err
	}
	for _, p := range f.predicted {
		row := []string{p.File}
		switch {
		case f.model.Classes != nil:
			row = append(row, f.model.Classes[p.Class], shortest(p.Probabilities[p.Class]))
			for _, v := range p.Probabilities {
				row = append(row, shortest(v))
			}
		case f.calibration != nil:
			low, high := f.model.Interval(f.calibration, p.Value)
			row = append(row, shortest(p.Value), shortest(low), shortest(high), f.locked.Recipe.Data.Unit)
		default:
			row = append(row, shortest(p.Value), "", "", f.locked.Recipe.Data.Unit)
		}
		for i, cell := range row { // names of somebody else's files and classes
			row[i] = inert(visible(oneLine(cell)))
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// shortest writes the shortest digits that bring back the same number.
func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// document is what --output json prints.
func (f *forecast) document() map[string]any {
	predictions := []map[string]any{}
	for _, p := range f.predicted {
		one := map[string]any{"file": p.File}
		if f.model.Classes != nil {
			probabilities := map[string]float64{}
			for i, v := range p.Probabilities {
				probabilities[f.model.Classes[i]] = v
			}
			one["class"], one["probability"], one["probabilities"] = f.model.Classes[p.Class], p.Probabilities[p.Class], probabilities
		} else {
			one["predicted"] = p.Value
			if f.calibration != nil {
				one["low"], one["high"] = f.model.Interval(f.calibration, p.Value)
			}
		}
		predictions = append(predictions, one)
	}
	wrong := []string{}
	for _, problem := range f.problems {
		wrong = append(wrong, problem.Error())
	}
	d := map[string]any{
		"lock": f.locked.Path, "weights": f.locked.Lock.Model.Weights, "target": f.locked.Recipe.Data.Target,
		"predictions": predictions, "errors": wrong,
	}
	if f.model.Classes == nil {
		d["unit"], d["interval"] = f.locked.Recipe.Data.Unit, f.calibration
		if f.calibration == nil {
			d["no_interval"] = f.without.Error()
		}
	}
	return d
}
