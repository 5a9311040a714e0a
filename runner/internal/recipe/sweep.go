package recipe

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/elementary"
)

// Sweep asks for the best of several settings, judged on the validation part.
type Sweep struct {
	// Over holds the keys to change, each with the values to try.
	Over Over `yaml:"over"`
	// Draw is how many variants are tried, drawn at random; 0 for all combinations. Ranges need it.
	Draw int `yaml:"draw"`
	// Seed draws them.
	Seed uint64 `yaml:"seed"`
	// On is what makes one better: validation_loss, validation_rmse, validation_accuracy, validation_macro_f1.
	On string `yaml:"on"`
}

// Over is written as a map: {train.optimizer.adam.rate: [1e-3, 1e-4]}. It is sorted by key.
type Over []Axis

// Axis is one key and the values to try: those of a list or, where there is a range, drawn
// from it.
type Axis struct {
	Key    string
	Values []any
	Range  *Range
}

// Range is where numbers are drawn from, each as likely as any other on its scale.
type Range struct {
	Min float64 `yaml:"min" recipe:"required"`
	Max float64 `yaml:"max" recipe:"required"`
	// Scale is linear, or log, which has as many values from 1 to 10 as from 10 to 100.
	Scale string `yaml:"scale"`
	// Whole draws whole numbers.
	Whole bool `yaml:"whole"`
}

func defaultRange() *Range { return &Range{Scale: scales[0]} }

var scales = []string{"linear", "log"}

func (o Over) spell() any {
	axes := map[string]any{}
	for _, axis := range o {
		axes[axis.Key] = axis.Values
		if axis.Range != nil {
			axes[axis.Key] = spellSection(reflect.ValueOf(*axis.Range), reflect.ValueOf(*defaultRange()))
		}
	}
	return axes
}

func (Over) schema(w writer, key string) schema {
	return schema{"type": "object", "propertyNames": schema{"pattern": "^(" + strings.Join(swept, "|") + `)\.`}, "additionalProperties": schema{"anyOf": []schema{{"type": "array", "minItems": 1}, {
		"type": "object", "additionalProperties": false, "required": []string{"min", "max"}, "properties": schema{
			"min": schema{"type": "number"}, "max": schema{"type": "number"}, "scale": schema{"enum": scales, "default": scales[0]}, "whole": schema{"type": "boolean", "default": false},
		},
	}}}}
}

// swept are the sections whose keys can be swept; what comes before them is the same for
// all variants.
var swept = []string{"transform", "network", "train"}

func (into *Over) read(d *decoder, key string, raw any) {
	axes, ok := d.object(key, raw)
	if !ok {
		return
	}
	for _, name := range sortedKeys(axes) {
		below := join(key, name)
		section, _, _ := strings.Cut(name, ".")
		values, isList := axes[name].([]any)
		ends, isRange := axes[name].(map[string]any)
		switch {
		case !slices.Contains(swept, section) || section == name:
			d.problem(below, "is no key of "+list(swept, "or"), "write e.g. train.optimizer.adam.rate: [1e-3, 1e-4]")
		case name == "train.seed" || name == "train.repeat":
			d.problem(below, "cannot be swept", "train.repeat trains with several seeds, and chooses none")
		case name == "network.weights" || strings.HasPrefix(name, "network.weights."):
			d.problem(below, "cannot be swept", "a lock names one file of weights: write a recipe for each, and compare them with runner diff")
		case isRange:
			axis := Axis{Key: name, Range: defaultRange()}
			d.section(below, ends, reflect.ValueOf(axis.Range).Elem())
			d.checkRange(below, *axis.Range)
			*into = append(*into, axis)
		case !isList || len(values) == 0:
			d.problem(below, "must be a list of values to try, or a range, not "+describe(axes[name]), "write e.g. [1e-3, 1e-4], or {min: 1e-5, max: 1e-2, scale: log}")
		default:
			for i, v := range values {
				if slices.ContainsFunc(values[:i], func(w any) bool { return reflect.DeepEqual(v, w) }) {
					d.problem(fmt.Sprintf("%s[%d]", below, i), "is there twice", "")
				}
			}
			*into = append(*into, Axis{Key: name, Values: values})
		}
	}
}

