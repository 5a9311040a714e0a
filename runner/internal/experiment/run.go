package experiment

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/network"
	"biomass/runner/internal/picture"
	"biomass/runner/internal/report"
	"biomass/runner/internal/split"
	"biomass/runner/internal/table"
	"biomass/runner/internal/train"
	"biomass/runner/internal/transform"
	"biomass/runner/internal/weights"
)

// This file holds what each stage of the table does. The functions stand in
// the table's order.

func runPicture(ctx context.Context, l *line) error {
	photos, _ := l.files.Count()
	task := l.Progress.Start("decode", photos, "photos")
	defer task.Done()
	catalogue := *l.files
	catalogue.Entries = append([]picture.Entry(nil), l.files.Entries...)
	catalogue.Packs = append([]picture.Pack(nil), l.files.Packs...)
	l.catalogue = &catalogue
	return picture.Decode(ctx, l.catalogue, l.Place.Images(l.Recipe.Data), l.Recipe.Picture, l.Store, task)
}

func pixelsKept(l *line) bool {
	l.catalogue.Reopen(l.files, l.Recipe.Picture)
	var lost atomic.Bool
	kernel.Parallel(len(l.catalogue.Entries), func(i int) {
		if entry := &l.catalogue.Entries[i]; entry.Readable() && !l.Store.Has(entry.Pixels) {
			lost.Store(true)
		}
	})
	return !lost.Load()
}

func runClean(ctx context.Context, l *line) error {
	targets, err := l.targets()
	if err != nil {
		return err
	}
	var looks []picture.Look
	if comparesLooks(l.Recipe.Clean) {
		if looks, err = l.looks(ctx); err != nil {
			return err
		}
	}
	l.ledger, err = clean.Apply(l.Recipe.Clean, l.Recipe.Data, targets, l.table, l.catalogue, looks)
	return err
}

func runSplit(ctx context.Context, l *line) error {
	spec, rows := l.Recipe.Split, split.Rows{N: len(l.ledger.Kept)}
	var err error
	if spec.Stratifies() || l.classifies() {
		if rows.Strata, err = l.strata(); err != nil {
			return err
		}
	}
	if len(l.Recipe.Data.Group) > 0 {
		if rows.Groups, err = l.groups(); err != nil {
			return err
		}
	}
	if spec.By == "given" {
		spec.Column, spec.Parts = table.PartColumn, l.Recipe.Data.Parts.Stated()
	}
	if spec.By == "column" || spec.By == "given" {
		if rows.Parts, err = l.column(spec.Column); err != nil {
			return fmt.Errorf("split.column: %w", err)
		}
	}
	if spec.By == "time" {
		if rows.Times, err = l.column(spec.Column); err != nil {
			return fmt.Errorf("split.column: %w", err)
		}
	}
	if spec.Near > 0 {
		if rows.Alike, err = l.alike(ctx, spec.Near); err != nil {
			return err
		}
		if rows.Names, err = l.column(l.Recipe.Data.Image); err != nil {
			return err
		}
	}
	l.split, err = split.Make(spec, rows)
	if unknown := (*split.UnknownPart)(nil); errors.As(err, &unknown) {
		return fmt.Errorf("table %s: %w: correct %s, or name the values in split.parts", l.table.Path, err, l.places(unknown.Rows, rows.Parts))
	}
	if bad := (*split.BadTime)(nil); errors.As(err, &bad) {
		return fmt.Errorf("table %s: %w: correct %s, or drop such rows", l.table.Path, err, l.places(bad.Rows, rows.Times))
	}
	if err != nil || !l.classifies() {
		return err
	}
	return l.checkTraining(rows.Strata)
}

// strata returns what a stratified split keeps in proportion: the rows' classes, or
// the tenths of their targets.
func (l *line) strata() ([]int, error) {
	targets, err := l.keptTargets()
	if err != nil {
		return nil, err
	}
	if !l.classifies() {
		return split.Strata(targets), nil
	}
	strata := make([]int, len(targets))
	for i, class := range targets {
		strata[i] = int(class)
	}
	return strata, nil
}

// checkTraining warns of classes that have no training rows. One that has them
// alone leaves nothing to learn. It gets the class of each kept row.
func (l *line) checkTraining(classes []int) error {
	rows := make([]int, len(l.classes))
	for _, row := range l.split.Train {
		rows[classes[row]]++
	}
	var without []string
	for i, class := range l.classes {
		if rows[i] == 0 {
			without = append(without, class)
		}
	}
	if len(without) > len(l.classes)-2 {
		return fmt.Errorf("split: all training rows are of one class, so there is nothing to learn: none is %s", strings.Join(without, ", "))
	}
	if len(without) > 0 {
		l.split.Warnings = append(l.split.Warnings, fmt.Sprintf("no training rows show %s: the network cannot learn to tell it", strings.Join(without, ", ")))
	}
	return nil
}

