package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
)

// Comparison is everything that a page about several runs shows. As a Document, it
// holds what was found, and nothing of it is computed here.
type Comparison struct {
	Language `json:"-"`
	Task     string `json:"task"`
	Unit     string `json:"unit"`
	// Part of the split that the runs are compared on, and Metric, rmse or accuracy.
	Part     string     `json:"part"`
	Metric   string     `json:"metric"`
	Level    float64    `json:"interval_level"` // of all intervals, report.interval of the first run
	Runs     []Compared `json:"runs"`
	Settings []Setting  `json:"settings"` // those in which the runs differ
	Pairs    []Pair     `json:"pairs"`
	// Rules are simple ones that all runs were judged beside.
	Rules []Rule `json:"rules"`
	// Apart says in what the runs have nothing in common that single photos could be
	// compared by: data, clean or split; empty where they were judged on the same ones.
	Apart string `json:"apart,omitempty"`
	// Silent are the runs whose single predictions are not at hand.
	Silent []string `json:"silent,omitempty"`
	// Unlike are the runs whose own intervals have another level, and so are left out.
	Unlike []string `json:"unlike,omitempty"`

	width vg.Length // of the charts that are being drawn
}

// Compared is one run.
type Compared struct {
	Name   string `json:"name"`
	Lock   string `json:"lock"`             // its path in its project, or that of its pack
	Report string `json:"report,omitempty"` // the path of its page from this one; empty where there is none
	Seal   string `json:"seal"`             // of the lock

	Network    string `json:"network"`
	Parameters int    `json:"parameters"`
	// Trained is how many of them train in the first epoch. It, the number of layers, the
	// Bytes of the weights and the MultiplyAdds for one photo are 0 where they are not known.
	Trained      int `json:"trained_parameters"`
	Convolutions int `json:"convolutions"`
	Dense        int `json:"dense_layers"`
	Bytes        int `json:"weight_bytes"`
	MultiplyAdds int `json:"multiply_adds"`
	// Milliseconds that one photo took on some machine; 0 where nobody measured.
	Milliseconds float64 `json:"milliseconds,omitempty"`

	Epochs []Epoch  `json:"epochs"`
	Judged []Judged `json:"judged"` // test and validation, as far as they are there
	Series []Series `json:"series,omitempty"`
}

// Judged are the figures of a part of the split.
type Judged struct {
	Part     string           `json:"part"`
	Photos   int              `json:"photos"`
	Figures  []Score          `json:"figures"`
	Interval *metric.Interval `json:"interval,omitempty"` // of the first figure
}

// Score is a figure by its name.
type Score struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Setting is a key of the recipes and its value in each of them.
type Setting struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Pair is by how much the metric of run B exceeds that of A on the same photos.
type Pair struct {
	A           string           `json:"a"`
	B           string           `json:"b"`
	Photos      int              `json:"photos"`
	Individuals int              `json:"individuals,omitempty"` // 0 where they are not known
	Difference  float64          `json:"difference"`
	Interval    *metric.Interval `json:"interval,omitempty"`
}

// Chance reports whether the difference may be one of the photos that happened to be
// judged: nobody can exclude that there is none.
func (p Pair) Chance() bool {
	return p.Interval == nil || p.Interval.Low <= 0 && p.Interval.High >= 0
}

// Rule is a baseline of all runs, judged by R² or accuracy.
type Rule struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// On returns what is known of a part, nil where it is nothing.
func (r *Compared) On(part string) *Judged {
	for i := range r.Judged {
		if r.Judged[i].Part == part {
			return &r.Judged[i]
		}
	}
	return nil
}

// figure returns a score, 0 where it is not known.
func (j *Judged) figure(name string) float64 {
	for _, s := range j.Figures {
		if s.Name == name {
			return s.Value
		}
	}
	return 0
}

// value returns the metric that the runs are compared by.
func (c *Comparison) value(r *Compared) float64 { return r.On(c.Part).figure(c.Metric) }

// classifies reports whether accuracies are compared, not errors.
func (c *Comparison) classifies() bool { return c.Metric == "accuracy" }

