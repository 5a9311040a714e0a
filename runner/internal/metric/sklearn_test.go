package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"testing"
)

// judged is a case of testdata/classification.json: outputs, the truth, and what
// scikit-learn says of them.
type judged struct {
	Name             string
	Classes          int
	Outputs          []float32
	Truth            []int
	Confusion        Confusion
	Accuracy         float64
	BalancedAccuracy float64      `json:"balanced_accuracy"`
	Each             [][4]float64 // precision, recall, F1, support
	Macro, Weighted  [3]float64
	LogLoss          float64 `json:"log_loss"`
	Brier            float64
	Reliability      struct {
		Bins            [][3]float64
		ECE, Confidence float64
	}
	MacroAUC              *float64 `json:"macro_auc"` // nil where scikit-learn has none
	MacroAveragePrecision *float64 `json:"macro_average_precision"`
}

// ranked is one of its cases of scores.
type ranked struct {
	Name             string
	Scores           []float64
	Member           []bool
	AUC              *float64
	AveragePrecision float64 `json:"average_precision"`
	ROC              [][2]float64
	PrecisionRecall  [][2]float64 `json:"precision_recall"`
}

// fixtures reads a file that a script in testdata has made with scikit-learn.
func fixtures(t *testing.T, file string, value any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, value); err != nil {
		t.Fatal(err)
	}
}

// as wants a figure to be scikit-learn's to 1e-12 of it.
func as(t *testing.T, name string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
		t.Errorf("%s is %.17g, scikit-learn has %.17g", name, got, want)
	}
}

func TestClassificationIsScikitLearns(t *testing.T) {
	var all struct {
		Cases    []judged
		Rankings []ranked
	}
	fixtures(t, "classification.json", &all)
	if len(all.Cases) < 14 || len(all.Rankings) < 12 {
		t.Fatalf("%d cases and %d rankings", len(all.Cases), len(all.Rankings))
	}
	for _, c := range all.Cases {
		t.Run(c.Name, c.compare)
	}
	for _, c := range all.Rankings {
		t.Run(c.Name, c.compare)
	}
}

func (c judged) compare(t *testing.T) {
	predicted := Largest(c.Outputs, c.Classes)
	m := NewConfusion(c.Truth, predicted, c.Classes)
	if !reflect.DeepEqual(m, c.Confusion) {
		t.Fatalf("counted %v, scikit-learn %v", m, c.Confusion)
	}
	as(t, "accuracy", m.Accuracy(), c.Accuracy)
	as(t, "balanced accuracy", m.BalancedAccuracy(), c.BalancedAccuracy)
	score := func(name string, got ClassScore, want [3]float64) {
		t.Helper()
		as(t, name+" precision", got.Precision, want[0])
		as(t, name+" recall", got.Recall, want[1])
		as(t, name+" F1", got.F1, want[2])
	}
	for i, got := range m.Classes() {
		score(fmt.Sprint("class ", i), got, [3]float64(c.Each[i][:3]))
		as(t, "support", float64(got.Support), c.Each[i][3])
	}
	macro, weighted := m.Averages()
	score("macro", macro, c.Macro)
	score("weighted", weighted, c.Weighted)
	as(t, "macro F1", m.MacroF1(), c.Macro[2])
	as(t, "weighted F1", m.WeightedF1(), c.Weighted[2])
	as(t, "cross entropy", CrossEntropy(c.Outputs, c.Truth, c.Classes, nil, 0), c.LogLoss)
	as(t, "Brier score", Brier(c.Outputs, c.Truth, c.Classes), c.Brier)

	confidence, right := make([]float64, len(c.Truth)), make([]bool, len(c.Truth))
	probabilities := make([]float64, c.Classes)
	for i := range confidence {
		Softmax(probabilities, c.Outputs[i*c.Classes:(i+1)*c.Classes])
		confidence[i], right[i] = probabilities[predicted[i]], predicted[i] == c.Truth[i]
	}
	r := NewReliability(confidence, right, len(c.Reliability.Bins))
	as(t, "calibration error", r.ECE, c.Reliability.ECE)
	as(t, "confidence", r.Confidence, c.Reliability.Confidence)
	for i, b := range r.Bins {
		want := c.Reliability.Bins[i]
		as(t, fmt.Sprint("samples of bin ", i), float64(b.Samples), want[0])
		as(t, fmt.Sprint("confidence of bin ", i), b.Confidence, want[1])
		as(t, fmt.Sprint("accuracy of bin ", i), b.Accuracy, want[2])
	}

	// A class that is absent has no ranking, where scikit-learn gives no macro average.
	var areas, precisions []float64
	for _, ranking := range RankClasses(c.Outputs, c.Truth, c.Classes) {
		if ranking != nil {
			areas, precisions = append(areas, ranking.AUC), append(precisions, ranking.AveragePrecision)
		}
	}
	switch {
	case c.MacroAUC == nil && len(areas) == c.Classes:
		t.Error("all classes are ranked, one of which is absent")
	case c.MacroAUC != nil:
		as(t, "macro AUC", Mean(areas), *c.MacroAUC)
		as(t, "macro average precision", Mean(precisions), *c.MacroAveragePrecision)
	}
}

func (c ranked) compare(t *testing.T) {
	ranking, ok := Rank(c.Scores, c.Member)
	if c.AUC == nil || !ok {
		// scikit-learn raises for the AUC, and gives an average precision of 0 or 1.
		if ok || c.AUC != nil {
			t.Errorf("ranked: %v, scikit-learn: %v", ok, c.AUC != nil)
		}
		return
	}
	as(t, "AUC", ranking.AUC, *c.AUC)
	as(t, "average precision", ranking.AveragePrecision, c.AveragePrecision)
	curve := func(name string, got []Point, want [][2]float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s has %d points, scikit-learn %d", name, len(got), len(want))
		}
		for i, p := range got {
			as(t, fmt.Sprint(name, " x ", i), p.X, want[i][0])
			as(t, fmt.Sprint(name, " y ", i), p.Y, want[i][1])
		}
	}
	curve("ROC", ranking.ROC, c.ROC)
	curve("precision and recall", ranking.PrecisionRecall, c.PrecisionRecall)
}