// places says where in the table some of the kept rows stand, and what in a column.
func (l *line) places(rows []int, cells []string) string {
	const shown = 5
	var places []string
	for _, row := range rows {
		places = append(places, fmt.Sprintf("%s (%q)", l.table.PlaceRow(l.table.Rows[l.ledger.Kept[row]].Line), cells[row]))
	}
	return strings.Join(first(places, shown, "more"), ", ")
}

func runTransform(_ context.Context, l *line) error {
	targets, err := l.keptTargets()
	if err != nil {
		return err
	}
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return err
	}
	if err := l.catalogue.Open(); err != nil {
		return err
	}
	// One photo after the other: that all of them are in memory is for the training to need.
	var lost error
	pixels := func(i int) []uint8 {
		photo, err := picture.Load(l.catalogue, images[l.split.Train[i]], l.Store)
		lost = cmp.Or(lost, err)
		return photo
	}
	learnt, low, high := l.clipTargets(pick(targets, l.split.Train))
	l.fitted, err = transform.Fit(l.Recipe.Transform, l.Recipe.Picture.Channels(), learnt, pixels, len(learnt))
	if err := cmp.Or(lost, err); err != nil {
		return err
	}
	l.fitted.TargetLow, l.fitted.TargetHigh = low, high
	for i, row := range l.ledger.Kept { // the other parts must be scalable too
		if err := l.fitted.Check(targets[i : i+1]); err != nil {
			return fmt.Errorf("table %s, %s: transform.target: %w", l.table.Path, l.table.PlaceRow(l.table.Rows[row].Line), err)
		}
	}
	if l.featured() {
		return l.fitFeatures()
	}
	return nil
}

func runNetwork(_ context.Context, l *line) error {
	net, err := l.build()
	if err != nil {
		return err
	}
	if err := l.initialise(net); err != nil {
		return err
	}
	l.initial = Initial{Parameters: net.Count(), Weights: weights.Digest(net.Tensors())}
	if trained := net.TrainedCount(); trained != l.initial.Parameters {
		l.initial.Trained = trained
	}
	if l.weights != nil {
		taken := l.weights.taken // a variant of a sweep reads the file again
		l.initial.Taken = &taken
	}
	return nil
}

func runTrain(ctx context.Context, l *line) error {
	if l.Claim != nil {
		l.trained = l.Claim.Trained
		if l.Claim.Weights == nil {
			return nil
		}
		object, err := l.Store.Put(l.Claim.Weights)
		if err == nil && object != l.trained.Weights {
			err = fmt.Errorf("the weights have digest %s, the lock says %s", object, l.trained.Weights)
		}
		if err == nil {
			err = l.asWritten(l.Claim.Weights)
		}
		return err
	}
	in, err := l.training()
	if err != nil {
		return err
	}
	in.Checkpoints, in.FeatureStore = l.checkpoints(l.keys["train"]), featureStore{l.Store}
	began := time.Now()
	in.Epoch = func(e train.Epoch) {
		event := l.Log.Info().Int("epoch", e.Epoch).Float64("train_loss", e.TrainLoss).Float64("validation_loss", e.ValidationLoss)
		for _, score := range []struct {
			name  string
			value *float64
		}{{"rate", e.Rate}, {"validation_rmse", e.ValidationRMSE}, {"validation_accuracy", e.ValidationAccuracy}, {"validation_macro_f1", e.ValidationMacroF1}} {
			if score.value != nil {
				event.Float64(score.name, *score.value)
			}
		}
		event.Float64("seconds", time.Since(began).Seconds()).Stringer("state", e.State).Msg("epoch")
		began = time.Now()
	}
	result, err := train.Run(ctx, in)
	if err != nil {
		return err
	}
	file, err := weights.Encode(result.Weights, l.facts())
	if err != nil {
		return err
	}
	object, err := l.Store.Put(file)
	if err != nil {
		return err
	}
	l.trained = Trained{Kept: result.Kept, Weights: object, Epochs: make([]lock.Epoch, len(result.Epochs))}
	for i, e := range result.Epochs {
		l.trained.Epochs[i] = lock.Epoch(e)
	}
	return nil
}

