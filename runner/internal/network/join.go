package network

// beside stands for the features of an example, where it is the other layer that a
// join reads.
const beside = -2

// join adds the layer that puts the features behind the numbers that layer input
// gives, for the layer at where, and returns which one that is to read: input, if there
// are no features.
func (a *architecture) join(input int, where string) (int, error) {
	if a.features == 0 {
		return input, nil
	}
	return a.add(layer{name: "features", where: where, kind: join, input: input, other: beside}, 0)
}

// joins is how many features the layers behind from, up to to, read.
func (a *architecture) joins(from, to int) int {
	for _, l := range a.layers[from+1 : to+1] {
		if l.kind == join {
			return a.features
		}
	}
	return 0
}

// joined writes to y (batch, numbers + features) the rows of x (batch, numbers), each
// with that of features (batch, features) behind it.
func joined(y, x, features []float32, batch int) {
	n, m := len(x)/batch, len(features)/batch
	for i := range batch {
		row := y[i*(n+m) : (i+1)*(n+m)]
		copy(row, x[i*n:(i+1)*n])
		copy(row[n:], features[i*m:(i+1)*m])
	}
}

// parted is what joined does, backwards: it writes to dx (batch, numbers) the beginnings
// of the rows of dy.
func parted(dx, dy []float32, batch int) {
	n, both := len(dx)/batch, len(dy)/batch
	for i := range batch {
		copy(dx[i*n:(i+1)*n], dy[i*both:])
	}
}
