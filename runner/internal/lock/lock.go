// Package lock owns the Lock: what a run claims, in one YAML file that anybody
// can check. It reads, writes and compares locks; it never computes what stands
// in them. Writing the same lock twice gives the same bytes.
package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"biomass/runner/internal/digest"
)

const (
	// Format is the version of the lockfile's own form.
	Format = 1
	// Numerics is the version of the arithmetic contract, see package kernel.
	Numerics = 1
	// limit bounds what Read takes: an epoch has 400 bytes at most.
	limit = 16 << 20
	// maxValues bounds what it takes apart, which needs a hundred times the memory of the
	// text: a lock has a line a value, 7 an epoch.
	maxValues = 500_000
	// MaxEpochs is how many epochs, of all trainings together, a lock can hold.
	MaxEpochs = 40_000
)

// Suffix is how the name of a lockfile ends, behind that of its recipe.
const Suffix = ".lock.yaml"

const header = "# Written by runner apply, checked by runner verify. Do not edit.\n"

// Lock is everything that a run claims. All of it is verified but for Recorded.
type Lock struct {
	Lock     int              `yaml:"lock"`
	Numerics int              `yaml:"numerics"`
	Recorded Recorded         `yaml:"recorded"`
	Recipe   Recipe           `yaml:"recipe"`
	Data     Data             `yaml:"data"`
	Clean    Clean            `yaml:"clean"`
	Split    Split            `yaml:"split"`
	Sweep    *Sweep           `yaml:"sweep,omitempty"`
	Features []Feature        `yaml:"features,omitempty"`
	Stages   []Stage          `yaml:"stages"`
	Training []Epoch          `yaml:"training"`
	Model    Model            `yaml:"model"`
	Results  map[string]Score `yaml:"results"`
	// Runs are the further trainings that the recipe asks for, Spread is what they
	// differ in.
	Runs   []Run    `yaml:"runs,omitempty"`
	Spread []Spread `yaml:"spread,omitempty"`
	// OutOfFold judges the predictions of all folds together.
	OutOfFold *OutOfFold `yaml:"out_of_fold,omitempty"`
	Report    Report     `yaml:"report"`
	// Seal covers all the rest but for Recorded. It is no secret: it tells of an
	// edit by hand, not of a forgery.
	Seal digest.Digest `yaml:"seal,omitempty"`
}

// Recorded is the git state when the lock was first written. It is kept as it
// is while the verified part stays the same, and never compared.
type Recorded struct {
	Commit  string        `yaml:"commit,omitempty"`
	Dirty   bool          `yaml:"dirty,omitempty"`
	Patch   digest.Digest `yaml:"patch,omitempty"`
	Unknown string        `yaml:"unknown,omitempty"`
}

// Recipe is the whole recipe in its canonical form, enough to run it again.
type Recipe struct {
	Path      string         `yaml:"path"`
	Digest    digest.Digest  `yaml:"digest"`
	Canonical map[string]any `yaml:"canonical"`
}

// Data names the inputs by their content.
type Data struct {
	Table  Table  `yaml:"table"`
	Images Images `yaml:"images"`
	// Weights is the file that the network begins with; nil where its weights are drawn.
	Weights *Weights `yaml:"weights,omitempty"`
}

// Weights are a file of tensors, by its name below the folder of weights.
type Weights struct {
	File   string        `yaml:"file"`
	Digest digest.Digest `yaml:"digest"`
}

// Table is the label table: its file's bytes, and what was read from them.
type Table struct {
	Path   string        `yaml:"path"`
	Digest digest.Digest `yaml:"digest"`
	// ReadAs says how the file was understood, by a word each for encoding, decimal and so on, as far as it is no plain one.
	ReadAs    map[string]string `yaml:"read_as,omitempty"`
	Rows      int               `yaml:"rows"`
	Canonical digest.Digest     `yaml:"canonical"`
}

// Images are the picture files that the table names.
type Images struct {
	Path   string        `yaml:"path"`
	Digest digest.Digest `yaml:"digest"`
	Files  int           `yaml:"files"`
}