// asWritten holds that a file of weights has the form and the facts that the training of
// these data gives it: predictions of new photos rest on its facts.
func (l *line) asWritten(file []byte) error {
	stored, err := weights.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return fmt.Errorf("load the weights: %w", err)
	}
	facts := l.facts()
	both := maps.Clone(facts)
	maps.Copy(both, stored.Metadata)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		if stored.Metadata[key] != facts[key] {
			return fmt.Errorf("the header of the weights says %s: %.100q, these data give %.100q", key, stored.Metadata[key], facts[key])
		}
	}
	tensors, err := stored.Read()
	if err != nil {
		return fmt.Errorf("load the weights: %w", err)
	}
	written, err := weights.Encode(tensors, facts)
	if err == nil && !bytes.Equal(written, file) {
		err = errors.New("the file of weights is not as runner writes it")
	}
	return err
}

// training returns what the training depends on, with a network as it is
// initialised.
func (l *line) training() (train.Input, error) {
	part, err := l.set(l.split.Train)
	if err != nil {
		return train.Input{}, err
	}
	validation, err := l.set(l.split.Validation)
	if err != nil {
		return train.Input{}, err
	}
	net, err := l.build()
	if err != nil {
		return train.Input{}, err
	}
	if err := l.initialise(net); err != nil {
		return train.Input{}, err
	}
	features, err := l.encoded()
	if err != nil {
		return train.Input{}, err
	}
	part.Features, validation.Features = pick(features, l.split.Train), pick(features, l.split.Validation)
	return train.Input{
		Spec: l.Recipe.Train, Classes: l.classes, Augment: l.Recipe.Transform.Augment, Mix: l.Recipe.Transform.Mix, Size: l.Recipe.Picture.Size,
		Network: net, Fitted: l.fitted, Train: part, Validation: validation,
		Progress: l.Progress,
	}, nil
}

