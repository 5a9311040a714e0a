package evaluate

// Leaks counts what could let a network know the photos that judge it. It says what
// was looked at and found, nothing included.
type Leaks struct {
	// Individuals is how many there are in all parts, 0 where they are unknown, and
	// Torn how many of them have photos in more than one part.
	Individuals int `json:"individuals"`
	Torn        int `json:"torn"`
	// Duplicates is how many photos have a copy of the same bytes in another part.
	Duplicates int `json:"duplicates"`
	// Near is how many photos look like one in another part, with a likeness of
	// Likeness or more; that is 0 where photos were not compared.
	Near     int     `json:"near"`
	Likeness float64 `json:"likeness"`
}

// NearChecked reports whether it was looked for photos that look alike.
func (l Leaks) NearChecked() bool { return l.Likeness > 0 }

// None reports whether nothing was found.
func (l Leaks) None() bool { return l.Torn+l.Duplicates+l.Near == 0 }

// leaks looks for individuals and photos on two sides of the split.
func leaks(in Input) Leaks {
	l := Leaks{Likeness: in.Likeness}
	names := make([]string, len(in.Samples))
	for i, s := range in.Samples {
		names[i] = s.Group
	}
	torn, groups := across(in.Samples, names)
	delete(groups, "")
	l.Individuals = len(groups)
	for group := range groups {
		if torn[group] {
			l.Torn++
		}
	}
	l.Duplicates = shared(in.Samples, in.Copies)
	l.Near = shared(in.Samples, in.Alike)
	return l
}

// across returns which keys there are, and which of them samples of several parts have.
func across[K comparable](samples []Sample, keys []K) (torn map[K]bool, all map[K]string) {
	torn, all = map[K]bool{}, map[K]string{}
	for i, key := range keys {
		if part, seen := all[key]; seen && part != samples[i].Part {
			torn[key] = true
		}
		all[key] = samples[i].Part
	}
	return torn, all
}

// shared counts the samples whose number another part has too; nil for none.
func shared(samples []Sample, numbers []int) int {
	torn, _ := across(samples, numbers)
	n := 0
	for _, number := range numbers {
		if torn[number] {
			n++
		}
	}
	return n
}
