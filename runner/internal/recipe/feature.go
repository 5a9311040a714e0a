package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// Feature is a column that the network sees beside the picture. It is written as the column, age_days, or with
// what it holds, {condition: categorical}.
type Feature struct {
	Column string
	// Kind is numeric or categorical; where it is empty, the training rows say which.
	Kind string
}

// The kinds of features.
const (
	Numeric     = "numeric"
	Categorical = "categorical"
)

var featureKinds = []string{Numeric, Categorical}

func (into *Feature) read(d *decoder, key string, raw any) {
	switch value := raw.(type) {
	case string:
		into.Column = value
	case map[string]any:
		names := sortedKeys(value)
		if len(names) != 1 {
			d.problem(key, "must have one key, a column; not "+nameKeys(names), "write one column an item")
			return
		}
		into.Column = names[0]
		kind, ok := value[names[0]].(string)
		if !ok || !slices.Contains(featureKinds, kind) {
			d.problem(join(key, names[0]), fmt.Sprintf("must be %s, not %s", list(featureKinds, "or"), describe(value[names[0]])), didYouMean([]string{kind}, featureKinds))
		}
		into.Kind = kind
	default:
		d.wrongType(key, "a column, or a map of one column", raw)
	}
}

func (f Feature) spell() any {
	if f.Kind == "" {
		return f.Column
	}
	return map[string]any{f.Column: f.Kind}
}

func (Feature) schema(w writer, key string) schema {
	return schema{"anyOf": []schema{{"type": "string"}, {
		"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": schema{"enum": featureKinds},
	}}}
}

// Fills say, sorted by column, what stands for the empty cells of features. They are written as a map,
// {age_days: median, dose: 0}.
type Fills []Fill

// Fill is the rule of one column.
type Fill struct {
	Column string
	// Rule is median, mean, most_frequent, zero or given.
	Rule string
	// Value is the number that is given.
	Value float64
}

var fillRules = []string{"median", "mean", "most_frequent", "zero"}

// Given is the rule of a Fill that is a number.
const Given = "given"

func (into *Fills) read(d *decoder, key string, raw any) {
	rules, ok := d.object(key, raw)
	if !ok {
		return
	}
	for _, column := range sortedKeys(rules) {
		fill, below := Fill{Column: column}, join(key, column)
		switch value := rules[column].(type) {
		case int, uint64, float64:
			fill.Rule = Given
			fill.Value, _ = d.number(below, value)
		case string:
			if fill.Rule = value; !slices.Contains(fillRules, value) {
				d.problem(below, fmt.Sprintf("must be %s, or a number, not %q", list(fillRules, "or"), value), didYouMean([]string{value}, fillRules))
			}
		default:
			d.wrongType(below, list(fillRules, "or")+", or a number", value)
		}
		*into = append(*into, fill)
	}
}

func (f Fills) spell() any {
	all := map[string]any{}
	for _, fill := range f {
		all[fill.Column] = fill.Rule
		if fill.Rule == Given {
			all[fill.Column] = fill.Value
		}
	}
	return all
}

func (Fills) schema(w writer, key string) schema {
	return schema{"type": "object", "additionalProperties": schema{"anyOf": []schema{{"type": "number"}, {"enum": fillRules}}}}
}

// Of returns the rule of a column; it reports false where there is none.
func (f Fills) Of(column string) (Fill, bool) {
	i := slices.IndexFunc(f, func(fill Fill) bool { return fill.Column == column })
	if i < 0 {
		return Fill{}, false
	}
	return f[i], true
}

// maxFeatures bounds how many columns a network sees.
const maxFeatures = 1000

// checkFeatures wants columns that can be known when the target is not, and rules for none but them.
func (d *decoder) checkFeatures(r *Recipe) {
	const key = "data.features"
	features := r.Data.Features
	d.ensure(len(features) <= maxFeatures, key, fmt.Sprintf("has %d columns; at most %d", len(features), maxFeatures), "")
	var columns []string
	for i, feature := range features {
		key := fmt.Sprintf("%s[%d]", key, i)
		if !d.sound(key) {
			continue
		}
		column := feature.Column
		d.ensure(strings.TrimSpace(column) != "", key, "is empty", "write a column")
		d.ensure(!slices.Contains(columns, column), key, fmt.Sprintf("%q is there twice", column), "")
		d.ensure(column == "" || column != r.Data.Target, key, fmt.Sprintf("%q is data.target: the network would be told what it is to predict", column), "take it out")
		d.ensure(column == "" || column != r.Data.Image, key, fmt.Sprintf("%q is data.image, a name that no other photo has", column), "take it out")
		columns = append(columns, column)
	}
	for _, fill := range r.Transform.Fill {
		key := join("transform.fill", fill.Column)
		hint := "add it there, or take it out here"
		if near := didYouMean([]string{fill.Column}, columns); near != "" {
			hint = near
		}
		d.ensure(slices.Contains(columns, fill.Column) || !d.sound("data.features"), key, fmt.Sprintf("%q is none of data.features", fill.Column), hint)
	}
}
