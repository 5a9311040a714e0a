package report

import (
	"fmt"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// TestFeatures holds what the page says of a second input: each column, how it was
// fitted, what became of empty cells, and the baseline that sees nothing else.
func TestFeatures(t *testing.T) {
	d := document(t, func(in *evaluate.Input) {
		in.Features = []string{"age"}
		for i := range in.Samples {
			in.Samples[i].Features = []float64{float64(i % 7)}
		}
	})
	fill, most, none := 21.5, "loam", ""
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprint("variety ", i)
	}
	d.Features = []Feature{
		{Column: "age", Mean: 20.25, Std: 4.125, Fill: &fill, Empty: 12},
		{Column: "dose", Std: 1},
		{Column: "soil", Categories: []string{"clay", "loam|sand"}, FillCategory: &most, Empty: 1},
		{Column: "variety", Categories: many, FillCategory: &none, Empty: 3},
	}
	text := string(page(d))
	for _, want := range []string{
		"Beside the photo it sees 34 numbers of the table",
		"| `age` | the number, less the mean of 20.2, by the standard deviation of 4.12 | 12, taken for 21.5 |",
		"| `dose` | the number as it is | none |",
		"| `soil` | one number for each category: `clay`, `loam\\|sand` | 1, taken for `loam` |",
		"| `variety` | one number for each of 30 categories | 3, of no category |",
		", against 0.0301 g for ridge regression on colours and ",
		"\n| linear regression on the features | ",
		"\n- Linear regression on the features: a ridge regression without the photo, fitted on the training part to age; ",
		"**The network does not beat ridge regression on colours.**",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// TestVerdict compares a network with three baselines, of which it beats some.
func TestVerdict(t *testing.T) {
	scores := func(rmse float64) *evaluate.Scores { return &evaluate.Scores{Errors: &evaluate.Errors{RMSE: rmse}} }
	for want, rmse := range map[string]float64{
		"The network beats all baselines.":                                                                0.5,
		"**The network does not beat ridge regression on colours.**":                                      1.5,
		"**The network does not beat linear regression on the features or ridge regression on colours.**": 2.5,
		"**The network beats no baseline.**":                                                              3,
	} {
		e := &evaluate.Evaluation{
			Headline:  "test",
			Parts:     []evaluate.Part{{Name: "test", Scores: scores(rmse)}},
			Baselines: []evaluate.Baseline{{Name: "mean", Test: scores(3)}, {Name: "linear", Test: scores(2)}, {Name: "ridge", Test: scores(1)}},
		}
		if got := verdict(Document{Evaluation: e}); got != want {
			t.Errorf("%v: got %q, want %q", rmse, got, want)
		}
	}
}
