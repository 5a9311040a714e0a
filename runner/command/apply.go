package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
)

func (s *invocation) apply() *cobra.Command {
	var keep string
	c := s.recipeFlags(&cobra.Command{
		Use:   "apply RECIPE",
		Short: "Train what the recipe describes; write lock, report and weights",
		Args:  exactly(1, "one recipe"),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := s.experiment(args[0])
			if err != nil {
				return err
			}
			if e.KeepEvery, err = every(keep); err != nil {
				return err
			}
			log, err := openLog(e)
			if err != nil {
				return err
			}
			defer log.Close()
			e.Log = logger(log)
			start := time.Now()
			out, err := e.Apply(c.Context(), s.overridden())
			if err != nil {
				e.Log.Error().Err(err).Msg("apply")
				return err
			}
			e.Log.Info().Dur("ms", time.Since(start)).Strs("worked", out.Worked).Strs("written", out.Written).Msg("apply")
			return s.printOutcome(e, out, time.Since(start))
		},
	})
	c.Flags().StringVar(&keep, "keep-checkpoints", "", "keep the state after each epoch, or with =`every=N` each Nth, for verify --spot")
	c.Flags().Lookup("keep-checkpoints").NoOptDefVal = "every=1"
	return s.cacheFlag(c)
}

// every reads what --keep-checkpoints says: every=N, or nothing.
func every(keep string) (int, error) {
	if keep == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(keep, "every="))
	if err != nil || n < 1 {
		return 0, misuse{fmt.Errorf("--keep-checkpoints=%s: want every=N, N at least 1", keep)}
	}
	return n, nil
}

// openLog opens the file that holds what was merely observed: times, machine,
// versions.
func openLog(e *experiment.Experiment) (*os.File, error) {
	dir := e.Place.Report(e.Recipe.Name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot write below %s: %w", dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "run.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot write below %s: %w", dir, err)
	}
	return f, nil
}

// logger starts a run's lines in the log.
func logger(f *os.File) zerolog.Logger {
	log := zerolog.New(f).With().Timestamp().Logger()
	log.Info().Str("version", version()).Str("go", runtime.Version()).Str("platform", runtime.GOOS+"/"+runtime.GOARCH).
		Str("simd", kernel.Variant()).Int("threads", kernel.Threads()).Msg("start")
	return log
}

func (s *invocation) printOutcome(e *experiment.Experiment, out *experiment.Outcome, took time.Duration) error {
	for _, w := range out.Warnings {
		fmt.Fprintf(s.err, "warning: %s\n", w)
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(map[string]any{
			"name": e.Recipe.Name, "worked": orEmpty(out.Worked), "written": orEmpty(out.Written),
			"warnings": orEmpty(out.Warnings), "states": orEmpty(out.States), "results": out.Lock.Results, "spread": orEmpty(out.Lock.Spread), "sweep": orEmpty(ranking(out.Lock)), "weights": out.Lock.Model.Weights,
		})
	}
	printSweep(s.out, out.Lock)
	if out.Weights != nil {
		s.countWeights(out.Weights)
	}
	fmt.Fprintln(s.out, headline(out.Lock, e.Recipe.Data.Unit))
	printSpread(s.out, out.Lock, e.Recipe.Data.Unit)
	if e.KeepEvery > 0 {
		fmt.Fprintln(s.out, keptStates(out.States))
	}
	if len(out.Worked) == 0 && len(out.Written) == 0 {
		fmt.Fprintf(s.out, "nothing to do: everything is as %s says (%s)\n", lockPath(e), took.Round(time.Millisecond))
		return nil
	}
	s.listWritten(out.Written)
	if len(out.Written) == 0 {
		fmt.Fprintf(s.out, "the same bits as %s says\n", lockPath(e))
	}
	fmt.Fprintf(s.out, "done in %s\n", took.Round(100*time.Millisecond))
	return nil
}

