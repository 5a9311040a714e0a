package recipe

import (
	"fmt"
	"reflect"
	"slices"
)

// This file owns the values with a spelling of their own, but for those of features, clips
// and sweeps.

// spelling is a value that is written in another way than its fields say.
type spelling interface {
	// read fills it from YAML values, or notes what is wrong.
	read(d *decoder, key string, raw any)
	// spell writes it for the canonical form, options at their default left out.
	spell() any
	// schema describes it for editors.
	schema(w writer, key string) schema
}

// one returns the word and the value of a choice that is written as a word, or
// as a map of that one word: {rotate: 20}.
func (d *decoder) one(key string, raw any) (word string, value any, ok bool) {
	options := choices[generic(key)]
	m, isMap := raw.(map[string]any)
	if !isMap {
		word, ok = d.choose(key, raw)
		return word, nil, ok
	}
	names := sortedKeys(m)
	known := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(options, name) })
	if len(known) != 1 || len(names) != 1 {
		d.problem(key, fmt.Sprintf("must have one key, %s; not %s", list(options, "or"), nameKeys(names)), didYouMean(names, options))
		return "", nil, false
	}
	return known[0], m[known[0]], true
}

func nameKeys(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	return list(quoted, "and")
}

func (into *Normalize) read(d *decoder, key string, raw any) {
	given, ok := raw.(map[string]any)
	if !ok {
		if word, ok := d.choose(key, raw); ok {
			*into = Normalize{Kind: word}
		}
		return
	}
	var channels struct {
		Mean []float64 `yaml:"mean" recipe:"required"`
		Std  []float64 `yaml:"std" recipe:"required"`
	}
	d.section(key, given, reflect.ValueOf(&channels).Elem())
	*into = Normalize{Kind: "given", Mean: channels.Mean, Std: channels.Std}
}

func (n Normalize) spell() any {
	if n.Kind != "given" {
		return n.Kind
	}
	return map[string]any{"mean": n.Mean, "std": n.Std}
}

func (Normalize) schema(w writer, key string) schema {
	return w.orWord(key, schema{
		"type": "object", "additionalProperties": false, "required": []string{"mean", "std"}, "properties": schema{
			"mean": w.said(key+".mean", w.list(key+".mean", reflect.TypeFor[[]float64](), false)),
			"std":  w.said(key+".std", w.list(key+".std", reflect.TypeFor[[]float64](), false)),
		},
	})
}

func (into *Drop) read(d *decoder, key string, raw any) {
	kind, value, ok := d.one(key, raw)
	if !ok {
		return
	}
	*into = defaultDrop(kind)
	below := join(key, kind)
	switch {
	case kind == where && value == nil:
		d.problem(key, "where has no condition", `write e.g. {where: "age_days > 60"}`)
	case kind == where:
		d.value(below, value, reflect.ValueOf(&into.Where).Elem(), false)
	case value == nil:
	case kind == duplicateImage:
		if options, ok := d.object(below, value); ok {
			d.section(below, options, reflect.ValueOf(&into.DuplicateImage).Elem())
		}
	default:
		d.problem(key, kind+" has no options", "write it as a word")
	}
}

func (r Drop) spell() any {
	if r.Kind == where {
		return map[string]any{where: r.Where}
	}
	options := spellSection(reflect.ValueOf(r.DuplicateImage), reflect.ValueOf(defaultDrop(r.Kind).DuplicateImage))
	if len(options) == 0 {
		return r.Kind
	}
	return map[string]any{r.Kind: options}
}

func (Drop) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		switch word {
		case where:
			return false, schema{"type": "string"}
		case duplicateImage:
			return true, orNull(w.section(join(key, word), reflect.ValueOf(defaultDrop(word).DuplicateImage)))
		}
		return true, schema{"type": "null"}
	})
}

// String names the rule in ledgers and reports.
func (r Drop) String() string {
	switch {
	case r.Kind == where:
		return "where " + r.Where
	case r.Kind == duplicateImage && r.DuplicateImage.Near != 1:
		return fmt.Sprintf("%s near %s", r.Kind, shortest(r.DuplicateImage.Near))
	}
	return r.Kind
}

func (into *Augment) read(d *decoder, key string, raw any) {
	kind, value, ok := d.one(key, raw)
	if !ok {
		return
	}
	*into = defaultAugment(kind)
	options, takesOptions := into.options()
	switch {
	case takesOptions && value != nil:
		if keys, ok := d.object(join(key, kind), value); ok {
			d.section(join(key, kind), keys, options)
		}
	case value != nil:
		into.Value, _ = d.number(join(key, kind), value)
	case !takesOptions:
		d.problem(key, fmt.Sprintf("%s has no value", kind), fmt.Sprintf("write {%s: NUMBER}", kind))
	}
}

