package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/report"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
)

// ErrOtherStages says that a lock was made by a runner whose stages are others.
var ErrOtherStages = errors.New("the lock was made by another version of runner")

// Contradictions returns where a lock cannot be true whatever the data are,
// nearest to the cause first: sums that do not add up, and keys and outputs of
// stages that do not follow from what else the lock says. It initialises the
// network, and trains nothing.
func (e *Experiment) Contradictions(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	l := newLine(e)
	l.table = &table.Table{File: k.Data.Table.Digest, ReadAs: k.Data.Table.ReadAs}
	l.classes = e.Recipe.Data.Classes
	if e.Recipe.Network.Weights.Given() {
		if k.Data.Weights == nil {
			return []lock.Difference{{Path: "data.weights", A: "none", B: "a file, as network.weights says"}}, nil
		}
		l.weights = &pretrained{name: k.Data.Weights.File, file: k.Data.Weights.Digest}
	}
	l.series = Series{Runs: k.Runs, Spread: k.Spread}
	all, err := l.contradictions(ctx, k)
	if err != nil {
		return nil, err
	}
	runs, err := l.otherRuns(ctx, k)
	return append(all, runs...), err
}

// otherRuns does the same for the runs.
func (l *line) otherRuns(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	wanted := l.Runs()
	var names, locked []string
	for _, run := range wanted {
		names = append(names, run.Name)
	}
	for _, run := range k.Runs {
		locked = append(locked, run.Name)
	}
	if !slices.Equal(names, locked) {
		return []lock.Difference{{Path: "runs", A: fmt.Sprint(locked), B: fmt.Sprint(names)}}, nil
	}
	var all []lock.Difference
	for i, run := range wanted {
		v, err := l.variant(run)
		if err != nil {
			return nil, err
		}
		claimed := k.Runs[i]
		differences, err := v.contradictions(ctx, &lock.Lock{
			Data: k.Data, Clean: k.Clean, Split: claimed.Split, Features: claimed.Features, Stages: claimed.Stages, Training: claimed.Training, Model: claimed.Model, Results: claimed.Results,
		})
		if err != nil {
			return nil, err
		}
		if claimed.Recipe != v.Digest {
			differences = append(differences, lock.Difference{Path: "recipe", A: claimed.Recipe.String(), B: v.Digest.String()})
		}
		for _, d := range differences {
			d.Path = fmt.Sprintf("runs[%s].%s", run.Name, d.Path)
			all = append(all, d)
		}
	}
	if len(wanted) > 0 {
		follows := spread("seeds", append([]lock.Run{{Results: k.Results}}, k.Runs...))
		if !slices.Equal(follows, k.Spread) {
			all = append(all, lock.Difference{Path: "spread", A: fmt.Sprint(k.Spread), B: fmt.Sprint(follows)})
		}
	}
	return all, nil
}

// contradictions are those of one line.
func (l *line) contradictions(ctx context.Context, k *lock.Lock) ([]lock.Difference, error) {
	l.canonical = k.Data.Table.Canonical
	l.fitted = claimedFeatures(k)
	l.trained = Trained{Epochs: k.Training, Kept: k.Model.Epoch, Weights: k.Model.Weights}
	if len(k.Stages) != len(l.stages) {
		return nil, fmt.Errorf("%w: it has %d stages, this one %d", ErrOtherStages, len(k.Stages), len(l.stages))
	}
	for i, s := range l.stages {
		if k.Stages[i].Name != s.name || k.Stages[i].Version != s.version {
			return nil, fmt.Errorf("%w: its stage %d is %s %d, here it is %s %d", ErrOtherStages, i+1, k.Stages[i].Name, k.Stages[i].Version, s.name, s.version)
		}
	}
	all := l.sums(k)
	differ := func(path string, locked, follows any) {
		if a, b := fmt.Sprint(locked), fmt.Sprint(follows); a != b {
			all = append(all, lock.Difference{Path: path, A: a, B: b})
		}
	}
	for i, s := range l.stages {
		locked := k.Stages[i]
		outputs := !l.classifies() || len(l.classes) > 0 // else only the table says how many the network has
		if s.follows&followsKey != 0 && (outputs || s.name != "network" && s.name != "train") {
			key, _ := l.key(s)
			differ(fmt.Sprintf("stages[%s].key", s.name), locked.Key, key)
		}
		l.outputs[s.name] = locked.Output
		if s.follows&followsOutput == 0 {
			continue
		}
		if s.name == "network" {
			if !outputs {
				continue
			}
			if l.weights != nil { // what the network begins with does not follow from the lock
				net, err := l.build()
				if err != nil {
					return nil, err
				}
				differ("model.parameters", k.Model.Parameters, net.Count())
				continue
			}
			if err := s.run(ctx, l); err != nil {
				return nil, err
			}
			differ("model.parameters", k.Model.Parameters, l.initial.Parameters)
		}
		data, err := json.Marshal(s.output(l))
		if err != nil {
			return nil, err
		}
		differ(fmt.Sprintf("stages[%s].output", s.name), locked.Output, digest.Of(data))
	}
	return all, nil
}

