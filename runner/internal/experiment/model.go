package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/train"
	"biomass/runner/internal/transform"
	"biomass/runner/internal/weights"
)

// Locked is a finished experiment: its lock, and where its files are here.
type Locked struct {
	*Experiment
	Lock *lock.Lock
	Path string // of the lockfile
}

// OpenLock reads a lock and finds its experiment. The data's root and the store's
// folder may be overridden.
func OpenLock(path, data, objects string) (*Locked, error) {
	claimed, err := lock.Read(path)
	if err != nil {
		return nil, err
	}
	if claimed.Numerics != lock.Numerics {
		return nil, fmt.Errorf("%s was made with numerics %d and this runner has numerics %d: the same weights would predict something else; use the runner that made it", path, claimed.Numerics, lock.Numerics)
	}
	loaded, err := LockedRecipe(claimed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	place, err := LockPlace(path, claimed, loaded, data)
	if err != nil {
		return nil, err
	}
	kept, err := OpenStore(place.Root, objects)
	if err != nil {
		return nil, err
	}
	return &Locked{
		Experiment: &Experiment{Loaded: loaded, Place: place, Store: kept, Progress: progress.Silent, Log: zerolog.Nop(), Finished: true, Offline: true},
		Lock:       claimed, Path: path,
	}, nil
}

// Weights returns the locked weights file: from beside the report, else from the
// store. Others than the locked ones are an error.
func (k *Locked) Weights() ([]byte, error) {
	return LockedWeights(k.Place.Model(k.Recipe.Name, ""), k.Lock.Model.Weights, k.Store)
}

// LockedWeights returns the weights of this digest: from the path beside the
// report, else from the store.
func LockedWeights(path string, want digest.Digest, objects *store.Store) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil && digest.Of(data) == want:
		return data, nil
	case err == nil:
		return nil, fmt.Errorf("%s is not what is locked: apply makes it anew", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if data, err = objects.Get(want); err != nil {
		return nil, fmt.Errorf("the weights are missing: no %s, and none in the store; apply makes them anew", path)
	}
	return data, nil
}

// Model returns the locked model.
func (k *Locked) Model() (*Model, error) {
	file, err := k.Weights()
	if err != nil {
		return nil, err
	}
	return k.model(file)
}

// model builds the model from its file of weights and the recipe that it was trained
// by: of a sweep, that of the winner.
func (k *Locked) model(file []byte) (*Model, error) {
	l := newLine(k.Experiment)
	l.found = k.Lock.Sweep
	if err := l.follow(); err != nil {
		return nil, err
	}
	return NewModel(l.Loaded, file)
}

// Calibrate finds out how wide the intervals of a regression's predictions are,
// from the predictions that the run left in the store. An error says why that
// cannot be known here.
func (k *Locked) Calibrate(m *Model, level float64) (*evaluate.Calibration, error) {
	if k.classifies() {
		return nil, errors.New("a class has a probability in place of an interval")
	}
	_, evaluation := Recall(k.Store, k.Lock)
	if evaluation == nil {
		return nil, errors.New("the run's predictions, whose errors they are made of, are not in the store: apply or a pack brings them there")
	}
	return evaluation.Calibrate(level, m.Fitted.Scale)
}

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

// NewModel builds the model from a recipe and a weights file that runner wrote.
func NewModel(loaded *recipe.Loaded, file []byte) (*Model, error) {
	stored, err := weights.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	tensors, err := stored.Read()
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	m := &Model{Loaded: loaded}
	if m.Classes, m.Fitted, err = readFacts(loaded, stored.Metadata); err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	outputs := max(len(m.Classes), 1)
	size := loaded.Recipe.Picture.Size
	m.Network, err = network.NewJoined(loaded.Recipe.Network, network.Input{Height: size, Width: size, Channels: loaded.Recipe.Picture.Channels()}, m.Fitted.Width(), outputs)
	if err != nil {
		return nil, err
	}
	if err := m.Network.Load(tensors); err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	return m, nil
}

// readFacts is the inverse of facts: the classes, and what was fitted.
func readFacts(loaded *recipe.Loaded, facts map[string]string) ([]string, *transform.Fitted, error) {
	var wrong error
	number := func(key, text string, bits int) float64 {
		v, err := strconv.ParseFloat(text, bits)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			wrong = fmt.Errorf("the file says %s: %q, which is no number: it was not written by runner", key, text)
		}
		return v
	}
	channels := func(key string) []float32 {
		var values []float32
		for _, word := range strings.Fields(facts[key]) {
			values = append(values, float32(number(key, word, 32)))
		}
		if want := loaded.Recipe.Picture.Channels(); len(values) != want {
			wrong = fmt.Errorf("the file says %s: %q, and the recipe's pictures have %d channels: the weights are of another recipe, or were not written by runner", key, facts[key], want)
		}
		return values
	}
	f := &transform.Fitted{Mean: channels("normalize_mean"), Std: channels("normalize_std"), Kind: loaded.Recipe.Transform.Target, TargetStd: 1}
	if want := len(loaded.Recipe.Data.Features); want > 0 {
		if err := json.Unmarshal([]byte(facts["features"]), &f.Features); err != nil || len(f.Features) != want {
			return nil, nil, fmt.Errorf("the file says features: %.100q, and the recipe has %d: the weights are of another recipe, or were not written by runner", facts["features"], want)
		}
		for i, feature := range f.Features {
			if column := loaded.Recipe.Data.Features[i].Column; feature.Column != column {
				return nil, nil, fmt.Errorf("the file has the feature %q where the recipe has %q: the weights are of another recipe, or were not written by runner", feature.Column, column)
			}
			if err := feature.Valid(); err != nil {
				return nil, nil, fmt.Errorf("the file's features: %w: it was not written by runner", err)
			}
		}
	}
	if loaded.Recipe.Task == recipe.Classification {
		classes := strings.Split(facts["classes"], "\n")
		if len(classes) < 2 {
			wrong = fmt.Errorf("the file names %d classes: it is not of this recipe, or was not written by runner", len(classes))
		}
		return classes, f, wrong
	}
	f.TargetMean, f.TargetStd = number("target_mean", facts["target_mean"], 64), number("target_std", facts["target_std"], 64)
	return nil, f, wrong
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
