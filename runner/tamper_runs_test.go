package main

import (
	"regexp"
	"testing"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
	"biomass/runner/internal/verify"
)

const secondModel = "reports/plants/model-seed-2.safetensors"

// runTampers are what may have been done to a run of a recipe with repeats.
var runTampers = []struct {
	name  string
	level []string
	want  verify.Judgement
	says  string // a regular expression
	do    func(p tampered)
}{
	{"nothing", spots, verify.Verified, ``, func(tampered) {}},
	{"run left out, sealed", onlyLock, verify.Differs, `runs: locked \[\], but the rest of the lock gives \[seed-2\]`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs = nil }) }},
	{"run of another name, sealed", onlyLock, verify.Differs, `runs: locked \[seed-9\]`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Name = "seed-9" }) }},
	{"recipe of a run, sealed", onlyLock, verify.Differs, `runs\[seed-2\].recipe: locked`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Recipe[3] ^= 1 }) }},
	{"result of a run, sealed", onlyLock, verify.Differs, `spread: locked`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Results["test"].Errors.RMSE = 0.001 }) }},
	{"spread, sealed", onlyLock, verify.Differs, `spread: locked`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Spread[0].Deviation = 0 }) }},
	{"history of a run, sealed", onlyLock, verify.Differs, `runs\[seed-2\].stages\[train\].output: locked`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Training[1].TrainLoss = 0.5 }) }},
	{"kept epoch of a run, sealed", onlyLock, verify.Differs, `runs\[seed-2\].model.epoch: locked 9`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Model.Epoch = 9 }) }},
	{"weights of a run", onlyLock, verify.Differs, `runs\[seed-2\].model.weights: .*model-seed-2.safetensors has digest`, func(p tampered) { p.flipBit(secondModel, 4) }},
	{"weights of a run, whole", evaluate, verify.Differs, `runs\[seed-2\].model.weights`, func(p tampered) { p.write(secondModel, p.read(plantsModel)) }},
	{"figure of a run, forged", evaluate, verify.Differs, `runs\[seed-2\].results.test.mae: locked 0.001, found`, func(p tampered) {
		p.follow(func(l *lock.Lock) { l.Runs[0].Results["test"].Errors.MAE = 0.001 })
	}},
	{"chain link of a run, forged", spots, verify.Differs, `run seed-2: stage train, epoch 2: expected state sha256:\w+, found sha256:\w+`, func(p tampered) {
		p.forge(func(l *lock.Lock) { l.Runs[0].Training[1].State[0] ^= 1 })
	}},
	{"chain link of a run, forged, rerun", rerun, verify.Differs, `runs\[seed-2\].training\[epoch 2\].state: locked`, func(p tampered) {
		p.forge(func(l *lock.Lock) { l.Runs[0].Training[1].State[0] ^= 1 })
	}},
	{"states of a run not kept", spots, verify.Incomplete, `run seed-2: no states of epochs are kept`, func(p tampered) {
		l, err := lock.Read(p.path(plantsLock))
		p.check(err)
		objects, err := store.Open(p.path(".runner/store"))
		p.check(err)
		for _, k := range experiment.Kept(objects, l.Runs[0].Stage("train").Key) {
			objects.Remove(k.Object)
		}
	}},
}

// TestTamperedRuns lays hands on a recipe's second training.
func TestTamperedRuns(t *testing.T) {
	whole := finished(t)
	whole.replace("plants.yaml", `^  batch: 4$`, "  batch: 4\n  repeat: 2")
	whole.run(0, "apply", whole.path("plants.yaml"), "--keep-checkpoints")
	for _, c := range runTampers {
		t.Run(c.name, func(t *testing.T) {
			p := whole.copy(t)
			c.do(p)
			v, text := p.verify(nil, c.level...)
			if v.Judgement != c.want || !regexp.MustCompile(c.says).MatchString(text) {
				t.Errorf("got %s, want %s and %q:\n%s", v.Judgement, c.want, c.says, text)
			}
		})
	}
}
