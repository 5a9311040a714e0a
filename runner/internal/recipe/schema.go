package recipe

import (
	_ "embed" // for keyWords
	"encoding/json"
	"math"
	"reflect"
	"slices"
)

// This file writes the recipe language down as a JSON Schema, for editors. Keys
// are those of the structs, words those of choices, numbers those of spans, and
// defaults those of a recipe in which all else is missing; what a key is for is
// said in recipes/README.md. The schema sees what one key says. What keys say
// together only the checks of a recipe see.

//go:generate go test -run ^TestSchema$ . -update

// keyWords says what each key, word and option is for: the rows of
// recipes/README.md, collected by go generate.
//
//go:embed keys.json
var keyWords []byte

// said returns them, by key.
func said() map[string]string {
	var words map[string]string
	if err := json.Unmarshal(keyWords, &words); err != nil {
		panic("recipe: keys.json: " + err.Error())
	}
	return words
}

// Schema returns the JSON Schema (draft 2020-12) of a recipe.
func Schema() []byte { return writeSchema(said()) }

// schema is a JSON Schema.
type schema map[string]any

// writer writes a schema, with words for people by key.
type writer struct{ words map[string]string }

func writeSchema(words map[string]string) []byte {
	w := writer{words}
	standard := defaults("")
	root := w.section("", reflect.ValueOf(standard))
	root["properties"].(schema)["extends"] = w.said("extends", schema{"anyOf": []schema{{"type": "string", "minLength": 1}, {"type": "array", "items": schema{"type": "string", "minLength": 1}}}})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A recipe of runner"
	root["description"] = "One experiment: photos and labels in, a trained network, a lock and a report out. runner plan checks what a schema cannot see."
	// What a recipe extends may have the required keys.
	root["if"] = schema{"required": []string{"extends"}}
	root["else"] = w.required("", reflect.TypeFor[Recipe]())
	out, _ := json.MarshalIndent(root, "", "  ") // maps, lists and texts always encode
	return append(out, '\n')
}

// said adds what a key is for.
func (w writer) said(key string, s schema) schema {
	if words, ok := w.words[key]; ok {
		s["description"] = words
	}
	return s
}

