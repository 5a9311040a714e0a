package experiment

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/project"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/store"
)

// effect is what another value of a key does, shown by two walks that differ in it
// alone: the outputs of the stages before are the same, that of this stage is not.
type effect struct {
	stage string
	set   string   // KEY=VALUE of the second walk
	with  []string // settings of both
}

// The data that walks can have beside measured.csv and its photos.
const (
	folders    = "data={root: data, folders: kinds}"
	idxFiles   = "data={root: data, parts: {train: {idx: {images: a.images, labels: a.labels}}, validation: {idx: {images: b.images, labels: b.labels}}, test: {idx: {images: c.images, labels: c.labels}}}}"
	dirs       = "data={root: data, parts: {train: {folders: kinds}, validation: {folders: others2}, test: {folders: more}}}"
	classified = "task=classification"
	two        = "network.layers=[flatten, {dense: 2}]"
	three      = "network.layers=[flatten, {dense: 3}]"
	given      = "split={by: given, validation: 0}"
	soil       = "data.target=soil"
	noUnit     = "data.unit="
	smallBatch = "train.batch=3"
	resnet     = "network={backbone: resnet20}"
)

func layers(list string) string { return "network.layers=[" + list + ", flatten, {dense: 1}]" }

// effects has every key of the language but those of elsewhere. A key without an
// entry, and an entry whose key changes nothing, or another stage first, fail
// TestEveryKeyHasAnEffect.
var effects = map[string]effect{
	"task": {"network", classified, []string{"data.target=whole", resnet}},
	"name": {"report", "name=other", nil},

	"data.table":         {"table", "data.table=other.csv", nil},
	"data.header":        {"table", "data.header=2", []string{"data.table=titled.csv"}},
	"data.csv.encoding":  {"table", "data.csv.encoding=windows-1252", []string{"data.table=umlaut.csv"}},
	"data.csv.separator": {"table", "data.csv.separator=semicolon", []string{"data.table=mixed.csv", "data.csv.separator=comma"}},
	"data.csv.quote":     {"table", "data.csv.quote=none", []string{"data.table=quoted.csv"}},
	"data.csv.decimal":   {"table", "data.csv.decimal=comma", []string{"data.table=comma.csv", "data.csv.decimal=point"}},
	"data.images":        {"picture", "data.images=others/a", nil},
	"data.image":         {"clean", "data.image=twin", nil},
	"data.target":        {"clean", "data.target=age", nil},
	"data.unit":          {"evaluate", "data.unit=kg", nil},
	"data.group":         {"split", "data.group=[plant]", []string{"split.by=random"}},
	"data.missing":       {"table", "data.missing=['', clay]", nil},
	"data.classes":       {"train", "data.classes=[peat, loam, clay]", []string{classified, soil, three, noUnit}},
	"data.features":      {"transform", "data.features=[age]", nil},
	"data.folders":       {"table", "data.folders=others2", []string{classified, folders, two}},

	"data.parts.train.folders":         {"table", "data.parts.train.folders=spare", []string{classified, dirs, given, two}},
	"data.parts.validation.folders":    {"table", "data.parts.validation.folders=spare", []string{classified, dirs, given, two}},
	"data.parts.test.folders":          {"table", "data.parts.test.folders=spare", []string{classified, dirs, given, two}},
	"data.parts.train.idx.images":      {"picture", "data.parts.train.idx.images=spare.images", []string{classified, idxFiles, given, two}},
	"data.parts.train.idx.labels":      {"table", "data.parts.train.idx.labels=spare.labels", []string{classified, idxFiles, given, two}},
	"data.parts.validation.idx.images": {"picture", "data.parts.validation.idx.images=spare.images", []string{classified, idxFiles, given, two}},
	"data.parts.validation.idx.labels": {"table", "data.parts.validation.idx.labels=spare.labels", []string{classified, idxFiles, given, two}},
	"data.parts.test.idx.images":       {"picture", "data.parts.test.idx.images=spare.images", []string{classified, idxFiles, given, two}},
	"data.parts.test.idx.labels":       {"table", "data.parts.test.idx.labels=spare.labels", []string{classified, idxFiles, given, two}},

	"picture.size":  {"picture", "picture.size=10", nil},
	"picture.crop":  {"picture", "picture.crop=center", []string{"data.images=others/a"}},
	"picture.color": {"picture", "picture.color=gray", []string{"transform.normalize=none"}},

	"clean[].drop.missing_target":       {"clean", "clean=[{drop: missing_target}]", []string{"clean=[{drop: {where: age == 15}}]"}},
	"clean[].drop.missing_image":        {"clean", "clean=[{drop: missing_target}, {drop: unreadable_image}, {drop: missing_image}]", []string{"data.table=broken.csv", "clean=[{drop: missing_target}, {drop: unreadable_image}, {drop: {where: 'filename == \"none.png\"'}}]"}},
	"clean[].drop.unreadable_image":     {"clean", "clean=[{drop: missing_target}, {drop: missing_image}, {drop: unreadable_image}]", []string{"data.table=broken.csv", "clean=[{drop: missing_target}, {drop: missing_image}, {drop: {where: 'filename == \"bad.png\"'}}]"}},
	"clean[].drop.duplicate_image.near": {"clean", "clean=[{drop: missing_target}, {drop: {duplicate_image: {near: 0.9}}}]", []string{"clean=[{drop: missing_target}, {drop: duplicate_image}]"}},
	"clean[].drop.where":                {"clean", "clean=[{drop: missing_target}, {drop: {where: age > 30}}]", []string{"clean=[{drop: missing_target}, {drop: {where: age > 300}}]"}},

	"split.seed":             {"split", "split.seed=2", nil},
	"split.train":            {"split", "split={seed: 1, train: 0.5, validation: 0.2, test: 0.3}", []string{"split={seed: 1, train: 0.6, validation: 0.2, test: 0.2}"}},
	"split.validation":       {"split", "split={seed: 1, train: 0.6, validation: 0.3, test: 0.1}", []string{"split={seed: 1, train: 0.6, validation: 0.2, test: 0.2}"}},
	"split.test":             {"split", "split={seed: 1, train: 0.6, validation: 0.1, test: 0.3}", []string{"split={seed: 1, train: 0.6, validation: 0.2, test: 0.2}"}},
	"split.by":               {"split", "split.by=group", []string{"split.by=random", "data.group=[plant]"}},
	"split.column":           {"split", "split.column=part2", []string{"split={by: column, column: part}"}},
	"split.parts.train":      {"split", "split.parts={train: test, test: train}", []string{"split={by: column, column: part}"}},
	"split.parts.validation": {"split", "split.parts={validation: test, test: validation}", []string{"split={by: column, column: part}"}},
	"split.parts.test":       {"split", "split.parts={test: validation, validation: test}", []string{"split={by: column, column: part}"}},
	"split.leak":             {"split", "split.leak=ignore", []string{"data.group=[plant]", "split.by=random"}},
	"split.near":             {"split", "split.near=0.9", []string{"clean=[{drop: missing_target}]"}},

	"split.folds":              {"split", "split.folds=3", nil},
	"split.fold":               {"split", "split.fold=2", []string{"split.folds=3", "split.fold=1"}},
	"transform.mix.none":       {"train", "transform.mix=none", []string{"transform.mix={mixup: 0.5}"}},
	"transform.mix.mixup":      {"train", "transform.mix={mixup: 0.5}", nil},
	"transform.mix.cutmix":     {"train", "transform.mix={cutmix: 1}", nil},
	"transform.normalize.mean": {"transform", "transform.normalize={mean: [0.4, 0.5, 0.5], std: [0.5, 0.5, 0.5]}", []string{"transform.normalize={mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}"}},
	"transform.normalize.std":  {"transform", "transform.normalize={mean: [0.5, 0.5, 0.5], std: [0.4, 0.5, 0.5]}", []string{"transform.normalize={mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}"}},
	"transform.target":         {"transform", "transform.target=log1p", nil},
	"transform.features":       {"transform", "transform.features=none", []string{"data.features=[age]"}},
	"transform.clip":           {"transform", "transform.clip={weight: [0.2, 0.8]}", nil},
	"transform.fill":           {"transform", "transform.fill={gap: zero}", []string{"data.features=[gap]", "transform.fill={gap: mean}"}},

	"transform.augment[].horizontal_flip":         augmented("horizontal_flip: 0.5", "horizontal_flip: 0"),
	"transform.augment[].vertical_flip":           augmented("vertical_flip: 0.5", "vertical_flip: 0"),
	"transform.augment[].rotate":                  augmented("rotate: 90", "rotate: 0"),
	"transform.augment[].erase":                   augmented("erase: 1", "erase: 0"),
	"transform.augment[].color_jitter.brightness": augmented("color_jitter: {hue: 0.1, brightness: 0.5}", "color_jitter: {hue: 0.1}"),
	"transform.augment[].color_jitter.contrast":   augmented("color_jitter: {hue: 0.1, contrast: 0.5}", "color_jitter: {hue: 0.1}"),
	"transform.augment[].color_jitter.saturation": augmented("color_jitter: {hue: 0.1, saturation: 0.5}", "color_jitter: {hue: 0.1}"),
	"transform.augment[].color_jitter.hue":        augmented("color_jitter: {hue: 0.5}", "color_jitter: {hue: 0.1}"),
	"transform.augment[].resized_crop.scale":      augmented("resized_crop: {scale: [0.5, 0.6]}", "resized_crop: {scale: [0.9, 1]}"),
	"transform.augment[].resized_crop.ratio":      augmented("resized_crop: {ratio: [0.5, 0.6]}", "resized_crop: {ratio: [1, 1]}"),
	"transform.augment[].affine.translate":        augmented("affine: {shear: 1, translate: 0.5}", "affine: {shear: 1}"),
	"transform.augment[].affine.scale":            augmented("affine: {shear: 1, scale: [0.5, 0.6]}", "affine: {shear: 1}"),
	"transform.augment[].affine.shear":            augmented("affine: {shear: 60}", "affine: {shear: 1}"),
	"transform.augment[].perspective.distortion":  augmented("perspective: {distortion: 0.9, probability: 1}", "perspective: {distortion: 0.1, probability: 1}"),
	"transform.augment[].perspective.probability": augmented("perspective: {probability: 1}", "perspective: {probability: 0}"),

	"network.backbone":          {"network", "network.layers=[flatten, {dense: 4}, {dense: 1}]", nil},
	"network.layers[].conv":     {"network", layers("{conv: 3, kernel: 3}"), []string{layers("{conv: 2, kernel: 3}")}},
	"network.layers[].dense":    {"network", layers("flatten, {dense: 3}"), []string{layers("flatten, {dense: 2}")}},
	"network.layers[].kernel":   {"network", layers("{conv: 2, kernel: 5, padding: 2}"), []string{layers("{conv: 2, kernel: 3, padding: 1}")}},
	"network.layers[].stride":   {"network", layers("{conv: 2, kernel: 3, stride: 2}"), []string{layers("{conv: 2, kernel: 3}")}},
	"network.layers[].padding":  {"network", layers("{conv: 2, kernel: 3, padding: 1}"), []string{layers("{conv: 2, kernel: 3}")}},
	"network.layers[].dilation": {"train", layers("{conv: 2, kernel: 3, dilation: 2}, global_avg_pool"), []string{layers("{conv: 2, kernel: 3}, global_avg_pool")}},
	"network.layers[].groups":   {"network", layers("{conv: 2, kernel: 3}, {conv: 2, kernel: 3, groups: 2}"), []string{layers("{conv: 2, kernel: 3}, {conv: 2, kernel: 3}")}},
	"network.layers[].bias":     {"network", layers("{conv: 2, kernel: 3, bias: false}"), []string{layers("{conv: 2, kernel: 3}")}},
	"network.layers[].max_pool": {"network", layers("{max_pool: 4}"), []string{layers("{max_pool: 2}")}},
	"network.layers[].avg_pool": {"network", layers("{avg_pool: 4}"), []string{layers("{avg_pool: 2}")}},
	"network.layers[].dropout":  {"train", layers("{dropout: 0.5}"), []string{layers("{dropout: 0.1}")}},
	"network.head.hidden":       {"network", "network.head.hidden=[3]", []string{resnet}},
	"network.head.dropout":      {"train", "network.head.dropout=[0.5]", []string{resnet, "network.head.dropout=[0.1]"}},
	"network.head.batch_norm":   {"network", "network.head.batch_norm=true", []string{resnet, "network.head.hidden=[3]"}},
	"network.freeze":            {"network", "network.freeze=all", []string{resnet}},
	"network.frozen_norm":       {"train", "network.frozen_norm=training", []string{resnet, "network.freeze=all"}},
	"network.unfreeze[].epoch":  {"train", "network.unfreeze=[{epoch: 3, layers: all}]", []string{resnet, "network.freeze=all", "network.unfreeze=[{epoch: 2, layers: all}]", "train.epochs=3"}},
	"network.unfreeze[].layers": {"train", "network.unfreeze=[{epoch: 2, layers: [layer3]}]", []string{resnet, "network.freeze=all", "network.unfreeze=[{epoch: 2, layers: [layer2]}]"}},

	"network.layers[].adaptive_avg_pool": {"network", layers("{adaptive_avg_pool: 4}"), []string{layers("{adaptive_avg_pool: 2}")}},

	"train.seed":            {"network", "train.seed=2", nil},
	"train.epochs":          {"train", "train.epochs=3", nil},
	"train.batch":           {"train", "train.batch=6", nil},
	"train.last_batch":      {"train", "train.last_batch=drop", []string{"train.batch=5", "train.last_batch=keep"}},
	"train.accumulate":      {"train", "train.accumulate=2", []string{smallBatch}},
	"train.average":         {"train", "train.average=0.9", nil},
	"train.backbone_factor": {"train", "train.backbone_factor=0.1", []string{resnet}},
	"train.clip":            {"train", "train.clip=0.001", nil},
	"train.keep":            {"train", "train.keep=last", []string{"train.epochs=6", "train.optimizer={sgd: {rate: 0.2}}"}},
	"train.sampler":         {"train", "train.sampler=balanced", nil},
	"train.stop.patience":   {"train", "train.stop.patience=1", []string{"train.epochs=8", "train.optimizer={sgd: {rate: 0.2}}"}},
	"train.stop.on":         {"train", "train.stop.on=validation_macro_f1", []string{classified, soil, three, noUnit, "train.epochs=20", "train.stop.patience=3", "train.optimizer={adam: {rate: 0.001}}"}},

	"train.loss.mse":                           {"train", "train.loss=mse", []string{"train.loss=mae"}},
	"train.loss.mae":                           {"train", "train.loss=mae", nil},
	"train.loss.huber":                         {"train", "train.loss=huber", []string{"data.target=age"}},
	"train.loss.cross_entropy.class_weights":   {"train", "train.loss.cross_entropy.class_weights=balanced", []string{classified, soil, three, noUnit, "train.loss={cross_entropy: {label_smoothing: 0.1}}"}},
	"train.loss.cross_entropy.label_smoothing": {"train", "train.loss={cross_entropy: {label_smoothing: 0.5}}", []string{classified, soil, three, noUnit, "train.loss={cross_entropy: {label_smoothing: 0.1}}"}},

	"train.repeat":            {"runs", "train.repeat=2", nil},
	"sweep.over":              {"sweep", "sweep.over={train.batch: [8, 6]}", []string{"sweep.over={train.batch: [8, 4]}"}},
	"sweep.draw":              {"sweep", "sweep.draw=1", []string{"sweep.over={train.batch: [8, 4, 6, 10]}", "sweep.draw=2"}},
	"sweep.seed":              {"sweep", "sweep.seed=1", []string{"sweep.over={train.batch: [8, 4, 6, 10]}", "sweep.draw=2"}},
	"sweep.on":                {"sweep", "sweep.on=validation_rmse", []string{"sweep.over={train.batch: [8, 4]}"}},
	"report.interval":         {"evaluate", "report.interval=0.9", nil},
	"report.language":         {"report", "report.language=de", nil},
	"report.against":          {"report", "report.against=[gap]", []string{"report.plots=[against]"}},
	"report.leakage":          {"runs", "report.leakage=true", []string{"data.group=[plant]", "split.by=group"}},
	"train.schedule.constant": {"train", "train.schedule=constant", []string{"train.schedule=cosine"}},
}