// checkRange wants something to draw.
func (d *decoder) checkRange(key string, r Range) {
	d.ensure(slices.Contains(scales, r.Scale), key+".scale", fmt.Sprintf("must be %s, not %q", list(scales, "or"), r.Scale), didYouMean([]string{r.Scale}, scales))
	if !d.sound(key+".min", key+".max") {
		return
	}
	d.ensure(r.Min < r.Max, key+".max", fmt.Sprintf("must be above min, %s, not %s", shortest(r.Min), shortest(r.Max)), "")
	d.ensure(r.Scale != "log" || r.Min > 0, key+".min", "must be above 0 with scale: log, not "+shortest(r.Min), "")
	const most = 1e15 // beyond it floats skip whole numbers
	whole := func(x float64) bool { return x == math.Trunc(x) && math.Abs(x) < most }
	d.ensure(!r.Whole || whole(r.Min) && whole(r.Max), key+".whole", "wants whole numbers for min and max", "")
}

// checkSweep holds that there are not too many variants, and something to rank them by.
// Whether each is a recipe, Parse finds out.
func (d *decoder) checkSweep(s Sweep, r *Recipe) {
	n := s.combinations()
	d.ensure(s.Draw <= n || n == 0, "sweep.draw", fmt.Sprintf("must be at most the %d combinations, not %d", n, s.Draw), "")
	if n == 0 {
		d.ensure(s.Draw == 0, "sweep.draw", "draws of nothing", "write sweep.over, the keys to change")
		return
	}
	ranged := s.ranged()
	d.ensure(s.Draw > 0 || !ranged || !d.sound("sweep.draw"), "sweep.draw", "is required with a range", "write how many variants to draw")
	if ranged && s.Draw > 0 && d.sound("sweep") {
		found := len(s.settings())
		d.ensure(found == s.Draw, "sweep.draw", fmt.Sprintf("must be at most the %d variants that there are, not %d", found, s.Draw), "")
	}
	d.ensure(s.Draw > 0 || n <= maxRuns || ranged, "sweep.over", fmt.Sprintf("has %d combinations; at most %d can be tried", n, maxRuns), "write sweep.draw, how many of them to draw")
	onBackbone := slices.ContainsFunc(s.Over, func(axis Axis) bool { return axis.Key == "network.backbone" })
	d.ensure(!onBackbone || !r.Network.Weights.Given(), "sweep.over", "tries several backbones, and network.weights is a file for one", "write a recipe for each, or take network.weights out")
	d.ensure(n <= 1_000_000 || ranged, "sweep.over", fmt.Sprintf("has %d combinations", n), "write fewer values")
	if d.sound("task", "split") {
		d.ensure(d.validated(r), "sweep", "ranks on validation, which has no rows", "take it out, or give validation a part")
		d.checkMeasure("sweep.on", s.On, r.Task)
		d.checkComparable(s, r.Task)
	}
}

// checkComparable refuses to rank by a loss that the variants measure differently: that of
// scaled or clipped targets, of other weights, is another number for the same network.
func (d *decoder) checkComparable(s Sweep, task string) {
	if s.On != validationLoss {
		return
	}
	instead := "validation_rmse"
	if task == Classification {
		instead = "validation_accuracy or validation_macro_f1"
	}
	for _, axis := range s.Over {
		under := func(key string) bool { return axis.Key == key || strings.HasPrefix(axis.Key, key+".") }
		d.ensure(!under("transform.target") && !under("transform.clip") && !under("train.loss"), "sweep.on",
			validationLoss+" cannot rank variants of "+axis.Key+", each of which measures its own loss", "write "+instead)
	}
}

// ranged reports whether any values are drawn from a range.
func (s Sweep) ranged() bool {
	return slices.ContainsFunc(s.Over, func(axis Axis) bool { return axis.Range != nil })
}

// combinations is how many variants the values make, 0 without a sweep; a range has any
// number of them.
func (s Sweep) combinations() int {
	if len(s.Over) == 0 {
		return 0
	}
	const many = 1 << 40
	n := 1
	for _, axis := range s.Over {
		if axis.Range != nil {
			return many
		}
		n = min(n*len(axis.Values), many)
	}
	return n
}

// Variants returns what a sweep tries, in their order.
func (l *Loaded) Variants() []Run {
	var runs []Run
	for k, values := range l.Sweep.settings() {
		run := Run{Name: fmt.Sprintf("v%02d", k+1), Set: make([]string, len(values))}
		for a, value := range values {
			run.Set[a] = l.Sweep.Over[a].Key + "=" + inlineAny(value)
		}
		runs = append(runs, run)
	}
	return runs
}

