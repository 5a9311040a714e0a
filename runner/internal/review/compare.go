package review

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/report"
	"biomass/runner/internal/rng"
)

// This file puts the runs of several locks beside each other. Figures and histories are
// those of the locks; single predictions, for the differences on the same photos, come
// from the store of each run or from predictions.csv in its locked report.

// Run is one of several: a lock, under the name that tells it from the others.
type Run struct {
	*experiment.Locked
	Name string
}

// Names gives every lock the name of its recipe or, where two have the same, its path
// behind it.
func Names(locked []*experiment.Locked) []Run {
	often := map[string]int{}
	for _, k := range locked {
		often[k.Recipe.Name]++
	}
	runs := make([]Run, len(locked))
	for i, k := range locked {
		runs[i] = Run{k, k.Recipe.Name}
		if often[k.Recipe.Name] > 1 {
			runs[i].Name = fmt.Sprintf("%s (%s)", k.Recipe.Name, filepath.ToSlash(k.Path))
		}
	}
	return runs
}

// Title names the page about several runs.
func Title(runs []Run) string {
	const most = 4
	var names []string
	for _, r := range runs[:min(most, len(runs))] {
		names = append(names, r.Recipe.Name)
	}
	title := strings.Join(names, "-")
	if more := len(runs) - len(names); more > 0 {
		title += fmt.Sprintf("-and-%d-more", more)
	}
	return title
}

// Compare returns what a page about several runs shows. from is the folder where the
// page will be; timed measures on this machine how long a photo takes.
func Compare(runs []Run, from string, timed bool) (*report.Comparison, error) {
	if err := comparable(runs); err != nil {
		return nil, err
	}
	first := runs[0]
	c := &report.Comparison{
		Task: first.Recipe.Task, Unit: first.Recipe.Data.Unit, Part: evaluate.Test, Metric: "rmse", Level: first.Recipe.Report.Interval,
		Language: report.Language(first.Recipe.Report.Language), Settings: []report.Setting{}, Pairs: []report.Pair{}, Rules: []report.Rule{},
	}
	if c.Task == recipe.Classification {
		c.Metric = "accuracy"
	}
	var recipes []*recipe.Loaded
	for _, r := range runs {
		if _, tested := r.Lock.Results[evaluate.Test]; !tested {
			c.Part = evaluate.Validation
		}
		if r.Recipe.Report.Language != first.Recipe.Report.Language {
			c.Language = ""
		}
		recipes = append(recipes, r.Loaded)
	}
	for _, s := range recipe.Beside(recipes) {
		if s.Key != "name" && !strings.HasPrefix(s.Key, "report.") {
			c.Settings = append(c.Settings, report.Setting(s))
		}
	}
	held := make([][]photo, len(runs))
	classes := map[string]float64{}
	for i, r := range runs {
		var err error
		if held[i], err = predictions(r, c.Part, classes); err != nil {
			return nil, err
		}
		compared, err := r.compared(from, timed)
		if err != nil {
			return nil, err
		}
		if r.Recipe.Report.Interval != c.Level {
			for k := range compared.Judged {
				compared.Judged[k].Interval = nil
			}
			c.Unlike = append(c.Unlike, r.Name)
		}
		if compared.On(c.Part) == nil {
			return nil, fmt.Errorf("%s has no results of the %s part", r.Path, c.Part)
		}
		c.Runs = append(c.Runs, *compared)
		if held[i] == nil {
			c.Silent = append(c.Silent, r.Name)
		}
		if apart := r.apart(first); c.Apart == "" {
			c.Apart = apart
		}
	}
	if c.Apart == "" {
		c.Rules = rules(runs, c.Part)
		c.Pairs = pairs(c, held)
	} else {
		c.Silent = nil // nobody would look at them
	}
	return c, nil
}

// comparable finds out whether the runs have a figure in common.
func comparable(runs []Run) error {
	if len(runs) < 2 {
		return errors.New("it takes two runs to compare")
	}
	first := runs[0]
	for i, r := range runs {
		switch {
		case r.Recipe.Task != first.Recipe.Task:
			return fmt.Errorf("%s is a %s and %s a %s: they have no figure in common", first.Name, first.Recipe.Task, r.Name, r.Recipe.Task)
		case r.Recipe.Data.Unit != first.Recipe.Data.Unit:
			return fmt.Errorf("%s predicts in %s and %s in %s: their errors cannot be compared", first.Name, unit(first), r.Name, unit(r))
		}
		for _, other := range runs[:i] {
			if r.Lock.Seal == other.Lock.Seal {
				return fmt.Errorf("%s and %s are the same run: each is named once", other.Path, r.Path)
			}
		}
	}
	return nil
}

