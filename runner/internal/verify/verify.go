// Package verify owns the Verdict: whether a lock tells the truth about the
// recipe and the data beside it. It walks the same line as a run does, in a
// store of its own, and compares what comes out with what is claimed. It never
// changes what it judges.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// Judgement is a verdict in one word or two.
type Judgement string

const (
	Verified     Judgement = "VERIFIED"      // bit for bit
	Differs      Judgement = "DIFFERS"       // something that is claimed is not so
	InputsDiffer Judgement = "INPUTS DIFFER" // the data are not those that were locked
	Incomplete   Judgement = "INCOMPLETE"    // something is missing to decide
)

// How far a verification goes.
const (
	levelEvaluation = "evaluation" // the kept weights are evaluated again
	levelRerun      = "rerun"      // the training is done again
)

// Verdict is a judgement and its reasons.
type Verdict struct {
	Judgement Judgement `json:"verdict"`
	Level     string    `json:"level"`
	// Reasons: what was found, the first place where things part first.
	Reasons []string `json:"reasons"`
	// Proves says what a VERIFIED of this level means, and what not.
	Proves string `json:"proves"`
}

// Options say what is verified and how far.
type Options struct {
	Lock     string // path of the lockfile
	Data     string // overrides the recipe's data.root
	Store    string // overrides where kept weights are looked for
	Rerun    bool   // train again, instead of evaluating the kept weights
	Progress progress.Reporter
}

const (
	provesEvaluation = "the data are those locked, and these weights give these predictions, metrics and report; that the weights come from this training needs --rerun"
	provesRerun      = "the recipe and the data give these weights, predictions, metrics and report, bit for bit"
)

// Run verifies a lock. An error means that no verdict could be reached because
// the lock cannot be read or this machine failed.
func Run(ctx context.Context, o Options) (*Verdict, error) {
	claimed, err := lock.Read(o.Lock)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Judgement: Verified, Level: levelEvaluation, Reasons: []string{}, Proves: provesEvaluation}
	if o.Rerun {
		v.Level, v.Proves = levelRerun, provesRerun
	}
	if claimed.Numerics != lock.Numerics {
		return v.because(Incomplete, "the lock was made with numerics %d and this runner has numerics %d: verify it with the runner that made it", claimed.Numerics, lock.Numerics), nil
	}
	loaded, err := experiment.LockedRecipe(claimed)
	if err != nil {
		return v.because(Differs, "%v", err), nil
	}
	e, cleanUp, err := prepare(o, claimed, loaded)
	if err != nil {
		return nil, err
	}
	defer cleanUp()
	if ended, err := v.inputs(ctx, o, e, claimed); ended || err != nil {
		return v, err
	}
	if !o.Rerun {
		if e.Claim, err = claim(o, e, claimed); err != nil {
			var b *badWeights
			if errors.As(err, &b) {
				return v.because(b.judgement, "%s", b.reason), nil
			}
			return nil, err
		}
	}
	made, pages, err := e.Replay(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failedMachine(err) {
			return nil, err
		}
		return v.because(Differs, "the line stops: %v", err), nil
	}
	if err := v.compare(claimed, made); err != nil {
		return nil, err
	}
	return v, v.report(e, pages)
}

// because sets the judgement and adds a reason.
func (v *Verdict) because(j Judgement, format string, args ...any) *Verdict {
	v.Judgement = j
	v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...))
	return v
}

// prepare sets up the locked experiment over a store of its own.
func prepare(o Options, claimed *lock.Lock, loaded *recipe.Loaded) (*experiment.Experiment, func(), error) {
	place, err := experiment.LockPlace(o.Lock, claimed, loaded, o.Data)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "runner-verify-*")
	if err != nil {
		return nil, nil, err
	}
	objects, err := store.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	e := &experiment.Experiment{Loaded: loaded, Place: place, Store: objects, Progress: o.Progress, Log: zerolog.Nop()}
	return e, func() { os.RemoveAll(dir) }, nil
}

// inputs compares the data with what is locked. It reports true when there is
// nothing further to verify.
func (v *Verdict) inputs(ctx context.Context, o Options, e *experiment.Experiment, claimed *lock.Lock) (ended bool, err error) {
	found, err := e.Inputs(ctx)
	switch {
	case ctx.Err() != nil:
		return true, ctx.Err()
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, experiment.ErrNoData):
		v.because(Incomplete, "the data are missing: %v", err)
		return true, nil
	case failedMachine(err):
		return true, err
	case err != nil:
		v.because(InputsDiffer, "%v", err)
		return true, nil
	}
	if found.Table != claimed.Data.Table.Digest {
		what := "table " + claimed.Data.Table.Path
		if e.Recipe.Data.Listed() {
			what = "the list of photos and classes below " + claimed.Data.Table.Path
		}
		v.because(InputsDiffer, "%s has digest %s, locked is %s", what, found.Table, claimed.Data.Table.Digest)
	}
	if found.Images != claimed.Data.Images.Digest {
		v.because(InputsDiffer, "the %d picture files below %s have digest %s, locked is %s of %d files",
			found.Files, claimed.Data.Images.Path, found.Images, claimed.Data.Images.Digest, claimed.Data.Images.Files)
		return true, v.pictures(o, e, claimed, found)
	}
	return v.Judgement != Verified, nil
}

