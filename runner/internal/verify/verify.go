// Package verify owns the Verdict: whether a lock tells the truth about the
// recipe and the data beside it. It walks the same line as a run does, in a
// store of its own, and compares what comes out with what is claimed. It never
// changes what it judges, and it trusts nothing of it: no code of it is run, no
// path of it leaves its folder.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rs/zerolog"

	"biomass/runner/internal/bundle"
	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
	"biomass/runner/internal/weights"
)

// Judgement is a verdict in one word or two.
type Judgement string

const (
	Verified     Judgement = "VERIFIED"      // bit for bit
	Differs      Judgement = "DIFFERS"       // something that is claimed is not so
	InputsDiffer Judgement = "INPUTS DIFFER" // the data are not those that were locked
	Incomplete   Judgement = "INCOMPLETE"    // something is missing to decide
)

// Level says how far a verification goes. Each looks at all that those before it
// look at.
type Level string

const (
	LockOnly   Level = "lock only"  // the lock, the recipe and the report in the checkout, without data
	Evaluation Level = "evaluation" // the kept weights are evaluated again
	Spot       Level = "spot"       // some epochs are trained again from their kept states
	Rerun      Level = "rerun"      // all of the training is done again
)

// Verdict is a judgement and its reasons.
type Verdict struct {
	Judgement Judgement `json:"verdict"`
	Level     Level     `json:"level"`
	// Reasons: what was found, the first place where things part first.
	Reasons []string `json:"reasons"`
	// Parts is the first place where claim and finding part, where it is known.
	Parts *Parting `json:"parts,omitempty"`
	// Warnings change no judgement.
	Warnings []string `json:"warnings"`
	// Proves says what a VERIFIED of this level means, Open what it leaves open.
	Proves string `json:"proves"`
	Open   string `json:"open"`
	// Metric is the figure that the result is known by.
	Metric *Metric `json:"metric,omitempty"`
	// Weights are those that the lock claims, Claims digests all that it claims: two
	// locks with the same are one piece of work.
	Weights digest.Digest `json:"weights,omitzero"`
	Claims  digest.Digest `json:"claims,omitzero"`
	// Spots says what a spot check replayed.
	Spots *Spots `json:"spots,omitempty"`
	// Holdout is set where there is one and the lock's recipe can be read.
	Holdout *Held `json:"holdout,omitempty"`
	// Changes are the settings in which the lock's recipe is not the one that was assigned;
	// nil without one, and where the lock's recipe cannot be read. They change no judgement.
	Changes []recipe.Change `json:"changes,omitzero"`
}

// Metric is a figure as it is locked, and as it was found where it was computed.
type Metric struct {
	Part    string   `json:"part"`
	Name    string   `json:"name"`
	Claimed float64  `json:"claimed"`
	Found   *float64 `json:"found"`
}

