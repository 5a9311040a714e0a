package evaluate

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// attending gives each sample a map of two places, the second of which is its number.
func attending(in *Input, asked *[]int) {
	in.Attend = func(samples, outputs []int) (string, []Map, error) {
		*asked = outputs
		var maps []Map
		for _, i := range samples {
			maps = append(maps, Map{Height: 1, Width: 2, Values: []float64{float64(2 * i), float64(i)}})
		}
		return "conv", maps, nil
	}
}

func TestAttention(t *testing.T) {
	in := input()
	for i := range in.Samples { // errors grow with the line
		in.Samples[i].Predicted = in.Samples[i].True + float64(i)
	}
	var asked []int
	attending(&in, &asked)
	a := run(t, in).Attention
	var lines []int
	var ranks, groups []string
	for _, p := range a.Photos {
		lines, ranks, groups = append(lines, p.Line), append(ranks, p.Rank), append(groups, p.Group)
		if want := []byte{255, 128}; p.Height != 1 || p.Width != 2 || !slices.Equal(p.Map, want) {
			t.Errorf("line %d: map %v of %d x %d, want %v", p.Line, p.Map, p.Height, p.Width, want)
		}
		if pixels, _ := in.Pixels(p.Line - 2); p.Size != size || !slices.Equal(p.Pixels, pixels) {
			t.Errorf("line %d shows another photo", p.Line)
		}
	}
	// Of test are the samples 9, 10, 11, 21, 22, 23 and so on to 119; three photos show one plant.
	if want := []int{11, 23, 35, 60, 71, 83, 97, 109, 121}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	if want := []string{Best, Best, Best, Median, Median, Median, Worst, Worst, Worst}; !slices.Equal(ranks, want) {
		t.Errorf("ranks %v, want %v", ranks, want)
	}
	slices.Sort(groups)
	if len(slices.Compact(groups)) != 9 {
		t.Errorf("a plant twice: %v", groups)
	}
	if a.Layer != "conv" || !slices.Equal(asked, make([]int, 9)) {
		t.Errorf("layer %q, outputs %v", a.Layer, asked)
	}
}

func TestAttentionToClasses(t *testing.T) {
	in := input()
	in.Task, in.Classes = "classification", []string{"a", "b"}
	for i := range in.Samples {
		s := &in.Samples[i]
		s.True = float64(i % 2)
		s.Outputs = []float32{float32(i), 60} // b until sample 60, then a
		s.Untrained, s.Group = []float32{0, 0}, ""
	}
	var asked []int
	attending(&in, &asked)
	e := run(t, in)
	var said []string
	for k, p := range e.Attention.Photos {
		said = append(said, fmt.Sprintf("%s %d %v %v", p.Rank, p.Line-2, p.True, p.Predicted))
		if int(p.Predicted) != asked[k] {
			t.Errorf("photo %d is predicted as %v, asked for output %d", k, p.Predicted, asked[k])
		}
	}
	// Photo i is of class i%2 and taken for b with the probability 1 / (1 + exp(i-60)).
	want := []string{"best 9 1 1", "best 11 1 1", "best 21 1 1", "median 57 1 1", "median 59 1 1", "median 58 0 1", "worst 10 0 1", "worst 117 1 0", "worst 119 1 0"}
	if !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

// TestLittleAttention: parts of few photos, maps without a light place, networks without maps.
func TestLittleAttention(t *testing.T) {
	for photos, want := range map[int][]string{1: {Worst}, 2: {Best, Worst}, 3: {Best, Median, Worst}, 6: {Best, Best, Median, Median, Worst, Worst}} {
		in := Input{Samples: make([]Sample, photos)}
		var index []int
		for i := range photos {
			in.Samples[i].Predicted, index = float64(i), append(index, i)
		}
		if _, ranks := ranked(in, index); !slices.Equal(ranks, want) {
			t.Errorf("%d photos: %v, want %v", photos, ranks, want)
		}
	}
	if got := levels([]float64{0, 0}); !slices.Equal(got, []byte{0, 0}) {
		t.Errorf("a dark map is %v", got)
	}
	if got := levels([]float64{0, 1e-300, 0.5e-300, 0.251e-300}); !slices.Equal(got, []byte{0, 255, 128, 64}) {
		t.Errorf("a faint map is %v", got)
	}
	in := input()
	in.Attend = func(samples, outputs []int) (string, []Map, error) { return "", nil, nil }
	if a := run(t, in).Attention; a != nil {
		t.Errorf("a network without maps looks at %v", a)
	}
	if !reflect.DeepEqual(run(t, in), run(t, input())) {
		t.Error("a network without maps makes another evaluation")
	}
	in.Attend = func(samples, outputs []int) (string, []Map, error) { return "", nil, errors.New("broken") }
	if _, err := Run(in); err == nil || err.Error() != "evaluate attention: broken" {
		t.Errorf("error %v", err)
	}
}
