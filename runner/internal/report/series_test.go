package report

import (
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
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
		"Over 2 seeds: **test RMSE 0.0625 ± 0.0101 g** (mean ± standard deviation; from 0.0551 to 0.0699). ",
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
	d.Series = []Series{{Over: "seeds", Columns: []SeriesColumn{{"test", "accuracy", 0.8123, 0.0151}}, Runs: []SeriesRun{{"1", 1, 1, []float64{0.8}}, {"2", 1, 1, []float64{0.825}}}}}
	if files, err = Render(d); err != nil || !strings.Contains(string(files[pageFile]), "Over 2 seeds: **test accuracy 81.2 ± 1.5 %** (mean ± standard deviation; from 80.0 % to 82.5 %).") {
		t.Errorf("%v\n%s", err, files[pageFile])
	}
}

// TestGoldenFurther renders what further trainings, a sweep, folds and a schedule add.
func TestGoldenFurther(t *testing.T) {
	d := further(t)
	d.Name, d.Plots = "further", []string{"curves"}
	golden(t, "further", d)
}

// TestGoldenGerman renders a page with all there can be on one in German: what is
// English on it is of the data or the recipe.
func TestGoldenGerman(t *testing.T) {
	d := further(t)
	d.Language = German
	d.Observed = []string{`3 of 120 groups have rows in more than one part ("plant 1", "plant 7", "plant 9"): what is measured on validation and test is not what new groups would give; split.by: group keeps them together`}
	d.Clipped = &Clipped{Targets: 3, All: 1440, Low: 0.001, High: 0.975}
	fill, most := 21.5, "Lehm"
	d.Features = []Feature{
		{Column: "age", Mean: 20.25, Std: 4.125, Fill: &fill, Empty: 1200},
		{Column: "soil", Categories: []string{"Ton", "Lehm"}, FillCategory: &most, Empty: 1, Unseen: 2, UnseenCategories: []string{"Torf"}},
	}
	d.Weights = &Weights{File: "resnet18.pth", Loaded: 100, LeftOut: []string{"fc.weight", "fc.bias"}}
	d.Trained = 1234
	d.Cleaning.Head[0].Detail = "row 250: fresh_weight_total holds no value"
	golden(t, "german", d)
	species := document(t, classes(5, 2.5))
	species.Language = German
	golden(t, "german_species", species)
}

// further is a document with a sweep, folds, a comparison with a random split and a schedule.
func further(t *testing.T) Document {
	t.Helper()
	d := document(t, nil)
	for i := range d.History {
		d.History[i].Rate = 0.01 / float64(int(1)<<i)
	}
	d.Sweep = &Sweep{On: "validation_rmse", Drawn: true, Variants: []Variant{
		{Name: "v01", Set: []string{"train.batch=8", "train.optimizer={sgd: {rate: 0.1}}"}, Epochs: 12, Kept: 3, Score: 0.0712},
		{Name: "v02", Set: []string{"train.batch=16"}, Epochs: 12, Kept: 9, Score: 0.05, Won: true},
	}}
	columns := []SeriesColumn{{"test", "rmse", 0.0625, 0.0101}, {"validation", "rmse", 0.051, 0.0033}, {"validation", "r2", 0.875, 0.031}}
	d.Series = []Series{{Over: "folds", Columns: columns, Runs: []SeriesRun{{"1", 12, 9, []float64{0.0551, 0.05, 0.9}}, {"2", 10, 10, []float64{0.0699, 0.052, 0.85}}}}}
	d.Folds = &Folds{Figures: map[string]float64{"rmse": 0.0512, "mae": 0.04, "r2": 0.871}, Predictions: []OutOfFold{
		{1, evaluate.Prediction{Line: 2, Image: "a, b.jpg", Group: "plant 1", True: 0.25, Predicted: 0.5}},
		{2, evaluate.Prediction{Line: 3, Image: "c.jpg", True: 1, Predicted: 1.0 / 3}},
	}}
	d.Leakage = &Leakage{By: "stratified_group", Part: "test", Figures: []Gap{{"rmse", 0.06, 0.041}, {"r2", 0.8, 0.93}}}
	return d
}

// TestFoldsOfClasses writes classes by their names.
func TestFoldsOfClasses(t *testing.T) {
	f := Folds{Predictions: []OutOfFold{{3, evaluate.Prediction{Line: 9, Image: "x.png", True: 1, Predicted: 0, Probability: 0.75}}}}
	got, err := f.table([]string{"oak", "ash; fir"})
	if want := "fold,row,image,group,true,predicted,probability\n3,9,x.png,,ash; fir,oak,0.75\n"; err != nil || string(got) != want {
		t.Errorf("%q, want %q (%v)", got, want, err)
	}
}
