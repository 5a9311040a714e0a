package report

import (
	"strings"
	"testing"
)

// TestSeries holds the table of seeds, and the sentence that opens the report.
func TestSeries(t *testing.T) {
	d := document(t, nil)
	d.Series = []Series{{Over: "seeds", Columns: []SeriesColumn{
		{"test", "rmse", 0.0625, 0.0101}, {"test", "r2", 0.875, 0.031}, {"test", "cross_entropy", 1, 1},
	}, Runs: []SeriesRun{{"42", 12, 9, []float64{0.0551, 0.9, 1}}, {"43", 10, 10, []float64{0.0699, 0.85, 1}}}}}
	files, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Over 2 seeds: **test RMSE (g) 0.0625 ± 0.0101**. ",
		"## Seeds\n\nTrained with 2 seeds on the same split. Model, predictions and all other figures on this page are those of seed 42.\n\n" +
			"| seed | epochs | kept | test RMSE (g) | test R² |\n| --- | ---: | ---: | ---: | ---: |\n" +
			"| 42 | 12 | 9 | 0.0551 | 0.900 |\n| 43 | 10 | 10 | 0.0699 | 0.850 |\n" +
			"| **mean ± standard deviation** |  |  | **0.0625 ± 0.0101** | **0.875 ± 0.031** |\n",
	} {
		if !strings.Contains(string(files[pageFile]), want) {
			t.Errorf("the page has no %q:\n%s", want, files[pageFile])
		}
	}
	d = document(t, classes(5, 2))
	d.Series = []Series{{Over: "seeds", Columns: []SeriesColumn{{"test", "accuracy", 0.8123, 0.0151}}, Runs: []SeriesRun{{"1", 1, 1, []float64{0.8}}}}}
	if files, err = Render(d); err != nil || !strings.Contains(string(files[pageFile]), "**test accuracy 81.2 ± 1.5 %**") {
		t.Errorf("%v\n%s", err, files[pageFile])
	}
}
