package recipe

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
)

// Sweep asks for the best of several settings, judged on the validation part.
type Sweep struct {
	// Over holds the keys to change, each with the values to try.
	Over Over `yaml:"over"`
	// Draw is how many of all combinations are tried, drawn at random; 0 for all.
	Draw int `yaml:"draw"`
	// Seed draws them.
	Seed uint64 `yaml:"seed"`
	// On is what makes one better: validation_loss, validation_rmse, validation_accuracy, validation_macro_f1.
	On string `yaml:"on"`
}

// Over is written as a map: {train.optimizer.adam.rate: [1e-3, 1e-4]}. It is sorted by key.
type Over []Axis

// Axis is one key and the values to try.
type Axis struct {
	Key    string
	Values []any
}

func (o Over) spell() any {
	axes := map[string]any{}
	for _, axis := range o {
		axes[axis.Key] = axis.Values
	}
	return axes
}

// swept are the sections whose keys can be swept; what comes before them is the same for
// all variants.
var swept = []string{"transform", "network", "train"}

func (d *decoder) over(key string, raw any, into *Over) {
	axes, ok := d.object(key, raw)
	if !ok {
		return
	}
	for _, name := range sortedKeys(axes) {
		below := join(key, name)
		section, _, _ := strings.Cut(name, ".")
		values, isList := axes[name].([]any)
		switch {
		case !slices.Contains(swept, section) || section == name:
			d.problem(below, "is no key of "+list(swept, "or"), "write e.g. train.optimizer.adam.rate: [1e-3, 1e-4]")
		case name == "train.seed" || name == "train.repeat":
			d.problem(below, "cannot be swept", "train.repeat trains with several seeds, and chooses none")
		case name == "network.weights" || strings.HasPrefix(name, "network.weights."):
			d.problem(below, "cannot be swept", "a lock names one file of weights: write a recipe for each, and compare them with runner diff")
		case !isList || len(values) == 0:
			d.problem(below, "must be a list of values to try, not "+describe(axes[name]), "")
		default:
			for i, v := range values {
				if slices.ContainsFunc(values[:i], func(w any) bool { return reflect.DeepEqual(v, w) }) {
					d.problem(fmt.Sprintf("%s[%d]", below, i), "is there twice", "")
				}
			}
			*into = append(*into, Axis{name, values})
		}
	}
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
	d.ensure(s.Draw > 0 || n <= maxRuns, "sweep.over", fmt.Sprintf("has %d combinations; at most %d can be tried", n, maxRuns), "write sweep.draw, how many of them to draw")
	onBackbone := slices.ContainsFunc(s.Over, func(axis Axis) bool { return axis.Key == "network.backbone" })
	d.ensure(!onBackbone || !r.Network.Weights.Given(), "sweep.over", "tries several backbones, and network.weights is a file for one", "write a recipe for each, or take network.weights out")
	d.ensure(n <= 1_000_000, "sweep.over", fmt.Sprintf("has %d combinations", n), "write fewer values")
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

// combinations is how many variants the values make, 0 without a sweep.
func (s Sweep) combinations() int {
	if len(s.Over) == 0 {
		return 0
	}
	n := 1
	for _, axis := range s.Over {
		n = min(n*len(axis.Values), 1<<40)
	}
	return n
}

// Variants returns what a sweep tries, in their order: the last key changes fastest. Of
// all combinations those that are drawn keep their order.
func (l *Loaded) Variants() []Run {
	s := l.Sweep
	n := s.combinations()
	if n == 0 {
		return nil
	}
	chosen := make([]int, n)
	for i := range chosen {
		chosen[i] = i
	}
	if s.Draw > 0 {
		chosen = draw(s.Seed, n, s.Draw)
	}
	var runs []Run
	for k, i := range chosen {
		run := Run{Name: fmt.Sprintf("v%02d", k+1)}
		settings := make([]string, len(s.Over))
		for a := len(s.Over) - 1; a >= 0; a-- {
			axis := s.Over[a]
			settings[a] = axis.Key + "=" + inlineAny(axis.Values[i%len(axis.Values)])
			i /= len(axis.Values)
		}
		run.Set = settings
		runs = append(runs, run)
	}
	return runs
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