// pictures names the first of the pictures that are not those locked.
func (v *Verdict) pictures(o Options, e *experiment.Experiment, claimed *lock.Lock, found experiment.Inputs) error {
	const shown = 5
	kept, err := experiment.OpenStore(e.Place.Root, o.Store)
	if err != nil {
		return err
	}
	changes, known := found.ChangedPictures(claimed, kept)
	switch {
	case !known:
		v.because(InputsDiffer, "which they are is not known here, the lock has one digest for all: the store of the run that made it knows each, see RUNNER_STORE")
	case len(changes) == 0:
		v.because(InputsDiffer, "they are those of the run that made the lock: its data.images was edited")
	default:
		var names []string
		for _, c := range changes[:min(shown, len(changes))] {
			names = append(names, c.String())
		}
		if more := len(changes) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		v.because(InputsDiffer, "not as locked: %s", strings.Join(names, ", "))
	}
	return nil
}

// failedMachine reports whether an error is the file system's: a full disk or a
// forbidden folder says nothing about the lock.
func failedMachine(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

// badWeights says why the claimed weights cannot be used.
type badWeights struct {
	judgement Judgement
	reason    string
}

func (b *badWeights) Error() string { return b.reason }

// claim finds the weights that the lock names: beside the report, else in the
// project's store.
func claim(o Options, e *experiment.Experiment, claimed *lock.Lock) (*experiment.Claim, error) {
	c := &experiment.Claim{Trained: experiment.Trained{Epochs: claimed.Training, Kept: claimed.Model.Epoch, Weights: claimed.Model.Weights}}
	path := e.Place.Model(e.Recipe.Name)
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		if found := digest.Of(data); found != claimed.Model.Weights {
			return nil, &badWeights{Differs, fmt.Sprintf("model.weights: %s has digest %s, locked is %s", path, found, claimed.Model.Weights)}
		}
		c.Weights = data
		return c, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	kept, err := experiment.OpenStore(e.Place.Root, o.Store)
	if err != nil {
		return nil, err
	}
	if c.Weights, err = kept.Get(claimed.Model.Weights); err != nil {
		return nil, &badWeights{Incomplete, fmt.Sprintf("the weights are missing: no %s, and none in the store; --rerun trains again", path)}
	}
	return c, nil
}

// compare judges the lock that this machine made. The first difference is the
// nearest to the cause; how far the metrics are apart is said, and excuses
// nothing.
func (v *Verdict) compare(claimed, made *lock.Lock) error {
	differences, err := lock.Compare(claimed, made)
	if err != nil {
		return err
	}
	if len(differences) == 0 {
		return nil
	}
	if place := firstStage(claimed, made); place != "" {
		v.because(Differs, "first stage that differs: %s", place)
		if place == "train" && v.Level == levelEvaluation {
			v.because(Differs, "what the lock says of the epochs is not what it says the stage train gave: one of them was edited; --rerun finds the epoch")
		}
	}
	for i := range min(len(claimed.Training), len(made.Training)) {
		if a, b := claimed.Training[i], made.Training[i]; !a.Same(b) {
			v.because(Differs, "first epoch that differs: %d (state: locked %s, found %s)", a.Epoch, a.State, b.State)
			break
		}
	}
	const shown = 12
	for i, d := range differences {
		if i == shown {
			v.because(Differs, "and %d more differences", len(differences)-i)
			break
		}
		v.because(Differs, "%s: locked %s, found %s", d.Path, d.A, d.B)
	}
	return nil
}

func firstStage(claimed, made *lock.Lock) string {
	for i := range min(len(claimed.Stages), len(made.Stages)) {
		if a, b := claimed.Stages[i], made.Stages[i]; a != b {
			return b.Name
		}
	}
	return ""
}

// report compares the report's files in the checkout with those that the line
// renders. Files that are not there are not judged: a lock may be sent alone.
func (v *Verdict) report(e *experiment.Experiment, pages map[string]digest.Digest) error {
	dir := e.Place.Report(e.Recipe.Name)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(name, ".png") { // git may have changed the line ends
			data = []byte(strings.ReplaceAll(string(data), "\r\n", "\n"))
		}
		if digest.Of(data) != pages[name] {
			v.because(Differs, "%s is not the report that these results give", path)
		}
	}
	return nil
}
