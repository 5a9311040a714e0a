// Package experiment owns the line from a recipe to a report: the table of
// stages, and the three walks over it, Plan, Apply and (for package verify)
// Replay. There is no second implementation of any of them. A stage is a pure
// function of its recipe sections and of the outputs of the stages before it;
// its key names exactly those, and its output is kept in the store under that
// key, so that nothing is ever computed twice.
package experiment

import (
	"context"
	"errors"
	"slices"

	"github.com/rs/zerolog"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/split"
	"biomass/runner/internal/store"
	"biomass/runner/internal/table"
	"biomass/runner/internal/transform"
)

// Experiment is a recipe at a place on a machine.
type Experiment struct {
	*recipe.Loaded
	Place    project.Place
	Store    *store.Store
	Progress progress.Reporter
	Log      zerolog.Logger
	// Memory of the photos' digests; nil hashes them all.
	Memory *picture.Memory
	// PhotoMemory is how many bytes of pixels are held in memory at most, 0 for 2 GiB. The
	// rest are read whenever they are needed.
	PhotoMemory int64
	// Claim, when set, is a finished training that is taken as given instead of
	// training: what a verification without re-run does.
	Claim *Claim
	// KeepEvery keeps the state after every so many epochs for spot checks; 0
	// keeps none.
	KeepEvery int
	// Witness, when set, is shown the state after every epoch of a training.
	Witness Witness
	// Tell, when set, is told in a line what this walk waits for, and what data it made.
	Tell func(line string)
	// Offline walks fetch nothing: data and files of weights that are not here are missing.
	// Whoever checks a lock contacts no server that it names.
	Offline bool
	// Finished walks evaluate a finished network, and need no file of weights that its
	// training began with.
	Finished bool
}

// Claim is a training as a lock states it, with its weights file.
type Claim struct {
	Trained Trained
	Weights []byte
	Runs    []Claim // of the runs, in their order
	// Variants are those of the sweep, without weights: nobody evaluates them.
	Variants []Claim
}

// stage is one step of the line.
type stage struct {
	name     string
	version  int      // raised when the stage computes something else from the same input
	sections []string // of the recipe: all that the stage reads of it, but for what it observes
	inputs   []string // the stages whose outputs it reads
	featured []string // those that it reads, too, where there are data.features
	// observed returns the digest of what the stage reads besides: files, or a
	// single key of another section. May be nil.
	observed func(*line) digest.Digest
	keys     []string // of other sections that are observed
	// output returns a pointer to the field of line that the stage fills.
	output func(*line) any
	run    func(context.Context, *line) error
	// intact reports whether objects that a kept output refers to are there.
	// May be nil.
	intact func(*line) bool
	// wanted reports whether the recipe asks for the stage; nil for one that every
	// recipe does.
	wanted func(*line) bool
	// swept stages come after the sweep, where there is one: they read the winner's recipe.
	swept bool
	// follows says what of the stage, its key or its output, follows from the rest of a lock,
	// so that it can be checked without the data.
	follows follows
}

// follows is a set of what follows from a lock alone.
type follows uint8

const (
	followsKey follows = 1 << iota
	followsOutput
)

