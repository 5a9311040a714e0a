package evaluate

import "testing"

// TestLeaks holds that what lies on two sides of the split is counted, and only that.
func TestLeaks(t *testing.T) {
	samples := []Sample{
		{Part: Train, Group: "a"}, {Part: Train, Group: "a"}, {Part: Train, Group: "b"}, {Part: Train},
		{Part: Validation, Group: "c"}, {Part: Validation, Group: "b"},
		{Part: Test, Group: "b"}, {Part: Test, Group: "d"}, {Part: Test},
	}
	for name, test := range map[string]struct {
		in   Input
		want Leaks
	}{
		"torn":    {Input{Samples: samples}, Leaks{Individuals: 4, Torn: 1}},
		"unknown": {Input{Samples: []Sample{{Part: Train}, {Part: Test}}}, Leaks{}},
		// 1 is twice in training alone, 2 in three parts, 3 in two.
		"copies":   {Input{Samples: samples, Copies: []int{1, 1, 2, 3, 4, 2, 2, 3, 5}}, Leaks{Individuals: 4, Torn: 1, Duplicates: 5}},
		"alike":    {Input{Samples: samples, Alike: []int{1, 2, 3, 4, 5, 6, 6, 7, 7}, Likeness: 0.9}, Leaks{Individuals: 4, Torn: 1, Near: 2, Likeness: 0.9}},
		"no alike": {Input{Samples: samples[:1], Alike: []int{1}, Likeness: 0.9}, Leaks{Individuals: 1, Likeness: 0.9}},
	} {
		got := leaks(test.in)
		if got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
		if got.None() != (test.want.Torn+test.want.Duplicates+test.want.Near == 0) || got.NearChecked() != (test.want.Likeness > 0) {
			t.Errorf("%s: None is %v, NearChecked %v", name, got.None(), got.NearChecked())
		}
	}
}
