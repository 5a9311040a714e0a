package bundle

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/project"
	"biomass/runner/internal/report"
	"biomass/runner/internal/store"
)

// This file says what a pack of an experiment holds: a project folder with the
// lock, the recipe and what it extends, the report and the weights; what is known
// of the pictures' digests, so that one that differs can be named; the predictions,
// whose errors make the intervals of new ones; and, where they are wanted, the kept
// states.
const (
	picturesFile   = "inputs/pictures.json"
	evaluationFile = "outputs/evaluation.json"
)

var (
	lockFile   = regexp.MustCompile(`^lock/([^/]+)\.lock\.yaml$`)
	reportFile = regexp.MustCompile(`^reports/([^/]+)/([^/]+)$`)
	stateFile  = regexp.MustCompile(`^states/(?:([a-z0-9-]+)/)?epoch-([0-9]{5})\.planes$`) // of a run or variant, an epoch
)

// Packed says what was packed.
type Packed struct {
	Digest digest.Digest `json:"digest"`
	Path   string        `json:"path"`
	Files  []string      `json:"files"`
	States int           `json:"states"`
	Bytes  int64         `json:"bytes"`
}

// Options say what is packed.
type Options struct {
	Lock   string // path of the lockfile
	Out    string // path of the pack
	Store  string // overrides where weights and states are looked for
	States bool   // the kept states come along
	Limit  int64  // in bytes
}

// Pack writes a pack of the lock, the recipe, the report and the weights that
// stand in the project's folder. What is locked and missing there, or is not what
// is locked, is an error: such a pack would be handed in in vain.
func Pack(o Options) (*Packed, error) {
	claimed, err := lock.Read(o.Lock)
	if err != nil {
		return nil, err
	}
	locked, err := project.LockedRecipe(claimed)
	if err != nil {
		return nil, err
	}
	place, err := project.OfLock(o.Lock, claimed, locked, "")
	if err != nil {
		return nil, err
	}
	objects, err := project.OpenStore(place.Root, o.Store)
	if err != nil {
		return nil, err
	}
	h := handed{claimed, locked.Name, place, objects}
	files, err := h.files()
	if err != nil {
		return nil, err
	}
	files = append(files, File{Path: "lock/" + locked.Name + lock.Suffix, From: o.Lock})
	packed := &Packed{Path: o.Out}
	if o.States {
		states := h.states()
		if len(states) == 0 {
			return nil, errors.New("no states of epochs are kept: apply --keep-checkpoints keeps them; or pack without --checkpoints")
		}
		packed.States, files = len(states), append(files, states...)
	}
	return packed, packed.write(files, o.Limit)
}

// handed is an experiment that is handed in.
type handed struct {
	lock  *lock.Lock
	name  string
	place project.Place
	store *store.Store
}

// files are those of the project, and what the store knows of pictures and predictions.
func (h handed) files() ([]File, error) {
	var files []File
	recipes, err := h.place.RecipeFiles()
	if err != nil {
		return nil, err
	}
	for _, name := range recipes {
		files = append(files, File{Path: name, From: filepath.Join(h.place.Root, filepath.FromSlash(name))})
	}
	for _, name := range report.Files() {
		if from := filepath.Join(h.place.Report(h.name), name); project.Exists(from) {
			files = append(files, File{Path: "reports/" + h.name + "/" + name, From: from})
		}
	}
	for _, m := range h.lock.Models() {
		path := h.place.Model(h.name, m.Run)
		weights, err := project.LockedWeights(path, m.Weights, h.store)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: "reports/" + h.name + "/" + filepath.Base(path), Data: weights})
	}
	for _, output := range []struct{ stage, path string }{{"picture", picturesFile}, {"evaluate", evaluationFile}} {
		if stage := h.lock.Stage(output.stage); stage != nil {
			if data, err := h.store.Get(stage.Output); err == nil {
				files = append(files, File{Path: output.path, Data: data})
			}
		}
	}
	return files, nil
}

