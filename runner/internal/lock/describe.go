package lock

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Describe says in words how the verified parts of two locks differ, beyond
// their recipes, one line a part. Compare has every digit and digest.
func Describe(a, b *Lock) []string {
	var lines []string
	say := func(part string, facts ...string) {
		facts = slices.DeleteFunc(facts, func(fact string) bool { return fact == "" })
		if len(facts) > 0 {
			lines = append(lines, part+": "+strings.Join(facts, ", "))
		}
	}
	say("numerics", change("version", a.Numerics, b.Numerics))
	say("table", change("path", a.Data.Table.Path, b.Data.Table.Path), change("rows", a.Data.Table.Rows, b.Data.Table.Rows),
		when(a.Data.Table.Canonical != b.Data.Table.Canonical, "other cells"),
		when(a.Data.Table.Canonical == b.Data.Table.Canonical && a.Data.Table.Digest != b.Data.Table.Digest, "another file with the same cells"))
	say("pictures", change("path", a.Data.Images.Path, b.Data.Images.Path), change("files", a.Data.Images.Files, b.Data.Images.Files),
		when(a.Data.Images.Digest != b.Data.Images.Digest, "other bytes"))
	if x, y := a.Data.Weights, b.Data.Weights; x != nil && y != nil {
		say("weights to begin with", change("file", x.File, y.File), when(x.Digest != y.Digest, "other bytes"))
	}
	cleaning := []string{change("rows kept", a.Clean.Kept, b.Clean.Kept)}
	for _, rule := range names(a.Clean.Dropped, b.Clean.Dropped) {
		cleaning = append(cleaning, change(rule, a.Clean.Dropped[rule], b.Clean.Dropped[rule]))
	}
	say("cleaning", append(cleaning, when(a.Clean.Ledger != b.Clean.Ledger, "another ledger"))...)
	say("split", change("train", a.Split.Train, b.Split.Train), change("validation", a.Split.Validation, b.Split.Validation),
		change("test", a.Split.Test, b.Split.Test), change("groups", a.Split.Groups, b.Split.Groups),
		when(a.Split.Digest != b.Split.Digest, "other rows on each side"))
	if x, y := a.Sweep, b.Sweep; x != nil && y != nil {
		say("sweep", change("variants", len(x.Variants), len(y.Variants)), change("winner", x.winner(), y.winner()))
	}
	say("network", change("parameters", a.Model.Parameters, b.Model.Parameters))
	say("training", change("epochs", len(a.Training), len(b.Training)), parting(a.Training, b.Training), change("kept epoch", a.Model.Epoch, b.Model.Epoch),
		when(a.Model.Weights != b.Model.Weights, "other weights"))
	for _, part := range names(a.Results, b.Results) {
		x, inA := a.Results[part]
		y, inB := b.Results[part]
		switch {
		case !inB:
			say(part, "measured only in the first")
		case !inA:
			say(part, "measured only in the second")
		default:
			facts := append([]string{change("photos", x.Photos, y.Photos)}, scores(x, y)...)
			say(part, append(facts, when(x.Predictions != y.Predictions, "other predictions"))...)
		}
	}
	for _, run := range b.Runs {
		i := slices.IndexFunc(a.Runs, func(r Run) bool { return r.Name == run.Name })
		if i < 0 {
			say("run "+run.Name, "only in the second")
			continue
		}
		say("run "+run.Name, parting(a.Runs[i].Training, run.Training), when(a.Runs[i].Model.Weights != run.Model.Weights, "other weights"))
	}
	for _, run := range a.Runs {
		if !slices.ContainsFunc(b.Runs, func(r Run) bool { return r.Name == run.Name }) {
			say("run "+run.Name, "only in the first")
		}
	}
	for _, s := range b.Spread {
		for _, was := range a.Spread {
			if was.Over == s.Over && was.Part == s.Part && was.Figure == s.Figure {
				say("over "+s.Over, figure(s.Part+" "+s.Figure, was.Mean, s.Mean))
			}
		}
	}
	say("report", when(a.Report.Digest != b.Report.Digest, "another content"))
	return lines
}

// scores says how two results differ that measure the same.
func scores(a, b Score) []string {
	switch {
	case a.Errors != nil && b.Errors != nil:
		return []string{
			figure("RMSE", a.RMSE, b.RMSE), figure("MAE", a.MAE, b.MAE), figure("R²", a.R2, b.R2),
			figure("R² of the ridge", a.BaselineR2["ridge"], b.BaselineR2["ridge"]),
		}
	case a.Hits != nil && b.Hits != nil:
		return []string{
			figure("accuracy", a.Accuracy, b.Accuracy), figure("balanced accuracy", a.BalancedAccuracy, b.BalancedAccuracy),
			figure("macro F1", a.MacroF1, b.MacroF1), figure("cross entropy", a.CrossEntropy, b.CrossEntropy),
			figure("accuracy of the majority class", a.BaselineAccuracy["majority"], b.BaselineAccuracy["majority"]),
		}
	}
	return []string{"another task"}
}

// change says "rows 3 -> 4", or nothing where nothing changed.
func change[T comparable](name string, a, b T) string {
	return when(a != b, fmt.Sprintf("%s %v -> %v", name, a, b))
}

// figure shows four digits, and more where four do not tell the two apart.
func figure(name string, a, b float64) string {
	for digits := 4; ; digits++ {
		x, y := fmt.Sprintf("%.*g", digits, a), fmt.Sprintf("%.*g", digits, b)
		if x != y || digits == 17 { // 17 tell any two apart
			return change(name, x, y)
		}
	}
}

func when(condition bool, fact string) string {
	if condition {
		return fact
	}
	return ""
}

// parting says at which epoch two trainings part.
func parting(a, b []Epoch) string {
	for i := range min(len(a), len(b)) {
		if !a[i].Same(b[i]) {
			return fmt.Sprintf("apart from epoch %d on", a[i].Epoch)
		}
	}
	return ""
}

// names returns the keys of both, sorted.
func names[K cmp.Ordered, V any](a, b map[K]V) []K {
	both := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(both)
	return slices.Compact(both)
}
