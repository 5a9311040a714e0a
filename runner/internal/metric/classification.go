package metric

import (
	"math"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/rng"
)

// Confusion counts predictions: row i, column j holds how often a sample of class
// i was taken for class j. Its scores are those of scikit-learn, where what has
// nothing to divide by is 0.
type Confusion [][]int

// NewConfusion counts predicted classes against true ones, both from 0 to below
// classes.
func NewConfusion(truth, predicted []int, classes int) Confusion {
	if len(truth) != len(predicted) {
		panic("metric: as many predictions as true values are needed")
	}
	c := make(Confusion, classes)
	for i := range c {
		c[i] = make([]int, classes)
	}
	for i, class := range truth {
		c[class][predicted[i]]++
	}
	return c
}

// ClassScore judges the predictions for one class.
type ClassScore struct {
	// Precision is the share of the samples taken for this class that belong to it.
	Precision float64 `json:"precision"`
	// Recall is the share of the class's samples that were taken for it.
	Recall float64 `json:"recall"`
	// F1 is the harmonic mean of the two.
	F1 float64 `json:"f1"`
	// Support is how many samples the class has.
	Support int `json:"support"`
}

// Classes returns the score of every class.
func (c Confusion) Classes() []ClassScore {
	scores := make([]ClassScore, len(c))
	for i := range c {
		hits, support, taken := c.class(i)
		scores[i] = ClassScore{Precision: share(hits, taken), Recall: share(hits, support), F1: share(2*hits, support+taken), Support: support}
	}
	return scores
}