func init() {
	for key, settings := range map[string][2]string{
		"adam.rate": {"rate: 0.1", ""}, "adam.beta1": {"beta1: 0.5", ""}, "adam.beta2": {"beta2: 0.5", ""}, "adam.epsilon": {"epsilon: 0.1", ""}, "adam.weight_decay": {"weight_decay: 0.5", ""},
		"adamw.rate": {"rate: 0.1", ""}, "adamw.beta1": {"beta1: 0.5", ""}, "adamw.beta2": {"beta2: 0.5", ""}, "adamw.epsilon": {"epsilon: 0.1", ""}, "adamw.weight_decay": {"weight_decay: 0.5", ""},
		"sgd.rate": {"rate: 0.1", ""}, "sgd.momentum": {"momentum: 0.5", ""}, "sgd.nesterov": {"momentum: 0.5, nesterov: true", "momentum: 0.5"}, "sgd.weight_decay": {"weight_decay: 0.5", ""},
		"rmsprop.rate": {"rate: 0.1", ""}, "rmsprop.alpha": {"alpha: 0.5", ""}, "rmsprop.epsilon": {"epsilon: 0.1", ""}, "rmsprop.momentum": {"momentum: 0.5", ""},
		"rmsprop.centered": {"centered: true", ""}, "rmsprop.weight_decay": {"weight_decay: 0.5", ""},
	} {
		word, _, _ := strings.Cut(key, ".")
		effects["train.optimizer."+key] = effect{"train", fmt.Sprintf("train.optimizer={%s: {%s}}", word, settings[0]), []string{fmt.Sprintf("train.optimizer={%s: {%s}}", word, settings[1])}}
	}
	for key, settings := range map[string][2]string{
		"step.every": {"every: 2", "every: 1"}, "step.at": {"at: [2]", "at: [1]"}, "step.factor": {"every: 1, factor: 0.5", "every: 1"},
		"cosine.warmup": {"warmup: 2", ""}, "cosine.floor": {"floor: 0.005", ""},
		"one_cycle.rise": {"rise: 0.6", ""}, "one_cycle.start_divisor": {"start_divisor: 2", ""}, "one_cycle.end_divisor": {"end_divisor: 2", ""},
		"plateau.patience": {"patience: 1, threshold: 0.9", "patience: 0, threshold: 0.9"}, "plateau.factor": {"patience: 0, threshold: 0.9, factor: 0.5", "patience: 0, threshold: 0.9"},
		"plateau.threshold": {"patience: 0, threshold: 0.9", "patience: 0, threshold: 0"}, "plateau.cooldown": {"patience: 0, threshold: 0.9, cooldown: 2", "patience: 0, threshold: 0.9"},
		"plateau.floor": {"patience: 0, threshold: 0.9, floor: 0.009", "patience: 0, threshold: 0.9"},
	} {
		word, _, _ := strings.Cut(key, ".")
		effects["train.schedule."+key] = effect{"train", fmt.Sprintf("train.schedule={%s: {%s}}", word, settings[0]), []string{fmt.Sprintf("train.schedule={%s: {%s}}", word, settings[1]), "train.epochs=4", "train.optimizer={adam: {rate: 1e-4}}"}}
	}
}

