package recipe

import (
	"reflect"
	"slices"
	"strings"
)

// Setting is a key in which recipes differ, and its value in each of them as one line
// of YAML.
type Setting struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Beside returns the keys in which these recipes are not all the same, in the order of
// the recipe, as Diff finds them. Where one of them made another choice than the first,
// another optimiser say, the whole choice is one setting.
func Beside(all []*Loaded) []Setting {
	var keys []string
	first := map[string]string{}
	others := make([]map[string]string, len(all))
	for i, other := range all[1:] {
		others[i+1] = map[string]string{}
		for _, c := range Diff(all[0], other) {
			if _, known := first[c.Key]; !known {
				keys = append(keys, c.Key)
			}
			first[c.Key], others[i+1][c.Key] = c.Old, c.New
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		return slices.Compare(position(reflect.TypeOf(Recipe{}), a), position(reflect.TypeOf(Recipe{}), b))
	})
	found := slices.Clone(keys)
	keys = slices.DeleteFunc(keys, func(key string) bool {
		return slices.ContainsFunc(found, func(whole string) bool { return partOf(key, whole) })
	})
	settings := make([]Setting, len(keys))
	for k, key := range keys {
		settings[k] = Setting{key, []string{first[key]}}
		for i, other := range all[1:] {
			value, differs := others[i+1][key]
			switch {
			case differs:
			case hasPart(others[i+1], key):
				value = inline(at(reflect.ValueOf(other.Recipe), key))
			default:
				value = first[key]
			}
			settings[k].Values = append(settings[k].Values, value)
		}
	}
	return settings
}

// hasPart reports whether any of these keys is part of a whole one.
func hasPart(keys map[string]string, whole string) bool {
	for key := range keys {
		if partOf(key, whole) {
			return true
		}
	}
	return false
}

// partOf reports whether a key is part of another.
func partOf(key, whole string) bool { return strings.HasPrefix(key, whole+".") }

// position returns where a key stands in the recipe: its fields' numbers, as far as they are
// those of sections.
func position(section reflect.Type, key string) []int {
	if !isSection(section) {
		return nil
	}
	name, rest, _ := strings.Cut(key, ".")
	for _, f := range fields(section) {
		if f.name == name {
			return append([]int{f.index}, position(section.Field(f.index).Type, rest)...)
		}
	}
	return nil
}

// at returns the value of a key, all whose parts are sections.
func at(section reflect.Value, key string) reflect.Value {
	name, rest, deeper := strings.Cut(key, ".")
	for _, f := range fields(section.Type()) {
		if f.name == name {
			section = section.Field(f.index)
		}
	}
	if deeper {
		return at(section, rest)
	}
	return section
}