// stages is THE table. Its order is the order of work.
var stages = []stage{
	{
		name: "table", version: table.Version, sections: []string{"data"},
		observed: observeTable,
		output:   func(l *line) any { return &l.canonical },
		run:      func(_ context.Context, l *line) error { l.canonical = l.table.Digest(); return nil },
		follows:  followsKey | followsOutput,
	},
	{
		name: "picture", version: picture.Version, sections: []string{"picture"}, inputs: []string{"table"},
		observed: func(l *line) digest.Digest { return l.files.Digest() },
		output:   func(l *line) any { return &l.catalogue },
		run:      runPicture,
		intact:   pixelsKept,
	},
	{
		name: "clean", version: 1, sections: []string{"clean", "data"}, inputs: []string{"table", "picture"},
		observed: rowPlaces,
		output:   func(l *line) any { return &l.ledger },
		run:      runClean,
	},
	{
		// Classes are strata, and some have to be in training; the same numbers as a
		// regression's targets are not. Which classes there are follows from the inputs.
		name: "split", version: 1, sections: []string{"split", "data"}, inputs: []string{"table", "clean"},
		observed: func(l *line) digest.Digest {
			e := digest.New("task").String(l.Recipe.Task)
			if l.Recipe.Split.Near > 0 { // only then it looks at photos
				e.Digest(l.outputs["picture"])
			}
			return e.Sum()
		},
		output:  func(l *line) any { return &l.split },
		run:     runSplit,
		follows: followsKey,
	},
	{
		name: "sweep", version: 1, sections: []string{"data", "picture", "clean", "split", "transform", "network", "train", "sweep"},
		inputs: []string{"table", "picture", "clean", "split"},
		observed: func(l *line) digest.Digest {
			e := digest.New("sweep").Int(lock.Numerics).String(l.Recipe.Task)
			if l.classifies() {
				e.Strings(l.classes)
			}
			return e.Digest(observeFiles(l)).Sum()
		},
		keys:    []string{"task", "data.classes"},
		output:  func(l *line) any { return &l.found },
		run:     runSweep,
		intact:  sweepKept,
		wanted:  asksSweep,
		follows: followsKey | followsOutput,
	},
	{
		name: "transform", version: 1, swept: true, sections: []string{"transform", "data"}, inputs: []string{"table", "picture", "clean", "split"},
		output:  func(l *line) any { return &l.fitted },
		run:     runTransform,
		follows: followsKey,
	},
	{
		// What is fitted says how many numbers the features are.
		name: "network", version: 1, swept: true, sections: []string{"network", "picture"}, featured: []string{"transform"},
		observed: func(l *line) digest.Digest {
			e := digest.New("seed").Int(int64(l.Recipe.Train.Seed))
			if l.classifies() {
				e.Int(int64(len(l.classes)))
			}
			if l.weights != nil {
				e.Digest(l.weights.file)
			}
			return e.Sum()
		},
		keys:    []string{"task", "data.classes", "train.seed"},
		output:  func(l *line) any { return &l.initial },
		run:     runNetwork,
		follows: followsKey | followsOutput,
	},
	{
		// The network's output is its initial weights, which another dropout or
		// stride leaves as they are: the section has to count too.
		name: "train", version: 1, swept: true, sections: []string{"train", "transform", "network"},
		inputs: []string{"table", "picture", "clean", "split", "transform", "network"},
		observed: func(l *line) digest.Digest {
			e := digest.New("train").Int(lock.Numerics).String(l.Recipe.Task).String(l.Recipe.Data.Image).String(l.Recipe.Data.Target)
			if l.classifies() {
				e.Strings(l.classes)
			}
			if l.Recipe.Picture.Cropped() { // the weights file says so, and of square photos the pixels are the same
				e.String(l.Recipe.Picture.Crop)
			}
			return e.Sum()
		},
		keys:    []string{"task", "data.image", "data.target", "data.classes", "picture.crop"},
		output:  func(l *line) any { return &l.trained },
		run:     runTrain,
		intact:  trainingKept,
		follows: followsKey | followsOutput,
	},
	{
		name: "evaluate", version: 2, swept: true, sections: []string{"data", "network"},
		inputs: []string{"table", "picture", "clean", "split", "transform", "train"},
		observed: func(l *line) digest.Digest {
			e := digest.New("task").String(l.Recipe.Task).Int(int64(l.Recipe.Train.Seed)).Float(l.Recipe.Report.Interval)
			weights := l.Recipe.Train.Loss.CrossEntropy.ClassWeights // which are shown, and may train as others do
			e.String(weights.Kind)
			for _, w := range weights.Given {
				e.Float(w)
			}
			return e.Digest(rowPlaces(l)).String(l.Recipe.Split.By).String(l.Recipe.Split.Column).Float(l.Recipe.Split.Near).Sum()
		},
		keys:   []string{"task", "train.seed", "train.loss", "split.by", "split.column", "split.near", "report.interval"},
		output: func(l *line) any { return &l.evaluation },
		run:    runEvaluate,
	},
	{
		name: "runs", version: 1, swept: true, sections: []string{"data", "picture", "clean", "split", "transform", "network", "train"},
		inputs: []string{"table", "picture", "clean", "split", "transform", "network", "train", "evaluate"},
		observed: func(l *line) digest.Digest {
			e := digest.New("runs").String(l.Recipe.Task)
			for _, run := range l.Runs() {
				e.String(run.Name).Strings(run.Set)
			}
			return e.Digest(observeFiles(l)).Sum()
		},
		keys:    []string{"task", "train.repeat"},
		output:  func(l *line) any { return &l.series },
		run:     runRuns,
		intact:  seriesKept,
		wanted:  asksRuns,
		follows: followsKey | followsOutput,
	},
	{
		name: "report", version: 3, swept: true, sections: []string{"data", "picture", "clean", "split", "transform", "network", "train", "report"},
		inputs: []string{"table", "picture", "clean", "split", "transform", "network", "train", "evaluate", "runs"},
		observed: func(l *line) digest.Digest {
			e := digest.New("shown").Digest(l.asked.Digest).String(l.Place.Path).Digest(l.table.File)
			if l.weights != nil { // another file may hold the same tensors
				e.Digest(l.weights.file)
			}
			return e.Sum()
		},
		keys:    []string{"task", "name"},
		output:  func(l *line) any { return &l.pages },
		run:     runReport,
		intact:  pagesKept,
		follows: followsKey,
	},
}

