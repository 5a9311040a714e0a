package metric

import "math"

// Reliability compares how sure predictions are with how often they are right.
type Reliability struct {
	// Confidence is the mean probability of the predicted classes.
	Confidence float64 `json:"confidence"`
	// ECE is the expected calibration error: the mean distance between accuracy and
	// confidence over the bins, weighted by their samples.
	ECE float64 `json:"ece"`
	// Bins are of equal width; the first begins at 0, the last ends at 1, and a bin
	// has its upper end.
	Bins []ConfidenceBin `json:"bins"`
}

// ConfidenceBin is the samples whose confidence lies in one bin. Without samples its
// means are 0.
type ConfidenceBin struct {
	Samples    int     `json:"samples"`
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
}

// NewReliability sorts predictions by their confidence, from 0 to 1, into bins
// (Guo, Pleiss, Sun and Weinberger: On Calibration of Modern Neural Networks, 2017,
// equations 2, 3 and 5).
func NewReliability(confidence []float64, right []bool, bins int) Reliability {
	if len(confidence) != len(right) {
		panic("metric: as many confidences as predictions are needed")
	}
	r := Reliability{Confidence: Mean(confidence), Bins: make([]ConfidenceBin, bins)}
	members, hits := make([][]float64, bins), make([]int, bins)
	for i, p := range confidence {
		at := 0
		for at < bins-1 && p > float64(at+1)/float64(bins) {
			at++
		}
		members[at] = append(members[at], p)
		if right[i] {
			hits[at]++
		}
	}
	gaps := make([]float64, bins)
	for at := range r.Bins {
		b := &r.Bins[at]
		b.Samples, b.Confidence, b.Accuracy = len(members[at]), Mean(members[at]), share(hits[at], len(members[at]))
		gaps[at] = float64(share(b.Samples, len(confidence)) * math.Abs(b.Accuracy-b.Confidence))
	}
	r.ECE = Sum(gaps)
	return r
}
