package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"biomass/runner/internal/metric"
)

// compared returns n made-up runs of a task, compared.
func compared(n int, task string) *Comparison {
	c := &Comparison{Task: task, Unit: "g", Part: "test", Metric: "rmse", Level: 0.95, Settings: []Setting{{Key: "train.epochs"}, {Key: "network.layers"}}}
	if task == "classification" {
		c.Metric, c.Unit = "accuracy", ""
	}
	names := []string{"mlp", "cnn", "own_network", "with_a_rather_long_name", "fifth", "sixth", "seventh"}
	for i := range n {
		step := float64(i%3) / 64
		figures := []Score{{"rmse", 0.25 - step}, {"mae", 0.125 + step}, {"r2", 0.5 + step}}
		interval := &metric.Interval{Low: 0.21875 - step, High: 0.28125 - step}
		if c.classifies() {
			figures = []Score{{"accuracy", 0.75 + step}, {"balanced_accuracy", 0.625 + step}, {"macro_f1", 0.5 + step}, {"cross_entropy", 0.5 - step}}
			interval = &metric.Interval{Low: 0.71875 + step, High: 0.78125 + step}
		}
		r := Compared{
			Name: names[i], Lock: "lock/" + names[i] + ".lock.yaml", Report: "../" + names[i] + "/report.md", Seal: "sha256:abc", Network: "layers",
			Parameters: 1000 * (i + 1), Trained: 1000 * (i + 1), Convolutions: i, Dense: 2, Bytes: 4000 * (i + 1), MultiplyAdds: 50000 * (i + 1),
			Judged: []Judged{{Part: "test", Photos: 400, Figures: figures, Interval: interval}, {Part: "validation", Photos: 200, Figures: figures}},
		}
		for e := 1; e <= 4+2*i; e++ {
			loss := 1/float64(e) + step
			r.Epochs = append(r.Epochs, Epoch{Epoch: e, TrainLoss: loss, ValidationLoss: loss + 0.125, ValidationRMSE: loss, ValidationAccuracy: 1 - loss/2, Kept: e == 3+i})
		}
		c.Runs = append(c.Runs, r)
		c.Settings[0].Values = append(c.Settings[0].Values, fmt.Sprint(4+2*i))
		c.Settings[1].Values = append(c.Settings[1].Values, "[flatten, {dense: 1}]")
		for k := range i {
			difference := float64(i%3-k%3) / 64
			if !c.classifies() {
				difference = -difference
			}
			c.Pairs = append(c.Pairs, Pair{A: names[k], B: names[i], Photos: 400, Individuals: 90, Difference: difference, Interval: &metric.Interval{Low: difference - 0.0078125, High: difference + 0.0078125}})
		}
	}
	return c
}

