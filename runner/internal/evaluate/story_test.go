package evaluate

import (
	"math"
	"slices"
	"testing"

	"biomass/runner/internal/metric"
)

// A target with a long tail is shown by ratios, too, unless one value is not above 0.
func TestLongTail(t *testing.T) {
	in := input()
	for i := range in.Samples {
		in.Samples[i].True = math.Ldexp(1, i%10-5)
	}
	e := run(t, in)
	if s := e.Story.Skewness; s == nil || *s < longTail {
		t.Fatalf("the skewness is %v", s)
	}
	r := e.Story.Ratios
	if r == nil || r.Edges[0] > 1.0/32 || r.Edges[len(r.Edges)-1] <= 16 || len(r.Edges)-1 > mostBins {
		t.Fatalf("the ratios are %+v", r)
	}
	for i, p := range e.Parts {
		total := 0
		for _, n := range r.Counts[i] {
			total += n
		}
		if total != p.Photos {
			t.Errorf("%d of %d %s photos are in a bin", total, p.Photos, p.Name)
		}
	}
	for i := 2; i < len(r.Edges); i++ {
		if a, b := r.Edges[i]/r.Edges[i-1], r.Edges[1]/r.Edges[0]; math.Abs(a/b-1) > 1e-12 {
			t.Errorf("edge %d is %v times that before, the first %v", i, a, b)
		}
	}
	in.Samples[7].True = 0
	if e := run(t, in); e.Story.Ratios != nil {
		t.Error("a target of 0 has a ratio")
	}
	for i := range in.Samples {
		in.Samples[i].True = float64(1 + i%7*i%5*i%3)
	}
	if r := run(t, in).Story.Ratios; r == nil || r.Edges[1]-r.Edges[0] < 1 {
		t.Errorf("bins of whole numbers: %+v", r)
	}
	for i := range in.Samples {
		in.Samples[i].True = 3
	}
	if s := run(t, in).Story; s.Skewness != nil || s.Ratios != nil || s.Target.Shifts[1].Distance != 0 {
		t.Errorf("equal targets: %+v", s)
	}
	if s := run(t, input()).Story; s.Ratios != nil {
		t.Errorf("a skewness of %v has ratios", *s.Skewness)
	}
}

// TestSpread holds boxes and shifts against their definitions.
func TestSpread(t *testing.T) {
	in := input()
	for i := range in.Samples {
		if in.Samples[i].Part == Test {
			in.Samples[i].True += 1 // all above those of training
		}
	}
	e := run(t, in)
	s := e.Story.Target
	if len(s.Boxes) != 3 || len(s.Shifts) != 3 || s.Shifts[0] != nil {
		t.Fatalf("got %+v", s)
	}
	for i, p := range e.Parts {
		b := s.Boxes[i]
		if b.Min != p.Target.Min || b.Q1 != p.Target.Q1 || b.Median != p.Target.Median || b.Q3 != p.Target.Q3 || b.Max != p.Target.Max {
			t.Errorf("%s: the box %+v of %+v", p.Name, b, p.Target)
		}
		if !slices.IsSorted([]float64{b.Min, b.Low, b.Q1, b.Median, b.Q3, b.High, b.Max}) {
			t.Errorf("%s: %+v", p.Name, b)
		}
	}
	if shift := s.Shifts[2]; shift.Distance != 1 || !shift.Apart() || shift.Limit != metric.KolmogorovSmirnovLimit(20, 10) {
		t.Errorf("test: %+v", shift)
	}
	if shift := s.Shifts[1]; shift.Apart() {
		t.Errorf("validation: %+v", shift)
	}
}

// TestPixelStory holds what is measured of photos in colour, in gray, and in gray
// stored as colour.
func TestPixelStory(t *testing.T) {
	names := func(in Input) (list []string) {
		for _, s := range run(t, in).Story.Pixels {
			list = append(list, s.Name)
		}
		return list
	}
	if got, want := names(input()), []string{"red", "green", "blue", "brightness", "green_share"}; !slices.Equal(got, want) {
		t.Errorf("in colour: %v", got)
	}
	e := run(t, input())
	for i, s := range e.Story.Pixels {
		for k, b := range s.Boxes {
			if b.Min < 0 || b.Max > 1 {
				t.Errorf("%s: %+v", s.Name, b)
			}
			if share := e.Story.Target.Boxes[k]; s.Name == "green_share" && b != share {
				t.Errorf("measure %d, the share of green pixels, is %+v, want %+v", i, b, share)
			}
		}
	}
	flat := input()
	flat.Pixels = func(i int) ([]uint8, error) {
		pixels := make([]uint8, size*size*flat.Channels)
		for p := range pixels {
			pixels[p] = uint8(51 * (i % 3) * (p / flat.Channels % 2))
		}
		return pixels, nil
	}
	for _, flat.Channels = range []int{1, 3} {
		if got := names(flat); !slices.Equal(got, []string{"brightness", "contrast"}) {
			t.Errorf("gray in %d channels: %v", flat.Channels, got)
		}
		s := run(t, flat).Story.Pixels
		if b := s[0].Boxes[0]; b.Min != 0 || math.Abs(b.Max-0.2) > 1e-15 {
			t.Errorf("brightness: %+v", b)
		}
		if b := s[1].Boxes[0]; b.Min != 0 || math.Abs(b.Max-0.2) > 1e-15 {
			t.Errorf("contrast: %+v", b)
		}
	}
}

