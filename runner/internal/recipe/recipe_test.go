package recipe

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// short is a recipe that leaves out everything that has a default.
const short = `data:
  table: labels.csv
  image: photo
  target: mass
split:
  seed: 7
network:
  backbone: resnet18
`

// listed is one without a table.
const listed = `task: classification
data:
  folders: images
split: {seed: 7}
network: {backbone: resnet18}
`

func parse(t *testing.T, text string, o Options) *Loaded {
	t.Helper()
	l, err := Parse("plants.yaml", []byte(text), nil, o)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	if len(o.Set)+len(o.Env) == 0 {
		wantSchema(t, text, true)
	}
	wantSchema(t, string(l.Canonical), true)
	return l
}

// problems returns the lines that loading the text gives.
func problems(t *testing.T, text string, o Options) []string {
	t.Helper()
	_, err := Parse("plants.yaml", []byte(text), nil, o)
	if err == nil {
		return nil
	}
	var list Problems
	if !errors.As(err, &list) {
		t.Fatalf("not Problems: %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(o.Set)+len(o.Env) == 0 && slices.ContainsFunc(lines, seenBySchema.MatchString) {
		wantSchema(t, text, false)
	}
	return lines
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestDefaults(t *testing.T) {
	l := parse(t, short, Options{})
	want := defaults(Regression)
	want.Name = "plants"
	want.Data.Root, want.Data.Table, want.Data.Image, want.Data.Target = "data/plants", "labels.csv", "photo", "mass"
	want.Split.Seed = 7
	want.Network.Backbone = "resnet18"
	if !reflect.DeepEqual(l.Recipe, want) {
		t.Errorf("got  %+v\nwant %+v", l.Recipe, want)
	}
	if string(l.Section("train")) != "{}\n" || string(l.Section("split")) != "seed: 7\n" {
		t.Errorf("sections: %q, %q", l.Section("train"), l.Section("split"))
	}
}

// TestListed: without a table the columns have names, which are no part of the
// canonical form, and the form loads again.
func TestListed(t *testing.T) {
	for _, text := range []string{
		listed,
		strings.Replace(listed, "{seed: 7}", "{by: given, validation: 0}\ntrain: {keep: last}", 1),
		strings.Replace(listed, "{seed: 7}", "{by: given, validation: 0}", 1),
	} {
		if strings.Contains(text, "given") {
			text = strings.Replace(text, "folders: images", "parts: {train: {idx: {images: a.gz, labels: b.gz}}, validation: {idx: {images: c, labels: d}}}", 1)
		}
		l := parse(t, text, Options{})
		if l.Data.Image != "image" || l.Data.Target != "class" || !l.Data.Listed() {
			t.Errorf("%+v", l.Data)
		}
		for _, key := range []string{"table", "image:", "target", "seed: 0"} {
			if strings.Contains(string(l.Canonical), key) {
				t.Errorf("%s is part of\n%s", key, l.Canonical)
			}
		}
		if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest {
			t.Errorf("got\n%s\nwant\n%s", again.Canonical, l.Canonical)
		}
	}
}

func TestBadRecipes(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{
			"plants.yaml: data.image: is required; write the column that names the picture file",
			"plants.yaml: data.table: is required; write the table of labels, e.g. labels.xlsx; or folders, or parts",
			"plants.yaml: data.target: is required; write the column to predict",
			"plants.yaml: network.backbone: is required; write e.g. resnet18, or layers with network.layers",
			"plants.yaml: split.seed: is required; write any whole number; another one gives another split",
		}},
		{"missing key is reported at its section", strings.Replace(short, "  image: photo\n", "", 1), []string{
			"plants.yaml:1: data.image: is required; write the column that names the picture file",
		}},
		{"tab", "data:\n\ttable: a\n", []string{
			"plants.yaml:2: not YAML: found character that cannot start any token; there is a tab: YAML is indented with spaces",
		}},
		{"letters of Windows", "name: a\ndata:\n  table: Gr\xf6\xdfe.csv\n", []string{
			"plants.yaml:3: not YAML: invalid trailing UTF-8 octet; save the file as UTF-8",
		}},
		{"colon", "name: a\ndata:\n  table: a: b\n", []string{
			"plants.yaml:3: not YAML: mapping values are not allowed in this context; look whether it is indented as the lines around it; a text with a colon stands in quotes",
		}},
		{"indentation", "data:\n  table: a\n image: b\n", []string{
			"plants.yaml:3: not YAML: did not find expected key; look whether it is indented as the lines around it",
		}},
		{"end of file", "name: [a\n", []string{
			"plants.yaml:2: not YAML: did not find expected ',' or ']'",
		}},
		{"syntax", "data:\n  table: [a\nsplit: 3\n", []string{
			"plants.yaml:2: not YAML: did not find expected ',' or ']'",
		}},
		{"no map", "- a\n", []string{
			"plants.yaml:1: a recipe is a map of keys, not a list; see runner init",
		}},
		{"two documents", short + "---\n" + short, []string{
			"plants.yaml:9: a second YAML document starts here; write one recipe a file; extends joins recipes",
		}},
		{"unknown keys, all at once", short + "train:\n  epocs: 3\n  bach: 4\n  zzz: 1\nreprot: {}\n", []string{
			`plants.yaml:10: train.epocs: unknown key; did you mean "epochs"?`,
			`plants.yaml:11: train.bach: unknown key; did you mean "batch"?`,
			`plants.yaml:12: train.zzz: unknown key; here can stand: seed, epochs, batch, last_batch, loss, optimizer, schedule, backbone_factor, sampler, accumulate, clip, average, stop, keep, repeat`,
			`plants.yaml:13: reprot: unknown key; did you mean "report"?`,
		}},
		{"keys of other programs, and of other sections", short + "train:\n  batch_size: 4\n  num_epochs: 3\n  lr: 0.1\n  patience: 3\n  image_size: 64\n  optimizer: {adam: {learning_rate: 1}}\nmodel: resnet18\nepochs: 3\n", []string{
			`plants.yaml:10: train.batch_size: unknown key; did you mean "batch"?`,
			`plants.yaml:11: train.num_epochs: unknown key; did you mean "epochs"?`,
			`plants.yaml:12: train.lr: unknown key; did you mean train.optimizer.adam.rate, train.optimizer.adamw.rate, train.optimizer.rmsprop.rate or train.optimizer.sgd.rate?`,
			`plants.yaml:13: train.patience: unknown key; did you mean train.schedule.plateau.patience or train.stop.patience?`,
			`plants.yaml:14: train.image_size: unknown key; did you mean data.image or picture.size?`,
			`plants.yaml:15: train.optimizer.adam.learning_rate: unknown key; did you mean "rate"?`,
			`plants.yaml:16: model: unknown key; did you mean network.backbone?`,
			`plants.yaml:17: epochs: unknown key; did you mean train.epochs?`,
		}},
		{"decimal commas and percent", short + "train:\n  optimizer: {adam: {rate: 0,001}}\n  clip: 0,5\n  average: 90%\n", []string{
			`plants.yaml:10: train.optimizer.adam.rate: must be above 0, not 0`,
			`plants.yaml:10: train.optimizer.adam: a key is a word, not the number 1; decimals have a point, as in 0.001, and texts with a comma stand in quotes`,
			`plants.yaml:11: train.clip: must be a number, not the text "0,5"; write 0.5: decimals have a point`,
			`plants.yaml:12: train.average: must be a number, not the text "90%"; write a share of 1, e.g. 0.8 for 80 %`,
		}},
		{"dotted key", short + "train.epochs: 3\n", []string{
			`plants.yaml:9: "train.epochs": unknown key; write sections below one another, with indentation`,
		}},
		{"wrong types", short + "train: {epochs: many, batch: 2.5, seed: -1, keep: [best], loss: 3}\npicture: 224\nclean: missing_target\ntransform: {augment: [{rotate: far}]}\n", []string{
			`plants.yaml:9: train.epochs: must be a whole number, not the text "many"`,
			`plants.yaml:9: train.batch: must be a whole number, not the number 2.5`,
			`plants.yaml:9: train.seed: must be a whole number, 0 or more, not the number -1`,
			`plants.yaml:9: train.keep: must be best or last, not a list`,
			`plants.yaml:9: train.loss: must be mse, mae, huber or cross_entropy, not the number 3`,
			`plants.yaml:10: picture: must be a map of keys, not the number 224`,
			`plants.yaml:11: clean: must be a list, not the text "missing_target"; write [missing_target]`,
			`plants.yaml:12: transform.augment[0].rotate: must be a number, not the text "far"`,
		}},
		{"texts", strings.Replace(short, "photo", `"a\tb"`, 1) + "name: 5\nversion: true\n", []string{
			`plants.yaml:3: data.image: "a\tb" has control characters`,
			`plants.yaml:9: name: must be a text, not the number 5`,
			`plants.yaml:10: version: must be a whole number, not the truth value true`,
		}},
		{"no value", short + "train:\npicture:\n  size: ~\n", []string{
			"plants.yaml:9: train: has no value; write one, or take the key out for its default",
			"plants.yaml:11: picture.size: has no value; write one, or take the key out for its default",
		}},
		{"twice", short + "train: {}\npicture: {size: 4}\ntrain: {}\n", []string{
			"plants.yaml:10: picture.size: must be from 8 to 1024, not 4",
			"plants.yaml:11: train: is written twice; the first is on line 9",
		}},
		{"keys that are no words", short + "1: a\n[a]: b\n", []string{
			"plants.yaml:9: a key is a word, not the number 1",
			"plants.yaml:10: a key is a word, not a list",
		}},
		{"merge key", short + "train: &t {epochs: 3}\nreport: {<<: *t}\n", []string{
			"plants.yaml:10: report: << is not part of the recipe language; use extends, or write the keys out",
		}},
		{"words", short + "transform: {normalize: imagnet, target: log}\npicture: {resize: bicubic}\ntrain: {last_batch: keeep}\n", []string{
			`plants.yaml:9: transform.normalize: must be imagenet, dataset or none, not "imagnet"; did you mean "imagenet"?`,
			`plants.yaml:9: transform.target: must be none, log1p or standardize, not "log"; did you mean "log1p"?`,
			`plants.yaml:10: picture.resize: must be bilinear, not "bicubic"`,
			`plants.yaml:11: train.last_batch: must be keep, drop or merge, not "keeep"; did you mean "keep"?`,
		}},
		{"numbers", short + "version: 2\ntrain: {epochs: 0, batch: 1, optimizer: {adam: {rate: -1, beta1: 1, beta2: .inf, epsilon: 0, weight_decay: -1}}}\n", []string{
			"plants.yaml:9: version: must be 1, not 2",
			"plants.yaml:10: train.epochs: must be from 1 to 1000000, not 0",
			"plants.yaml:10: train.batch: must be 2 or more: the network has a batch norm",
			"plants.yaml:10: train.optimizer.adam.rate: must be above 0, not -1",
			"plants.yaml:10: train.optimizer.adam.beta1: must be from 0 to below 1, not 1",
			"plants.yaml:10: train.optimizer.adam.beta2: must be a finite number",
			"plants.yaml:10: train.optimizer.adam.epsilon: must be above 0, not 0",
			"plants.yaml:10: train.optimizer.adam.weight_decay: must be 0 or more, not -1",
		}},
		{"numbers of the other optimizers", short + "train:\n  clip: -1\n  optimizer: {adamw: {rate: 0, beta1: -0.1, weight_decay: -1}}\n", []string{
			"plants.yaml:10: train.clip: must be 0 or more, not -1",
			"plants.yaml:11: train.optimizer.adamw.rate: must be above 0, not 0",
			"plants.yaml:11: train.optimizer.adamw.beta1: must be from 0 to below 1, not -0.1",
			"plants.yaml:11: train.optimizer.adamw.weight_decay: must be 0 or more, not -1",
		}},
		{"rmsprop", short + "train: {optimizer: {rmsprop: {rate: -1, alpha: 1, epsilon: 0, momentum: 2, centred: yes, centered: 1, weight_decay: -1}}}\n", []string{
			"plants.yaml:9: train.optimizer.rmsprop.rate: must be above 0, not -1",
			"plants.yaml:9: train.optimizer.rmsprop.alpha: must be from 0 to below 1, not 1",
			"plants.yaml:9: train.optimizer.rmsprop.epsilon: must be above 0, not 0",
			"plants.yaml:9: train.optimizer.rmsprop.momentum: must be from 0 to below 1, not 2",
			`plants.yaml:9: train.optimizer.rmsprop.centred: unknown key; did you mean "centered"?`,
			"plants.yaml:9: train.optimizer.rmsprop.centered: must be true or false, not the number 1",
			"plants.yaml:9: train.optimizer.rmsprop.weight_decay: must be 0 or more, not -1",
		}},
		{"loss of another task", short + "train: {loss: cross_entropy}\n", []string{
			"plants.yaml:9: train.loss: cross_entropy is the loss of a classification; write task: classification, or mse, mae or huber here",
		}},
		{"loss of a regression", short + "task: classification\ntrain: {loss: huber}\ntransform: {target: log1p}\n", []string{
			"plants.yaml:10: train.loss: huber is a loss of a regression; write cross_entropy, or leave the key out",
			"plants.yaml:11: transform.target: log1p is for numbers, and this target is a class; write none, or take the key out",
		}},
		{"unknown task", short + "task: classifcation\ntrain: {loss: cross_entropy}\n", []string{
			`plants.yaml:9: task: must be regression or classification, not "classifcation"; did you mean "classification"?`,
		}},
		{"cross entropy", short + "task: classification\ntrain: {loss: {cross_entropy: {class_weights: [1, 0], label_smoothing: 1, label_smooth: 1}}}\n", []string{
			"plants.yaml:10: train.loss.cross_entropy.class_weights[1]: must be above 0, not 0",
			"plants.yaml:10: train.loss.cross_entropy.label_smoothing: must be from 0 to below 1, not 1",
			`plants.yaml:10: train.loss.cross_entropy.label_smooth: unknown key; did you mean "label_smoothing"?`,
		}},
		{"class weights", short + "task: classification\ntrain:\n  loss:\n    cross_entropy:\n      class_weights: balance\n", []string{
			`plants.yaml:13: train.loss.cross_entropy.class_weights: must be none or balanced, not "balance"; did you mean "balanced"?`,
		}},
		{"no class weights", short + "task: classification\ntrain: {loss: {cross_entropy: {class_weights: []}}}\n", []string{
			"plants.yaml:10: train.loss.cross_entropy.class_weights: is empty; write one number a class, balanced or none",
		}},
		{"a loss without options", short + "train: {loss: {huber: {delta: 2}}}\n", []string{
			"plants.yaml:9: train.loss: huber has no options; write it as a word",
		}},
		{"optimizers", short + "train: {optimizer: {adam: {}, sgd: {}}}\n", []string{
			`plants.yaml:9: train.optimizer: must have one key, adam, adamw, sgd or rmsprop; not "adam" and "sgd"`,
		}},
		{"sgd", short + "train:\n  optimizer:\n    sgd:\n      nesterov: true\n      momentun: 0.9\n", []string{
			"plants.yaml:12: train.optimizer.sgd.nesterov: needs momentum above 0",
			`plants.yaml:13: train.optimizer.sgd.momentun: unknown key; did you mean "momentum"?`,
		}},
		{"optimizer misspelled", short + "train: {optimizer: {adm: {}}}\n", []string{
			`plants.yaml:9: train.optimizer: must have one key, adam, adamw, sgd or rmsprop; not "adm"; did you mean "adam"?`,
		}},
		{"schedules", short + "train:\n  schedule: {step: {every: -1, at: [3, 3], factor: 0}}\n", []string{
			"plants.yaml:10: train.schedule.step.every: must be 0 or more, not -1",
			"plants.yaml:10: train.schedule.step.at[1]: must be above 3, not 3",
			"plants.yaml:10: train.schedule.step.factor: must be above 0, not 0",
		}},
		{"schedule of cosine", short + "train: {epochs: 5, schedule: {cosine: {warmup: 5, floor: -1, warmpu: 2}}}\n", []string{
			"plants.yaml:9: train.schedule.cosine.warmup: must be from 0 to below the 5 epochs, not 5",
			"plants.yaml:9: train.schedule.cosine.floor: must be 0 or more, not -1",
			`plants.yaml:9: train.schedule.cosine.warmpu: unknown key; did you mean "warmup"?`,
		}},
		{"schedule of one cycle", short + "train: {schedule: {one_cycle: {rise: 1, start_divisor: 0, end_divisor: 0}}}\n", []string{
			"plants.yaml:9: train.schedule.one_cycle.rise: must be from 0 to below 1, not 1",
			"plants.yaml:9: train.schedule.one_cycle.start_divisor: must be above 0, not 0",
			"plants.yaml:9: train.schedule.one_cycle.end_divisor: must be above 0, not 0",
		}},
		{"schedule of a plateau", short + "train: {schedule: {plateau: {patience: -1, factor: 1, threshold: 1, cooldown: -1, floor: -1}}}\n", []string{
			"plants.yaml:9: train.schedule.plateau.patience: must be 0 or more, not -1",
			"plants.yaml:9: train.schedule.plateau.factor: must be between 0 and 1, not 1",
			"plants.yaml:9: train.schedule.plateau.threshold: must be from 0 to below 1, not 1",
			"plants.yaml:9: train.schedule.plateau.cooldown: must be 0 or more, not -1",
			"plants.yaml:9: train.schedule.plateau.floor: must be 0 or more, not -1",
		}},
		{"a plateau of nothing", strings.Replace(short, "seed: 7", "seed: 7\n  train: 0.8\n  validation: 0\n  test: 0.2", 1) + "train: {keep: last, schedule: plateau}\n", []string{
			"plants.yaml:12: train.schedule: plateau looks at the validation loss, and validation has no rows; write another schedule, or give validation a part",
		}},
		{"schedule misspelled", short + "train: {schedule: cosin}\n", []string{
			`plants.yaml:9: train.schedule: must be constant, step, cosine, one_cycle or plateau, not "cosin"; did you mean "cosine"?`,
		}},
		{"constant schedule", short + "train: {schedule: {constant: {rate: 1}}}\n", []string{
			"plants.yaml:9: train.schedule: constant has no options; write it as a word",
		}},
		{"stop and more", short + "train:\n  sampler: weighted\n  accumulate: 0\n  average: 1\n  stop: {patience: -1, on: validation_accuracy}\n", []string{
			`plants.yaml:10: train.sampler: must be shuffle or balanced, not "weighted"`,
			"plants.yaml:11: train.accumulate: must be from 1 to 65536, not 0",
			"plants.yaml:12: train.average: must be from 0 to below 1, not 1",
			"plants.yaml:13: train.stop.patience: must be 0 or more, not -1",
			"plants.yaml:13: train.stop.on: validation_accuracy is measured of a classification; write validation_loss or validation_rmse",
		}},
		{"stop of classes", short + "task: classification\ntrain: {stop: {patience: 3, on: validation_rmse, after: 2}}\n", []string{
			"plants.yaml:10: train.stop.on: validation_rmse is measured of a regression; write validation_loss, validation_accuracy or validation_macro_f1",
			"plants.yaml:10: train.stop.after: unknown key; here can stand: patience, on",
		}},
		{"stop on nothing", strings.Replace(short, "seed: 7", "seed: 7\n  train: 0.8\n  validation: 0\n  test: 0.2", 1) + "train: {keep: last, stop: {patience: 3}}\n", []string{
			"plants.yaml:12: train.stop: looks at validation, which has no rows; take it out, or give validation a part",
		}},
		{"fractions", strings.Replace(short, "seed: 7", "seed: 7\n  train: 0.8", 1), []string{
			"plants.yaml:5: split: train, validation and test must sum to 1; 0.8 + 0.15 + 0.15 = 1.1",
		}},
		{"fraction out of range", strings.Replace(short, "seed: 7", "seed: 7\n  train: 1.5\n  validation: -0.5\n  test: 0", 1), []string{
			"plants.yaml:7: split.train: must be from 0 to 1, not 1.5",
			"plants.yaml:8: split.validation: must be from 0 to 1, not -0.5",
		}},
		{"nothing to train on", strings.Replace(short, "seed: 7", "seed: 7\n  train: 0\n  validation: 0\n  test: 1", 1), []string{
			"plants.yaml:7: split.train: must be above 0: there would be nothing to train on",
		}},
		{"nothing to choose on", strings.Replace(short, "seed: 7", "seed: 7\n  train: 0.8\n  validation: 0\n  test: 0.2", 1) + "train: {epochs: 3}\n", []string{
			"plants.yaml:12: train.keep: best is chosen on validation, which has no rows; write keep: last, or give validation a part",
		}},
		{"nothing to measure on", strings.Replace(short, "seed: 7", "seed: 7\n  train: 1\n  validation: 0\n  test: 0", 1), []string{
			"plants.yaml:8: split.validation: cannot be 0 when test is: there would be nothing to measure on",
		}},
		{"by group", strings.Replace(short, "seed: 7", "seed: 7\n  by: group", 1), []string{
			"plants.yaml:7: split.by: group needs data.group; write the columns that together name one individual",
		}},
		{"by column", strings.Replace(short, "seed: 7", "by: column\n  parts: {train: a, validation: a, test: ''}", 1), []string{
			"plants.yaml:6: split.by: column needs split.column; write the column that holds each row's part",
			`plants.yaml:7: split.parts.validation: "a" is the value of train too`,
		}},
		{"mix", short + "transform: {mix: cutmix}\ntrain: {batch: 1}\n", []string{
			"plants.yaml:9: transform.mix: cutmix has no value; write {cutmix: NUMBER}",
			"plants.yaml:10: train.batch: must be 2 or more: the network has a batch norm",
		}},
		{"mix of nothing", short + "transform: {mix: {mixup: 0}}\n", []string{
			"plants.yaml:9: transform.mix.mixup: must be above 0, at most 1000, not 0",
		}},
		{"two mixes", short + "transform: {mix: {mixup: 0.2, cutmix: 1}}\n", []string{
			`plants.yaml:9: transform.mix: must have one key, none, mixup or cutmix; not "cutmix" and "mixup"`,
		}},
		{"mix of one", strings.Replace(short, "resnet18", "vgg16", 1) + "transform: {mix: {mixup: 1}}\ntrain: {batch: 1}\n", []string{
			"plants.yaml:9: transform.mix: mixes the pictures of a batch, and train.batch is 1; write a larger batch, or none here",
		}},
		{"by time", strings.Replace(short, "seed: 7", "by: time", 1), []string{
			"plants.yaml:6: split.by: time needs split.column; write the column that holds each row's date or number",
		}},
		{"by stratified group", strings.Replace(short, "seed: 7", "seed: 7\n  by: stratified_group", 1), []string{
			"plants.yaml:7: split.by: stratified_group needs data.group; write the columns that together name one individual",
		}},
		{"only a column needs no seed", strings.Replace(short, "seed: 7", "by: random\n  column: part", 1), []string{
			"plants.yaml:5: split.seed: is required; write any whole number; another one gives another split",
		}},
		{"paths", strings.Replace(short, "labels.csv", `../labels.txt`, 1) + "name: Über\n", []string{
			`plants.yaml:2: data.table: "../labels.txt" leaves data.root; write it relative to data.root, with slashes`,
			`plants.yaml:9: name: "Über" cannot name the lock and the report; write name: with a-z, 0-9, _ and -, at most 100 letters`,
		}},
		{"table", strings.Replace(short, "labels.csv", "labels.ods\n  sheet: a\n  images: 'C:\\a'", 1), []string{
			`plants.yaml:2: data.table: must be a file .xlsx, .csv or .tsv, not "labels.ods"`,
			`plants.yaml:3: data.sheet: only an .xlsx has sheets`,
			`plants.yaml:4: data.images: "C:\\a" leaves data.root; write it relative to data.root, with slashes`,
		}},
		{"text files", strings.Replace(short, "labels.csv", "labels.csv\n  header: 0\n  csv: {encoding: latin1, separator: ';', quote: single, decimal: komma}", 1), []string{
			"plants.yaml:3: data.header: must be from 1 to 1000000, not 0",
			`plants.yaml:4: data.csv.encoding: must be auto, utf-8, utf-16 or windows-1252, not "latin1"`,
			`plants.yaml:4: data.csv.separator: must be auto, comma, semicolon, tab or pipe, not ";"`,
			`plants.yaml:4: data.csv.decimal: must be auto, point or comma, not "komma"; did you mean "comma"?`,
		}},
		{"no text file", strings.Replace(short, "labels.csv", "labels.xlsx\n  csv: {decimal: comma}", 1), []string{
			"plants.yaml:3: data.csv: is for a .csv or .tsv, not an .xlsx; take it out",
		}},
		{"lists", strings.Replace(short, "photo", "photo\n  group: [a, b, a]\n  missing: [x, [y]]", 1) + "clean: [{drop: missing_image}, {drop: missing_image}, {}]\nreport: {plots: [fit, fit], against: [b, mass, b, '']}\n", []string{
			`plants.yaml:4: data.group[2]: "a" is there twice`,
			`plants.yaml:5: data.missing[1]: must be a text or a number, not a list`,
			`plants.yaml:11: clean[1]: missing_image is there twice`,
			`plants.yaml:11: clean[2].drop: is required; write e.g. drop: missing_target`,
			`plants.yaml:12: report.plots[1]: fit is there twice`,
			`plants.yaml:12: report.against[1]: "mass" is data.target itself; take it out`,
			`plants.yaml:12: report.against[2]: "b" is there twice`,
			`plants.yaml:12: report.against[3]: is empty; write a column`,
		}},
		{"rules", short + `clean:
  - {drop: {missing_image: 3}}
  - {drop: where}
  - {drop: {where: [a]}}
  - {drop: {where: "weight >"}}
  - {drop: {where: "len(weight) > 1"}}
  - {drop: {duplicate_image: {near: 0.5, nera: 1}}}
  - {drop: {duplicate_image: 0.98}}
  - {drop: {duplicate_image: {near: 0.98}}}
  - {drop: {duplicate_image: {near: 0.98}}}
  - {drop: {wheer: "a > 1"}}
  - {drop: duplicate_image, near: 0.98}
`, []string{
			"plants.yaml:10: clean[0].drop: missing_image has no options; write it as a word",
			`plants.yaml:11: clean[1].drop: where has no condition; write e.g. {where: "age_days > 60"}`,
			"plants.yaml:12: clean[2].drop.where: must be a text, not a list",
			"plants.yaml:13: clean[3].drop.where: character 8: it ends too early",
			`plants.yaml:14: clean[4].drop.where: character 1: there is no function len: there are missing(x) and column("name")`,
			`plants.yaml:15: clean[5].drop.duplicate_image.near: must be from 0.9 to 1, not 0.5`,
			`plants.yaml:15: clean[5].drop.duplicate_image.nera: unknown key; did you mean "near"?`,
			"plants.yaml:16: clean[6].drop.duplicate_image: must be a map of keys, not the number 0.98",
			"plants.yaml:18: clean[8]: duplicate_image near 0.98 is there twice",
			`plants.yaml:19: clean[9].drop: must have one key, missing_target, missing_image, unreadable_image, duplicate_image or where; not "wheer"; did you mean "where"?`,
			"plants.yaml:20: clean[10].near: unknown key; here can stand: drop",
		}},
		{"near", strings.Replace(short, "seed: 7", "seed: 7\n  near: 0.1", 1), []string{
			"plants.yaml:7: split.near: must be 0, or from 0.9 to 1, not 0.1",
		}},
		{"source plants", strings.Replace(short, "photo", "photo\n  source: {builtin: roses, plants: 0, sed: 1}", 1), []string{
			`plants.yaml:4: data.source.builtin: must be rosettes, not "roses"`,
			`plants.yaml:4: data.source.plants: must be from 1 to 100000, not 0`,
			`plants.yaml:4: data.source.sed: unknown key; did you mean "seed"?`,
		}},
		{"classes of a number", strings.Replace(short, "photo", "photo\n  classes: [a, b]", 1), []string{
			"plants.yaml:4: data.classes: is only for task: classification",
		}},
		{"classes", strings.Replace(short, "photo", "photo\n  classes: [a, 1, '1', ' ']", 1) + "task: classification\ntransform: {target: log1p}\n", []string{
			`plants.yaml:4: data.classes[2]: "1" is there twice`,
			"plants.yaml:4: data.classes[3]: is empty; write the name of a class",
			"plants.yaml:11: transform.target: log1p is for numbers, and this target is a class; write none, or take the key out",
		}},
		{"one class", strings.Replace(short, "photo", "photo\n  classes: [a]", 1) + "task: classification\n", []string{
			"plants.yaml:4: data.classes: names one class; there must be two or more",
		}},
		{"folders and parts", strings.Replace(listed, "folders: images", "folders: /images\n  parts: {test: {folders: Test}}\n  table: a.csv\n  sheet: b\n  images: c\n  missing: [x]\n  group: [d]\n  source: {builtin: rosettes}\n  header: 2\n  csv: {decimal: comma}", 1), []string{
			"plants.yaml:3: data.folders: is there beside data.parts; write one of them",
			"plants.yaml:5: data.table: is there beside data.parts; write one of them",
			"plants.yaml:6: data.sheet: only an .xlsx has sheets",
			"plants.yaml:7: data.images: cannot stand here: the pictures and their classes are in data.folders or data.parts; take it out",
			"plants.yaml:10: data.source: draws a table, and the pictures are in data.folders or data.parts; take it out",
		}},
		{"folders without a table", strings.Replace(listed, "folders: images", "folders: images\n  sheet: b\n  missing: [x]\n  group: [d]\n  header: 2\n  csv: {decimal: comma}\n  features: [e]\n  image: f", 1), []string{
			"plants.yaml:4: data.sheet: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:5: data.missing: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:6: data.group: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:7: data.header: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:8: data.csv: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:9: data.features: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:10: data.image: is only for a table, and the pictures are in data.folders or data.parts; take it out",
		}},
		{"a table beside folders", strings.Replace(listed, "folders: images", "folders: images\n  table: notes.doc\n  target: mass\n  features: [class, image]", 1), []string{
			`plants.yaml:4: data.table: must be a file .xlsx, .csv or .tsv, not "notes.doc"`,
			"plants.yaml:5: data.target: cannot stand here: the pictures and their classes are in data.folders or data.parts; take it out",
		}},
		{"parts", strings.Replace(listed, "folders: images", "parts: {validation: {folders: ../V, idx: {images: a}}, test: {idx: {labels: b}}, tets: {}}", 1), []string{
			"plants.yaml:3: data.parts.train: is required; write folders, or idx with images and labels",
			"plants.yaml:3: data.parts.validation: has folders and idx; write one of them",
			`plants.yaml:3: data.parts.validation.folders: "../V" leaves data.root; write it relative to data.root, with slashes`,
			"plants.yaml:3: data.parts.test.idx.images: is empty; write it relative to data.root, with slashes",
			`plants.yaml:3: data.parts.tets: unknown key; did you mean "test"?`,
		}},
		{"parts of two kinds", strings.Replace(listed, "folders: images", "parts: {train: {folders: a}, test: {idx: {images: b, labels: c}}}", 1), []string{
			"plants.yaml:3: data.parts.test: is of another kind than train; write folders for all parts, or idx",
		}},
		{"no parts are given", strings.Replace(listed, "{seed: 7}", "{by: given, seed: 1}", 1), []string{
			"plants.yaml:4: split.by: given needs data.parts; write where the pictures of each part are",
		}},
		{"nothing is cut for validation", strings.Replace(strings.Replace(listed, "{seed: 7}", "{by: given, validation: 0}", 1), "folders: images", "parts: {train: {folders: a}}", 1), []string{
			"plants.yaml:4: split.validation: cannot be 0 when data.parts has train alone: there would be nothing to measure on",
		}},
		{"all is cut for validation", strings.Replace(strings.Replace(listed, "{seed: 7}", "{by: given, validation: 1, seed: 1}", 1), "folders: images", "parts: {train: {folders: a}}", 1), []string{
			"plants.yaml:4: split.validation: must be below 1: it is cut from the training rows, and some must be left",
		}},
		{"a cut needs a seed", strings.Replace(strings.Replace(listed, "{seed: 7}", "{by: given}", 1), "folders: images", "parts: {train: {folders: a}}", 1), []string{
			"plants.yaml:4: split.seed: is required; write any whole number; another one gives another split",
		}},
		{"normalize", short + "transform:\n  normalize: {mean: [0, 0], std: [1, 0, 1], sd: 1}\n", []string{
			"plants.yaml:10: transform.normalize.mean: must be three numbers, red, green and blue, not 2",
			"plants.yaml:10: transform.normalize.std[1]: must be above 0, not 0",
			`plants.yaml:10: transform.normalize.sd: unknown key; did you mean "std"?`,
		}},
		{"gray as imagenet", short + "picture: {color: gray}\n", []string{
			"plants.yaml: transform.normalize: imagenet, the default, is for red, green and blue, and picture.color is gray; write dataset, none or e.g. {mean: [0.5], std: [0.5]}",
		}},
		{"weights", strings.Replace(short, "backbone: resnet18", `backbone: resnet20
  weights: imagenet
  freeze: stem
  frozen_norm: eval
  unfreeze: [{epoch: 1, layers: []}, {layers: ["a["]}]`, 1) + "train: {backbone_factor: 0}\n", []string{
			"plants.yaml:9: network.weights: imagenet is a file of torchvision, and resnet20 is none of its networks; write {file: NAME.safetensors}",
			`plants.yaml:10: network.freeze: must be all or a list, not the text "stem"; write [stem]`,
			`plants.yaml:11: network.frozen_norm: must be evaluation or training, not "eval"; did you mean "evaluation"?`,
			"plants.yaml:12: network.unfreeze[0].epoch: must be 2 or more, not 1",
			"plants.yaml:12: network.unfreeze[0].layers: is empty; write all, or a list of names of network.freeze",
			"plants.yaml:12: network.unfreeze[1].epoch: is required; write the first epoch in which they train, 2 or more",
			`plants.yaml:12: network.unfreeze[1].layers[0]: "a[" is no name and no pattern of one`,
			"plants.yaml:13: train.backbone_factor: must be above 0, not 0",
		}},
		{"a url of weights", strings.Replace(short, "backbone: resnet18", `backbone: resnet18
  weights: {url: "http://example.org/a.pth", sha256: AB}`, 1), []string{
			"plants.yaml:9: network.weights.url: must begin with https://",
			"plants.yaml:9: network.weights.sha256: must be 64 hexadecimal digits, in small letters",
		}},
		{"a sweep of weights", strings.Replace(short, "backbone: resnet18", `backbone: resnet18
  weights: imagenet
sweep:
  over:
    network.backbone: [resnet18, resnet34]`, 1), []string{
			"plants.yaml:11: sweep.over: tries several backbones, and network.weights is a file for one; write a recipe for each, or take network.weights out",
		}},
		{"a sweep over weights", strings.Replace(short, "backbone: resnet18", `backbone: resnet18
sweep:
  over:
    network.weights: [none, imagenet]`, 1), []string{
			"plants.yaml:11: sweep.over.\"network.weights\": cannot be swept; a lock names one file of weights: write a recipe for each, and compare them with runner diff",
		}},
		{"a url of weights alone", strings.Replace(short, "backbone: resnet18", `backbone: resnet18
  weights: {url: "https://example.org/a.pth"}`, 1), []string{
			"plants.yaml:9: network.weights.sha256: is required with url; runner lock --weights RECIPE fetches the file and writes it",
		}},
		{"a file of weights elsewhere", strings.Replace(short, "backbone: resnet18", `backbone: resnet18
  weights: {file: ../a.pth}
  unfreeze: [{epoch: 2, layers: all}]`, 1), []string{
			`plants.yaml:9: network.weights.file: "../a.pth" leaves the folder of weights; write it relative to the folder of weights, with slashes`,
			"plants.yaml:10: network.unfreeze: needs network.freeze: all of the network trains from the beginning",
		}},
		{"gray of three", short + "picture: {color: gray}\ntransform:\n  normalize: {mean: [0, 0, 0], std: []}\n", []string{
			"plants.yaml:11: transform.normalize.mean: must be one number, as picture.color is gray, not 3",
			"plants.yaml:11: transform.normalize.std: must be one number, as picture.color is gray, not 0",
		}},
		{"half a normalize", short + "transform:\n  normalize: {mean: [0, 0, 0]}\n", []string{
			"plants.yaml:10: transform.normalize.std: is required; write a number a channel: red, green and blue, or gray alone",
		}},
		{"augment", short + "transform:\n  augment:\n    - {horizontal_flip: 1.5}\n    - {rotate: 200}\n    - rotate\n    - {vertical_flip: 0.5, rotate: 3}\n    - {rotat: 3}\n", []string{
			"plants.yaml:11: transform.augment[0].horizontal_flip: must be from 0 to 1, not 1.5",
			"plants.yaml:12: transform.augment[1].rotate: must be from 0 to 180, not 200",
			"plants.yaml:13: transform.augment[2]: rotate has no value; write {rotate: NUMBER}",
			`plants.yaml:14: transform.augment[3]: must have one key, horizontal_flip, vertical_flip, rotate, color_jitter, resized_crop, affine, perspective or erase; not "rotate" and "vertical_flip"`,
			`plants.yaml:15: transform.augment[4]: must have one key, horizontal_flip, vertical_flip, rotate, color_jitter, resized_crop, affine, perspective or erase; not "rotat"; did you mean "rotate"?`,
		}},
		{"augment with options", short + "transform:\n  augment:\n    - {color_jitter: {brightness: -1, hue: 0.6}}\n    - color_jitter\n    - {resized_crop: {scale: [0, 1], ratio: [2, 1]}}\n" +
			"    - {resized_crop: {scale: 0.5, raito: [1, 2]}}\n    - {affine: {translate: 2, scale: [1], shear: 90}}\n    - affine\n    - {perspective: {distortion: 1, probability: 2}}\n    - {erase: 1.5}\n    - erase\n    - {affine: 3}\n", []string{
			"plants.yaml:11: transform.augment[0].color_jitter.brightness: must be 0 or more, not -1",
			"plants.yaml:11: transform.augment[0].color_jitter.hue: must be from 0 to 0.5, not 0.6",
			"plants.yaml:12: transform.augment[1].color_jitter: changes nothing; write brightness, contrast, saturation or hue, above 0",
			"plants.yaml:13: transform.augment[2].resized_crop.scale: must be two numbers, the smallest and the largest, from 0.001 to 1",
			"plants.yaml:13: transform.augment[2].resized_crop.ratio: must be two numbers, the smallest and the largest, from 0.01 to 100",
			"plants.yaml:14: transform.augment[3].resized_crop.scale: must be a list, not the number 0.5",
			`plants.yaml:14: transform.augment[3].resized_crop.raito: unknown key; did you mean "ratio"?`,
			"plants.yaml:15: transform.augment[4].affine.translate: must be from 0 to 1, not 2",
			"plants.yaml:15: transform.augment[4].affine.scale: must be two numbers, the smallest and the largest, from 0.1 to 10",
			"plants.yaml:15: transform.augment[4].affine.shear: must be from 0 to 80, not 90",
			"plants.yaml:16: transform.augment[5].affine: changes nothing; write translate, scale or shear",
			"plants.yaml:17: transform.augment[6].perspective.distortion: must be from 0 to below 1, not 1",
			"plants.yaml:17: transform.augment[6].perspective.probability: must be from 0 to 1, not 2",
			"plants.yaml:18: transform.augment[7].erase: must be from 0 to 1, not 1.5",
			"plants.yaml:19: transform.augment[8]: erase has no value; write {erase: NUMBER}",
			"plants.yaml:20: transform.augment[9].affine: must be a map of keys, not the number 3",
		}},
		{"layers are missing", strings.Replace(short, "resnet18", "layers", 1), []string{
			"plants.yaml:7: network.layers: is required with backbone: layers; write e.g. [flatten, {dense: 1}]",
		}},
		{"vgg16 of small pictures", strings.Replace(short, "resnet18", "vgg16\n  layers: [relu]\npicture: {size: 31}", 1), []string{
			"plants.yaml:9: network.layers: is only for backbone: layers, not vgg16",
			"plants.yaml:10: picture.size: must be 32 or more for vgg16, not 31",
		}},
		{"layers with resnet18", short + "  layers: [relu]\n", []string{
			"plants.yaml:9: network.layers: is only for backbone: layers, not resnet18",
		}},
		{"layers", strings.Replace(short, "resnet18", `layers
  layers:
    - {conv: 8}
    - {conv: 0, kernel: 3, padding: 3}
    - {conv: 8, kernel: 17, stride: 0, padding: -1}
    - conv
    - rulu
    - {con: 8}
    - {conv: 8, dense: 8}
    - {relu: 1}
    - {max_pool: 16}
    - {max_pool: 2, padding: 2}
    - {dropout: 1}
    - {dense: 4, kernel: 3}
    - {conv: 8, kernel: two}
    - dropout
    - 3
    - {conv: 8, kernel: 3, dilation: 0, groups: 3}
    - {conv: 8, kernel: 3, dilation: 2, groups: 0, padding: 5}
    - {adaptive_avg_pool: 16}
    - adaptive_avg_pool`, 1), []string{
			"plants.yaml:10: network.layers[0].kernel: is required; write the height and width of the window, e.g. kernel: 3",
			"plants.yaml:11: network.layers[1].conv: must be from 1 to 65536, not 0",
			"plants.yaml:11: network.layers[1].padding: must be below the kernel of 3, not 3",
			"plants.yaml:12: network.layers[2].kernel: must be from 1 to 15, not 17",
			"plants.yaml:12: network.layers[2].stride: must be from 1 to 15, not 0",
			"plants.yaml:12: network.layers[2].padding: must be 0 or more, not -1",
			"plants.yaml:13: network.layers[3]: conv has no value; write {conv: NUMBER, kernel: NUMBER}",
			`plants.yaml:14: network.layers[4]: must be conv, dense, batch_norm, relu, relu6, hardswish, hardsigmoid, silu, sigmoid, gelu, max_pool, avg_pool, global_avg_pool, adaptive_avg_pool, flatten or dropout, not "rulu"; did you mean "relu"?`,
			`plants.yaml:15: network.layers[5]: names no layer: "con"; a layer is conv, dense, batch_norm, relu, relu6, hardswish, hardsigmoid, silu, sigmoid, gelu, max_pool, avg_pool, global_avg_pool, adaptive_avg_pool, flatten or dropout; did you mean "conv"?`,
			"plants.yaml:16: network.layers[6]: is conv and dense; write one layer an item",
			"plants.yaml:17: network.layers[7]: relu has no options; write it as a word",
			"plants.yaml:18: network.layers[8].max_pool: must be from 1 to 15, not 16",
			"plants.yaml:19: network.layers[9].padding: must be at most half the window of 2, not 2",
			"plants.yaml:20: network.layers[10].dropout: must be from 0 to below 1, not 1",
			"plants.yaml:21: network.layers[11].kernel: unknown key; here can stand: bias",
			`plants.yaml:22: network.layers[12].kernel: must be a whole number, not the text "two"`,
			"plants.yaml:23: network.layers[13]: dropout has no value; write {dropout: NUMBER}",
			"plants.yaml:24: network.layers[14]: must be conv, dense, batch_norm, relu, relu6, hardswish, hardsigmoid, silu, sigmoid, gelu, max_pool, avg_pool, global_avg_pool, adaptive_avg_pool, flatten or dropout, not the number 3",
			"plants.yaml:25: network.layers[15].dilation: must be from 1 to 15, not 0",
			"plants.yaml:25: network.layers[15].groups: must divide the 8 output channels evenly, not 3",
			"plants.yaml:26: network.layers[16].groups: must be from 1 to 65536, not 0",
			"plants.yaml:26: network.layers[16].padding: must be below the kernel of 5, not 5",
			"plants.yaml:27: network.layers[17].adaptive_avg_pool: must be from 1 to 15, not 16",
			"plants.yaml:28: network.layers[18]: adaptive_avg_pool has no value; write {adaptive_avg_pool: NUMBER}",
		}},
		{"alias bomb", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", []string{
			"plants.yaml:1: is too large: more than 10000 values, or nested more than 32 deep",
		}},
		{"octal", strings.Replace(short, "7", "007", 1), []string{
			"plants.yaml:6: split.seed: 007 would be read as an octal number; take the leading 0 away, or write a text in quotes",
		}},
		{"folders in place of a table", strings.Replace(short, "table: labels.csv", "folders: images", 1), []string{
			"plants.yaml:3: data.image: is only for a table, and the pictures are in data.folders or data.parts; take it out",
			"plants.yaml:4: data.target: cannot stand here: the pictures and their classes are in data.folders or data.parts; take it out",
			"plants.yaml: task: must be classification: data.folders and data.parts say classes, not numbers",
		}},
		{"deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), []string{
			"plants.yaml:1: is too large: more than 10000 values, or nested more than 32 deep",
		}},
		{"long", "#" + strings.Repeat("x", MaxBytes), []string{
			"plants.yaml:1: has 1048577 bytes; a recipe has at most 1048576",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problems(t, test.text, Options{})
			expect(t, got, test.want...)
		})
	}
}