// facts are what stands in the weights file beside the weights: how a photo and
// what is beside it become the network's input, and its output the target or, line by
// line, the classes.
func (l *line) facts() map[string]string {
	channels := func(values []float32) string {
		var words []string
		for _, v := range values {
			words = append(words, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
		return strings.Join(words, " ")
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	facts := map[string]string{
		"format": "pt", "task": l.Recipe.Task, "target": l.Recipe.Data.Target,
		"picture_size": strconv.Itoa(l.Recipe.Picture.Size), "picture_resize": l.Recipe.Picture.Resize,
		"normalize_mean": channels(l.fitted.Mean), "normalize_std": channels(l.fitted.Std),
	}
	if l.Recipe.Picture.Cropped() {
		facts["picture_crop"] = l.Recipe.Picture.Crop
	}
	if l.Recipe.Picture.Color != "rgb" {
		facts["picture_color"] = l.Recipe.Picture.Color
	}
	if l.featured() {
		// It cannot fail: texts and finite numbers always encode.
		features, _ := json.Marshal(l.fitted.Features)
		facts["features"] = string(features)
	}
	if l.classifies() {
		facts["classes"] = strings.Join(l.classes, "\n")
		return facts
	}
	facts["target_scaling"], facts["target_mean"], facts["target_std"] = l.fitted.Kind, number(l.fitted.TargetMean), number(l.fitted.TargetStd)
	return facts
}

func (l *line) checkpoints(key digest.Digest) *checkpoints {
	return &checkpoints{store: l.Store, key: key, states: states{l.Store, key}, every: l.KeepEvery, witness: l.Witness}
}

// trainingKept reports whether the weights are there, and the states that this
// walk wants.
func trainingKept(l *line) bool {
	_, err := l.Store.Get(l.trained.Weights)
	return err == nil && states{l.Store, l.keys["train"]}.complete(l.KeepEvery, len(l.trained.Epochs))
}

func runEvaluate(ctx context.Context, l *line) error {
	net, err := l.trainedNetwork()
	if err != nil {
		return err
	}
	all, err := l.all()
	if err != nil {
		return err
	}
	task := l.Progress.Start("evaluate", len(all.Pixels), "photos")
	defer task.Done()
	samples, err := l.samples()
	if err != nil {
		return err
	}
	if l.classifies() {
		err = l.predictClasses(net, samples)
	} else {
		err = l.predictValues(net, samples)
	}
	if err != nil {
		return err
	}
	task.Add(len(samples))
	learning, err := l.learning()
	if err != nil {
		return err
	}
	labels, err := l.groupLabels()
	if err != nil {
		return err
	}
	in := evaluate.Input{
		Task: l.Recipe.Task, Unit: l.Recipe.Data.Unit, Target: l.Recipe.Data.Target, Classes: l.classes, Features: l.featureNames(),
		Size: l.Recipe.Picture.Size, Channels: l.Recipe.Picture.Channels(), Seed: l.Recipe.Train.Seed, Samples: samples, Columns: l.quantities(),
		Level: l.Recipe.Report.Interval, Learning: learning, Labels: labels,
		Pixels: func(i int) ([]uint8, error) { return all.Pixels[i], nil },
		Attend: l.attend,
	}
	if err := l.compare(ctx, &in); err != nil {
		return err
	}
	l.evaluation, err = evaluate.Run(in)
	return err
}

// firstBatches is how many batches are told whose classes a sampler balances.
const firstBatches = 10

// learning tells how the training of a classification met the classes.
func (l *line) learning() (learning evaluate.Learning, err error) {
	if !l.classifies() {
		return learning, nil
	}
	in := train.Input{Spec: l.Recipe.Train, Classes: l.classes}
	if in.Train, err = l.set(l.split.Train); err != nil {
		return learning, err
	}
	weights, err := in.ClassWeights()
	for _, w := range weights {
		learning.Weights = append(learning.Weights, float64(w))
	}
	if err != nil || in.Spec.Sampler == "shuffle" {
		return learning, err
	}
	first, err := train.First(in, firstBatches)
	for _, rows := range first {
		counts := make([]int, len(l.classes))
		for _, row := range rows {
			counts[int(in.Train.Targets[row])]++
		}
		learning.Batches = append(learning.Batches, counts)
	}
	return learning, err
}

// attend returns where the trained network looks in some of the kept rows.
func (l *line) attend(rows, outputs []int) (layer string, maps []evaluate.Map, err error) {
	net, err := l.trainedNetwork()
	if err != nil {
		return "", nil, err
	}
	seen, err := train.Attend(net, l.fitted, pick(l.photos.Pixels, rows), pick(l.features, rows), outputs)
	for _, a := range seen {
		maps = append(maps, evaluate.Map(a))
	}
	return net.AttentionLayer(), maps, err
}

// predictValues sets what the network predicts for every sample.
func (l *line) predictValues(net *network.Network, samples []evaluate.Sample) error {
	predicted, err := train.Predict(net, l.fitted, l.photos.Pixels, l.features)
	for i := range predicted {
		samples[i].Predicted = predicted[i]
	}
	return err
}

// predictClasses sets the network's outputs for every sample, and those that it
// had before training for the samples that it was not trained on.
func (l *line) predictClasses(net *network.Network, samples []evaluate.Sample) error {
	outputs, err := train.Outputs(net, l.fitted, l.photos.Pixels, l.features)
	if err != nil {
		return err
	}
	var held []int
	var pixels [][]uint8
	n := len(l.classes)
	for i := range samples {
		samples[i].Outputs = outputs[i*n : (i+1)*n]
		if samples[i].Part != evaluate.Train {
			held, pixels = append(held, i), append(pixels, l.photos.Pixels[i])
		}
	}
	if err := l.initialise(net); err != nil {
		return err
	}
	if outputs, err = train.Outputs(net, l.fitted, pixels, pick(l.features, held)); err != nil {
		return err
	}
	for k, i := range held {
		samples[i].Untrained = outputs[k*n : (k+1)*n]
	}
	return nil
}

func runReport(_ context.Context, l *line) error {
	document, err := l.document()
	if err != nil {
		return err
	}
	files, err := report.Render(document)
	if err != nil {
		return err
	}
	all, err := report.Digest(files)
	if err != nil {
		return err
	}
	l.pages = Pages{Digest: all, Files: map[string]digest.Digest{}}
	for name, data := range files {
		if l.pages.Files[name], err = l.Store.Put(data); err != nil {
			return err
		}
	}
	return nil
}

func pagesKept(l *line) bool {
	for _, object := range l.pages.Files {
		if _, err := l.Store.Get(object); err != nil {
			return false
		}
	}
	return true
}

// column returns a column's texts, a kept row each.
func (l *line) column(name string) ([]string, error) {
	all, err := l.table.Strings(name)
	if err != nil {
		return nil, err
	}
	kept := make([]string, len(l.ledger.Kept))
	for i, row := range l.ledger.Kept {
		kept[i] = all[row]
	}
	return kept, nil
}

// keptTargets returns the target of each kept row.
func (l *line) keptTargets() ([]float64, error) {
	all, err := l.targets()
	if err != nil {
		return nil, fmt.Errorf("data.target: %w", err)
	}
	kept := make([]float64, len(l.ledger.Kept))
	for i, row := range l.ledger.Kept {
		kept[i] = all[row]
	}
	return kept, nil
}

// groups returns the name of each kept row's group: its cells, joined so that
// other cells give another name. It is empty where all of them are, and where the
// recipe names no columns: such a row stands alone.
func (l *line) groups() ([]string, error) {
	escape := strings.NewReplacer(`\`, `\\`, "/", `\/`)
	groups := make([]string, len(l.ledger.Kept))
	alone := strings.Repeat("/", max(len(l.Recipe.Data.Group)-1, 0)) // the name of empty cells
	for i, name := range l.Recipe.Data.Group {
		cells, err := l.column(name)
		if err != nil {
			return nil, fmt.Errorf("data.group: %w", err)
		}
		for j, cell := range cells {
			if i > 0 {
				groups[j] += "/"
			}
			groups[j] += escape.Replace(cell)
		}
	}
	for j, group := range groups {
		if group == alone {
			groups[j] = ""
		}
	}
	return groups, nil
}

// groupLabels returns the columns that name the groups, one by one.
func (l *line) groupLabels() ([]evaluate.Labels, error) {
	var all []evaluate.Labels
	for _, name := range l.Recipe.Data.Group {
		values, err := l.column(name)
		if err != nil {
			return nil, fmt.Errorf("data.group: %w", err)
		}
		all = append(all, evaluate.Labels{Column: name, Values: values})
	}
	return all, nil
}

// all returns the pixels and targets of all kept rows, loaded once a walk.
func (l *line) all() (train.Set, error) {
	if l.photos != nil {
		return *l.photos, nil
	}
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return train.Set{}, fmt.Errorf("data.image: %w", err)
	}
	targets, err := l.keptTargets()
	if err != nil {
		return train.Set{}, err
	}
	if err := l.catalogue.Open(); err != nil {
		return train.Set{}, err
	}
	n := len(l.ledger.Kept)
	set := train.Set{Pixels: make([][]uint8, n), Targets: targets}
	failed := make([]error, n)
	kernel.Parallel(n, func(i int) {
		set.Pixels[i], failed[i] = picture.Load(l.catalogue, images[i], l.Store)
	})
	if err := errors.Join(failed...); err != nil {
		return train.Set{}, err
	}
	l.photos = &set
	return set, nil
}

// set returns the pixels and targets of some kept rows.
func (l *line) set(rows []int) (train.Set, error) {
	all, err := l.all()
	if err != nil {
		return train.Set{}, err
	}
	set := train.Set{Pixels: make([][]uint8, len(rows)), Targets: make([]float64, len(rows))}
	for i, row := range rows {
		set.Pixels[i], set.Targets[i] = all.Pixels[row], all.Targets[row]
	}
	return set, nil
}

// samples joins what is known of each kept row before anything is predicted.
func (l *line) samples() ([]evaluate.Sample, error) {
	images, err := l.column(l.Recipe.Data.Image)
	if err != nil {
		return nil, err
	}
	groups, err := l.groups()
	if err != nil {
		return nil, err
	}
	features, err := l.encoded()
	if err != nil {
		return nil, err
	}
	samples := make([]evaluate.Sample, len(l.ledger.Kept))
	for i := range samples {
		samples[i] = evaluate.Sample{
			Line: l.table.Rows[l.ledger.Kept[i]].Line, Image: images[i], Group: groups[i], True: l.photos.Targets[i],
		}
		if features != nil {
			samples[i].Features = floats(features[i])
		}
	}
	for i, part := range l.parts() {
		samples[i].Part = part
	}
	return samples, nil
}

// parts returns the part of each kept row.
func (l *line) parts() []string {
	parts := make([]string, len(l.ledger.Kept))
	for _, part := range []struct {
		name string
		rows []int
	}{{evaluate.Train, l.split.Train}, {evaluate.Validation, l.split.Validation}, {evaluate.Test, l.split.Test}} {
		for _, row := range part.rows {
			parts[row] = part.name
		}
	}
	return parts
}

// build returns the network of the recipe, not yet initialised.
func (l *line) build() (*network.Network, error) {
	size, outputs := l.Recipe.Picture.Size, 1
	if l.classifies() {
		outputs = len(l.classes)
	}
	return network.NewJoined(l.Recipe.Network, network.Input{Height: size, Width: size, Channels: l.Recipe.Picture.Channels()}, l.width(), outputs)
}

// trainedNetwork returns the network with the kept weights.
func (l *line) trainedNetwork() (*network.Network, error) {
	net, err := l.build()
	if err != nil {
		return nil, err
	}
	file, err := l.Store.Get(l.trained.Weights)
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	tensors, err := weights.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	if err := net.Load(tensors); err != nil {
		return nil, fmt.Errorf("load the weights: %w", err)
	}
	return net, nil
}