// Clean counts the rows.
type Clean struct {
	Kept    int            `yaml:"kept"`
	Dropped map[string]int `yaml:"dropped"`
	Ledger  digest.Digest  `yaml:"ledger"`
}

// Split counts the rows of each part.
type Split struct {
	Train      int           `yaml:"train" json:"train"`
	Validation int           `yaml:"validation" json:"validation"`
	Test       int           `yaml:"test" json:"test"`
	Groups     int           `yaml:"groups" json:"groups"`
	Digest     digest.Digest `yaml:"digest" json:"digest"`
}

// Feature is one column of the second input, as it was fitted on the training rows:
// package transform's Feature.
type Feature struct {
	Column       string   `yaml:"column" json:"column"`
	Mean         float64  `yaml:"mean,omitempty" json:"mean,omitempty"`
	Std          float64  `yaml:"std,omitempty" json:"std,omitempty"`
	Categories   []string `yaml:"categories,omitempty" json:"categories,omitempty"`
	Low          *float64 `yaml:"low,omitempty" json:"low,omitempty"`
	High         *float64 `yaml:"high,omitempty" json:"high,omitempty"`
	Fill         *float64 `yaml:"fill,omitempty" json:"fill,omitempty"`
	FillCategory *string  `yaml:"fill_category,omitempty" json:"fill_category,omitempty"`
}

// Stage is one step of the line: what it was asked, and what came out.
type Stage struct {
	Name    string        `yaml:"name" json:"name"`
	Version int           `yaml:"version" json:"version"`
	Key     digest.Digest `yaml:"key" json:"key"`
	Output  digest.Digest `yaml:"output" json:"output"`
}

// Stage returns the stage of this name, or nil.
func (l *Lock) Stage(name string) *Stage { return stageOf(l.Stages, name) }

// Epoch is one link of the training chain. What the task does not measure is
// left out, and so is a learning rate that never changes.
type Epoch struct {
	Epoch              int           `yaml:"epoch" json:"epoch"`
	Rate               *float64      `yaml:"rate,omitempty" json:"rate,omitempty"`
	TrainLoss          float64       `yaml:"train_loss" json:"train_loss"`
	ValidationLoss     float64       `yaml:"validation_loss" json:"validation_loss"`
	ValidationRMSE     *float64      `yaml:"validation_rmse,omitempty" json:"validation_rmse,omitempty"`
	ValidationAccuracy *float64      `yaml:"validation_accuracy,omitempty" json:"validation_accuracy,omitempty"`
	ValidationMacroF1  *float64      `yaml:"validation_macro_f1,omitempty" json:"validation_macro_f1,omitempty"`
	State              digest.Digest `yaml:"state" json:"state"`
}

// Same reports whether two epochs say the same.
func (e Epoch) Same(other Epoch) bool { return reflect.DeepEqual(e, other) }

// Model is the network that was kept.
type Model struct {
	Parameters int           `yaml:"parameters" json:"parameters"`
	Weights    digest.Digest `yaml:"weights" json:"weights"`
	Epoch      int           `yaml:"epoch" json:"epoch"`
}

// Score is the result on one part, beside the baselines on the same rows: Errors
// of a regression, Hits of a classification; the other is nil.
type Score struct {
	Photos      int `yaml:"photos" json:"photos"`
	*Errors     `yaml:",inline"`
	*Hits       `yaml:",inline"`
	Predictions digest.Digest `yaml:"predictions,omitempty" json:"predictions,omitzero"` // of the part that the report opens with
}

// Errors are scores in the target's unit.
type Errors struct {
	RMSE         float64            `yaml:"rmse" json:"rmse"`
	RMSEInterval []float64          `yaml:"rmse_interval,flow,omitempty" json:"rmse_interval,omitempty"`
	MSE          float64            `yaml:"mse" json:"mse"`
	MAE          float64            `yaml:"mae" json:"mae"`
	R2           float64            `yaml:"r2" json:"r2"`
	BaselineR2   map[string]float64 `yaml:"baseline_r2,omitempty" json:"baseline_r2,omitempty"`
}