// better reports whether a is the better of two values of a figure.
func better(figure string, a, b float64) bool {
	switch figure {
	case "rmse", "mae", "cross_entropy":
		return a < b
	}
	return a > b
}

// Ranked returns the runs from the best to the worst.
func (c *Comparison) Ranked() []*Compared {
	ranked := make([]*Compared, len(c.Runs))
	for i := range c.Runs {
		ranked[i] = &c.Runs[i]
	}
	slices.SortStableFunc(ranked, func(a, b *Compared) int {
		order := cmp.Compare(c.value(a), c.value(b))
		if c.classifies() {
			return -order
		}
		return order
	})
	return ranked
}

// pair returns the difference between two runs as that of b and a, nil where it is not
// known.
func (c *Comparison) pair(a, b string) *Pair {
	for _, p := range c.Pairs {
		if p.A == a && p.B == b {
			return &p
		}
		if p.A == b && p.B == a {
			p.A, p.B, p.Difference = a, b, -p.Difference
			if p.Interval != nil {
				p.Interval = &metric.Interval{Low: -p.Interval.High, High: -p.Interval.Low}
			}
			return &p
		}
	}
	return nil
}

// RenderComparison returns the files of a comparison by name. It writes nothing.
func RenderComparison(c *Comparison) (map[string][]byte, error) {
	if len(c.Runs) < 2 {
		return nil, errors.New("render comparison: it takes two runs")
	}
	for i := range c.Runs {
		if r := &c.Runs[i]; r.On(c.Part) == nil || len(r.Epochs) == 0 {
			return nil, fmt.Errorf("render comparison: %s has no figures of the %s part, or no history", r.Name, c.Part)
		}
	}
	if _, err := json.Marshal(c); err != nil { // a lock may be anybody's
		return nil, fmt.Errorf("render comparison: a figure is no number: %w", err)
	}
	files, pictures := map[string][]byte{pageFile: comparisonPage(c)}, map[string]shown{}
	for _, f := range comparisonFigures {
		s := drawn(func(width vg.Length) *chart { c.width = width; return f.draw(c) })
		if s.file != nil {
			files[f.file], pictures[f.file] = s.file, s
		}
	}
	html, err := htmlPage(c.Language, files[pageFile], pictures)
	if err != nil {
		return nil, fmt.Errorf("render comparison: %s: %w", htmlFile, err)
	}
	files[htmlFile] = html
	return files, nil
}

// newChart returns a chart as wide as the comparison is drawn.
func (c *Comparison) newChart(title, subtitle, horizontal, vertical string) *chart {
	return newChart(c.Language, c.width, title, subtitle, horizontal, vertical)
}

// comparisonPage writes report.md of a comparison.
func comparisonPage(c *Comparison) []byte {
	m := &markdown{}
	var names []string
	for _, r := range c.Runs {
		names = append(names, r.Name)
	}
	last := len(names) - 1
	title := c.t("%s against %s", names[0], names[last])
	if last > 1 {
		title = c.t("%s and %s", strings.Join(names[:last], ", "), names[last])
	}
	m.say("# " + plain(title))
	c.opening(m)
	c.results(m)
	c.differences(m)
	c.spread(m)
	c.learning(m)
	c.networks(m)
	c.settings(m)
	c.locks(m)
	return append(bytes.TrimRight(m.Bytes(), "\n"), '\n')
}

// opening says which run is the best, and how sure that is.
func (c *Comparison) opening(m *markdown) {
	ranked := c.Ranked()
	best, second := ranked[0], ranked[1]
	name := c.fill(figuresOf[c.Metric], c.first(c.Part))
	answer := c.t("**%s has the best result: %s %s**", plain(best.Name), name, c.write(c.Metric, c.value(best))[0])
	if i := best.On(c.Part).Interval; i != nil {
		answer += c.t(" (%s %% interval %s)", c.level(c.Level), c.ends(c.write(c.Metric, c.value(best), i.Low, i.High)[1:]))
	}
	answer += c.t(", against %s for %s.", c.write(c.Metric, c.value(second))[0], plain(second.Name))
	if p := c.pair(second.Name, best.Name); p != nil {
		answer += " " + c.pairText(p)
	}
	if len(ranked) > 2 {
		last := ranked[len(ranked)-1]
		answer += " " + c.t("The last of the %d, %s, has %s.", len(ranked), plain(last.Name), c.write(c.Metric, c.value(last))[0])
	}
	m.say(answer)
	warnings := c.Warnings()
	if len(warnings) > 0 {
		m.WriteString("> [!WARNING]\n")
		for _, w := range warnings {
			m.WriteString("> - " + w + "\n")
		}
		m.WriteString("\n")
	}
}

