package kernel

import (
	"fmt"

	"biomass/runner/internal/elementary"
)

// powers sets e to exp(x - largest) and returns the largest of x and the sum of e, added
// in order. To take off the largest changes nothing of what powers are shares of, but that
// none overflows.
func powers(e, x []float32) (largest float32, sum float64) {
	largest = x[0]
	for _, v := range x {
		if v > largest || v != v {
			largest = v
		}
	}
	exponentials(e, x, largest)
	for _, v := range e {
		sum += float64(v)
	}
	return largest, sum
}

// CrossEntropyForward is torch.nn.CrossEntropyLoss with reduction "mean". logits is
// (n, classes), target (n) holds classes 0, 1, ..., weights (classes) counts them
// differently; nil counts each as 1. With log p = logits - log(sum(exp(logits))) it is
// (Szegedy et al.: Rethinking the Inception Architecture, CVPR 2016, section 7)
//
//	row    = (1-smoothing) * -weights[target]*log p[target] + smoothing/classes * sum(-weights*log p)
//	result = sum(row) / sum(weights[target])
//
// The powers are float32, everything else is float64, summed over the classes in order
// and over the rows in chunks as ColumnSum does.
func CrossEntropyForward(logits, target, weights []float32, smoothing float32, classes int) float32 {
	rows := len(target)
	requireLength("logits", logits, rows*classes)
	requireOptional("weights", weights, classes)
	var sums [2]float64 // of the rows, of their weights
	sumChunks(sums[:], rows, func(part []float64, from, count int) {
		clear(part)
		buffer := singles.borrow(classes)
		defer singles.giveBack(buffer)
		for r := from; r < from+count; r++ {
			x := logits[r*classes : (r+1)*classes]
			largest, sum := powers(*buffer, x)
			shift := float64(largest) + elementary.Log(sum)
			label := classOf(target[r], classes)
			weight := weightOf(weights, label)
			loss := float64((1 - float64(smoothing)) * float64(weight*(shift-float64(x[label]))))
			if smoothing != 0 {
				var all float64
				for j, v := range x {
					all += float64(weightOf(weights, j) * (shift - float64(v)))
				}
				loss += float64(float64(smoothing) / float64(classes) * all)
			}
			part[0] += loss
			part[1] += weight
		}
	})
	return float32(sums[0] / sums[1])
}

// CrossEntropyBackward sets dLogits to the gradient of CrossEntropyForward, times
// upstream. With p = softmax(logits), the powers over their sum, it is, for class j of a row,
//
//	hard = (1-smoothing) * weights[target],  soft = smoothing/classes
//	(p[j] * (hard + soft*sum(weights)) - soft*weights[j] - (hard if j is the target)) * upstream / sum(weights[target])
//
// dLogits may be logits.
func CrossEntropyBackward(dLogits, logits, target, weights []float32, smoothing, upstream float32, classes int) {
	rows := len(target)
	requireLength("dLogits", dLogits, rows*classes)
	requireLength("logits", logits, rows*classes)
	requireOptional("weights", weights, classes)
	var all float64
	for j := range classes {
		all += weightOf(weights, j)
	}
	var total [1]float64
	sumChunks(total[:], rows, func(part []float64, from, count int) {
		part[0] = 0
		for _, v := range target[from : from+count] {
			part[0] += weightOf(weights, classOf(v, classes))
		}
	})
	scale := float64(upstream) / total[0]
	soft := float64(smoothing) / float64(classes)
	const some = 64 // rows a task; divides the work, not a sum
	Parallel((rows+some-1)/some, func(i int) {
		for r := i * some; r < min(rows, (i+1)*some); r++ {
			row := dLogits[r*classes : (r+1)*classes]
			_, sum := powers(row, logits[r*classes:(r+1)*classes])
			label := classOf(target[r], classes)
			hard := float64((1 - float64(smoothing)) * weightOf(weights, label))
			share := (hard + float64(soft*all)) / sum
			for j, e := range row {
				d := float64(float64(e)*share) - float64(soft*weightOf(weights, j))
				if j == label {
					d -= hard
				}
				row[j] = float32(d * scale)
			}
		}
	})
}

// classOf is the class that a target names.
func classOf(target float32, classes int) int {
	label := int(target)
	if float32(label) != target || label < 0 || label >= classes {
		panic(fmt.Sprintf("kernel: target %v is not one of the classes 0 to %d", target, classes-1))
	}
	return label
}

// weightOf is the weight of a class, 1 without weights.
func weightOf(weights []float32, class int) float64 {
	if weights == nil {
		return 1
	}
	return float64(weights[class])
}

// exponentialsPortable does the elements from first on of
//
//	for i: y[i] = exponential(x[i] - shift)
func exponentialsPortable(first int, y, x []float32, shift float32) {
	for i := first; i < len(y); i++ {
		y[i] = exponential(x[i] - shift)
	}
}
