package condition

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// columns of the tests' table.
var columns = map[string]Column{
	"weight":         {Index: 0, Kind: Number},
	"age":            {Index: 1, Kind: Number},
	"name":           {Index: 2, Kind: Text, Remark: `line 7 holds "n/a"`},
	"alive":          {Index: 3, Kind: Truth},
	"Frischmasse, g": {Index: 0, Kind: Number},
	"größe":          {Index: 1, Kind: Number},
	"in":             {Index: 1, Kind: Number},
	"note":           {Index: 4, Kind: Nothing},
}

func find(name string) (Column, error) {
	if c, ok := columns[name]; ok {
		return c, nil
	}
	return Column{}, fmt.Errorf("there is no column %q", name)
}

// The row of the tests, and one without any values.
var (
	full  = []Value{{Number: 2.5}, {Number: 60}, {Text: "a.jpg"}, {Text: "true"}, {Empty: true}}
	blank = []Value{{Empty: true}, {Empty: true}, {Empty: true}, {Empty: true}, {Empty: true}}
)

func TestHolds(t *testing.T) {
	for condition, want := range map[string][2]bool{ // of the full row, of the blank one
		"weight <= 0 or age > 60":                      {false, false},
		"weight <= 0 or age >= 60":                     {true, false},
		"weight > 2 and age == 60":                     {true, false},
		"weight != 2.5":                                {false, false},
		"weight == 2.5 && !(age < 60)":                 {true, false},
		"not (weight > 3)":                             {true, false},
		"not (weight > 3) or missing(weight)":          {true, true},
		"missing(weight) || missing(name)":             {false, true},
		"not missing(alive)":                           {true, false},
		"missing(note)":                                {true, true},
		"missing(weight / 0)":                          {true, true},
		"weight / 0 > 1 or weight / 0 <= 1":            {false, false},
		"not (weight / 0 > 1)":                         {false, false},
		"weight * 2 + 1 - age / 10 == 0":               {true, false},
		"-weight < +age":                               {true, false},
		"1 < weight < 3":                               {true, false},
		"alive":                                        {true, false},
		"not alive":                                    {false, false},
		"alive == true":                                {true, false},
		"alive != (age > 100)":                         {true, false},
		"alive or weight > 100":                        {true, false},
		"name == 'a.jpg'":                              {true, false},
		`name < "b" and name >= "a"`:                   {true, false},
		`name startsWith "a" and name endsWith ".jpg"`: {true, false},
		`name contains "x"`:                            {false, false},
		`name in ["b.jpg", "a.jpg"]`:                   {true, false},
		`name not in ["b.jpg"]`:                        {true, false},
		"age in [1, 60]":                               {true, false},
		`column("Frischmasse, g") > 2`:                 {true, false},
		`column("in") > 2`:                             {true, false},
		"größe == 60":                                  {true, false},
		"note > 3 or note == 'x' or note":              {false, false},
		"true or weight > 3":                           {true, true},
		"weight > 1e308 * 10":                          {false, false},
	} {
		c, err := Parse(condition)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		test, err := c.Compile(find)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		for i, cells := range [][]Value{full, blank} {
			if got := test.Holds(func(index int) Value { return cells[index] }); got != want[i] {
				t.Errorf("%s is %t of row %d", condition, got, i)
			}
		}
	}
}

func TestColumns(t *testing.T) {
	c, err := Parse(`age > 1 and (missing(column("in")) or age < weight)`)
	if err != nil || !slices.Equal(c.Columns(), []string{"age", "in", "weight"}) {
		t.Errorf("%q, %v", c.Columns(), err)
	}
}

// TestErrors holds what is refused, by its grammar alone and beside a table.
func TestErrors(t *testing.T) {
	for condition, want := range map[string]string{
		"":                          "character 1: it ends too early",
		"weight >":                  "character 8: it ends too early",
		"weight > 1 age":            `character 12: "age" cannot stand here`,
		"weight > 8,5":              `character 11: "," cannot stand here: decimals have a point, as in 8.5`,
		"weight = 8":                `character 8: "=" cannot stand here: equal is ==`,
		"weight = 1":                "character 8: ",
		"'a":                        "character 3: literal not terminated",
		"1 < 2":                     "names no column",
		"weight + 1":                "weight + 1 is a number, not a condition",
		"weight > 'a' + 1":          `"a" is a text, not a number`,
		"len(name) > 3":             "character 1: there is no function len",
		"exec(name)":                "character 1: there is no function exec",
		"missing(name, age)":        "missing takes one value, not 2",
		"column(name) > 1":          "column takes the name of a column in quotes",
		"age ** 2 > 1":              "there is no operator **",
		"name matches 'a'":          "there is no operator matches",
		"all([1], # > age)":         "there is no function all",
		"age in 1..99999999":        "in needs a list of values",
		"age in []":                 "in needs a list of values",
		"age > 1 ? true : false":    "is not part of a condition",
		"let x = age; x > 1":        "is not part of a condition",
		"age[0] > 1":                "is not part of a condition",
		"age == nil":                "is not part of a condition",
		"age > 1; age > 2":          "is not part of a condition",
		"age in ['a', 1]":           "",
		"1 == 'a' or age > 1":       `1 is a number and "a" is a text: they cannot be compared`,
		"true < false or age > 1":   "they cannot be compared by <",
		strings.Repeat("a", 2001):   "at most 2000",
		"age > \xff":                "a condition is a text",
		"not 1 or age > 1":          "1 is a number, not a condition",
		"(age > 1) + 1 > 2":         "age > 1 is a truth value, not a number",
		"1 contains 'a' or age > 1": "1 is a number, not a text",
	} {
		_, err := Parse(condition)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", condition, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", condition, err, want)
		}
	}
	for condition, want := range map[string]string{
		"wieght > 1":            `character 1: there is no column "wieght"`,
		"age > 1 and name > 60": `name is a text and 60 is a number: they cannot be compared by >: line 7 holds "n/a"`,
		"name + 1 > 2":          `character 1: name is a text, not a number: line 7 holds "n/a"`,
		"weight":                "weight is a number, not a condition",
		"alive > true":          "true is a truth value: they cannot be compared by >",
		"age in ['a', 1]":       `age is a number and "a" is a text`,
	} {
		c, err := Parse(condition)
		if err == nil {
			_, err = c.Compile(find)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", condition, err, want)
		}
	}
}

// FuzzParse holds that no text makes the parser or a condition panic or hang.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"weight <= 0 or age > 60", `name in ["a"] and not missing(column("in"))`, "1 < age < 3", "all([1], # > 2)", "{a: 1}.b?.c", "a | b()", "-(-(-1))", "if x {1} else {2}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		test, err := c.Compile(func(string) (Column, error) { return Column{Index: 4}, nil })
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		test.Holds(func(index int) Value { return full[index] })
	})
}