// listWritten names the files that people look for, and counts the others where
// they are many.
func (s *invocation) listWritten(paths []string) {
	const few = 6
	looked := []string{".md", ".html", ".safetensors", ".yaml"}
	others := 0
	for _, path := range paths {
		if len(paths) > few && !slices.Contains(looked, filepath.Ext(path)) {
			others++
			continue
		}
		fmt.Fprintf(s.out, "wrote %s\n", path)
	}
	if others > 0 {
		fmt.Fprintf(s.out, "and %d plots and tables beside the report\n", others)
	}
}

// keptStates says how much room the kept states take.
func keptStates(states []checkpoint.State) string {
	var packed, whole int64
	for _, k := range states {
		packed += k.Bytes
		whole += k.Whole
	}
	if len(states) == 0 {
		return "no epoch's state was kept: there are fewer epochs than every=N"
	}
	return fmt.Sprintf("states of %d epochs are kept for spot checks: %s (%s before compression)", len(states), size(packed), size(whole))
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

func lockPath(e *experiment.Experiment) string { return "lock/" + e.Recipe.Name + lock.Suffix }

// orEmpty lets JSON say [] instead of null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// rank is one variant of a sweep.
type rank struct {
	Variant string   `json:"variant"`
	Set     []string `json:"set"`
	On      string   `json:"on"`
	Score   float64  `json:"score"` // of the kept epoch
	Epoch   int      `json:"epoch"`
	Won     bool     `json:"won"`
}

// ranking lists what a sweep tried, the winner first, then in order of their names.
func ranking(l *lock.Lock) []rank {
	var ranks []rank
	if l.Sweep == nil {
		return nil
	}
	for _, v := range l.Sweep.Variants {
		r := rank{v.Name, v.Set, l.Sweep.On, v.Kept().Measure(l.Sweep.On), v.Model.Epoch, v.Name == l.Sweep.Winner}
		if r.Won {
			ranks = append([]rank{r}, ranks...)
		} else {
			ranks = append(ranks, r)
		}
	}
	return ranks
}

// printSweep shows what a sweep tried.
func printSweep(out io.Writer, l *lock.Lock) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range ranking(l) {
		won := ""
		if r.Won {
			won = "\tbest, kept"
		}
		fmt.Fprintf(table, "%s\t%s\t%s %.4g\tepoch %d%s\n", r.Variant, strings.Join(r.Set, " "), r.On, r.Score, r.Epoch, won)
	}
	table.Flush()
}

// printSpread says what further trainings make of the result.
func printSpread(out io.Writer, l *lock.Lock, unit string) {
	part, figure, _ := l.Headline()
	if unit != "" && figure == "rmse" {
		unit = " " + unit
	} else {
		unit = "" // shares have none
	}
	for _, s := range l.Spread {
		if s.Part == part && s.Figure == figure {
			fmt.Fprintf(out, "over %d %s: %s %s %.4g ± %.2g%s\n", s.Runs, s.Over, s.Part, strings.Replace(s.Figure, "rmse", "RMSE", 1), s.Mean, s.Deviation, unit)
		}
	}
}

// headline states the result in one line.
func headline(l *lock.Lock, unit string) string {
	part := "test"
	score, ok := l.Results[part]
	if !ok {
		part = "validation"
		score = l.Results[part]
	}
	if score.Hits != nil {
		line := fmt.Sprintf("%s accuracy %.4f", part, score.Accuracy)
		if i := score.AccuracyInterval; i != nil {
			line += fmt.Sprintf(" (%.4f to %.4f)", i[0], i[1])
		}
		return line + fmt.Sprintf(", macro F1 %.4f on %d photos (always the most frequent class: accuracy %.4f)", score.MacroF1, score.Photos, score.BaselineAccuracy["majority"])
	}
	if unit != "" {
		unit = " " + unit
	}
	line := fmt.Sprintf("%s RMSE %.4g%s, R² %.3f on %d photos", part, score.RMSE, unit, score.R2, score.Photos)
	if ridge, ok := score.BaselineR2["ridge"]; ok {
		line += fmt.Sprintf(" (ridge on colours: R² %.3f)", ridge)
	}
	return line
}