// Warnings say what a reader has to know beside the figures, in plain Markdown.
func (c *Comparison) Warnings() []string {
	var warnings []string
	switch c.Apart {
	case "data":
		warnings = append(warnings, c.t("The runs saw different data: what differs between their figures need not come from the runs, and photos cannot be compared one by one."))
	case "clean":
		warnings = append(warnings, c.t("Cleaning kept different rows: the runs were judged on different photos, which cannot be compared one by one."))
	case "split":
		warnings = append(warnings, c.t("The splits differ: the runs were judged on different photos, and one may have trained on what another was tested on. Photos are not compared one by one."))
	}
	if c.Part == evaluate.Validation {
		warnings = append(warnings, c.t("The runs are compared on the validation part, on which their epochs were chosen, because not all have a test part: the figures are too good."))
	}
	if len(c.Unlike) > 0 {
		warnings = append(warnings, c.t("The intervals of %s have another level than %s %% (report.interval), and are left out.", plain(strings.Join(c.Unlike, ", ")), c.level(c.Level)))
	}
	if len(c.Silent) > 0 {
		warnings = append(warnings, c.t("Single predictions are neither in the store nor beside the locked report of %s: `runner apply` brings them back. Differences to it have no interval.", plain(strings.Join(c.Silent, ", "))))
	}
	return warnings
}

// pairText says in a sentence by how much B differs from A, and whether that is sure.
func (c *Comparison) pairText(p *Pair) string {
	photos := c.plural(p.Photos, "photo")
	if p.Individuals > 0 {
		photos = c.t("%s of %s", photos, c.plural(p.Individuals, "individual"))
	}
	if p.Interval == nil {
		return c.t("On the same %s the two differ by %s; that is too few individuals for an interval.", photos, c.change(p.Difference)[0])
	}
	difference, level := c.change(p.Difference)[0], c.level(c.Level)
	interval := c.ends(c.change(p.Interval.Low, p.Interval.High))
	if p.Chance() {
		return c.t("On the same %s the two differ by %s (%s %% interval %s): **it may be chance.**", photos, difference, level, interval)
	}
	return c.t("On the same %s the two differ by %s (%s %% interval %s).", photos, difference, level, interval)
}

// ends writes an interval; a unit that both ends have stands behind the second alone.
func (c *Comparison) ends(texts []string) string {
	low, high := texts[0], texts[1]
	if number, unit, has := strings.Cut(low, " "); has && strings.HasSuffix(high, " "+unit) {
		low = number
	}
	return c.t("%s to %s", low, high)
}

// shown is how many decimals a share in per cent has: two, where that many photos were
// judged that they mean something.
func (c *Comparison) shown(photos int) int {
	if photos >= 2000 {
		return 2
	}
	return 1
}

// write writes values of a figure with as many digits as the first needs.
func (c *Comparison) write(figure string, values ...float64) []string {
	texts := make([]string, len(values))
	switch figure {
	case "accuracy", "balanced_accuracy":
		for i, v := range values {
			texts[i] = c.decimal(100*v, c.shown(c.Runs[0].On(c.Part).Photos)) + " %"
		}
	case "rmse", "mae":
		for i, text := range c.alike(math.Abs(values[0]), values...) {
			texts[i] = strings.TrimSpace(text + " " + c.Unit)
		}
	default:
		for i, v := range values {
			texts[i] = c.decimal(v, 3)
		}
	}
	return texts
}

// change writes differences of the metric, with their sign: of accuracies in
// percentage points.
func (c *Comparison) change(values ...float64) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		if c.classifies() {
			texts[i] = c.t("%s points", c.decimal(100*v, 2))
		} else {
			texts[i] = strings.TrimSpace(c.decimal(v, c.fine()) + " " + c.Unit)
		}
		if v > 0 {
			texts[i] = "+" + texts[i]
		}
	}
	return texts
}

