package train

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"biomass/runner/internal/recipe"
)

// rates returns the rate during each epoch when they end with these losses.
func rates(s schedule, losses []float64) []float64 {
	var history []Epoch
	var out []float64
	for _, loss := range losses {
		out = append(out, s.rate(history, 0))
		history = append(history, Epoch{ValidationLoss: loss})
	}
	return out
}

func expectRates(t *testing.T, name string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rates, want %d", name, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-13+1e-12*want[i]) {
			t.Errorf("%s: rate %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

// TestScheduleEqualsTorch compares with the rates of torch.optim.lr_scheduler.
func TestScheduleEqualsTorch(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: there are no rates of torch to compare with")
	}
	text, err := os.ReadFile(filepath.Join(shared, "peer", "fixtures", "schedules.json"))
	if err != nil {
		t.Fatal(err)
	}
	var torch struct {
		Base   float64              `json:"base_lr"`
		Metric []float64            `json:"plateau_metric"`
		Rate   map[string][]float64 `json:"lr"`
	}
	if err := json.Unmarshal(text, &torch); err != nil {
		t.Fatal(err)
	}
	epochs := len(torch.Metric)
	for name, s := range map[string]schedule{
		"StepLR(step_size=5,gamma=0.5)":            {Schedule: recipe.Schedule{Step: &recipe.Step{Every: 5, Factor: 0.5}}},
		"ExponentialLR(0.9)":                       {Schedule: recipe.Schedule{Step: &recipe.Step{Every: 1, Factor: 0.9}}},
		"MultiStepLR([3,8,12],0.1)":                {Schedule: recipe.Schedule{Step: &recipe.Step{At: []int{3, 8, 12}, Factor: 0.1}}},
		"CosineAnnealingLR(T_max=20)":              {Schedule: recipe.Schedule{Cosine: &recipe.Cosine{}}, epochs: 20},
		"CosineAnnealingLR(T_max=10,eta_min=1e-5)": {Schedule: recipe.Schedule{Cosine: &recipe.Cosine{Floor: 1e-5}}, epochs: 10},
		"ReduceLROnPlateau(factor=0.1,patience=2)": {Schedule: recipe.Schedule{Plateau: &recipe.Plateau{Patience: 2, Factor: 0.1, Threshold: 1e-4}}},
		"ReduceLROnPlateau(factor=0.5,patience=3,cooldown=1,min_lr=1e-3)": {Schedule: recipe.Schedule{
			Plateau: &recipe.Plateau{Patience: 3, Factor: 0.5, Threshold: 1e-4, Cooldown: 1, Floor: 1e-3}}},
	} {
		s.base = torch.Base
		want := torch.Rate[name]
		if len(want) != epochs {
			t.Fatalf("there are no rates of %s", name)
		}
		delete(torch.Rate, name)
		expectRates(t, name, rates(s, torch.Metric), want)
	}
	for name := range torch.Rate {
		t.Errorf("%s has no schedule here", name)
	}
}

// TestWarmupAndOneCycle compares with the rates that PyTorch 1.13 gives: the
// first of SequentialLR of LinearLR and CosineAnnealingLR, the others of
// OneCycleLR with cycle_momentum=False.
func TestWarmupAndOneCycle(t *testing.T) {
	warm := schedule{Schedule: recipe.Schedule{Cosine: &recipe.Cosine{Warmup: 3}}, base: 0.01, epochs: 10}
	expectRates(t, "warmup", rates(warm, make([]float64, 10)), []float64{
		0.0025, 0.005, 0.0075, 0.01, 0.009504844339512096, 0.008117449009293669, 0.006112604669781573, 0.003887395330218429, 0.001882550990706333, 0.0004951556604879049,
	})
	for _, c := range []struct {
		spec          recipe.OneCycle
		epochs, steps int
		want          []float64
	}{
		{recipe.OneCycle{Rise: 0.3, StartDivisor: 25, EndDivisor: 1e4}, 5, 2, []float64{
			0.0003999999999999993, 0.0052, 0.01, 0.009504846320134737, 0.008117456539497631, 0.0061126202193628925, 0.003887419780637108, 0.00188258346050237, 0.0004951936798652628, 4e-08,
		}},
		{recipe.OneCycle{Rise: 0.5, StartDivisor: 10, EndDivisor: 100}, 3, 4, []float64{
			0.0009999999999999992, 0.001859423525312735, 0.004109423525312736, 0.006890576474687262, 0.009140576474687263, 0.01,
			0.009330796891903272, 0.0075025000000000005, 0.005005, 0.0025075000000000015, 0.0006792031080967287, 1e-05,
		}},
		{recipe.OneCycle{Rise: 0.1, StartDivisor: 25, EndDivisor: 1e4}, 1, 3, []float64{0.008431214464510912, 0.003019629091399539, 4e-08}},
		{recipe.OneCycle{Rise: 0.5, StartDivisor: 25, EndDivisor: 1e4}, 1, 2, []float64{0.01, 4e-08}},
		{recipe.OneCycle{Rise: 0.5, StartDivisor: 25, EndDivisor: 1e4}, 1, 1, []float64{4e-08}},
	} {
		s := schedule{Schedule: recipe.Schedule{OneCycle: &c.spec}, base: 0.01, epochs: c.epochs, steps: c.steps}
		var got []float64
		for i := range c.epochs * c.steps {
			got = append(got, s.rate(make([]Epoch, i/c.steps), i%c.steps))
		}
		expectRates(t, "one cycle", got, c.want)
	}
}

// TestScheduleReachesTheOptimizer: a factor of 1 changes nothing but what the
// epochs say, another one the steps after it alone.
func TestScheduleReachesTheOptimizer(t *testing.T) {
	var got []*Result
	for _, s := range []recipe.Schedule{{}, {Step: &recipe.Step{Every: 2, Factor: 1}}, {Step: &recipe.Step{Every: 2, Factor: 0.5}}} {
		in, _ := input(t, func(spec *recipe.Train) { spec.Schedule, spec.Epochs = s, 3 })
		got = append(got, run(t, in))
	}
	if got[0].Epochs[0].Rate != nil || *got[1].Epochs[0].Rate != 1e-2 || *got[2].Epochs[2].Rate != 5e-3 {
		t.Errorf("the epochs say %+v", got)
	}
	for i, same := range []bool{true, true, false} {
		a, b, c := got[0].Epochs[i].State, got[1].Epochs[i].State, got[2].Epochs[i].State
		if a != b || (a == c) != same {
			t.Errorf("epoch %d: states %v, %v and %v", i+1, a, b, c)
		}
	}
}
