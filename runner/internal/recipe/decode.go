package recipe

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// decoder fills a Recipe from merged values and notes every problem. It goes on
// after a problem, so that all come at once.
type decoder struct {
	places   map[string]place
	fallback place
	problems Problems
	meant    []string // keys that an unknown one beside them probably means
}

// problem notes what is wrong at a key.
func (d *decoder) problem(key, reason, hint string) {
	d.problems = append(d.problems, d.locate(key).problem(key, reason, hint))
}

// locate returns where a key stands. One that stands nowhere, because it is
// missing, is looked for where its section stands.
func (d *decoder) locate(key string) place {
	at, ok := d.places[key]
	for above := key; !ok && above != ""; at, ok = d.places[above] {
		above = above[:max(0, strings.LastIndexAny(above, ".["))]
	}
	if !ok {
		return d.fallback
	}
	return at
}

// sound reports whether no problem is known at or below any of the keys, so
// that checking what they say together makes sense.
func (d *decoder) sound(keys ...string) bool {
	return !slices.ContainsFunc(d.problems, func(p Problem) bool {
		return slices.ContainsFunc(keys, func(key string) bool {
			rest, ok := strings.CutPrefix(p.Key, key)
			return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
		})
	})
}

// dropExplained takes out the missing keys that another problem explains: a
// file could not be read, or an unknown key may stand in their place.
func (d *decoder) dropExplained(partial bool) {
	d.problems = slices.DeleteFunc(d.problems, func(p Problem) bool {
		return p.Reason == isRequired && (partial || slices.Contains(d.meant, p.Key))
	})
}

func (d *decoder) recipe(raw map[string]any) Recipe {
	task, _ := raw["task"].(string)
	r := defaults(task)
	d.section("", raw, reflect.ValueOf(&r).Elem())
	return r
}

// field is one key of a section.
type field struct {
	name     string
	index    int
	required bool // has no default
	location bool // no part of the canonical form
	cell     bool // takes numbers for texts
}

// fields returns the keys of a section in the order of its struct.
func fields(section reflect.Type) []field {
	var list []field
	for i := range section.NumField() {
		tag := section.Field(i).Tag
		special := tag.Get("recipe")
		list = append(list, field{tag.Get("yaml"), i, special == "required", special == "location", special == "cell"})
	}
	return list
}

// isSection tells the structs whose keys are their fields' tags from those with
// a spelling of their own.
func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.Field(0).Tag != "" }

var index = regexp.MustCompile(`\[\d+\]`)

// generic returns a key without the indices of list items.
func generic(key string) string { return index.ReplaceAllString(key, "[]") }

// section fills a struct from a map.
func (d *decoder) section(key string, raw map[string]any, into reflect.Value) {
	known := fields(into.Type())
	var names []string
	for _, f := range known {
		names = append(names, f.name)
		below := join(key, f.name)
		value, ok := raw[f.name]
		switch target := into.Field(f.index); {
		case ok:
			d.value(below, value, target, f.cell)
		case isSection(target.Type()):
			d.section(below, nil, target)
		case f.required && !dispensable(below, raw):
			d.problem(below, isRequired, required[generic(below)])
		}
	}
	for _, name := range sortedKeys(raw) {
		if !slices.Contains(names, name) {
			d.unknown(join(key, name), name, names)
		}
	}
}