// fine is how many decimals differences of an RMSE need: one more than the smallest of
// the RMSEs.
func (c *Comparison) fine() int {
	least := math.Inf(1)
	for i := range c.Runs {
		least = min(least, c.value(&c.Runs[i]))
	}
	return min(decimals(least)+1, 9)
}

// names of the figures of the tables, in their order.
var (
	errorFigures = []string{"rmse", "mae", "r2"}
	hitFigures   = []string{"accuracy", "balanced_accuracy", "macro_f1", "cross_entropy"}
)

// figureName writes the name of a figure with its unit.
func (c *Comparison) figureName(figure string) string {
	if figure == "cross_entropy" {
		return c.t("cross entropy")
	}
	name := c.word(figureNames[figure])
	if figure == "rmse" || figure == "mae" {
		return named(name, plain(c.Unit))
	}
	return name
}

// results shows the figures side by side, the best in bold.
func (c *Comparison) results(m *markdown) {
	m.section(c.t("Results"))
	for _, part := range []string{evaluate.Test, evaluate.Validation} {
		if !slices.ContainsFunc(c.Runs, func(r Compared) bool { return r.On(part) != nil }) {
			continue
		}
		c.scores(m, part)
		if part == c.Part {
			m.picture(c.scoresText(), scoresFile)
		}
	}
	if len(c.Rules) > 0 {
		var list []string
		for _, r := range c.Rules {
			value := "R² " + c.decimal(r.Value, 3)
			if c.classifies() {
				value = c.percent(r.Value)
			}
			list = append(list, c.word(labels[r.Name])+" "+value)
		}
		m.say(c.t("Simple rules on the same photos: %s.", strings.Join(list, "; ")))
	}
}

// scores is the table of one part, a row a run.
func (c *Comparison) scores(m *markdown, part string) {
	judged := make([]*Judged, len(c.Runs)) // nil of a run without the part
	var known []*Judged
	header, align, rows := []string{c.t("run")}, "l", make([][]string, len(c.Runs))
	for i := range c.Runs {
		rows[i] = []string{c.link(c.Runs[i])}
		if judged[i] = c.Runs[i].On(part); judged[i] != nil {
			known = append(known, judged[i])
		}
	}
	column := func(name string, value func(*Judged) string) {
		header, align = append(header, name), align+"r"
		for i, j := range judged {
			text := ""
			if j != nil {
				text = value(j)
			}
			rows[i] = append(rows[i], text)
		}
	}
	unitless := func(text string) string { return strings.TrimSuffix(text, " "+c.Unit) } // it stands in the head
	figures := errorFigures
	if c.classifies() {
		figures = hitFigures
	}
	for k, figure := range figures {
		first, best := known[0].figure(figure), known[0].figure(figure)
		for _, j := range known {
			if better(figure, j.figure(figure), best) {
				best = j.figure(figure)
			}
		}
		column(c.figureName(figure), func(j *Judged) string {
			text := unitless(c.write(figure, first, j.figure(figure))[1])
			if j.figure(figure) == best && len(known) > 1 {
				return "**" + text + "**"
			}
			return text
		})
		if k == 0 {
			column(c.t("%s %% interval", c.level(c.Level)), func(j *Judged) string {
				if j.Interval == nil {
					return ""
				}
				return unitless(c.ends(c.write(figure, first, j.Interval.Low, j.Interval.High)[1:]))
			})
		}
	}
	same := !slices.ContainsFunc(known, func(j *Judged) bool { return j.Photos != known[0].Photos })
	if !same {
		column(c.t("photos"), func(j *Judged) string { return c.count(j.Photos) })
	}
	switch {
	case part == c.Part && same:
		m.say(c.t("On the %s part, %s:", c.first(part), c.plural(known[0].Photos, "photo")))
	case part == c.Part:
		m.say(c.t("On the %s part:", c.first(part)))
	default:
		m.say(c.t("On the %s part, on which epochs were chosen:", c.first(part)))
	}
	m.table(align, header, rows...)
}

