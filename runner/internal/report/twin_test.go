package report

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// metrics.json brings back all that an evaluation states, bit for bit, but for single
// predictions and pictures.
func TestMetricsAreTheEvaluation(t *testing.T) {
	for name, change := range map[string]func(*evaluate.Input){"regression": nil, "classification": classes(5, 2.5)} {
		t.Run(name, func(t *testing.T) {
			d := document(t, change)
			data, err := metrics(d)
			if err != nil {
				t.Fatal(err)
			}
			var got evaluate.Evaluation
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			want := *d.Evaluation
			want.Predictions, want.Photos = nil, nil
			forgetBytes(reflect.ValueOf(&want))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
			for _, word := range []string{`"pixels": "`, `"predictions"`, `\u003c`} {
				if strings.Contains(string(data), word) {
					t.Errorf("metrics.json holds %s", word)
				}
			}
		})
	}
}

// forgetBytes takes all bytes from a value.
func forgetBytes(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			forgetBytes(v.Elem())
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetZero()
			return
		}
		for i := range v.Len() {
			forgetBytes(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			forgetBytes(v.Field(i))
		}
	}
}

// Every name in metrics.json is in snake case, those of runs, sweep and leakage too.
func TestMetricsNames(t *testing.T) {
	d := document(t, nil)
	d.Series = []Series{{Over: "seeds", Columns: []SeriesColumn{{Part: "test", Figure: "rmse", Mean: 1, Deviation: 2}}, Runs: []SeriesRun{{Name: "1", Values: []float64{1}}}}}
	d.Sweep = &Sweep{On: "validation_loss", Variants: []Variant{{Name: "a", Set: []string{"train.epochs=3"}}}}
	d.Leakage = &Leakage{By: "group", Part: "test", Figures: []Gap{{"rmse", 1, 2}}}
	d.Folds = &Folds{Figures: map[string]float64{"rmse": 0.25}}
	data, err := metrics(d)
	if err != nil {
		t.Fatal(err)
	}
	all := snakeCase(t, data)
	for _, name := range []string{"series", "sweep", "leakage", "out_of_fold", "kept_epoch", "unit"} {
		if all[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

// snakeCase wants every name in JSON to be in snake case, and returns the JSON.
func snakeCase(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, below := range v {
				if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
					t.Errorf("%q is not in snake case", name)
				}
				walk(below)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	walk(all)
	return all
}

func TestLayout(t *testing.T) {
	got, err := layout([]byte(`{"a":[],"b":{},"c":[[1,2],[3e-7]],"d":"x{[","pixels":"AAAA","e":[{"pixels":"AA","f":null},"t"],"h":{"pixels":[1]},"g":["[",1.50]}`))
	want := `{
  "a": [],
  "b": {},
  "c": [
    [1, 2],
    [3e-7]
  ],
  "d": "x{[",
  "e": [
    {
      "f": null
    },
    "t"
  ],
  "h": {
    "pixels": [1]
  },
  "g": ["[", 1.50]
}
`
	if err != nil || string(got) != want {
		t.Errorf("got %s%v", got, err)
	}
}

// What stands in predictions.csv comes back, whatever files and groups are called.
func TestPredictionsRoundTrip(t *testing.T) {
	all := []evaluate.Prediction{
		{Image: "=1+1.jpg", Group: "@home", Part: "test", True: 0.1, Predicted: 0.1 + 0.2},
		{Image: `a "quoted", name.jpg`, Group: "two\nlines", Part: "validation", True: -1e-300, Predicted: math.MaxFloat64 / 1e9},
		{Image: " ä.jpg", Part: "new", True: 3, Predicted: 2},
	}
	data, err := Predictions(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(rows) != 4 || strings.Join(rows[0], " ") != "file group part true predicted error" {
		t.Fatalf("%q, %v", rows, err)
	}
	for i, p := range all {
		row := rows[i+1]
		if row[0] != p.Image || row[1] != p.Group || row[2] != p.Part {
			t.Errorf("row %q of %+v", row, p)
		}
		for k, want := range []float64{p.True, p.Predicted, p.Predicted - p.True} {
			if got, err := strconv.ParseFloat(row[3+k], 64); err != nil || got != want {
				t.Errorf("%s of %+v, want %v", row[3+k], p, want)
			}
		}
	}
	for _, p := range all[:1] {
		p.True, p.Predicted, p.Probability = 1, 0, 0.75
		data, err := Predictions([]string{"grass", "weed, other"}, []evaluate.Prediction{p})
		if want := "file,group,part,true,predicted,probability,right\n=1+1.jpg,@home,test,\"weed, other\",grass,0.75,false\n"; err != nil || string(data) != want {
			t.Errorf("got %q, %v, want %q", data, err, want)
		}
	}
}

// history.csv has the rate of an epoch, and figures of validation only where there are any.
func TestHistory(t *testing.T) {
	d := document(t, nil)
	d.History = []Epoch{{Epoch: 1, TrainLoss: 0.5, ValidationLoss: 0.25, ValidationRMSE: 0.125}, {Epoch: 2, TrainLoss: 1e-9, ValidationLoss: 2, ValidationRMSE: 3, Rate: 1e-4, Kept: true}}
	got, err := history(d)
	want := "epoch,learning_rate,train_loss,validation_loss,validation_rmse,kept\n1,0.001,0.5,0.25,0.125,false\n2,0.0001,1e-09,2,3,true\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	d = document(t, func(in *evaluate.Input) {
		for i := range in.Samples {
			if s := &in.Samples[i]; s.Part == "validation" {
				s.Part, s.Predicted = "train", math.NaN()
			}
		}
	})
	d.History = d.History[:1]
	got, err = history(d)
	if want := "epoch,learning_rate,train_loss,kept\n1,0.001,1,false\n"; err != nil || string(got) != want {
		t.Errorf("without validation: %q, %v", got, err)
	}
}

// The table of a report has the photos that the network was not trained on.
func TestPredictionsAreOfHeldPhotos(t *testing.T) {
	d := document(t, classes(3, 2))
	data, err := predictions(d)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "\n"); n != 1+48+48 || strings.Contains(string(data), ",train,") {
		t.Errorf("%d lines", n)
	}
}