// Hits are scores of predicted classes.
type Hits struct {
	Accuracy         float64            `yaml:"accuracy" json:"accuracy"`
	AccuracyInterval []float64          `yaml:"accuracy_interval,flow,omitempty" json:"accuracy_interval,omitempty"`
	BalancedAccuracy float64            `yaml:"balanced_accuracy" json:"balanced_accuracy"`
	MacroF1          float64            `yaml:"macro_f1" json:"macro_f1"`
	WeightedF1       float64            `yaml:"weighted_f1" json:"weighted_f1"`
	CrossEntropy     float64            `yaml:"cross_entropy" json:"cross_entropy"`
	BaselineAccuracy map[string]float64 `yaml:"baseline_accuracy,omitempty" json:"baseline_accuracy,omitempty"`
}

// Report is the digest of the Markdown, the SVG and the PNGs' pixels.
type Report struct {
	Digest digest.Digest `yaml:"digest"`
}

// Headline returns the figure that the result is known by: the RMSE or the
// accuracy on the test part, else on the validation part; all are empty where
// there is neither.
func (l *Lock) Headline() (part, metric string, value float64) {
	for _, part := range []string{"test", "validation"} {
		switch score := l.Results[part]; {
		case score.Errors != nil:
			return part, "rmse", score.RMSE
		case score.Hits != nil:
			return part, "accuracy", score.Accuracy
		}
	}
	return "", "", 0
}

// Sum returns what Seal has to be.
func (l *Lock) Sum() (digest.Digest, error) {
	sealed := *l
	sealed.Recorded, sealed.Seal = Recorded{}, digest.Digest{}
	data, err := sealed.Bytes()
	return digest.New("lock").Bytes(data).Sum(), err
}

// Bytes returns the file's content.
func (l *Lock) Bytes() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(l); err != nil {
		return nil, fmt.Errorf("encode the lock: %w", err)
	}
	return b.Bytes(), nil
}

// Read reads a lockfile. It refuses unknown keys, later formats and files of
// unreasonable size; a file that does not exist gives fs.ErrNotExist.
func Read(path string) (*Lock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read lock %s: %w", path, err)
	}
	l, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read lock %s: %w", path, err)
	}
	return l, nil
}

// Parse reads the content of a lockfile.
func Parse(data []byte) (*Lock, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("larger than %d MB: no lockfile is", limit>>20)
	}
	values := 0
	for _, mark := range []string{"\n", ",", "[", "{"} {
		values += bytes.Count(data, []byte(mark))
	}
	if values > maxValues {
		return nil, fmt.Errorf("about %d values: no lockfile has more than %d", values, maxValues)
	}
	var version struct {
		Lock int `yaml:"lock"`
	}
	if err := yaml.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("not a lockfile: %s", words(err))
	}
	switch {
	case version.Lock == 0:
		return nil, errors.New("not a lockfile: it has no key lock")
	case version.Lock != Format:
		return nil, fmt.Errorf("lock format %d: this runner reads format %d", version.Lock, Format)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	l := new(Lock)
	if err := d.Decode(l); err != nil {
		return nil, fmt.Errorf("not a lockfile: %s", words(err))
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("not a lockfile: more than one YAML document")
	}
	for _, t := range l.Trainings()[1:] {
		if !runName.MatchString(t.Run) {
			return nil, fmt.Errorf("not a lockfile: %q is no name of a run", t.Run)
		}
	}
	return l, nil
}

// runName is what the name of a run is made of: the names of its files hold it.
var runName = regexp.MustCompile(`^[a-z0-9-]+$`)

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// words says on one line, without Go's types, what the decoder found.
func words(err error) string {
	reasons := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		reasons = several.Errors
	}
	return unknownKey.ReplaceAllString(strings.Join(reasons, "; "), "unknown key $1")
}
