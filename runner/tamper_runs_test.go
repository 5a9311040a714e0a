package main

import (
	"testing"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/store"
	"biomass/runner/internal/verify"
)

const secondModel = "reports/plants/model-seed-2.safetensors"

// runTampers are what may have been done to a run of a recipe with repeats.
var runTampers = []tampering{
	{"nothing", spots, verify.Verified, ``, func(tampered) {}},
	{"run left out, sealed", onlyLock, verify.Differs, `runs: locked \[\], but the rest of the lock gives \[seed-2\]`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs = nil }) }},
	{"run of another name, sealed", onlyLock, verify.Differs, `runs: locked \[seed-9\]`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Runs[0].Name = "seed-9" }) }},
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
		for _, k := range checkpoint.Of(objects, l.Runs[0].Stage("train").Key).States() {
			objects.Remove(k.Object)
		}
	}},
}

// sweepTampers are what may have been done to what a sweep tried.
var sweepTampers = []tampering{
	{"nothing", spots, verify.Verified, ``, func(tampered) {}},
	{"variant left out, sealed", onlyLock, verify.Differs, `sweep.variants: locked \[v01\], but the rest of the lock gives \[v01 v02\]`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Sweep.Variants = l.Sweep.Variants[:1] })
	}},
	{"sweep left out, sealed", onlyLock, verify.Differs, `sweep: locked false`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Sweep = nil }) }},
	{"another winner, sealed", onlyLock, verify.Differs, `sweep.winner: locked v0\d, but the rest of the lock gives v0\d`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Sweep.Winner = map[string]string{"v01": "v02", "v02": "v01"}[l.Sweep.Winner] })
	}},
	{"winner that is none, sealed", onlyLock, verify.Differs, `sweep.winner: locked v77`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Sweep.Winner = "v77" }) }},
	{"settings of a variant, sealed", onlyLock, verify.Differs, `sweep.variants\[v02\].set: locked`, func(p tampered) { p.lock(func(l *lock.Lock) { l.Sweep.Variants[1].Set[0] = "train.batch=9" }) }},
	{"history of a variant, sealed", onlyLock, verify.Differs, `sweep.variants\[v02\].stages\[train\].output: locked`, func(p tampered) {
		p.lock(func(l *lock.Lock) { l.Sweep.Variants[1].Training[0].TrainLoss = 0.5 })
	}},
	{"chain link of a variant, forged", spots, verify.Differs, `run v01: stage train, epoch 2: expected state sha256:\w+, found sha256:\w+`, func(p tampered) {
		p.forge(func(l *lock.Lock) { l.Sweep.Variants[0].Training[1].State[0] ^= 1 })
	}},
	{"chain link of the winner, forged", onlyLock, verify.Differs, `sweep.variants\[v0\d\].train: locked sha256:\w+, but the rest of the lock gives sha256:`, func(p tampered) {
		p.follow(func(l *lock.Lock) { l.Training[1].State[0] ^= 1 })
	}},
	{"chain link of a variant, forged, rerun", rerun, verify.Differs, `sweep.variants\[v01\].training\[epoch 2\].state: locked`, func(p tampered) {
		p.forge(func(l *lock.Lock) { l.Sweep.Variants[0].Training[1].State[0] ^= 1 })
	}},
}

// TestTamperedRuns lays hands on a recipe's second training, and on what one tried.
func TestTamperedRuns(t *testing.T) {
	whole := finished(t)
	whole.replace("plants.yaml", `^  batch: 4$`, "  batch: 4\n  repeat: 2")
	whole.run(0, "apply", whole.path("plants.yaml"), "--keep-checkpoints")
	whole.lay(t, runTampers)
	whole.replace("plants.yaml", `^  repeat: 2\n`, "")
	whole.write("plants.yaml", append(whole.read("plants.yaml"), "sweep: {over: {train.batch: [8, 4]}}\n"...))
	whole.run(0, "apply", whole.path("plants.yaml"), "--keep-checkpoints")
	whole.lay(t, sweepTampers)
}