// link names a run, and leads to its page where there is one.
func (c *Comparison) link(r Compared) string {
	if r.Report == "" {
		return plain(r.Name)
	}
	return "[" + plain(r.Name) + "](" + r.Report + ")"
}

// differences shows the paired differences.
func (c *Comparison) differences(m *markdown) {
	if len(c.Pairs) == 0 {
		return
	}
	m.section(c.t("Differences on the same photos"))
	m.say(c.t("Each pair was judged on the same photos, so that what is hard for both cancels out: a bootstrap draws whole individuals (photos, where the data name none), the same for both, and each interval is of one difference alone. It tells how much hangs on which photos were tested, and nothing of how much another seed of the training would change."))
	m.picture(c.differencesText(), differencesFile)
	rows := [][]string{}
	for _, p := range c.Pairs {
		row := []string{c.t("%s less %s", plain(p.B), plain(p.A)), c.change(p.Difference)[0], "", c.count(p.Photos), c.judgement(p)}
		if p.Interval != nil {
			row[2] = c.ends(c.change(p.Interval.Low, p.Interval.High))
		}
		rows = append(rows, row)
	}
	name := c.fill(figuresOf[c.Metric], c.first(c.Part))
	m.table("lrrrl", []string{name, c.t("difference"), c.t("%s %% interval", c.level(c.Level)), c.t("photos"), ""}, rows...)
}

// judgement names the better of a pair, if that is sure.
func (c *Comparison) judgement(p Pair) string {
	switch {
	case p.Interval == nil:
		return c.t("too few individuals")
	case p.Chance():
		return c.t("may be chance")
	case better(c.Metric, p.Difference, 0):
		return c.t("%s is better", plain(p.B))
	}
	return c.t("%s is better", plain(p.A))
}