// observeTable digests the file, and how it is understood where that is not plain.
func observeTable(l *line) digest.Digest {
	if reading := l.table.Reading(); !reading.IsZero() {
		return digest.New("read").Digest(l.table.File).Digest(reading).Sum()
	}
	return l.table.File
}

// observeFiles digests the files that the keys of further trainings name, which stand in the
// outputs of sweep and runs: another file with the same cells, or the same tensors, makes
// other keys, and the same outputs.
func observeFiles(l *line) digest.Digest {
	e := digest.New("files").Digest(observeTable(l))
	if l.weights != nil {
		e.Digest(l.weights.file)
	}
	return e.Sum()
}

// rowPlaces digests the rows' lines in their file, which the output of table
// leaves out: ledger and predictions name them.
func rowPlaces(l *line) digest.Digest {
	e := digest.New("lines")
	for _, row := range l.table.Rows {
		e.Int(int64(row.Line))
	}
	return e.Sum()
}

// Initial is the network before training.
type Initial struct {
	Parameters int           `json:"parameters"`
	Weights    digest.Digest `json:"weights"` // of the initialised tensors
	// Trained is how many of the parameters train in the first epoch, where some do not.
	Trained int `json:"trained,omitempty"`
	// Taken says what comes from a file of weights; nil where there is none.
	Taken *network.Taken `json:"taken,omitempty"`
}

// Trained is the output of the train stage.
type Trained struct {
	Epochs  []lock.Epoch  `json:"epochs"`
	Kept    int           `json:"kept"`    // the epoch whose weights are kept
	Weights digest.Digest `json:"weights"` // of the safetensors file, an object in the store
}

// Pages are the files of a report, by name, and what digests them all.
type Pages struct {
	Digest digest.Digest            `json:"digest"`
	Files  map[string]digest.Digest `json:"files"` // each an object in the store
}

// line is one walk.
type line struct {
	*Experiment
	// asked is the recipe as it was given; with a sweep, the stages behind it see that of
	// the winner.
	asked  *recipe.Loaded
	stages []*stage // that the recipe asks for
	inputs
	made
	rows
	keys, outputs map[string]digest.Digest // by stage, as far as the walk has come
	worked        []string                 // the stages that had to run
}

// inputs are what a walk reads, as they were at its start.
type inputs struct {
	table   *table.Table
	classes []string           // of a classification: a row's target is an index into them
	files   *picture.Catalogue // existence and digests of the files, before decoding
	weights *pretrained        // the file that the network begins with; nil for none
}