// dispensable reports whether a section says that it can do without a required
// key: parts that are stated are not drawn, so they need no seed, pictures that
// say their classes need no table, and what is fetched is not drawn.
func dispensable(key string, section map[string]any) bool {
	switch key {
	case "split.seed":
		by, _ := section["by"].(string)
		return !draws(by, section["validation"] == 0)
	case "data.source.builtin":
		return section["url"] != nil
	case "data.table", "data.image", "data.target":
		return section["folders"] != nil || section["parts"] != nil
	}
	return false
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// unknown reports a key that no struct has.
func (d *decoder) unknown(key, name string, options []string) {
	above, _ := cutName(key)
	near := Suggest(name, options)
	if near == "" && above != "" {
		near = beside(name, options)
	}
	hint := "here can stand: " + strings.Join(options, ", ")
	switch {
	case near != "":
		hint = fmt.Sprintf("did you mean %q?", near)
		d.meant = append(d.meant, join(above, near))
	case strings.Contains(name, "."):
		hint = "write sections below one another, with indentation"
	case !strings.Contains(key, "["):
		if keys := elsewhere(above, name); len(keys) > 0 {
			hint = "did you mean " + list(keys, "or") + "?"
			if strings.HasPrefix(d.locate(key).file, fromEnvironment) {
				hint += " Two underscores stand for the dot"
			}
		}
	}
	d.problem(key, "unknown key", hint)
}

// cutName cuts the last name off a full key.
func cutName(key string) (above, name string) {
	i := strings.LastIndexByte(key, '.')
	return key[:max(i, 0)], key[i+1:]
}

// value fills one value, whatever its type.
func (d *decoder) value(key string, raw any, into reflect.Value, cell bool) {
	if raw == nil {
		d.problem(key, "has no value", "write one, or take the key out for its default")
		return
	}
	switch target := into.Addr().Interface().(type) {
	case spelling:
		target.read(d, key, raw)
		return
	case **Source:
		*target = defaultSource()
		into = into.Elem()
	}
	switch into.Kind() {
	case reflect.Struct:
		if section, ok := d.object(key, raw); ok {
			d.section(key, section, into)
		}
	case reflect.Slice:
		items, ok := raw.([]any)
		if !ok {
			d.wrongType(key, "a list", raw)
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
		for i, item := range items {
			d.value(fmt.Sprintf("%s[%d]", key, i), item, into.Index(i), cell)
		}
	case reflect.String:
		d.text(key, raw, into, cell)
	case reflect.Bool:
		if b, ok := raw.(bool); ok {
			into.SetBool(b)
		} else {
			d.wrongType(key, "true or false", raw)
		}
	case reflect.Float64:
		if f, ok := d.number(key, raw); ok {
			into.SetFloat(f)
		}
	case reflect.Int:
		if i, ok := raw.(int); ok {
			into.SetInt(int64(i))
			d.within(key, float64(i))
		} else {
			d.wrongType(key, "a whole number", raw)
		}
	case reflect.Uint64:
		switch i := raw.(type) {
		case int:
			if i >= 0 {
				into.SetUint(uint64(i))
				return
			}
		case uint64:
			into.SetUint(i)
			return
		}
		d.wrongType(key, "a whole number, 0 or more", raw)
	}
}

// Numbers as people write them elsewhere.
var (
	decimalComma = regexp.MustCompile(`^[-+]?\d+,\d+$`)
	percent      = regexp.MustCompile(`^\d+([.,]\d+)? ?%$`)
)

func (d *decoder) wrongType(key, want string, raw any) {
	hint := ""
	if text, ok := raw.(string); ok && want == "a list" && plainKey.MatchString(text) {
		hint = fmt.Sprintf("write [%s]", text)
	}
	d.problem(key, fmt.Sprintf("must be %s, not %s", want, describe(raw)), hint)
}

func (d *decoder) object(key string, raw any) (map[string]any, bool) {
	m, ok := raw.(map[string]any)
	if !ok {
		d.wrongType(key, "a map of keys", raw)
	}
	return m, ok
}

// text fills a text. One with choices must be one of them.
func (d *decoder) text(key string, raw any, into reflect.Value, cell bool) {
	if _, ok := choices[generic(key)]; ok {
		if word, ok := d.choose(key, raw); ok {
			into.SetString(word)
		}
		return
	}
	text, ok := raw.(string)
	if !ok && cell {
		text, ok = cellText(raw)
	}
	switch {
	case !ok && cell:
		d.wrongType(key, "a text or a number", raw)
	case !ok:
		d.wrongType(key, "a text", raw)
	case strings.ContainsFunc(text, unicode.IsControl):
		d.problem(key, fmt.Sprintf("%q has control characters", text), "")
	default:
		into.SetString(text)
	}
}

// cellText is the text of a table cell that holds a number: its shortest digits.
func cellText(raw any) (string, bool) {
	switch v := raw.(type) {
	case int:
		return strconv.Itoa(v), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		if math.Abs(v) < 1e21 { // not for NaN and Inf
			return strconv.FormatFloat(v, 'f', -1, 64), true
		}
	}
	return "", false
}

// number returns a finite number, which lies where its key says.
func (d *decoder) number(key string, raw any) (float64, bool) {
	var f float64
	switch v := raw.(type) {
	case int:
		f = float64(v)
	case uint64:
		f = float64(v)
	case float64:
		f = v
	case string:
		hint := ""
		if point := strings.Replace(v, ",", ".", 1); decimalComma.MatchString(v) {
			hint = fmt.Sprintf("write %s: decimals have a point", point)
		} else if percent.MatchString(v) {
			hint = "write a share of 1, e.g. 0.8 for 80 %"
		}
		d.problem(key, "must be a number, not "+describe(raw), hint)
		return 0, false
	default:
		d.wrongType(key, "a number", raw)
		return 0, false
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.problem(key, "must be a finite number", "")
		return 0, false
	}
	if f == 0 {
		f = 0 // never -0, which YAML would read back as another text
	}
	d.within(key, f)
	return f, true
}

// choose returns the word of a choice that is written as a word.
func (d *decoder) choose(key string, raw any) (string, bool) {
	options := choices[generic(key)]
	word, ok := raw.(string)
	switch {
	case !ok:
		d.wrongType(key, list(options, "or"), raw)
	case !slices.Contains(options, word):
		near := didYouMean([]string{word}, options)
		d.problem(key, fmt.Sprintf("must be %s, not %q", list(options, "or"), word), near)
		ok = false
	}
	return word, ok
}

// list joins words for people: a, b or c.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " " + last + " " + words[end]
}

// describe names a value for a message.
func describe(raw any) string {
	switch v := raw.(type) {
	case nil:
		return "nothing"
	case string:
		if len(v) > 60 {
			return "a long text"
		}
		return fmt.Sprintf("the text %q", v)
	case bool:
		return fmt.Sprintf("the truth value %t", v)
	case time.Time:
		return "a date"
	case []any:
		return "a list"
	case map[string]any, map[any]any:
		return "a map"
	default:
		return fmt.Sprintf("the number %v", v)
	}
}