// options returns those of the change's kind, addressable; it reports false where
// it has a number.
func (a *Augment) options() (reflect.Value, bool) {
	switch a.Kind {
	case "color_jitter":
		return reflect.ValueOf(&a.ColorJitter).Elem(), true
	case "resized_crop":
		return reflect.ValueOf(&a.ResizedCrop).Elem(), true
	case "affine":
		return reflect.ValueOf(&a.Affine).Elem(), true
	case "perspective":
		return reflect.ValueOf(&a.Perspective).Elem(), true
	}
	return reflect.Value{}, false
}

func (a Augment) spell() any {
	options, ok := a.options()
	if !ok {
		return map[string]any{a.Kind: a.Value}
	}
	standard := defaultAugment(a.Kind)
	defaults, _ := standard.options()
	below := spellSection(options, defaults)
	if len(below) == 0 {
		return a.Kind
	}
	return map[string]any{a.Kind: below}
}

func (Augment) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		a := defaultAugment(word)
		if options, ok := a.options(); ok {
			return true, orNull(w.section(join(key, word), options))
		}
		return false, w.number(join(key, word), "number")
	})
}

func (into *Weights) read(d *decoder, key string, raw any) {
	given, ok := raw.(map[string]any)
	if !ok {
		if word, ok := d.choose(key, raw); ok {
			*into = Weights{Kind: word}
		}
		return
	}
	var file struct {
		File   string `yaml:"file"`
		URL    string `yaml:"url"`
		SHA256 string `yaml:"sha256"`
	}
	d.section(key, given, reflect.ValueOf(&file).Elem())
	*into = Weights{Kind: "file", File: file.File, URL: file.URL, SHA256: file.SHA256}
	if file.URL != "" {
		into.Kind = "url"
	}
}

func (w Weights) spell() any {
	out := map[string]any{}
	switch w.Kind {
	case "file":
		out["file"] = w.File
	case "url":
		out["url"] = w.URL
	default:
		return w.Kind
	}
	if w.SHA256 != "" {
		out["sha256"] = w.SHA256
	}
	return out
}

func (Weights) schema(w writer, key string) schema {
	return w.orWord(key, schema{
		"type": "object", "additionalProperties": false, "properties": schema{
			"file":   w.said(key+".file", schema{"type": "string"}),
			"url":    w.said(key+".url", schema{"type": "string", "pattern": "^https://"}),
			"sha256": w.said(key+".sha256", schema{"type": "string", "pattern": hexadecimal.String()}),
		},
	}, "minProperties")
}

func (into *Layers) read(d *decoder, key string, raw any) {
	if word, ok := raw.(string); ok {
		if word == AllLayers {
			*into = Layers{AllLayers}
		} else {
			d.problem(key, fmt.Sprintf("must be all or a list, not the text %q", word), fmt.Sprintf("write [%s]", word))
		}
		return
	}
	d.value(key, raw, reflect.ValueOf((*[]string)(into)).Elem(), false)
}

func (l Layers) spell() any {
	if len(l) == 1 && l[0] == AllLayers {
		return AllLayers
	}
	return []string(l)
}

func (Layers) schema(w writer, key string) schema {
	return schema{"anyOf": []schema{{"const": AllLayers}, {"type": "array", "items": schema{"type": "string", "minLength": 1}}}}
}

func (into *Mix) read(d *decoder, key string, raw any) {
	if empty, ok := raw.(map[string]any); ok && len(empty) == 0 {
		return // as none
	}
	kind, value, ok := d.one(key, raw)
	switch {
	case !ok:
	case kind == "none" && value != nil:
		d.problem(key, kind+" has no options", "write it as a word")
	case kind != "none" && value == nil:
		d.problem(key, kind+" has no value", fmt.Sprintf("write {%s: NUMBER}", kind))
	case kind != "none":
		into.Kind = kind
		into.Alpha, _ = d.number(join(key, kind), value)
	}
}

func (m Mix) spell() any {
	if m.Kind == "none" {
		return m.Kind
	}
	return map[string]any{m.Kind: m.Alpha}
}

func (Mix) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		if word == "none" {
			return true, schema{"type": "null"}
		}
		return false, w.number(join(key, word), "number")
	})
}

