// Package grade owns the gradebook: the verdicts on many submissions, side by
// side. Each is verified by a process of its own, so that one that is broken, or
// breaks the program, costs no other its verdict. It judges nothing itself.
package grade

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"biomass/runner/internal/bundle"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/verify"
)

// Broken is the verdict on what cannot be judged: no lock, no pack, a process
// that failed.
const Broken verify.Judgement = "BROKEN"

// Row is one line of the gradebook.
type Row struct {
	Submission string           `json:"submission"` // the name in the folder, and the lock's where there are several
	Verdict    verify.Judgement `json:"verdict"`
	Level      verify.Level     `json:"level"`
	Metric     string           `json:"metric"` // "test rmse"
	Claimed    *float64         `json:"claimed"`
	Found      *float64         `json:"found"` // null where it was not computed
	Seconds    float64          `json:"seconds"`
	// SameWeights and SameLock name the other submissions with the same.
	SameWeights []string `json:"same_weights"`
	SameLock    []string `json:"same_lock"`
	Reason      string   `json:"reason"` // the first
	// Holdout is how the weights do on the grader's own test set; null without one,
	// and where the submission is too broken to have a recipe.
	Holdout *verify.Held `json:"holdout,omitempty"`
	// Changes are the settings in which its recipe is not the one that was assigned; null
	// without one, and where its own cannot be read.
	Changes []recipe.Change `json:"changes,omitzero"`

	weights, lock digest.Digest
}

// Options say what is graded and how.
type Options struct {
	Dir       string
	Program   string   // that verifies
	Arguments []string // for it, beside those that say what is verified: the level, the data
	Holdout   *experiment.Holdout
	Recipe    string        // path of the one that was assigned; may be empty
	Env       []string      // for it
	Jobs      int           // processes at a time
	Limit     time.Duration // for one
	Progress  progress.Reporter
}

// submission is one thing to verify.
type submission struct{ name, path, broken string }

// Run grades every submission below a folder: folders with lock/NAME.lock.yaml,
// and packs. The rows are in the order of their names.
func Run(ctx context.Context, o Options) ([]Row, error) {
	if h := o.Holdout; h != nil {
		o.Arguments = append(slices.Clip(o.Arguments), "--holdout", h.Table, "--holdout-images", h.Images)
	}
	if o.Recipe != "" {
		o.Arguments = append(slices.Clip(o.Arguments), "--recipe", o.Recipe)
	}
	all, err := find(o.Dir)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no submissions: want folders with lock/NAME.lock.yaml, or packs", o.Dir)
	}
	rows := make([]Row, len(all))
	task := o.Progress.Start("grade", len(all), "submissions")
	defer task.Done()
	var group sync.WaitGroup
	slots := make(chan struct{}, max(o.Jobs, 1))
	for i, s := range all {
		slots <- struct{}{}
		group.Go(func() {
			rows[i] = o.grade(ctx, s)
			task.Add(1)
			<-slots
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	compare(rows)
	return rows, nil
}

// find lists what there is to grade. Links are not followed.
func find(dir string) ([]submission, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []submission
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.Type()&os.ModeSymlink != 0:
			all = append(all, submission{name: e.Name(), broken: "it is a link, which is not followed"})
		case e.IsDir():
			all = append(all, locks(e.Name(), path)...)
		case e.Type().IsRegular() && bundle.Is(path):
			all = append(all, submission{name: e.Name(), path: path})
		case strings.HasSuffix(e.Name(), ".pack"):
			all = append(all, submission{name: e.Name(), broken: "it is no pack"})
		case strings.HasSuffix(e.Name(), lock.Suffix):
			all = append(all, submission{name: e.Name(), broken: "it is a lock alone: put it into a folder, as NAME/lock/" + e.Name()})
		case slices.Contains(archives, strings.ToLower(filepath.Ext(e.Name()))):
			all = append(all, submission{name: e.Name(), broken: "it is an archive and no pack: unpack it into a folder"})
		}
	}
	return all, nil
}