// spread shows what other seeds and folds of a run gave.
func (c *Comparison) spread(m *markdown) {
	header, rows := []string{c.t("run"), "", c.t("trainings")}, [][]string{}
	names := map[string]bool{}
	for _, r := range c.Runs {
		for _, s := range r.Series {
			row := []string{plain(r.Name), c.word(over[s.Over]), c.count(len(s.Runs))}
			for _, column := range s.Columns {
				if column.Part != c.Part || figureNames[column.Figure] == "" {
					continue
				}
				name, _, mean := column.write(c.Language, c.Unit, nil)
				if !names[name] {
					names[name] = true
					header = append(header, name)
				}
				row = append(row, mean)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	m.section(c.t("Seeds and folds"))
	m.say(c.t("Mean and standard deviation over the trainings of a run. Two runs that differ by less than their trainings do not differ."))
	m.table("ll"+strings.Repeat("r", len(header)-2), header, rows...)
}

// learning shows the curves over each other.
func (c *Comparison) learning(m *markdown) {
	m.section(c.t("Training"))
	if c.validated() {
		m.picture(c.lossText(), lossFile)
		if slices.ContainsFunc(c.Settings, func(s Setting) bool {
			return strings.HasPrefix(s.Key, "train.loss") || strings.HasPrefix(s.Key, "transform.target") || s.Key == "train.class_weights"
		}) {
			m.say(c.t("The runs measure their loss in different ways: how high the curves lie says nothing, only how they fall."))
		}
		m.picture(c.progressText(), progressFile)
	}
	rows := [][]string{}
	for _, r := range c.Runs {
		kept := r.Kept()
		row := []string{c.name(r), c.count(len(r.Epochs)), c.count(kept.Epoch), c.significant(kept.TrainLoss)}
		if c.validated() {
			row = append(row, c.significant(kept.ValidationLoss))
		}
		rows = append(rows, row)
	}
	header := []string{c.t("run"), c.t("epochs"), c.t("kept epoch"), c.t("train loss")}
	if c.validated() {
		header = append(header, c.t("validation loss"))
	}
	m.table("l"+strings.Repeat("r", len(header)-1), header, rows...)
}

// name writes a run's name into a table.
func (c *Comparison) name(r Compared) string { return plain(r.Name) }

// validated reports whether all runs have a validation part.
func (c *Comparison) validated() bool {
	return !slices.ContainsFunc(c.Runs, func(r Compared) bool { return r.On(evaluate.Validation) == nil })
}

// Kept returns the epoch that was kept, the last where none is marked.
func (r *Compared) Kept() Epoch {
	for _, e := range r.Epochs {
		if e.Kept {
			return e
		}
	}
	return r.Epochs[len(r.Epochs)-1]
}

// networks compares what the networks take.
func (c *Comparison) networks(m *markdown) {
	m.section(c.t("Networks"))
	timed := slices.ContainsFunc(c.Runs, func(r Compared) bool { return r.Milliseconds > 0 })
	frozen := slices.ContainsFunc(c.Runs, func(r Compared) bool { return r.Trained > 0 && r.Trained < r.Parameters })
	header := []string{c.t("run"), c.t("network"), c.t("layers"), c.t("parameters")}
	if frozen {
		header = append(header, c.t("of them trained"))
	}
	header = append(header, c.t("weights (MB)"), c.t("multiply-adds (M)"))
	if timed {
		header = append(header, c.t("ms an image"))
	}
	header = append(header, c.figureName(c.Metric))
	known := func(n int, text string) string {
		if n == 0 {
			return "–"
		}
		return text
	}
	var rows [][]string
	for i := range c.Runs {
		r := &c.Runs[i]
		row := []string{c.name(*r), code(r.Network), known(r.Convolutions+r.Dense, layersText(r)), c.count(r.Parameters)}
		if frozen {
			row = append(row, known(r.Trained, c.count(r.Trained)))
		}
		row = append(row, known(r.Bytes, c.significant(float64(r.Bytes)/1e6)), known(r.MultiplyAdds, c.significant(float64(r.MultiplyAdds)/1e6)))
		if timed {
			row = append(row, known(int(math.Ceil(r.Milliseconds)), c.significant(r.Milliseconds)))
		}
		rows = append(rows, append(row, strings.TrimSuffix(c.write(c.Metric, c.value(r))[0], " "+c.Unit)))
	}
	m.table("lll"+strings.Repeat("r", len(header)-3), header, rows...)
	m.say(c.t("The weights are all tensors of the file, 4 bytes a number. Multiply-adds, in millions, are those of convolutions and dense layers for one photo."))
	if timed {
		m.say(c.t("The time is that of one photo by itself, the median of many on the machine that made this page: another machine measures another one."))
	}
}

// layersText counts the layers that multiply, in the words of recipes.
func layersText(r *Compared) string {
	if r.Convolutions == 0 {
		return fmt.Sprintf("%d\u00a0dense", r.Dense)
	}
	return fmt.Sprintf("%d\u00a0conv, %d\u00a0dense", r.Convolutions, r.Dense)
}

// settings shows in what the recipes differ.
func (c *Comparison) settings(m *markdown) {
	m.section(c.t("Settings that differ"))
	if len(c.Settings) == 0 {
		m.say(c.t("None."))
		return
	}
	header := []string{c.t("setting")}
	for _, r := range c.Runs {
		header = append(header, c.name(r))
	}
	var rows [][]string
	for _, s := range c.Settings {
		row := []string{code(s.Key)}
		for _, v := range s.Values {
			row = append(row, code(v))
		}
		rows = append(rows, row)
	}
	m.table(strings.Repeat("l", len(header)), header, rows...)
}

// locks says where all this comes from, and how to check it.
func (c *Comparison) locks(m *markdown) {
	m.section(c.t("Locks"))
	m.say(c.t("All figures are those of the locks, which can be checked:"))
	m.WriteString("```sh\n")
	var rows [][]string
	for _, r := range c.Runs {
		m.WriteString("bin/runner verify " + quoted(r.Lock) + "\n")
		rows = append(rows, []string{c.name(r), code(r.Lock), code(r.Seal)})
	}
	m.WriteString("```\n\n")
	m.table("lll", []string{c.t("run"), c.t("lock"), c.t("seal")}, rows...)
}

// quoted writes a path so that a shell takes it for one word.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == "" {
		return path
	}
	return "'" + strings.NewReplacer("'", `'\''`, "\n", " ", "`", "").Replace(path) + "'"
}