// settings returns the variants' values of each key. Of combinations the last key changes
// fastest, and those that are drawn keep their order; with a range all are drawn.
func (s Sweep) settings() [][]any {
	if s.ranged() {
		return s.random()
	}
	n := s.combinations()
	chosen := make([]int, n)
	for i := range chosen {
		chosen[i] = i
	}
	if s.Draw > 0 && n > 0 {
		chosen = draw(s.Seed, n, s.Draw)
	}
	var all [][]any
	for _, i := range chosen {
		values := make([]any, len(s.Over))
		for a := len(s.Over) - 1; a >= 0; a-- {
			list := s.Over[a].Values
			values[a] = list[i%len(list)]
			i /= len(list)
		}
		all = append(all, values)
	}
	return all
}

// random draws a value for each key of each variant by itself, so that a larger draw begins
// with what a smaller one has. None comes twice; where there are too few, all that many
// attempts find are returned.
func (s Sweep) random() [][]any {
	const attempts = 10_000
	var all [][]any
	seen := map[string]bool{}
	for i := 0; i < attempts && len(all) < s.Draw; i++ {
		values := make([]any, len(s.Over))
		for a, axis := range s.Over {
			sum := digest.New("sweep range").Int(int64(s.Seed)).Int(int64(i)).String(axis.Key).Sum()
			share := float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) // from 0 to below 1
			if axis.Range != nil {
				values[a] = axis.Range.at(share)
			} else {
				values[a] = axis.Values[int(share*float64(len(axis.Values)))]
			}
		}
		if line := inlineAny(values); !seen[line] {
			seen[line] = true
			all = append(all, values)
		}
	}
	return all
}

// at returns the number that has this share of the range below it, in few digits: two on a
// logarithmic scale, and on a linear one as many as tell a hundred numbers apart.
func (r Range) at(share float64) any {
	low, high := r.Min, r.Max
	if r.Whole { // the ends are as likely as what lies between
		low, high = low-0.5, high+0.5
	}
	var x float64
	if r.Scale == "log" {
		from := elementary.Log(low)
		x = elementary.Exp(from + float64(share*(elementary.Log(high)-from)))
	} else {
		x = low + float64(share*(high-low))
	}
	switch {
	case r.Whole:
		return int(min(max(math.RoundToEven(x), r.Min), r.Max))
	case r.Scale == "log":
		x = rounded(x, 'e', 1)
	default:
		x = rounded(x, 'f', max(0, 2-exponent(r.Max-r.Min)))
	}
	return min(max(x, r.Min), r.Max)
}

// rounded is a number as its decimal digits say it.
func rounded(x float64, form byte, digits int) float64 {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, form, digits, 64), 64)
	return x
}

// exponent is that of a number's first decimal digit: of 0.05 it is -2.
func exponent(x float64) int {
	_, after, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(after)
	return n
}

// draw returns k of n numbers, ascending: those whose SHA-256 with the seed is least.
func draw(seed uint64, n, k int) []int {
	sums := make([]digest.Digest, n)
	order := make([]int, n)
	for i := range order {
		order[i], sums[i] = i, digest.New("sweep").Int(int64(seed)).Int(int64(i)).Sum()
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(sums[a][:], sums[b][:]) })
	slices.Sort(order[:k])
	return order[:k]
}

// inlineAny returns a value as one line of YAML.
func inlineAny(value any) string { return inline(reflect.ValueOf(spelled{value})) }

// spelled is a value that needs no spelling.
type spelled struct{ value any }

func (s spelled) spell() any { return s.value }

// variants notes which variants are no recipes.
func (l *Loaded) variants() Problems {
	known := map[string]bool{}
	var problems Problems
	for _, run := range l.Variants() {
		_, err := l.Variant(run)
		if err == nil {
			continue
		}
		reason := fmt.Sprintf("%s makes no recipe: %v", strings.Join(run.Set, " "), err)
		if !known[reason] && len(problems) < 5 {
			known[reason] = true
			problems = append(problems, l.Problem("sweep.over", strings.ReplaceAll(reason, "\n", "; "), ""))
		}
	}
	return problems
}

// without returns a canonical form that lacks a key of the top level.
func without(node map[string]any, key string) []byte {
	rest := maps.Clone(node)
	delete(rest, key)
	return marshal(rest)
}
