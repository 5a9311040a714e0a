package metric

import (
	"math"
	"testing"

	"biomass/runner/internal/rng"
)

// TestPaired holds that a constant advantage on every group is an interval that
// does not reach 0, though each figure alone has a wide one.
func TestPaired(t *testing.T) {
	s := rng.New(1, "paired")
	var truth, a, b []float64
	var groups []string
	for i := range 60 {
		v := float64(i)
		e := 1 + 4*s.Float64()
		truth, a, b = append(truth, v), append(a, v+e), append(b, v+1.1*e)
		groups = append(groups, string(rune('a'+i/3)))
	}
	d, in, ok := PairedRMSE(truth, a, b, groups, 0.95, 500, rng.New(1, "test"))
	if want := RMSE(truth, b) - RMSE(truth, a); !ok || math.Abs(d-want) > 1e-12 || in.Low <= 0 || in.High < d || in.Low > d {
		t.Errorf("difference %v in %v, want %v", d, in, want)
	}
	if wide, _ := RegressionIntervals(truth, a, groups, 0.95, 500, rng.New(1, "test")); wide.RMSE.High-wide.RMSE.Low < 2*(in.High-in.Low) {
		t.Errorf("the paired interval %v is not much narrower than %v", in, wide.RMSE)
	}
	if d, in, _ := PairedRMSE(truth, a, a, groups, 0.95, 100, rng.New(1, "test")); d != 0 || in != (Interval{}) {
		t.Errorf("nothing differs, and yet %v in %v", d, in)
	}
	if _, _, ok := PairedRMSE(truth[:3], a[:3], b[:3], groups[:3], 0.95, 100, rng.New(1, "test")); ok {
		t.Error("one group has an interval")
	}
	classes := []float64{0, 1, 2, 0}
	if d, _, _ := PairedAccuracy(classes, []float64{0, 1, 0, 1}, []float64{0, 1, 2, 1}, []string{"", "", "", ""}, 0.95, 100, rng.New(1, "test")); d != 0.25 {
		t.Errorf("accuracy differs by %v, want 0.25", d)
	}
}
