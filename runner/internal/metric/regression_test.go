package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"biomass/runner/internal/rng"
)

// TestScikitLearn holds our figures to those of scikit-learn and SciPy, to 1e-12 of
// them. Where they say NaN we have an answer, or none: see the cases below.
func TestScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/regression.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                     string
		Truth, Predicted         []float64
		MSE, RMSE, MAE, MAPE, R2 *float64
		Bias, Spearman           *float64
		MedianAE                 *float64 `json:"median_ae"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	// R² of a single value is NaN there, and would be here too if a report could show
	// that; as of other values without spread it is 1 or 0, and the report says
	// that it means nothing.
	undefined := map[string]float64{"one sample R2": 0, "one sample, perfect R2": 1}
	// MAPE is shown only of values that errors can be shares of: scikit-learn divides by
	// the distance from zero, or by 2.2e-16 where that is nearer.
	disproportionate := map[string]bool{
		"random": true, "no relation": true, "skewed": true, "ties in the predictions": true, "negative": true, "large offset": false,
		"one tiny among large": true, "with a zero": true,
	}
	for _, c := range cases {
		mape, proportional := MAPE(c.Truth, c.Predicted)
		if proportional == disproportionate[c.Name] {
			t.Errorf("%s: a MAPE makes sense: %v", c.Name, proportional)
		}
		if !proportional {
			c.MAPE = nil
		}
		if c.Name == "smaller than epsilon" {
			want := *c.MAPE * 2.220446049250313e-16 / 1e-30 // about: theirs divides by epsilon, not by 50 to 100e-30
			if mape < want/100 || mape > want/50 {
				t.Errorf("%s: MAPE %v", c.Name, mape)
			}
			c.MAPE = nil
		}
		rho, ordered := Spearman(c.Truth, c.Predicted)
		if ordered != (c.Spearman != nil) {
			t.Errorf("%s: there is an order: %v", c.Name, ordered)
		}
		for _, f := range []struct {
			name string
			got  float64
			want *float64
		}{
			{"MSE", MSE(c.Truth, c.Predicted), c.MSE}, {"RMSE", RMSE(c.Truth, c.Predicted), c.RMSE}, {"MAE", MAE(c.Truth, c.Predicted), c.MAE},
			{"median error", MedianAE(c.Truth, c.Predicted), c.MedianAE}, {"bias", Bias(c.Truth, c.Predicted), c.Bias},
			{"R2", R2(c.Truth, c.Predicted), c.R2}, {"MAPE", mape, c.MAPE}, {"Spearman", rho, c.Spearman},
		} {
			if want, ok := undefined[c.Name+" "+f.name]; ok && f.want == nil {
				f.want = &want
			}
			if f.want == nil {
				if f.got != 0 && f.name != "MAPE" {
					t.Errorf("%s: %s %v of nothing", c.Name, f.name, f.got)
				}
				continue
			}
			if !(math.Abs(f.got-*f.want) <= 1e-12*math.Abs(*f.want)) {
				t.Errorf("%s: %s %.17g, scikit-learn %.17g", c.Name, f.name, f.got, *f.want)
			}
		}
	}
	if len(cases) < 20 {
		t.Errorf("only %d cases", len(cases))
	}
}

func TestProportional(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   bool
	}{
		{nil, false}, {[]float64{5}, true}, {[]float64{0}, false}, {[]float64{-1, -2}, false}, {[]float64{1, 0}, false},
		{[]float64{1, 19}, true}, {[]float64{1, 20}, false}, {[]float64{2, 3, 4}, true},
	} {
		if got := Proportional(c.values); got != c.want {
			t.Errorf("%v: %v", c.values, got)
		}
	}
}

// sample returns 100 plants of three photos that err alike, or photos of their own.
func sample() (truth, predicted []float64, single, plants []string) {
	stream := rng.New(1, "errors")
	bend := 0.0
	for i := range 300 {
		if i%3 == 0 {
			bend = stream.Normal()
		}
		value := 50 + 3*stream.Normal()
		truth, predicted = append(truth, value), append(predicted, value+bend)
		single, plants = append(single, ""), append(plants, fmt.Sprint(i/3))
	}
	return truth, predicted, single, plants
}

func TestRegressionIntervals(t *testing.T) {
	truth, predicted, single, plants := sample()
	intervals := func(groups []string, level float64) [3]Interval {
		i, ok := RegressionIntervals(truth, predicted, groups, level, 1000, rng.New(7, "bootstrap"))
		if !ok {
			t.Fatal("no interval")
		}
		return [3]Interval{i.RMSE, i.MAE, i.R2}
	}
	byPhoto, byPlant, narrow := intervals(single, 0.95), intervals(plants, 0.95), intervals(plants, 0.5)
	width := func(i Interval) float64 { return i.High - i.Low }
	for k, figure := range []float64{RMSE(truth, predicted), MAE(truth, predicted), R2(truth, predicted)} {
		if in := byPlant[k]; !(in.Low < figure && figure < in.High) {
			t.Errorf("%v does not hold %v", in, figure)
		}
		// Threefold repetition widens a 95 % interval by the root of three.
		if ratio := width(byPlant[k]) / width(byPhoto[k]); ratio < 1.2 || ratio > 2.1 { // R² varies with the targets too
			t.Errorf("figure %d: the interval by plant is %.2f times as wide as by photo, want about 1.73", k, ratio)
		}
		// Normal: 0.67 deviations on either side against 1.96.
		if ratio := width(narrow[k]) / width(byPlant[k]); ratio < 0.27 || ratio > 0.42 {
			t.Errorf("figure %d: the interval of 50 %% has %.2f of the width of that of 95 %%, want about 0.34", k, ratio)
		}
	}
	if again := intervals(plants, 0.95); again != byPlant {
		t.Errorf("the same stream gives %v and %v", byPlant, again)
	}
	if _, ok := RegressionIntervals(truth[:3], predicted[:3], plants[:3], 0.95, 10, rng.New(1, "test")); ok {
		t.Error("one plant gives an interval")
	}
}

// TestIntervalsAgainstScores draws the same groups, writes their photos out, and scores
// them by the functions that score a part; a large offset of the target changes nothing.
func TestIntervalsAgainstScores(t *testing.T) {
	truth, predicted, _, plants := sample()
	for i := range truth {
		truth[i] += 1e6
		predicted[i] += 1e6
	}
	const resamples = 200
	members := map[string][]int{}
	var names []string
	for i, plant := range plants {
		if members[plant] == nil {
			names = append(names, plant)
		}
		members[plant] = append(members[plant], i)
	}
	stream := rng.New(7, "bootstrap")
	var rmse, mae, r2 []float64
	for range resamples {
		var y, p []float64
		for range names {
			for _, i := range members[names[stream.IntN(len(names))]] {
				y, p = append(y, truth[i]), append(p, predicted[i])
			}
		}
		rmse, mae, r2 = append(rmse, RMSE(y, p)), append(mae, MAE(y, p)), append(r2, R2(y, p))
	}
	got, _ := RegressionIntervals(truth, predicted, plants, 0.9, resamples, rng.New(7, "bootstrap"))
	for name, c := range map[string]struct {
		got   Interval
		drawn []float64
	}{"RMSE": {got.RMSE, rmse}, "MAE": {got.MAE, mae}, "R2": {got.R2, r2}} {
		drawn := Sorted(c.drawn)
		for _, b := range [][2]float64{{c.got.Low, Quantile(drawn, 0.05)}, {c.got.High, Quantile(drawn, 0.95)}} {
			if math.Abs(b[0]-b[1]) > 1e-9 {
				t.Errorf("%s: %v, and %v of the photos written out", name, b[0], b[1])
			}
		}
	}
}

// TestIntervalsWithoutSpread holds that R² stays what it is of equal values in draws that
// happen to hold nothing else.
func TestIntervalsWithoutSpread(t *testing.T) {
	truth, predicted := []float64{0.1, 0.1, 0.1, 0.1, 0.1}, []float64{0.1, 0.3, 0.1, 0.2, 0.1}
	got, ok := RegressionIntervals(truth, predicted, []string{"a", "a", "b", "", ""}, 0.95, 500, rng.New(1, "test"))
	if !ok || got.R2.Low != 0 || got.R2.High < 0 || got.R2.High > 1 {
		t.Errorf("R² of a constant target lies in %v", got.R2)
	}
}
