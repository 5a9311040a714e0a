package recipe

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// layerOptions are the keys that can stand beside the kind of a layer. A kind
// that is in this table needs a value; the others are words.
var layerOptions = map[string][]string{
	"conv":              {"kernel", "stride", "padding", "dilation", "groups", "bias"},
	"dense":             {"bias"},
	"max_pool":          {"stride", "padding"},
	"avg_pool":          {"stride", "padding"},
	"adaptive_avg_pool": {},
	"dropout":           {},
}

func (into *Layer) read(d *decoder, key string, raw any) {
	m, isMap := raw.(map[string]any)
	if !isMap {
		d.plainLayer(key, raw, into)
		return
	}
	kind, ok := d.layerKind(key, m)
	if !ok {
		return
	}
	*into = Layer{Kind: kind, Bias: kind == "conv" || kind == "dense"}
	options := layerOptions[kind]
	for _, name := range sortedKeys(m) {
		if name != kind && !slices.Contains(options, name) {
			d.unknown(join(key, name), name, options)
		}
	}
	fill := func(name string, field any) bool {
		value, ok := m[name]
		if ok {
			d.value(join(key, name), value, reflect.ValueOf(field).Elem(), false)
		}
		return ok
	}
	if kind == "dropout" {
		fill(kind, &into.Probability)
	} else {
		fill(kind, &into.Size)
	}
	if slices.Contains(options, "kernel") && !fill("kernel", &into.Kernel) {
		d.problem(join(key, "kernel"), isRequired, "write the height and width of the window, e.g. kernel: 3")
	}
	if slices.Contains(options, "stride") {
		into.Stride = into.defaultStride()
		fill("stride", &into.Stride)
		fill("padding", &into.Padding)
	}
	if slices.Contains(options, "dilation") {
		into.Dilation, into.Groups = 1, 1
		fill("dilation", &into.Dilation)
		fill("groups", &into.Groups)
	}
	if slices.Contains(options, "bias") {
		fill("bias", &into.Bias)
	}
}

// plainLayer reads a layer that is written as a word.
func (d *decoder) plainLayer(key string, raw any, into *Layer) {
	kind, ok := d.choose(key, raw)
	options, needsValue := layerOptions[kind]
	if ok && needsValue {
		example := kind + ": NUMBER"
		if slices.Contains(options, "kernel") {
			example += ", kernel: NUMBER"
		}
		d.problem(key, kind+" has no value", fmt.Sprintf("write {%s}", example))
	}
	*into = Layer{Kind: kind}
}

// layerKind returns the one kind that a layer's map names.
func (d *decoder) layerKind(key string, m map[string]any) (string, bool) {
	all, names := choices[generic(key)], sortedKeys(m)
	kinds := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(all, name) })
	if len(kinds) == 0 {
		d.problem(key, fmt.Sprintf("names no layer: %s; a layer is %s", nameKeys(names), list(all, "or")), didYouMean(names, all))
		return "", false
	}
	if len(kinds) > 1 {
		d.problem(key, "is "+list(kinds, "and"), "write one layer an item")
		return "", false
	}
	if _, takesValue := layerOptions[kinds[0]]; !takesValue {
		d.problem(key, kinds[0]+" has no options", "write it as a word")
		return "", false
	}
	return kinds[0], true
}

func (l Layer) defaultStride() int {
	if strings.HasSuffix(l.Kind, "_pool") {
		return l.Size
	}
	return 1
}

func (l Layer) spell() any {
	options, takesValue := layerOptions[l.Kind]
	if !takesValue {
		return l.Kind
	}
	out := map[string]any{l.Kind: l.Size}
	if l.Kind == "dropout" {
		out[l.Kind] = l.Probability
	}
	if slices.Contains(options, "kernel") {
		out["kernel"] = l.Kernel
	}
	if slices.Contains(options, "stride") && l.Stride != l.defaultStride() {
		out["stride"] = l.Stride
	}
	if slices.Contains(options, "padding") && l.Padding != 0 {
		out["padding"] = l.Padding
	}
	if l.Dilation > 1 {
		out["dilation"] = l.Dilation
	}
	if l.Groups > 1 {
		out["groups"] = l.Groups
	}
	if slices.Contains(options, "bias") && !l.Bias {
		out["bias"] = false
	}
	return out
}

func (Layer) schema(w writer, key string) schema {
	var words []string
	forms := []schema{nil}
	for _, kind := range choices[key] {
		options, takesValue := layerOptions[kind]
		if !takesValue {
			words = append(words, kind)
			continue
		}
		number := "integer"
		if kind == "dropout" {
			number = "number"
		}
		properties, required := schema{kind: w.said(key+"="+kind, w.number(join(key, kind), number))}, []string{kind}
		for _, option := range options {
			value := w.number(join(key, option), "integer")
			if option == "bias" {
				value = schema{"type": "boolean", "default": true}
			}
			if option == "kernel" {
				required = append(required, option)
			}
			properties[option] = w.said(join(key, kind)+"."+option, value)
		}
		forms = append(forms, schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false})
	}
	forms[0] = w.enum(key, words)
	return schema{"anyOf": forms}
}
