package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/evaluate"
)

// This file writes the report once more for programs: the same figures as the page,
// with the digits that bring back their bits. The tables are as RFC 4180 has them,
// but for lines that end in LF alone, like those of all text files of a project. A
// file's name is written as it is, also where a spreadsheet would take it for a
// formula: what is changed no longer names the file.

// twin is what metrics.json holds: the whole evaluation but for single predictions,
// which have a table of their own, and pictures. The shallower fields hide those of
// the evaluation, so that whatever an evaluation comes to state is here, too.
type twin struct {
	Name       string `json:"name"`
	Network    string `json:"network"`
	Parameters int    `json:"parameters"`
	// Trained is how many of the parameters train in the first epoch.
	Trained       int     `json:"trained_parameters"`
	Epochs        int     `json:"epochs"`
	Kept          int     `json:"kept_epoch"`
	IntervalLevel float64 `json:"interval_level"`
	*evaluate.Evaluation
	Predictions *struct{}          `json:"predictions,omitempty"`
	Photos      *struct{}          `json:"photos,omitempty"`
	Series      []Series           `json:"series,omitempty"`
	OutOfFold   map[string]float64 `json:"out_of_fold,omitempty"`
	Leakage     *Leakage           `json:"leakage,omitempty"`
	Sweep       *Sweep             `json:"sweep,omitempty"`
}

// metrics writes metrics.json.
func metrics(d Document) ([]byte, error) {
	t := twin{
		Name: d.Name, Network: d.Network, Parameters: d.Parameters, Trained: d.Trained, Epochs: len(d.History),
		IntervalLevel: evaluate.Level, Evaluation: d.Evaluation, Series: d.Series, Leakage: d.Leakage, Sweep: d.Sweep,
	}
	if t.Trained == 0 {
		t.Trained = d.Parameters
	}
	for _, h := range d.History {
		if h.Kept {
			t.Kept = h.Epoch
		}
	}
	if d.Folds != nil {
		t.OutOfFold = d.Folds.Figures
	}
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	if err := e.Encode(t); err != nil {
		return nil, err
	}
	return layout(bytes.TrimSpace(data.Bytes()))
}

// images are the members of an evaluation's JSON that hold bytes, pixels above all: nobody
// reads them as text.
var images = byteMembers(reflect.TypeFor[evaluate.Evaluation](), map[reflect.Type]bool{})

// byteMembers returns the names under which a type, or what it holds, has bytes.
func byteMembers(t reflect.Type, seen map[reflect.Type]bool) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return byteMembers(t.Elem(), seen)
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[[]byte]() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		} else {
			names = append(names, byteMembers(f.Type, seen)...)
		}
	}
	return names
}

// layout sets JSON so that people can read it and git can compare it: a member a
// line, lists of numbers and texts on one. Images are left out.
func layout(data []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := set(&out, data, ""); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// set writes one value at an indentation.
func set(out *bytes.Buffer, data json.RawMessage, indent string) error {
	deeper := indent + "  "
	switch data[0] {
	case '{':
		names, values, err := members(data)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			out.WriteString("{}")
			return nil
		}
		out.WriteString("{")
		for i, name := range names {
			fmt.Fprintf(out, "%s\n%s%s: ", strings.Repeat(",", min(i, 1)), deeper, name)
			if err := set(out, values[i], deeper); err != nil {
				return err
			}
		}
		out.WriteString("\n" + indent + "}")
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(data, &items); err != nil {
			return err
		}
		flat := !slices.ContainsFunc(items, func(item json.RawMessage) bool { return item[0] == '[' || item[0] == '{' })
		before, after := "\n"+deeper, "\n"+indent
		if flat {
			before, after = " ", ""
		}
		out.WriteString("[")
		for i, item := range items {
			if i > 0 {
				out.WriteString("," + before)
			} else if !flat {
				out.WriteString(before)
			}
			if err := set(out, item, deeper); err != nil {
				return err
			}
		}
		out.WriteString(after + "]")
	default:
		out.Write(data)
	}
	return nil
}

// members returns the names, as JSON, and the values of an object, in its order and
// without images.
func members(object []byte) (names []string, values []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		name := token.(string) // a name, where an object is valid
		if slices.Contains(images, name) && value[0] == '"' {
			continue
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, nil, err
		}
		names, values = append(names, string(quoted)), append(values, value)
	}
	return names, values, nil
}

// exact writes a number with the fewest digits that bring back its bits.
func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// commas writes a table as comma-separated values.
func commas(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	err := csv.NewWriter(&b).WriteAll(rows)
	return b.Bytes(), err
}

// history writes history.csv, an epoch a row.
func history(d Document) ([]byte, error) {
	header := []string{"epoch", "learning_rate", "train_loss"}
	figures := []func(Epoch) float64{func(h Epoch) float64 { return h.TrainLoss }}
	add := func(name string, figure func(Epoch) float64) {
		header, figures = append(header, name), append(figures, figure)
	}
	if d.validated() {
		add("validation_loss", func(h Epoch) float64 { return h.ValidationLoss })
		if d.classifies() {
			add("validation_accuracy", func(h Epoch) float64 { return h.ValidationAccuracy })
			add("validation_macro_f1", func(h Epoch) float64 { return h.ValidationMacroF1 })
		} else {
			add("validation_rmse", func(h Epoch) float64 { return h.ValidationRMSE })
		}
	}
	rows := [][]string{append(header, "kept")}
	for _, h := range d.History {
		rate := h.Rate
		if rate == 0 { // no schedule changes it
			rate = d.Rate
		}
		row := []string{strconv.Itoa(h.Epoch), exact(rate)}
		for _, figure := range figures {
			row = append(row, exact(figure(h)))
		}
		rows = append(rows, append(row, strconv.FormatBool(h.Kept)))
	}
	return commas(rows)
}

// predictions writes predictions.csv: the photos of the parts that the network was
// not trained on.
func predictions(d Document) ([]byte, error) {
	var held []evaluate.Prediction
	for _, p := range d.Evaluation.Predictions {
		if p.Part != evaluate.Train {
			held = append(held, p)
		}
	}
	return Predictions(d.Evaluation.Classes, held)
}

// Predictions writes predictions as comma-separated values, a photo a row in the order
// of the table: file, group, part, true and predicted; of a regression the error,
// predicted less true in the target's unit; of a classification, whose classes are
// given, the probability of the predicted class and whether it is right.
func Predictions(classes []string, predictions []evaluate.Prediction) ([]byte, error) {
	header := []string{"file", "group", "part", "true", "predicted"}
	judged := func(p evaluate.Prediction) []string {
		return []string{exact(p.True), exact(p.Predicted), exact(p.Predicted - p.True)}
	}
	if classes == nil {
		header = append(header, "error")
	} else {
		header = append(header, "probability", "right")
		judged = func(p evaluate.Prediction) []string {
			return []string{classes[int(p.True)], classes[int(p.Predicted)], exact(p.Probability), strconv.FormatBool(p.True == p.Predicted)}
		}
	}
	rows := [][]string{header}
	for _, p := range predictions {
		rows = append(rows, append([]string{p.Image, p.Group, p.Part}, judged(p)...))
	}
	return commas(rows)
}

// programs says where the figures are for programs.
func programs(m *markdown, d Document) {
	var links []string
	for _, t := range twins {
		links = append(links, fmt.Sprintf("[%s](%s)", t.file, t.file))
	}
	m.say(d.t("For programs: %s.", strings.Join(links, ", ")))
}