// TestComparison holds what pages about several runs say, and that their pictures are
// well-formed, in both languages and with whatever is missing.
func TestComparison(t *testing.T) {
	seeds := func(c *Comparison) {
		c.Runs[0].Series = []Series{{Over: "seeds", Columns: []SeriesColumn{{"test", "rmse", 0.25, 0.015625}, {"validation", "rmse", 1, 1}, {"test", "r2", 0.5, 0.25}}, Runs: []SeriesRun{{"1", 4, 3, []float64{0.25, 1, 0.5}}, {"2", 4, 3, []float64{0.265625, 1, 0.5}}}}}
	}
	for name, test := range map[string]struct {
		runs int
		task string
		edit func(*Comparison)
		say  []string
		not  []string
	}{
		"two": {2, "regression", nil, []string{
			"# mlp against cnn\n", "**cnn has the best result: test RMSE 0.234 g** (95 % interval 0.203 to 0.266 g), against 0.250 g for mlp.",
			"On the same 400 photos of 90 individuals the two differ by −0.0156 g (95 % interval −0.0234 to −0.0078 g).",
			"On the test part, 400 photos:\n", "| [mlp](../mlp/report.md) | 0.250 | 0.219 to 0.281 |", "cnn is better", "| `train.epochs` | `4` | `6` |", "bin/runner verify lock/cnn.lock.yaml\n", "1\u00a0conv, 2\u00a0dense",
		}, []string{"Seeds", "WARNING", "ms an image"}},
		"seven": {7, "classification", nil, []string{
			"# mlp, cnn, own_network, with_a_rather_long_name, fifth, sixth and seventh\n", "**own_network has the best result: test accuracy 78.1 %**", "+1.56 points", "may be chance",
		}, nil},
		"German": {3, "classification", func(c *Comparison) { c.Language = German }, []string{
			"# mlp, cnn und own_network\n", "Testgenauigkeit 78,1 %**", "Unterschiede auf denselben Fotos", "+1,56 Punkte",
		}, []string{"runs", "less", "Results"}},
		"seeds": {2, "regression", seeds, []string{"## Seeds and folds", "| mlp | seeds | 2 | 0.250 ± 0.016 | 0.500 ± 0.250 |"}, nil},
		"unknown": {2, "regression", func(c *Comparison) {
			c.Runs[1].Trained, c.Runs[1].Bytes, c.Runs[1].MultiplyAdds, c.Runs[1].Dense, c.Runs[1].Convolutions = 0, 0, 0, 0, 0
		}, []string{"| – | 2,000 | – | – |"}, nil},
		"frozen":                  {2, "regression", func(c *Comparison) { c.Runs[0].Trained = 10 }, []string{"of them trained", "| 1,000 | 10 |"}, nil},
		"timed":                   {2, "regression", func(c *Comparison) { c.Runs[0].Milliseconds, c.Runs[1].Milliseconds = 0.0256, 12.5 }, []string{"ms an image", "| 0.0256 |", "| 12.5 |"}, nil},
		"apart":                   {2, "regression", func(c *Comparison) { c.Apart, c.Pairs = "split", nil }, []string{"[!WARNING]", "The splits differ"}, []string{"Differences"}},
		"silent":                  {2, "regression", func(c *Comparison) { c.Silent, c.Pairs = []string{"cnn"}, nil }, []string{"neither in the store nor beside the locked report of cnn"}, []string{"Differences on"}},
		"another level":           {2, "regression", func(c *Comparison) { c.Level = 0.975 }, []string{"(97.5 % interval 0.203 to 0.266 g)", "(97.5 % interval −0.0234", "| 97.5 % interval |"}, []string{"95 %", "98 %"}},
		"unlike":                  {2, "regression", func(c *Comparison) { c.Unlike, c.Runs[1].Judged[0].Interval = []string{"cnn"}, nil }, []string{"The intervals of cnn have another level than 95 % (report.interval), and are left out."}, nil},
		"few individuals":         {2, "regression", func(c *Comparison) { c.Pairs[0].Interval = nil }, []string{"too few individuals"}, nil},
		"other numbers of photos": {2, "regression", func(c *Comparison) { c.Runs[1].Judged[0].Photos = 399 }, []string{"On the test part:\n", "| 399 |"}, nil},
		"chance":                  {2, "regression", func(c *Comparison) { c.Pairs[0].Interval.High = 1 }, []string{"**it may be chance.**"}, nil},
		"no validation": {2, "regression", func(c *Comparison) {
			for i := range c.Runs {
				c.Runs[i].Judged = c.Runs[i].Judged[:1]
			}
		}, []string{"| run | epochs | kept epoch | train loss |\n"}, []string{"loss.svg", "On the validation part"}},
		"validation only": {2, "regression", func(c *Comparison) {
			c.Part = "validation"
			for i := range c.Runs {
				c.Runs[i].Judged = c.Runs[i].Judged[1:]
			}
		}, []string{"the figures are too good", "| [mlp](../mlp/report.md) | 0.250 |  |"}, nil},
		"other loss":     {2, "regression", func(c *Comparison) { c.Settings[0].Key = "train.loss" }, []string{"measure their loss in different ways"}, nil},
		"strange names":  {2, "regression", func(c *Comparison) { c.Runs[0].Name, c.Runs[0].Lock = "a|<b>", "it's here.pack" }, []string{`a\|&lt;b&gt;`, `'it'\''s here.pack'`}, nil},
		"no settings":    {2, "regression", func(c *Comparison) { c.Settings = nil }, []string{"None."}, nil},
		"one epoch each": {2, "regression", func(c *Comparison) { c.Runs[0].Epochs, c.Runs[1].Epochs = c.Runs[0].Epochs[:1], c.Runs[1].Epochs[:1] }, nil, nil},
		"the same": {2, "regression", func(c *Comparison) {
			c.Runs[1].Judged, c.Pairs[0].Difference, c.Pairs[0].Interval = c.Runs[0].Judged, 0, &metric.Interval{}
		}, []string{"differ by 0.0000 g"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := compared(test.runs, test.task)
			if test.edit != nil {
				test.edit(c)
			}
			files, err := RenderComparison(c)
			if err != nil {
				t.Fatal(err)
			}
			if shown := os.Getenv("REPORT_SHOW"); shown != "" { // a folder to look at
				writeFiles(t, filepath.Join(shown, strings.ReplaceAll(name, " ", "_")), files)
			}
			page := string(files[pageFile])
			for _, words := range test.say {
				if !strings.Contains(page, words) {
					t.Errorf("the page does not say %q:\n%s", words, page)
				}
			}
			for _, words := range test.not {
				if strings.Contains(page, words) {
					t.Errorf("the page says %q:\n%s", words, page)
				}
			}
			for file, content := range files {
				if bad := regexp.MustCompile(`NaN|Inf\b|%!`).Find(content); bad != nil && file != htmlFile { // whose script has words of its own

					t.Errorf("%s has %q", file, bad)
				}
				if strings.HasSuffix(file, ".svg") {
					wellFormed(t, file, content)
					if !strings.Contains(page, "]("+file+")") {
						t.Errorf("the page does not show %s", file)
					}
				}
			}
			again, err := RenderComparison(c)
			for file := range files {
				if err != nil || !bytes.Equal(files[file], again[file]) {
					t.Errorf("%s is not the same again (%v)", file, err)
				}
			}
		})
	}
}

