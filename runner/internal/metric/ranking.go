package metric

import (
	"cmp"
	"slices"
)

// Ranking says how well the scores of a class put its samples before those of all
// others: the curves over every threshold, and one figure for each curve.
type Ranking struct {
	// AUC is the area under the receiver operating characteristic: the probability
	// that a sample of the class has a higher score than one of another class,
	// equal ones counting half (Fawcett: An Introduction to ROC Analysis, 2006).
	AUC float64 `json:"auc"`
	// AveragePrecision is the mean of the precision at every threshold, weighted by
	// the recall that the threshold adds; nothing is interpolated.
	AveragePrecision float64 `json:"average_precision"`
	// ROC goes from no sample taken for the class to all: X is the false positive
	// rate, Y the true positive rate, which is the recall.
	ROC []Point `json:"roc,omitempty"`
	// PrecisionRecall goes the same way: X is the recall, Y the precision, which is 1
	// of no sample.
	PrecisionRecall []Point `json:"precision_recall,omitempty"`
}

// Point of a curve.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Rank compares scores, the higher the likelier, with which samples belong to the
// class. Its figures are those of scikit-learn's roc_auc_score, roc_curve,
// average_precision_score and precision_recall_curve. Without samples of the class, or
// with no others, there is nothing to rank, and ok is false.
func Rank(scores []float64, member []bool) (ranking Ranking, ok bool) {
	if len(scores) != len(member) {
		panic("metric: as many scores as samples are needed")
	}
	order := make([]int, len(scores))
	positives := 0
	for i := range order {
		order[i] = i
		if member[i] {
			positives++
		}
	}
	negatives := len(order) - positives
	if positives == 0 || negatives == 0 {
		return Ranking{}, false
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	ranking.ROC, ranking.PrecisionRecall = []Point{{0, 0}}, []Point{{0, 1}}
	hits, alarms, area := 0, 0, 0 // area in halves of a pair, so that it is exact
	var gains []float64
	for i := 0; i < len(order); {
		before, wrong := hits, alarms
		for threshold := scores[order[i]]; i < len(order) && scores[order[i]] == threshold; i++ {
			if member[order[i]] {
				hits++
			} else {
				alarms++
			}
		}
		area += (alarms - wrong) * (before + hits)
		recall, precision := share(hits, positives), share(hits, hits+alarms)
		gains = append(gains, float64(share(hits-before, positives)*precision))
		ranking.ROC = append(ranking.ROC, Point{share(alarms, negatives), recall})
		ranking.PrecisionRecall = append(ranking.PrecisionRecall, Point{recall, precision})
	}
	ranking.AUC = share(area, 2*positives*negatives)
	ranking.AveragePrecision = Sum(gains)
	return ranking, true
}

// RankClasses ranks the samples of each class before all others, by the probability,
// softmax(outputs), that they have of it; nil for a class where there is nothing to rank.
func RankClasses(outputs []float32, truth []int, classes int) []*Ranking {
	if len(outputs) != len(truth)*classes {
		panic("metric: as many outputs as rows times classes are needed")
	}
	probabilities := make([]float64, len(outputs))
	for i := range truth {
		Softmax(probabilities[i*classes:(i+1)*classes], outputs[i*classes:(i+1)*classes])
	}
	rankings := make([]*Ranking, classes)
	scores, member := make([]float64, len(truth)), make([]bool, len(truth))
	for class := range rankings {
		for i, y := range truth {
			scores[i], member[i] = probabilities[i*classes+class], y == class
		}
		if ranking, ok := Rank(scores, member); ok {
			rankings[class] = &ranking
		}
	}
	return rankings
}
