package report

import (
	"slices"
	"testing"

	"gonum.org/v1/plot"
)

func TestMarks(t *testing.T) {
	for name, c := range map[string]struct {
		language Language
		values   []float64
		want     []string
	}{
		"as many decimals as all need": {"en", []float64{-0.5, 0, 0.25}, []string{"−0.50", "0.00", "0.25"}},
		"years":                        {"en", []float64{2022, 2023}, []string{"2022", "2023"}},
		"thousands":                    {"en", []float64{-5000, 0, 10000}, []string{"−5,000", "0", "10,000"}},
		"thousands in German":          {German, []float64{-20000, 5000}, []string{"−20.000", "5.000"}},
	} {
		chart, axis := chart{Language: c.language}, plot.Axis{}
		chart.marks(&axis, c.values[0], c.values[len(c.values)-1], c.values)
		var got []string
		for _, tick := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
			got = append(got, tick.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