// Parting is a place where claim and finding part, as near to the cause as is
// known: what is empty or 0 is not.
type Parting struct {
	Run      string `json:"run,omitempty"` // "" is the lock's own training
	Stage    string `json:"stage"`
	Epoch    int    `json:"epoch,omitempty"`
	Tensor   string `json:"tensor,omitempty"` // with the indices of the element
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

func (p Parting) String() string {
	where := said(p.Run) + "stage " + p.Stage
	if p.Epoch > 0 {
		where += ", epoch " + strconv.Itoa(p.Epoch)
	}
	if p.Tensor != "" {
		where += ", tensor " + p.Tensor
	}
	return fmt.Sprintf("parts first at %s: expected %s, found %s", where, p.Expected, p.Found)
}

// Options say what is verified and how far.
type Options struct {
	Lock     string // path of the lockfile, or of a pack
	Limit    int64  // bytes that a pack may hold
	Data     string // overrides the recipe's data.root
	Store    string // overrides where kept weights and states are looked for
	Weights  string // the folder of the weights that networks begin with; empty: weights in the project, or here for a pack
	Level    Level
	Spots    int                 // how many epochs a spot check chooses
	Seed     uint64              // chooses them
	Holdout  *experiment.Holdout // a test set to judge the weights on; may be nil
	Assigned *recipe.Loaded      // what the lock's recipe should be; may be nil
	Progress progress.Reporter
	// PhotoMemory is how many bytes of pixels are held in memory, 0 for 2 GiB.
	PhotoMemory int64
}

var proves = map[Level]string{
	LockOnly:   "the lock is whole and not edited, and belongs to the recipe, the report and the weights that stand beside it",
	Evaluation: "the data are those locked, and these weights give these predictions, metrics and report",
	Spot:       "the data are those locked, these weights give these predictions, metrics and report, the network begins as locked, and the replayed epochs give the states locked",
	Rerun:      "the recipe and the data give these weights, predictions, metrics and report, bit for bit",
}

var open = map[Level]string{
	LockOnly:   "whether anything in it was ever computed: data and weights were not used (verify without --lock-only does)",
	Evaluation: "whether these weights come from this training (--spot K looks at K epochs, --rerun at all)",
	Spot:       "whether the epochs that were not replayed give what is locked (--rerun does)",
	Rerun:      "whether the labels are right, and what else was tried before",
}

// trial is one verification under way.
type trial struct {
	options Options
	*Verdict
	claimed    *lock.Lock
	experiment *experiment.Experiment // as locked, over a store of its own
	made       *store.Store           // the project's store: what the run left, if it was here
}

// Run verifies a lock, or the lock in a pack. An error means that no verdict could be reached because
// the lock cannot be read or this machine failed.
func Run(ctx context.Context, o Options) (*Verdict, error) {
	if !bundle.Is(o.Lock) {
		return run(ctx, o)
	}
	dir, err := os.MkdirTemp("", "runner-verify-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	opened, err := bundle.Open(o.Lock, filepath.Join(dir, "pack"), o.Limit)
	if err != nil {
		return nil, err
	}
	o.Lock, o.Store = opened.Lock, opened.Store
	if o.Data == "" { // what a pack says of places on this machine is not followed
		o.Data = filepath.Join(dir, "data")
	}
	if o.Weights == "" { // a pack has none: those of whoever verifies it
		o.Weights = "weights"
	}
	return run(ctx, o)
}

func run(ctx context.Context, o Options) (*Verdict, error) {
	claimed, err := lock.Read(o.Lock)
	if err != nil {
		return nil, err
	}
	t := &trial{options: o, claimed: claimed, Verdict: &Verdict{
		Judgement: Verified, Level: o.Level, Reasons: []string{}, Warnings: []string{}, Proves: proves[o.Level], Open: open[o.Level],
	}}
	t.Weights = claimed.Model.Weights
	if part, name, value := claimed.Headline(); part != "" && !math.IsNaN(value) && !math.IsInf(value, 0) {
		t.Metric = &Metric{Part: part, Name: name, Claimed: value}
	}
	if err := t.judge(ctx); err != nil {
		return nil, err
	}
	if t.Parts != nil {
		t.Reasons = slices.Insert(t.Reasons, 0, t.Parts.String())
	}
	return t.Verdict, nil
}

// judge goes as far as the level says, or as there is anything to judge.
func (t *trial) judge(ctx context.Context) error {
	if err := t.form(); err != nil {
		return err
	}
	if t.claimed.Numerics != lock.Numerics {
		t.because(Incomplete, "the lock was made with numerics %d and this runner has numerics %d: verify it with the runner that made it", t.claimed.Numerics, lock.Numerics)
		return nil
	}
	loaded, err := project.LockedRecipe(t.claimed)
	if err != nil {
		t.because(Differs, "%v", err)
		return nil
	}
	if t.options.Assigned != nil {
		t.Changes = append([]recipe.Change{}, recipe.Diff(t.options.Assigned, loaded)...)
	}
	cleanUp, err := t.prepare(loaded)
	if err != nil {
		return err
	}
	defer cleanUp()
	ended, err := t.beside(ctx)
	if err == nil && !ended && t.Level != LockOnly {
		err = t.data(ctx)
	}
	if err != nil {
		return err
	}
	return t.holdout(ctx)
}

// because adds a reason. The first one that is given is the nearest to the
// cause and decides.
func (v *Verdict) because(j Judgement, format string, args ...any) {
	if v.Judgement == Verified {
		v.Judgement = j
	}
	v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...))
}

// parts notes where claim and finding part. What counts is the earliest stage of
// which that is known, and there the place that names an epoch.
func (t *trial) parts(p Parting) {
	if t.Judgement == Verified {
		t.Judgement = Differs
	}
	if t.Parts == nil || t.before(p.Stage, t.Parts.Stage) || p.Stage == t.Parts.Stage && t.Parts.Epoch == 0 {
		t.Parts = &p
	}
}

// before reports whether stage a comes before b.
func (t *trial) before(a, b string) bool {
	for _, s := range t.claimed.Stages {
		if s.Name == a || s.Name == b {
			return a != b && s.Name == a
		}
	}
	return false
}

func (v *Verdict) warn(format string, args ...any) {
	v.Warnings = append(v.Warnings, fmt.Sprintf(format, args...))
}