// class returns how often class i was hit, how many samples it has and how many
// were taken for it.
func (c Confusion) class(i int) (hits, support, taken int) {
	for j := range c {
		support += c[i][j]
		taken += c[j][i]
	}
	return c[i][i], support, taken
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Accuracy is the share of right predictions.
func (c Confusion) Accuracy() float64 {
	hits, all := 0, 0
	for i := range c {
		right, support, _ := c.class(i)
		hits, all = hits+right, all+support
	}
	return share(hits, all)
}

// BalancedAccuracy is the mean recall of the classes that have samples.
func (c Confusion) BalancedAccuracy() float64 {
	var recalls []float64
	for _, s := range c.Classes() {
		if s.Support > 0 {
			recalls = append(recalls, s.Recall)
		}
	}
	return Mean(recalls)
}

// Averages returns the means of the classes' scores as scikit-learn's
// classification_report has them: macro over the classes that have samples or were
// predicted, weighted over all by their samples. Their support is that of all.
func (c Confusion) Averages() (macro, weighted ClassScore) {
	var scores []ClassScore
	all := 0
	for i, s := range c.Classes() {
		if _, _, taken := c.class(i); s.Support > 0 || taken > 0 {
			scores = append(scores, s)
		}
		all += s.Support
	}
	values, products := make([]float64, len(scores)), make([]float64, len(scores))
	average := func(score func(ClassScore) float64, macro, weighted *float64) {
		for i, s := range scores {
			values[i] = score(s)
			products[i] = float64(values[i] * float64(s.Support))
		}
		*macro = Mean(values)
		if all > 0 {
			*weighted = Sum(products) / float64(all)
		}
	}
	average(func(s ClassScore) float64 { return s.Precision }, &macro.Precision, &weighted.Precision)
	average(func(s ClassScore) float64 { return s.Recall }, &macro.Recall, &weighted.Recall)
	average(func(s ClassScore) float64 { return s.F1 }, &macro.F1, &weighted.F1)
	macro.Support, weighted.Support = all, all
	return macro, weighted
}

// MacroF1 is the mean F1 of the classes that have samples or were predicted.
func (c Confusion) MacroF1() float64 {
	macro, _ := c.Averages()
	return macro.F1
}

// WeightedF1 is the mean F1 of the classes, each weighted by its samples.
func (c Confusion) WeightedF1() float64 {
	_, weighted := c.Averages()
	return weighted.F1
}

// Softmax sets probabilities to those that a row of outputs stands for.
func Softmax(probabilities []float64, outputs []float32) {
	largest, sum := exponentials(outputs)
	for j, x := range outputs {
		probabilities[j] = elementary.Exp(float64(x)-largest) / sum
	}
}

// exponentials returns the largest output and sum(e^(x - largest)), which neither
// overflows nor vanishes.
func exponentials(outputs []float32) (largest, sum float64) {
	largest = math.Inf(-1)
	for _, x := range outputs {
		largest = max(largest, float64(x))
	}
	for _, x := range outputs {
		sum += elementary.Exp(float64(x) - largest)
	}
	return largest, sum
}

// CrossEntropy returns the loss of torch.nn.CrossEntropyLoss for outputs (rows,
// classes) and the true class of every row: with w the class weights (nil for 1
// each), s the smoothing, C the classes and p = softmax(outputs),
//
//	sum(-(1-s) w[y] log p[y] - s/C sum(w[j] log p[j])) / sum(w[y])
//
// It is 0 of no rows.
func CrossEntropy(outputs []float32, truth []int, classes int, weights []float32, smoothing float64) float64 {
	if len(outputs) != len(truth)*classes {
		panic("metric: as many outputs as rows times classes are needed")
	}
	weight := func(class int) float64 {
		if weights == nil {
			return 1
		}
		return float64(weights[class])
	}
	losses, total := make([]float64, len(truth)), make([]float64, len(truth))
	for i, y := range truth {
		row := outputs[i*classes : (i+1)*classes]
		largest, sum := exponentials(row)
		log := elementary.Log(sum)
		surprise := func(j int) float64 { return log + (largest - float64(row[j])) } // -log p[j]
		total[i] = weight(y)
		losses[i] = float64((1 - smoothing) * float64(total[i]*surprise(y)))
		if smoothing > 0 {
			spread := 0.0
			for j := range row {
				spread += float64(weight(j) * surprise(j))
			}
			losses[i] += float64(smoothing / float64(classes) * spread)
		}
	}
	if len(truth) == 0 {
		return 0
	}
	return Sum(losses) / Sum(total)
}

// AccuracyInterval is as RegressionIntervals for the share of right predictions.
func AccuracyInterval(truth, predicted []int, groups []string, level float64, resamples int, stream *rng.Stream) (interval Interval, ok bool) {
	hits := make([]float64, len(truth))
	for i := range truth {
		if truth[i] == predicted[i] {
			hits[i] = 1
		}
	}
	return meanInterval(hits, groups, level, resamples, stream, func(mean float64) float64 { return mean })
}

// MacroF1Interval is AccuracyInterval for the macro F1 of so many classes.
func MacroF1Interval(truth, predicted []int, classes int, groups []string, level float64, resamples int, stream *rng.Stream) (interval Interval, ok bool) {
	clusters := clusterMembers(groups)
	if len(clusters) < 2 {
		return Interval{}, false
	}
	counts := NewConfusion(nil, nil, classes)
	return percentiles(level, resamples, func() float64 {
		for _, row := range counts {
			clear(row)
		}
		for range clusters {
			for _, i := range clusters[stream.IntN(len(clusters))] {
				counts[truth[i]][predicted[i]]++
			}
		}
		return counts.MacroF1()
	}), true
}

// Brier returns the mean over rows of the squared distance between the
// probabilities, softmax(outputs), and those of the truth, 1 for the true class and
// 0 for the others (Brier: Verification of Forecasts Expressed in Terms of
// Probability, 1950): from 0, best, to 2. Of two classes it is twice scikit-learn's
// brier_score_loss, which counts one of them. It is 0 of no rows.
func Brier(outputs []float32, truth []int, classes int) float64 {
	if len(outputs) != len(truth)*classes {
		panic("metric: as many outputs as rows times classes are needed")
	}
	distances, probabilities := make([]float64, len(truth)), make([]float64, classes)
	for i, y := range truth {
		Softmax(probabilities, outputs[i*classes:(i+1)*classes])
		probabilities[y] -= 1
		for _, p := range probabilities {
			distances[i] += square(p)
		}
	}
	return Mean(distances)
}

// Largest returns the class of the largest output in every row (rows, classes),
// the first of several.
func Largest(outputs []float32, classes int) []int {
	largest := make([]int, len(outputs)/classes)
	for i := range largest {
		row := outputs[i*classes : (i+1)*classes]
		for j, x := range row {
			if x > row[largest[i]] {
				largest[i] = j
			}
		}
	}
	return largest
}
