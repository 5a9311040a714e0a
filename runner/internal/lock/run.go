package lock

import (
	"strings"

	"biomass/runner/internal/digest"
)

// Run is one more training that the recipe asks for: the same recipe with another seed,
// say. It holds what a lock of its own would hold beside the data.
//
// Its JSON is part of a stage's output: a new field of it, or of what it holds, is left out
// where it is empty, so that old locks stay true.
type Run struct {
	Name     string           `yaml:"name" json:"name"`
	Set      []string         `yaml:"set,omitempty" json:"set,omitempty"` // the settings of a sweep's variant
	Split    Split            `yaml:"split" json:"split"`
	Features []Feature        `yaml:"features,omitempty" json:"features,omitempty"`
	Stages   []Stage          `yaml:"stages" json:"stages"`
	Training []Epoch          `yaml:"training" json:"training"`
	Model    Model            `yaml:"model" json:"model"`
	Results  map[string]Score `yaml:"results,omitempty" json:"results,omitempty"` // a sweep's variant has none
}

// Sweep is what was tried, and which of it won. The lock's own training is the winner's.
type Sweep struct {
	On       string `yaml:"on" json:"on"` // the measure of the kept epoch that decides
	Winner   string `yaml:"winner" json:"winner"`
	Variants []Run  `yaml:"variants" json:"variants"`
}

// winner returns the settings of the variant that won.
func (s *Sweep) winner() string {
	for _, v := range s.Variants {
		if v.Name == s.Winner {
			return strings.Join(v.Set, " ")
		}
	}
	return s.Winner
}

// Stage returns the run's stage of this name, or nil.
func (r *Run) Stage(name string) *Stage { return stageOf(r.Stages, name) }

// Trained is one training of a lock: its own, whose Run is "", or that of a run.
type Trained struct {
	Run string
	Key digest.Digest // of its train stage; zero where the lock has no such stage
	Model
	Training []Epoch
}

// Models returns all trainings, the lock's own first.
func (l *Lock) Models() []Trained {
	key := func(s *Stage) digest.Digest {
		if s == nil {
			return digest.Digest{}
		}
		return s.Key
	}
	all := []Trained{{"", key(l.Stage("train")), l.Model, l.Training}}
	for _, run := range l.Runs {
		all = append(all, Trained{run.Name, key(run.Stage("train")), run.Model, run.Training})
	}
	return all
}

// Trainings are Models and, behind them, what the sweep tried.
func (l *Lock) Trainings() []Trained {
	all := l.Models()
	if l.Sweep == nil {
		return all
	}
	for _, v := range l.Sweep.Variants {
		t := Trained{Run: v.Name, Model: v.Model, Training: v.Training}
		if s := v.Stage("train"); s != nil {
			t.Key = s.Key
		}
		all = append(all, t)
	}
	return all
}

// Kept returns the epoch whose weights were kept.
func (r *Run) Kept() Epoch {
	if i := r.Model.Epoch; i >= 1 && i <= len(r.Training) {
		return r.Training[i-1]
	}
	return Epoch{}
}

// Measure returns what an epoch measured, by the word of train.stop.on, 0 where it did not.
func (e Epoch) Measure(on string) float64 {
	score := &e.ValidationLoss
	switch on {
	case "validation_rmse":
		score = e.ValidationRMSE
	case "validation_accuracy":
		score = e.ValidationAccuracy
	case "validation_macro_f1":
		score = e.ValidationMacroF1
	}
	if score == nil {
		return 0
	}
	return *score
}

func stageOf(list []Stage, name string) *Stage {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// Spread is the mean of a figure over runs that differ in one thing, the lock's own among
// them, and its standard deviation, dividing by their number less 1.
type Spread struct {
	Over      string  `yaml:"over" json:"over"` // seeds, folds or trainings
	Runs      int     `yaml:"runs" json:"runs"`
	Part      string  `yaml:"part" json:"part"`
	Figure    string  `yaml:"figure" json:"figure"`
	Mean      float64 `yaml:"mean" json:"mean"`
	Deviation float64 `yaml:"deviation" json:"deviation"`
}

// OutOfFold are the scores of predictions each of which comes from the network that did not
// train on that photo.
type OutOfFold struct {
	Photos      int                `yaml:"photos" json:"photos"`
	Figures     map[string]float64 `yaml:"figures" json:"figures"`
	Predictions digest.Digest      `yaml:"predictions" json:"predictions"`
}

// Figure is a score by its name.
type Figure struct {
	Name  string
	Value float64
}

// Figure returns the score of this name, 0 where there is none.
func (s Score) Figure(name string) float64 {
	for _, f := range s.Figures() {
		if f.Name == name {
			return f.Value
		}
	}
	return 0
}

// Figures returns the scores that can be compared between runs, the one that the result
// is known by first.
func (s Score) Figures() []Figure {
	switch {
	case s.Errors != nil:
		return []Figure{{"rmse", s.RMSE}, {"mae", s.MAE}, {"r2", s.R2}}
	case s.Hits != nil:
		return []Figure{{"accuracy", s.Accuracy}, {"balanced_accuracy", s.BalancedAccuracy}, {"macro_f1", s.MacroF1}, {"cross_entropy", s.CrossEntropy}}
	}
	return nil
}

// Interval is that of the first of Figures: its ends, nil where it has none.
func (s Score) Interval() []float64 {
	switch {
	case s.Errors != nil:
		return s.RMSEInterval
	case s.Hits != nil:
		return s.AccuracyInterval
	}
	return nil
}

// Baselines are the R² or the accuracy of simple rules on the same rows.
func (s Score) Baselines() map[string]float64 {
	switch {
	case s.Errors != nil:
		return s.BaselineR2
	case s.Hits != nil:
		return s.BaselineAccuracy
	}
	return nil
}
