package report

import (
	"strings"

	"biomass/runner/internal/evaluate"
)

// Clipped is how many training targets are learnt as an end of the range that
// transform.clip leaves.
type Clipped struct {
	Targets, All int
	Low, High    float64
}

// fewIndividuals is below how many an interval is only a rough guide.
const fewIndividuals = 20

// Cautions returns what a reader has to know before believing the result, a sentence each: of the data, then
// of the evaluation. Of the document it reads Language, Observed, Features, Clipped and Evaluation alone.
func (d Document) Cautions() []string {
	var list []string
	for _, sentence := range d.Observed {
		list = append(list, d.reword(sentence))
	}
	for _, f := range d.Features {
		if f.Unseen > 0 {
			list = append(list, d.t("%s rows have a %s that no training row has (%s): to the network they are of none of its categories.",
				d.count(f.Unseen), f.Column, strings.Join(f.UnseenCategories, ", ")))
		}
	}
	e := d.Evaluation
	if c := d.Clipped; c != nil {
		list = append(list, d.t("%s of %s training targets are learnt as the end of the range from %s to %s that is next to them (transform.clip).",
			d.count(c.Targets), d.count(c.All), d.significant(c.Low), d.with(c.High, e.Unit)))
	}
	result := e.Result()
	part := d.first(result.Name)
	if e.Headline == evaluate.Validation {
		list = append(list, d.t("There is no test part: the results are those of the validation part. What was chosen on it, such as the epoch to keep, makes them too good."))
	}
	if result.Trained > 0 {
		list = append(list, d.t("%s of the %s individuals in the %s part are in the training part too: the result says little about new individuals. split.by: group keeps them apart.",
			d.count(result.Trained), d.count(result.Groups), part))
	}
	independent := result.Groups
	if independent == 0 {
		independent = result.Photos
	}
	if independent < fewIndividuals {
		list = append(list, d.t("The %s part has only %s independent samples: the interval is a rough guide.", part, d.count(independent)))
	}
	var without []string
	for class, n := range result.Counts {
		if n == 0 {
			without = append(without, e.Classes[class])
		}
	}
	if len(without) > 0 {
		list = append(list, d.t("The %s part has no photo of %s: the result says nothing about that.", part, strings.Join(without, ", ")))
	}
	if t := result.Target; t != nil && t.Min == t.Max {
		list = append(list, d.t("Every photo of the %s part has the same %s: R² says nothing.", part, e.Target))
	}
	return list
}

// describe says how a baseline judges a photo.
func describe(d Document, b *evaluate.Baseline) string {
	e := d.Evaluation
	colours := d.t("share of green pixels and its mean and standard deviation of red, green and blue")
	if e.Channels == 1 {
		colours = d.t("mean and standard deviation of brightness")
	}
	text := ""
	switch b.Name {
	case "mean":
		text = d.t("the mean of the training part for every photo")
	case "linear":
		text = d.t("a ridge regression without the photo, fitted on the training part to %s", strings.Join(b.Columns, ", "))
	case "ridge":
		text = d.t("fitted on the training part to each photo's %s", colours)
	case "majority":
		most := 0
		counts := e.Part(evaluate.Train).Counts
		for class, n := range counts {
			if n > counts[most] {
				most = class
			}
		}
		text = d.t("the class with the most training photos, %s, for every photo", e.Classes[most])
	case "untrained":
		text = d.t("the same network with its initial weights")
	case "nearest_mean":
		text = d.t("the class whose training photos are nearest on average, by each photo's %s, all standardised", colours)
	}
	switch {
	case b.Penalties > 0:
		text += "; " + d.t("the penalty is the best of %s on the validation part", d.count(b.Penalties))
	case b.Penalty > 0:
		text += "; " + d.t("the penalty is %s", d.shortest(b.Penalty))
	}
	return text
}
