package review

import (
	"testing"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/recipe"
)

// TestClassesByName holds that two classifications are compared by what their
// classes are called, since the lists may have another order or other classes.
func TestClassesByName(t *testing.T) {
	side := func(classes []string, pairs ...[2]float64) *Side {
		e := &evaluate.Evaluation{Task: recipe.Classification, Target: "class", Headline: evaluate.Test, Classes: classes}
		for i, p := range pairs {
			e.Predictions = append(e.Predictions, evaluate.Prediction{Line: i + 2, Image: "p.png", Part: evaluate.Test, True: p[0], Predicted: p[1]})
		}
		return &Side{Evaluation: e, Lock: &lock.Lock{}}
	}
	a := side([]string{"maize", "wheat"}, [2]float64{0, 0}, [2]float64{1, 0}, [2]float64{1, 1}, [2]float64{0, 1})
	for _, test := range []struct {
		name       string
		b          *Side
		photos     int
		difference float64
	}{
		{"same", a, 4, 0},
		{"another order", side([]string{"wheat", "maize"}, [2]float64{1, 1}, [2]float64{0, 1}, [2]float64{0, 0}, [2]float64{1, 1}), 4, 0.25},
		{"one more", side([]string{"charlock", "maize", "wheat"}, [2]float64{1, 0}, [2]float64{2, 2}, [2]float64{2, 2}, [2]float64{0, 0}), 3, 0},
		{"others", side([]string{"rye", "oat"}, [2]float64{0, 0}, [2]float64{1, 0}, [2]float64{1, 1}, [2]float64{0, 1}), 0, 0},
	} {
		r := &Review{}
		r.deltas(a, test.b)
		switch {
		case test.photos == 0:
			if len(r.Deltas) > 0 || len(r.Notes) != 1 {
				t.Errorf("%s: got %v, notes %q", test.name, r.Deltas, r.Notes)
			}
		case len(r.Deltas) != 1 || r.Deltas[0].Photos != test.photos || r.Deltas[0].Difference != test.difference:
			t.Errorf("%s: got %v", test.name, r.Deltas)
		}
	}
}