func unit(r Run) string {
	if u := r.Recipe.Data.Unit; u != "" {
		return u
	}
	return "no unit"
}

// apart says in what the photos that two runs were judged on differ, empty where they
// are the same.
func (r Run) apart(other Run) string {
	a, b := r.Lock, other.Lock
	switch {
	case a.Data.Images.Digest != b.Data.Images.Digest, a.Data.Table.Canonical != b.Data.Table.Canonical, r.Recipe.Data.Target != other.Recipe.Data.Target:
		return "data"
	case a.Clean.Ledger != b.Clean.Ledger:
		return "clean"
	case a.Split.Digest != b.Split.Digest:
		return "split"
	}
	return ""
}

// compared gathers what there is to say of one run.
func (r Run) compared(from string, timed bool) (*report.Compared, error) {
	c := &report.Compared{
		Name: r.Name, Lock: r.place(), Report: r.page(from), Seal: r.Lock.Seal.String(), Network: r.Recipe.Network.Backbone,
		Parameters: r.Lock.Model.Parameters, Epochs: r.History(), Judged: []report.Judged{}, Series: r.Series(),
	}
	for _, part := range []string{evaluate.Test, evaluate.Validation} {
		score, ok := r.Lock.Results[part]
		if !ok {
			continue
		}
		j := report.Judged{Part: part, Photos: score.Photos}
		for _, f := range score.Figures() {
			j.Figures = append(j.Figures, report.Score(f))
		}
		if ends := score.Interval(); len(ends) == 2 {
			j.Interval = &metric.Interval{Low: ends[0], High: ends[1]}
		}
		c.Judged = append(c.Judged, j)
	}
	cost, err := r.Cost()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path, err)
	}
	c.Network, c.Trained, c.Convolutions, c.Dense, c.Bytes, c.MultiplyAdds = cost.Backbone, cost.Trained, cost.Convolutions, cost.Dense, cost.Bytes, cost.MultiplyAdds
	if timed {
		took, err := cost.Time()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Path, err)
		}
		c.Milliseconds = float64(took.Microseconds()) / 1000
	}
	return c, nil
}

// place is the lock's path in its project or, where it came in a pack or an exported file,
// the path of that.
func (r Run) place() string {
	own := r.Recipe.Name + lock.Suffix
	if filepath.Base(r.Path) == own {
		return "lock/" + own
	}
	return filepath.ToSlash(r.Path)
}

// page is the path of the run's report from a folder, empty where it has none there.
func (r Run) page(from string) string {
	file := filepath.Join(r.Place.Report(r.Recipe.Name), "report.md")
	if _, err := os.Stat(file); err != nil || from == "" {
		return ""
	}
	absolute, err := filepath.Abs(from)
	if err != nil {
		return ""
	}
	path, err := filepath.Rel(absolute, file)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(path)
}

