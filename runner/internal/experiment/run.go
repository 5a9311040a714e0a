package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"biomass/runner/internal/checkpoint"
	"biomass/runner/internal/clean"
	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/lock"
	"biomass/runner/internal/model"
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

// checkTraining warns of classes that have no training rows; where only one class has any,
// there is nothing to learn. classes are those of the kept rows.
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
	// One photo after the other: which of them are in memory is for the training to say.
	pixels := func(i int) ([]uint8, error) {
		return picture.Load(l.catalogue, images[l.split.Train[i]], l.Store)
	}
	learnt, low, high := l.clipTargets(pick(targets, l.split.Train))
	l.fitted, err = transform.Fit(l.Recipe.Transform, l.Recipe.Picture.Channels(), learnt, pixels, len(learnt))
	if err != nil {
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
	in.Checkpoints, in.FeatureStore = &checkpoint.Keeper{Training: checkpoint.Of(l.Store, l.keys["train"]), Every: l.KeepEvery}, featureStore{l.Store}
	if l.Witness != nil {
		in.Checkpoints = witnessed{in.Checkpoints, l.Witness}
	}
	in.Epoch = l.logEpochs()
	result, err := train.Run(ctx, in)
	if err != nil {
		return err
	}
	file, err := weights.Encode(result.Weights, model.Facts(l.Recipe, l.classes, l.fitted))
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
	facts := model.Facts(l.Recipe, l.classes, l.fitted)
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

// logEpochs returns what logs each epoch, with the seconds that it took.
func (l *line) logEpochs() func(train.Epoch) {
	began := time.Now()
	return func(e train.Epoch) {
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
	return train.Input{
		Spec: l.Recipe.Train, Classes: l.classes, Augment: l.Recipe.Transform.Augment, Mix: l.Recipe.Transform.Mix, Size: l.Recipe.Picture.Size,
		Network: net, Fitted: l.fitted, Train: part, Validation: validation,
		Progress: l.Progress,
	}, nil
}

// Witness is shown an epoch and the state of network and optimiser after it.
type Witness func(epoch lock.Epoch, state []weights.Tensor)

// witnessed shows what is kept to a witness.
type witnessed struct {
	train.Checkpoints
	witness Witness
}

func (w witnessed) Save(c *train.Checkpoint) error {
	w.witness(lock.Epoch(c.Epochs[len(c.Epochs)-1]), c.State)
	return w.Checkpoints.Save(c)
}

// trainingKept reports whether the weights are there, and the states that this
// walk wants.
func trainingKept(l *line) bool {
	_, err := l.Store.Get(l.trained.Weights)
	return err == nil && checkpoint.Of(l.Store, l.keys["train"]).Complete(l.KeepEvery, len(l.trained.Epochs))
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
	task := l.Progress.Start("evaluate", len(all.Photos), "photos")
	defer task.Done()
	samples, err := l.samples()
	if err != nil {
		return err
	}
	if err := l.predict(net, all, samples); err != nil {
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
		Task: l.Recipe.Task, Unit: l.Recipe.Data.Unit, Target: l.Recipe.Data.Target, Classes: l.classes, Features: l.Recipe.Data.FeatureNames(),
		Size: l.Recipe.Picture.Size, Channels: l.Recipe.Picture.Channels(), Seed: l.Recipe.Train.Seed, Samples: samples, Columns: l.quantities(),
		Level: l.Recipe.Report.Interval, Learning: learning, Labels: labels,
		Pixels: func(i int) ([]uint8, error) { return all.Photos[i]() },
		Attend: l.attend,
	}
	if err := l.compare(ctx, &in); err != nil {
		return err
	}
	l.evaluation, err = evaluate.Run(in)
	return err
}

// firstBatches is how many of these batches there are.
const firstBatches = 10

// learning returns the class weights of a classification's training, and the classes in its
// first batches where a sampler balances them.
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
	set, err := l.set(rows)
	if err != nil {
		return "", nil, err
	}
	seen, err := train.Attend(net, l.fitted, set.Photos, set.Features, outputs)
	for _, a := range seen {
		maps = append(maps, evaluate.Map(a))
	}
	return net.AttentionLayer(), maps, err
}

// predict sets what the network gives for every sample and, of a classification, what it
// gave before training for the samples that it was not trained on.
func (l *line) predict(net *network.Network, all train.Set, samples []evaluate.Sample) error {
	if !l.classifies() {
		predicted, err := train.Predict(net, l.fitted, all.Photos, all.Features)
		for i := range predicted {
			samples[i].Predicted = predicted[i]
		}
		return err
	}
	outputs, err := train.Outputs(net, l.fitted, all.Photos, all.Features)
	if err != nil {
		return err
	}
	var held []int
	n := len(l.classes)
	for i := range samples {
		samples[i].Outputs = outputs[i*n : (i+1)*n]
		if samples[i].Part != evaluate.Train {
			held = append(held, i)
		}
	}
	if err := l.initialise(net); err != nil {
		return err
	}
	if outputs, err = train.Outputs(net, l.fitted, pick(all.Photos, held), pick(all.Features, held)); err != nil {
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

// build returns the network of the recipe, not yet initialised.
func (l *line) build() (*network.Network, error) {
	return model.Network(l.Recipe, len(l.classes), l.width())
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