func TestCanonical(t *testing.T) {
	l := parse(t, `
# Everything here that is not at its default comes back, in one way of writing it.
version: 1
name: "beans"
data:
  root: /somewhere/else
  source: {builtin: rosettes, seed: 0x10, plants: 500}
  table: labels.csv
  images: images
  image: 'photo'
  target: mass
  unit: g
  group: [plant, pot]
  missing: ["", nan, 99999999, -99.0, 1e2]
picture: {size: 64, resize: bilinear}
clean: []
split:
  by: group
  seed: 18446744073709551615
  train: 8e-1
  validation: 0.20
  test: 0
transform:
  normalize: {mean: [0.5, 0.5, 0.5], std: [1, 1.0, 0.25]}
  target: log1p
  augment: [{rotate: 20.0}, {horizontal_flip: 0.5}]
network:
  backbone: layers
  layers:
    - {conv: 8, kernel: 3, stride: 1, padding: 1, dilation: 1, bias: false}
    - batch_norm
    - {conv: 8, kernel: 3, dilation: 2, groups: 4}
    - hardswish
    - {max_pool: 2, stride: 2}
    - {avg_pool: 3, stride: 2, padding: 1}
    - {dropout: 0.5}
    - {dense: 1, bias: true}
train:
  epochs: 30
  optimizer: {sgd: {rate: 1e-5, momentum: 0.9, nesterov: true, weight_decay: 0}}
report: {plots: []}
`, Options{})
	want := `clean: []
data:
  group:
    - plant
    - pot
  image: photo
  missing:
    - ""
    - nan
    - "99999999"
    - "-99"
    - "100"
  source:
    builtin: rosettes
    seed: 16
  table: labels.csv
  target: mass
  unit: g
name: beans
network:
  backbone: layers
  layers:
    - bias: false
      conv: 8
      kernel: 3
      padding: 1
    - batch_norm
    - conv: 8
      dilation: 2
      groups: 4
      kernel: 3
    - hardswish
    - max_pool: 2
    - avg_pool: 3
      padding: 1
      stride: 2
    - dropout: 0.5
    - dense: 1
picture:
  size: 64
report:
  plots: []
split:
  by: group
  seed: 18446744073709551615
  test: 0
  train: 0.8
  validation: 0.2
train:
  epochs: 30
  optimizer:
    sgd:
      momentum: 0.9
      nesterov: true
      rate: 1e-05
transform:
  augment:
    - rotate: 20
    - horizontal_flip: 0.5
  normalize:
    mean:
      - 0.5
      - 0.5
      - 0.5
    std:
      - 1
      - 1
      - 0.25
  target: log1p
`
	if string(l.Canonical) != want {
		t.Errorf("got\n%s", l.Canonical)
	}
	if got := l.Recipe.Data.Root; got != "/somewhere/else" {
		t.Errorf("root is %q", got)
	}
}

