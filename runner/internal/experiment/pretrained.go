package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/fetch"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// This file holds the weights that a network begins with: a file is an input as the
// table is, hashed before and after, named in the lock.

// pretrained is the file of weights that a recipe names. Where only a lock is looked at,
// there is no path.
type pretrained struct {
	path, name string
	sum        string // what its SHA-256 must begin with
	file       digest.Digest
	taken      network.Taken
}

// findWeights finds and hashes the file of weights; nil where the recipe names none. A
// published one that is not here is fetched, unless the walk is offline.
func (e *Experiment) findWeights(ctx context.Context) (*pretrained, error) {
	w := e.Recipe.Network.Weights
	if !w.Given() || e.Finished {
		return nil, nil
	}
	const key = "network.weights"
	p, err := e.placeWeights(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if p.file, _, err = digest.File(p.path); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if want := (fetch.File{SHA256: p.sum}); !want.Is(p.file) {
		at := key
		if w.SHA256 != "" {
			at += ".sha256"
		}
		return nil, recipe.Problems{e.Problem(at, fmt.Sprintf("%s has SHA-256 %s, not %s: it is another file, or a damaged one", p.path, strings.TrimPrefix(p.file.String(), "sha256:"), p.sum), "")}
	}
	return p, nil
}

// placeWeights says where the file is: in the folder of weights, or where it was fetched to.
func (e *Experiment) placeWeights(ctx context.Context, w recipe.Weights) (*pretrained, error) {
	folder := e.Place.WeightsFolder()
	here := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	if w.Kind == "file" {
		p := &pretrained{path: filepath.Join(folder, filepath.FromSlash(w.File)), name: w.File, sum: w.SHA256}
		if !here(p.path) {
			return nil, fmt.Errorf("%w %s: put it there, or say with RUNNER_WEIGHTS in which folder it is", ErrNoWeights, p.path)
		}
		return p, nil
	}
	published := fetch.File{URL: w.URL, SHA256: w.SHA256}
	if w.Kind == "imagenet" {
		published, _ = fetch.Torchvision(e.Recipe.Network.Backbone)
	}
	p := &pretrained{name: path.Base(published.URL), sum: published.SHA256}
	for _, p.path = range []string{filepath.Join(folder, p.name), filepath.Join(e.Place.Fetched, published.Name())} {
		if here(p.path) {
			return p, nil
		}
	}
	mend := fmt.Sprintf("download %s where there is a network and put it into %s, or into the folder that RUNNER_WEIGHTS names", published.URL, folder)
	if e.Offline {
		return nil, fmt.Errorf("%w %s: %s", ErrNoWeights, p.path, mend)
	}
	unlock, err := e.hold(ctx, "weights", "fetches weights")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if p.path, err = published.Get(ctx, e.Place.Fetched, e.Progress); err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w\n%s", err, mend)
	}
	return p, err
}

// ErrNoWeights says that a file of weights is missing.
var ErrNoWeights = errors.New("no file")

// readWeights reads the tensors of the file.
func (p *pretrained) readWeights() ([]weights.Tensor, error) {
	f, err := weights.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tensors, err := f.Read()
	if err != nil {
		return nil, fmt.Errorf("read weights %s: %w", p.path, err)
	}
	return tensors, nil
}

// PinWeights writes the SHA-256 of the recipe's file of weights into the recipe's text, and
// fetches the file if need be. It returns the sum, in hexadecimal digits, and whether the
// text changed. What the recipe says of the sum counts for nothing.
func (e *Experiment) PinWeights(ctx context.Context, recipePath string) (sum string, changed bool, err error) {
	w := e.Recipe.Network.Weights
	if w.Kind != "file" && w.Kind != "url" {
		return "", false, errors.New("network.weights: names no file and no url: there is no SHA-256 to write")
	}
	w.SHA256 = ""
	p, err := e.placeWeights(ctx, w)
	if err != nil {
		return "", false, fmt.Errorf("network.weights: %w", err)
	}
	found, _, err := digest.File(p.path)
	if err != nil {
		return "", false, err
	}
	sum = strings.TrimPrefix(found.String(), "sha256:")
	if fetched := filepath.Join(e.Place.Fetched, fetch.File{URL: w.URL}.Name()); w.Kind == "url" && p.path == fetched {
		if err := os.Rename(fetched, filepath.Join(e.Place.Fetched, fetch.File{URL: w.URL, SHA256: sum}.Name())); err != nil {
			return "", false, err
		}
	}
	text, err := os.ReadFile(recipePath)
	if err != nil {
		return "", false, err
	}
	pinned, err := recipe.PinWeights(text, sum)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", recipePath, err)
	}
	if bytes.Equal(pinned, text) {
		return sum, false, nil
	}
	_, err = store.WriteFiles([]store.File{{Path: recipePath, Data: pinned}})
	return sum, true, err
}

// initialise gives the network what it begins with: numbers drawn from the seed, and over
// them what the file of weights has.
func (l *line) initialise(net *network.Network) error {
	net.Initialize(l.Recipe.Train.Seed)
	if l.weights == nil {
		return nil
	}
	tensors, err := l.weights.readWeights()
	if err != nil {
		return err
	}
	if l.weights.taken, err = net.Take(tensors); err != nil {
		return fmt.Errorf("network.weights: %s: %w", l.weights.path, err)
	}
	return nil
}

// story tells what of the file fits.
func (p *pretrained) story() *Weights {
	return &Weights{File: p.name, Digest: p.file, Taken: p.taken}
}

// takenWarning says that the file has less than the backbone; an empty text, that it has all.
func (l *line) takenWarning() string {
	taken := l.initial.Taken
	if taken == nil {
		return ""
	}
	net, err := l.build()
	if err != nil {
		return ""
	}
	lacks := net.OutsideHead(taken.Missing)
	if len(lacks) == 0 {
		return ""
	}
	return fmt.Sprintf("network.weights: %s lacks %d tensors of the backbone, which are drawn from train.seed: the first is %s", l.weights.name, len(lacks), lacks[0])
}

// otherWeights compares the file with the locked one.
func (e *Experiment) otherWeights(ctx context.Context, claimed *lock.Lock) ([]string, error) {
	found, err := e.findWeights(ctx)
	want := claimed.Data.Weights
	if err != nil || found == nil || want == nil || found.file == want.Digest {
		return nil, err
	}
	return []string{fmt.Sprintf("the weights that the network begins with, %s, have digest %s, locked is %s", found.path, found.file, want.Digest)}, nil
}
