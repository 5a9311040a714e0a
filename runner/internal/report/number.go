package report

import (
	"math"
	"strconv"
	"strings"

	"biomass/runner/internal/metric"
)

// significant writes x with at least three significant digits, as people would:
// 0.0123, 1.23, 12.3, 1234. Only what is tiny or huge gets an exponent.
func (l Language) significant(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e7) {
		return l.point(sign(strconv.FormatFloat(x, 'e', 2, 64)))
	}
	return l.decimal(x, decimals(x))
}

// decimals returns how many decimals show three significant digits of x.
func decimals(x float64) int {
	a, n := math.Abs(x), 2
	for n > 0 && a >= 10 {
		a /= 10
		n--
	}
	for n < 6 && a < 1 && a > 0 {
		a *= 10
		n++
	}
	return n
}

// alike writes values with as many decimals as measure needs, so that they can
// be compared digit by digit.
func (l Language) alike(measure float64, values ...float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if a := math.Abs(v); a >= 1e7 || math.Abs(measure) < 1e-4 {
			out[i] = l.significant(v)
		} else {
			out[i] = l.decimal(v, decimals(measure))
		}
	}
	return out
}

// decimal writes x with n decimals.
func (l Language) decimal(x float64, n int) string {
	return l.point(sign(strconv.FormatFloat(x, 'f', n, 64)))
}

// shortest writes x with the fewest digits that say it.
func (l Language) shortest(x float64) string {
	return l.point(sign(strconv.FormatFloat(x, 'g', -1, 64)))
}

// point sets the language's mark before the decimals of a number.
func (l Language) point(number string) string {
	if l == German {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

// sign sets a true minus sign, and none before a zero.
func sign(s string) string {
	if digits, negative := strings.CutPrefix(s, "-"); negative {
		if strings.Trim(digits, "0.") == "" {
			return digits
		}
		return "−" + digits
	}
	return s
}

// count writes a whole number with a mark between thousands.
func (l Language) count(n int) string {
	mark := ","
	if l == German {
		mark = "."
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

// percent writes a share of 1.
func (l Language) percent(share float64) string { return l.decimal(100*share, 1) + " %" }

// with writes a number and its unit.
func (l Language) with(x float64, unit string) string {
	return strings.TrimSpace(l.significant(x) + " " + unit)
}

// fitting shortens a text until it fits.
func fitting(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	letters := []rune(text)
	for n := len(letters) - 1; n > 0; n-- {
		if short := string(letters[:n]) + "…"; fits(short) {
			return short
		}
	}
	return "…"
}

// wrap breaks a text between words into lines that fit.
func wrap(text string, fits func(string) bool) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && !fits(longer) {
			lines, longer = append(lines, line), word
		}
		line = longer
	}
	return append(lines, line)
}

// number writes a value of the target, with as many decimals as the target's
// spread calls for.
func (d Document) number(x float64) string {
	if d.Evaluation.Whole && x == math.Floor(x) {
		return d.decimal(x, 0)
	}
	return d.alike(d.Evaluation.Parts[0].Target.Deviation, x)[0]
}

// value writes a value of the target with its unit.
func (d Document) value(x float64) string {
	return strings.TrimSpace(d.number(x) + " " + d.Evaluation.Unit)
}

// interval writes a figure and its interval with as many decimals as measure needs.
func (d Document) interval(measure, value float64, i *metric.Interval) string {
	if i == nil {
		return d.alike(measure, value)[0]
	}
	texts := d.alike(measure, value, i.Low, i.High)
	return d.t("%s (%s to %s)", texts[0], texts[1], texts[2])
}

// named writes a quantity and its unit, as on an axis.
func named(quantity, unit string) string {
	if unit == "" {
		return quantity
	}
	return quantity + " (" + unit + ")"
}

// level writes that of an interval, in percent.
func (l Language) level(level float64) string {
	return l.point(strconv.FormatFloat(100*level, 'g', 4, 64))
}

// signed writes a number with its sign, with as many decimals as measure needs.
func (l Language) signed(measure, x float64) string {
	text := l.alike(measure, x)[0]
	if x > 0 && strings.ContainsAny(text, "123456789") {
		return "+" + text
	}
	return text
}
