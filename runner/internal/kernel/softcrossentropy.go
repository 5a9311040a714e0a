package kernel

import "biomass/runner/internal/elementary"

// SoftCrossEntropyForward is CrossEntropyForward of targets that are shares of classes:
// target is (n, classes), and its rows sum to 1. A row whose target is a of one class
// and 1-a of another has a times the loss of the one and 1-a times that of the other:
//
//	row    = (1-smoothing) * sum(-target*weights*log p) + smoothing/classes * sum(-weights*log p)
//	result = sum(row) / sum(target*weights)
//
// Precision and order of the sums are those of CrossEntropyForward.
func SoftCrossEntropyForward(logits, target, weights []float32, smoothing float32, classes int) float32 {
	rows := len(target) / classes
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
			var own, all, weight float64
			for j, share := range target[r*classes : (r+1)*classes] {
				loss := float64(weightOf(weights, j) * (shift - float64(x[j])))
				all += loss
				if share != 0 { // else an infinite loss would count as NaN
					own += float64(float64(share) * loss)
					weight += float64(float64(share) * weightOf(weights, j))
				}
			}
			loss := float64((1 - float64(smoothing)) * own)
			if smoothing != 0 {
				loss += float64(float64(smoothing) / float64(classes) * all)
			}
			part[0] += loss
			part[1] += weight
		}
	})
	return float32(sums[0] / sums[1])
}

// SoftCrossEntropyBackward sets dLogits to the gradient of SoftCrossEntropyForward, times
// upstream. With p = softmax(logits) it is, for class j of a row,
//
//	hard = (1-smoothing) * target*weights,  soft = smoothing/classes
//	(p[j] * (sum(hard) + soft*sum(weights)) - soft*weights[j] - hard[j]) * upstream / sum(target*weights)
//
// dLogits may be logits.
func SoftCrossEntropyBackward(dLogits, logits, target, weights []float32, smoothing, upstream float32, classes int) {
	rows := len(target) / classes
	requireLength("dLogits", dLogits, rows*classes)
	requireLength("logits", logits, rows*classes)
	requireOptional("weights", weights, classes)
	var all float64
	for j := range classes {
		all += weightOf(weights, j)
	}
	weightIn := func(shares []float32) (sum float64) {
		for j, share := range shares {
			sum += float64(float64(share) * weightOf(weights, j))
		}
		return sum
	}
	var total [1]float64
	sumChunks(total[:], rows, func(part []float64, from, count int) {
		part[0] = 0
		for r := from; r < from+count; r++ {
			part[0] += weightIn(target[r*classes : (r+1)*classes])
		}
	})
	scale := float64(upstream) / total[0]
	hard, soft := 1-float64(smoothing), float64(smoothing)/float64(classes)
	const some = 64 // rows a task; divides the work, not a sum
	Parallel((rows+some-1)/some, func(i int) {
		for r := i * some; r < min(rows, (i+1)*some); r++ {
			row, shares := dLogits[r*classes:(r+1)*classes], target[r*classes:(r+1)*classes]
			_, sum := powers(row, logits[r*classes:(r+1)*classes])
			share := (float64(hard*weightIn(shares)) + float64(soft*all)) / sum
			for j, e := range row {
				weight := weightOf(weights, j)
				d := float64(float64(e)*share) - float64(soft*weight) - float64(hard*float64(shares[j])*weight)
				row[j] = float32(d * scale)
			}
		}
	})
}