// TestDataRoot holds that where the data are is a matter of the file: no override
// of the name moves them, and whatever else is wrong in it does no harm.
func TestDataRoot(t *testing.T) {
	if l := parse(t, short, Options{Set: []string{"name=longer"}, Env: []string{"RUNNER_SET_NAME=other"}}); l.Name != "longer" || l.Data.Root != "data/plants" {
		t.Errorf("the data of %s are at %s", l.Name, l.Data.Root)
	}
	dir := t.TempDir()
	cases := map[string]struct{ text, want string }{
		"base.yaml":     {"name: beans\ntrain: {epochs: many}\n", "data/beans"},
		"above.yaml":    {"extends: base.yaml\nunknown: 1\n", "data/beans"},
		"said.yaml":     {"extends: nowhere.yaml\ndata: {root: /photos}\n", "/photos"},
		"empty.yaml":    {"", "data/empty"},
		"lost.yaml":     {"extends: nowhere.yaml\n", "lost.yaml:1: extends: read "},
		"broken.yaml":   {"data: [", "broken.yaml:2: not YAML: "},
		"numbered.yaml": {"data:\n  root: 5\n", "numbered.yaml:2: data.root: must be a text, not "},
	}
	for name, c := range cases {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range cases {
		got, err := DataRoot(filepath.ToSlash(filepath.Join(dir, name)), readFile)
		if err != nil {
			got = strings.TrimPrefix(filepath.ToSlash(err.Error()), filepath.ToSlash(dir)+"/")
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := DataRoot(filepath.ToSlash(filepath.Join(dir, "gone.yaml")), readFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestSplitByColumn holds that a seed, which nothing is drawn with, may be left
// out, and that a seed of 0 says the same.
func TestSplitByColumn(t *testing.T) {
	if l := parse(t, strings.Replace(short, "seed: 7", "by: time\n  column: day", 1), Options{}); string(l.Section("split")) != "by: time\ncolumn: day\n" {
		t.Errorf("split is %q", l.Section("split"))
	}
	l := parse(t, strings.Replace(short, "seed: 7", "by: column\n  column: part", 1), Options{})
	if got := string(l.Section("split")); got != "by: column\ncolumn: part\n" {
		t.Errorf("split is %q", got)
	}
	for seed, same := range map[string]bool{"0": true, "7": false} {
		if other := parse(t, string(l.Canonical), Options{Set: []string{"split.seed=" + seed}}); (other.Digest == l.Digest) != same {
			t.Errorf("seed %s: got\n%s", seed, other.Canonical)
		}
	}
	if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest {
		t.Errorf("the canonical form became\n%s", again.Canonical)
	}
}

// TestWriting holds that the way of writing a recipe changes nothing.
func TestWriting(t *testing.T) {
	want := parse(t, short, Options{})
	for name, text := range map[string]string{
		"comment":   "# a comment\n" + strings.ReplaceAll(short, "\n", " # another\n"),
		"order":     "network: {backbone: resnet18}\nsplit: {seed: 7}\ndata: {target: mass, image: photo, table: labels.csv}\n",
		"CRLF":      strings.ReplaceAll(short, "\n", "\r\n"),
		"BOM":       "\ufeff" + short,
		"JSON":      `{"data": {"table": "labels.csv", "image": "photo", "target": "mass"}, "split": {"seed": 7}, "network": {"backbone": "resnet18"}}`,
		"root":      strings.Replace(short, "data:\n", "data:\n  root: elsewhere\n", 1),
		"alias":     strings.Replace(short, "photo", "&a photo", 1) + "name: plants\n",
		"defaults":  short + "train: {seed: 42, epochs: 10, optimizer: {adam: {beta1: 0.9}}}\nreport: {plots: [funnel, target, correlation, against, pixels, samples, augment, curves, fit, residuals, worst, gradcam], against: [], interval: 0.95}\n",
		"word":      short + "train: {optimizer: adam}\n",
		"nothing":   short + "clean: [{drop: missing_target}, {drop: missing_image}, {drop: unreadable_image}, {drop: duplicate_image}]\ntransform: {}\n",
		"canonical": string(want.Canonical),
	} {
		if got := parse(t, text, Options{}); got.Digest != want.Digest || string(got.Canonical) != string(want.Canonical) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got.Canonical, want.Canonical)
		}
	}
	if other := parse(t, short+"train: {seed: 43}\n", Options{}); other.Digest == want.Digest {
		t.Error("another seed gives the same digest")
	}
}

// TestCanonicalIsStable loads the canonical form of many recipes again, alone
// and inside another document.
func TestCanonicalIsStable(t *testing.T) {
	choices := [][]string{
		{"", "name: x-1\n", "name: \"007\"\n"},
		{"", "picture: {size: 8}\n", "picture: {size: 224}\n"},
		{"", "clean: []\n", "clean: [{drop: missing_image}]\n"},
		{"", "transform: {target: log1p, augment: [{rotate: 0.1}]}\n", "transform: {normalize: {mean: [0, -0.0, 1e-7], std: [3, 0.1, 1e300]}}\n"},
		{"", "train: {optimizer: sgd}\n", "train: {loss: huber, clip: 0.5, optimizer: {adamw: {weight_decay: 0}}}\n",
			"train: {clip: 0, optimizer: {rmsprop: {centered: true, momentum: 0.9}}}\n", "train: {optimizer: {adam: {rate: 0.000001, epsilon: 1e-12}}, keep: last}\n", "train: {seed: 18446744073709551615}\n"},
		{"", "report: {plots: []}\n", "report: {plots: [fit]}\n"},
	}
	texts := []string{"yes", "~x", "1e3", "0x1", " a ", "é #1", "a: b", "- c", "'", "\"", "{}", "null", "=", "\u2028", "\u00a0", "2020-01-01", "@", "!x", "&a", "*a", "|", strings.Repeat("long ", 60)}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		text := short
		for _, options := range choices {
			text += options[r.IntN(len(options))]
		}
		var data strings.Builder
		for _, key := range []string{"unit: ", "group: ", "missing: "} {
			value := any(texts[r.IntN(len(texts))])
			if key != "unit: " {
				value = []any{value}
			}
			data.WriteString("  " + key + strings.TrimRight(string(flow(t, value)), "\n") + "\n")
		}
		text = strings.Replace(text, "data:\n", "data:\n"+data.String(), 1)
		l := parse(t, text, Options{})
		again := parse(t, string(l.Canonical), Options{})
		if string(again.Canonical) != string(l.Canonical) || again.Digest != l.Digest {
			t.Fatalf("canonical\n%s\nbecame\n%s", l.Canonical, again.Canonical)
		}
		if !reflect.DeepEqual(again.Recipe, l.Recipe) {
			t.Fatalf("%+v\nbecame\n%+v", l.Recipe, again.Recipe)
		}
		lock, err := yaml.Marshal(map[string]any{"recipe": l.Node()})
		if err != nil {
			t.Fatal(err)
		}
		var embedded struct{ Recipe map[string]any }
		if err := yaml.Unmarshal(lock, &embedded); err != nil {
			t.Fatal(err)
		}
		if from := parse(t, string(marshal(embedded.Recipe)), Options{}); from.Digest != l.Digest {
			t.Fatalf("embedded form gives\n%s\nnot\n%s", from.Canonical, l.Canonical)
		}
	}
}

// flow writes a value in one line.
func flow(t *testing.T, value any) []byte {
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		t.Fatal(err)
	}
	node.Style |= yaml.FlowStyle
	return marshal(&node)
}

func TestSection(t *testing.T) {
	a := parse(t, short, Options{})
	b := parse(t, short, Options{Set: []string{"train.epochs=3", "name=b", "data.root=/b"}})
	for _, name := range []string{"data", "picture", "clean", "split", "transform", "network", "report"} {
		if string(a.Section(name)) != string(b.Section(name)) {
			t.Errorf("%s changed: %s", name, b.Section(name))
		}
	}
	if got := string(b.Section("train")); got != "epochs: 3\n" {
		t.Errorf("train is %q", got)
	}
}

func TestPrecedence(t *testing.T) {
	text := short + "train: {epochs: 1, batch: 10, seed: 5}\n"
	l := parse(t, text, Options{
		Env: []string{"HOME=/", "RUNNER_SET_TRAIN__EPOCHS=2", "RUNNER_SET_TRAIN__BATCH=20", "RUNNER_SETTING=1", "RUNNER_SET_TRAIN__LAST_BATCH=drop"},
		Set: []string{"train.epochs=3", "train.epochs=4", "data.missing=[x, 3]", "data.unit=", "train.optimizer={sgd: {rate: 0.5}}"},
	})
	if got := l.Train; got.Epochs != 4 || got.Batch != 20 || got.Seed != 5 || got.LastBatch != "drop" || got.Optimizer.SGD == nil || got.Optimizer.SGD.Rate != 0.5 {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(l.Data.Missing, []string{"x", "3"}) || l.Data.Unit != "" {
		t.Errorf("got %+v", l.Data)
	}
	expect(t, problems(t, text, Options{
		Env: []string{"RUNNER_SET_TRAIN__BATCH=no", "RUNNER_SET_TRAIN__KEP=last", "RUNNER_SET_TRAIN_EPOCHS=2"},
		Set: []string{"train.epochs", "train.epochs=[1", "picture.size=1", "train.seed={a: 1, a: 2}", "network.layers[0]=relu", "extends=a.yaml", "=3"},
	}),
		"--set: is no key; write it with dots, e.g. train.epochs; lists are set as a whole",
		"--set extends: can only stand in a file",
		"--set network.layers[0]: is no key; write it with dots, e.g. train.epochs; lists are set as a whole",
		"--set picture.size: must be from 8 to 1024, not 1",
		"--set train.epochs: has no value; write --set KEY=VALUE",
		"--set train.epochs: not YAML: did not find expected ',' or ']'",
		"--set train.seed: must be a whole number, 0 or more, not a map",
		"--set train.seed.a: is written twice",
		`RUNNER_SET_TRAIN_EPOCHS: train_epochs: unknown key; did you mean train.epochs? Two underscores stand for the dot`,
		`RUNNER_SET_TRAIN__BATCH: train.batch: must be a whole number, not the text "no"`,
		`RUNNER_SET_TRAIN__KEP: train.kep: unknown key; did you mean "keep"?`,
	)
}

func TestExtends(t *testing.T) {
	files := map[string]string{
		"base.yaml":         short + "train:\n  epochs: 3\n  batch: 8\n  optimizer: {adam: {rate: 0.1, beta1: 0.5}}\nreport: {plots: [fit, curves]}\n",
		"recipes/a.yaml":    "extends: ../base.yaml\ntrain: {batch: 16}\n",
		"recipes/b.yaml":    "extends: a.yaml\nname: b\nreport: {plots: [target]}\ntrain: {optimizer: {adam: {rate: 0.2}}}\n",
		"recipes/c.yaml":    "extends: [../base.yaml, lr.yaml]\nsplit: {seed: 9}\n",
		"recipes/lr.yaml":   "train: {optimizer: {sgd: {rate: 0.3}}}\n",
		"circle.yaml":       "extends: recipes/d.yaml\n",
		"recipes/d.yaml":    "extends: ../circle.yaml\n",
		"bad.yaml":          "extends: [base.yaml, worse.yaml, 3, /abs.yaml, none.yaml]\ntrain: {batch: no}\n",
		"worse.yaml":        "picture:\n  size: 3\n  crp: none\ntrain: {batch: x, epochs: 0}\n",
		"broken.yaml":       "extends: syntax.yaml\n",
		"syntax.yaml":       "a: [\n",
		"many.yaml":         "extends: [many/0.yaml]\n",
		"recipes/bomb.yaml": "",
	}
	for i := range 10 {
		files[fmt.Sprintf("many/%d.yaml", i)] = fmt.Sprintf("extends: [%d.yaml, %d.yaml, %d.yaml]\n", i+1, i+1, i+1)
	}
	files["many/10.yaml"] = "{}"
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	load := func(name string) (*Loaded, error) {
		return Load(filepath.Join(dir, filepath.FromSlash(name)), Options{})
	}

	b, err := load("recipes/b.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if b.Name != "b" || b.Train.Epochs != 3 || b.Train.Batch != 16 || *b.Train.Optimizer.Adam != (Adam{0.2, 0.5, 0.999, 1e-8, 0}) ||
		!slices.Equal(b.Report.Plots, []string{"target"}) {
		t.Errorf("b is %s", b.Canonical)
	}
	c, err := load("recipes/c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "c" || c.Split.Seed != 9 || c.Train.Epochs != 3 || c.Train.Optimizer.Adam != nil || c.Train.Optimizer.SGD.Rate != 0.3 {
		t.Errorf("c is %s", c.Canonical)
	}
	if alone := parse(t, string(c.Canonical), Options{}); alone.Digest != c.Digest {
		t.Error("the canonical form still extends")
	}

	for name, want := range map[string][]string{
		"circle.yaml": {"/recipes/d.yaml:1: extends: goes in a circle: /circle.yaml -> /recipes/d.yaml -> /circle.yaml"},
		"bad.yaml": {
			"/bad.yaml:1: extends: must be the path of a recipe, relative to this one, or a list of them; not the number 3",
			`/bad.yaml:1: extends: must be the path of a recipe, relative to this one, or a list of them; not the text "/abs.yaml"`,
			"/bad.yaml:1: extends: read /none.yaml: no such file or directory; the path is relative to /bad.yaml",
			`/bad.yaml:2: train.batch: must be a whole number, not the text "no"`,
			"/worse.yaml:2: picture.size: must be from 8 to 1024, not 3",
			`/worse.yaml:3: picture.crp: unknown key; did you mean "crop"?`,
			"/worse.yaml:4: train.epochs: must be from 1 to 1000000, not 0",
		},
		"broken.yaml": {"/syntax.yaml:2: not YAML: did not find expected node content"},
	} {
		_, err := load(name)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		text := strings.ReplaceAll(err.Error(), filepath.ToSlash(dir), "")
		text = strings.ReplaceAll(text, "The system cannot find the file specified.", "no such file or directory")
		expect(t, strings.Split(text, "\n"), want...)
	}
	if _, err := load("many.yaml"); err == nil || !strings.Contains(err.Error(), "joins more than 64 files") {
		t.Errorf("many files: %v", err)
	}
	if _, err := load("missing.yaml"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "runner init") {
		t.Errorf("missing file: %v", err)
	}
	expect(t, problems(t, "extends: base.yaml\n"+short, Options{}),
		"plants.yaml:1: extends: cannot be followed here; this recipe has to stand alone")
}

// TestWrittenDefaults holds that a key written out at its default changes
// nothing.
func TestWrittenDefaults(t *testing.T) {
	want := parse(t, short, Options{})
	got := parse(t, short, Options{Set: []string{
		"data.features=[]", "picture.crop=none", "split.folds=0", "transform.fill={}", "transform.clip={}", "transform.features=standardize", "transform.mix=none",
		"network.weights=none", "network.freeze=[]", "network.frozen_norm=evaluation", "network.unfreeze=[]", "train.backbone_factor=1", "train.schedule=constant", "train.sampler=shuffle", "train.accumulate=1", "train.average=0",
		"train.repeat=1", "sweep={}", "report.language=en",
	}})
	if got.Digest != want.Digest {
		t.Errorf("got\n%s", got.Canonical)
	}
}

// TestSurface holds that every key of the language's target is known.
func TestSurface(t *testing.T) {
	shared := os.Getenv("RUNNER_SHARED")
	if shared == "" {
		t.Skip("RUNNER_SHARED is not set: no target to compare with")
	}
	text, err := os.ReadFile(filepath.Join(shared, "recipe-target.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.ReplaceAll(string(text), "sha256: …", "sha256: "+strings.Repeat("ab", 32))
	_, err = Parse("target.yaml", []byte(filled), nil, Options{})
	var list Problems
	if !errors.As(err, &list) {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Key != "extends" {
			t.Error(p)
		}
	}
}

func TestStarter(t *testing.T) {
	if _, err := Parse("anything.yaml", Starter("2024", "s"), nil, Options{}); err != nil {
		t.Error(err)
	}
	text := Starter("beans", "s")
	l, err := Parse("anything.yaml", text, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Name != "beans" || l.Data.Root != "data/beans" || l.Data.Source == nil || strings.Contains(string(text), "NAME") {
		t.Errorf("got\n%s", l.Canonical)
	}
}

func TestSuggest(t *testing.T) {
	options := []string{"epochs", "batch", "seed", "fresh_weight_total", "fresh_weight_root"}
	for word, want := range map[string]string{
		"epocs": "epochs", "Epochs": "epochs", "bacth": "batch", "sed": "seed", "fresh_weight": "fresh_weight_total", "log": "", "freshweighttotal": "fresh_weight_total",
		"": "", "x": "", "learning_rate": "", "ächtung": "",
	} {
		if got := Suggest(word, options); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	a := parse(t, short, Options{})
	for _, test := range []struct {
		set  []string
		want []string
	}{
		{nil, nil},
		{[]string{"data.root=/elsewhere"}, nil},
		{[]string{"train.epochs=30"}, []string{"train.epochs: 10 -> 30: trains longer; invalidates train, evaluate, report"}},
		{[]string{"train.epochs=3", "report.plots=[fit]", "name=b"}, []string{
			"name: plants -> b: another lock and another report",
			"train.epochs: 10 -> 3: trains shorter; invalidates train, evaluate, report",
			"report.plots: [funnel, target, correlation, against, pixels, samples, augment, curves, fit, residuals, worst, gradcam] -> [fit]: shows other plots; invalidates report",
		}},
		{[]string{"train.seed=9", "data.target=height"}, []string{
			"data.target: mass -> height: predicts another column; invalidates table, picture, clean, split, transform, train, evaluate, report",
			"train.seed: 42 -> 9: other starting weights, other shuffles; invalidates network, train, evaluate, report",
		}},
		{[]string{"task=classification", "data.target=species", "data.classes=[maize, wheat]"}, []string{
			"task: regression -> classification: learns something else; invalidates split, transform, network, train, evaluate, report",
			"data.target: mass -> species: predicts another column; invalidates table, picture, clean, split, transform, network, train, evaluate, report",
			"data.classes: [] -> [maize, wheat]: other classes, or in another order; invalidates table, picture, clean, split, transform, network, train, evaluate, report",
			"train.loss: mse -> cross_entropy: minimises something else; invalidates train, evaluate, report",
		}},
		{[]string{"train.optimizer.adam.rate=1e-4"}, []string{"train.optimizer.adam.rate: 0.001 -> 0.0001: smaller steps; invalidates train, evaluate, report"}},
		{[]string{"train.optimizer=sgd"}, []string{"train.optimizer: {adam: {}} -> {sgd: {}}: takes another kind of step; invalidates train, evaluate, report"}},
		{[]string{"train.optimizer=adamw", "train.clip=1.0", "train.loss=mae"}, []string{
			"train.loss: mse -> mae: minimises something else; invalidates train, evaluate, report",
			"train.optimizer: {adam: {}} -> {adamw: {}}: takes another kind of step; invalidates train, evaluate, report",
			"train.clip: 0 -> 1: another limit on the length of the gradient; invalidates train, evaluate, report",
		}},
		{[]string{"picture.size=64", "clean=[]"}, []string{
			"picture.size: 224 -> 64: sees coarser pictures; invalidates picture, clean, split, transform, network, train, evaluate, report",
			"clean: [{drop: missing_target}, {drop: missing_image}, {drop: unreadable_image}, {drop: duplicate_image}] -> []: drops other rows, or for other reasons; invalidates clean, split, transform, train, evaluate, report",
		}},
		{[]string{"data.source={builtin: rosettes, plants: 9}", "data.unit=g"}, []string{
			"data.source: none -> {builtin: rosettes, plants: 9}: where the data come from when they are missing; invalidates table, picture, clean, split, transform, train, evaluate, report",
			`data.unit: "" -> g: states figures in another unit; the figures stay; invalidates table, picture, clean, split, transform, train, evaluate, report`,
		}},
		{[]string{"transform.normalize=dataset", "transform.augment=[{rotate: 5}]"}, []string{
			"transform.normalize: imagenet -> dataset: scales pixels another way; invalidates transform, train, evaluate, report",
			"transform.augment: [] -> [{rotate: 5}]: changes training pictures another way; invalidates transform, train, evaluate, report",
		}},
	} {
		var got []string
		for _, change := range Diff(a, parse(t, short, Options{Set: test.set})) {
			got = append(got, change.String())
		}
		expect(t, got, test.want...)
	}
	source := Options{Set: []string{"data.source={builtin: rosettes}"}}
	more := Options{Set: []string{"data.source={builtin: rosettes, plants: 700}"}}
	if got := Diff(parse(t, short, source), parse(t, short, more)); len(got) != 1 || got[0].Key != "data.source.plants" || got[0].Meaning != "draws more plants" {
		t.Errorf("got %v", got)
	}
}

// TestOptimizerDefaults holds what each word alone stands for, and that its options
// are compared one by one.
func TestOptimizerDefaults(t *testing.T) {
	for word, want := range map[string]Optimizer{
		"adam":    {Adam: &Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}},
		"adamw":   {AdamW: &AdamW{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01}},
		"sgd":     {SGD: &SGD{Rate: 0.01}},
		"rmsprop": {RMSprop: &RMSprop{Rate: 0.01, Alpha: 0.99, Epsilon: 1e-8}},
	} {
		l := parse(t, short, Options{Set: []string{"train.optimizer=" + word}})
		if !reflect.DeepEqual(l.Train.Optimizer, want) {
			t.Errorf("%s: %+v", word, l.Train.Optimizer)
		}
		slower := parse(t, short, Options{Set: []string{"train.optimizer=" + word, "train.optimizer." + word + ".rate=1e-4"}})
		if changes := Diff(l, slower); len(changes) != 1 || changes[0].Key != "train.optimizer."+word+".rate" {
			t.Errorf("%s: %v", word, changes)
		}
	}
}

// TestLoss holds the ways of writing a loss, its canonical form and what is said
// of a change. The default follows the task.
func TestLoss(t *testing.T) {
	classes := Options{Set: []string{"task=classification"}}
	plain := parse(t, short, classes)
	if want := defaultLoss("cross_entropy"); !reflect.DeepEqual(plain.Train.Loss, want) || string(plain.Section("train")) != "{}\n" {
		t.Errorf("the loss of a classification is %+v, its section %q", plain.Train.Loss, plain.Section("train"))
	}
	for value, want := range map[string]string{
		"cross_entropy":       "{}\n",
		"{cross_entropy: {}}": "{}\n",
		"{cross_entropy: {class_weights: none, label_smoothing: 0}}": "{}\n",
		"{cross_entropy: {class_weights: [1, 2.50]}}":                "loss:\n  cross_entropy:\n    class_weights:\n      - 1\n      - 2.5\n",
		"{cross_entropy: {class_weights: balanced}}":                 "loss:\n  cross_entropy:\n    class_weights: balanced\n",
		"{cross_entropy: {label_smoothing: 0.1}}":                    "loss:\n  cross_entropy:\n    label_smoothing: 0.1\n",
	} {
		l := parse(t, short, Options{Set: append(classes.Set, "train.loss="+value)})
		if got := string(l.Section("train")); got != want {
			t.Errorf("%s became %q", value, got)
		}
		if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest || !reflect.DeepEqual(again.Recipe, l.Recipe) {
			t.Errorf("%s: the canonical form became\n%s", value, again.Canonical)
		}
	}
	if got := parse(t, short+"train: {loss: {mse: }}\n", Options{Set: []string{"train.loss=mae"}}).Train.Loss.Kind; got != "mae" {
		t.Errorf("a word over a map gives %s", got)
	}
	smoothed := parse(t, short, Options{Set: append(classes.Set, "train.loss.cross_entropy.label_smoothing=0.1")})
	var said []string
	for _, change := range append(Diff(plain, smoothed), Diff(parse(t, short, Options{}), plain)...) {
		said = append(said, change.String())
	}
	expect(t, said,
		"train.loss.cross_entropy.label_smoothing: 0 -> 0.1: spreads more of each label over all classes; invalidates train, evaluate, report",
		"task: regression -> classification: learns something else; invalidates split, transform, network, train, evaluate, report",
		"train.loss: mse -> cross_entropy: minimises something else; invalidates train, evaluate, report")
}

// TestAugment holds the ways of writing a change of pictures and its canonical form.
func TestAugment(t *testing.T) {
	for value, want := range map[string]string{
		"{rotate: 5}":                                         "rotate: 5",
		"{erase: 0.10}":                                       "erase: 0.1",
		"resized_crop":                                        "resized_crop",
		"{resized_crop: {}}":                                  "resized_crop",
		"{resized_crop: {scale: [0.8, 1.0]}}":                 "resized_crop: {scale: [0.8, 1]}",
		"{resized_crop: {scale: [0.08, 1]}}":                  "resized_crop",
		"{color_jitter: {hue: 0.05, contrast: 0}}":            "color_jitter: {hue: 0.05}",
		"{affine: {translate: 0.1, scale: [1, 1], shear: 5}}": "affine: {shear: 5, translate: 0.1}",
		"{perspective: {distortion: 0.3, probability: 0.5}}":  "perspective: {distortion: 0.3}",
		"perspective":                                         "perspective",
	} {
		l := parse(t, short, Options{Set: []string{"transform.augment=[" + value + "]"}})
		if strings.Contains(want, ":") {
			want = "{" + want + "}"
		}
		if got := inline(reflect.ValueOf(l.Transform.Augment)); got != "["+want+"]" {
			t.Errorf("%s became %s", value, got)
		}
		if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest || !reflect.DeepEqual(again.Recipe, l.Recipe) {
			t.Errorf("%s: the canonical form became\n%s", value, again.Canonical)
		}
	}
}

// TestSchedule holds the ways of writing a schedule, its canonical form and what
// is said of a change.
func TestSchedule(t *testing.T) {
	for value, want := range map[string]string{
		"constant":                                      "{}\n",
		"cosine":                                        "schedule: cosine\n",
		"{cosine: {}}":                                  "schedule: cosine\n",
		"{one_cycle: {}}":                               "schedule: one_cycle\n",
		"{step: {at: [3, 8], factor: 0.10}}":            "schedule:\n  step:\n    at:\n      - 3\n      - 8\n",
		"{cosine: {warmup: 1, floor: 0}}":               "schedule:\n  cosine:\n    warmup: 1\n",
		"{plateau: {patience: 10, floor: 1e-6}}":        "schedule:\n  plateau:\n    floor: 1e-06\n",
		"{one_cycle: {rise: 0.30, end_divisor: 100.0}}": "schedule:\n  one_cycle:\n    end_divisor: 100\n",
	} {
		l := parse(t, short, Options{Set: []string{"train.schedule=" + value}})
		if got := string(l.Section("train")); got != want {
			t.Errorf("%s became %q", value, got)
		}
		if again := parse(t, string(l.Canonical), Options{}); again.Digest != l.Digest || !reflect.DeepEqual(again.Recipe, l.Recipe) {
			t.Errorf("%s: the canonical form became\n%s", value, again.Canonical)
		}
	}
	base := short + "train: {schedule: {step: {every: 5}}}\n"
	if got := parse(t, base, Options{Set: []string{"train.schedule={cosine: {warmup: 2}}"}}).Train.Schedule; got.Step != nil || got.Cosine == nil || got.Cosine.Warmup != 2 {
		t.Errorf("a cosine over a step gives %+v", got)
	}
	var said []string
	for _, set := range []string{"train.schedule.step.every=7", "train.schedule=constant", "train.schedule=cosine"} {
		for _, change := range Diff(parse(t, base, Options{}), parse(t, base, Options{Set: []string{set}})) {
			said = append(said, change.String())
		}
	}
	expect(t, said,
		"train.schedule.step.every: 5 -> 7: lowers the learning rate later; invalidates train, evaluate, report",
		"train.schedule: {step: {every: 5}} -> constant: changes the learning rate in another way; invalidates train, evaluate, report",
		"train.schedule: {step: {every: 5}} -> cosine: changes the learning rate in another way; invalidates train, evaluate, report")
}

// TestWeightsReplace holds what an override of network.weights leaves of the one before.
func TestWeightsReplace(t *testing.T) {
	const sum = "abababababababababababababababababababababababababababababababab"
	base := strings.Replace(short, "backbone: resnet18", "backbone: resnet18\n  weights: {file: a.pth, sha256: "+sum+"}", 1)
	for set, want := range map[string]Weights{
		"network.weights.sha256=" + strings.Repeat("cd", 32):                    {Kind: "file", File: "a.pth", SHA256: strings.Repeat("cd", 32)},
		"network.weights={file: b.pth}":                                         {Kind: "file", File: "b.pth"},
		"network.weights.file=b.pth":                                            {Kind: "file", File: "b.pth"},
		"network.weights={url: \"https://example.org/c\", sha256: " + sum + "}": {Kind: "url", URL: "https://example.org/c", SHA256: sum},
		"network.weights=none":                                                  {Kind: "none"},
		"network.weights=imagenet":                                              {Kind: "imagenet"},
	} {
		l := parse(t, base, Options{Set: []string{set}})
		if l.Network.Weights != want {
			t.Errorf("%s: %+v", set, l.Network.Weights)
		}
		again := parse(t, string(l.Canonical), Options{})
		if again.Network.Weights != want || again.Digest != l.Digest {
			t.Errorf("%s: the canonical form says %+v", set, again.Network.Weights)
		}
	}
}

// TestBatchNorm holds which backbones need more than one row a batch.
func TestBatchNorm(t *testing.T) {
	for _, backbone := range choices["network.backbone"] {
		want := backbone != "vgg16" && backbone != "layers" && !strings.HasSuffix(backbone, "_tf")
		if got := (Network{Backbone: backbone}).hasBatchNorm(); got != want {
			t.Errorf("%s: %t", backbone, got)
		}
	}
}

// TestEveryKeyHasAMeaning walks the structs, so that a new key cannot be
// forgotten where keys are explained.
func TestEveryKeyHasAMeaning(t *testing.T) {
	var walk func(key string, section reflect.Type)
	walk = func(key string, section reflect.Type) {
		for _, f := range fields(section) {
			below, kind := join(key, f.name), section.Field(f.index).Type
			if f.name == "" {
				t.Errorf("a field of %s has no yaml tag", section)
			}
			if isSection(kind) {
				walk(below, kind)
				continue
			}
			if !f.location && len(meanings[below]) == 0 {
				t.Errorf("%s has no meaning", below)
			}
			if f.required && required[below] == "" && below != "name" {
				t.Errorf("%s is required, but nothing says what to write", below)
			}
			if kind.Kind() == reflect.Pointer {
				walk(below, kind.Elem())
			}
		}
	}
	walk("", reflect.TypeFor[Recipe]())
	for _, word := range choices["train.optimizer"] {
		_, options := defaultOptimizer(word).chosen()
		walk("train.optimizer."+word, options.Type())
	}
	for _, word := range choices["train.schedule"] {
		if _, options := defaultSchedule(word).chosen(); word != constant {
			walk("train.schedule."+word, options.Type())
		}
	}
	walk("train.loss.cross_entropy", reflect.TypeFor[CrossEntropy]())
}

// FuzzParse holds that no text makes Parse panic, and that what it accepts has
// a canonical form that loads again to the same bytes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(short), "train.epochs=3")
	f.Add(Starter("a", "s"), "train.optimizer={sgd: {rate: 1}}")
	f.Add([]byte("extends: a.yaml\n<<: {a: &b [*b]}\n? [a]\n: b\n1: !!binary aGk=\n"), "network.layers=[{conv: 1, kernel: 1}, relu]")
	f.Fuzz(func(t *testing.T, text []byte, set string) {
		resolve := func(path string) ([]byte, error) { return text, nil }
		l, err := Parse("a.yaml", text, resolve, Options{Set: []string{set}})
		if err != nil {
			var list Problems
			if !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("not Problems: %v", err)
			}
			return
		}
		again, err := Parse("b.yaml", l.Canonical, nil, Options{})
		if err != nil {
			t.Fatalf("%v\nin the canonical form\n%s", err, l.Canonical)
		}
		if string(again.Canonical) != string(l.Canonical) {
			t.Fatalf("canonical\n%s\nbecame\n%s", l.Canonical, again.Canonical)
		}
	})
}
