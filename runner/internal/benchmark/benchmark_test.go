package benchmark

import "testing"

func TestRun(t *testing.T) {
	for _, evaluate := range []bool{false, true} {
		m, err := Run(Options{Backbone: "resnet18", Size: 32, Batch: 2, Outputs: 1, Evaluate: evaluate, Warmup: 1, Steps: 3})
		if err != nil {
			t.Fatal(err)
		}
		if m.Parameters != 11177025 || m.MultiplyAdds != 37011968 || m.Slowest <= 0 || m.Median < m.Slowest || m.Fastest < m.Median || m.Memory <= 0 {
			t.Errorf("%+v", m)
		}
	}
	if _, err := Run(Options{Backbone: "resnet18", Size: 32, Batch: 0, Outputs: 1, Steps: 1}); err == nil {
		t.Error("a batch of 0 was measured")
	}
	if _, err := Run(Options{Backbone: "nothing", Size: 32, Batch: 2, Outputs: 1, Steps: 1}); err == nil {
		t.Error("an unknown network was measured")
	}
}
