package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/recipe"
	"biomass/runner/internal/transform"
)

// TestForgedFeatures holds that what a file says of a second input is looked at before a
// network is made by it.
func TestForgedFeatures(t *testing.T) {
	r := recipe.Recipe{Data: recipe.Data{Features: []recipe.Feature{{Column: "age"}}}, Picture: recipe.Picture{Color: "rgb"}}
	for features, want := range map[string]string{
		`[{"column":"age","mean":3,"std":2}]`: "",
		``:                                    "and the recipe has 1",
		`[]`:                                  "and the recipe has 1",
		`[{"column":"age","std":NaN}]`:        "and the recipe has 1",
		`[{"column":"soil","std":1}]`:         `the feature "soil" where the recipe has "age"`,
		`[{"column":"age"}]`:                  `"age" is divided by 0`,
		`[{"column":"age","categories":[]}]`:  "has 0 categories",
		fmt.Sprintf(`[{"column":"age","categories":["a"%s]}]`, strings.Repeat(`,""`, 5000)): "has 5001 categories",
	} {
		facts := map[string]string{
			"features": features, "normalize_mean": "0 0 0", "normalize_std": "1 1 1", "target_mean": "0", "target_std": "1",
		}
		if _, _, err := readFacts(r, facts); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", features, err, want)
		}
	}
}

// TestFacts holds that what Facts writes is read again as it was.
func TestFacts(t *testing.T) {
	fitted := &transform.Fitted{
		Mean: []float32{0.1, 0.2, 0.3}, Std: []float32{1, 2, 3}, Kind: "standard", TargetMean: 1.0 / 3, TargetStd: 0.7,
		Features: []transform.Feature{{Column: "age", Mean: 3, Std: 2}},
	}
	r := recipe.Recipe{
		Data:      recipe.Data{Features: []recipe.Feature{{Column: "age"}}},
		Picture:   recipe.Picture{Color: "rgb", Size: 32},
		Transform: recipe.Transform{Target: "standard"},
	}
	classes, got, err := readFacts(r, Facts(r, nil, fitted))
	if err != nil || classes != nil || !reflect.DeepEqual(got, fitted) {
		t.Errorf("a regression: %v, %+v, %v", classes, got, err)
	}
	r.Task = recipe.Classification
	classes, _, err = readFacts(r, Facts(r, []string{"ash", "oak"}, fitted))
	if err != nil || !slices.Equal(classes, []string{"ash", "oak"}) {
		t.Errorf("a classification: %v, %v", classes, err)
	}
}