// rules are the baselines that are the same for all runs.
func rules(runs []Run, part string) []report.Rule {
	all := []report.Rule{}
	of := func(r Run) map[string]float64 { return r.Lock.Results[part].Baselines() }
	for _, name := range slices.Sorted(maps.Keys(of(runs[0]))) {
		value := of(runs[0])[name]
		if !slices.ContainsFunc(runs, func(r Run) bool { v, ok := of(r)[name]; return !ok || v != value }) {
			all = append(all, report.Rule{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(all, func(a, b report.Rule) int { // the strongest first
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
	return all
}

// allPairs is up to how many runs every one is compared with every other, and not only
// with the first.
const allPairs = 5

// pairs compares the runs on the same photos.
func pairs(c *report.Comparison, held [][]photo) []report.Pair {
	all := []report.Pair{}
	for b := range held {
		for a := range b {
			if a > 0 && len(held) > allPairs || held[a] == nil || held[b] == nil {
				continue
			}
			if p, ok := pair(c.Metric, c.Level, held[a], held[b]); ok {
				p.A, p.B = c.Runs[a].Name, c.Runs[b].Name
				all = append(all, p)
			}
		}
	}
	return all
}

// pair compares two runs on the photos that both predicted; it reports false where there
// are none.
func pair(figure string, level float64, a, b []photo) (p report.Pair, ok bool) {
	other := map[row]photo{}
	for _, photo := range b {
		other[photo.row] = photo
	}
	var truth, first, second []float64
	var groups []string
	individuals := map[string]bool{}
	for _, x := range a {
		y, both := other[x.row]
		if !both || x.truth != y.truth {
			continue
		}
		truth, first, second, groups = append(truth, x.truth), append(first, x.predicted), append(second, y.predicted), append(groups, x.group)
		if x.group != "" {
			individuals[x.group] = true
		}
	}
	if len(truth) == 0 {
		return p, false
	}
	compare := metric.PairedRMSE
	if figure == "accuracy" {
		compare = metric.PairedAccuracy
	}
	difference, interval, sure := compare(truth, first, second, groups, level, evaluate.Resamples, rng.New(1, "paired"))
	p = report.Pair{Photos: len(truth), Individuals: len(individuals), Difference: difference}
	if sure {
		p.Interval = &interval
	}
	return p, true
}

// photo is one prediction; a class is its number, the same in all runs.
type photo struct {
	row
	group            string
	truth, predicted float64
}

// predictions returns those of a run for a part, from its store or from its locked
// report, nil where they are not at hand. classes numbers the classes of all runs.
func predictions(r Run, part string, classes map[string]float64) (photos []photo, err error) {
	number := func(class string) float64 {
		n, seen := classes[class]
		if !seen {
			n = float64(len(classes))
			classes[class] = n
		}
		return n
	}
	times := map[string]int{}
	add := func(file, group string, truth, value float64) {
		photos = append(photos, photo{row{file, times[file]}, group, truth, value})
		times[file]++
	}
	if _, evaluation := experiment.Recall(r.Store, r.Lock); evaluation != nil {
		for _, p := range evaluation.Of(part) {
			truth, value := p.True, p.Predicted
			if evaluation.Classes != nil {
				truth, value = number(className(truth, evaluation)), number(className(value, evaluation))
			}
			add(p.Image, p.Group, truth, value)
		}
		return photos, nil
	}
	if !r.ReportIsLocked() {
		return photos, nil
	}
	file := filepath.Join(r.Place.Report(r.Recipe.Name), report.PredictionsFile)
	text, err := os.ReadFile(file)
	if err != nil { // a report of before there was such a file
		return photos, nil
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	for line, row := range rows {
		if len(row) < 5 {
			return nil, fmt.Errorf("read %s: it has %d columns", file, len(row))
		}
		if line == 0 || row[2] != part {
			continue
		}
		if r.Recipe.Task == recipe.Classification {
			add(row[0], row[1], number(row[3]), number(row[4]))
			continue
		}
		truth, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", file, line+1, err)
		}
		value, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", file, line+1, err)
		}
		add(row[0], row[1], truth, value)
	}
	return photos, nil
}

// className returns what a class is called, empty where an evaluation has no such class.
func className(index float64, e *evaluate.Evaluation) string {
	if !(index >= 0 && index < float64(len(e.Classes))) {
		return ""
	}
	return e.Classes[int(index)]
}

// LockOf returns the path of the lock that people mean by a word: a lockfile, a pack or
// an exported file itself, else the lock of a recipe, of a report's folder, or of a name
// in the project that we are in.
func LockOf(word string) (string, error) {
	info, err := os.Stat(word)
	switch {
	case err == nil && info.IsDir():
		absolute, err := filepath.Abs(word)
		if err != nil {
			return "", err
		}
		return existing(filepath.Join(filepath.Dir(filepath.Dir(absolute)), "lock", filepath.Base(absolute)+lock.Suffix), word+" is no folder of a report")
	case err == nil && isRecipe(word):
		loaded, err := recipe.Load(word, recipe.Options{})
		if err != nil {
			return "", err
		}
		place, err := project.Find(word, "", "")
		if err != nil {
			return "", err
		}
		return existing(place.Lock(loaded.Name), word+" has no lock: runner apply makes it")
	case err == nil:
		return word, nil
	}
	if strings.ContainsAny(word, `/\.`) {
		return "", fmt.Errorf("there is no file %s", word)
	}
	place, err := project.Around(".")
	if err != nil {
		return "", err
	}
	return existing(place.Lock(word), "there is no run "+word)
}

// isRecipe reports whether a file is called as recipes are, and is not a lock by
// such a name.
func isRecipe(path string) bool {
	if strings.HasSuffix(path, lock.Suffix) || !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".yml") {
		return false
	}
	_, err := lock.Read(path)
	return err != nil
}

// existing returns a path to a file that exists, from here where that is below.
func existing(path, otherwise string) (string, error) {
	if here, err := filepath.Abs("."); err == nil {
		if near, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(near) {
			path = near
		}
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s: no %s", otherwise, filepath.ToSlash(path))
	}
	return path, nil
}