// archives are the extensions of what people hand in, too.
var archives = []string{".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst", ".7z", ".rar"}

// maxLocks is how many locks of one submission are verified.
const maxLocks = 100

// locks lists the locks of a folder that somebody handed in.
func locks(name, dir string) []submission {
	info, err := os.Lstat(filepath.Join(dir, "lock"))
	if err != nil || !info.IsDir() {
		return []submission{{name: name, broken: "it holds no folder lock"}}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "lock"))
	if err != nil {
		return []submission{{name: name, broken: err.Error()}}
	}
	var all []submission
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), lock.Suffix) {
			all = append(all, submission{name: name, path: filepath.Join(dir, "lock", e.Name())})
		}
	}
	if len(all) == 0 {
		return []submission{{name: name, broken: "it holds no lock/NAME.lock.yaml"}}
	}
	if len(all) > maxLocks {
		return []submission{{name: name, broken: fmt.Sprintf("it holds %d locks: a submission has at most %d", len(all), maxLocks)}}
	}
	if len(all) > 1 {
		for i := range all {
			all[i].name += "/" + strings.TrimSuffix(filepath.Base(all[i].path), lock.Suffix)
		}
	}
	return all
}

// grade verifies one submission.
func (o Options) grade(ctx context.Context, s submission) Row {
	row := Row{Submission: s.name, Verdict: Broken, SameWeights: []string{}, SameLock: []string{}, Reason: s.broken}
	if s.broken != "" {
		return row
	}
	start := time.Now()
	v, err := o.verify(ctx, s.path)
	row.Seconds = time.Since(start).Seconds()
	if err != nil {
		row.Reason = err.Error()
		return row
	}
	row.Verdict, row.Level, row.weights, row.lock = v.Judgement, v.Level, v.Weights, v.Claims
	row.Holdout, row.Changes = v.Holdout, v.Changes
	if len(v.Reasons) > 0 {
		row.Reason = v.Reasons[0]
	}
	if m := v.Metric; m != nil {
		row.Metric, row.Claimed, row.Found = m.Part+" "+m.Name, &m.Claimed, m.Found
	}
	return row
}

// verify runs the program on one submission. Where the grader names no data, none
// of the submission's own are followed either: what it says of places on this
// machine is not believed.
func (o Options) verify(ctx context.Context, path string) (*verify.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	arguments := append([]string{"verify", path, "--output", "json", "--quiet"}, o.Arguments...)
	if !slices.Contains(arguments, "--data") {
		dir, err := os.MkdirTemp("", "runner-grade-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		arguments = append(arguments, "--data", filepath.Join(dir, "data"))
	}
	c := exec.CommandContext(ctx, o.Program, arguments...)
	c.Env = o.Env
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // so that it removes its temporary folder
	c.WaitDelay = 2 * time.Second                                     // then it is killed
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err := c.Run()
	v := new(verify.Verdict)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("it took longer than %s", o.Limit)
	case json.Unmarshal(out.Bytes(), v) == nil && v.Judgement != "":
		return v, nil
	case errOut.Len() > 0:
		line, _, _ := strings.Cut(strings.TrimSpace(errOut.String()), "\n")
		return nil, errors.New(strings.TrimPrefix(line, "runner: "))
	}
	return nil, cmp.Or(err, errors.New("no verdict"))
}

// compare names the submissions that share weights or a lock.
func compare(rows []Row) {
	for i := range rows {
		for j := range rows {
			if i == j {
				continue
			}
			if !rows[i].weights.IsZero() && rows[i].weights == rows[j].weights {
				rows[i].SameWeights = append(rows[i].SameWeights, rows[j].Submission)
			}
			if !rows[i].lock.IsZero() && rows[i].lock == rows[j].lock {
				rows[i].SameLock = append(rows[i].SameLock, rows[j].Submission)
			}
		}
	}
}
