package recipe

import (
	"fmt"
	"slices"
	"testing"
)

func TestBeside(t *testing.T) {
	for _, test := range []struct {
		sets [][]string
		want []string
	}{
		{[][]string{nil, nil, nil}, nil},
		{[][]string{nil, {"train.epochs=3"}, nil}, []string{"train.epochs [10 3 10]"}},
		{[][]string{nil, {"train.seed=3"}, {"picture.size=64", "train.epochs=5"}}, []string{
			"picture.size [224 224 64]", "train.seed [42 3 42]", "train.epochs [10 10 5]",
		}},
		// One made another choice: the others show theirs as a whole.
		{[][]string{nil, {"train.optimizer.adam.rate=0.1"}, {"train.optimizer=sgd"}}, []string{
			"train.optimizer [{adam: {}} {adam: {rate: 0.1}} {sgd: {}}]",
		}},
		{[][]string{nil, {"train.optimizer.adam.rate=0.1"}, {"train.optimizer.adam.beta1=0.5"}}, []string{
			"train.optimizer.adam.rate [0.001 0.1 0.001]", "train.optimizer.adam.beta1 [0.9 0.9 0.5]",
		}},
	} {
		var all []*Loaded
		for _, set := range test.sets {
			all = append(all, parse(t, short, Options{Set: set}))
		}
		var got []string
		for _, s := range Beside(all) {
			got = append(got, fmt.Sprintf("%s %v", s.Key, s.Values))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.sets, got, test.want)
		}
	}
}
