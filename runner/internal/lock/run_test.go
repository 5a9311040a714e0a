package lock

import (
	"encoding/json"
	"testing"
)

// TestRunIsFixed holds the JSON of runs and sweeps, which the outputs of two stages digest:
// another one makes locks untrue that were true.
func TestRunIsFixed(t *testing.T) {
	sweep := Sweep{On: "validation_loss", Winner: "v01", Variants: []Run{{
		Name: "v01", Set: []string{"train.batch=8"}, Split: Split{Train: 3}, Stages: []Stage{{Name: "train", Version: 1}},
		Training: []Epoch{{Epoch: 1, TrainLoss: 0.5}}, Model: Model{Parameters: 9, Epoch: 1},
	}}}
	got, err := json.Marshal(sweep)
	if err != nil {
		t.Fatal(err)
	}
	const zero = `"sha256:0000000000000000000000000000000000000000000000000000000000000000"`
	want := `{"on":"validation_loss","winner":"v01","variants":[{"name":"v01","set":["train.batch=8"],` +
		`"split":{"train":3,"validation":0,"test":0,"groups":0,"digest":` + zero + `},` +
		`"stages":[{"name":"train","version":1,"key":` + zero + `,"output":` + zero + `}],` +
		`"training":[{"epoch":1,"train_loss":0.5,"validation_loss":0,"state":` + zero + `}],` +
		`"model":{"parameters":9,"weights":` + zero + `,"epoch":1}}]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTrainings(t *testing.T) {
	l := &Lock{
		Stages: []Stage{{Name: "train", Key: [32]byte{1}}}, Model: Model{Epoch: 4},
		Runs:  []Run{{Name: "seed-2", Stages: []Stage{{Name: "train", Key: [32]byte{2}}}}},
		Sweep: &Sweep{Variants: []Run{{Name: "v01"}}},
	}
	all := l.Trainings()
	if len(l.Models()) != 2 || len(all) != 3 || all[0].Epoch != 4 || all[1].Run != "seed-2" || all[1].Key != [32]byte{2} || all[2].Run != "v01" || !all[2].Key.IsZero() {
		t.Errorf("trainings %+v", all)
	}
}