func (into *Loss) read(d *decoder, key string, raw any) {
	kind, value, ok := d.one(key, raw)
	if !ok {
		return
	}
	*into = defaultLoss(kind)
	if value == nil {
		return
	}
	if kind != crossEntropy {
		d.problem(key, kind+" has no options", "write it as a word")
	} else if options, ok := d.object(join(key, kind), value); ok {
		d.section(join(key, kind), options, reflect.ValueOf(&into.CrossEntropy).Elem())
	}
}

func (l Loss) spell() any {
	options := spellSection(reflect.ValueOf(l.CrossEntropy), reflect.ValueOf(defaultLoss(l.Kind).CrossEntropy))
	if len(options) == 0 {
		return l.Kind
	}
	return map[string]any{l.Kind: options}
}

func (Loss) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		if word == crossEntropy {
			return true, orNull(w.section(join(key, word), reflect.ValueOf(defaultLoss(word).CrossEntropy)))
		}
		return true, schema{"type": "null"}
	})
}

func (into *ClassWeights) read(d *decoder, key string, raw any) {
	if _, isList := raw.([]any); !isList {
		if word, ok := d.choose(key, raw); ok {
			*into = ClassWeights{Kind: word}
		}
		return
	}
	*into = ClassWeights{Kind: "given"}
	d.value(key, raw, reflect.ValueOf(&into.Given).Elem(), false)
}

func (w ClassWeights) spell() any {
	if w.Kind == "given" {
		return w.Given
	}
	return w.Kind
}

func (ClassWeights) schema(w writer, key string) schema {
	return w.orWord(key, w.list(key, reflect.TypeFor[[]float64](), false), "minItems")
}

func (into *Optimizer) read(d *decoder, key string, raw any) {
	kind, value, ok := d.one(key, raw)
	if !ok {
		return
	}
	options := map[string]any{}
	if value != nil {
		if options, ok = d.object(join(key, kind), value); !ok {
			return
		}
	}
	*into = defaultOptimizer(kind)
	_, fields := into.chosen()
	d.section(join(key, kind), options, fields)
}

// chosen returns the word and the options, addressable, of the one field that is set.
func (o Optimizer) chosen() (word string, options reflect.Value) {
	switch {
	case o.AdamW != nil:
		return "adamw", reflect.ValueOf(o.AdamW).Elem()
	case o.SGD != nil:
		return "sgd", reflect.ValueOf(o.SGD).Elem()
	case o.RMSprop != nil:
		return "rmsprop", reflect.ValueOf(o.RMSprop).Elem()
	}
	return "adam", reflect.ValueOf(o.Adam).Elem()
}

func (o Optimizer) spell() any {
	word, options := o.chosen()
	_, standard := defaultOptimizer(word).chosen()
	return map[string]any{word: spellSection(options, standard)}
}

func (Optimizer) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		_, options := defaultOptimizer(word).chosen()
		return true, orNull(w.section(join(key, word), options))
	})
}

// Rate returns the learning rate.
func (o Optimizer) Rate() float64 {
	_, options := o.chosen()
	return options.FieldByName("Rate").Float()
}

func (into *Schedule) read(d *decoder, key string, raw any) {
	kind, value, ok := d.one(key, raw)
	if !ok {
		return
	}
	*into = defaultSchedule(kind)
	if value == nil {
		return
	}
	_, fields := into.chosen()
	if kind == constant {
		d.problem(key, kind+" has no options", "write it as a word")
	} else if options, ok := d.object(join(key, kind), value); ok {
		d.section(join(key, kind), options, fields)
	}
}

// chosen returns the word and the options, addressable, of the one field that is
// set. A constant rate has no options.
func (s Schedule) chosen() (word string, options reflect.Value) {
	switch {
	case s.Step != nil:
		return "step", reflect.ValueOf(s.Step).Elem()
	case s.Cosine != nil:
		return "cosine", reflect.ValueOf(s.Cosine).Elem()
	case s.OneCycle != nil:
		return "one_cycle", reflect.ValueOf(s.OneCycle).Elem()
	case s.Plateau != nil:
		return "plateau", reflect.ValueOf(s.Plateau).Elem()
	}
	return constant, reflect.Value{}
}

func (s Schedule) spell() any {
	word, options := s.chosen()
	if word == constant {
		return word
	}
	_, standard := defaultSchedule(word).chosen()
	below := spellSection(options, standard)
	if len(below) == 0 {
		return word
	}
	return map[string]any{word: below}
}

func (Schedule) schema(w writer, key string) schema {
	return w.one(key, func(word string) (alone bool, value schema) {
		if word == constant {
			return true, schema{"type": "null"}
		}
		_, options := defaultSchedule(word).chosen()
		return true, orNull(w.section(join(key, word), options))
	})
}
