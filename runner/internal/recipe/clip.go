package recipe

import (
	"fmt"
	"slices"
)

// Clips say, sorted by column, between which quantiles of the training rows values are learnt. They are written
// as a map, {fresh_weight_total: [0, 0.999]}.
type Clips []Clip

// Clip is the rule of one column: values below the quantile Low count as it, those above High as that.
type Clip struct {
	Column    string
	Low, High float64
}

func (into *Clips) read(d *decoder, key string, raw any) {
	rules, ok := d.object(key, raw)
	if !ok {
		return
	}
	for _, column := range sortedKeys(rules) {
		below := join(key, column)
		ends, ok := rules[column].([]any)
		if !ok || len(ends) != 2 {
			d.problem(below, "must be a list of two quantiles, not "+describe(rules[column]), "write e.g. [0, 0.999]")
			continue
		}
		clip := Clip{Column: column}
		clip.Low, _ = d.number(below+"[0]", ends[0])
		clip.High, _ = d.number(below+"[1]", ends[1])
		*into = append(*into, clip)
	}
}

func (c Clips) spell() any {
	all := map[string]any{}
	for _, clip := range c {
		all[clip.Column] = []float64{clip.Low, clip.High}
	}
	return all
}

func (Clips) schema(w writer, key string) schema {
	ends := schema{"type": "array", "items": schema{"type": "number"}, "minItems": 2, "maxItems": 2}
	share.bound(ends["items"].(schema))
	return schema{"type": "object", "additionalProperties": ends}
}

// Of returns the rule of a column; it reports false where there is none.
func (c Clips) Of(column string) (Clip, bool) {
	i := slices.IndexFunc(c, func(clip Clip) bool { return clip.Column == column })
	if i < 0 {
		return Clip{}, false
	}
	return c[i], true
}

// checkClip wants quantiles in order, of the target of a regression or of features.
func (d *decoder) checkClip(r *Recipe) {
	var columns []string
	if r.Task != Classification {
		columns = append(columns, r.Data.Target)
	}
	for _, feature := range r.Data.Features {
		columns = append(columns, feature.Column)
	}
	for _, clip := range r.Transform.Clip {
		key := join("transform.clip", clip.Column)
		d.ensure(0 <= clip.Low && clip.Low < clip.High && clip.High <= 1, key,
			fmt.Sprintf("must be two quantiles from 0 to 1, the smaller first, not %s and %s", shortest(clip.Low), shortest(clip.High)), "")
		d.ensure(slices.Contains(columns, clip.Column) || !d.sound("data.features", "data.target", "task"), key,
			fmt.Sprintf("%q is neither the target of a regression nor one of data.features", clip.Column), didYouMean([]string{clip.Column}, columns))
	}
}
