package report

import (
	"image/color"
	"math"
	"regexp"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// luminance is that of the Web Content Accessibility Guidelines 2.2.
func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		if s := float64(v) / 255; s > 0.04045 {
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// seenOn is a colour as it is seen on an opaque one.
func seenOn(c, ground color.NRGBA) color.NRGBA {
	part := func(v, below uint8) uint8 {
		return uint8((int(v)*int(c.A) + int(below)*(255-int(c.A))) / 255)
	}
	return color.NRGBA{part(c.R, ground.R), part(c.G, ground.G), part(c.B, ground.B), 255}
}

// Text stands out from light and from dark paper by 4.5 to 1, and from the cells
// that are coloured below it; lines and bars stand out by 3 to 1 (level AA).
func TestContrast(t *testing.T) {
	for name, page := range map[string]func(color.NRGBA) color.NRGBA{
		"light": func(c color.NRGBA) color.NRGBA { return c },
		"dark":  darkOf,
	} {
		for _, letters := range []color.NRGBA{ink, muted} {
			if got := contrast(page(letters), page(paper)); got < 4.5 {
				t.Errorf("%s: text of %v has a contrast of %.2f", name, letters, got)
			}
		}
		for _, paint := range []color.NRGBA{blue, orange, green, pink, red} {
			if got := contrast(page(paint), page(paper)); got < 3 {
				t.Errorf("%s: lines of %v have a contrast of %.2f", name, paint, got)
			}
			for _, strength := range []int{0, 128, 256} {
				if got := contrast(page(ink), seenOn(transparent(page(paint), mix(paint, strength).A), page(paper))); got < 4.5 {
					t.Errorf("%s: ink on a cell of %v at %d has a contrast of %.2f", name, paint, strength, got)
				}
			}
		}
	}
}

// A plot has no colour that a dark page does not turn, and the page's own colours are
// the plots'.
func TestEveryColourTurns(t *testing.T) {
	turned := map[string]bool{}
	for _, c := range dark {
		turned[hex(c.light)] = true
	}
	for _, change := range []func(*evaluate.Input){nil, classes(5, 2)} {
		files, err := Render(document(t, change))
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if !strings.HasSuffix(name, ".svg") {
				continue
			}
			for _, found := range regexp.MustCompile(`(?:fill|stroke)="(#\w+)"`).FindAllSubmatch(data, -1) {
				if !turned[string(found[1])] {
					t.Errorf("%s has the colour %s, which stays as it is on a dark page", name, found[1])
				}
			}
		}
	}
	for name, c := range map[string]color.NRGBA{"ink": ink, "muted": muted, "faint": faint, "paper": paper} {
		for _, want := range []color.NRGBA{c, darkOf(c)} {
			if rule := "--" + name + ": " + strings.ToLower(hex(want)) + ";"; !strings.Contains(pageStyle, rule) {
				t.Errorf("style.css has no %s", rule)
			}
		}
	}
}

func darkOf(light color.NRGBA) color.NRGBA {
	for _, c := range dark {
		if c.light == light {
			return c.dark
		}
	}
	return light
}
