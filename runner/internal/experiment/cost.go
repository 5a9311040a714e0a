package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/report"
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
	l := newLine(k.Experiment)
	l.found = k.Lock.Sweep
	if err := l.follow(); err != nil {
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

// History is the locked training as a report shows it.
func (k *Locked) History() []report.Epoch { return history(k.Lock.Training, k.Lock.Model.Epoch) }

// Series are the locked run and its further trainings as a report shows them.
func (k *Locked) Series() []report.Series {
	own := lock.Run{Training: k.Lock.Training, Model: k.Lock.Model, Results: k.Lock.Results}
	return documentSeries(own, k.Lock.Runs, k.Lock.Spread, k.Recipe.Train.Seed)
}

// Pages returns the files of the locked report, by name: from the store or, where they
// are those that are locked, from the report's folder.
func (k *Locked) Pages() (map[string][]byte, error) {
	pages, err := k.storedPages()
	if err != nil && k.ReportIsLocked() {
		return k.pagesBeside()
	}
	return pages, err
}

func (k *Locked) storedPages() (map[string][]byte, error) {
	missing := func(what string, err error) error {
		return fmt.Errorf("%s of %s is not in the store (%w); runner apply %s makes it anew", what, k.Path, err, k.Lock.Recipe.Path)
	}
	stage := k.Lock.Stage("report")
	if stage == nil {
		return nil, fmt.Errorf("%s has no report", k.Path)
	}
	data, err := k.Store.Get(stage.Output)
	if err != nil {
		return nil, missing("the report", err)
	}
	var pages Pages
	if err := json.Unmarshal(data, &pages); err != nil || pages.Digest != k.Lock.Report.Digest {
		return nil, fmt.Errorf("the store has another report than %s says", k.Path)
	}
	files := map[string][]byte{}
	for _, name := range report.Files() {
		object, made := pages.Files[name]
		if !made {
			continue
		}
		if files[name], err = k.Store.Get(object); err != nil {
			return nil, missing(name+" in the report", err)
		}
	}
	return files, nil
}

func (k *Locked) pagesBeside() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range report.Files() {
		data, err := k.Place.page(k.Recipe.Name, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}

// ReportIsLocked reports whether the files in the report's folder are those that are
// locked.
func (k *Locked) ReportIsLocked() bool {
	sum, _, err := k.Place.Pages(k.Recipe.Name)
	return err == nil && sum == k.Lock.Report.Digest
}
