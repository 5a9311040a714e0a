package lock

import "biomass/runner/internal/digest"

// Run is one more training that the recipe asks for: the same recipe with another seed,
// say. It holds what a lock of its own would hold beside the data.
type Run struct {
	Name     string           `yaml:"name"`
	Recipe   digest.Digest    `yaml:"recipe"` // of its canonical form
	Split    Split            `yaml:"split"`
	Features []Feature        `yaml:"features,omitempty"`
	Stages   []Stage          `yaml:"stages"`
	Training []Epoch          `yaml:"training"`
	Model    Model            `yaml:"model"`
	Results  map[string]Score `yaml:"results"`
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
	Over      string  `yaml:"over" json:"over"` // seeds
	Runs      int     `yaml:"runs" json:"runs"`
	Part      string  `yaml:"part" json:"part"`
	Figure    string  `yaml:"figure" json:"figure"`
	Mean      float64 `yaml:"mean" json:"mean"`
	Deviation float64 `yaml:"deviation" json:"deviation"`
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
