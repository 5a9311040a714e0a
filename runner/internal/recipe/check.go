package recipe

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"biomass/runner/internal/condition"
)

var fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,99}$`)

// Names reports whether a name can name the lock and the report.
func Names(name string) bool { return fileName.MatchString(name) }

// check notes what each value says that cannot be, and what they cannot say
// together. Keys that already have a problem are left alone.
func (d *decoder) check(r *Recipe) {
	d.ensure(Names(r.Name), "name",
		fmt.Sprintf("%q cannot name the lock and the report", r.Name), "write name: with a-z, 0-9, _ and -, at most 100 letters")
	d.checkData(&r.Data)
	d.checkClasses(r)
	d.checkFeatures(r)
	d.checkClip(r)
	for i, rule := range r.Clean {
		key := fmt.Sprintf("clean[%d]", i)
		d.ensure(!slices.Contains(r.Clean[:i], rule), key, rule.Drop.String()+" is there twice", "")
		d.checkDrop(key+".drop.", rule.Drop)
	}
	d.checkSplit(&r.Split, &r.Data)
	d.checkTransform(&r.Transform, r.Picture.Channels())
	d.checkMix(r.Transform.Mix, r.Train.Batch)
	d.checkNetwork(&r.Network, r.Picture.Size)
	d.checkTrain(&r.Train, r)
	d.checkSweep(r.Sweep, r)
	d.ensure(r.Split.Fold > 0 || r.Split.Folds*r.Train.Repeat <= maxRuns || !d.sound("split.folds"), "train.repeat",
		fmt.Sprintf("of %d in %d folds are more than %d trainings", r.Train.Repeat, r.Split.Folds, maxRuns), "write fewer of one, or split.fold")
	apart := r.Split.By == "group" || r.Split.By == "stratified_group" || r.Split.By == "time"
	d.ensure(!r.Report.Leakage || apart && r.Split.Folds == 0 || !d.sound("split"), "report.leakage",
		"compares with a random split one by group, stratified_group or time, without folds", "take it out, or split so")
	for i, plot := range r.Report.Plots {
		d.ensure(!slices.Contains(r.Report.Plots[:i], plot), fmt.Sprintf("report.plots[%d]", i), plot+" is there twice", "")
	}
	against := r.Report.Against
	d.ensure(len(against) <= mostAgainst, "report.against", fmt.Sprintf("has %d columns; at most %d are drawn", len(against), mostAgainst), "")
	for i, column := range against {
		key := fmt.Sprintf("report.against[%d]", i)
		d.ensure(strings.TrimSpace(column) != "", key, "is empty", "write a column")
		d.ensure(!slices.Contains(against[:i], column), key, fmt.Sprintf("%q is there twice", column), "")
		d.ensure(column == "" || column != r.Data.Target, key, fmt.Sprintf("%q is data.target itself", column), "take it out")
	}
}

// mostAgainst bounds how many columns the target is drawn against.
const mostAgainst = 4

// ensure notes a problem at a key when the condition does not hold and no other
// problem is known there.
func (d *decoder) ensure(condition bool, key, reason, hint string) {
	if !condition && d.sound(key) {
		d.problem(key, reason, hint)
	}
}

// checkPair wants the smallest and the largest of something.
func (d *decoder) checkPair(key string, ends []float64) {
	s := pairs[generic(key)]
	d.ensure(len(ends) == 2 && s.holds(ends[0]) && s.holds(ends[1]) && ends[0] <= ends[1], key,
		fmt.Sprintf("must be two numbers, the smallest and the largest, from %s", s), "")
}

func shortest(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// The columns of data without a table.
const (
	listedImage  = "image"
	listedTarget = "class"
)

func (d *decoder) checkData(data *Data) {
	if data.Listed() {
		d.checkListed(data)
	} else {
		d.checkTable(data)
	}
	d.checkSource(data.Source)
	for i, column := range data.Group {
		key := fmt.Sprintf("data.group[%d]", i)
		d.ensure(column != "", key, "is empty", "write a column")
		d.ensure(!slices.Contains(data.Group[:i], column), key, fmt.Sprintf("%q is there twice", column), "")
	}
}

// checkSource wants data drawn, or fetched, and then those that the recipe means.
func (d *decoder) checkSource(s *Source) {
	if s == nil || !s.Fetched() {
		d.ensure(s == nil || s.SHA256 == "" || !d.sound("data.source.url"), "data.source.sha256", "is that of what url names, and there is no url", "write url, or take it out")
		return
	}
	const key = "data.source."
	drawn := defaultSource()
	d.ensure(s.Builtin == "", key+"builtin", "is there beside url", "write one of them")
	d.ensure(s.Plants == drawn.Plants, key+"plants", "is for what is drawn, and this is fetched", "take it out")
	d.ensure(s.Seed == drawn.Seed, key+"seed", "is for what is drawn, and this is fetched", "take it out")
	d.ensure(strings.HasPrefix(s.URL, "https://"), key+"url", "must begin with https://", "")
	d.ensure(s.SHA256 != "", key+"sha256", "is required with url", "download the file once and write what sha256sum FILE prints, or shasum -a 256 FILE on macOS")
	d.ensure(s.SHA256 == "" || hexadecimal.MatchString(s.SHA256), key+"sha256", "must be 64 hexadecimal digits, in small letters", "")
}

// checkListed wants the pictures in one of the ways in which they can say their
// classes, and nothing that is only for a table unless one stands beside folders.
func (d *decoder) checkListed(data *Data) {
	standard := defaults("classification").Data
	const (
		aTable = "is only for a table, and the pictures are in data.folders or data.parts"
		folder = "cannot stand here: the pictures and their classes are in data.folders or data.parts"
	)
	d.ensure(data.Folders == "" || data.Parts == (Origins{}), "data.folders", "is there beside data.parts", "write one of them")
	d.ensure(data.Target == "" || data.Target == listedTarget, "data.target", folder, "take it out")
	d.ensure(data.Images == standard.Images, "data.images", folder, "take it out")
	d.ensure(data.Source == nil || data.Source.Fetched(), "data.source", "draws a table, and the pictures are in data.folders or data.parts", "take it out")
	if data.Table != "" {
		d.ensure(data.Parts == (Origins{}), "data.table", "is there beside data.parts", "write one of them")
		d.checkTableFile(data)
	} else {
		d.ensure(data.Image == "" || data.Image == listedImage, "data.image", aTable, "take it out")
		d.ensure(data.Sheet == "", "data.sheet", aTable, "take it out")
		d.ensure(data.Header == standard.Header, "data.header", aTable, "take it out")
		d.ensure(data.CSV == standard.CSV, "data.csv", aTable, "take it out")
		d.ensure(len(data.Group) == 0, "data.group", aTable, "take it out")
		d.ensure(len(data.Features) == 0, "data.features", aTable, "take it out")
		d.ensure(slices.Equal(data.Missing, standard.Missing), "data.missing", aTable, "take it out")
	}
	if data.Folders != "" {
		d.checkPath("data.folders", data.Folders)
		return
	}
	d.ensure(data.Parts.Train != (Origin{}), "data.parts.train", isRequired, "write folders, or idx with images and labels")
	for _, part := range data.Parts.List() {
		key := "data.parts." + part.Name
		if part.Folders != "" {
			d.ensure(part.IDX == (IDX{}), key, "has folders and idx", "write one of them")
			d.checkPath(key+".folders", part.Folders)
		} else {
			d.checkPath(key+".idx.images", part.IDX.Images)
			d.checkPath(key+".idx.labels", part.IDX.Labels)
		}
		d.ensure((part.Folders == "") == (data.Parts.Train.Folders == ""), key, "is of another kind than train", "write folders for all parts, or idx")
	}
}

func (d *decoder) checkTable(data *Data) {
	d.checkTableFile(data)
	d.checkPath("data.images", data.Images)
	d.ensure(data.Image != "", "data.image", "is empty", required["data.image"])
	d.ensure(data.Target != "", "data.target", "is empty", required["data.target"])
}

func (d *decoder) checkTableFile(data *Data) {
	d.checkPath("data.table", data.Table)
	extension := strings.ToLower(path.Ext(data.Table))
	d.ensure(slices.Contains([]string{".xlsx", ".csv", ".tsv"}, extension), "data.table",
		fmt.Sprintf("must be a file .xlsx, .csv or .tsv, not %q", data.Table), "")
	d.ensure(data.Sheet == "" || extension == ".xlsx", "data.sheet", "only an .xlsx has sheets", "")
	d.ensure(data.CSV == defaults("").Data.CSV || extension != ".xlsx", "data.csv", "is for a .csv or .tsv, not an .xlsx", "take it out")
}

// checkClasses wants what only makes sense for a classification there alone, and
// the other way round.
func (d *decoder) checkClasses(r *Recipe) {
	classes := r.Data.Classes
	for i, class := range classes {
		key := fmt.Sprintf("data.classes[%d]", i)
		d.ensure(strings.TrimSpace(class) != "", key, "is empty", "write the name of a class")
		d.ensure(!slices.Contains(classes[:i], class), key, fmt.Sprintf("%q is there twice", class), "")
	}
	if r.Task != Classification {
		d.ensure(len(classes) == 0, "data.classes", "is only for task: classification", "")
		d.ensure(!r.Data.Listed(), "task", "must be classification: data.folders and data.parts say classes, not numbers", "")
		return
	}
	d.ensure(len(classes) != 1, "data.classes", "names one class; there must be two or more", "")
	d.ensure(r.Transform.Target == "none", "transform.target", r.Transform.Target+" is for numbers, and this target is a class", "write none, or take the key out")
}

// checkPath wants a path that stays below data.root on every system.
func (d *decoder) checkPath(key, name string) { d.checkPathBelow(key, name, "data.root") }

func (d *decoder) checkPathBelow(key, name, folder string) {
	hint := "write it relative to " + folder + ", with slashes"
	d.ensure(name != "", key, "is empty", hint)
	d.ensure(!path.IsAbs(name) && !strings.ContainsAny(name, `\:`) && !slices.Contains(strings.Split(name, "/"), ".."),
		key, fmt.Sprintf("%q leaves %s", name, folder), hint)
}

// checkDrop holds that a condition has a grammar; whether the table has its columns
// only shows beside the data.
func (d *decoder) checkDrop(key string, r Drop) {
	if r.Kind == where {
		if _, err := condition.Parse(r.Where); err != nil {
			d.ensure(r.Where == "" && !d.sound(strings.TrimSuffix(key, ".")), key+where, err.Error(), "")
		}
	}
}

func (d *decoder) checkSplit(s *Split, data *Data) {
	parts := []struct {
		name     string
		fraction float64
		value    string
	}{{"train", s.Train, s.Parts.Train}, {"validation", s.Validation, s.Parts.Validation}, {"test", s.Test, s.Parts.Test}}
	var sum float64
	var keys []string
	for i, part := range parts {
		keys = append(keys, "split."+part.name)
		sum += part.fraction
		for _, before := range parts[:i] {
			d.ensure(s.By != "column" || part.value == "" || part.value != before.value, "split.parts."+part.name,
				fmt.Sprintf("%q is the value of %s too", part.value, before.name), "")
		}
	}
	d.ensure(s.Fold <= s.Folds || !d.sound("split.folds"), "split.fold", fmt.Sprintf("must be at most the %d split.folds, not %d", s.Folds, s.Fold), "")
	d.ensure(s.Folds == 0 || s.By != "given" && s.By != "column" && s.By != "time", "split.folds", "deals rows out, and by "+s.By+" none are",
		"write by: random, stratified, group or stratified_group, or take folds out")
	switch {
	case s.Folds > 0:
		d.ensure(s.Test < 1, "split.test", "must be below 1: the rest is dealt into folds", "")
	case s.By == "given":
		d.ensure(data.Parts != (Origins{}) || !d.sound("data.parts"), "split.by", "given needs data.parts", "write where the pictures of each part are")
		d.ensure(s.Validation < 1, "split.validation", "must be below 1: it is cut from the training rows, and some must be left", "")
		d.ensure(s.Validation > 0 || len(data.Parts.List()) != 1, "split.validation", "cannot be 0 when data.parts has train alone: there would be nothing to measure on", "")
	case d.sound(keys...):
		d.ensure(math.Abs(sum-1) <= 1e-9, "split", fmt.Sprintf("train, validation and test must sum to 1; %s + %s + %s = %s",
			shortest(s.Train), shortest(s.Validation), shortest(s.Test), shortest(sum)), "")
		if s.By != "column" {
			d.ensure(s.Train > 0, "split.train", "must be above 0: there would be nothing to train on", "")
			d.ensure(s.Validation > 0 || s.Test > 0, "split.validation", "cannot be 0 when test is: there would be nothing to measure on", "")
		}
	}
	if s.By == "column" {
		d.ensure(s.Parts.Train != "", "split.parts.train", "is empty: there would be nothing to train on", "")
		d.ensure(s.Parts.Validation != "" || s.Parts.Test != "", "split.parts.validation", "cannot be empty when test is: there would be nothing to measure on", "")
	}
	d.ensure(s.By != "group" && s.By != "stratified_group" || len(data.Group) > 0 || !d.sound("data.group"), "split.by",
		s.By+" needs data.group", "write the columns that together name one individual")
	d.ensure(s.By != "column" || s.Column != "" || !d.sound("split.column"), "split.by",
		"column needs split.column", "write the column that holds each row's part")
	d.ensure(s.By != "time" || s.Column != "" || !d.sound("split.column"), "split.by",
		"time needs split.column", "write the column that holds each row's date or number")
}

func (d *decoder) checkTransform(t *Transform, channels int) {
	d.ensure(channels == 3 || t.Normalize.Kind != "imagenet", "transform.normalize", "imagenet, the default, is for red, green and blue, and picture.color is gray",
		"write dataset, none or e.g. {mean: [0.5], std: [0.5]}")
	if t.Normalize.Kind == "given" {
		const key = "transform.normalize."
		want := "must be three numbers, red, green and blue, not %d"
		if channels == 1 {
			want = "must be one number, as picture.color is gray, not %d"
		}
		d.ensure(len(t.Normalize.Mean) == channels, key+"mean", fmt.Sprintf(want, len(t.Normalize.Mean)), "")
		d.ensure(len(t.Normalize.Std) == channels, key+"std", fmt.Sprintf(want, len(t.Normalize.Std)), "")
	}
	for i, a := range t.Augment {
		key := fmt.Sprintf("transform.augment[%d].%s", i, a.Kind)
		switch a.Kind {
		case "color_jitter":
			d.ensure(a.ColorJitter != ColorJitter{} || !d.sound(key), key, "changes nothing", "write brightness, contrast, saturation or hue, above 0")
		case "resized_crop":
			d.checkPair(key+".scale", a.ResizedCrop.Scale)
			d.checkPair(key+".ratio", a.ResizedCrop.Ratio)
		case "affine":
			d.ensure(a.spell() != any("affine"), key, "changes nothing", "write translate, scale or shear")
			d.checkPair(key+".scale", a.Affine.Scale)
		}
	}
}

// checkMix wants a mixture that the batch has rows for.
func (d *decoder) checkMix(m Mix, batch int) {
	d.ensure(m.Kind == "none" || batch > 1 || !d.sound("train.batch"), "transform.mix", "mixes the pictures of a batch, and train.batch is 1", "write a larger batch, or none here")
}

// maxRuns bounds how many trainings one recipe may ask for.
const maxRuns = 100

// Bounds of one layer. maxWindow is also what a pool's index of its maximum
// can hold.
const (
	maxLayers = 1000
	maxHidden = 16
	maxSize   = 65_536
	maxWindow = 15
)

func (d *decoder) checkNetwork(n *Network, size int) {
	if n.Backbone == "layers" {
		d.ensure(len(n.Layers) > 0, "network.layers", "is required with backbone: layers", "write e.g. [flatten, {dense: 1}]")
	} else if n.Backbone != "" {
		d.ensure(len(n.Layers) == 0, "network.layers", "is only for backbone: layers, not "+n.Backbone, "")
	}
	d.checkHead(n)
	// Five poolings halve the size of what a vgg sees.
	d.ensure(size >= 32 || !strings.HasPrefix(n.Backbone, "vgg"), "picture.size", fmt.Sprintf("must be 32 or more for %s, not %d", n.Backbone, size), "")
	d.ensure(len(n.Layers) <= maxLayers, "network.layers", fmt.Sprintf("has %d layers; at most %d", len(n.Layers), maxLayers), "")
	d.checkWeights(n)
	for i, layer := range n.Layers {
		key := fmt.Sprintf("network.layers[%d]", i)
		switch layer.Kind {
		case "max_pool", "avg_pool":
			d.ensure(layer.Padding <= layer.Size/2 || layer.Size < 1, key+".padding", fmt.Sprintf("must be at most half the window of %d, not %d", layer.Size, layer.Padding), "")
		case "conv":
			reach := max(layer.Dilation, 1)*(layer.Kernel-1) + 1
			d.ensure(layer.Padding < reach || layer.Kernel < 1, key+".padding", fmt.Sprintf("must be below the kernel of %d, not %d", reach, layer.Padding), "")
			d.ensure(layer.Groups < 1 || layer.Size%layer.Groups == 0, key+".groups", fmt.Sprintf("must divide the %d output channels evenly, not %d", layer.Size, layer.Groups), "")
		}
	}
}

// checkHead wants one dropout more than there are hidden layers, and no head where the layers themselves have one.
func (d *decoder) checkHead(n *Network) {
	const key = "network.head"
	head := n.Head
	if head.None() {
		return
	}
	d.ensure(n.Backbone != "layers", key, "takes the place of a backbone's last layer, and network.layers has its own", "write its layers at the end of network.layers")
	d.ensure(len(head.Hidden) <= maxHidden, key+".hidden", fmt.Sprintf("has %d layers; at most %d", len(head.Hidden), maxHidden), "")
	want := len(head.Hidden) + 1
	d.ensure(len(head.Dropout) == 0 || len(head.Dropout) == want || !d.sound(key+".hidden"), key+".dropout",
		fmt.Sprintf("must have a probability for each linear layer, those of hidden and the last: %d, not %d", want, len(head.Dropout)), "")
	d.ensure(!head.BatchNorm || len(head.Hidden) > 0 || !d.sound(key+".hidden"), key+".batch_norm", "is behind hidden layers, and there are none", "write hidden, e.g. [512, 128]")
}

// hexadecimal is a SHA-256.
var hexadecimal = regexp.MustCompile(`^[0-9a-f]{64}$`)

// checkWeights checks where the network begins, and what of it does not train.
func (d *decoder) checkWeights(n *Network) {
	const key = "network.weights"
	switch w := n.Weights; w.Kind {
	case "imagenet":
		d.ensure(n.Backbone == "" || slices.Contains(torchvision, n.Backbone), key, "imagenet is a file of torchvision, and "+n.Backbone+" is none of its networks",
			"write {file: NAME.safetensors}")
	case "url":
		d.ensure(w.File == "", key, "has a file and a url", "write one of them")
		d.ensure(strings.HasPrefix(w.URL, "https://"), key+".url", "must begin with https://", "")
		d.ensure(w.SHA256 != "", key+".sha256", "is required with url", "runner lock --weights RECIPE fetches the file and writes it")
	case "file":
		d.ensure(w.File != "", key, "names no file and no url", "write e.g. {file: NAME.safetensors}")
		if w.File != "" {
			d.checkPathBelow(key+".file", w.File, "the folder of weights")
		}
	}
	d.ensure(n.Weights.SHA256 == "" || hexadecimal.MatchString(n.Weights.SHA256), key+".sha256", "must be 64 hexadecimal digits, in small letters", "")
	d.checkNames("network.freeze", n.Freeze)
	d.ensure(len(n.Unfreeze) == 0 || len(n.Freeze) > 0, "network.unfreeze", "needs network.freeze: all of the network trains from the beginning", "")
	for i, u := range n.Unfreeze {
		key := fmt.Sprintf("network.unfreeze[%d]", i)
		d.ensure(len(u.Layers) > 0, key+".layers", "is empty", "write all, or a list of names of network.freeze")
		d.checkNames(key+".layers", u.Layers)
	}
}

// checkNames wants patterns that path.Match understands.
func (d *decoder) checkNames(key string, names Layers) {
	for i, name := range names {
		_, err := path.Match(name, "")
		d.ensure(name != "" && err == nil, fmt.Sprintf("%s[%d]", key, i), fmt.Sprintf("%q is no name and no pattern of one", name), "")
	}
}

// hasBatchNorm reports whether the network has a batch norm, which needs more
// than one row in every training batch.
func (n Network) hasBatchNorm() bool {
	switch n.Backbone {
	case "", "vgg16", "mobilenet_v1_025_tf", "mobilenet_v2_tf":
		return n.Head.BatchNorm
	case "layers":
		return slices.ContainsFunc(n.Layers, func(l Layer) bool { return l.Kind == "batch_norm" })
	}
	return true
}

func (d *decoder) checkTrain(t *Train, r *Recipe) {
	d.ensure(t.Batch > 1 || !r.Network.hasBatchNorm(), "train.batch", "must be 2 or more: the network has a batch norm", "")
	d.checkLoss(t.Loss, r.Task)
	if sgd := t.Optimizer.SGD; sgd != nil {
		d.ensure(!sgd.Nesterov || sgd.Momentum > 0, "train.optimizer.sgd.nesterov", "needs momentum above 0", "")
	}
	if d.sound("task") {
		d.checkMeasure("train.stop.on", t.Stop.On, r.Task)
	}
	validated := d.validated(r)
	d.checkSchedule(t.Schedule, t.Epochs)
	if d.sound("split") {
		d.ensure(t.Schedule.Plateau == nil || validated, "train.schedule", "plateau looks at the validation loss, and validation has no rows",
			"write another schedule, or give validation a part")
		d.ensure(t.Stop.Patience == 0 || validated, "train.stop", "looks at validation, which has no rows", "take it out, or give validation a part")
		d.ensure(t.Keep != "best" || validated, "train.keep", "best is chosen on validation, which has no rows",
			"write keep: last, or give validation a part")
	}
}

// validated reports whether the validation part has rows.
func (d *decoder) validated(r *Recipe) bool {
	validated := r.Split.Validation > 0 || r.Split.Folds > 0
	switch r.Split.By {
	case "column":
		validated = r.Split.Parts.Validation != ""
	case "given":
		validated = validated || r.Data.Parts.Validation != (Origin{})
	}
	return validated
}

// checkMeasure holds that the task has this measure of an epoch.
func (d *decoder) checkMeasure(key, on, task string) {
	d.ensure(task != Classification || on != "validation_rmse", key, on+" is measured of a regression", "write validation_loss, validation_accuracy or validation_macro_f1")
	d.ensure(task == Classification || on == validationLoss || on == "validation_rmse", key, on+" is measured of a classification", "write validation_loss or validation_rmse")
}

// checkLoss holds that the loss is one of the task.
func (d *decoder) checkLoss(l Loss, task string) {
	const key = "train.loss"
	if d.sound("task") {
		d.ensure(task != Classification || l.Kind == crossEntropy, key, l.Kind+" is a loss of a regression", "write cross_entropy, or leave the key out")
		d.ensure(task == Classification || l.Kind != crossEntropy, key, crossEntropy+" is the loss of a classification", "write task: classification, or mse, mae or huber here")
	}
	weights := l.CrossEntropy.ClassWeights
	d.ensure(weights.Kind != "given" || len(weights.Given) > 0, join(key, crossEntropy)+".class_weights", "is empty", "write one number a class, balanced or none")
}

func (d *decoder) checkSchedule(s Schedule, epochs int) {
	word, _ := s.chosen()
	key := join("train.schedule", word)
	switch {
	case s.Step != nil:
		d.ensure((s.Step.Every != 0) != (len(s.Step.At) > 0), key, "needs every or at, one of them", "write e.g. {every: 10}, or {at: [20, 40]}")
		for i, at := range s.Step.At {
			before := 0
			if i > 0 {
				before = s.Step.At[i-1]
			}
			d.ensure(at > before, fmt.Sprintf("%s.at[%d]", key, i), fmt.Sprintf("must be above %d, not %d", before, at), "")
		}
	case s.Cosine != nil:
		d.ensure(s.Cosine.Warmup < epochs || !d.sound("train.epochs"), key+".warmup",
			fmt.Sprintf("must be from 0 to below the %d epochs, not %d", epochs, s.Cosine.Warmup), "")
	}
}