// prepare sets up the locked experiment over a store of its own.
func (t *trial) prepare(loaded *recipe.Loaded) (cleanUp func(), err error) {
	data := t.options.Data
	if t.Level == LockOnly && data == "" {
		data = "." // where they are is of no interest
	}
	place, err := project.OfLock(t.options.Lock, t.claimed, loaded, data)
	if err != nil {
		return nil, err
	}
	place.Weights = t.options.Weights
	if t.made, err = project.OpenStore(place.Root, t.options.Store); err != nil {
		return nil, err
	}
	place.Fetched = project.FetchedWeights(t.made)
	t.made = t.made.Limited(t.room(4)) // states hold the weights, their average and two moments
	dir, err := os.MkdirTemp("", "runner-verify-*")
	if err != nil {
		return nil, err
	}
	cleanUp = func() { os.RemoveAll(dir) }
	objects, err := store.Open(dir)
	if err != nil {
		cleanUp()
		return nil, err
	}
	t.experiment = &experiment.Experiment{Loaded: loaded, Place: place, Store: objects, Progress: t.options.Progress, Log: zerolog.Nop(), Offline: true, PhotoMemory: t.options.PhotoMemory}
	return cleanUp, nil
}

// data does what takes the data: hashes them, and evaluates or trains again.
func (t *trial) data(ctx context.Context) error {
	frozen, err := t.inputs(ctx)
	if frozen == nil || err != nil {
		return err
	}
	if t.Level == Rerun {
		t.experiment.Witness = t.witness
	} else {
		ended, err := t.claim()
		if ended || err != nil {
			return err
		}
	}
	replayed, err := frozen.Replay(ctx)
	if err != nil {
		return t.stopped(ctx, err)
	}
	if err := t.compare(replayed); err != nil {
		return err
	}
	if t.Level == Spot {
		return t.spot(ctx, replayed)
	}
	return nil
}

// stopped judges a line that does not run to its end: unless the machine or a
// person stopped it, what was claimed cannot have come out of it.
func (t *trial) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failedMachine(err) {
		return err
	}
	t.because(Differs, "the line stops: %v", err)
	return nil
}

// inputs compares the data with what is locked. It returns nil when there is nothing
// further to verify.
func (t *trial) inputs(ctx context.Context) (*experiment.Frozen, error) {
	frozen, words, err := t.experiment.Inputs(ctx, t.claimed, t.made)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, experiment.ErrNoData) || errors.Is(err, experiment.ErrNoWeights):
		t.because(Incomplete, "the data are missing: %v", err)
		return nil, nil
	case failedMachine(err):
		return nil, err
	case err != nil:
		t.because(InputsDiffer, "%v", err)
		return nil, nil
	}
	for _, w := range words {
		t.because(InputsDiffer, "%s", w)
	}
	if len(words) > 0 {
		return nil, nil
	}
	return frozen, nil
}