// section returns the schema of a map with the keys of a struct, whose values
// are the defaults.
func (w writer) section(key string, standard reflect.Value) schema {
	properties := schema{}
	for _, f := range fields(standard.Type()) {
		below, value := join(key, f.name), standard.Field(f.index)
		s := w.value(below, value.Type(), f.cell, value)
		if !f.required && !f.location && !isSection(value.Type()) && value.Kind() != reflect.Pointer && below != "train.loss" { // its default follows the task
			s["default"] = spell(value)
		}
		properties[f.name] = w.said(below, s)
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// value returns the schema of a value of some type. Defaults are those of the keys
// below it.
func (w writer) value(key string, t reflect.Type, cell bool, standard reflect.Value) schema {
	if own, ok := reflect.New(t).Interface().(spelling); ok {
		return own.schema(w, key)
	}
	switch t.Kind() {
	case reflect.Struct:
		if !standard.IsValid() {
			standard = reflect.Zero(t)
		}
		return w.section(key, standard)
	case reflect.Pointer: // data.source, which may not be there
		return w.section(key, reflect.ValueOf(*defaultSource()))
	case reflect.Slice:
		return w.list(key, t, cell)
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float64:
		return w.number(key, "number")
	case reflect.Int:
		return w.number(key, "integer")
	case reflect.Uint64:
		return schema{"type": "integer", "minimum": 0, "maximum": uint64(math.MaxUint64)}
	}
	if c, ok := choices[key]; ok {
		return w.enum(key, c)
	}
	if cell {
		return schema{"type": []string{"string", "number"}}
	}
	text := schema{"type": "string"}
	if pattern, ok := patterns[key]; ok {
		text["pattern"] = pattern
	}
	return text
}

// patterns are those that texts match, by key.
var patterns = map[string]string{"name": fileName.String(), "data.source.url": "^https://", "data.source.sha256": "^$|" + hexadecimal.String()}

// list returns the schema of a list.
func (w writer) list(key string, t reflect.Type, cell bool) schema {
	items := w.value(key+"[]", t.Elem(), cell, reflect.Value{})
	if required := w.required(key+"[]", t.Elem()); required != nil {
		items["required"] = required["required"]
	}
	s := schema{"type": "array", "items": items}
	if pair, ok := pairs[key]; ok {
		pair.bound(items)
		s["minItems"], s["maxItems"] = 2, 2
	}
	return s
}

// number returns the schema of a number that lies where its key says.
func (w writer) number(key, kind string) schema {
	s := schema{"type": kind}
	if span, ok := spans[key]; ok {
		span.bound(s)
		if span.orZero {
			return schema{"anyOf": []schema{{"const": 0}, s}}
		}
	}
	return s
}

// bound writes the ends of a span into the schema of a number.
func (s span) bound(into schema) {
	low, high := "minimum", "maximum"
	if s.openLow {
		low = "exclusiveMinimum"
	}
	if s.openHigh {
		high = "exclusiveMaximum"
	}
	into[low] = s.low
	if !s.noHigh {
		into[high] = s.high
	}
}

// enum returns the schema of one of some words.
func (w writer) enum(key string, words []string) schema {
	var explained []schema
	for _, word := range words {
		if words, ok := w.words[key+"="+word]; ok {
			explained = append(explained, schema{"const": word, "description": words})
		}
	}
	if len(explained) == len(words) && len(words) > 0 {
		return schema{"oneOf": explained}
	}
	return schema{"enum": words}
}

// orWord returns the schema of a choice that is a word, or something else which, of
// a list or a map, may have to have items.
func (w writer) orWord(key string, other schema, atLeastOne ...string) schema {
	for _, limit := range atLeastOne {
		other[limit] = 1
	}
	return schema{"anyOf": []schema{w.enum(key, choices[key]), other}}
}

// one returns the schema of a choice that is written as a word, if it may stand
// alone, or as a map of that one word with its value.
func (w writer) one(key string, option func(word string) (alone bool, value schema)) schema {
	var words []string
	properties := schema{}
	for _, word := range choices[key] {
		alone, value := option(word)
		if alone {
			words = append(words, word)
		}
		properties[word] = w.said(join(key, word), value)
	}
	return schema{"anyOf": []schema{
		w.enum(key, words),
		{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1},
	}}
}

// orNull lets a section stand without keys: sgd with nothing behind the colon.
func orNull(s schema) schema {
	s["type"] = []string{"object", "null"}
	return s
}

// required returns the schema of a section that has all that it needs, nil where
// it needs nothing. A section that has a key which makes others dispensable needs
// only the rest.
func (w writer) required(key string, t reflect.Type) schema {
	if !isSection(t) {
		return nil
	}
	var names []string
	below, all := schema{}, []schema{}
	for _, f := range fields(t) {
		full, own := join(key, f.name), t.Field(f.index).Type
		if isSection(own) {
			if s := w.required(full, own); s != nil {
				names, below[f.name] = append(names, f.name), s
			}
			continue
		}
		if own.Kind() == reflect.Pointer {
			if s := w.required(full, own.Elem()); s != nil {
				below[f.name] = s
			}
		}
		if !f.required || full == "name" {
			continue
		}
		without := w.without(full, t)
		if without == nil {
			names = append(names, f.name)
			continue
		}
		condition := schema{"anyOf": without}
		same := slices.IndexFunc(all, func(s schema) bool { return reflect.DeepEqual(s["if"], condition) })
		if same < 0 {
			same, all = len(all), append(all, schema{"if": condition, "else": schema{"required": []string(nil)}})
		}
		needs := all[same]["else"].(schema)
		needs["required"] = append(needs["required"].([]string), f.name)
	}
	s := schema{}
	if len(names) > 0 {
		s["required"] = names
	}
	if len(below) > 0 {
		s["properties"] = below
	}
	if len(all) > 0 {
		s["allOf"] = all
	}
	if len(s) == 0 {
		return nil
	}
	return s
}

// without finds out which keys beside a required one, alone or two together, make
// it dispensable: it asks what the decoder asks.
func (w writer) without(key string, section reflect.Type) []schema {
	type atom struct {
		name  string
		value any
		means schema
	}
	var atoms []atom
	above, _ := cutName(key)
	for _, f := range fields(section) {
		full, t := join(above, f.name), section.Field(f.index).Type
		switch {
		case full == key:
		case choices[full] != nil:
			for _, word := range choices[full] {
				atoms = append(atoms, atom{f.name, word, schema{"const": word}})
			}
		case t.Kind() == reflect.Float64:
			atoms = append(atoms, atom{f.name, 0, schema{"const": 0}})
		default:
			atoms = append(atoms, atom{f.name, "anything", schema{}})
		}
	}
	var found []schema
	var enough []atom
	for _, a := range atoms {
		if dispensable(key, map[string]any{a.name: a.value}) {
			enough = append(enough, a)
			found = append(found, schema{"required": []string{a.name}, "properties": schema{a.name: a.means}})
		}
	}
	isEnough := func(a atom) bool {
		return slices.ContainsFunc(enough, func(b atom) bool { return a.name == b.name && a.value == b.value })
	}
	for i, a := range atoms {
		for _, b := range atoms[i+1:] {
			if a.name != b.name && !isEnough(a) && !isEnough(b) && dispensable(key, map[string]any{a.name: a.value, b.name: b.value}) {
				found = append(found, schema{"required": []string{a.name, b.name}, "properties": schema{a.name: a.means, b.name: b.means}})
			}
		}
	}
	return found
}
