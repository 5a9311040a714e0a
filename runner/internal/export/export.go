// Package export owns the files of weights that other programs read: it writes the locked
// weights with the lock in the file's metadata, so that the file alone is as good as lock
// and weights, and makes both of it again. It never writes weights that are not the locked
// ones.
package export

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// The formats that weights are exported in.
const (
	Safetensors = "safetensors"
	Torch       = "torch"
	ONNX        = "onnx"
)

// What an exported file says besides the weights file's own facts. Without these keys,
// tensors and metadata are the locked weights file again, bit for bit.
const (
	factLock    = "lock"    // the lockfile
	factWeights = "weights" // the digest of the locked weights file
	factUnit    = "unit"    // of the target
	factInput   = "input"   // how a picture's numbers lie, and what they are
	factOutput  = "output"  // what the outputs are
)

// Exported says what was written.
type Exported struct {
	Path    string `json:"path"`
	Format  string `json:"format"`
	Bytes   int    `json:"bytes"`
	Tensors int    `json:"tensors"`
	// Weights is the digest of the locked weights file; zero where no lock stands behind
	// the file that was exported.
	Weights digest.Digest `json:"weights,omitzero"`
}

// Locked writes the locked weights in another format.
func Locked(k *experiment.Locked, format, path string) (*Exported, error) {
	file, err := k.Weights()
	if err != nil {
		return nil, err
	}
	stored, err := weights.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	tensors, err := stored.Read()
	if err != nil {
		return nil, err
	}
	text, err := k.Lock.Bytes()
	if err != nil {
		return nil, err
	}
	facts := map[string]string{} // stored.Metadata may be nil in somebody's file
	maps.Copy(facts, stored.Metadata)
	facts[factLock], facts[factWeights], facts[factUnit] = string(text), k.Lock.Model.Weights.String(), k.Recipe.Data.Unit
	facts[factInput] = "float32 (batch, channels, height, width), (byte / 255 - normalize_mean) / normalize_std a channel"
	if facts["features"] != "" {
		facts[factInput] += "; and float32 (batch, numbers), which the features are made to, one behind the other"
	}
	switch {
	case k.Recipe.Task == recipe.Classification:
		facts[factOutput] = "float32 (batch, classes), logits"
	case facts["target_scaling"] == "log1p":
		facts[factOutput] = "float32 (batch, 1), the target is exp(output) - 1"
	default:
		facts[factOutput] = "float32 (batch, 1), the target is output * target_std + target_mean"
	}
	e := &Exported{Path: path, Format: format, Tensors: len(tensors), Weights: k.Lock.Model.Weights}
	if format != ONNX {
		return e, e.write(tensors, facts)
	}
	m, err := k.Model()
	if err != nil {
		return nil, err
	}
	graph, err := m.Network.ONNX()
	if err != nil {
		return nil, err
	}
	graph.Name, graph.Metadata = k.Recipe.Name, facts
	e.Tensors = len(graph.Weights)
	var b bytes.Buffer
	if err := graph.Write(&b); err != nil {
		return nil, err
	}
	return e, e.save(b.Bytes())
}

// Convert writes a file of weights that no lock stands behind in another format.
func Convert(from, format, path string) (*Exported, error) {
	if format == ONNX {
		return nil, fmt.Errorf("%s does not say which network it is of: export the lock, runner export lock/NAME%s --format %s", from, lock.Suffix, ONNX)
	}
	stored, err := weights.Open(from)
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	tensors, err := stored.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	e := &Exported{Path: path, Format: format, Tensors: len(tensors)}
	return e, e.write(tensors, stored.Metadata)
}

func (e *Exported) write(tensors []weights.Tensor, facts map[string]string) error {
	var b bytes.Buffer
	write := weights.WriteSafetensors
	if e.Format == Torch {
		write = weights.WriteTorch
	}
	if err := write(&b, tensors, facts); err != nil {
		return err
	}
	return e.save(b.Bytes())
}

func (e *Exported) save(data []byte) error {
	e.Bytes = len(data)
	return store.WriteFile(e.Path, data)
}

// Is reports whether a file of safetensors or torch is one that Locked wrote.
func Is(path string) bool {
	stored, err := weights.Open(path)
	if err != nil {
		return false
	}
	defer stored.Close()
	return stored.Metadata[factLock] != ""
}

// Unfold makes a project folder, as experiment.OpenLock wants it, of an exported file: the lock
// that stands in it and the weights file that was locked, made again. It returns the
// path of the lockfile. What differs from the locked weights is an error.
func Unfold(path, dir string) (lockPath string, err error) {
	stored, err := weights.Open(path)
	if err != nil {
		return "", err
	}
	defer stored.Close()
	text := stored.Metadata[factLock]
	if text == "" {
		return "", fmt.Errorf("%s holds weights and no lock: name the lock, or what runner export lock/NAME%s writes", path, lock.Suffix)
	}
	claimed, err := lock.Parse([]byte(text))
	if err != nil {
		return "", fmt.Errorf("the lock in %s: %w", path, err)
	}
	locked, err := project.LockedRecipe(claimed)
	if err != nil {
		return "", fmt.Errorf("the lock in %s: %w", path, err)
	}
	tensors, err := stored.Read()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	facts := maps.Clone(stored.Metadata)
	for _, key := range []string{factLock, factWeights, factUnit, factInput, factOutput} {
		delete(facts, key)
	}
	file, err := weights.Encode(tensors, facts)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if found := digest.Of(file); found != claimed.Model.Weights {
		return "", fmt.Errorf("%s holds other weights than the lock in it: %s, locked are %s; export it anew", path, found, claimed.Model.Weights)
	}
	place := project.Place{Root: dir}
	lockPath = place.Lock(locked.Name)
	for name, data := range map[string][]byte{lockPath: []byte(text), place.Model(locked.Name, ""): file} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return "", err
		}
		if err := store.WriteFile(name, data); err != nil {
			return "", err
		}
	}
	return lockPath, nil
}

// FormatOf is the format that a file's name asks for, empty where it asks for none.
func FormatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors":
		return Safetensors
	case ".pth", ".pt":
		return Torch
	case ".onnx":
		return ONNX
	}
	return ""
}