// sums checks that the counts of a lock add up, and that the training ended and
// the kept epoch was chosen by its history as the recipe says.
func (e *Experiment) sums(k *lock.Lock) []lock.Difference {
	var all []lock.Difference
	differ := func(path string, locked, follows int) {
		if locked != follows {
			all = append(all, lock.Difference{Path: path, A: fmt.Sprint(locked), B: fmt.Sprint(follows)})
		}
	}
	for _, path := range []struct{ key, locked, follows string }{
		{"data.table.path", k.Data.Table.Path, tablePath(e.Recipe.Data)}, {"data.images.path", k.Data.Images.Path, imagesPath(e.Recipe.Data)},
	} {
		if path.locked != path.follows {
			all = append(all, lock.Difference{Path: path.key, A: path.locked, B: path.follows})
		}
	}
	var columns []string
	for _, feature := range k.Features {
		columns = append(columns, feature.Column)
	}
	if names := e.featureNames(); !slices.Equal(columns, names) {
		all = append(all, lock.Difference{Path: "features", A: strings.Join(columns, ", "), B: strings.Join(names, ", ")})
	}
	rows := k.Clean.Kept
	for _, n := range k.Clean.Dropped {
		rows += n
	}
	differ("data.table.rows", k.Data.Table.Rows, rows)
	differ("clean.kept", k.Clean.Kept, k.Split.Train+k.Split.Validation+k.Split.Test)
	for _, part := range []struct {
		name string
		rows int
	}{{evaluate.Validation, k.Split.Validation}, {evaluate.Test, k.Split.Test}} {
		if score, ok := k.Results[part.name]; ok {
			differ("results."+part.name+".photos", score.Photos, part.rows)
		}
	}
	history := make([]train.Epoch, len(k.Training))
	for i, epoch := range k.Training {
		differ(fmt.Sprintf("training[%d].epoch", i), epoch.Epoch, i+1)
		history[i] = train.Epoch(epoch)
	}
	end, kept := train.Outcome(e.Recipe.Train, history)
	if end != len(history) || end == 0 {
		follows := fmt.Sprintf("an end after epoch %d", end)
		if end == 0 {
			follows = fmt.Sprintf("no end before epoch %d", e.Recipe.Train.Epochs)
			if e.Recipe.Train.Stop.Patience > 0 {
				follows += ", or where train.stop ends it"
			}
		}
		all = append(all, lock.Difference{Path: "training", A: fmt.Sprintf("an end after epoch %d", len(history)), B: follows})
	}
	differ("model.epoch", k.Model.Epoch, kept)
	return all
}

// What no file of a report exceeds.
const (
	maxPage   = 64 << 20 // bytes
	maxPixels = 64 << 20 // of a PNG
)

// PagesIn returns the digest of the report's files in a folder, and those of
// each; none are there when the map is empty. The ends of lines do not count:
// git may have changed them.
func PagesIn(dir string) (digest.Digest, map[string]digest.Digest, error) {
	files, pages := map[string][]byte{}, map[string]digest.Digest{}
	for _, name := range report.Files() {
		data, err := readPage(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return digest.Digest{}, nil, err
		}
		if !strings.HasSuffix(name, ".png") {
			data = []byte(strings.ReplaceAll(string(data), "\r\n", "\n"))
		}
		files[name], pages[name] = data, digest.Of(data)
	}
	all, err := report.Digest(files)
	return all, pages, err
}

// readPage reads a file of a report that somebody else may have written.
func readPage(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPage+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPage {
		return nil, fmt.Errorf("%s has more than %d MiB: no report has", path, maxPage>>20)
	}
	if strings.HasSuffix(path, ".png") {
		size, err := png.DecodeConfig(bytes.NewReader(data))
		if err == nil && (size.Width > maxPixels || size.Height > maxPixels/max(size.Width, 1)) {
			err = fmt.Errorf("%d x %d pixels: no plot has", size.Width, size.Height)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return data, nil
}
