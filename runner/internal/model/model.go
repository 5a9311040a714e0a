// Package model owns the Model: a photo's whole way to a prediction, and what of it stands
// in the weights file beside the weights. It needs nothing of the data that the model was
// made from, trains nothing, and says of one photo the same whatever stands beside it.
package model

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/train"
	"biomass/runner/internal/transform"
	"biomass/runner/internal/weights"
)

// Model is all of a photo's way to a prediction, and nothing of the data that it
// was made from: the recipe in its canonical form says how photos become pixels
// and what the network is, the weights file holds the weights and what was
// fitted on the training rows.
type Model struct {
	Loaded  *recipe.Loaded
	Classes []string // of a classification, an output each; nil for a regression
	Fitted  *transform.Fitted
	Network *network.Network
}

// New builds the model from a recipe and a weights file that runner wrote.
func New(loaded *recipe.Loaded, file []byte) (*Model, error) {
	stored, err := weights.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	tensors, err := stored.Read()
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	m := &Model{Loaded: loaded}
	if m.Classes, m.Fitted, err = readFacts(loaded.Recipe, stored.Metadata); err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	if m.Network, err = Network(loaded.Recipe, len(m.Classes), m.Fitted.Width()); err != nil {
		return nil, err
	}
	if err := m.Network.Load(tensors); err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	return m, nil
}

// Network returns a recipe's network, not yet initialised: with an output for each class,
// or one for a number, and as many numbers beside the picture as width says.
func Network(r recipe.Recipe, classes, width int) (*network.Network, error) {
	picture := network.Input{Height: r.Picture.Size, Width: r.Picture.Size, Channels: r.Picture.Channels()}
	return network.NewJoined(r.Network, picture, width, max(classes, 1))
}

// Seen is what a model says of one photo: a value in the target's unit or, of a
// classification, the probability of every class.
type Seen struct {
	Value         float64   // NaN for a classification
	Class         int       // the likeliest
	Probabilities []float64 // nil for a regression
}

// Predict says what the model sees in photos. What it
// says of one does not depend on the others, bit for bit. Features are each
// picture's second input, nil where the model has none.
func (m *Model) Predict(photos []train.Photo, features [][]float32) ([]Seen, error) {
	outputs, err := train.Outputs(m.Network, m.Fitted, photos, features)
	if err != nil {
		return nil, err
	}
	seen := make([]Seen, len(photos))
	n := max(len(m.Classes), 1)
	for i := range seen {
		own := outputs[i*n : (i+1)*n]
		for _, x := range own {
			if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("the network gives %v: its training diverged", own)
			}
		}
		if m.Classes == nil {
			seen[i].Value = m.Fitted.Inverse(own[0])
			continue
		}
		seen[i] = Seen{Value: math.NaN(), Class: metric.Largest(own, n)[0], Probabilities: make([]float64, n)}
		metric.Softmax(seen[i].Probabilities, own)
	}
	return seen, nil
}

// Interval returns the ends of a prediction's interval, in the target's unit.
func (m *Model) Interval(c *evaluate.Calibration, value float64) (low, high float64) {
	at := m.Fitted.Scale(value)
	return m.Fitted.Unscale(at - c.Margin), m.Fitted.Unscale(at + c.Margin)
}

// Foretold is what a model says of a file: a prediction, or why there is none.
type Foretold struct {
	File    string
	Seen    Seen
	Problem error
}

// chunk is how many photos are in memory at a time.
const chunk = 256

// PredictFiles says what the model sees in the photos of these files. One that
// cannot be read has a problem, and the others are predicted all the same.
func (m *Model) PredictFiles(ctx context.Context, files []string, given Given, p progress.Reporter) ([]Foretold, error) {
	second, err := m.second(given)
	if err != nil {
		return nil, err
	}
	task := p.Start("predict", len(files), "photos")
	defer task.Done()
	all := make([]Foretold, 0, len(files))
	for start := 0; start < len(files); start += chunk {
		names := files[start:min(start+chunk, len(files))]
		pixels, problems, err := picture.Files(ctx, names, m.Loaded.Recipe.Picture, task)
		if err != nil {
			return nil, err
		}
		var readable []train.Photo
		var features [][]float32
		for i, own := range pixels {
			if own == nil {
				continue
			}
			beside, err := second(names[i])
			if problems[i] = err; err != nil {
				continue
			}
			readable = append(readable, train.InMemory(own))
			if beside != nil {
				features = append(features, beside)
			}
		}
		seen, err := m.Predict(readable, features)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			f := Foretold{File: name, Problem: problems[i]}
			if f.Problem == nil {
				f.Seen, seen = seen[0], seen[1:]
			}
			all = append(all, f)
		}
	}
	return all, nil
}
