package metric

import (
	"fmt"
	"math"
	"testing"

	"biomass/runner/internal/rng"
)

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
		t.Errorf("%s = %.17g, want %.17g", name, got, want)
	}
}

// The errors are 0.5, -0.5, 0 and -1: a textbook example, by hand.
func TestScores(t *testing.T) {
	truth, predicted := []float64{3, -0.5, 2, 7}, []float64{2.5, 0, 2, 8}
	near(t, "MSE", MSE(truth, predicted), 0.375)
	near(t, "RMSE", RMSE(truth, predicted), math.Sqrt(0.375))
	near(t, "MAE", MAE(truth, predicted), 0.5)
	near(t, "Huber", Huber([]float64{3, -0.5, 2, 7, 4}, []float64{2.5, 0, 2, 8, 1}), (0.125+0.125+0+0.5+2.5)/5)
	near(t, "R2", R2(truth, predicted), 1-1.5/29.1875)
}

func TestR2OfWhatHasNoSpread(t *testing.T) {
	for _, c := range []struct {
		truth, predicted []float64
		want             float64
	}{
		{[]float64{2}, []float64{2}, 1},
		{[]float64{2}, []float64{3}, 0},
		{[]float64{0.1, 0.1, 0.1}, []float64{0.1, 0.1, 0.1}, 1},
		{[]float64{0.1, 0.1, 0.1}, []float64{0.1, 0.2, 0.1}, 0},
		{[]float64{1, 2, 3}, []float64{2, 2, 2}, 0},
		{[]float64{1, 2, 3}, []float64{3, 2, 1}, -3},
	} {
		near(t, fmt.Sprintf("R2(%v, %v)", c.truth, c.predicted), R2(c.truth, c.predicted), c.want)
	}
}

func TestSumKeepsWhatRoundingLoses(t *testing.T) {
	if got := Sum([]float64{1, 1e100, 1, -1e100}); got != 2 {
		t.Errorf("Sum = %v, want 2", got)
	}
	var tenths []float64
	for range 1000 {
		tenths = append(tenths, 0.1)
	}
	if got := Sum(tenths); got != 100 {
		t.Errorf("a thousand tenths are %v", got)
	}
}

func TestSummaries(t *testing.T) {
	values := Sorted([]float64{4, 1, 3, 2})
	near(t, "Mean", Mean(values), 2.5)
	near(t, "Deviation", Deviation(values), math.Sqrt(1.25))
	near(t, "SampleDeviation", SampleDeviation(values), math.Sqrt(5./3))
	for q, want := range map[float64]float64{0: 1, 0.25: 1.75, 0.5: 2.5, 0.9: 3.7, 1: 4} {
		near(t, fmt.Sprintf("Quantile %v", q), Quantile(values, q), want)
	}
	if Mean(nil) != 0 || Deviation(nil) != 0 || SampleDeviation([]float64{7}) != 0 || Quantile(nil, 0.5) != 0 {
		t.Error("no values do not give 0")
	}
}

func TestRoundSteps(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		count     int
		want      string
	}{
		{0.012, 2.1, 8, "[0 0.5 1 1.5 2 2.5]"},
		{0, 1, 10, "[0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1]"},
		{0, 1, 4, "[0 0.25 0.5 0.75 1]"},
		{-3, 4, 5, "[-4 -2 0 2 4]"},
		{1234, 5678, 5, "[1000 2000 3000 4000 5000 6000]"},
		{3, 3, 2, "[0 2.5 5]"}, // widened to 1.5 to 4.5
		{0, 0, 4, "[-0.5 -0.25 0 0.25 0.5]"},
		{1e-7, 3e-7, 3, "[1e-07 2e-07 3e-07]"},
	} {
		if got := fmt.Sprint(RoundSteps(c.low, c.high, c.count)); got != c.want {
			t.Errorf("RoundSteps(%v, %v, %d) = %s, want %s", c.low, c.high, c.count, got, c.want)
		}
	}
	stream := rng.New(1, "steps")
	for range 1000 {
		low := stream.Normal() * math.Ldexp(1, stream.IntN(60)-30)
		high := low + stream.Float64()*math.Ldexp(1, stream.IntN(60)-30)
		count := 1 + stream.IntN(30)
		steps := RoundSteps(low, high, count)
		if n := len(steps); n < 2 || n > max(count, 2)+1 || steps[0] > low || steps[n-1] < high {
			t.Fatalf("RoundSteps(%v, %v, %d) = %v", low, high, count, steps)
		}
	}
}

func TestLocate(t *testing.T) {
	edges := []float64{0, 1, 2, 3}
	for v, want := range map[float64]int{-1: 0, 0: 0, 0.5: 0, 1: 1, 2.9: 2, 3: 2, 9: 2} {
		if got := Locate(edges, v); got != want {
			t.Errorf("Locate(%v) = %d, want %d", v, got, want)
		}
	}
}

// For two standardised features with correlation c the normal equations are
// ((1+lambda, c), (c, 1+lambda)) b = r, which has a closed solution.
func TestRidgeAgainstClosedForm(t *testing.T) {
	rows := [][]float64{{1, 10}, {2, 14}, {3, 11}, {4, 19}, {6, 20}}
	y := []float64{1.5, 2, 2.5, 5, 5.5}
	const lambda = 0.3
	r, err := FitRidge(rows, y, lambda)
	if err != nil {
		t.Fatal(err)
	}
	var z [2][5]float64
	for j := range 2 {
		var mean, squared float64
		for i := range rows {
			mean += rows[i][j] / 5
		}
		for i := range rows {
			squared += (rows[i][j] - mean) * (rows[i][j] - mean) / 5
		}
		for i := range rows {
			z[j][i] = (rows[i][j] - mean) / math.Sqrt(squared)
		}
	}
	var c, r0, r1 float64
	for i := range rows {
		c += z[0][i] * z[1][i] / 5
		r0 += z[0][i] * (y[i] - 3.3) / 5
		r1 += z[1][i] * (y[i] - 3.3) / 5
	}
	d := (1+lambda)*(1+lambda) - c*c
	near(t, "intercept", r.Intercept, 3.3)
	near(t, "first coefficient", r.Coefficients[0], ((1+lambda)*r0-c*r1)/d)
	near(t, "second coefficient", r.Coefficients[1], ((1+lambda)*r1-c*r0)/d)
	near(t, "prediction", r.Predict(rows[3]), 3.3+r.Coefficients[0]*z[0][3]+r.Coefficients[1]*z[1][3])
}

// With hardly a penalty an exact linear relation is found, a constant feature
// beside it ignored.
func TestRidgeFindsLine(t *testing.T) {
	var rows [][]float64
	var y []float64
	for i := range 20 {
		x := float64(i)
		rows = append(rows, []float64{x, float64(i * i % 7), 0.1})
		y = append(y, 2*x-3*float64(i*i%7)+1)
	}
	r, err := FitRidge(rows, y, 1e-14)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if got := r.Predict(rows[i]); math.Abs(got-y[i]) > 1e-9 {
			t.Errorf("row %d: %v, want %v", i, got, y[i])
		}
	}
}

func TestRidgeRefuses(t *testing.T) {
	if _, err := FitRidge(nil, nil, 1); err == nil {
		t.Error("no rows are fitted")
	}
	if _, err := FitRidge([][]float64{{1}, {2}}, []float64{1, 2}, 0); err == nil {
		t.Error("lambda 0 is taken")
	}
	if _, err := FitRidge([][]float64{{math.NaN()}, {2}}, []float64{1, 2}, 1); err == nil {
		t.Error("NaN is fitted")
	}
}