func augmented(set, with string) effect {
	return effect{"train", "transform.augment=[{" + set + "}]", []string{"transform.augment=[{" + with + "}]"}}
}

// elsewhere are the keys whose effect such a walk cannot show, each with the script
// of package main, or the test, that does.
var elsewhere = map[string]string{
	"data.sheet":             "internal/table/table_test.go",
	"version":                "internal/recipe/recipe_test.go", // there is one
	"extends":                "internal/recipe/recipe_test.go",
	"data.root":              "testdata/script/place.txtar", // a place, no part of an experiment
	"data.source.builtin":    "testdata/script/builtin.txtar",
	"data.source.plants":     "testdata/script/builtin.txtar",
	"data.source.seed":       "testdata/script/builtin.txtar",
	"data.source.url":        "testdata/script/fetch.txtar",
	"data.source.sha256":     "testdata/script/fetch.txtar",
	"picture.resize":         "internal/recipe/recipe_test.go", // there is one filter
	"report.plots":           "internal/report/report_test.go",
	"network.weights.file":   "testdata/script/weights.txtar",
	"network.weights.url":    "internal/recipe/recipe_test.go",
	"network.weights.sha256": "internal/recipe/recipe_test.go",
}

// walked returns the outputs of the stages of a walk with these settings, as far as
// a stage.
func walked(t *testing.T, root, text string, objects *store.Store, settings []string, stage string) (*recipe.Loaded, map[string]digest.Digest) {
	t.Helper()
	var set []string
	for _, setting := range settings {
		section, value, _ := strings.Cut(setting, "=")
		if line := regexp.MustCompile("(?m)^" + section + ": .*$"); strings.HasPrefix(value, "{") && line.MatchString(text) {
			text = line.ReplaceAllLiteralString(text, section+": "+value) // a map would be merged with what is there
		} else {
			set = append(set, setting)
		}
	}
	loaded, err := recipe.Parse("keys.yaml", []byte(text), nil, recipe.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	e := &Experiment{Loaded: loaded, Place: project.Place{Root: root, Path: "keys.yaml", Data: filepath.Join(root, "data")}, Store: objects, Progress: progress.Silent, Log: zerolog.Nop()}
	l, err := e.freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range l.stages {
		if err := l.do(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if s.name == stage {
			break
		}
	}
	return loaded, l.outputs
}

// TestEveryKeyHasAnEffect walks the schema. Each key of the language has to have an
// entry, whose value, other than the default, changes the output of a stage.
func TestEveryKeyHasAnEffect(t *testing.T) {
	keys := leaves(t)
	for key := range effects {
		if !slices.Contains(keys, key) {
			t.Errorf("there is no key %s", key)
		}
	}
	root := t.TempDir()
	writeKeysData(t, filepath.Join(root, "data"))
	objects, err := store.Open(filepath.Join(root, "store"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		e, ok := effects[key]
		if !ok {
			shownElsewhere(t, key)
			continue
		}
		t.Run(key, func(t *testing.T) {
			before, was := walked(t, root, keysRecipe, objects, e.with, e.stage)
			after, is := walked(t, root, keysRecipe, objects, append(slices.Clone(e.with), e.set), e.stage)
			if !names(key, recipe.Diff(before, after)) {
				t.Errorf("%s does not set the key: %v", e.set, recipe.Diff(before, after))
			}
			for i := range stages {
				if was[stages[i].name] == is[stages[i].name] {
					continue
				}
				if stages[i].name != e.stage {
					t.Errorf("%s: the output of %s is another one first, not that of %s", e.set, stages[i].name, e.stage)
				}
				return
			}
			t.Errorf("%s has no effect on %s", e.set, e.stage)
		})
	}
}

var indices = regexp.MustCompile(`\[\d+\]`)

// names reports whether one of the changes is of the key, or of the list or choice
// that holds it and then speaks of it.
func names(key string, changes []recipe.Change) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	return slices.ContainsFunc(changes, func(c recipe.Change) bool {
		changed := indices.ReplaceAllString(c.Key, "[]")
		within := changed == key || strings.HasPrefix(key, changed+".") || strings.HasPrefix(key, changed+"[]")
		if key == "network.backbone" && strings.HasPrefix(changed, "network.") {
			return true
		}
		return within && (changed == key || strings.Contains(c.Old+c.New, last))
	})
}

func shownElsewhere(t *testing.T, key string) {
	t.Helper()
	file, ok := elsewhere[key]
	if !ok {
		t.Errorf("no test shows the effect of %s: add it to effects", key)
		return
	}
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
	if err != nil {
		t.Error(err)
	}
	if last := key[strings.LastIndexByte(key, '.')+1:]; !regexp.MustCompile(`(?i)\b` + last).Match(text) {
		t.Errorf("%s does not speak of %s", file, key)
	}
}

// leaves returns the keys of the language that hold values.
func leaves(t *testing.T) []string {
	t.Helper()
	type node struct {
		Properties map[string]json.RawMessage
		AnyOf      []json.RawMessage
		Items      json.RawMessage
	}
	found := map[string]bool{}
	var walk func(key string, raw json.RawMessage)
	walk = func(key string, raw json.RawMessage) {
		var n node
		if err := json.Unmarshal(raw, &n); err != nil {
			t.Fatal(err)
		}
		found[key] = true
		for name, value := range n.Properties {
			walk(strings.TrimPrefix(key+"."+name, "."), value)
		}
		for _, one := range n.AnyOf {
			walk(key, one)
		}
		if n.Items != nil {
			walk(key+"[]", n.Items)
		}
	}
	walk("", recipe.Schema())
	var keys []string
	for key := range found {
		if key == "" || strings.HasSuffix(key, "[]") {
			continue
		}
		isLeaf := true
		for other := range found {
			isLeaf = isLeaf && !strings.HasPrefix(other, key+".") && !strings.HasPrefix(other, key+"[].")
		}
		if isLeaf {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

const keysRecipe = `
name: keys
data: {root: data, table: labels.csv, image: filename, target: weight, unit: g}
picture: {size: 8}
split: {seed: 1, train: 0.6, validation: 0.2, test: 0.2}
transform: {normalize: none}
network: {backbone: layers, layers: [flatten, {dense: 1}]}
train: {epochs: 2, batch: 8, last_batch: merge, optimizer: {adam: {rate: 1e-2}}}
report: {plots: [target]}
`

// writeKeysData writes the data that the walks read: forty photos in one folder,
// tables of them, folders of classes and IDX files.
func writeKeysData(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, data []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	photo := func(i int) []byte {
		width := 12 + i/100*4 // some are no squares
		m := image.NewRGBA(image.Rect(0, 0, width, 12))
		for y := range 12 {
			for x := range width {
				m.Set(x, y, color.RGBA{uint8(60 + (x*i*7+y*13)%90), uint8(40 + (x*11+y*i*5)%160), uint8(30 + (x+y+i*17)%99), 255})
			}
		}
		var out bytes.Buffer
		if err := png.Encode(&out, m); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	soils := []string{"clay", "loam", "peat"}
	var rows, others strings.Builder
	rows.WriteString("filename,twin,plant,weight,whole,age,soil,part,part2,gap\n")
	others.WriteString("filename,twin,plant,weight,whole,age,soil,part,part2,gap\n")
	const n = 40
	for i := range n {
		name, twin := fmt.Sprintf("p%02d.png", i), fmt.Sprintf("p%02d.png", (i+7)%n)
		write("images/"+name, photo(i))
		write("others/a/"+name, photo(i+100))
		weight, gap := fmt.Sprintf("0.%02d", 10+(i*37)%80), fmt.Sprint(i%9)
		if i%8 == 3 {
			gap = ""
		}
		part := []string{"train", "train", "train", "validation", "test"}[i%5]
		part2 := []string{"test", "train", "train", "train", "validation"}[i%5]
		soil := soils[(i*i)%7%3]
		row := fmt.Sprintf("%s,%s,plant%d,%%s,%d,%d,%s,%s,%s,%s\n", name, twin, i/4, i%2, 10+i, soil, part, part2, gap)
		if i == 5 {
			fmt.Fprintf(&rows, row, "")
			fmt.Fprintf(&others, row, "")
			continue
		}
		fmt.Fprintf(&rows, row, weight)
		fmt.Fprintf(&others, row, "1"+weight)
	}
	write("labels.csv", []byte(rows.String()))
	write("other.csv", []byte(others.String()))
	write("images/p38.png", photo(0)) // as if saved again, see below
	write("titled.csv", []byte("filename,weight\nfilename,weight\np00.png,0.1\n"))
	write("umlaut.csv", []byte("filename,weight,soil\np00.png,0.1,löss\n"))
	write("mixed.csv", []byte("x;filename;weight;y,filename,weight\nq;p00.png;0.1;z,p01.png,0.2\n"))
	write("quoted.csv", []byte("filename,weight,soil\np00.png,0.1,\"clay\"\n"))
	write("comma.csv", []byte("filename;weight\np00.png;0,15\np01.png;0,25\n"))
	write("broken.csv", []byte(rows.String()+"none.png,none.png,plant,0.3,1,20,clay,train,train,1\nbad.png,bad.png,plant,0.3,1,20,clay,train,train,1\n"))
	write("images/bad.png", []byte("no picture"))
	for c, class := range []string{"grass", "weed"} {
		for i := range 8 {
			for k, folder := range []string{"kinds", "others2", "more", "spare"} {
				write(fmt.Sprintf("%s/%s/%s%d.png", folder, class, folder, i), photo(50+c*20+i+k*31))
			}
		}
	}
	idx := func(magic byte, dims []uint32, data []byte) []byte {
		file := []byte{0, 0, 8, magic}
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, d)
		}
		return append(file, data...)
	}
	for k, name := range []string{"a", "b", "c", "spare"} {
		var pixels, labels []byte
		for i := range 12 {
			labels = append(labels, byte((i/(k+1))%2))
			for p := range 64 {
				pixels = append(pixels, byte(p*i*3+k*41))
			}
		}
		write(name+".images", idx(3, []uint32{12, 8, 8}, pixels))
		write(name+".labels", idx(1, []uint32{12}, labels))
	}
}
