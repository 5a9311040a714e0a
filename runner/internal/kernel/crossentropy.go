package kernel

import (
	"fmt"

	"biomass/runner/internal/elementary"
)

// powers sets e to exp(x - largest) and returns the largest of x and the sum of e, added
// in order. Subtracting the largest changes no power's share of the sum, and keeps all from
// overflowing.
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

// CrossEntropy is torch.nn.CrossEntropyLoss with reduction "mean", of logits (n, Classes).
// A target is a class, 0, 1, ..., or, where Soft, the shares of all classes, which sum to 1:
// targets are (n), or (n, Classes). With t the shares, 1 for the class and 0 for the others,
// and log p = logits - log(sum(exp(logits))), it is (Szegedy et al.: Rethinking the Inception
// Architecture, CVPR 2016, section 7)
//
//	row  = (1-Smoothing) * sum(-t*Weights*log p) + Smoothing/Classes * sum(-Weights*log p)
//	loss = sum(row) / sum(t*Weights)
//
// The powers are float32, everything else is float64, summed over the classes in order
// and over the rows in chunks as ColumnSum does.
type CrossEntropy struct {
	Classes   int
	Weights   []float32 // (Classes): what a class counts; nil for 1 each
	Smoothing float32
	Soft      bool
}

// Forward returns the loss.
func (c CrossEntropy) Forward(logits, target []float32) float32 {
	rows := c.rows(logits, target)
	var sums [2]float64 // of the rows, of their weights
	sumChunks(sums[:], rows, func(part []float64, from, count int) {
		clear(part)
		buffer := singles.borrow(2 * c.Classes)
		defer singles.giveBack(buffer)
		e, room := (*buffer)[:c.Classes], (*buffer)[c.Classes:]
		for r := from; r < from+count; r++ {
			x := logits[r*c.Classes:][:c.Classes]
			largest, sum := powers(e, x)
			shift := float64(largest) + elementary.Log(sum)
			shares := c.shares(room, target, r)
			var own, all float64
			for j, share := range shares {
				loss := float64(c.weight(j) * (shift - float64(x[j])))
				all += loss
				if share != 0 { // else an infinite loss would count as NaN
					own += float64(float64(share) * loss)
				}
			}
			loss := float64((1 - float64(c.Smoothing)) * own)
			if c.Smoothing != 0 {
				loss += float64(float64(c.Smoothing) / float64(c.Classes) * all)
			}
			part[0] += loss
			part[1] += c.weightIn(shares)
		}
	})
	return float32(sums[0] / sums[1])
}

// Backward sets dLogits to the gradient, times upstream. With p = softmax(logits), the
// powers over their sum, it is, for class j of a row,
//
//	hard = (1-Smoothing) * t*Weights,  soft = Smoothing/Classes
//	(p[j] * (sum(hard) + soft*sum(Weights)) - soft*Weights[j] - hard[j]) * upstream / sum(t*Weights)
//
// dLogits may be logits.
func (c CrossEntropy) Backward(dLogits, logits, target []float32, upstream float32) {
	rows := c.rows(logits, target)
	requireLength("dLogits", dLogits, len(logits))
	all, total := 0.0, [1]float64{}
	for j := range c.Classes {
		all += c.weight(j)
	}
	sumChunks(total[:], rows, func(part []float64, from, count int) {
		part[0] = 0
		buffer := singles.borrow(c.Classes)
		defer singles.giveBack(buffer)
		for r := from; r < from+count; r++ {
			part[0] += c.weightIn(c.shares(*buffer, target, r))
		}
	})
	scale := float64(upstream) / total[0]
	hard, soft := 1-float64(c.Smoothing), float64(c.Smoothing)/float64(c.Classes)
	const some = 64 // rows a task; divides the work, not a sum
	Parallel(ceil(rows, some), func(i int) {
		buffer := singles.borrow(c.Classes)
		defer singles.giveBack(buffer)
		for r := i * some; r < min(rows, (i+1)*some); r++ {
			row, shares := dLogits[r*c.Classes:][:c.Classes], c.shares(*buffer, target, r)
			_, sum := powers(row, logits[r*c.Classes:][:c.Classes])
			share := (float64(hard*c.weightIn(shares)) + float64(soft*all)) / sum
			for j, e := range row {
				weight := c.weight(j)
				d := float64(float64(e)*share) - float64(soft*weight) - float64(hard*float64(shares[j])*weight)
				row[j] = float32(d * scale)
			}
		}
	})
}

// rows is how many rows there are.
func (c CrossEntropy) rows(logits, target []float32) int {
	rows := len(logits) / c.Classes
	requireLength("logits", logits, rows*c.Classes)
	requireOptional("Weights", c.Weights, c.Classes)
	if c.Soft {
		requireLength("target", target, len(logits))
	} else {
		requireLength("target", target, rows)
	}
	return rows
}

// shares are the target of row r as shares of the classes, which may be made in room.
func (c CrossEntropy) shares(room, target []float32, r int) []float32 {
	if c.Soft {
		return target[r*c.Classes:][:c.Classes]
	}
	class := int(target[r])
	if float32(class) != target[r] || class < 0 || class >= c.Classes {
		panic(fmt.Sprintf("kernel: target %v is not one of the classes 0 to %d", target[r], c.Classes-1))
	}
	clear(room)
	room[class] = 1
	return room
}

// weight is what a class counts.
func (c CrossEntropy) weight(class int) float64 {
	if c.Weights == nil {
		return 1
	}
	return float64(c.Weights[class])
}

// weightIn is what a row counts whose target has these shares.
func (c CrossEntropy) weightIn(shares []float32) (sum float64) {
	for j, share := range shares {
		if share != 0 {
			sum += float64(float64(share) * c.weight(j))
		}
	}
	return sum
}

// exponentialsPortable does the elements from first on of
//
//	for i: y[i] = exponential(x[i] - shift)
func exponentialsPortable(first int, y, x []float32, shift float32) {
	for i := first; i < len(y); i++ {
		y[i] = exponential(x[i] - shift)
	}
}
