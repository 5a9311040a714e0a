package recipe

import (
	"bytes"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Node returns the canonical form as a map that package yaml writes with sorted
// keys, so that it can be part of another document.
func (l *Loaded) Node() map[string]any {
	node := spellSection(reflect.ValueOf(l.Recipe), reflect.ValueOf(defaults(l.Task)))
	// Keys that have a default after all.
	if l.Split.Seed == 0 && !l.Split.Draws() {
		delete(node["split"].(map[string]any), "seed")
	}
	if l.Data.Listed() {
		for key, standard := range map[string]string{"table": "", "image": listedImage, "target": listedTarget} {
			if data := node["data"].(map[string]any); data[key] == standard {
				delete(data, key)
			}
		}
	}
	return node
}

// Section returns the canonical bytes of one top-level section: data, picture,
// clean, split, transform, network, train or report. A section at its default
// gives "{}\n". How often to train is no part of train: a repeat asks what it would
// ask alone.
func (l *Loaded) Section(name string) []byte {
	section := l.Node()[name]
	switch keys, isMap := section.(map[string]any); {
	case section == nil:
		section = map[string]any{}
	case isMap && name == "train":
		delete(keys, "repeat")
	}
	return marshal(section)
}

// marshal writes a value as YAML in block style, keys sorted, numbers in their
// shortest form.
func marshal(value any) []byte {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	_ = e.Encode(value) // maps, lists, texts and numbers always encode
	return b.Bytes()
}

// spellSection returns the keys of a section that are not at their default.
func spellSection(section, standard reflect.Value) map[string]any {
	out := map[string]any{}
	for _, f := range fields(section.Type()) {
		value, standard := section.Field(f.index), standard.Field(f.index)
		switch {
		case f.location:
		case isSection(value.Type()):
			if below := spellSection(value, standard); len(below) > 0 {
				out[f.name] = below
			}
		case f.required || !same(value, standard):
			out[f.name] = spell(value)
		}
	}
	return out
}

// same reports whether two values say the same; a nil list is an empty one.
func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// spell returns a value in maps, lists, texts and numbers.
func spell(value reflect.Value) any {
	switch v := value.Interface().(type) {
	case interface{ spell() any }:
		return v.spell()
	case *Source:
		keys := spellSection(value.Elem(), reflect.ValueOf(*defaultSource()))
		if v.Fetched() {
			delete(keys, "builtin") // required only of what is drawn
		}
		return keys
	case Rule:
		return spellSection(value, reflect.ValueOf(Rule{}))
	case Unfreeze:
		return spellSection(value, reflect.ValueOf(Unfreeze{}))
	}
	if value.Kind() != reflect.Slice {
		return value.Interface()
	}
	list := make([]any, value.Len())
	for i := range list {
		list[i] = spell(value.Index(i))
	}
	return list
}
