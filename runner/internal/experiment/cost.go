package experiment

import (
	"fmt"
	"slices"
	"time"

	"biomass/runner/internal/network"
)

// Cost is what a locked network takes, whatever it was trained on. All of it follows
// from the lock.
type Cost struct {
	Backbone string
	Trained  int // parameters that train in the first epoch
	// Convolutions and Dense are how many such layers there are.
	Convolutions, Dense int
	Bytes               int // of all tensors, as a file of weights holds them
	// MultiplyAdds of the convolutions and dense layers, for one photo.
	MultiplyAdds int

	net     *network.Network
	example int // numbers that the network reads of one photo
}

// Cost builds the locked network.
func (k *Locked) Cost() (*Cost, error) {
	l, err := k.line()
	if err != nil {
		return nil, err
	}
	l.fitted = claimedFeatures(k.Lock)
	net, err := l.buildFor(k.Lock.Model.Parameters)
	if err != nil {
		return nil, err
	}
	if have := net.Count(); have != k.Lock.Model.Parameters {
		return nil, fmt.Errorf("the network has %d parameters, and the lock says %d", have, k.Lock.Model.Parameters)
	}
	size := l.Recipe.Picture.Size
	c := &Cost{Backbone: l.Recipe.Network.Backbone, Trained: net.TrainedCount(), net: net, example: size*size*l.Recipe.Picture.Channels() + l.width()}
	for _, t := range net.Tensors() {
		c.Bytes += 4*len(t.Float) + 8*len(t.Int)
	}
	for _, layer := range net.Layers() {
		c.MultiplyAdds += layer.MultiplyAdds
		switch layer.Kind {
		case "conv":
			c.Convolutions++
		case "dense":
			c.Dense++
		}
	}
	return c, nil
}

// buildFor builds the network that has so many parameters: where the recipe names no
// classes, they tell how many there are, since every output adds equally many.
func (l *line) buildFor(parameters int) (*network.Network, error) {
	with := func(classes int) (*network.Network, error) {
		l.classes = make([]string, classes)
		return l.build()
	}
	d, n := l.Recipe.Data, l.Recipe.Network
	switch {
	case !l.classifies():
		return l.build()
	case len(d.Classes) > 0:
		return with(len(d.Classes))
	case n.Backbone == "layers": // they name the outputs
		outputs := 0
		for _, layer := range n.Layers {
			if layer.Kind == "conv" || layer.Kind == "dense" {
				outputs = layer.Size
			}
		}
		return with(outputs)
	}
	two, err := with(2)
	if err != nil {
		return nil, err
	}
	three, err := with(3)
	if err != nil {
		return nil, err
	}
	return with(max(2, 2+(parameters-two.Count())/(three.Count()-two.Count())))
}

// Time measures how long one photo takes by itself on this machine, the median of
// many: it depends on the network, not on its weights, which are drawn.
func (c *Cost) Time() (time.Duration, error) {
	const least, most, enough = 15, 500, 500 * time.Millisecond
	c.net.Initialize(1)
	x := make([]float32, c.example)
	for i := range x {
		x[i] = float32(i%251) / 251
	}
	var all []time.Duration
	for begin := time.Now(); len(all) < least || len(all) < most && time.Since(begin) < enough; {
		start := time.Now()
		if _, err := c.net.Predict(x, 1); err != nil {
			return 0, err
		}
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}