// made is what the stages made, each a field or two.
type made struct {
	canonical  digest.Digest
	catalogue  *picture.Catalogue
	ledger     *clean.Ledger
	split      *split.Split
	found      *lock.Sweep // nil without a sweep
	tries      []*line     // the lines of the variants, where they were walked
	fitted     *transform.Fitted
	initial    Initial
	trained    Trained
	evaluation *evaluate.Evaluation
	series     Series
	runs       []*line // the lines of the runs, where they were walked
	pages      Pages
}

// newLine returns a line of the stages that its recipe asks for.
func newLine(e *Experiment) *line {
	l := &line{Experiment: e, asked: e.Loaded, keys: map[string]digest.Digest{}, outputs: map[string]digest.Digest{}}
	for i := range stages {
		if s := &stages[i]; s.wanted == nil || s.wanted(l) {
			l.stages = append(l.stages, s)
		}
	}
	return l
}

// has reports whether a stage is one of the line's.
func (l *line) has(name string) bool {
	return slices.ContainsFunc(l.stages, func(s *stage) bool { return s.name == name })
}

// before returns the stages in front of one, but for the sweep, which trains.
func (l *line) before(end string) []*stage {
	var list []*stage
	for _, s := range l.stages {
		if s.name == end {
			break
		}
		if s.name != "sweep" {
			list = append(list, s)
		}
	}
	return list
}

// key digests all that a stage's output depends on: its version, its sections, what it
// observes and its inputs. It is known as soon as the outputs before it are.
func (l *line) key(s *stage) (digest.Digest, bool) {
	e := digest.New("stage").String(s.name).Int(int64(s.version))
	spec := l.asked
	if s.swept {
		if spec = l.Loaded; l.found == nil && asksSweep(l) {
			return digest.Digest{}, false // nobody knows yet which recipe it is asked by
		}
	}
	for _, name := range s.sections {
		e.String(name).Bytes(spec.Section(name))
	}
	for _, name := range l.reads(s) {
		output, ok := l.outputs[name]
		switch {
		case ok:
			e.String(name).Digest(output)
		case l.has(name):
			return digest.Digest{}, false
		}
	}
	if s.observed != nil {
		e.Digest(s.observed(l))
	}
	return e.Sum(), true
}

// reads returns the stages whose outputs a stage reads.
func (e *Experiment) reads(s *stage) []string {
	if e.featured() {
		return slices.Concat(s.inputs, s.featured)
	}
	return s.inputs
}

// walk runs the whole table.
func (l *line) walk(ctx context.Context) error {
	for _, s := range l.stages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.do(ctx, s); err != nil {
			return err
		}
		if s.name == "sweep" {
			if err := l.follow(); err != nil {
				return err
			}
		}
	}
	return nil
}

// do takes a stage's output from the store, or runs it and keeps the output.
func (l *line) do(ctx context.Context, s *stage) error {
	key, _ := l.key(s)
	l.keys[s.name] = key
	if output, ok := l.kept(s, key); ok {
		l.outputs[s.name] = output
		l.Log.Debug().Str("stage", s.name).Stringer("key", key).Msg("kept")
		return nil
	}
	l.Log.Info().Str("stage", s.name).Stringer("key", key).Msg("run")
	if err := s.run(ctx, l); err != nil {
		return err
	}
	output, err := l.Store.Keep(s.name, key, s.output(l))
	if err != nil {
		return err
	}
	l.outputs[s.name] = output
	l.worked = append(l.worked, s.name)
	l.Log.Info().Str("stage", s.name).Stringer("output", output).Msg("done")
	return nil
}

// kept restores a stage's output from the store.
func (l *line) kept(s *stage, key digest.Digest) (digest.Digest, bool) {
	output, ok := l.Store.Recall(s.name, key, s.output(l))
	return output, ok && (s.intact == nil || s.intact(l))
}

// Interrupted reports whether err says that the person at the keyboard cut the
// run, not that it failed.
func Interrupted(err error) bool { return errors.Is(err, context.Canceled) }
