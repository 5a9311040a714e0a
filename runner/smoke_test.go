package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"biomass/runner/command"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
)

// smokeWeights is the digest of the weights that recipes/smoke.yaml gives, on
// every machine. It changes only together with the arithmetic contract; a commit
// that changes it says why.
const smokeWeights = "sha256:d085dc88c90a48be9ca07a9ef245ea13097d3c1d3ce4e792abe54b841ea49dc6"

// smokeReport is the digest of that recipe's report: Markdown, HTML, SVG and the
// pixels of PNG. It changes with whatever a report of a regression states or draws.
const smokeReport = "sha256:1e321022e5de8c5c52fb22c990714be81a8c9b6bf67988b78a4931fffd5bfacf"

// checkout is a copy of a recipe in a folder of its own, with the data beside it.
type checkout struct {
	dir, recipe, data string
}

func newCheckout(t *testing.T, data string) checkout {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "recipes", "smoke.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "smoke.yaml")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return checkout{dir: dir, recipe: path, data: data}
}

// apply runs the program in this process.
func (p checkout) apply(t *testing.T, env []string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"apply", p.recipe, "--quiet", "--data", p.data}, args...)
	if code := command.Run(context.Background(), args, env, &out, &out); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out.String())
	}
}

// results returns the lockfile and the page of the report.
func (p checkout) results(t *testing.T) (lockfile, page []byte) {
	t.Helper()
	for path, content := range map[string]*[]byte{"lock/smoke.lock.yaml": &lockfile, "reports/smoke/report.md": &page} {
		data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		*content = data
	}
	return lockfile, page
}

// digests returns those of the weights and of the report in the lock.
func (p checkout) digests(t *testing.T) (weights, report string) {
	t.Helper()
	l, err := lock.Read(filepath.Join(p.dir, "lock", "smoke.lock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return l.Model.Weights.String(), l.Report.Digest.String()
}

// same wants the weights and the report of the constants.
func (p checkout) same(t *testing.T, how string) {
	t.Helper()
	weights, report := p.digests(t)
	if weights != smokeWeights {
		t.Fatalf("%s: weights %s, want %s", how, weights, smokeWeights)
	}
	if report != smokeReport {
		t.Fatalf("%s: report %s, want %s", how, report, smokeReport)
	}
}

// TestSameBits trains the smoke recipe with every vector width that this machine
// has, with several numbers of threads, and in another time zone and language of the
// machine: weights and report are those of the constants, and lock and report are the
// same bytes.
func TestSameBits(t *testing.T) {
	t.Cleanup(func() { kernel.SetThreads(0); kernel.SetVariant("") })
	counts := []int{1, 2, 5}
	if testing.Short() { // an emulated processor is slow
		counts = []int{2}
	}
	data := filepath.Join(t.TempDir(), "data")
	var lockfile, page []byte
	for _, variant := range kernel.Variants() {
		for _, threads := range counts {
			p := newCheckout(t, data)
			p.apply(t, []string{"RUNNER_SIMD=" + variant, fmt.Sprintf("RUNNER_THREADS=%d", threads)})
			p.same(t, fmt.Sprintf("%s, %d threads", variant, threads))
			l, r := p.results(t)
			if lockfile == nil {
				lockfile, page = l, r
			}
			if !bytes.Equal(l, lockfile) || !bytes.Equal(r, page) {
				t.Fatalf("%s, %d threads: lock or report differ:\n%s\n%s", variant, threads, lockfile, l)
			}
		}
	}
	if testing.Short() {
		return
	}
	abroad := newCheckout(t, data)
	if err := abroad.run(t, "TZ=Pacific/Chatham", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8", "GOMAXPROCS=1").Wait(); err != nil {
		t.Fatal(err)
	}
	abroad.same(t, "abroad")
	abroad.check(t, lockfile, page)
	other := newCheckout(t, data)
	other.apply(t, nil, "--set", "train.seed=2")
	if weights, report := other.digests(t); weights == smokeWeights || report == smokeReport {
		t.Fatal("another train.seed gives the same weights or report")
	}
}

// TestKilled ends a run with SIGKILL at random moments, as often as
// RUNNER_KILLS says (make kills: 100 times), and lets the next one go on: no epoch
// that was finished is trained again, and in the end stand the lock and the report
// of a run that was never cut.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGKILL on Windows")
	}
	kills := 8
	if v := os.Getenv("RUNNER_KILLS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		kills = n
	}
	whole := newCheckout(t, filepath.Join(t.TempDir(), "data"))
	start := time.Now()
	whole.run(t).Wait()
	length := time.Since(start)
	lockfile, page := whole.results(t)

	cut := newCheckout(t, filepath.Join(t.TempDir(), "data"))
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := 0
	for killed < kills {
		p := cut.run(t)
		time.Sleep(time.Duration(random.Int64N(int64(length))))
		p.Process.Kill()
		if p.Wait() != nil {
			killed++
			cut.onward(t)
			continue
		}
		cut.onward(t)
		cut.check(t, lockfile, page)
		for _, made := range []string{".runner", "lock", "reports"} { // begin again from nothing
			if err := os.RemoveAll(filepath.Join(cut.dir, made)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cut.run(t).Wait(); err != nil {
		t.Fatalf("the run after the last kill: %v", err)
	}
	cut.check(t, lockfile, page)
	for _, pattern := range []string{"lock/.tmp-*", "reports/smoke/.tmp-*"} {
		if left, _ := filepath.Glob(filepath.Join(cut.dir, filepath.FromSlash(pattern))); len(left) > 0 {
			t.Errorf("a kill left %s behind", strings.Join(left, ", "))
		}
	}
}

// onward wants that no epoch was trained after it, or a later one, was finished.
func (p checkout) onward(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(p.dir, "reports", "smoke", "run.log"))
	if errors.Is(err, fs.ErrNotExist) { // it was killed before it began
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, event := range regexp.MustCompile(`"epoch":(\d+),`).FindAllSubmatch(log, -1) {
		epoch, err := strconv.Atoi(string(event[1]))
		if err != nil {
			t.Fatal(err)
		}
		if epoch <= last {
			t.Fatalf("epoch %d was trained after epoch %d was finished:\n%s", epoch, last, log)
		}
		last = epoch
	}
}

// check wants these results and no others.
func (p checkout) check(t *testing.T, lockfile, page []byte) {
	t.Helper()
	if l, r := p.results(t); !bytes.Equal(l, lockfile) || !bytes.Equal(r, page) {
		t.Fatalf("lock or report differ from those of a run that was never cut:\n%s\n%s", lockfile, l)
	}
}

// run starts the program in a process of its own, with this environment too.
func (p checkout) run(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("runner", "apply", p.recipe, "--quiet", "--data", p.data)
	c.Env = append(os.Environ(), env...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}