// states are the kept states of all trainings.
func (h handed) states() (files []File) {
	seen := map[digest.Digest]bool{} // a sweep's winner is the lock's own training
	for _, m := range h.lock.Trainings() {
		if seen[m.Key] {
			continue
		}
		seen[m.Key] = true
		for _, k := range checkpoint.Of(h.store, m.Key).States() {
			if data, err := h.store.Get(k.Object); err == nil { // else damaged, and so not there
				files = append(files, File{Path: path.Join("states", m.Run, fmt.Sprintf("epoch-%05d.planes", k.Epoch)), Data: data})
			}
		}
	}
	return files
}

// write writes the pack in one step.
func (p *Packed) write(files []File, limit int64) (err error) {
	f, err := os.CreateTemp(filepath.Dir(p.Path), store.Temporary(filepath.Base(p.Path)))
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if p.Digest, err = Write(f, files, limit); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p.Bytes = info.Size()
	for _, file := range files {
		p.Files = append(p.Files, file.Path)
	}
	slices.Sort(p.Files)
	return os.Rename(f.Name(), p.Path)
}

// Submission is an unpacked pack: a project folder.
type Submission struct {
	Digest digest.Digest `json:"digest"`
	Lock   string        `json:"lock"`  // path of the lockfile
	Store  string        `json:"store"` // folder of the store that holds its states
	Files  int           `json:"files"`
}

// Open unpacks a pack into dir and puts what it knows of pictures, predictions and
// states into the store there. None of it is believed: verify looks at all of it.
func Open(path, dir string, limit int64) (*Submission, error) {
	s := &Submission{Store: filepath.Join(dir, ".runner", "store")}
	var entries []Entry
	var err error
	s.Digest, err = Unpack(path, dir, limit, func(all []Entry) error {
		entries = all
		return s.accept(all)
	})
	if err != nil {
		return nil, err
	}
	s.Lock = filepath.Join(dir, filepath.FromSlash(s.Lock))
	s.Files = len(entries)
	if err := s.keep(dir, entries); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return s, nil
}

// accept refuses what is no part of a submission.
func (s *Submission) accept(all []Entry) error {
	for _, e := range all {
		switch name := reportFile.FindStringSubmatch(e.Path); {
		case lockFile.MatchString(e.Path) && s.Lock == "":
			s.Lock = e.Path
		case name != nil && (slices.Contains(report.Files(), name[2]) || isModel(name[2])):
		case e.Path == picturesFile, e.Path == evaluationFile, stateFile.MatchString(e.Path):
		case !strings.HasPrefix(e.Path, "lock/") && (strings.HasSuffix(e.Path, ".yaml") || strings.HasSuffix(e.Path, ".yml")):
		default:
			return fmt.Errorf("it holds %s, which is no part of a submission", e.Path)
		}
	}
	if s.Lock == "" {
		return errors.New("it holds no lock")
	}
	return nil
}

func isModel(file string) bool {
	_, ok := project.RunOfModel(file)
	return ok
}

// keep puts what is known of pictures, the predictions and the states into the
// store of the unpacked project.
func (s *Submission) keep(dir string, entries []Entry) error {
	objects, err := store.Open(s.Store)
	if err != nil {
		return err
	}
	claimed, err := lock.Read(s.Lock)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range claimed.Trainings() {
		known[m.Run] = true
	}
	states := map[string][]checkpoint.State{} // by run
	for _, e := range entries {
		state := stateFile.FindStringSubmatch(e.Path)
		run, model := project.RunOfModel(path.Base(e.Path))
		if state != nil {
			run = state[1]
		}
		if (state != nil || model) && !known[run] {
			return fmt.Errorf("it holds %s, and its lock has no such run", e.Path)
		}
		if e.Path != picturesFile && e.Path != evaluationFile && state == nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
		if err != nil {
			return err
		}
		object, err := objects.Put(data)
		if err != nil {
			return err
		}
		if state != nil {
			epoch, err := strconv.Atoi(state[2])
			if err != nil {
				return err
			}
			states[state[1]] = append(states[state[1]], checkpoint.State{Epoch: epoch, Object: object, Bytes: e.Bytes})
		}
	}
	for _, m := range claimed.Trainings() {
		if kept := states[m.Run]; len(kept) > 0 && !m.Key.IsZero() {
			if err := checkpoint.Of(objects, m.Key).Add(kept...); err != nil {
				return err
			}
		}
	}
	return nil
}
