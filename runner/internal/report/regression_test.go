package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// beds adds columns to the discs: two that name groups, and two of numbers.
func beds(in *evaluate.Input) {
	in.Level = 0.9
	bed, plant := evaluate.Labels{Column: "bed|row"}, evaluate.Labels{Column: "plant"}
	age, dry := evaluate.Column{Name: "age_days"}, evaluate.Column{Name: "dry_weight"}
	for i, s := range in.Samples {
		bed.Values, plant.Values = append(bed.Values, []string{"Süd", "Nord"}[i/20%2]), append(plant.Values, s.Group)
		dry.Values = append(dry.Values, s.True/10)
		days := math.Round(20*s.True) + float64(i%9)
		if i%7 == 0 {
			days = math.NaN()
		}
		age.Values = append(age.Values, days)
	}
	in.Labels, in.Columns = []evaluate.Labels{bed, plant}, []evaluate.Column{dry, age}
}

// TestRegression holds what the page says of a regression's errors, in both languages.
func TestRegression(t *testing.T) {
	for language, want := range map[Language][]string{
		"en": {
			" (90 % interval 0.0",
			"|  | RMSE (g) | MAE (g) | median error (g) | MSE (g²) | R² | Spearman |\n",
			"| guessing the mean | 0.2533 | 0.2136 | 0.1951 | 0.06417 | −0.004 | – |\n",
			"There is no MAPE: errors are shares of true values only where all of these are above 0 and at least a tenth of their mean; here they begin at 0.000 g, and their mean is 0.233 g.",
			"How sure that is: 90 % intervals on the test part, from drawing its 24 individuals 2,000 times with replacement.",
			"### Where the network errs\n",
			"By true value, in quarters of the test photos:\n\n| true fresh_weight_total (g) | photos | individuals | RMSE (g) | MAE (g) | mean error (g) |\n",
			"\n| 0.000 to 0.",
			"By `bed\\|row`:\n\n| `bed\\|row` | photos |",
			"\n| `Nord` | 24 | 12 | 0.",
			"![Errors against columns of the table: rank correlation with age_days −0.",
			"The test photos with the largest errors, as the network sees them:",
			"](worst.png)",
			"| row | image | true (g) | predicted (g) | error (g) |",
		},
		"de": {
			" (90-%-Intervall 0,0",
			"| Medianfehler (g) |",
			"Wie sicher das ist: 90-%-Intervalle auf der Testmenge, für die aus ihr (24 Individuen) 2.000-mal mit Zurücklegen gezogen wurde.",
			"### Wo sich das Netz irrt\n",
			"Nach wahrem Wert, in Vierteln der Testfotos:",
			"\n| 0,000 bis 0,",
		},
	} {
		d := document(t, beds)
		d.Language = language
		text := string(page(d))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the page lacks %q:\n%s", language, w, text)
			}
		}
		if strings.Contains(text, "`plant`") {
			t.Errorf("%s: the page has a table of %s values", language, "24")
		}
		if text := trendsText(d); strings.Contains(text, "dry_weight") {
			t.Errorf("%s: errors are shown against what is the target in other words: %s", language, text)
		}
		d.Against = []Against{{Column: "dry_weight"}}
		if text := trendsText(d); !strings.Contains(text, "dry_weight −0") && !strings.Contains(text, "dry_weight 0") {
			t.Errorf("%s: a column that was asked for is missing: %s", language, text)
		}
	}
}

// TestWithoutPhotos holds that no photo is drawn for a recipe whose photos are not to be
// passed on, while figures and the names of the files stay.
func TestWithoutPhotos(t *testing.T) {
	d := document(t, nil)
	d.Plots = []string{"target", "curves", "fit", "residuals"}
	files, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if strings.HasSuffix(name, ".png") {
			t.Errorf("there is a picture %s", name)
		}
	}
	if text := string(files[pageFile]); strings.Contains(text, "worst.png") || !strings.Contains(text, "The files with the largest errors") {
		t.Errorf("got\n%s", text)
	}
}

// TestMAPE has targets that errors are shares of.
func TestMAPE(t *testing.T) {
	d := document(t, func(in *evaluate.Input) {
		for i := range in.Samples {
			in.Samples[i].True++
			in.Samples[i].Predicted++
		}
	})
	text := string(page(d))
	if !strings.Contains(text, "| Spearman | MAPE |") || strings.Contains(text, "no MAPE") {
		t.Errorf("got\n%s", text)
	}
}

func TestSigned(t *testing.T) {
	for want, x := range map[string]float64{"+0.120": 0.12, "−0.120": -0.12, "0.000": 1e-5, "+12.000": 12} {
		if got := (Language("")).signed(0.1, x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	for want, x := range map[string]float64{"95": 0.95, "99.9": 0.999, "57": 0.57, "50": 0.5} {
		if got := (Language("")).level(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	if got := German.level(0.975); got != "97,5" {
		t.Error(got)
	}
}

// TestTrends holds how many columns errors are drawn against.
func TestTrends(t *testing.T) {
	d := document(t, func(in *evaluate.Input) {
		for k := range 7 {
			c := evaluate.Column{Name: fmt.Sprint("column ", k)}
			for i := range in.Samples {
				c.Values = append(c.Values, float64(i%(k+2)))
			}
			in.Columns = append(in.Columns, c)
		}
	})
	if got := d.trends(); len(got) != mostTrends {
		t.Errorf("%d columns", len(got))
	}
	files, err := Render(d)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, trendsFile, files[trendsFile])
}
