package split

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func timed(train, validation, test float64, cells ...string) (*Split, error) {
	r := spec("time", train, validation, test)
	r.Column = "day"
	return Make(r, Rows{N: len(cells), Times: cells})
}

// TestTime: the oldest rows train and the newest test, however their times are
// written; those of one time stay together.
func TestTime(t *testing.T) {
	for name, c := range map[string]struct {
		cells                   []string
		train, validation, test []int
		warnings                int
	}{
		"numbers":       {[]string{"9", "10", "-1.5", "2e1", "100"}, []int{0, 1, 2}, []int{3}, []int{4}, 0},
		"dates":         {[]string{"2024-02-01", "2023-12-31", "2024-01-31 14:00", "2024-01-31", "2024-10-01"}, []int{1, 2, 3}, []int{0}, []int{4}, 0},
		"german dates":  {[]string{"1.2.2024", "31.12.2023", "31.01.2024 14:00", "31.01.2024", "01.10.2024"}, []int{1, 2, 3}, []int{0}, []int{4}, 0},
		"zones":         {[]string{"2024-01-01T10:00:00+02:00", "2024-01-01T09:00:00Z", "2024-01-01 08:30", "2024-01-02", "2024-01-03"}, []int{0, 1, 2}, []int{3}, []int{4}, 0},
		"ties inside":   {[]string{"1", "1", "1", "2", "3"}, []int{0, 1, 2}, []int{3}, []int{4}, 0},
		"nearer before": {[]string{"1", "2", "3", "3", "3", "4", "5", "6", "7", "8"}, []int{0, 1, 2, 3, 4, 5}, []int{6, 7}, []int{8, 9}, 0},
		"later":         {[]string{"1", "2", "3", "4", "5", "5", "5", "8", "9", "10"}, []int{0, 1, 2, 3, 4, 5, 6}, []int{7}, []int{8, 9}, 1},
		"earlier":       {[]string{"1", "2", "3", "4", "5", "6", "6", "6", "6", "10"}, []int{0, 1, 2, 3, 4}, []int{5, 6, 7, 8}, []int{9}, 2},
	} {
		s, err := timed(0.6, 0.2, 0.2, c.cells...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual([][]int{s.Train, s.Validation, s.Test}, [][]int{c.train, c.validation, c.test}) || len(s.Warnings) != c.warnings {
			t.Errorf("%s: %v, %v, %v with warnings %q", name, s.Train, s.Validation, s.Test, s.Warnings)
		}
	}
}

// TestTimeNamesItsTies: what ends elsewhere than asked is told, with the time.
func TestTimeNamesItsTies(t *testing.T) {
	s, err := timed(0.5, 0.5, 0, "2024-01-01", "2024-01-02", "2024-01-02", "2024-01-02", "2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08")
	if err != nil || !slices.Equal(s.Train, []int{0, 1, 2, 3}) || s.Warnings != nil {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = timed(0.5, 0.5, 0, "2024-01-01", "2024-01-01", "2024-01-03", "2024-01-03", "2024-01-03", "2024-01-06")
	if err != nil || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "the train part ends 1 row earlier") || !strings.Contains(s.Warnings[0], "2024-01-03") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestBadTimes(t *testing.T) {
	for name, c := range map[string]struct {
		cells []string
		rows  []int
		want  string
	}{
		"missing":         {[]string{"1", "", "3", ""}, []int{1, 3}, "split by time, column day: 2 rows have no time there"},
		"no date":         {[]string{"2024-01-01", "2024-02-30", "3"}, []int{1}, "1 row hold"},
		"not a number":    {[]string{"1", "NaN", "Inf"}, []int{1, 2}, "neither a number nor a date"},
		"date in numbers": {[]string{"1", "2024-01-01", "3"}, []int{1}, "hold dates where the others hold numbers"},
		"number in dates": {[]string{"2024-01-01", "7", "2024-01-03"}, []int{1}, "hold numbers where the others hold dates"},
	} {
		_, err := timed(0.5, 0.5, 0, c.cells...)
		var bad *BadTime
		if !errors.As(err, &bad) || !slices.Equal(bad.Rows, c.rows) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := timed(0.6, 0.2, 0.2, "1", "1", "1", "1", "1"); err == nil || !strings.Contains(err.Error(), "part would be empty: rows of one time stay together") {
		t.Errorf("one time alone: %v", err)
	}
}

// TestTimeLeaks: groups that go on for longer than a part are told of.
func TestTimeLeaks(t *testing.T) {
	r := spec("time", 0.5, 0.5, 0)
	rows := Rows{N: 4, Times: []string{"1", "2", "3", "4"}, Groups: []string{"a", "b", "b", "c"}}
	if s, err := Make(r, rows); err != nil || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "1 of 3 groups") {
		t.Errorf("%+v, %v", s, err)
	}
	r.Leak = "error"
	if _, err := Make(r, rows); err == nil {
		t.Error("a torn group passes with leak: error")
	}
}

// TestTimeAgainstSorting deals many times out and looks at no part by itself: no
// row of one is older than a row of the one before, and none has a time of both.
func TestTimeAgainstSorting(t *testing.T) {
	for n := 60; n < 300; n += 7 {
		var cells []string
		for i := range n {
			cells = append(cells, fmt.Sprint((i*307)%n/3))
		}
		s, err := timed(0.7, 0.15, 0.15, cells...)
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, n)
		at, err := instants("day", cells)
		if err != nil {
			t.Fatal(err)
		}
		before := -1.0
		for _, part := range [][]int{s.Train, s.Validation, s.Test} {
			oldest, newest := at[part[0]], at[part[0]]
			for _, row := range part {
				oldest, newest = min(oldest, at[row]), max(newest, at[row])
			}
			if oldest <= before {
				t.Errorf("%d rows: a part begins at %v, the one before ends at %v", n, oldest, before)
			}
			before = newest
		}
	}
}