// failedMachine reports whether an error is the file system's: a full disk or a
// forbidden folder says nothing about the lock.
func failedMachine(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

// claim takes the training as the lock states it, with the weights that it
// names: beside the report, else in the project's store. It reports true when
// there is nothing further to verify.
func (t *trial) claim() (ended bool, err error) {
	claims := make([]experiment.Claim, len(t.claimed.Models()))
	for i, m := range t.claimed.Models() {
		data, err := t.weightsFile(m.Run)
		switch {
		case err == nil && digest.Of(data) != m.Weights:
			return true, nil // beside has said so
		case errors.Is(err, fs.ErrNotExist):
			if data, err = t.made.Get(m.Weights); err != nil {
				t.because(Incomplete, "the weights are missing: no %s, and none in the store; --rerun trains again", project.ModelOf(t.experiment.Recipe.Name, m.Run))
				return true, nil
			}
		case failedMachine(err):
			return true, err
		case err != nil:
			return true, nil // beside has said so
		}
		claims[i] = experiment.Claim{Trained: experiment.Trained{Epochs: m.Training, Kept: m.Epoch, Weights: m.Weights}, Weights: data}
	}
	t.experiment.Claim = &claims[0]
	t.experiment.Claim.Runs = claims[1:]
	for _, m := range t.claimed.Trainings()[len(claims):] {
		t.experiment.Claim.Variants = append(t.experiment.Claim.Variants,
			experiment.Claim{Trained: experiment.Trained{Epochs: m.Training, Kept: m.Epoch, Weights: m.Weights}})
	}
	return false, nil
}

// compare judges the lock that this machine made. The first difference is the
// nearest to the cause; how far the metrics are apart is said, and excuses
// nothing.
func (t *trial) compare(replayed *experiment.Replayed) error {
	claimed, made := t.claimed, replayed.Lock
	differences, err := lock.Compare(claimed, made)
	if err != nil {
		return err
	}
	t.firstStage(made)
	if part, name, value := made.Headline(); t.Metric != nil && part == t.Metric.Part && name == t.Metric.Name {
		t.Metric.Found = &value
	}
	if t.Level == Rerun && claimed.Model.Weights != made.Model.Weights {
		t.otherWeights(made.Model.Weights)
	}
	const shown = 12
	for i, d := range differences {
		if i == shown {
			t.because(Differs, "and %d more differences", len(differences)-i)
			break
		}
		t.because(Differs, "%s: locked %s, found %s%s", d.Path, d.A, d.B, off(d))
	}
	found, err := t.report()
	if err != nil {
		return nil // beside has said so
	}
	rendered := map[string][]byte{}
	for name, page := range replayed.Pages {
		if rendered[name], err = t.experiment.Store.Get(page); err != nil {
			return err
		}
	}
	return t.pages(found, rendered)
}

// firstStage names the first stage whose key or output is not what was made.
func (t *trial) firstStage(made *lock.Lock) {
	for i := range min(len(t.claimed.Stages), len(made.Stages)) {
		a, b := t.claimed.Stages[i], made.Stages[i]
		switch {
		case a.Key != b.Key:
			t.parts(Parting{Stage: b.Name, Expected: "key " + a.Key.String(), Found: b.Key.String()})
		case a.Output != b.Output:
			t.parts(Parting{Stage: b.Name, Expected: "output " + a.Output.String(), Found: b.Output.String()})
		default:
			continue
		}
		return
	}
}

// off says how far two figures are apart.
func off(d lock.Difference) string {
	a, errA := strconv.ParseFloat(d.A, 64)
	b, errB := strconv.ParseFloat(d.B, 64)
	if errA != nil || errB != nil {
		return ""
	}
	return fmt.Sprintf(" (off by %.3g)", b-a)
}

// witness looks at every epoch of a rerun and names the first that is not as
// locked, and the tensor, where the state of the locked one was kept.
func (t *trial) witness(epoch lock.Epoch, state []weights.Tensor) {
	if t.Parts != nil && t.Parts.Epoch > 0 || epoch.Epoch > len(t.claimed.Training) || t.claimed.Training[epoch.Epoch-1].Same(epoch) {
		return
	}
	t.otherEpoch(t.claimed.Models()[0], epoch, state)
}

// otherEpoch says how an epoch of a training that was done again is not as locked.
func (t *trial) otherEpoch(m lock.Trained, found lock.Epoch, state []weights.Tensor) {
	claimed := m.Training[found.Epoch-1]
	p := Parting{Run: m.Run, Stage: "train", Epoch: claimed.Epoch, Expected: "state " + claimed.State.String(), Found: found.State.String()}
	if claimed.State == found.State {
		p.Expected, p.Found = measured(claimed), measured(found)
	} else if kept, err := checkpoint.Of(t.made, m.Key).State(claimed.Epoch); err == nil && weights.Digest(kept) == claimed.State {
		p.Tensor, p.Expected, p.Found = weights.FirstDifference(kept, state)
	}
	t.parts(p)
}

// measured lists what an epoch states beside its state.
func measured(e lock.Epoch) string {
	list := fmt.Sprintf("losses and scores %v, %v", e.TrainLoss, e.ValidationLoss)
	for _, score := range []*float64{e.ValidationRMSE, e.ValidationAccuracy, e.ValidationMacroF1} {
		if score != nil {
			list += fmt.Sprintf(", %v", *score)
		}
	}
	if e.Rate != nil {
		list += fmt.Sprintf(", learning rate %v", *e.Rate)
	}
	return list
}

// otherWeights names the first tensor of the kept weights that is not as locked,
// where the locked ones are here.
func (t *trial) otherWeights(found digest.Digest) {
	claimed := t.lockedWeights()
	made, err := t.experiment.Store.Get(found)
	if claimed != nil && err == nil {
		t.tensors(claimed, made)
	}
}

// tensors names the first tensor in which two weights files part.
func (t *trial) tensors(expected, found []byte) {
	a, errA := weights.Decode(expected)
	b, errB := weights.Decode(found)
	if errA != nil || errB != nil {
		return
	}
	if tensor, want, got := weights.FirstDifference(a, b); tensor != "" {
		t.parts(Parting{Stage: "train", Epoch: t.claimed.Model.Epoch, Tensor: tensor, Expected: want, Found: got})
	}
}
