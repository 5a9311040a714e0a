package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/weights"
)

// This file holds the weights that a network begins with: a file is an input as the
// table is, hashed before and after, named in the lock.

// pretrained is the file of weights that a recipe names. Where only a lock is looked at,
// there is no path.
type pretrained struct {
	path, name string
	file       digest.Digest
	taken      network.Taken
}

// WeightsFolder is where files of weights are looked for.
func (p Place) WeightsFolder() string {
	if p.Weights != "" {
		return p.Weights
	}
	return filepath.Join(p.Root, "weights")
}

// findWeights finds and hashes the file of weights; nil where the recipe names none.
func (e *Experiment) findWeights() (*pretrained, error) {
	w := e.Recipe.Network.Weights
	if !w.Given() {
		return nil, nil
	}
	const key = "network.weights"
	p := &pretrained{name: w.File, path: filepath.Join(e.Place.WeightsFolder(), filepath.FromSlash(w.File))}
	var err error
	if p.file, _, err = digest.File(p.path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w %s: put it there, or say with RUNNER_WEIGHTS in which folder it is", key, ErrNoWeights, p.path)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if w.SHA256 != "" && p.file.String() != "sha256:"+w.SHA256 {
		return nil, recipe.Problems{e.Problem(key+".sha256", fmt.Sprintf("%s has SHA-256 %s: it is another file, or a damaged one", p.path, p.file.String()[len("sha256:"):]), "")}
	}
	return p, nil
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

// lockedWeights names the file in a lock.
func (l *line) lockedWeights() *lock.Weights {
	if l.weights == nil {
		return nil
	}
	return &lock.Weights{File: l.weights.name, Digest: l.weights.file}
}

// otherWeights compares the file with the locked one.
func (l *line) otherWeights(claimed *lock.Lock) []string {
	want := claimed.Data.Weights
	if l.weights == nil || want == nil || l.weights.file == want.Digest {
		return nil
	}
	return []string{fmt.Sprintf("the weights that the network begins with, %s, have digest %s, locked is %s", l.weights.path, l.weights.file, want.Digest)}
}