func TestComparisonNeedsFigures(t *testing.T) {
	for name, edit := range map[string]func(*Comparison){
		"one run":    func(c *Comparison) { c.Runs = c.Runs[:1] },
		"no figures": func(c *Comparison) { c.Runs[1].Judged = nil },
		"no number":  func(c *Comparison) { c.Runs[1].Judged[0].Figures[0].Value = math.NaN() },
		"no end":     func(c *Comparison) { c.Runs[1].Epochs[0].ValidationLoss = math.Inf(1) },
		"no history": func(c *Comparison) { c.Runs[0].Epochs = nil },
	} {
		c := compared(2, "regression")
		edit(c)
		if files, err := RenderComparison(c); err == nil {
			t.Errorf("%s: got %d files", name, len(files))
		}
	}
}

func TestComparisonNames(t *testing.T) {
	c := compared(3, "classification")
	c.Language = German
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if all := snakeCase(t, data); len(all["runs"].([]any)) != 3 || len(all["pairs"].([]any)) != 3 || all["Language"] != nil {
		t.Errorf("got %s", data)
	}
}

// The golden comparison is committed, so that a change of its looks is seen in review.
func TestGoldenComparison(t *testing.T) {
	c := compared(3, "classification")
	files, err := RenderComparison(c)
	if err != nil {
		t.Fatal(err)
	}
	delete(files, htmlFile) // made of the others
	dir := filepath.Join("testdata", "comparison")
	if *update {
		writeFiles(t, dir, files)
	}
	for name, data := range files {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s differs from %s (%v): look at both, then run the test with -update", name, dir, err)
		}
	}
}