// TestCorrelation holds order, missing values and how many columns there are.
func TestCorrelation(t *testing.T) {
	in := input()
	nan := math.NaN()
	column := func(name string, value func(i int) float64) {
		values := make([]float64, len(in.Samples))
		for i := range values {
			values[i] = value(i)
		}
		in.Columns = append(in.Columns, Column{name, values})
	}
	column("noise", func(i int) float64 { return float64(i * i % 17) })
	column("falling", func(i int) float64 { return 5 - 2*in.Samples[i].True })
	column("gaps", func(i int) float64 {
		if i%2 == 0 {
			return nan
		}
		return in.Samples[i].True + float64(i%5)/50
	})
	column("few", func(i int) float64 {
		if i%2 == 0 && i < 14 {
			return float64(i)
		}
		return nan
	})
	column("none", func(int) float64 { return nan })
	c := run(t, in).Story.Correlation
	var names []string
	for _, q := range c.Quantities {
		names = append(names, q.Name)
	}
	if want := []string{"falling", "gaps", "noise", "few"}; !slices.Equal(names, want) || c.LeftOut != 0 {
		t.Fatalf("got %v, %d left out", names, c.LeftOut)
	}
	if r := c.Quantities[0].Target; math.Abs(*r+1) > 1e-15 {
		t.Errorf("falling has %v", *r)
	}
	if q := c.Quantities[1]; q.Photos != 60 || *q.Target < 0.9 || *q.Target == 1 {
		t.Errorf("gaps: %+v", q)
	}
	if q := c.Quantities[3]; q.Photos != 7 || q.Target != nil || q.Min != 0 || q.Median != 6 || q.Max != 12 {
		t.Errorf("few: %+v", q)
	}
	if len(c.Between) != 3 || len(c.Between[2]) != 3 || *c.Between[0][0] >= 0 || c.Between[2][1] != nil {
		t.Errorf("between: %+v", c.Between)
	}
	again := in
	again.Columns = slices.Clone(in.Columns)
	for range 4 {
		again.Columns = append(again.Columns, in.Columns[:4]...)
	}
	if c := run(t, again).Story.Correlation; len(c.Quantities) != mostQuantities || c.LeftOut != 8 || c.Quantities[0].Name != "falling" || len(c.Between) != mostQuantities-1 {
		t.Errorf("of 20: %d, %d left out", len(c.Quantities), c.LeftOut)
	}
	if c := run(t, input()).Story.Correlation; c != nil {
		t.Errorf("without columns: %+v", c)
	}
}

// TestCorrelationOfClasses: two classes are a target of 0 and 1, more are none.
func TestCorrelationOfClasses(t *testing.T) {
	in := classified()
	values := make([]float64, len(in.Samples))
	for i, s := range in.Samples {
		values[i] = s.True
	}
	in.Columns = []Column{{"class", values}, {"again", values}}
	e := run(t, in)
	if c := e.Story.Correlation; c.Quantities[0].Target != nil || c.Quantities[0].Name != "class" || math.Abs(*c.Between[0][0]-1) > 1e-15 {
		t.Errorf("of %d classes: %+v", len(in.Classes), c)
	}
	if s := e.Story; s.Skewness != nil || s.Target != nil || s.Ratios != nil {
		t.Errorf("classes have a distribution of numbers: %+v", s)
	}
	in.Samples = slices.Clone(in.Samples)
	in.Classes = in.Classes[:2]
	for i := range in.Samples {
		s := &in.Samples[i]
		s.True = float64(i % 2)
		s.Outputs, s.Untrained = s.Outputs[:2], s.Untrained[:min(2, len(s.Untrained))]
		values[i] = 1 - s.True
	}
	if c := run(t, in).Story.Correlation; math.Abs(*c.Quantities[0].Target+1) > 1e-15 {
		t.Errorf("of two classes: %+v", c.Quantities)
	}
}
