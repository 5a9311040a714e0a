package model

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/transform"
)

// Facts are what stands in the weights file beside the weights: how a photo and
// what is beside it become the network's input, and its output the target or, line by
// line, the classes.
func Facts(r recipe.Recipe, classes []string, f *transform.Fitted) map[string]string {
	channels := func(values []float32) string {
		var words []string
		for _, v := range values {
			words = append(words, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
		return strings.Join(words, " ")
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	facts := map[string]string{
		"format": "pt", "task": r.Task, "target": r.Data.Target,
		"picture_size": strconv.Itoa(r.Picture.Size), "picture_resize": r.Picture.Resize,
		"normalize_mean": channels(f.Mean), "normalize_std": channels(f.Std),
	}
	if r.Picture.Cropped() {
		facts["picture_crop"] = r.Picture.Crop
	}
	if r.Picture.Color != "rgb" {
		facts["picture_color"] = r.Picture.Color
	}
	if len(f.Features) > 0 {
		// It cannot fail: texts and finite numbers always encode.
		features, _ := json.Marshal(f.Features)
		facts["features"] = string(features)
	}
	if classes != nil {
		facts["classes"] = strings.Join(classes, "\n")
		return facts
	}
	facts["target_scaling"], facts["target_mean"], facts["target_std"] = f.Kind, number(f.TargetMean), number(f.TargetStd)
	return facts
}

// readFacts is the inverse of Facts: the classes, and what was fitted.
func readFacts(r recipe.Recipe, facts map[string]string) ([]string, *transform.Fitted, error) {
	var wrong error
	number := func(key, text string, bits int) float64 {
		v, err := strconv.ParseFloat(text, bits)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			wrong = fmt.Errorf("the file says %s: %q, which is no number: it was not written by runner", key, text)
		}
		return v
	}
	channels := func(key string) []float32 {
		var values []float32
		for _, word := range strings.Fields(facts[key]) {
			values = append(values, float32(number(key, word, 32)))
		}
		if want := r.Picture.Channels(); len(values) != want {
			wrong = fmt.Errorf("the file says %s: %q, and the recipe's pictures have %d channels: the weights are of another recipe, or were not written by runner", key, facts[key], want)
		}
		return values
	}
	f := &transform.Fitted{Mean: channels("normalize_mean"), Std: channels("normalize_std"), Kind: r.Transform.Target, TargetStd: 1}
	if want := len(r.Data.Features); want > 0 {
		if err := json.Unmarshal([]byte(facts["features"]), &f.Features); err != nil || len(f.Features) != want {
			return nil, nil, fmt.Errorf("the file says features: %.100q, and the recipe has %d: the weights are of another recipe, or were not written by runner", facts["features"], want)
		}
		for i, feature := range f.Features {
			if column := r.Data.Features[i].Column; feature.Column != column {
				return nil, nil, fmt.Errorf("the file has the feature %q where the recipe has %q: the weights are of another recipe, or were not written by runner", feature.Column, column)
			}
			if err := feature.Valid(); err != nil {
				return nil, nil, fmt.Errorf("the file's features: %w: it was not written by runner", err)
			}
		}
	}
	if r.Task == recipe.Classification {
		classes := strings.Split(facts["classes"], "\n")
		if len(classes) < 2 {
			wrong = fmt.Errorf("the file names %d classes: it is not of this recipe, or was not written by runner", len(classes))
		}
		return classes, f, wrong
	}
	f.TargetMean, f.TargetStd = number("target_mean", facts["target_mean"], 64), number("target_std", facts["target_std"], 64)
	return nil, f, wrong
}
